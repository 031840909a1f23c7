/** The user programs that can be run: those of the guest that is open in the editor, else of the one that comes along. */
import * as vscode from 'vscode';

interface Manifest {
  readonly programs?: Readonly<Record<string, unknown>>;
}

export class GuestPrograms {
  private readonly bundled: vscode.Uri;

  constructor(extensionUri: vscode.Uri) {
    this.bundled = vscode.Uri.joinPath(extensionUri, 'guest');
  }

  /** In the order people look for them: `rustshim` first, the rest by name. Empty where the image cannot be read. */
  async list(folder?: vscode.WorkspaceFolder): Promise<readonly string[]> {
    const manifest = manifestOf((await openGuest(folder)) ?? this.bundled);
    try {
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(manifest));
      const names = Object.keys((JSON.parse(text) as Manifest).programs ?? {}).filter((name) => name !== 'kernel');
      return names.sort((a, b) => Number(b === 'rustshim') - Number(a === 'rustshim') || a.localeCompare(b));
    } catch (error) {
      void vscode.window.showErrorMessage(
        `Ringside: ${manifest.fsPath} cannot be read (${(error as Error).message}). Build it with "make guest", or reinstall the extension.`,
      );
      return [];
    }
  }
}

/** The guest that is open in the editor, if one is: then its sources are shown, and its image is run. */
export async function openGuest(folder?: vscode.WorkspaceFolder): Promise<vscode.Uri | undefined> {
  const folders = folder ? [folder] : (vscode.workspace.workspaceFolders ?? []);
  for (const { uri } of folders) {
    for (const guest of [uri, vscode.Uri.joinPath(uri, 'guest')]) {
      const found = await vscode.workspace.fs.stat(manifestOf(guest)).then(
        () => true,
        () => false,
      );
      if (found) return guest;
    }
  }
  return undefined;
}

const manifestOf = (guest: vscode.Uri): vscode.Uri => vscode.Uri.joinPath(guest, 'image', 'manifest.json');

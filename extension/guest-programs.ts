/** The user programs of the guest image that comes with the extension. */
import * as vscode from 'vscode';

interface Manifest {
  readonly programs?: Readonly<Record<string, unknown>>;
}

export class GuestPrograms {
  private readonly manifest: vscode.Uri;
  private names: Promise<readonly string[]> | undefined;

  constructor(extensionUri: vscode.Uri) {
    this.manifest = vscode.Uri.joinPath(extensionUri, 'guest', 'image', 'manifest.json');
  }

  /** In the order people look for them: `rustshim` first, the rest by name. Empty where the image is missing. */
  list(): Promise<readonly string[]> {
    return (this.names ??= this.read());
  }

  private async read(): Promise<readonly string[]> {
    try {
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(this.manifest));
      const names = Object.keys((JSON.parse(text) as Manifest).programs ?? {}).filter((name) => name !== 'kernel');
      return names.sort((a, b) => Number(b === 'rustshim') - Number(a === 'rustshim') || a.localeCompare(b));
    } catch (error) {
      void vscode.window.showErrorMessage(
        `Ringside: the guest image cannot be read (${(error as Error).message}). Build it with "make guest", or reinstall the extension.`,
      );
      return [];
    }
  }
}

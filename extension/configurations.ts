/**
 * Launch configurations: `run-<program>` for every program of the guest image with no launch.json, and defaults and
 * checks for those that people write.
 */
import * as vscode from 'vscode';
import { parseLaunchArguments } from '../debug-adapter/launch/launch-arguments.ts';
import type { GuestPrograms } from './guest-programs.ts';
import { DEBUG_TYPE } from './ringside-session.ts';

export function runConfiguration(program: string): vscode.DebugConfiguration {
  return { type: DEBUG_TYPE, request: 'launch', name: `run-${program}`, program };
}

/** What stands in the configuration picker below "Ringside". */
export class DynamicConfigurations implements vscode.DebugConfigurationProvider {
  private readonly programs: GuestPrograms;

  constructor(programs: GuestPrograms) {
    this.programs = programs;
  }

  async provideDebugConfigurations(): Promise<vscode.DebugConfiguration[]> {
    return (await this.programs.list()).map(runConfiguration);
  }
}

export class ConfigurationResolver implements vscode.DebugConfigurationProvider {
  private readonly programs: GuestPrograms;

  constructor(programs: GuestPrograms) {
    this.programs = programs;
  }

  /** For a launch.json that VS Code makes. */
  async provideDebugConfigurations(): Promise<vscode.DebugConfiguration[]> {
    return (await this.programs.list()).filter((name) => name === 'rustshim' || name === 'hello').map(runConfiguration);
  }

  async resolveDebugConfiguration(
    folder: vscode.WorkspaceFolder | undefined,
    given: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    // F5 without any launch.json: an empty configuration.
    const configuration = given.type ? given : await this.chooseConfiguration();
    if (!configuration) return undefined;
    configuration['console'] ??= 'terminal';
    configuration['guest'] ??= await openGuest(folder);
    if (configuration['guest'] === undefined) delete configuration['guest'];
    return configuration;
  }

  /** The variables (`${workspaceFolder}`) have their values now: what is wrong is wrong. */
  async resolveDebugConfigurationWithSubstitutedVariables(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const checked = parseLaunchArguments(configuration);
    if (checked.ok) return configuration;
    const open = 'Open launch.json';
    const choice = await vscode.window.showErrorMessage(
      `${configuration.name}: ${checked.failure.cause} ${checked.failure.remedy}`,
      { modal: true },
      open,
    );
    if (choice === open) await vscode.commands.executeCommand('workbench.action.debug.configure');
    return undefined;
  }

  /** The program whose source is open, else a choice. */
  private async chooseConfiguration(): Promise<vscode.DebugConfiguration | undefined> {
    const names = await this.programs.list();
    const file = vscode.window.activeTextEditor?.document.uri.path ?? '';
    const stem = /\/bin\/([^/]+?)(\.rs|\/main\.rs)$/.exec(file)?.[1];
    if (stem !== undefined && names.includes(stem)) return runConfiguration(stem);
    const chosen = await vscode.window.showQuickPick(
      names.map((name) => ({ label: `run-${name}`, name })),
      { title: 'Ringside: run a user program of the guest' },
    );
    return chosen && runConfiguration(chosen.name);
  }
}

/** The guest that is open in the editor, if one is: then its sources are shown, and its image is run. */
async function openGuest(folder: vscode.WorkspaceFolder | undefined): Promise<string | undefined> {
  const folders = folder ? [folder] : (vscode.workspace.workspaceFolders ?? []);
  for (const { uri } of folders) {
    for (const guest of [uri, vscode.Uri.joinPath(uri, 'guest')]) {
      const manifest = vscode.Uri.joinPath(guest, 'image', 'manifest.json');
      const found = await vscode.workspace.fs.stat(manifest).then(
        () => true,
        () => false,
      );
      if (found) return guest.fsPath;
    }
  }
  return undefined;
}

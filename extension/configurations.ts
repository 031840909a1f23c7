/**
 * Launch configurations: `run-<program>` for every program of the guest image with no launch.json, and defaults and
 * checks for those that people write.
 */
import * as vscode from 'vscode';
import { parseLaunchArguments } from '../debug-adapter/launch/launch-arguments.ts';
import { openGuest, type GuestPrograms } from './guest-programs.ts';
import { DEBUG_TYPE } from './ringside-session.ts';

export function runConfiguration(program: string): vscode.DebugConfiguration {
  return { type: DEBUG_TYPE, request: 'launch', name: `run-${program}`, program };
}

/** Comes back to a machine that was disconnected from. */
const ATTACH: vscode.DebugConfiguration = { type: DEBUG_TYPE, request: 'attach', name: 'attach' };

/** What stands in the configuration picker below "Ringside". */
export class DynamicConfigurations implements vscode.DebugConfigurationProvider {
  private readonly programs: GuestPrograms;

  constructor(programs: GuestPrograms) {
    this.programs = programs;
  }

  async provideDebugConfigurations(folder?: vscode.WorkspaceFolder): Promise<vscode.DebugConfiguration[]> {
    return [...(await this.programs.list(folder)).map(runConfiguration), ATTACH];
  }
}

export class ConfigurationResolver implements vscode.DebugConfigurationProvider {
  private readonly programs: GuestPrograms;

  constructor(programs: GuestPrograms) {
    this.programs = programs;
  }

  /** For a launch.json that VS Code makes. */
  async provideDebugConfigurations(folder?: vscode.WorkspaceFolder): Promise<vscode.DebugConfiguration[]> {
    return (await this.programs.list(folder))
      .filter((name) => name === 'rustshim' || name === 'hello')
      .map(runConfiguration);
  }

  async resolveDebugConfiguration(
    folder: vscode.WorkspaceFolder | undefined,
    given: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    if (given.request === 'attach') return given;
    // F5 without any launch.json: an empty configuration.
    const configuration = given.type ? given : await this.chooseConfiguration(folder);
    if (!configuration) return undefined;
    configuration['console'] ??= 'terminal';
    const guest = await openGuest(folder);
    if (guest) configuration['guest'] ??= guest.fsPath;
    return configuration;
  }

  /** The variables (`${workspaceFolder}`) have their values now: what is wrong is wrong. */
  async resolveDebugConfigurationWithSubstitutedVariables(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    if (configuration.request === 'attach') return configuration;
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
  private async chooseConfiguration(folder?: vscode.WorkspaceFolder): Promise<vscode.DebugConfiguration | undefined> {
    const names = await this.programs.list(folder);
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

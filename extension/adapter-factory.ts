/**
 * Starts the debug adapter, a process for each machine, so that guest code never runs in the extension host. The process
 * serves a port of this machine: a machine that is disconnected from lives on in it, and `attach` comes back to it.
 *
 * Invariant: a process ends with its last machine, with the extension host, or when the extension is deactivated.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import * as vscode from 'vscode';

const HOST = '127.0.0.1';

interface Adapter {
  readonly process: ChildProcess;
  readonly port: number;
  /** Of the session that launched its machine. */
  readonly name: string;
}

export class AdapterFactory implements vscode.DebugAdapterDescriptorFactory, vscode.Disposable {
  private readonly extensionUri: vscode.Uri;
  private readonly adapters = new Set<Adapter>();
  /** Adapters whose machine is being debugged, by session. */
  private readonly inUse = new Map<string, Adapter>();
  private readonly ends: vscode.Disposable;

  constructor(extensionUri: vscode.Uri) {
    this.extensionUri = extensionUri;
    this.ends = vscode.debug.onDidTerminateDebugSession(({ id }) => this.inUse.delete(id));
  }

  async createDebugAdapterDescriptor(session: vscode.DebugSession): Promise<vscode.DebugAdapterDescriptor> {
    const attach = session.configuration.request === 'attach';
    const adapter = attach ? await this.chooseLeft() : await this.start(session.name);
    this.inUse.set(session.id, adapter);
    return new vscode.DebugAdapterServer(adapter.port, HOST);
  }

  dispose(): void {
    this.ends.dispose();
    for (const { process } of this.adapters) process.kill();
  }

  /** The process of a machine that was left behind. */
  private async chooseLeft(): Promise<Adapter> {
    const busy = new Set(this.inUse.values());
    const left = [...this.adapters].filter((adapter) => !busy.has(adapter));
    if (left.length === 0) {
      throw new Error(
        'No machine was left behind in this window. Launch one; "Debug: Disconnect" leaves it running, "Disconnect and Suspend" standing.',
      );
    }
    if (left.length === 1) return left[0]!;
    const chosen = await vscode.window.showQuickPick(
      left.map((adapter) => ({ label: adapter.name, description: `process ${adapter.process.pid}`, adapter })),
      { title: 'Attach to a machine that was left behind' },
    );
    if (!chosen) throw new Error('No machine was chosen.');
    return chosen.adapter;
  }

  private start(name: string): Promise<Adapter> {
    const file = vscode.Uri.joinPath(this.extensionUri, 'dist', 'adapter.cjs').fsPath;
    // In the desktop editor `process.execPath` is Electron, which runs as Node when told to.
    const child = spawn(process.execPath, [file, '--port', '0'], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return new Promise((resolve, reject) => {
      let output = '';
      let errors = '';
      child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const port = Number(/^(\d+)\n/.exec(output)?.[1]);
        if (!port) return;
        const adapter: Adapter = { process: child, port, name };
        this.adapters.add(adapter);
        child.once('exit', () => this.adapters.delete(adapter));
        resolve(adapter);
      });
      child.once('error', reject);
      child.once('exit', (code) =>
        reject(new Error(`The debug adapter ended at its start (${code ?? 'killed'}). ${errors.trim()}`)),
      );
    });
  }
}

/** The guest's serial console as a terminal: what it sends appears, what is typed reaches it. */
import * as vscode from 'vscode';
import { ask, DEBUG_TYPE } from './ringside-session.ts';

interface ExitedEvent {
  readonly type?: string;
  readonly event?: string;
  readonly body?: { exitCode?: number };
}

class SerialTerminal implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  readonly onDidWrite = this.written.event;
  private readonly session: vscode.DebugSession;
  private opened = false;
  private early = '';
  ended = false;

  constructor(session: vscode.DebugSession) {
    this.session = session;
  }

  open(): void {
    this.opened = true;
    this.written.fire(this.early);
    this.early = '';
  }

  close(): void {
    this.ended = true;
  }

  handleInput(text: string): void {
    if (this.ended) return;
    ask(this.session, 'ringside/serialInput', { text }).then(undefined, (error: unknown) => {
      this.write(`\r\n[Ringside: ${(error as Error).message}]\r\n`);
    });
  }

  /** The guest ends lines with LF alone; a terminal wants CR LF. */
  write(text: string): void {
    const lines = text.replace(/\r?\n/g, '\r\n');
    if (this.opened) this.written.fire(lines);
    else this.early += lines;
  }
}

export class SerialTerminals implements vscode.Disposable {
  private readonly bySession = new Map<string, { pty: SerialTerminal; terminal: vscode.Terminal }>();
  private readonly ended = new Set<vscode.Terminal>();
  /** What the guest said at its end, until the terminal has shown it. */
  private readonly verdicts = new Map<string, number>();
  private readonly disposables: vscode.Disposable[];

  constructor() {
    this.disposables = [
      vscode.debug.onDidStartDebugSession((session) => {
        if (session.type === DEBUG_TYPE && session.configuration['console'] === 'terminal') this.terminalOf(session);
      }),
      vscode.debug.onDidReceiveDebugSessionCustomEvent(({ session, event, body }) => {
        if (session.type !== DEBUG_TYPE || event !== 'ringside/serialOutput') return;
        this.terminalOf(session).write((body as { text: string }).text);
      }),
      vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
        createDebugAdapterTracker: ({ id }) => ({
          onDidSendMessage: ({ type, event, body }: ExitedEvent) => {
            if (type === 'event' && event === 'exited') this.verdicts.set(id, body?.exitCode ?? 0);
          },
        }),
      }),
      vscode.debug.onDidTerminateDebugSession((session) => {
        const verdict = this.verdicts.get(session.id);
        this.verdicts.delete(session.id);
        const entry = this.bySession.get(session.id);
        if (!entry) return;
        const how = verdict === undefined ? 'was stopped' : `has ended with verdict ${verdict}`;
        entry.pty.write(`\n\x1b[2m[The machine ${how}.]\x1b[0m\n`);
        entry.pty.ended = true;
        this.ended.add(entry.terminal);
        this.bySession.delete(session.id);
      }),
    ];
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  /** A new run takes the place of terminals whose machines have ended. */
  private terminalOf(session: vscode.DebugSession): SerialTerminal {
    const known = this.bySession.get(session.id);
    if (known) return known.pty;
    for (const old of this.ended) old.dispose();
    this.ended.clear();
    const pty = new SerialTerminal(session);
    const terminal = vscode.window.createTerminal({
      name: session.name,
      pty,
      iconPath: new vscode.ThemeIcon('circuit-board'),
    });
    terminal.show(true);
    this.bySession.set(session.id, { pty, terminal });
    return pty;
  }
}

/**
 * Tells the views which thread of which session to show, and when to read again: a new stop, another selected frame.
 *
 * Invariant: `stopNumber` changes exactly when the machine has run, so that "changed since the last stop" means that.
 */
import * as vscode from 'vscode';
import { DEBUG_TYPE } from './ringside-session.ts';

export interface ShownStop {
  readonly session: vscode.DebugSession;
  readonly threadId: number;
  readonly stopNumber: number;
}

/** What passes between editor and adapter, as far as it matters here. */
interface Message {
  readonly type?: string;
  readonly event?: string;
  readonly command?: string;
  readonly success?: boolean;
  readonly seq?: number;
  readonly request_seq?: number;
  readonly arguments?: { context?: string };
  readonly body?: { threadId?: number };
}

/** Requests after which the machine runs. DAP, "Continued": no event is owed where a response implies it. */
const RESUMES = new Set(['continue', 'next', 'stepIn', 'stepOut']);
/** Requests after which its memory may differ. */
const WRITES = new Set(['setVariable', 'setExpression', 'writeMemory']);

/** A step is over sooner: the views then go from one stop to the next without an empty picture between them. */
const RUNNING_SHOWN_AFTER_MS = 300;

export class StopTracker implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<ShownStop | undefined>();
  /** The stop to show, or undefined while the machine runs or no session is there. */
  readonly onDidChange = this.changed.event;
  private readonly disposables: readonly { dispose(): unknown }[];
  /** The last stop of each session that stands still, by session id. */
  private readonly stopped = new Map<string, ShownStop>();
  /** `seq` of evaluations in the debug console that are not answered yet. */
  private readonly replies = new Set<number>();
  private shown: ShownStop | undefined;
  private stopCount = 0;
  private clearing: NodeJS.Timeout | undefined;

  constructor() {
    this.disposables = [
      this.changed,
      vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
        createDebugAdapterTracker: (session) => ({
          onWillReceiveMessage: ({ command, arguments: args, seq }: Message) => {
            // Watches and hovers are asked for with other contexts, at every stop, and never write.
            if (command === 'evaluate' && args?.context === 'repl' && seq !== undefined) this.replies.add(seq);
          },
          onDidSendMessage: (message: Message) => this.observe(session, message),
          onWillStopSession: () => this.leave(session, 0),
        }),
      }),
      vscode.debug.onDidChangeActiveStackItem((item) => {
        const stop = item && this.stopped.get(item.session.id);
        if (!stop || (this.shown?.session.id === item.session.id && this.shown.threadId === item.threadId)) return;
        this.show({ ...stop, threadId: item.threadId });
      }),
    ];
  }

  get current(): ShownStop | undefined {
    return this.shown;
  }

  dispose(): void {
    clearTimeout(this.clearing);
    for (const disposable of this.disposables) disposable.dispose();
  }

  private observe(session: vscode.DebugSession, { type, event, command = '', success, ...message }: Message): void {
    if (type === 'event' && event === 'stopped') {
      this.stopCount++;
      const stop = { session, threadId: message.body?.threadId ?? 1, stopNumber: this.stopCount };
      this.stopped.set(session.id, stop);
      this.show(stop);
    } else if (type === 'event' && event === 'terminated') {
      this.leave(session, 0);
    } else if (
      (type === 'event' && event === 'continued') ||
      (type === 'response' && success && RESUMES.has(command))
    ) {
      this.leave(session, RUNNING_SHOWN_AFTER_MS);
    } else if (type === 'response') {
      const evaluated = this.replies.delete(message.request_seq ?? -1);
      if (this.shown && success && (evaluated || WRITES.has(command))) this.show({ ...this.shown });
    }
  }

  /** The session runs, or is over. */
  private leave(session: vscode.DebugSession, afterMs: number): void {
    this.stopped.delete(session.id);
    if (this.shown?.session.id !== session.id) return;
    this.shown = undefined;
    clearTimeout(this.clearing);
    this.clearing = setTimeout(() => this.show(undefined), afterMs);
  }

  private show(stop: ShownStop | undefined): void {
    clearTimeout(this.clearing);
    this.shown = stop;
    this.changed.fire(stop);
  }
}

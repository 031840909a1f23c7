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

interface AdapterEvent {
  readonly type?: string;
  readonly event?: string;
  readonly command?: string;
  readonly success?: boolean;
  readonly body?: { threadId?: number };
}

/** Responses after which the machine's memory may differ. */
const WRITES = new Set(['setVariable', 'setExpression', 'writeMemory', 'evaluate']);

export class StopTracker implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<ShownStop | undefined>();
  /** The stop to show, or undefined while the machine runs or no session is there. */
  readonly onDidChange = this.changed.event;
  private readonly disposables: readonly { dispose(): unknown }[];
  private shown: ShownStop | undefined;
  private stopCount = 0;

  constructor() {
    this.disposables = [
      this.changed,
      vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
        createDebugAdapterTracker: (session) => ({
          onDidSendMessage: (message: AdapterEvent) => this.observe(session, message),
          onWillStopSession: () => this.show(undefined),
        }),
      }),
      vscode.debug.onDidChangeActiveStackItem((item) => {
        if (item?.session.type !== DEBUG_TYPE || !this.shown) return;
        if (item.threadId !== this.shown.threadId)
          this.show({ ...this.shown, session: item.session, threadId: item.threadId });
      }),
    ];
  }

  get current(): ShownStop | undefined {
    return this.shown;
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private observe(session: vscode.DebugSession, message: AdapterEvent): void {
    if (message.type === 'event' && message.event === 'stopped') {
      this.stopCount++;
      this.show({ session, threadId: message.body?.threadId ?? 1, stopNumber: this.stopCount });
    } else if (message.type === 'event' && (message.event === 'continued' || message.event === 'terminated')) {
      this.show(undefined);
    } else if (message.type === 'response' && message.success && WRITES.has(message.command ?? '') && this.shown) {
      this.show({ ...this.shown });
    }
  }

  private show(stop: ShownStop | undefined): void {
    this.shown = stop;
    this.changed.fire(stop);
  }
}

/**
 * Environments that come and go, as DAP's `thread` events: at each stop, and now and then while the machine runs.
 * The kernel's own thread is always there and is not announced.
 */
import { KERNEL_THREAD, type Threads } from '../call-stack/threads.ts';

/** A running guest may start and end hundreds of environments a second; nobody reads that. */
const INTERVAL_MS = 100;

export class ThreadEvents {
  private readonly emit: (event: string, body: unknown) => void;
  private readonly now: () => number;
  private known: ReadonlySet<number> = new Set();
  private lookedAtMs = 0;

  constructor(emit: (event: string, body: unknown) => void, now: () => number) {
    this.emit = emit;
    this.now = now;
  }

  /** Called after each slice. */
  whileRunning(threads: Threads): void {
    if (this.now() - this.lookedAtMs >= INTERVAL_MS) this.update(threads);
  }

  /** @param threads undefined when the machine has gone */
  update(threads: Threads | undefined): void {
    this.lookedAtMs = this.now();
    const rows = threads?.list().filter(({ threadId }) => threadId !== KERNEL_THREAD) ?? [];
    const present = new Set(rows.map(({ threadId }) => threadId));
    for (const threadId of this.known) if (!present.has(threadId)) this.emit('thread', { reason: 'exited', threadId });
    for (const threadId of present) if (!this.known.has(threadId)) this.emit('thread', { reason: 'started', threadId });
    this.known = present;
  }
}

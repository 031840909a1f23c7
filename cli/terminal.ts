/**
 * The user's side of the serial console: stdin towards the guest, the guest's bytes to stdout.
 * On a terminal the keyboard is raw, as with QEMU's `-nographic`: Ctrl-A X quits, Ctrl-A Ctrl-A sends Ctrl-A,
 * Ctrl-A C sends Ctrl-C; a plain Ctrl-C quits too.
 */
import { once } from 'node:events';
import type { ReadStream, WriteStream } from 'node:tty';

const CTRL_A = 0x01;
const CTRL_C = 0x03;
const LINE_FEED = 0x0a;

export interface Terminal {
  /** Whether a person sits at it. */
  readonly interactive: boolean;
  /** Set when the user wants to quit. */
  readonly quit: boolean;
  /** No more input can come. */
  readonly ended: boolean;
  /** Whether the guest has left its last line open. */
  readonly midLine: boolean;
  /** Takes what was typed since the last call. */
  take(): number[];
  /** Resolves when there is input, an end of it, a wish to quit, or the time is over. */
  wait(timeoutMs?: number): Promise<void>;
  /** Writes to stdout, and waits where it cannot follow. */
  write(bytes: Uint8Array): Promise<void>;
  close(): void;
}

/** What the escape character turns keys into; pure, so that it can be tested. */
export class KeyFilter {
  #escaped = false;

  /** @returns bytes for the guest, or `quit` */
  feed(bytes: Iterable<number>): { bytes: number[]; quit: boolean } {
    const out: number[] = [];
    for (const byte of bytes) {
      if (this.#escaped) {
        this.#escaped = false;
        if (byte === 0x78 || byte === 0x58) return { bytes: out, quit: true };
        if (byte === 0x63 || byte === 0x43) out.push(CTRL_C);
        else if (byte === CTRL_A) out.push(CTRL_A);
      } else if (byte === CTRL_A) this.#escaped = true;
      else if (byte === CTRL_C) return { bytes: out, quit: true };
      else out.push(byte);
    }
    return { bytes: out, quit: false };
  }
}

export function openTerminal(stdin: ReadStream, stdout: WriteStream): Terminal {
  const interactive = stdin.isTTY;
  const filter = new KeyFilter();
  let pending: number[] = [];
  let wake: (() => void) | undefined;
  const state = { quit: false, ended: false, midLine: false };
  const changed = (): void => wake?.();

  const onData = (chunk: Buffer): void => {
    if (interactive) {
      const keys = filter.feed(chunk);
      pending.push(...keys.bytes);
      state.quit ||= keys.quit;
    } else for (const byte of chunk) pending.push(byte);
    changed();
  };
  const onEnd = (): void => {
    state.ended = true;
    changed();
  };
  const onSignal = (): void => {
    state.quit = true;
    changed();
  };
  if (interactive) stdin.setRawMode(true);
  stdin.on('data', onData).on('end', onEnd).on('error', onEnd);
  process.on('SIGINT', onSignal);

  return {
    interactive,
    get quit() {
      return state.quit;
    },
    get ended() {
      return state.ended;
    },
    get midLine() {
      return state.midLine;
    },
    take() {
      const taken = pending;
      pending = [];
      return taken;
    },
    async wait(timeoutMs) {
      if (pending.length > 0 || state.quit || state.ended) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (timeoutMs !== undefined) setTimeout(resolve, timeoutMs);
      });
      wake = undefined;
    },
    async write(bytes) {
      if (bytes.length > 0) state.midLine = bytes.at(-1) !== LINE_FEED;
      if (bytes.length > 0 && !stdout.write(bytes) && !stdout.destroyed) await once(stdout, 'drain');
    },
    close() {
      stdin.off('data', onData).off('end', onEnd).off('error', onEnd);
      process.off('SIGINT', onSignal);
      if (interactive) stdin.setRawMode(false);
      stdin.pause();
      stdin.unref?.();
    },
  };
}

/** The guest's COM1 on its way to the client: as terminal bytes, or as output lines. */
import type { LaunchArguments } from '../launch/launch-arguments.ts';
import type { Target } from '../target/target.ts';
import { AnsiStripper } from './ansi.ts';

type ConsoleKind = NonNullable<LaunchArguments['console']>;

export class SerialConsole {
  private readonly target: Target;
  private readonly kind: ConsoleKind;
  private readonly emit: (event: string, body: unknown) => void;
  /** For a debug console that would show escape sequences as they are written. */
  private readonly stripper: AnsiStripper | undefined;

  /** @param ansi whether the client's debug console understands escape sequences; a terminal always does */
  constructor(target: Target, kind: ConsoleKind, ansi: boolean, emit: (event: string, body: unknown) => void) {
    this.target = target;
    this.kind = kind;
    this.emit = emit;
    this.stripper = ansi ? undefined : new AnsiStripper();
  }

  /** Sends on what the guest has written. Called at the end of every slice and before every stop. */
  flush(): void {
    const bytes = this.target.takeSerialOutput();
    if (bytes.length === 0) return;
    const text = new TextDecoder('latin1').decode(bytes);
    if (this.kind === 'debugConsole') {
      const output = this.stripper ? this.stripper.strip(text) : text;
      if (output !== '') this.emit('output', { category: 'stdout', output });
    } else if (this.kind === 'terminal') this.emit('ringside/serialOutput', { text });
  }

  /** @param text one character a byte above it (Latin-1); others are sent as UTF-8 */
  type(text: string): void {
    const latin1 = /^[\x00-\xff]*$/.test(text);
    const bytes = latin1 ? Uint8Array.from(text, (c) => c.charCodeAt(0)) : new TextEncoder().encode(text);
    this.target.writeSerial(bytes);
  }
}

/** The guest's COM1 on its way to the client: as terminal bytes, or as output lines. */
import type { LaunchArguments } from '../launch/launch-arguments.ts';
import type { Target } from '../target/target.ts';

type ConsoleKind = NonNullable<LaunchArguments['console']>;

export class SerialConsole {
  private readonly target: Target;
  private readonly kind: ConsoleKind;
  private readonly emit: (event: string, body: unknown) => void;

  constructor(target: Target, kind: ConsoleKind, emit: (event: string, body: unknown) => void) {
    this.target = target;
    this.kind = kind;
    this.emit = emit;
  }

  /** Sends on what the guest has written. Called at the end of every slice and before every stop. */
  flush(): void {
    const bytes = this.target.takeSerialOutput();
    if (bytes.length === 0) return;
    const text = new TextDecoder('latin1').decode(bytes);
    if (this.kind === 'debugConsole') this.emit('output', { category: 'stdout', output: text });
    else if (this.kind === 'terminal') this.emit('ringside/serialOutput', { text });
  }

  /** @param text one character a byte above it (Latin-1); others are sent as UTF-8 */
  type(text: string): void {
    const latin1 = /^[\x00-\xff]*$/.test(text);
    const bytes = latin1 ? Uint8Array.from(text, (c) => c.charCodeAt(0)) : new TextEncoder().encode(text);
    this.target.writeSerial(bytes);
  }
}

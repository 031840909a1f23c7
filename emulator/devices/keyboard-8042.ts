/**
 * Keyboard controller and keyboard. IBM PC/AT Technical Reference, "Keyboard Controller (8042)" and "Keyboard".
 *
 * Invariant: the output buffer holds one byte; IRQ 1 is high exactly while it is full and the command byte enables the
 * interrupt. Everything else waits in `responses` (controller, keyboard answers) or `keys` (typed), in that order.
 *
 * Deviations: the keyboard is always translated to scan code set 1, and there is no auxiliary device.
 */
import type { AccessSize } from '../cpu/cpu-bus.ts';
import { INSTRUCTIONS_PER_SECOND, type Clock } from './clock.ts';
import { Device, hexBytes, type Line, type RegisterRecord } from './device.ts';

const STATUS = { outputFull: 0x01, systemFlag: 0x04, command: 0x08, unlocked: 0x10 } as const;
const COMMAND_BYTE = { interrupt: 0x01, systemFlag: 0x04, keyboardDisabled: 0x10, translate: 0x40 } as const;
const OUTPUT_PORT = { notReset: 0x01, a20: 0x02 } as const;

/** From the read of one byte to the next in the buffer: 0.1 ms, so that a driver sees the interrupt line fall. */
const BYTE_GAP_INSTRUCTIONS = INSTRUCTIONS_PER_SECOND / 10_000;

const ACKNOWLEDGE = 0xfa;
const RESEND = 0xfe;
/** What the keyboard answers: bytes by command. Commands not here are answered with RESEND. */
const KEYBOARD_ANSWERS: Readonly<Record<number, readonly number[]>> = {
  0xed: [ACKNOWLEDGE], // set LEDs; one byte follows
  0xee: [0xee], // echo
  0xf0: [ACKNOWLEDGE], // scan code set; one byte follows
  0xf2: [ACKNOWLEDGE, 0xab, 0x41], // identify: MF2, as translated
  0xf3: [ACKNOWLEDGE], // typematic rate; one byte follows
  0xf4: [ACKNOWLEDGE], // enable
  0xf5: [ACKNOWLEDGE], // defaults, disable
  0xf6: [ACKNOWLEDGE], // defaults
  0xff: [ACKNOWLEDGE, 0xaa], // reset; self-test passed
};
const TAKES_ARGUMENT = new Set([0xed, 0xf0, 0xf3]);

interface KeyboardState {
  version: number;
  commandByte: number;
  outputPort: number;
  /** The byte at port 60h; null when empty. */
  outputBuffer: number | null;
  responses: number[];
  keys: number[];
  /** A controller command whose argument comes next at port 60h. */
  awaiting: number | null;
  /** A keyboard command whose argument comes next. */
  keyboardAwaiting: number | null;
  lastWriteWasCommand: boolean;
  scanning: boolean;
  leds: number;
  nextByteAt: number | null;
}

const powerOn = (): KeyboardState => ({
  version: 1,
  commandByte: COMMAND_BYTE.interrupt | COMMAND_BYTE.systemFlag | COMMAND_BYTE.translate,
  outputPort: OUTPUT_PORT.notReset | OUTPUT_PORT.a20 | 0xcc,
  outputBuffer: null,
  responses: [],
  keys: [],
  awaiting: null,
  keyboardAwaiting: null,
  lastWriteWasCommand: false,
  scanning: true,
  leds: 0,
  nextByteAt: null,
});

export interface KeyboardPins {
  readonly clock: Clock;
  readonly interrupt: Line;
  readonly a20: Line;
  readonly reset: () => void;
}

/** Ports by offset: 0 data (60h), 4 command and status (64h). */
export class Keyboard8042 extends Device<KeyboardState> {
  readonly name = 'keyboard';
  readonly #pins: KeyboardPins;

  constructor(pins: KeyboardPins) {
    super(powerOn);
    this.#pins = pins;
  }

  /** Keys go down and up: set 1 scan codes. */
  press(scancodes: Iterable<number>): void {
    if (!this.state.scanning) return;
    this.state.keys.push(...scancodes);
    this.#fill();
  }

  override readPort(offset: number, _size: AccessSize): number {
    const { state } = this;
    if (offset !== 0) return this.#status();
    const byte = state.outputBuffer ?? 0;
    if (state.outputBuffer !== null) {
      state.outputBuffer = null;
      if (state.responses.length > 0 || state.keys.length > 0)
        state.nextByteAt = this.#pins.clock.now() + BYTE_GAP_INSTRUCTIONS;
      this.#drive();
    }
    return byte;
  }

  override writePort(offset: number, _size: AccessSize, value: number): void {
    const { state } = this;
    state.lastWriteWasCommand = offset !== 0;
    if (offset !== 0) this.#command(value);
    else if (state.awaiting !== null) {
      const command = state.awaiting;
      state.awaiting = null;
      this.#argument(command, value);
    } else this.#keyboardByte(value);
    this.#fill();
  }

  override alarm(): void {
    this.state.nextByteAt = null;
    this.#fill();
  }

  override inspect(): RegisterRecord {
    const { state } = this;
    return {
      status: this.#status(),
      commandByte: state.commandByte,
      outputPort: state.outputPort,
      outputBuffer: state.outputBuffer ?? 'empty',
      waiting: hexBytes([...state.responses, ...state.keys]),
      leds: state.leds,
    };
  }

  #status(): number {
    const { state } = this;
    return (
      (state.outputBuffer === null ? 0 : STATUS.outputFull) |
      (state.commandByte & COMMAND_BYTE.systemFlag ? STATUS.systemFlag : 0) |
      (state.lastWriteWasCommand ? STATUS.command : 0) |
      STATUS.unlocked
    );
  }

  #command(value: number): void {
    const { state } = this;
    state.awaiting = null;
    switch (value) {
      case 0x20: // read command byte
        state.responses.push(state.commandByte);
        break;
      case 0x60: // write command byte
      case 0xd1: // write output port
      case 0xd2: // write output buffer
      case 0xd3: // write auxiliary output buffer
      case 0xd4: // write to the auxiliary device
        state.awaiting = value;
        break;
      case 0xa9: // auxiliary interface test: clock line stuck low, since nothing is connected
        state.responses.push(0x01);
        break;
      case 0xaa: // self-test
        state.responses.push(0x55);
        break;
      case 0xab: // keyboard interface test
        state.responses.push(0x00);
        break;
      case 0xad:
        state.commandByte |= COMMAND_BYTE.keyboardDisabled;
        break;
      case 0xae:
        state.commandByte &= ~COMMAND_BYTE.keyboardDisabled;
        break;
      case 0xc0: // read input port: not locked
        state.responses.push(0x80);
        break;
      case 0xd0:
        state.responses.push(state.outputPort);
        break;
      default:
        // "Pulse Output Port": bits 0–3 that are low pulse; bit 0 is the system reset.
        if (value >= 0xf0 && !(value & 1)) this.#pins.reset();
    }
  }

  #argument(command: number, value: number): void {
    const { state } = this;
    switch (command) {
      case 0x60:
        state.commandByte = value;
        break;
      case 0xd1:
        state.outputPort = value;
        this.#pins.a20((value & OUTPUT_PORT.a20) !== 0);
        if (!(value & OUTPUT_PORT.notReset)) this.#pins.reset();
        break;
      case 0xd2:
        state.responses.push(value);
        break;
      default:
        break; // No auxiliary device: nothing answers.
    }
  }

  #keyboardByte(value: number): void {
    const { state } = this;
    if (state.keyboardAwaiting !== null) {
      const command = state.keyboardAwaiting;
      state.keyboardAwaiting = null;
      if (command === 0xed) state.leds = value & 7;
      state.responses.push(ACKNOWLEDGE);
      if (command === 0xf0 && value === 0) state.responses.push(0x41); // Set 2, as translated.
      return;
    }
    if (value === 0xff || value === 0xf6 || value === 0xf4) state.scanning = true;
    if (value === 0xf5) state.scanning = false;
    if (value === 0xff) {
      state.keys = [];
      state.leds = 0;
    }
    if (TAKES_ARGUMENT.has(value)) state.keyboardAwaiting = value;
    state.responses.push(...(KEYBOARD_ANSWERS[value] ?? [RESEND]));
  }

  /** Moves the next waiting byte into the empty output buffer. */
  #fill(): void {
    const { state } = this;
    if (state.outputBuffer === null && state.nextByteAt === null) {
      const keysHeld = (state.commandByte & COMMAND_BYTE.keyboardDisabled) !== 0;
      state.outputBuffer = state.responses.shift() ?? (keysHeld ? null : (state.keys.shift() ?? null));
    }
    this.#drive();
  }

  #drive(): void {
    const { state } = this;
    this.#pins.clock.setAlarm(state.nextByteAt ?? undefined);
    this.#pins.interrupt(state.outputBuffer !== null && (state.commandByte & COMMAND_BYTE.interrupt) !== 0);
  }
}

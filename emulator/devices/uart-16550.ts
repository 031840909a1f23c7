/**
 * Serial port: UART with 16-byte FIFOs.
 * National Semiconductor PC16550D datasheet, "Registers", "FIFO Interrupt Mode Operation".
 *
 * Invariant: a received byte enters the FIFO at a count computed from the clock, so a replayed input lands on the same
 * instruction. What has arrived but not entered yet waits in `line`.
 *
 * Deviations, all as QEMU's serial port: transmission takes no time; a full FIFO holds the line back instead of
 * overrunning; OUT2 does not gate the interrupt; received bytes come at 115200 baud whatever the divisor.
 */
import type { AccessSize } from '../cpu/cpu-bus.ts';
import { INSTRUCTIONS_PER_SECOND, type Clock } from './clock.ts';
import { Device, hexBytes, type Line, type RegisterRecord } from './device.ts';

export const IER = { receivedData: 0x01, transmitterEmpty: 0x02, lineStatus: 0x04, modemStatus: 0x08 } as const;
export const FCR = { enable: 0x01, clearReceiver: 0x02, clearTransmitter: 0x04 } as const;
export const LCR = { divisorLatch: 0x80 } as const;
export const MCR = { dtr: 0x01, rts: 0x02, out1: 0x04, out2: 0x08, loopback: 0x10 } as const;
export const LSR = { dataReady: 0x01, overrun: 0x02, transmitterEmpty: 0x20, transmitterIdle: 0x40 } as const;
export const MSR = { cts: 0x10, dsr: 0x20, ri: 0x40, dcd: 0x80 } as const;

/** Datasheet, "Interrupt Control Functions": identification by source, highest priority first. */
const IIR = { none: 0x01, lineStatus: 0x06, receivedData: 0x04, timeout: 0x0c, transmitterEmpty: 0x02, modem: 0x00 };
/** Receiver FIFO trigger level by FCR bits 7–6. */
const TRIGGER_LEVEL = [1, 4, 8, 14] as const;
const FIFO_DEPTH = 16;

/** Ten bits at 115200 baud. */
export const CHARACTER_INSTRUCTIONS = Math.ceil((INSTRUCTIONS_PER_SECOND * 10) / 115_200);

interface UartState {
  version: number;
  ier: number;
  fcr: number;
  lcr: number;
  mcr: number;
  /** LSR's sticky error bits. */
  lineErrors: number;
  msr: number;
  scratch: number;
  divisor: number;
  /** The receiver FIFO; at most one byte when FIFOs are off. */
  receiver: number[];
  /** Bytes on the line, not received yet. */
  line: number[];
  nextByteAt: number | null;
  /** When the character timeout strikes; null while it is not running. */
  timeoutAt: number | null;
  timeoutPending: boolean;
  transmitterEmptyPending: boolean;
}

const powerOn = (): UartState => ({
  version: 1,
  ier: 0,
  fcr: 0,
  lcr: 0,
  mcr: 0,
  lineErrors: 0,
  msr: MSR.cts | MSR.dsr | MSR.dcd,
  scratch: 0,
  divisor: 12,
  receiver: [],
  line: [],
  nextByteAt: null,
  timeoutAt: null,
  timeoutPending: false,
  transmitterEmptyPending: false,
});

export interface UartPins {
  readonly clock: Clock;
  readonly interrupt: Line;
  readonly transmit: (byte: number) => void;
}

export class Uart16550 extends Device<UartState> {
  readonly name = 'uart';
  readonly #pins: UartPins;

  constructor(pins: UartPins) {
    super(powerOn);
    this.#pins = pins;
  }

  /** Puts bytes on the line; they are received one a character time, as long as there is room. */
  receive(bytes: Iterable<number>): void {
    for (const byte of bytes) this.state.line.push(byte & 0xff);
    if (this.state.nextByteAt === null) this.#expectByte();
    this.#update();
  }

  override readPort(offset: number, _size: AccessSize): number {
    const { state } = this;
    const latch = state.lcr & LCR.divisorLatch;
    switch (offset) {
      case 0:
        return latch ? state.divisor & 0xff : this.#readReceiver();
      case 1:
        return latch ? state.divisor >>> 8 : state.ier;
      case 2:
        return this.#readIdentification();
      case 3:
        return state.lcr;
      case 4:
        return state.mcr;
      case 5: {
        const value = this.#lineStatus();
        state.lineErrors = 0;
        this.#update();
        return value;
      }
      case 6: {
        const value = state.msr;
        state.msr &= 0xf0;
        this.#update();
        return value;
      }
      default:
        return state.scratch;
    }
  }

  override writePort(offset: number, _size: AccessSize, value: number): void {
    const { state } = this;
    const latch = state.lcr & LCR.divisorLatch;
    switch (offset) {
      case 0:
        if (latch) state.divisor = (state.divisor & 0xff00) | value;
        else this.#transmit(value);
        break;
      case 1:
        if (latch) state.divisor = (state.divisor & 0x00ff) | (value << 8);
        else {
          // Enabling the interrupt while the transmitter is empty raises it at once.
          if (value & ~state.ier & IER.transmitterEmpty) state.transmitterEmptyPending = true;
          state.ier = value & 0x0f;
        }
        break;
      case 2:
        this.#writeFifoControl(value);
        break;
      case 3:
        state.lcr = value;
        break;
      case 4:
        state.mcr = value & 0x1f;
        this.#setModemStatus();
        break;
      case 7:
        state.scratch = value;
        break;
      default:
        break; // LSR and MSR are read-only.
    }
    this.#update();
  }

  override alarm(): void {
    const { state } = this;
    const now = this.#pins.clock.now();
    if (state.nextByteAt !== null && state.nextByteAt <= now) this.#receiveFromLine();
    if (state.timeoutAt !== null && state.timeoutAt <= now) {
      state.timeoutAt = null;
      state.timeoutPending = state.receiver.length > 0;
    }
    this.#update();
  }

  override inspect(): RegisterRecord {
    const { state } = this;
    return {
      IER: state.ier,
      IIR: this.#identification() | (state.fcr & FCR.enable ? 0xc0 : 0),
      FCR: state.fcr,
      LCR: state.lcr,
      MCR: state.mcr,
      LSR: this.#lineStatus(),
      MSR: state.msr,
      SCR: state.scratch,
      DL: state.divisor,
      receiverFifo: hexBytes(state.receiver),
      waitingOnLine: state.line.length,
    };
  }

  #transmit(byte: number): void {
    const { state } = this;
    state.transmitterEmptyPending = true;
    if (state.mcr & MCR.loopback) this.#enterFifo(byte);
    else this.#pins.transmit(byte);
  }

  #readReceiver(): number {
    const { state } = this;
    const byte = state.receiver.shift() ?? 0;
    state.timeoutPending = false;
    state.timeoutAt = state.receiver.length > 0 ? this.#timeoutFromNow() : null;
    if (state.line.length > 0 && state.nextByteAt === null) this.#expectByte();
    this.#update();
    return byte;
  }

  #readIdentification(): number {
    const { state } = this;
    const source = this.#identification();
    // Reading IIR clears the transmitter interrupt, if it is the one reported.
    if (source === IIR.transmitterEmpty) state.transmitterEmptyPending = false;
    this.#update();
    return source | (state.fcr & FCR.enable ? 0xc0 : 0);
  }

  #writeFifoControl(value: number): void {
    const { state } = this;
    const toggled = (value ^ state.fcr) & FCR.enable;
    if (toggled || value & FCR.clearReceiver) {
      state.receiver = [];
      state.timeoutAt = null;
      state.timeoutPending = false;
      if (state.line.length > 0 && state.nextByteAt === null) this.#expectByte();
    }
    state.fcr = value & FCR.enable ? value & 0xc9 : 0;
  }

  /** Datasheet, "Modem Control Register", bit 4: the outputs drive the inputs, and the pins rest. */
  #setModemStatus(): void {
    const { state } = this;
    const { mcr } = state;
    const levels =
      mcr & MCR.loopback
        ? (mcr & MCR.rts ? MSR.cts : 0) |
          (mcr & MCR.dtr ? MSR.dsr : 0) |
          (mcr & MCR.out1 ? MSR.ri : 0) |
          (mcr & MCR.out2 ? MSR.dcd : 0)
        : MSR.cts | MSR.dsr | MSR.dcd;
    const changed = (levels ^ state.msr) & 0xf0;
    // TERI counts the trailing edge of RI only.
    const deltas = (changed >>> 4) & (0b1011 | (state.msr & ~levels & MSR.ri ? 0b0100 : 0));
    state.msr = levels | (state.msr & 0x0f) | deltas;
  }

  #expectByte(): void {
    const { state } = this;
    state.nextByteAt = state.line.length > 0 ? this.#pins.clock.now() + CHARACTER_INSTRUCTIONS : null;
  }

  #receiveFromLine(): void {
    const { state } = this;
    state.nextByteAt = null;
    if (state.receiver.length >= this.#capacity()) return; // Goes on when the guest reads.
    const byte = state.line.shift();
    if (byte !== undefined) this.#enterFifo(byte);
    this.#expectByte();
  }

  #enterFifo(byte: number): void {
    const { state } = this;
    if (state.receiver.length >= this.#capacity()) {
      state.lineErrors |= LSR.overrun;
      if (!(state.fcr & FCR.enable)) state.receiver[0] = byte;
      return;
    }
    state.receiver.push(byte);
    state.timeoutAt = this.#timeoutFromNow();
  }

  #capacity(): number {
    return this.state.fcr & FCR.enable ? FIFO_DEPTH : 1;
  }

  /** Datasheet, "FIFO Interrupt Mode Operation": four character times without a read or a new byte. */
  #timeoutFromNow(): number | null {
    return this.state.fcr & FCR.enable ? this.#pins.clock.now() + 4 * CHARACTER_INSTRUCTIONS : null;
  }

  #lineStatus(): number {
    const { state } = this;
    return (
      (state.receiver.length > 0 ? LSR.dataReady : 0) | state.lineErrors | LSR.transmitterEmpty | LSR.transmitterIdle
    );
  }

  #identification(): number {
    const { state } = this;
    const { ier } = state;
    const level = state.fcr & FCR.enable ? TRIGGER_LEVEL[(state.fcr >>> 6) as 0 | 1 | 2 | 3] : 1;
    if (ier & IER.lineStatus && state.lineErrors) return IIR.lineStatus;
    if (ier & IER.receivedData && state.receiver.length >= level) return IIR.receivedData;
    if (ier & IER.receivedData && state.timeoutPending) return IIR.timeout;
    if (ier & IER.transmitterEmpty && state.transmitterEmptyPending) return IIR.transmitterEmpty;
    if (ier & IER.modemStatus && state.msr & 0x0f) return IIR.modem;
    return IIR.none;
  }

  #update(): void {
    const { nextByteAt, timeoutAt } = this.state;
    const next = Math.min(nextByteAt ?? Infinity, timeoutAt ?? Infinity);
    this.#pins.clock.setAlarm(next === Infinity ? undefined : next);
    this.#pins.interrupt(this.#identification() !== IIR.none);
  }
}

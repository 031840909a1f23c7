/**
 * The PC's single-register ports: system control port B (61h), system control port A (92h), and the POST and DMA page
 * registers (80h–8Fh). IBM PC/AT Technical Reference, "System Board I/O"; PS/2 Technical Reference, "System Control Port A".
 */
import type { AccessSize } from '../cpu/cpu-bus.ts';
import { INSTRUCTIONS_PER_SECOND, type Clock } from './clock.ts';
import { Device, hexBytes, type Line, type RegisterRecord } from './device.ts';

const PORT_B = { gate2: 0x01, speaker: 0x02, refresh: 0x10, output2: 0x20 } as const;
/** The refresh request toggles every 15 µs. */
const REFRESH_INSTRUCTIONS = (INSTRUCTIONS_PER_SECOND * 15) / 1_000_000;

export interface PortBPins {
  readonly clock: Clock;
  readonly gate2: Line;
  readonly output2: () => boolean;
}

export class SystemPortB extends Device<{ version: number; control: number }> {
  readonly name = 'port-61h';
  readonly #pins: PortBPins;

  constructor(pins: PortBPins) {
    super(() => ({ version: 1, control: 0 }));
    this.#pins = pins;
  }

  override readPort(_offset: number, _size: AccessSize): number {
    const refresh = Math.floor(this.#pins.clock.now() / REFRESH_INSTRUCTIONS) % 2;
    return this.state.control | (refresh ? PORT_B.refresh : 0) | (this.#pins.output2() ? PORT_B.output2 : 0);
  }

  override writePort(_offset: number, _size: AccessSize, value: number): void {
    this.state.control = value & 0x0f;
    this.#pins.gate2((value & PORT_B.gate2) !== 0);
  }

  override inspect(): RegisterRecord {
    const { control } = this.state;
    return { gate2: (control & PORT_B.gate2) !== 0, speaker: (control & PORT_B.speaker) !== 0, control };
  }
}

export interface PortAPins {
  readonly a20: Line;
  readonly reset: () => void;
}

/** Fast A20 and reset. A multiboot kernel starts with A20 enabled. */
export class SystemPortA extends Device<{ version: number; control: number }> {
  readonly name = 'port-92h';
  readonly #pins: PortAPins;

  constructor(pins: PortAPins) {
    super(() => ({ version: 1, control: 0x02 }));
    this.#pins = pins;
  }

  override readPort(_offset: number, _size: AccessSize): number {
    return this.state.control;
  }

  override writePort(_offset: number, _size: AccessSize, value: number): void {
    const resetRises = (value & ~this.state.control & 0x01) !== 0;
    this.state.control = value;
    this.#pins.a20((value & 0x02) !== 0);
    if (resetRises) this.#pins.reset();
  }

  override inspect(): RegisterRecord {
    return { a20: (this.state.control & 0x02) !== 0, control: this.state.control };
  }
}

/** 74LS612 page registers: readable and writable bytes. 80h is the one firmware writes its progress to. */
export class PageRegisters extends Device<{ version: number; registers: number[] }> {
  readonly name = 'post';

  constructor() {
    super(() => ({ version: 1, registers: new Array<number>(16).fill(0) }));
  }

  override readPort(offset: number, _size: AccessSize): number {
    return this.state.registers[offset];
  }

  override writePort(offset: number, _size: AccessSize, value: number): void {
    this.state.registers[offset] = value;
  }

  override inspect(): RegisterRecord {
    return { post: this.state.registers[0], pages: hexBytes(this.state.registers.slice(1)) };
  }
}

/**
 * Text display controller as on CGA and VGA: index and data ports, and the status register's retrace bits.
 * Motorola MC6845 datasheet, "Register File". The characters themselves are plain memory at B8000h.
 *
 * Invariant: the registers only describe the picture; `text-screen.ts` draws it from them and from memory.
 */
import type { AccessSize } from '../cpu/cpu-bus.ts';
import { INSTRUCTIONS_PER_SECOND, type Clock } from './clock.ts';
import { Device, hexBytes, type RegisterRecord } from './device.ts';

export const CRTC = { startHigh: 0x0c, startLow: 0x0d, cursorHigh: 0x0e, cursorLow: 0x0f } as const;
const REGISTER_COUNT = 0x19;
const STATUS = { displayOff: 0x01, verticalRetrace: 0x08 } as const;
const FRAME_INSTRUCTIONS = Math.floor(INSTRUCTIONS_PER_SECOND / 60);

/** 80×25 characters of 16 lines, as a VGA BIOS sets mode 3. */
const MODE_3 = [
  0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f,
  0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
];

interface CrtcState {
  version: number;
  index: number;
  registers: number[];
}

/** Ports by offset: 0 index (3D4h), 1 data (3D5h), 6 status (3DAh). */
export class Crtc6845 extends Device<CrtcState> {
  readonly name = 'crtc';
  readonly #clock: Clock;

  constructor(pins: { readonly clock: Clock }) {
    super(() => ({ version: 1, index: 0, registers: [...MODE_3] }));
    this.#clock = pins.clock;
  }

  /** In characters from the start of display memory. */
  get startAddress(): number {
    return this.#pair(CRTC.startHigh);
  }

  /** In characters from the start of display memory. */
  get cursorAddress(): number {
    return this.#pair(CRTC.cursorHigh);
  }

  override readPort(offset: number, _size: AccessSize): number {
    if (offset === 0) return this.state.index;
    if (offset === 1) return this.state.registers[this.state.index] ?? 0xff;
    const phase = (this.#clock.now() % FRAME_INSTRUCTIONS) / FRAME_INSTRUCTIONS;
    return phase > 0.95 ? STATUS.verticalRetrace | STATUS.displayOff : 0;
  }

  override writePort(offset: number, _size: AccessSize, value: number): void {
    if (offset === 0) this.state.index = value & 0x1f;
    else if (offset === 1 && this.state.index < REGISTER_COUNT) this.state.registers[this.state.index] = value;
  }

  override inspect(): RegisterRecord {
    return {
      startAddress: this.startAddress,
      cursorAddress: this.cursorAddress,
      index: this.state.index,
      registers: hexBytes(this.state.registers),
    };
  }

  #pair(high: number): number {
    return (this.state.registers[high] << 8) | this.state.registers[high + 1];
  }
}

/**
 * The FPU and SIMD registers by name, for debuggers: as GDB names them. Values are bytes, lowest first.
 *
 *   st0 … st7     ten bytes each, ST(0) on top          fctrl fstat ftag    control, status and tag word
 *   mm0 … mm7     eight bytes, the x87's R0 … R7        fiseg fioff foseg fooff fop   the last instruction and its operand
 *   xmm0 … xmm7   sixteen bytes                         mxcsr
 *
 * Invariant: reading changes nothing, and what is written is what is read, but for bits that the processor does not have.
 */
import type { Core } from './core.ts';
import { Feature } from './cpuid.ts';
import { setTagWord, tagWord } from './execute/x87/environment.ts';
import { setControlWord, setStatusWord, st, statusWord } from './execute/x87/unit.ts';
import { MXCSR_MASK } from './fpu-state.ts';
import { FPU, FPU_CONTROL, FPU_CS, FPU_DP, FPU_DS, FPU_IP, FPU_OPCODE, MXCSR, XMM } from './registers.ts';

interface Word {
  readonly read: (m: Int32Array) => number;
  readonly write: (m: Int32Array, value: number) => void;
}

function slotWord(slot: number, mask: number): Word {
  return {
    read: (m) => m[slot],
    write: (m, value) => {
      m[slot] = value & mask;
    },
  };
}

const words: Readonly<Record<string, Word>> = {
  fctrl: { read: (m) => m[FPU_CONTROL], write: setControlWord },
  fstat: { read: statusWord, write: setStatusWord },
  ftag: { read: tagWord, write: setTagWord },
  fiseg: slotWord(FPU_CS, 0xffff),
  fioff: slotWord(FPU_IP, -1),
  foseg: slotWord(FPU_DS, 0xffff),
  fooff: slotWord(FPU_DP, -1),
  fop: slotWord(FPU_OPCODE, 0x7ff),
  mxcsr: slotWord(MXCSR, MXCSR_MASK),
};

const VECTOR_NAME = /^(st|mm|xmm)([0-7])$/;

interface Bytes {
  /** Offset of the lowest in the processor's state. */
  readonly at: number;
  readonly count: number;
}

function placeOf(core: Core, name: string): Bytes | undefined {
  const [, kind, digit] = VECTOR_NAME.exec(name) ?? [];
  const number = Number(digit);
  if (kind === 'st') return { at: st(core.i32, number) * 4, count: 10 };
  if (kind === 'mm') return { at: (FPU + number * 4) * 4, count: 8 };
  return kind === 'xmm' ? { at: (XMM + number * 4) * 4, count: 16 } : undefined;
}

function isMissing(core: Core, name: string): boolean {
  return /^(xmm|mxcsr)/.test(name) && (core.features & Feature.SSE) === 0;
}

/** @returns undefined when the processor has no such register */
export function readFpuRegister(core: Core, name: string): Uint8Array | undefined {
  if (isMissing(core, name)) return undefined;
  const word = words[name] as Word | undefined;
  if (word !== undefined) return new Uint8Array(Int32Array.of(word.read(core.i32)).buffer);
  const place = placeOf(core, name);
  return place && core.u8.slice(place.at, place.at + place.count);
}

/**
 * A register that is empty stays so: the tag word says that.
 * @param bytes as many as the register has, lowest first
 * @returns false when the processor has no such register
 */
export function writeFpuRegister(core: Core, name: string, bytes: Uint8Array): boolean {
  if (isMissing(core, name)) return false;
  const word = words[name] as Word | undefined;
  if (word !== undefined) {
    word.write(core.i32, new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true));
    return true;
  }
  const place = placeOf(core, name);
  if (place === undefined) return false;
  core.u8.set(bytes.subarray(0, place.count), place.at);
  return true;
}

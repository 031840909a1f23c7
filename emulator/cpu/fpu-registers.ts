/**
 * The FPU and SIMD registers by name, for debuggers: as GDB names them. Values are bytes, lowest first.
 *
 *   st0 … st7     ten bytes each, ST(0) on top          fctrl fstat ftag    control, status and tag word
 *   mm0 … mm7     eight bytes, the x87's R0 … R7        fiseg fioff foseg fooff fop   the last instruction and its operand
 *   xmm0 … xmm7   sixteen bytes                         mxcsr
 *
 * Invariant: reading changes nothing.
 */
import type { Core } from './core.ts';
import { Feature } from './cpuid.ts';
import { tagWord } from './execute/x87/environment.ts';
import { st, statusWord } from './execute/x87/unit.ts';
import { FPU, FPU_CONTROL, FPU_CS, FPU_DP, FPU_DS, FPU_IP, FPU_OPCODE, MXCSR, XMM } from './registers.ts';

const words: Readonly<Record<string, (m: Int32Array) => number>> = {
  fctrl: (m) => m[FPU_CONTROL],
  fstat: statusWord,
  ftag: tagWord,
  fiseg: (m) => m[FPU_CS],
  fioff: (m) => m[FPU_IP],
  foseg: (m) => m[FPU_DS],
  fooff: (m) => m[FPU_DP],
  fop: (m) => m[FPU_OPCODE],
  mxcsr: (m) => m[MXCSR],
};

const VECTOR_NAME = /^(st|mm|xmm)([0-7])$/;

/** @returns undefined when the processor has no such register */
export function readFpuRegister(core: Core, name: string): Uint8Array | undefined {
  const m = core.i32;
  if (/^(xmm|mxcsr)/.test(name) && (core.features & Feature.SSE) === 0) return undefined;
  const word = words[name] as ((m: Int32Array) => number) | undefined;
  if (word !== undefined) return new Uint8Array(Int32Array.of(word(m)).buffer);
  const [, kind, digit] = VECTOR_NAME.exec(name) ?? [];
  if (kind === undefined) return undefined;
  const number = Number(digit);
  if (kind === 'st') return bytesAt(core, st(m, number), 10);
  if (kind === 'mm') return bytesAt(core, FPU + number * 4, 8);
  return bytesAt(core, XMM + number * 4, 16);
}

function bytesAt(core: Core, slot: number, count: number): Uint8Array {
  return core.u8.slice(slot * 4, slot * 4 + count);
}

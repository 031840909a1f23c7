/**
 * MXCSR, and SIMD floating-point exceptions. Intel SDM Vol. 1, "MXCSR Control and Status Register", "Intel SSE and SSE2
 * Exceptions"; Vol. 3A, "SIMD Floating-Point Exception (#XM)".
 *
 * Invariant: an exception that is not masked leaves its flag in MXCSR and nothing else.
 */
import type { Core } from '../../core.ts';
import { UD, XM, raise } from '../../exception.ts';
import {
  BEFORE_RESULT,
  DENORMAL,
  FLUSH_TO_ZERO,
  FORMAT_DOUBLE,
  FORMAT_SINGLE,
  INVALID,
  PRECISION,
  PRECISION_24,
  PRECISION_53,
  SIMD,
  ZERO_DIVIDE,
} from '../../float/format.ts';
import { fromDouble, fromSingle } from '../../float/narrow.ts';
import { CR4, Cr4, MXCSR } from '../../registers.ts';

export const Mxcsr = { FLAGS: 0x3f, DAZ: 0x40, MASKS: 0x1f80, ROUNDING: 0x6000, FTZ: 0x8000 } as const;

/** Everything masked, to nearest, no zeros for denormals, and #P reported before: only other flags need a look. */
const USUAL_MASK = Mxcsr.DAZ | Mxcsr.MASKS | Mxcsr.ROUNDING | Mxcsr.FTZ | PRECISION;
const USUAL = Mxcsr.MASKS | PRECISION;

export function isUsual(m: Int32Array): boolean {
  return (m[MXCSR] & USUAL_MASK) === USUAL;
}

/** The control word of float/ for MXCSR and a format (FORMAT_SINGLE or FORMAT_DOUBLE). */
export function simdControl(m: Int32Array, format: number): number {
  const mxcsr = m[MXCSR];
  const precision = format === FORMAT_SINGLE ? PRECISION_24 : PRECISION_53;
  const flush = (mxcsr & Mxcsr.FTZ) !== 0 ? FLUSH_TO_ZERO : 0;
  return ((mxcsr >> 7) & 0x3f) | ((mxcsr & Mxcsr.ROUNDING) >> 3) | precision | format | SIMD | flush;
}

/** Widens a lane of a register. @returns DENORMAL; a denormal is zero under DAZ, and none then */
export function widen(m: Int32Array, format: number, lane: number, out: number): number {
  const flags = format === FORMAT_DOUBLE ? fromDouble(m, out, m[lane + 1], m[lane]) : fromSingle(m, out, m[lane]);
  if (flags === 0 || (m[MXCSR] & Mxcsr.DAZ) === 0) return flags;
  m[out] = 0;
  m[out + 1] = 0;
  m[out + 2] &= 0x8000;
  return 0;
}

/**
 * The flags of one lane, its denormal operands included.
 * SDM Vol. 1, "SIMD Floating-Point Exception Priority": #I and #Z come before #D, and an unmasked #D before the rest.
 */
export function laneFlags(flags: number, denormal: number, control: number): number {
  if (denormal === 0 || (flags & (INVALID | ZERO_DIVIDE)) !== 0) return flags;
  return (control & DENORMAL) === 0 ? DENORMAL : flags | DENORMAL;
}

/**
 * Records the flags of all lanes.
 * @throws CpuException #XM, or #UD where the operating system does not know of it, for one that is not masked
 */
export function reportSimd(core: Core, flags: number): void {
  const m = core.i32;
  const masks = (m[MXCSR] >> 7) & 0x3f;
  let seen = flags & Mxcsr.FLAGS;
  // What comes before the result hides what comes after it, in all lanes.
  if ((seen & ~masks & BEFORE_RESULT) !== 0) seen &= BEFORE_RESULT;
  m[MXCSR] |= seen;
  if ((seen & ~masks) !== 0) raise((m[CR4] & Cr4.OSXMMEXCPT) !== 0 ? XM : UD);
}

/**
 * Floating-point values as every unit here works on them, and the words that steer and report an operation.
 * IEEE 754-2008; Intel SDM Vol. 1, "Data Types", "x87 FPU Control Word", "x87 FPU Status Word".
 *
 * A value stands in three slots of the machine's Int32Array, as in an x87 register:
 *   +0 significand, low half   +1 significand, high half, the integer bit on top   +2 sign (bit 15) and biased exponent
 * Values of 32 and 64 bits are widened to that form, which is always exact.
 *
 * Invariant: an operation writes its result to the slots it was given, or nothing when an exception that comes before
 * the computation (#I, #D, #Z) is not masked. It returns exception flags, and ROUNDED_UP.
 */

/** Exception flags; the masks of a control word stand at the same places. */
export const INVALID = 1;
export const DENORMAL = 2;
export const ZERO_DIVIDE = 4;
export const OVERFLOW = 8;
export const UNDERFLOW = 16;
export const PRECISION = 32;
/** The magnitude of the result was rounded up; C1 of the status word. */
export const ROUNDED_UP = 0x200;

/** Flags of exceptions that are found before the result is computed. */
export const BEFORE_RESULT = INVALID | DENORMAL | ZERO_DIVIDE;

// A control word: exception masks in bits 0-5 (1: masked), precision in bits 8-9, rounding in bits 10-11, all as in
// the x87's; the format whose exponent range counts in bits 12-13.
export const PRECISION_CONTROL = 0x300;
export const PRECISION_24 = 0;
export const PRECISION_53 = 0x200;
export const PRECISION_64 = 0x300;
export const ROUNDING_CONTROL = 0xc00;
export const ROUND_NEAREST = 0;
export const ROUND_DOWN = 0x400;
export const ROUND_UP = 0x800;
export const ROUND_TO_ZERO = 0xc00;
export const FORMAT = 0x3000;
export const FORMAT_EXTENDED = 0;
export const FORMAT_DOUBLE = 0x1000;
export const FORMAT_SINGLE = 0x2000;
/** An SSE operation: NaNs are chosen by its rules, and nothing is written when an exception is not masked. */
export const SIMD = 0x4000;
/** Tiny results become zero (MXCSR.FTZ with underflow masked). */
export const FLUSH_TO_ZERO = 0x8000;
/** All bits an x87 control word has a say in. */
export const X87_CONTROL = 0x3f | PRECISION_CONTROL | ROUNDING_CONTROL;

export const BIAS = 0x3fff;
export const EXPONENT_MAX = 0x7fff;
export const SIGN = 0x8000;
/** What exponents are moved by in the result of an unmasked overflow or underflow. SDM Vol. 1, "Numeric Overflow". */
export const WRAP = 0x6000;

export const INTEGER_BIT = 0x8000_0000 | 0;
export const QUIET_BIT = 0x4000_0000;

export const Class = {
  ZERO: 0,
  /** Finite and normalised. */
  NORMAL: 1,
  /** Exponent 0 and not zero; pseudo-denormals, which have the integer bit, too. */
  DENORMAL: 2,
  INFINITY: 3,
  QUIET_NAN: 4,
  SIGNALING_NAN: 5,
  /** Pseudo-NaN, pseudo-infinity, unnormal. SDM Vol. 1, "Unsupported Double Extended-Precision … Encodings". */
  UNSUPPORTED: 6,
} as const;

export function classify(m: Int32Array, at: number): number {
  const exponent = m[at + 2] & EXPONENT_MAX;
  const high = m[at + 1];
  if (exponent === 0) return (high | m[at]) === 0 ? Class.ZERO : Class.DENORMAL;
  if (high >= 0) return Class.UNSUPPORTED;
  if (exponent !== EXPONENT_MAX) return Class.NORMAL;
  if (high === INTEGER_BIT && m[at] === 0) return Class.INFINITY;
  return (high & QUIET_BIT) !== 0 ? Class.QUIET_NAN : Class.SIGNALING_NAN;
}

export function setValue(m: Int32Array, out: number, signExponent: number, high: number, low: number): void {
  m[out] = low;
  m[out + 1] = high;
  m[out + 2] = signExponent;
}

export function copyValue(m: Int32Array, from: number, out: number): void {
  m[out] = m[from];
  m[out + 1] = m[from + 1];
  m[out + 2] = m[from + 2];
}

/** @param sign 0 or SIGN */
export function setZero(m: Int32Array, out: number, sign: number): void {
  setValue(m, out, sign, 0, 0);
}

export function setInfinity(m: Int32Array, out: number, sign: number): void {
  setValue(m, out, sign | EXPONENT_MAX, INTEGER_BIT, 0);
}

/** The QNaN floating-point indefinite. */
export function setIndefinite(m: Int32Array, out: number): void {
  setValue(m, out, SIGN | EXPONENT_MAX, INTEGER_BIT | QUIET_BIT, 0);
}

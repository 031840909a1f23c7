/**
 * Operands that are not numbers, and which of two a result is made from.
 * SDM Vol. 1, "Operating on SNaNs and QNaNs", "Rules for Handling NaNs"; "Invalid Arithmetic Operand Exception".
 */
import { Class, EXPONENT_MAX, INVALID, QUIET_BIT, SIGN, SIMD, copyValue, setIndefinite } from './format.ts';

export function isNan(kind: number): boolean {
  return kind === Class.QUIET_NAN || kind === Class.SIGNALING_NAN;
}

/** NaNs and what the x87 refuses. */
export function isNoNumber(kind: number): boolean {
  return kind >= Class.QUIET_NAN;
}

export function invalid(m: Int32Array, out: number, control: number): number {
  if ((control & INVALID) !== 0) setIndefinite(m, out);
  return INVALID;
}

/** The result of an operation on one operand that is no number. */
export function propagate(m: Int32Array, a: number, kind: number, out: number, control: number): number {
  if (kind === Class.UNSUPPORTED) return invalid(m, out, control);
  const flags = kind === Class.SIGNALING_NAN ? INVALID : 0;
  if ((flags & ~control) === 0) quiet(m, a, out);
  return flags;
}

/** The result of an operation on two operands of which one at least is no number. */
export function propagate2(
  m: Int32Array,
  a: number,
  kindA: number,
  b: number,
  kindB: number,
  out: number,
  control: number,
): number {
  if (kindA === Class.UNSUPPORTED || kindB === Class.UNSUPPORTED) return invalid(m, out, control);
  const flags = kindA === Class.SIGNALING_NAN || kindB === Class.SIGNALING_NAN ? INVALID : 0;
  if ((flags & ~control) === 0) quiet(m, choose(m, a, kindA, b, kindB, control), out);
  return flags;
}

function choose(m: Int32Array, a: number, kindA: number, b: number, kindB: number, control: number): number {
  if (!isNan(kindB)) return a;
  if (!isNan(kindA)) return b;
  if ((control & SIMD) !== 0) return a;
  if (kindA !== kindB) return kindA === Class.QUIET_NAN ? a : b;
  // The larger significand; of two equal ones the positive value.
  if (m[a + 1] !== m[b + 1]) return m[a + 1] >>> 0 > m[b + 1] >>> 0 ? a : b;
  if (m[a] !== m[b]) return m[a] >>> 0 > m[b] >>> 0 ? a : b;
  return (m[a + 2] & SIGN) === 0 ? a : b;
}

function quiet(m: Int32Array, from: number, out: number): void {
  copyValue(m, from, out);
  m[out + 1] |= QUIET_BIT;
  m[out + 2] |= EXPONENT_MAX;
}

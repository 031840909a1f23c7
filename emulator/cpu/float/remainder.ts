/**
 * Partial remainder, scaling by powers of two and taking a value apart. SDM Vol. 2, FPREM, FPREM1, FSCALE, FXTRACT.
 * None of them is rounded to the precision control: all but a denormal result of FSCALE are exact.
 */
import {
  BEFORE_RESULT,
  BIAS,
  Class,
  DENORMAL,
  EXPONENT_MAX,
  PRECISION_64,
  ROUND_TO_ZERO,
  SIGN,
  ZERO_DIVIDE,
  classify,
  copyValue,
  setInfinity,
  setValue,
  setZero,
} from './format.ts';
import { normaliseAndRound } from './add.ts';
import { fromInt32, integralMagnitude } from './integer.ts';
import { leadingZeros, shiftedHigh, shiftedLow } from './multiply.ts';
import { invalid, isNoNumber, propagate2 } from './nan.ts';
import { round } from './round.ts';

/** The reduction is not complete (C2). */
export const INCOMPLETE = 0x1_0000;
/** The result is a NaN. */
export const NO_QUOTIENT = 0x10_0000;
/** Where the low three bits of the quotient stand in what `remainder` returns. */
export const QUOTIENT_SHIFT = 17;

function exponentOf(m: Int32Array, at: number): number {
  return (m[at + 2] & EXPONENT_MAX || 1) - leadingZeros(m, at);
}

function significandOf(m: Int32Array, at: number): bigint {
  return (BigInt(m[at + 1] >>> 0) << 32n) | BigInt(m[at] >>> 0);
}

/**
 * @param nearest FPREM1: the quotient is rounded to nearest, not cut off
 * @returns flags, INCOMPLETE, and the quotient's low bits from QUOTIENT_SHIFT on
 */
export function remainder(m: Int32Array, a: number, b: number, out: number, control: number, nearest: boolean): number {
  const kindA = classify(m, a);
  const kindB = classify(m, b);
  if (isNoNumber(kindA) || isNoNumber(kindB)) return NO_QUOTIENT | propagate2(m, a, kindA, b, kindB, out, control);
  if (kindA === Class.INFINITY || kindB === Class.ZERO) return NO_QUOTIENT | invalid(m, out, control);
  const flags = kindA === Class.DENORMAL || kindB === Class.DENORMAL ? DENORMAL : 0;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  if (kindA === Class.ZERO) {
    copyValue(m, a, out);
    return flags;
  }
  const sign = m[a + 2] & SIGN;
  const exact = control | PRECISION_64;
  if (kindB === Class.INFINITY) {
    // The value as it is; a denormal one is tiny.
    return flags | normaliseAndRound(m, out, exact, sign, m[a + 2] & EXPONENT_MAX || 1, m[a + 1], m[a], 0);
  }
  const exponentB = exponentOf(m, b);
  const distance = exponentOf(m, a) - exponentB;
  const significandA = significandOf(m, a) << BigInt(leadingZeros(m, a));
  const significandB = significandOf(m, b) << BigInt(leadingZeros(m, b));
  if (distance < -1 || (distance < 0 && !nearest)) {
    return flags | normaliseAndRound(m, out, exact, sign, m[a + 2] & EXPONENT_MAX || 1, m[a + 1], m[a], 0);
  }
  if (distance >= 64) {
    // SDM: the exponent falls by an implementation-dependent number from 32 to 63.
    const step = (distance & 31) | 32;
    const rest = (significandA << BigInt(step)) % significandB;
    return flags | INCOMPLETE | put(m, out, exact, sign, exponentB + distance - step, rest);
  }
  // Both in units of the last place of the smaller exponent.
  const unit = distance < 0 ? 1n : 0n;
  const dividend = significandA << BigInt(distance < 0 ? 0 : distance);
  const divisor = significandB << unit;
  let quotient = dividend / divisor;
  let rest = dividend % divisor;
  let resultSign = sign;
  if (nearest && (2n * rest > divisor || (2n * rest === divisor && (quotient & 1n) === 1n))) {
    rest = divisor - rest;
    quotient++;
    resultSign ^= SIGN;
  }
  if (rest === 0n) resultSign = sign;
  const low = Number(quotient & 7n) << QUOTIENT_SHIFT;
  return flags | low | put(m, out, exact, resultSign, exponentB - Number(unit), rest);
}

function put(m: Int32Array, out: number, control: number, sign: number, exponent: number, rest: bigint): number {
  if (rest === 0n) {
    setZero(m, out, sign);
    return 0;
  }
  const high = Number((rest >> 32n) & 0xffff_ffffn) | 0;
  const low = Number(rest & 0xffff_ffffn) | 0;
  return normaliseAndRound(m, out, control, sign, exponent, high, low, 0);
}

/** FSCALE: a times two to the integral part of b. */
export function scale(m: Int32Array, a: number, b: number, out: number, control: number): number {
  const kindA = classify(m, a);
  const kindB = classify(m, b);
  if (isNoNumber(kindA) || isNoNumber(kindB)) return propagate2(m, a, kindA, b, kindB, out, control);
  const sign = m[a + 2] & SIGN;
  const down = (m[b + 2] & SIGN) !== 0;
  if (kindB === Class.INFINITY) {
    if (kindA === (down ? Class.INFINITY : Class.ZERO)) return invalid(m, out, control);
    const flags = kindA === Class.DENORMAL ? DENORMAL : 0;
    if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
    if (down) setZero(m, out, sign);
    else setInfinity(m, out, sign);
    return flags;
  }
  const flags = kindA === Class.DENORMAL || kindB === Class.DENORMAL ? DENORMAL : 0;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  if (kindA === Class.INFINITY || kindA === Class.ZERO) {
    copyValue(m, a, out);
    return flags;
  }
  const shift = leadingZeros(m, a);
  const high = shiftedHigh(m[a + 1], m[a], shift);
  const low = shiftedLow(m[a], shift);
  let exponent = exponentOf(m, a);
  if (kindB !== Class.ZERO) exponent += exponentSteps(m, b, out, down);
  return flags | round(m, out, control | PRECISION_64, sign, exponent, high, low, 0);
}

/** More than any exponent can be moved without passing both ends of the range. */
const STEPS_MAX = 0x1_0000;

function exponentSteps(m: Int32Array, b: number, scratch: number, down: boolean): number {
  let steps = STEPS_MAX;
  if ((m[b + 2] & EXPONENT_MAX) < BIAS + 16) {
    // `scratch` is the destination, which may be the other operand's place: it is restored by the caller's writes.
    integralMagnitude(m, b, scratch, ROUND_TO_ZERO);
    steps = m[scratch];
  }
  return down ? -steps : steps;
}

/** FXTRACT: the exponent of `a` as a value to `exponentOut`, its significand with exponent 0 to `significandOut`. */
export function extract(
  m: Int32Array,
  a: number,
  exponentOut: number,
  significandOut: number,
  control: number,
): number {
  const kind = classify(m, a);
  const sign = m[a + 2] & SIGN;
  if (isNoNumber(kind)) {
    const flags = propagate2(m, a, kind, a, kind, significandOut, control);
    if ((flags & ~control & BEFORE_RESULT) === 0) copyValue(m, significandOut, exponentOut);
    return flags;
  }
  let flags = kind === Class.DENORMAL ? DENORMAL : 0;
  if (kind === Class.ZERO) flags = ZERO_DIVIDE;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  if (kind === Class.ZERO || kind === Class.INFINITY) {
    copyValue(m, a, significandOut);
    setInfinity(m, exponentOut, kind === Class.ZERO ? SIGN : 0);
    return flags;
  }
  const shift = leadingZeros(m, a);
  const exponent = exponentOf(m, a) - BIAS;
  setValue(m, significandOut, sign | BIAS, shiftedHigh(m[a + 1], m[a], shift), shiftedLow(m[a], shift));
  fromInt32(m, exponentOut, exponent);
  return flags;
}

/**
 * Values of 32 and 64 bits, widened and narrowed. IEEE 754-2008 §5.4.2; SDM Vol. 1, "Floating-Point Data Types".
 */
import {
  BIAS,
  Class,
  DENORMAL,
  EXPONENT_MAX,
  FORMAT_DOUBLE,
  INTEGER_BIT,
  PRECISION_24,
  PRECISION_53,
  PRECISION_CONTROL,
  SIGN,
  classify,
  copyValue,
  setValue,
} from './format.ts';
import { leadingZeros, shiftedHigh, shiftedLow } from './multiply.ts';
import { isNoNumber, propagate } from './nan.ts';
import { round } from './round.ts';

const SINGLE_BIAS = 127;
const DOUBLE_BIAS = 1023;

/** @returns DENORMAL for a denormal, which has been normalised; NaNs keep their payload, quiet or not */
export function fromSingle(m: Int32Array, out: number, bits: number): number {
  const sign = (bits >>> 16) & SIGN;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = (bits << 8) & 0x7fff_ff00;
  if (exponent === 0) {
    if (fraction === 0) {
      setValue(m, out, sign, 0, 0);
      return 0;
    }
    const shift = Math.clz32(fraction);
    setValue(m, out, sign | (BIAS - SINGLE_BIAS + 1 - shift), fraction << shift, 0);
    return DENORMAL;
  }
  const widened = exponent === 0xff ? EXPONENT_MAX : exponent + BIAS - SINGLE_BIAS;
  setValue(m, out, sign | widened, fraction | INTEGER_BIT, 0);
  return 0;
}

/** As `fromSingle`. */
export function fromDouble(m: Int32Array, out: number, high: number, low: number): number {
  const sign = (high >>> 16) & SIGN;
  const exponent = (high >>> 20) & 0x7ff;
  const upper = ((high << 11) & 0x7fff_f800) | (low >>> 21);
  const lower = low << 11;
  if (exponent === 0) {
    setValue(m, out, sign, upper, lower);
    if ((upper | lower) === 0) return 0;
    const shift = leadingZeros(m, out);
    const widened = BIAS - DOUBLE_BIAS + 1 - shift;
    setValue(m, out, sign | widened, shiftedHigh(upper, lower, shift), shiftedLow(lower, shift));
    return DENORMAL;
  }
  const widened = exponent === 0x7ff ? EXPONENT_MAX : exponent + BIAS - DOUBLE_BIAS;
  setValue(m, out, sign | widened, upper | INTEGER_BIT, lower);
  return 0;
}

/**
 * Rounds to the range and precision of a narrow format, without regard to denormal operands; the value keeps its wide form, ready for `singleBits` or
 * `doubleHigh`.
 * @param format FORMAT_SINGLE or FORMAT_DOUBLE
 */
export function narrow(m: Int32Array, a: number, out: number, control: number, format: number): number {
  const kind = classify(m, a);
  if (isNoNumber(kind)) return propagate(m, a, kind, out, control);
  if (kind === Class.INFINITY || kind === Class.ZERO) {
    copyValue(m, a, out);
    return 0;
  }
  const precision = format === FORMAT_DOUBLE ? PRECISION_53 : PRECISION_24;
  const shift = kind === Class.DENORMAL ? leadingZeros(m, a) : 0;
  return round(
    m,
    out,
    (control & ~PRECISION_CONTROL) | precision | format,
    m[a + 2] & SIGN,
    (m[a + 2] & EXPONENT_MAX || 1) - shift,
    shiftedHigh(m[a + 1], m[a], shift),
    shiftedLow(m[a], shift),
    0,
  );
}

/** The 32 bits of a value that `narrow` or an operation of FORMAT_SINGLE has made. */
export function singleBits(m: Int32Array, at: number): number {
  const signExponent = m[at + 2];
  const sign = (signExponent & SIGN) << 16;
  const exponent = signExponent & EXPONENT_MAX;
  const high = m[at + 1];
  // A denormal or zero has no integer bit.
  let field = 0;
  if (exponent === EXPONENT_MAX) field = 0xff;
  else if (high < 0) field = exponent - BIAS + SINGLE_BIAS;
  return sign | (field << 23) | ((high >>> 8) & 0x7f_ffff);
}

/** The upper half of such a value of 64 bits. */
export function doubleHigh(m: Int32Array, at: number): number {
  const signExponent = m[at + 2];
  const sign = (signExponent & SIGN) << 16;
  const exponent = signExponent & EXPONENT_MAX;
  const high = m[at + 1];
  let field = 0;
  if (exponent === EXPONENT_MAX) field = 0x7ff;
  else if (high < 0) field = exponent - BIAS + DOUBLE_BIAS;
  return sign | (field << 20) | ((high >>> 11) & 0xf_ffff);
}

export function doubleLow(m: Int32Array, at: number): number {
  return (m[at] >>> 11) | (m[at + 1] << 21);
}

/**
 * To and from integers, and rounding to an integral value. IEEE 754-2008 §5.8, §5.9; SDM Vol. 2, FIST, FRNDINT.
 */
import {
  BEFORE_RESULT,
  BIAS,
  Class,
  DENORMAL,
  EXPONENT_MAX,
  INTEGER_BIT,
  INVALID,
  PRECISION,
  ROUNDED_UP,
  ROUNDING_CONTROL,
  ROUND_DOWN,
  ROUND_NEAREST,
  ROUND_UP,
  SIGN,
  classify,
  copyValue,
  setValue,
  setZero,
} from './format.ts';
import { isNoNumber, propagate } from './nan.ts';

export function fromInt32(m: Int32Array, out: number, value: number): void {
  const sign = value < 0 ? SIGN : 0;
  const magnitude = value < 0 ? -value | 0 : value;
  if (magnitude === 0) {
    setZero(m, out, 0);
    return;
  }
  const shift = Math.clz32(magnitude);
  setValue(m, out, sign | (BIAS + 31 - shift), magnitude << shift, 0);
}

export function fromInt64(m: Int32Array, out: number, high: number, low: number): void {
  let [a, b] = [high, low];
  if (high < 0) {
    b = -low | 0;
    a = (~high + (low === 0 ? 1 : 0)) | 0;
  }
  if ((a | b) === 0) {
    setZero(m, out, 0);
    return;
  }
  let shift = 0;
  if (a === 0) {
    a = b;
    b = 0;
    shift = 32;
  }
  const rest = Math.clz32(a);
  if (rest !== 0) {
    a = (a << rest) | (b >>> (32 - rest));
    b <<= rest;
  }
  setValue(m, out, (high < 0 ? SIGN : 0) | (BIAS + 63 - shift - rest), a, b);
}

/**
 * The integral value of a finite number as a magnitude of 64 bits in `out` (third slot: 1 when it needs more).
 * @returns PRECISION and ROUNDED_UP
 */
export function integralMagnitude(m: Int32Array, a: number, out: number, rounding: number): number {
  const exponent = (m[a + 2] & EXPONENT_MAX || 1) - BIAS;
  const negative = (m[a + 2] & SIGN) !== 0;
  let [high, low, extra] = [m[a + 1], m[a], 0];
  m[out + 2] = 0;
  if (exponent >= 64) {
    m[out + 2] = 1;
    return 0;
  }
  const shift = 63 - exponent;
  if (shift >= 64) {
    extra = shift === 64 ? high | (low !== 0 ? 1 : 0) : (high | low) !== 0 ? 1 : 0;
    high = 0;
    low = 0;
  } else if (shift >= 32) {
    const rest = shift - 32;
    extra = low;
    low = high;
    high = 0;
    if (rest !== 0) {
      const lost = extra << (32 - rest);
      extra = (extra >>> rest) | (low << (32 - rest)) | (lost !== 0 ? 1 : 0);
      low >>>= rest;
    }
  } else if (shift !== 0) {
    extra = low << (32 - shift);
    low = (low >>> shift) | (high << (32 - shift));
    high >>>= shift;
  }
  m[out] = low;
  m[out + 1] = high;
  if (extra === 0) return 0;
  const half = extra < 0;
  const rest = (extra & 0x7fff_ffff) !== 0;
  const up =
    rounding === ROUND_NEAREST ? half && (rest || (low & 1) !== 0) : rounding === (negative ? ROUND_DOWN : ROUND_UP);
  if (!up) return PRECISION;
  const carried = (low + 1) | 0;
  m[out] = carried;
  if (carried === 0) m[out + 1] = (high + 1) | 0;
  return PRECISION | ROUNDED_UP;
}

/**
 * @param bits 16, 32 or 64: the width of the integer
 * @returns flags; INVALID alone when there is no such integer. The result, or the integer indefinite, is in the first
 *   two slots of `out`.
 */
export function toInteger(m: Int32Array, a: number, out: number, bits: number, rounding: number): number {
  const kind = classify(m, a);
  if (kind < Class.INFINITY) {
    const negative = (m[a + 2] & SIGN) !== 0;
    const flags = integralMagnitude(m, a, out, rounding);
    const high = m[out + 1];
    const low = m[out];
    if (m[out + 2] === 0 && fits(high, low, bits, negative)) {
      if (negative) {
        m[out] = -low | 0;
        m[out + 1] = (~high + (low === 0 ? 1 : 0)) | 0;
      }
      return flags;
    }
  }
  m[out] = bits === 64 ? 0 : bits === 32 ? INTEGER_BIT : 0x8000;
  m[out + 1] = INTEGER_BIT;
  return INVALID;
}

function fits(high: number, low: number, bits: number, negative: boolean): boolean {
  if (bits === 64) return high >= 0 || (negative && high === INTEGER_BIT && low === 0);
  const limit = bits === 32 ? 0x8000_0000 : 0x8000;
  return high === 0 && (negative ? low >>> 0 <= limit : low >>> 0 < limit);
}

/** FRNDINT. */
export function roundToIntegral(m: Int32Array, a: number, out: number, control: number): number {
  const kind = classify(m, a);
  if (isNoNumber(kind)) return propagate(m, a, kind, out, control);
  const flags = kind === Class.DENORMAL ? DENORMAL : 0;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  const exponent = (m[a + 2] & EXPONENT_MAX) - BIAS;
  if (kind === Class.INFINITY || kind === Class.ZERO || exponent >= 63) {
    copyValue(m, a, out);
    return flags;
  }
  const sign = m[a + 2] & SIGN;
  const rounded = integralMagnitude(m, a, out, control & ROUNDING_CONTROL);
  const [high, low] = [m[out + 1], m[out]];
  if ((high | low) === 0) setZero(m, out, sign);
  else {
    fromInt64(m, out, high & 0x7fff_ffff, low);
    // 2^63 has no positive int64.
    if (high < 0) setValue(m, out, BIAS + 63, INTEGER_BIT, 0);
    m[out + 2] |= sign;
  }
  return flags | rounded;
}

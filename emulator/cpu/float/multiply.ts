/**
 * Multiplication. IEEE 754-2008 §5.4.1; SDM Vol. 2, FMUL.
 */
import { BEFORE_RESULT, BIAS, Class, DENORMAL, EXPONENT_MAX, SIGN, classify, setInfinity, setZero } from './format.ts';
import { invalid, isNoNumber, propagate2 } from './nan.ts';
import { round } from './round.ts';

const TWO_32 = 0x1_0000_0000;

export function multiply(m: Int32Array, a: number, b: number, out: number, control: number): number {
  const seA = m[a + 2];
  const seB = m[b + 2];
  const exponentA = seA & EXPONENT_MAX;
  const exponentB = seB & EXPONENT_MAX;
  const highA = m[a + 1];
  const highB = m[b + 1];
  if (
    (highA & highB) < 0 &&
    exponentA !== 0 &&
    exponentB !== 0 &&
    (exponentA < exponentB ? exponentB : exponentA) < EXPONENT_MAX
  ) {
    const sign = (seA ^ seB) & SIGN;
    return multiplyFinite(m, out, control, sign, exponentA + exponentB - BIAS, highA, m[a], highB, m[b]);
  }
  return multiplySpecial(m, a, b, out, control);
}

function multiplySpecial(m: Int32Array, a: number, b: number, out: number, control: number): number {
  const kindA = classify(m, a);
  const kindB = classify(m, b);
  const sign = (m[a + 2] ^ m[b + 2]) & SIGN;
  if (isNoNumber(kindA) || isNoNumber(kindB)) return propagate2(m, a, kindA, b, kindB, out, control);
  const infinite = kindA === Class.INFINITY || kindB === Class.INFINITY;
  const zero = kindA === Class.ZERO || kindB === Class.ZERO;
  if (infinite && zero) return invalid(m, out, control);
  const flags = kindA === Class.DENORMAL || kindB === Class.DENORMAL ? DENORMAL : 0;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  if (infinite) setInfinity(m, out, sign);
  else if (zero) setZero(m, out, sign);
  else {
    const shiftA = leadingZeros(m, a);
    const shiftB = leadingZeros(m, b);
    const exponentA = (m[a + 2] & EXPONENT_MAX || 1) - shiftA;
    const exponentB = (m[b + 2] & EXPONENT_MAX || 1) - shiftB;
    return (
      flags |
      multiplyFinite(
        m,
        out,
        control,
        sign,
        exponentA + exponentB - BIAS,
        shiftedHigh(m[a + 1], m[a], shiftA),
        shiftedLow(m[a], shiftA),
        shiftedHigh(m[b + 1], m[b], shiftB),
        shiftedLow(m[b], shiftB),
      )
    );
  }
  return flags;
}

/** Zero bits above the first one of a significand that is not zero. */
export function leadingZeros(m: Int32Array, at: number): number {
  return m[at + 1] !== 0 ? Math.clz32(m[at + 1]) : 32 + Math.clz32(m[at]);
}

/** High half of a significand shifted left by less than 64. */
export function shiftedHigh(high: number, low: number, shift: number): number {
  if (shift === 0) return high;
  return shift >= 32 ? low << (shift - 32) : (high << shift) | (low >>> (32 - shift));
}

export function shiftedLow(low: number, shift: number): number {
  return shift >= 32 ? 0 : low << shift;
}

/** High half of the product of two unsigned 32-bit numbers. */
export function multiplyHigh(a: number, b: number): number {
  const unsigned = a >>> 0;
  // Both partial products are below 2^48, so that doubles hold them exactly.
  const upper = unsigned * (b >>> 16);
  const lower = unsigned * (b & 0xffff);
  return Math.floor((upper + Math.floor(lower / 0x1_0000)) / 0x1_0000) | 0;
}

function multiplyFinite(
  m: Int32Array,
  out: number,
  control: number,
  sign: number,
  exponent: number,
  highA: number,
  lowA: number,
  highB: number,
  lowB: number,
): number {
  let word0 = 0;
  let word1 = 0;
  let word2: number;
  let high: number;
  if ((lowA | lowB) === 0) {
    high = multiplyHigh(highA, highB);
    word2 = Math.imul(highA, highB);
  } else {
    word0 = Math.imul(lowA, lowB);
    const sum1 = (multiplyHigh(lowA, lowB) >>> 0) + (Math.imul(lowA, highB) >>> 0) + (Math.imul(highA, lowB) >>> 0);
    const sum2 =
      (multiplyHigh(lowA, highB) >>> 0) +
      (multiplyHigh(highA, lowB) >>> 0) +
      (Math.imul(highA, highB) >>> 0) +
      Math.floor(sum1 / TWO_32);
    word1 = sum1 | 0;
    word2 = sum2 | 0;
    high = (multiplyHigh(highA, highB) + Math.floor(sum2 / TWO_32)) | 0;
  }
  if (high < 0) {
    return round(m, out, control, sign, exponent + 1, high, word2, word1 | (word0 !== 0 ? 1 : 0));
  }
  return round(
    m,
    out,
    control,
    sign,
    exponent,
    (high << 1) | (word2 >>> 31),
    (word2 << 1) | (word1 >>> 31),
    (word1 << 1) | (word0 !== 0 ? 1 : 0),
  );
}

/**
 * Addition and subtraction. IEEE 754-2008 §5.4.1, "Arithmetic operations"; SDM Vol. 2, FADD, FSUB.
 *
 * Invariant: exact until `round`: the smaller operand keeps 32 bits behind its last one, of which the lowest is sticky.
 */
import {
  BEFORE_RESULT,
  Class,
  DENORMAL,
  EXPONENT_MAX,
  ROUND_DOWN,
  ROUNDING_CONTROL,
  SIGN,
  classify,
  copyValue,
  setInfinity,
  setZero,
} from './format.ts';
import { invalid, isNoNumber, propagate2 } from './nan.ts';
import { round } from './round.ts';

export function add(m: Int32Array, a: number, b: number, out: number, control: number): number {
  return addSigned(m, a, b, out, control, 0);
}

export function subtract(m: Int32Array, a: number, b: number, out: number, control: number): number {
  return addSigned(m, a, b, out, control, SIGN);
}

/** @param flip what is to be changed in the sign of `b` */
function addSigned(m: Int32Array, a: number, b: number, out: number, control: number, flip: number): number {
  const seA = m[a + 2];
  const seB = m[b + 2] ^ flip;
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
    return addFinite(m, out, control, seA & SIGN, exponentA, highA, m[a], seB & SIGN, exponentB, highB, m[b]);
  }
  return addSpecial(m, a, b, out, control, flip);
}

function addSpecial(m: Int32Array, a: number, b: number, out: number, control: number, flip: number): number {
  const kindA = classify(m, a);
  const kindB = classify(m, b);
  const signA = m[a + 2] & SIGN;
  const signB = (m[b + 2] ^ flip) & SIGN;
  if (isNoNumber(kindA) || isNoNumber(kindB)) return propagate2(m, a, kindA, b, kindB, out, control);
  if (kindA === Class.INFINITY && kindB === Class.INFINITY && signA !== signB) return invalid(m, out, control);
  const flags = kindA === Class.DENORMAL || kindB === Class.DENORMAL ? DENORMAL : 0;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  if (kindA === Class.INFINITY || kindB === Class.INFINITY) {
    setInfinity(m, out, kindA === Class.INFINITY ? signA : signB);
    return flags;
  }
  if (kindA === Class.ZERO && kindB === Class.ZERO) {
    setZero(m, out, signA === signB ? signA : zeroSign(control));
    return flags;
  }
  if (kindA === Class.ZERO) return flags | roundOperand(m, b, signB, out, control);
  if (kindB === Class.ZERO) return flags | roundOperand(m, a, signA, out, control);
  const exponentA = m[a + 2] & EXPONENT_MAX || 1;
  const exponentB = m[b + 2] & EXPONENT_MAX || 1;
  return flags | addFinite(m, out, control, signA, exponentA, m[a + 1], m[a], signB, exponentB, m[b + 1], m[b]);
}

/** x + 0: rounded to the destination's precision. */
function roundOperand(m: Int32Array, a: number, sign: number, out: number, control: number): number {
  copyValue(m, a, out);
  return normaliseAndRound(m, out, control, sign, m[out + 2] & EXPONENT_MAX || 1, m[out + 1], m[out], 0);
}

/** The sign of an exact zero difference. */
function zeroSign(control: number): number {
  return (control & ROUNDING_CONTROL) === ROUND_DOWN ? SIGN : 0;
}

function addFinite(
  m: Int32Array,
  out: number,
  control: number,
  signA: number,
  exponentA: number,
  highA: number,
  lowA: number,
  signB: number,
  exponentB: number,
  highB: number,
  lowB: number,
): number {
  let exponent = exponentA;
  let sign = signA;
  let high1 = highA;
  let low1 = lowA;
  let high2 = highB;
  let low2 = lowB;
  let distance = exponentA - exponentB;
  if (distance < 0) {
    exponent = exponentB;
    sign = signB;
    high1 = highB;
    low1 = lowB;
    high2 = highA;
    low2 = lowA;
    distance = -distance;
  }
  // Shift the smaller one right; what falls out of its low half goes to `extra`.
  let extra = 0;
  if (distance >= 32) {
    if (distance >= 64) {
      extra = distance === 64 ? high2 | (low2 !== 0 ? 1 : 0) : 1;
      if (distance > 64 && distance < 96) {
        extra = (high2 >>> (distance - 64)) | (((high2 << (96 - distance)) | low2) !== 0 ? 1 : 0);
      }
      high2 = 0;
      low2 = 0;
    } else {
      const shift = distance - 32;
      extra = low2;
      low2 = high2;
      high2 = 0;
      if (shift !== 0) {
        const lost = extra << (32 - shift);
        extra = (extra >>> shift) | (low2 << (32 - shift)) | (lost !== 0 ? 1 : 0);
        low2 >>>= shift;
      }
    }
  } else if (distance !== 0) {
    extra = low2 << (32 - distance);
    low2 = (low2 >>> distance) | (high2 << (32 - distance));
    high2 >>>= distance;
  }

  if (signA === signB) {
    const low = (low1 + low2) | 0;
    const carry = low >>> 0 < low1 >>> 0 ? 1 : 0;
    const sum = (high1 >>> 0) + (high2 >>> 0) + carry;
    let high = sum | 0;
    if (sum < 0x1_0000_0000) {
      if (high < 0) return round(m, out, control, sign, exponent, high, low, extra);
      // Two denormals.
      return normaliseAndRound(m, out, control, sign, exponent, high, low, extra);
    }
    extra = (extra >>> 1) | (extra & 1) | (low << 31);
    const shifted = (low >>> 1) | (high << 31);
    high = (high >>> 1) | (0x8000_0000 | 0);
    return round(m, out, control, sign, exponent + 1, high, shifted, extra);
  }

  // The difference of the significands: 96 bits.
  if (distance === 0) {
    const less = high1 === high2 ? low1 >>> 0 < low2 >>> 0 : high1 >>> 0 < high2 >>> 0;
    if (less) {
      sign = signB;
      high1 = highB;
      low1 = lowB;
      high2 = highA;
      low2 = lowA;
    }
  }
  const borrow = extra !== 0 ? 1 : 0;
  const low = (low1 - low2 - borrow) | 0;
  const lowBorrow = low1 >>> 0 < (low2 >>> 0) + borrow ? 1 : 0;
  const high = (high1 - high2 - lowBorrow) | 0;
  extra = -extra | 0;
  if (high < 0) return round(m, out, control, sign, exponent, high, low, extra);
  if ((high | low | extra) === 0) {
    setZero(m, out, zeroSign(control));
    return 0;
  }
  return normaliseAndRound(m, out, control, sign, exponent, high, low, extra);
}

/** `round` for a significand whose integer bit may be clear; not zero. */
export function normaliseAndRound(
  m: Int32Array,
  out: number,
  control: number,
  sign: number,
  exponent: number,
  high: number,
  low: number,
  extra: number,
): number {
  let [a, b, c, e] = [high, low, extra, exponent];
  while (a === 0) {
    a = b;
    b = c;
    c = 0;
    e -= 32;
  }
  const shift = Math.clz32(a);
  if (shift !== 0) {
    a = (a << shift) | (b >>> (32 - shift));
    b = (b << shift) | (c >>> (32 - shift));
    c <<= shift;
    e -= shift;
  }
  return round(m, out, control, sign, e, a, b, c);
}

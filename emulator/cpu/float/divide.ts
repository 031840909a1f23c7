/**
 * Division. IEEE 754-2008 §5.4.1; SDM Vol. 2, FDIV.
 *
 * Invariant: a quotient digit of 32 bits is estimated in doubles, whose error is far below one, and corrected by its
 * exact remainder.
 */
import {
  BEFORE_RESULT,
  BIAS,
  Class,
  DENORMAL,
  EXPONENT_MAX,
  INTEGER_BIT,
  SIGN,
  ZERO_DIVIDE,
  classify,
  setInfinity,
  setZero,
} from './format.ts';
import { leadingZeros, multiplyHigh, shiftedHigh, shiftedLow } from './multiply.ts';
import { invalid, isNoNumber, propagate2 } from './nan.ts';
import { round } from './round.ts';

const TWO_32 = 0x1_0000_0000;

export function divide(m: Int32Array, a: number, b: number, out: number, control: number): number {
  const kindA = classify(m, a);
  const kindB = classify(m, b);
  const sign = (m[a + 2] ^ m[b + 2]) & SIGN;
  if (kindA === Class.NORMAL && kindB === Class.NORMAL) {
    const exponent = (m[a + 2] & EXPONENT_MAX) - (m[b + 2] & EXPONENT_MAX) + BIAS;
    return divideFinite(m, out, control, sign, exponent, m[a + 1], m[a], m[b + 1], m[b]);
  }
  if (isNoNumber(kindA) || isNoNumber(kindB)) return propagate2(m, a, kindA, b, kindB, out, control);
  if (kindA === kindB && (kindA === Class.INFINITY || kindA === Class.ZERO)) return invalid(m, out, control);
  let flags = kindA === Class.DENORMAL || kindB === Class.DENORMAL ? DENORMAL : 0;
  if (kindB === Class.ZERO && kindA !== Class.INFINITY) flags = ZERO_DIVIDE;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  if (kindA === Class.INFINITY || kindB === Class.ZERO) setInfinity(m, out, sign);
  else if (kindB === Class.INFINITY || kindA === Class.ZERO) setZero(m, out, sign);
  else {
    const shiftA = leadingZeros(m, a);
    const shiftB = leadingZeros(m, b);
    const exponentA = (m[a + 2] & EXPONENT_MAX || 1) - shiftA;
    const exponentB = (m[b + 2] & EXPONENT_MAX || 1) - shiftB;
    const [highA, lowA] = [shiftedHigh(m[a + 1], m[a], shiftA), shiftedLow(m[a], shiftA)];
    const [highB, lowB] = [shiftedHigh(m[b + 1], m[b], shiftB), shiftedLow(m[b], shiftB)];
    const exponent = exponentA - exponentB + BIAS;
    return flags | divideFinite(m, out, control, sign, exponent, highA, lowA, highB, lowB);
  }
  return flags;
}

function divideFinite(
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
  const divisor = (highB >>> 0) * TWO_32 + (lowB >>> 0);
  const less = highA === highB ? lowA >>> 0 < lowB >>> 0 : highA >>> 0 < highB >>> 0;
  // The remainder in two halves, below the divisor; a quotient of 1 or more gives its integer bit now.
  let low = lowA;
  let high = highA;
  if (!less) {
    low = (lowA - lowB) | 0;
    high = (highA - highB - (lowA >>> 0 < lowB >>> 0 ? 1 : 0)) | 0;
  }
  let digit0 = 0;
  let digit1 = 0;
  for (let step = 0; step < 2; step++) {
    let digit = Math.floor((((high >>> 0) * TWO_32 + (low >>> 0)) / divisor) * TWO_32);
    if (digit >= TWO_32) digit = TWO_32 - 1;
    // remainder * 2^32 - digit * divisor, 96 bits, of which the highest tells whether the digit was too large.
    const q = digit | 0;
    const product1 = (multiplyHigh(q, lowB) >>> 0) + (Math.imul(q, highB) >>> 0);
    const product2 = (multiplyHigh(q, highB) >>> 0) + Math.floor(product1 / TWO_32);
    const product0 = Math.imul(q, lowB);
    let next0 = -product0 | 0;
    const difference1 = (low >>> 0) - (product1 >>> 0) - (product0 !== 0 ? 1 : 0);
    let next1 = difference1 | 0;
    let next2 = (high >>> 0) - product2 - (difference1 < 0 ? 1 : 0);
    while (next2 < 0) {
      digit--;
      const sum0 = (next0 >>> 0) + (lowB >>> 0);
      const sum1 = (next1 >>> 0) + (highB >>> 0) + (sum0 >= TWO_32 ? 1 : 0);
      next0 = sum0 | 0;
      next1 = sum1 | 0;
      if (sum1 >= TWO_32) next2++;
    }
    while (next2 > 0 || next1 >>> 0 > highB >>> 0 || (next1 === highB && next0 >>> 0 >= lowB >>> 0)) {
      digit++;
      const borrow0 = next0 >>> 0 < lowB >>> 0 ? 1 : 0;
      const difference = (next1 >>> 0) - (highB >>> 0) - borrow0;
      next0 = (next0 - lowB) | 0;
      next1 = difference | 0;
      if (difference < 0) next2--;
    }
    low = next0;
    high = next1;
    digit1 = digit0;
    digit0 = digit | 0;
  }
  const sticky = (low | high) !== 0 ? 1 : 0;
  if (!less) {
    const upper = (digit1 >>> 1) | INTEGER_BIT;
    return round(m, out, control, sign, exponent, upper, (digit0 >>> 1) | (digit1 << 31), (digit0 << 31) | sticky);
  }
  // The next quotient bit: twice the remainder against the divisor.
  const twiceHigh = (high << 1) | (low >>> 31);
  const atLeast = high < 0 || twiceHigh >>> 0 > highB >>> 0 || (twiceHigh === highB && (low << 1) >>> 0 >= lowB >>> 0);
  const exact = twiceHigh === highB && low << 1 === lowB && high >= 0;
  const extra = (atLeast ? INTEGER_BIT : 0) | (sticky !== 0 && !exact ? 1 : 0);
  return round(m, out, control, sign, exponent - 1, digit1, digit0, extra);
}

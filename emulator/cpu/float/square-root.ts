/**
 * Square root. IEEE 754-2008 §5.4.1; SDM Vol. 2, FSQRT.
 *
 * The root of 128 bits from that of its upper half (Zimmermann, "Karatsuba Square Root", 1999): the first 32 bits are
 * the double root of the upper 64 bits, corrected; the other 32 bits are a quotient.
 */
import {
  BEFORE_RESULT,
  BIAS,
  Class,
  DENORMAL,
  EXPONENT_MAX,
  INTEGER_BIT,
  SIGN,
  classify,
  copyValue,
} from './format.ts';
import { leadingZeros, multiplyHigh, shiftedHigh, shiftedLow } from './multiply.ts';
import { invalid, isNoNumber, propagate } from './nan.ts';
import { round } from './round.ts';

const TWO_32 = 0x1_0000_0000;

export function squareRoot(m: Int32Array, a: number, out: number, control: number): number {
  const kind = classify(m, a);
  const negative = (m[a + 2] & SIGN) !== 0;
  if (isNoNumber(kind)) return propagate(m, a, kind, out, control);
  if (kind === Class.ZERO) {
    copyValue(m, a, out);
    return 0;
  }
  if (negative) return invalid(m, out, control);
  if (kind === Class.INFINITY) {
    copyValue(m, a, out);
    return 0;
  }
  const flags = kind === Class.DENORMAL ? DENORMAL : 0;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  const shift = leadingZeros(m, a);
  const exponent = (m[a + 2] & EXPONENT_MAX || 1) - shift - BIAS;
  let high = shiftedHigh(m[a + 1], m[a], shift);
  let low = shiftedLow(m[a], shift);
  // Radicand in [2^126, 2^128), its exponent even.
  let below = 0;
  if ((exponent & 1) === 0) {
    below = low << 31;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
  }
  return flags | rootFinite(m, out, control, (exponent >> 1) + BIAS, high | 0, low, below);
}

/** Root of the 128 bits high, low, below, 0. */
function rootFinite(
  m: Int32Array,
  out: number,
  control: number,
  exponent: number,
  high: number,
  low: number,
  below: number,
): number {
  // s1 = floor(sqrt(high:low)), r1 = what is left, at most 2 * s1: 33 bits.
  let s1 = Math.floor(Math.sqrt((high >>> 0) * TWO_32 + (low >>> 0)));
  if (s1 >= TWO_32) s1 = TWO_32 - 1;
  let r1 = remainderOfSquare(high, low, s1);
  while (r1 < 0) {
    s1--;
    r1 += 2 * s1 + 1;
  }
  while (r1 > 2 * s1) {
    r1 -= 2 * s1 + 1;
    s1++;
  }
  // q, u = (r1 * 2^32 + below) divided by 2 * s1, in two digits of 16 bits so that every term fits a double.
  const divisor = 2 * s1;
  const first = r1 * 0x1_0000 + (below >>> 16);
  const digit1 = Math.floor(first / divisor);
  const second = (first - digit1 * divisor) * 0x1_0000 + (below & 0xffff);
  const digit0 = Math.floor(second / divisor);
  let q = digit1 * 0x1_0000 + digit0;
  let u = second - digit0 * divisor;
  if (q >= TWO_32) {
    u += (q - (TWO_32 - 1)) * divisor;
    q = TWO_32 - 1;
  }
  // r = u * 2^32 - q^2; below 0: the root is one less.
  const squareHigh = multiplyHigh(q | 0, q | 0) >>> 0;
  const squareLow = Math.imul(q | 0, q | 0) >>> 0;
  let rootLow = q | 0;
  let rootHigh = s1 | 0;
  let rHigh = u - squareHigh - (squareLow !== 0 ? 1 : 0);
  let rLow = -squareLow >>> 0;
  if (rHigh < 0) {
    if (rootLow === 0) rootHigh = (rootHigh - 1) | 0;
    rootLow = (rootLow - 1) | 0;
    // r += 2 * root + 1 of the smaller root.
    const sum = rLow + ((rootLow << 1) >>> 0) + 1;
    rLow = sum >= TWO_32 ? sum - TWO_32 : sum;
    rHigh += (rootHigh >>> 0) * 2 + (rootLow >>> 31) + (sum >= TWO_32 ? 1 : 0);
  }
  // Half way is never met: (s + 1/2)^2 = s^2 + s + 1/4. Above it when r > s.
  const above = rHigh > rootHigh >>> 0 || (rHigh === rootHigh >>> 0 && rLow > rootLow >>> 0);
  const extra = (above ? INTEGER_BIT : 0) | (rHigh !== 0 || rLow !== 0 ? 1 : 0);
  return round(m, out, control, 0, exponent, rootHigh, rootLow, extra);
}

/** high:low - s^2, which is small. */
function remainderOfSquare(high: number, low: number, s: number): number {
  const squareHigh = multiplyHigh(s | 0, s | 0) >>> 0;
  const squareLow = Math.imul(s | 0, s | 0) >>> 0;
  return ((high >>> 0) - squareHigh) * TWO_32 + ((low >>> 0) - squareLow);
}

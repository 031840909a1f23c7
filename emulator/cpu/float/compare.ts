/**
 * Comparison. IEEE 754-2008 §5.11; SDM Vol. 2, FCOM, FUCOM, COMISD.
 */
import { Class, DENORMAL, EXPONENT_MAX, INVALID, SIGN, classify } from './format.ts';
import { isNoNumber } from './nan.ts';

export const LESS = 0x1_0000;
export const EQUAL = 0x2_0000;
export const GREATER = 0x4_0000;
export const UNORDERED = 0x8_0000;

/**
 * @param quiet whether quiet NaNs are no invalid operation
 * @returns exception flags and one of the relations
 */
export function compare(m: Int32Array, a: number, b: number, quiet: boolean): number {
  const kindA = classify(m, a);
  const kindB = classify(m, b);
  if (isNoNumber(kindA) || isNoNumber(kindB)) {
    const signals = !quiet || kindA > Class.QUIET_NAN || kindB > Class.QUIET_NAN;
    return UNORDERED | (signals ? INVALID : 0);
  }
  const flags = kindA === Class.DENORMAL || kindB === Class.DENORMAL ? DENORMAL : 0;
  return flags | order(m, a, b, kindA === Class.ZERO && kindB === Class.ZERO);
}

function order(m: Int32Array, a: number, b: number, zeros: boolean): number {
  if (zeros) return EQUAL;
  const negative = (m[a + 2] & SIGN) !== 0;
  if (negative !== ((m[b + 2] & SIGN) !== 0)) return negative ? LESS : GREATER;
  // A pseudo-denormal has the value of exponent 1.
  const exponentA = m[a + 2] & EXPONENT_MAX || 1;
  const exponentB = m[b + 2] & EXPONENT_MAX || 1;
  let difference = 0;
  // A zero against a denormal or a number of exponent 1: the significands tell.
  if (exponentA !== exponentB) difference = exponentA - exponentB;
  else if (m[a + 1] !== m[b + 1]) difference = m[a + 1] >>> 0 > m[b + 1] >>> 0 ? 1 : -1;
  else if (m[a] !== m[b]) difference = m[a] >>> 0 > m[b] >>> 0 ? 1 : -1;
  if (difference === 0) return EQUAL;
  return difference > 0 !== negative ? GREATER : LESS;
}

/**
 * Packed decimal integers of 18 digits. SDM Vol. 1, "BCD and Packed BCD Integers"; Vol. 2, FBLD, FBSTP.
 */
import { Class, EXPONENT_MAX, INVALID, SIGN, classify } from './format.ts';
import { fromInt64, integralMagnitude } from './integer.ts';

const LIMIT = 10n ** 18n;

/** @param bytes the nine bytes of digits, lowest first; @param sign 0 or SIGN */
export function fromDecimal(m: Int32Array, out: number, bytes: readonly number[], sign: number): void {
  // Digits above 9 are undefined; processors weigh them like the others.
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index--) {
    value = value * 100n + BigInt((bytes[index] >> 4) * 10 + (bytes[index] & 15));
  }
  fromInt64(m, out, Number(value >> 32n) | 0, Number(value & 0xffff_ffffn) | 0);
  m[out + 2] |= sign;
}

/**
 * @param scratch three slots to work in
 * @returns the flags and the ten bytes; INVALID with the packed decimal indefinite when it does not fit
 */
export function toDecimal(
  m: Int32Array,
  a: number,
  scratch: number,
  rounding: number,
): { readonly flags: number; readonly bytes: readonly number[] } {
  const kind = classify(m, a);
  const indefinite = { flags: INVALID, bytes: [0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff] };
  if (kind >= Class.INFINITY || (m[a + 2] & EXPONENT_MAX) > 0x3fff + 63) return indefinite;
  const flags = integralMagnitude(m, a, scratch, rounding);
  let value = (BigInt(m[scratch + 1] >>> 0) << 32n) | BigInt(m[scratch] >>> 0);
  if (value >= LIMIT) return indefinite;
  const bytes: number[] = [];
  for (let index = 0; index < 9; index++) {
    const pair = Number(value % 100n);
    value /= 100n;
    bytes.push((Math.floor(pair / 10) << 4) | (pair % 10));
  }
  bytes.push((m[a + 2] & SIGN) >> 8);
  return { flags, bytes };
}

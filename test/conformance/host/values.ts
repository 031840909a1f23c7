/** Random operands that lie where floating-point units differ: at the ends of ranges, between two values, no numbers. */
import type { Random } from '../../unit/cpu/random.ts';

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)];
}

/** Biased exponents of 15 bits around which something changes. */
const EXPONENTS = [
  0, 1, 2, 63, 64, 65, 0x3bcc, 0x3bcd, 0x3bff, 0x3c00, 0x3c01, 0x3f69, 0x3f6a, 0x3f80, 0x3f81, 0x3fbe, 0x3fbf, 0x3fdf,
  0x3ffd, 0x3ffe, 0x3fff, 0x4000, 0x400d, 0x400e, 0x401d, 0x401e, 0x403d, 0x403e, 0x403f, 0x407e, 0x407f, 0x43fe,
  0x43ff, 0x7ffd, 0x7ffe, 0x7fff,
];

/** A significand with runs of ones and zeros, so that halfway cases and carries are common. */
export function significand(random: Random): bigint {
  let value = (BigInt.asUintN(32, BigInt(random.int32())) << 32n) | BigInt.asUintN(32, BigInt(random.int32()));
  const keep = pick(random, [0n, 1n, 8n, 11n, 12n, 24n, 25n, 32n, 40n, 53n, 54n, 63n, 64n]);
  switch (random.below(6)) {
    case 0:
      value = (value >> keep) << keep;
      break;
    case 1:
      value |= (1n << keep) - 1n;
      break;
    case 2:
      value = 1n << keep;
      break;
    case 3:
      value = -(1n << keep);
      break;
    default:
  }
  return BigInt.asUintN(64, value + pick(random, [0n, 0n, 0n, 1n, -1n]));
}

/** The ten bytes of an extended value. */
export function extended(random: Random): Uint8Array {
  const bytes = new Uint8Array(10);
  const view = new DataView(bytes.buffer);
  let mantissa = significand(random) | (1n << 63n);
  let exponent: number;
  switch (random.below(16)) {
    case 0:
      return bytes.fill(random.below(2) * 0x80, 9);
    case 1:
      exponent = 0x7fff;
      if (random.below(2) === 0) mantissa = 1n << 63n;
      break;
    case 2:
      exponent = 0;
      if (random.below(3) !== 0) mantissa &= (1n << 63n) - 1n;
      break;
    case 3:
      exponent = pick(random, EXPONENTS);
      mantissa = significand(random);
      break;
    case 4:
    case 5:
      exponent = pick(random, EXPONENTS);
      break;
    case 6:
      exponent = random.below(0x8000);
      break;
    case 7:
      // A small integer.
      mantissa = BigInt(random.below(1000) + 1);
      exponent = 0x3fff + 63;
      while (mantissa < 1n << 63n) {
        mantissa <<= 1n;
        exponent--;
      }
      break;
    case 8:
      exponent = 0x3fff - random.below(80);
      break;
    default:
      exponent = 0x3fff + random.below(140) - 70;
  }
  view.setBigUint64(0, BigInt.asUintN(64, mantissa), true);
  view.setUint16(8, exponent | (random.below(2) * 0x8000), true);
  return bytes;
}

/** A value of 64 bits. */
export function double(random: Random): bigint {
  const fraction = significand(random) & 0xf_ffff_ffff_ffffn;
  const exponents = [
    0, 0, 1, 2, 0x3fe, 0x3ff, 0x400, 0x380, 0x369, 0x47f, 0x47e, 0x43d, 0x43e, 0x41d, 0x41e, 0x7fd, 0x7fe, 0x7ff,
  ];
  let exponent = pick(random, exponents);
  if (random.below(2) === 0) exponent = 0x3ff + random.below(120) - 60;
  const sign = BigInt(random.below(2)) << 63n;
  if (random.below(12) === 0) return sign | (BigInt(exponent) << 52n);
  if (random.below(16) === 0) return sign;
  return sign | (BigInt(exponent) << 52n) | fraction;
}

/** A value of 32 bits. */
export function single(random: Random): number {
  const fraction = Number(significand(random) & 0x7f_ffffn);
  let exponent = pick(random, [0, 0, 1, 2, 0x7e, 0x7f, 0x80, 0x95, 0x96, 0x97, 0x9d, 0x9e, 0xfd, 0xfe, 0xff]);
  if (random.below(2) === 0) exponent = 0x7f + random.below(60) - 30;
  const sign = random.below(2) * 0x8000_0000;
  if (random.below(12) === 0) return sign + exponent * 0x80_0000;
  if (random.below(16) === 0) return sign;
  return sign + exponent * 0x80_0000 + fraction;
}

/** Bytes as values of one size, or of no kind. */
export function fillOperand(random: Random, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kind = random.below(6);
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    switch (kind) {
      case 0:
      case 1:
        for (let n = 0; n < 16; n += 4) view.setUint32(at + n, single(random), true);
        break;
      case 2:
      case 3:
        for (let n = 0; n < 16; n += 8) view.setBigUint64(at + n, double(random), true);
        break;
      case 4:
        bytes.set(extended(random), at);
        break;
      default:
        for (let n = 0; n < 16; n += 8) view.setBigUint64(at + n, significand(random), true);
    }
  }
}

/**
 * Packed integers within one 32-bit word: four bytes, two words or one doubleword. Intel SDM Vol. 2, PADDB and on.
 *
 * Invariant: every function takes and gives int32; no lane carries into its neighbour.
 */

export type WordOperation = (a: number, b: number) => number;

const LOW_BYTES = 0x00ff_00ff;
const HIGH_BYTES = 0xff00_ff00 | 0;

function bytes(lane: (a: number, b: number) => number, signed: boolean): WordOperation {
  const extract = signed
    ? (value: number, shift: number): number => (value << (24 - shift)) >> 24
    : (value: number, shift: number): number => (value >>> shift) & 0xff;
  return (a, b) =>
    (lane(extract(a, 0), extract(b, 0)) & 0xff) |
    ((lane(extract(a, 8), extract(b, 8)) & 0xff) << 8) |
    ((lane(extract(a, 16), extract(b, 16)) & 0xff) << 16) |
    (lane(extract(a, 24), extract(b, 24)) << 24);
}

function words(lane: (a: number, b: number) => number, signed: boolean): WordOperation {
  return signed
    ? (a, b) => (lane((a << 16) >> 16, (b << 16) >> 16) & 0xffff) | (lane(a >> 16, b >> 16) << 16)
    : (a, b) => (lane(a & 0xffff, b & 0xffff) & 0xffff) | (lane(a >>> 16, b >>> 16) << 16);
}

export function saturateInt8(value: number): number {
  return value > 0x7f ? 0x7f : value < -0x80 ? -0x80 : value;
}

export function saturateUint8(value: number): number {
  return value > 0xff ? 0xff : value < 0 ? 0 : value;
}

export function saturateInt16(value: number): number {
  return value > 0x7fff ? 0x7fff : value < -0x8000 ? -0x8000 : value;
}

function saturateUint16(value: number): number {
  return value > 0xffff ? 0xffff : value < 0 ? 0 : value;
}

const sum = (a: number, b: number): number => a + b;
const difference = (a: number, b: number): number => a - b;
const ones = (holds: boolean): number => (holds ? -1 : 0);

export const lanes = {
  PADDB: (a, b) =>
    (((a & HIGH_BYTES) + (b & HIGH_BYTES)) & HIGH_BYTES) | (((a & LOW_BYTES) + (b & LOW_BYTES)) & LOW_BYTES),
  PADDW: words(sum, false),
  PADDD: (a, b) => (a + b) | 0,
  PSUBB: bytes(difference, false),
  PSUBW: words(difference, false),
  PSUBD: (a, b) => (a - b) | 0,
  PADDSB: bytes((a, b) => saturateInt8(a + b), true),
  PADDSW: words((a, b) => saturateInt16(a + b), true),
  PADDUSB: bytes((a, b) => saturateUint8(a + b), false),
  PADDUSW: words((a, b) => saturateUint16(a + b), false),
  PSUBSB: bytes((a, b) => saturateInt8(a - b), true),
  PSUBSW: words((a, b) => saturateInt16(a - b), true),
  PSUBUSB: bytes((a, b) => saturateUint8(a - b), false),
  PSUBUSW: words((a, b) => saturateUint16(a - b), false),
  PMULLW: words((a, b) => Math.imul(a, b), true),
  PMULHW: words((a, b) => Math.imul(a, b) >> 16, true),
  PMADDWD: (a, b) => (Math.imul((a << 16) >> 16, (b << 16) >> 16) + Math.imul(a >> 16, b >> 16)) | 0,
  PAND: (a, b) => a & b,
  PANDN: (a, b) => ~a & b,
  POR: (a, b) => a | b,
  PXOR: (a, b) => a ^ b,
  PCMPEQB: bytes((a, b) => ones(a === b), false),
  PCMPEQW: words((a, b) => ones(a === b), false),
  PCMPEQD: (a, b) => ones(a === b),
  PCMPGTB: bytes((a, b) => ones(a > b), true),
  PCMPGTW: words((a, b) => ones(a > b), true),
  PCMPGTD: (a, b) => ones(a > b),
} as const satisfies Record<string, WordOperation>;

/** Those that came to MMX registers with SSE. */
export const sseLanes = {
  PAVGB: bytes((a, b) => (a + b + 1) >> 1, false),
  PAVGW: words((a, b) => (a + b + 1) >> 1, false),
  PMINUB: bytes((a, b) => (a < b ? a : b), false),
  PMAXUB: bytes((a, b) => (a > b ? a : b), false),
  PMINSW: words((a, b) => (a < b ? a : b), true),
  PMAXSW: words((a, b) => (a > b ? a : b), true),
  PMULHUW: words((a, b) => Math.imul(a, b) >>> 16, false),
} as const satisfies Record<string, WordOperation>;

/** Shifts of the lanes of one word; the count is below the width. */
export const shiftLanes = {
  PSRLW: (a: number, count: number) => ((a & 0xffff) >>> count) | ((a >>> (16 + count)) << 16),
  PSRAW: (a: number, count: number) => ((((a << 16) >> 16) >> count) & 0xffff) | ((a >> (16 + count)) << 16),
  PSLLW: (a: number, count: number) => ((a << count) & 0xffff) | ((a >>> 16) << (16 + count)),
  PSRLD: (a: number, count: number) => a >>> count,
  PSRAD: (a: number, count: number) => a >> count,
  PSLLD: (a: number, count: number) => a << count,
} as const;

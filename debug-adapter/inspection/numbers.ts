/**
 * Types as numbers: how many bits, signed or not, and how they stand in bytes (little endian).
 *
 * Invariant: an integer value is always inside its type's range: `wrap` puts it there.
 */
import { resolved } from '../debug-info/index.ts';
import type { Type } from '../debug-info/index.ts';

export interface NumericType {
  readonly kind: 'integer' | 'float' | 'boolean' | 'character' | 'pointer';
  readonly bits: number;
  readonly signed: boolean;
}

const known = new WeakMap<Type, NumericType | 'none'>();

/** What arithmetic sees in a type; `undefined` for structs, arrays, functions. */
export function numericType(type: Type | undefined): NumericType | undefined {
  const plain = resolved(type);
  if (plain === undefined) return undefined;
  let numeric = known.get(plain);
  if (numeric === undefined) known.set(plain, (numeric = findNumeric(plain) ?? 'none'));
  return numeric === 'none' ? undefined : numeric;
}

function findNumeric(plain: Type): NumericType | undefined {
  const bits = plain.sizeBytes * 8;
  switch (plain.kind) {
    case 'pointer':
      return { kind: 'pointer', bits: 32, signed: false };
    case 'enum':
      return bits === 0 ? undefined : { kind: 'integer', bits, signed: plain.signed };
    case 'base':
      switch (plain.encoding) {
        case 'signed':
        case 'signed-char':
          return { kind: 'integer', bits, signed: true };
        case 'unsigned':
        case 'char':
        case 'other':
          return bits === 0 || bits > 128 ? undefined : { kind: 'integer', bits, signed: false };
        case 'boolean':
          return { kind: 'boolean', bits, signed: false };
        case 'utf':
          return { kind: plain.language === 'rust' ? 'character' : 'integer', bits, signed: false };
        case 'float':
          return { kind: 'float', bits, signed: true };
        case 'void':
          return undefined;
      }
      return undefined;
    default:
      return undefined;
  }
}

export function wrapBig(value: bigint, numeric: NumericType): bigint {
  return numeric.signed ? BigInt.asIntN(numeric.bits, value) : BigInt.asUintN(numeric.bits, value);
}

/** For up to 32 bits. */
export function wrapNumber(value: number, numeric: NumericType): number {
  switch (numeric.bits) {
    case 8:
      return numeric.signed ? (value << 24) >> 24 : value & 0xff;
    case 16:
      return numeric.signed ? (value << 16) >> 16 : value & 0xffff;
    default:
      return numeric.signed ? value | 0 : value >>> 0;
  }
}

export function bytesToBig(bytes: Uint8Array, numeric: NumericType): bigint {
  const count = Math.min(bytes.length, numeric.bits / 8);
  if (count <= 4) {
    let value = 0;
    for (let index = 0; index < count; index++) value |= bytes[index]! << (8 * index);
    return wrapBig(BigInt(value >>> 0), numeric);
  }
  let value = 0n;
  for (let index = count - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]!);
  return wrapBig(value, numeric);
}

export function bigToBytes(value: bigint, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let rest = BigInt.asUintN(sizeBytes * 8, value);
  for (let index = 0; index < sizeBytes; index++) {
    bytes[index] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

/** IEEE 754 of 4 or 8 bytes; the 80-bit format of the x87 by its parts. */
export function bytesToFloat(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 4) return view.getFloat32(0, true);
  if (bytes.length === 8) return view.getFloat64(0, true);
  if (bytes.length < 10) return NaN;
  const mantissa = Number(view.getBigUint64(0, true));
  const top = view.getUint16(8, true);
  const sign = (top & 0x8000) === 0 ? 1 : -1;
  const exponent = top & 0x7fff;
  if (exponent === 0x7fff) return BigInt.asUintN(63, view.getBigUint64(0, true)) === 0n ? sign * Infinity : NaN;
  // In two steps: the power alone may be too small for a double.
  return sign * (mantissa * 2 ** -63) * 2 ** (exponent - 16383);
}

/** A number of the x87's format whose exponent no double has, as `1.5*2^16383`. */
export function beyondDouble(bytes: Uint8Array): string | undefined {
  if (bytes.length < 10) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [significand, top] = [view.getBigUint64(0, true), view.getUint16(8, true)];
  const scale = Math.max(top & 0x7fff, 1) - 16383;
  const double = bytesToFloat(bytes);
  if (significand === 0n || scale === 16384 || (Number.isFinite(double) && double !== 0)) return undefined;
  return `${top < 0x8000 ? '' : '-'}${Number(significand) * 2 ** -63}*2^${scale}`;
}

export function floatToBytes(value: number, sizeBytes: number): Uint8Array | undefined {
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  if (sizeBytes === 4) view.setFloat32(0, value, true);
  else if (sizeBytes === 8) view.setFloat64(0, value, true);
  else if (sizeBytes < 10) return undefined;
  else writeExtended(view, value);
  return bytes;
}

/** SDM Vol. 1, "Double Extended-Precision Floating-Point Format": an explicit integer bit above 63 bits of fraction. */
function writeExtended(view: DataView, value: number): void {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (!Number.isFinite(value)) {
    view.setBigUint64(0, Number.isNaN(value) ? 0xc000000000000000n : 0x8000000000000000n, true);
    view.setUint16(8, sign | 0x7fff, true);
    return;
  }
  if (magnitude === 0) {
    view.setUint16(8, sign, true);
    return;
  }
  // Every double is a normal number there: a wider exponent takes the subnormal ones in.
  const scale = magnitude < 2 ** -1022 ? 52 : 0;
  const double = new DataView(new ArrayBuffer(8));
  double.setFloat64(0, magnitude * 2 ** scale);
  const bits = double.getBigUint64(0);
  const exponent = Number(bits >> 52n) - 1023 - scale;
  view.setBigUint64(0, (1n << 63n) | BigInt.asUintN(63, bits << 11n), true);
  view.setUint16(8, sign | (exponent + 16383), true);
}

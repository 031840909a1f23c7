/**
 * Values: a type, a place, and the moment's registers and memory. Nothing is read before it is asked for.
 *
 * Invariant: reading never goes past the type's size, and a size is never trusted beyond `READ_MAX`.
 */
import { resolved } from '../debug-info/index.ts';
import type { Location, Member, Piece, Result, Type, Variable } from '../debug-info/index.ts';
import type { InspectionContext, Place, Value } from './api.ts';
import { EvaluationError, guarded, hex32, unmapped } from './evaluation-error.ts';
import { bytesToBig, bytesToFloat, numericType } from './numbers.ts';

export const READ_MAX = 1 << 20;

export function valueOfVariable(variable: Variable, context: InspectionContext): Value {
  return { type: variable.type, place: placeOfVariable(variable, context), context, evaluateName: variable.name };
}

export function placeOfVariable(variable: Variable, context: InspectionContext): Place {
  const located = variable.locate(context);
  return located.ok
    ? placeOfLocation(located.value)
    : { kind: 'unavailable', id: located.failure.id, cause: located.failure.cause };
}

export function placeOfLocation(location: Location): Place {
  const [piece] = location.pieces;
  if (location.pieces.length === 1 && piece !== undefined && piece.sizeBits === undefined) {
    if (piece.kind === 'memory') return { kind: 'memory', address: piece.address };
    if (piece.kind === 'optimized-out')
      return { kind: 'unavailable', id: 'optimized-out', cause: 'It was optimized out.' };
  }
  return { kind: 'location', location, offset: 0 };
}

/** The bytes of the whole value, `type.sizeBytes` of them unless told otherwise. */
export function readBytes(value: Value, sizeBytes = resolved(value.type)?.sizeBytes ?? 0): Result<Uint8Array> {
  return guarded(() => bytesOf(value, sizeBytes));
}

/** @throws EvaluationError */
export function bytesOf(value: Value, sizeBytes = resolved(value.type)?.sizeBytes ?? 0): Uint8Array {
  if (sizeBytes > READ_MAX) {
    throw new EvaluationError(
      'value-too-large',
      `The value has ${sizeBytes} bytes; no more than ${READ_MAX} are read at once.`,
      'Look at parts of it.',
    );
  }
  return bytesAt(value.place, sizeBytes, value.context, value.type);
}

function bytesAt(place: Place, sizeBytes: number, context: InspectionContext, type: Type | undefined): Uint8Array {
  if (sizeBytes === 0) return new Uint8Array(0);
  switch (place.kind) {
    case 'memory': {
      const bytes = context.readMemory(place.address, sizeBytes);
      if (bytes === undefined) throw unmapped(place.address, sizeBytes);
      return bytes;
    }
    case 'bytes': {
      if (place.bytes.length === sizeBytes) return place.bytes;
      const bytes = new Uint8Array(sizeBytes);
      bytes.set(place.bytes.subarray(0, sizeBytes));
      return bytes;
    }
    case 'location':
      return gather(place.location, place.offset, sizeBytes, context);
    case 'bits': {
      const storage = bytesAt(place.of, place.storageBytes, context, undefined);
      const numeric = numericType(type);
      const field = { kind: 'integer', bits: place.sizeBits, signed: numeric?.signed ?? false } as const;
      const all = bytesToBig(storage, { kind: 'integer', bits: storage.length * 8, signed: false });
      const raw = (all >> BigInt(place.offsetBits)) & ((1n << BigInt(place.sizeBits)) - 1n);
      return toBytes(field.signed ? BigInt.asIntN(field.bits, raw) : raw, sizeBytes);
    }
    case 'unavailable':
      throw new EvaluationError(place.id, place.cause, 'Build that file with less optimisation to see it everywhere.');
  }
}

function toBytes(value: bigint, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let rest = BigInt.asUintN(sizeBytes * 8, value);
  for (let index = 0; index < sizeBytes; index++, rest >>= 8n) bytes[index] = Number(rest & 255n);
  return bytes;
}

/** Puts an object together from its pieces. DWARF 5 §2.6.1.2, "Composite Location Descriptions". */
function gather(location: Location, offset: number, sizeBytes: number, context: InspectionContext): Uint8Array {
  const result = new Uint8Array(sizeBytes);
  let at = 0;
  for (const piece of location.pieces) {
    const pieceBytes =
      piece.sizeBits === undefined ? Math.max(offset + sizeBytes - at, 0) : Math.ceil(piece.sizeBits / 8);
    const from = Math.max(offset, at);
    const to = Math.min(offset + sizeBytes, at + pieceBytes);
    if (from < to) result.set(pieceContent(piece, from - at, to - from, context), from - offset);
    at += pieceBytes;
  }
  if (at < offset + sizeBytes)
    throw new EvaluationError(
      'optimized-out',
      'A part of it was optimized out.',
      'Build that file with less optimisation.',
    );
  return result;
}

function pieceContent(piece: Piece, skip: number, sizeBytes: number, context: InspectionContext): Uint8Array {
  const result = new Uint8Array(sizeBytes);
  switch (piece.kind) {
    case 'memory': {
      const bytes = context.readMemory((piece.address + skip) >>> 0, sizeBytes);
      if (bytes === undefined) throw unmapped(piece.address + skip, sizeBytes);
      return bytes;
    }
    case 'value':
      result.set(piece.bytes.subarray(skip, skip + sizeBytes));
      return result;
    case 'register': {
      const value = context.register(piece.register);
      if (value === undefined) {
        throw new EvaluationError(
          'register-lost',
          'It is in a register that was not saved by the functions this frame called.',
          'Look at it in the innermost frame.',
        );
      }
      for (let index = 0; index < sizeBytes; index++)
        result[index] = index + skip < 4 ? value >>> (8 * (index + skip)) : 0;
      return result;
    }
    case 'pointer-to':
      throw new EvaluationError(
        'optimized-out',
        'It points at a variable that has no address here.',
        'Look at that variable itself.',
      );
    case 'optimized-out':
      throw new EvaluationError(
        'optimized-out',
        'It was optimized out.',
        'Build that file with less optimisation to see it.',
      );
  }
}

/** A part of a place, `offset` bytes into it. */
export function placeAt(place: Place, offset: number): Place {
  switch (place.kind) {
    case 'memory':
      return { kind: 'memory', address: (place.address + offset) >>> 0 };
    case 'location':
      return { ...place, offset: place.offset + offset };
    case 'bytes':
      return { kind: 'bytes', bytes: place.bytes.subarray(offset) };
    default:
      return place;
  }
}

export function memberValue(value: Value, member: Member, evaluateName?: string): Value {
  const at = placeAt(value.place, member.offset);
  const place: Place =
    member.bits === undefined
      ? at
      : {
          kind: 'bits',
          of: at,
          storageBytes: Math.ceil((member.bits.offsetBits + member.bits.sizeBits) / 8),
          offsetBits: member.bits.offsetBits,
          sizeBits: member.bits.sizeBits,
        };
  return { type: member.type, place, context: value.context, evaluateName };
}

/** A value of another type at the same place, `offset` bytes on. */
export function partValue(value: Value, type: Type | undefined, offset: number, evaluateName?: string): Value {
  return { type, place: placeAt(value.place, offset), context: value.context, evaluateName };
}

export function memoryValue(
  context: InspectionContext,
  type: Type | undefined,
  address: number,
  evaluateName?: string,
): Value {
  return { type, place: { kind: 'memory', address: address >>> 0 }, context, evaluateName };
}

/** @throws EvaluationError where it cannot be read or is not a number */
export function integerOf(value: Value): bigint {
  const numeric = numericType(value.type);
  if (numeric === undefined || numeric.kind === 'float') {
    throw new EvaluationError(
      'not-an-integer',
      `A value of type ${value.type?.name ?? 'void'} is not an integer.`,
      'Name one of its fields.',
    );
  }
  return bytesToBig(bytesOf(value), numeric);
}

export function floatOf(value: Value): number {
  return bytesToFloat(bytesOf(value));
}

/** @throws EvaluationError */
export function pointerOf(value: Value): number {
  return Number(BigInt.asUintN(32, integerOf(value)));
}

/** Writes the whole of a scalar. @throws EvaluationError */
export function writeBytes(value: Value, bytes: Uint8Array): void {
  const { place, context } = value;
  const readOnly = (why: string): EvaluationError =>
    new EvaluationError(
      'not-writable',
      `The value cannot be changed: ${why}.`,
      'Change the memory or the register it came from.',
    );
  switch (place.kind) {
    case 'memory':
      if (context.writeMemory?.(place.address, bytes) !== true)
        throw readOnly(`${hex32(place.address)} is not writable here`);
      return;
    case 'bits': {
      if (place.of.kind !== 'memory') throw readOnly('the bit field is not in memory');
      const old = bytesAt(place.of, place.storageBytes, context, undefined);
      const mask = ((1n << BigInt(place.sizeBits)) - 1n) << BigInt(place.offsetBits);
      const all = { kind: 'integer', bits: old.length * 8, signed: false } as const;
      const field =
        (bytesToBig(bytes, { kind: 'integer', bits: bytes.length * 8, signed: false }) << BigInt(place.offsetBits)) &
        mask;
      const merged = toBytes((bytesToBig(old, all) & ~mask) | field, old.length);
      if (context.writeMemory?.(place.of.address, merged) !== true)
        throw readOnly(`${hex32(place.of.address)} is not writable here`);
      return;
    }
    case 'location': {
      const [piece] = place.location.pieces;
      if (place.location.pieces.length !== 1 || piece?.kind !== 'register' || place.offset + bytes.length > 4) {
        throw readOnly('it is not in one register or in memory');
      }
      const old = context.register(piece.register) ?? 0;
      let value = old;
      bytes.forEach((byte, index) => {
        const shift = 8 * (place.offset + index);
        value = (value & ~(0xff << shift)) | (byte << shift);
      });
      if (context.setRegister?.(piece.register, value >>> 0) !== true)
        throw readOnly('registers of this frame are not writable');
      return;
    }
    case 'bytes':
      throw readOnly('it is the result of a computation');
    case 'unavailable':
      throw readOnly(place.cause);
  }
}

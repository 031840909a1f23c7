/**
 * Compiled expressions: closures over a frame, with a type that is known when they are made.
 *
 * Invariant: `number` serves integers of up to 32 bits, truths, characters, pointers and floats, and never makes an
 * object; `bigint` serves wider integers. A condition on a local costs two calls and one read.
 */
import { builtinType, resolved } from '../debug-info/index.ts';
import type { Type } from '../debug-info/index.ts';
import type { Fact, InspectionContext, Value } from './api.ts';
import { EvaluationError, unmapped } from './evaluation-error.ts';
import { bigToBytes, bytesToBig, bytesToFloat, floatToBytes, numericType, wrapBig, wrapNumber } from './numbers.ts';
import type { NumericType } from './numbers.ts';
import { bytesOf, memoryValue, partValue } from './value.ts';

export type Get<T> = (context: InspectionContext) => T;

export interface Node {
  /** `undefined` where only running it can tell. */
  readonly type: Type | undefined;
  readonly numeric: NumericType | undefined;
  readonly number?: Get<number>;
  readonly bigint?: Get<bigint>;
  readonly value: Get<Value>;
  /** Where it is, for what is in memory whatever the frame holds. */
  readonly address?: Get<number>;
  /** A number without a suffix, which takes the type of what it meets. */
  readonly literal?: bigint;
  /** What the machine knows, where that is what the node gives. */
  readonly fact?: Get<Fact>;
  /** Writes a register that DWARF does not number, or a part of one. */
  readonly assign?: (context: InspectionContext, value: number) => void;
  /** Writes a register that is wider than a number. */
  readonly assignBytes?: (context: InspectionContext, bytes: Uint8Array) => void;
}

/** An object in memory. */
export function memoryNode(type: Type | undefined, address: Get<number>): Node {
  const value: Get<Value> = (context) => memoryValue(context, type, address(context));
  const numeric = numericType(type);
  if (numeric === undefined) return { type, numeric, value, address };
  if (numeric.kind === 'float')
    return { type, numeric, value, address, number: (context) => bytesToFloat(bytesOf(value(context))) };
  if (numeric.bits > 32)
    return { type, numeric, value, address, bigint: (context) => bytesToBig(bytesOf(value(context)), numeric) };
  return { type, numeric, value, address, number: scalarLoader(numeric, address) };
}

function scalarLoader(numeric: NumericType, address: Get<number>): Get<number> {
  const size = (numeric.bits / 8) as 1 | 2 | 4;
  const shift = 32 - numeric.bits;
  const { signed } = numeric;
  return (context) => {
    const at = address(context);
    const raw = context.readScalar === undefined ? readSmall(context, at, size) : context.readScalar(at, size);
    if (raw !== raw) throw unmapped(at, size);
    return signed ? (raw << shift) >> shift : raw;
  };
}

function readSmall(context: InspectionContext, address: number, sizeBytes: number): number {
  const bytes = context.readMemory(address, sizeBytes);
  if (bytes === undefined) return NaN;
  let value = 0;
  for (let index = sizeBytes - 1; index >= 0; index--) value = value * 256 + bytes[index]!;
  return value;
}

/** A value that may be anywhere: in registers, in pieces, computed. */
export function valueNode(type: Type | undefined, value: Get<Value>): Node {
  const numeric = numericType(type);
  if (numeric === undefined) return { type, numeric, value };
  if (numeric.kind === 'float')
    return { type, numeric, value, number: (context) => bytesToFloat(bytesOf(value(context))) };
  const bigint: Get<bigint> = (context) => bytesToBig(bytesOf(value(context)), numeric);
  return numeric.bits > 32
    ? { type, numeric, value, bigint }
    : { type, numeric, value, number: (context) => Number(bigint(context)) };
}

export function numberNode(type: Type, number: Get<number>, literal?: bigint): Node {
  const numeric = numericType(type)!;
  const size = resolved(type)!.sizeBytes;
  const value: Get<Value> = (context) => {
    const result = number(context);
    const bytes = numeric.kind === 'float' ? floatToBytes(result, size)! : bigToBytes(BigInt(result), size);
    return { type, place: { kind: 'bytes', bytes }, context };
  };
  return { type, numeric, number, value, ...(literal === undefined ? {} : { literal }) };
}

export function bigintNode(type: Type, bigint: Get<bigint>, literal?: bigint): Node {
  const numeric = numericType(type)!;
  const size = resolved(type)!.sizeBytes;
  const value: Get<Value> = (context) => ({
    type,
    place: { kind: 'bytes', bytes: bigToBytes(bigint(context), size) },
    context,
  });
  return { type, numeric, bigint, value, ...(literal === undefined ? {} : { literal }) };
}

export function integerNode(type: Type, value: bigint, isLiteral: boolean): Node {
  const numeric = numericType(type)!;
  const wrapped = wrapBig(value, numeric);
  const literal = isLiteral ? value : undefined;
  if (numeric.bits > 32) return bigintNode(type, () => wrapped, literal);
  const small = Number(wrapped);
  return numberNode(type, () => small, literal);
}

/** A part of an object, in memory where the object is. */
export function partNode(object: Node, type: Type | undefined, offset: number, check?: Get<void>): Node {
  const { address } = object;
  if (address !== undefined) {
    if (check === undefined)
      return memoryNode(type, offset === 0 ? address : (context) => (address(context) + offset) >>> 0);
    return memoryNode(type, (context) => {
      check(context);
      return (address(context) + offset) >>> 0;
    });
  }
  return valueNode(type, (context) => {
    check?.(context);
    return partValue(object.value(context), type, offset);
  });
}

/** A node's number in another type: C17 §6.3.1, The Rust Reference "Numeric cast". */
export function toNumber(node: Node, numeric: NumericType): Get<number> {
  const { number, bigint, numeric: from } = node;
  if (numeric.kind === 'float') {
    if (number !== undefined) return numeric.bits === 32 ? (context) => Math.fround(number(context)) : number;
    return (context) => Number(bigint!(context));
  }
  if (numeric.kind === 'boolean')
    return number === undefined
      ? (context) => Number(bigint!(context) !== 0n)
      : (context) => Number(number(context) !== 0);
  if (number === undefined) return (context) => Number(wrapBig(bigint!(context), numeric));
  if (from?.kind === 'float') {
    return (context) => {
      const value = Math.trunc(number(context));
      return Number.isFinite(value) ? Number(wrapBig(BigInt(value), numeric)) : 0;
    };
  }
  if (from !== undefined && from.signed === numeric.signed && from.bits <= numeric.bits) return number;
  if (from !== undefined && !from.signed && from.bits < numeric.bits) return number;
  return (context) => wrapNumber(number(context), numeric);
}

export function toBigint(node: Node, numeric: NumericType): Get<bigint> {
  const { number, bigint } = node;
  if (bigint !== undefined) return (context) => wrapBig(bigint(context), numeric);
  return (context) => {
    const value = Math.trunc(number!(context));
    return Number.isFinite(value) ? wrapBig(BigInt(value), numeric) : 0n;
  };
}

/** A node as a truth. @throws EvaluationError, when compiling, where it has none */
export function truthOf(node: Node): Get<boolean> {
  const { number, bigint } = node;
  if (number !== undefined) return (context) => number(context) !== 0;
  if (bigint !== undefined) return (context) => bigint(context) !== 0n;
  throw new EvaluationError(
    'not-a-truth',
    `A value of type ${node.type?.name ?? 'void'} is neither true nor false.`,
    'Compare it with something: x == 3, p != 0, option == None.',
  );
}

//                  bits  signed   C                        Rust
const integerNames: readonly (readonly [number, boolean, string, string])[] = [
  [8, true, 'signed char', 'i8'],
  [8, false, 'unsigned char', 'u8'],
  [16, true, 'short', 'i16'],
  [16, false, 'unsigned short', 'u16'],
  [32, true, 'int', 'i32'],
  [32, false, 'unsigned int', 'u32'],
  [64, true, 'long long', 'i64'],
  [64, false, 'unsigned long long', 'u64'],
  [128, true, 'i128', 'i128'],
  [128, false, 'u128', 'u128'],
];

/** The language's own type for the result of arithmetic. */
export function typeOfNumeric(numeric: NumericType, language: 'c' | 'rust'): Type {
  if (numeric.kind === 'float')
    return builtinType(
      language === 'c' ? (numeric.bits === 32 ? 'float' : 'double') : numeric.bits === 32 ? 'f32' : 'f64',
      language,
    )!;
  if (numeric.kind === 'boolean') return builtinType('bool', language)!;
  const row =
    integerNames.find(([bits, signed]) => bits === numeric.bits && signed === numeric.signed) ?? integerNames[5]!;
  return builtinType(language === 'c' ? row[2] : row[3], language)!;
}

/**
 * Assignment in an expression: C17 §6.5.16, "Assignment operators"; The Rust Reference, "Assignment expressions".
 *
 * Invariant: what is written is a value of the target's type.
 */
import { resolved } from '../debug-info/index.ts';
import type { Type } from '../debug-info/index.ts';
import type { Value } from './api.ts';
import { EvaluationError } from './evaluation-error.ts';
import { toBigint, toNumber, valueNode } from './nodes.ts';
import type { Get, Node } from './nodes.ts';
import { bigToBytes, floatToBytes } from './numbers.ts';
import type { NumericType } from './numbers.ts';
import { readOnly } from './registers.ts';
import { bytesOf, writeBytes } from './value.ts';

/** @param isPostfix its value is that before the assignment, as of `x++` */
export function assignNode(target: Node, source: Node, isPostfix: boolean): Node {
  const { numeric, type } = target;
  if (numeric === undefined || type === undefined) return assignBytes(target, source);
  if (source.numeric === undefined) {
    throw new EvaluationError(
      'cast-impossible',
      `A value of type ${source.type?.name ?? 'void'} cannot be assigned to ${type.name}.`,
      'Assign its fields one by one.',
    );
  }
  const size = resolved(type)!.sizeBytes;
  const wide = numeric.kind === 'boolean' || numeric.kind === 'character' ? ANY_INTEGER : numeric;
  const encode: Get<Uint8Array> =
    numeric.kind === 'float'
      ? (context) =>
          floatToBytes(toNumber(source, numeric)(context), size) ?? fail(`A float of ${size} bytes cannot be written`)
      : (context) => bigToBytes(inDomain(toBigint(source, wide)(context), numeric, type), size);
  return valueNode(type, (context) => {
    const before = isPostfix ? asItStands(target.value(context)) : undefined;
    if (target.assign !== undefined) target.assign(context, toNumber(source, numeric)(context));
    else if (target.assignBytes !== undefined) target.assignBytes(context, encode(context));
    else writeBytes(target.value(context), encode(context));
    return before ?? target.value(context);
  });
}

/** Structs and arrays of one type. */
function assignBytes(target: Node, source: Node): Node {
  const size = resolved(target.type)?.sizeBytes ?? 0;
  if (size === 0 || resolved(target.type)?.id !== resolved(source.type)?.id || resolved(target.type)?.id === 0) {
    throw new EvaluationError(
      'cast-impossible',
      `A value of type ${source.type?.name ?? 'void'} cannot be assigned to ${target.type?.name ?? 'void'}.`,
      'Assign its fields one by one.',
    );
  }
  return valueNode(target.type, (context) => {
    writeBytes(target.value(context), bytesOf(source.value(context)));
    return target.value(context);
  });
}

const ANY_INTEGER = { kind: 'integer', bits: 129, signed: true } as const;

/** C17 §6.3.1.2: what is not 0 is 1. Rust has no truths and characters beyond its own. */
function inDomain(value: bigint, numeric: NumericType, type: Type): bigint {
  if (numeric.kind === 'boolean' && type.language === 'c') return value === 0n ? 0n : 1n;
  const isInside =
    numeric.kind === 'boolean'
      ? value === 0n || value === 1n
      : numeric.kind !== 'character' || (value >= 0n && value <= 0x10ffffn && (value < 0xd800n || value > 0xdfffn));
  if (isInside) return value;
  throw new EvaluationError('value-out-of-range', `${value} is no ${type.name}.`, 'Write a value that the type has.');
}

/** A copy, which no write changes. */
function asItStands(value: Value): Value {
  return { ...value, place: { kind: 'bytes', bytes: bytesOf(value).slice() } };
}

function fail(cause: string): never {
  throw readOnly(cause);
}

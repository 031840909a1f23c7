/**
 * Writing a scalar from text: DAP, SetVariable. Integers of any base, characters, truths, floats, names of enumerators,
 * addresses. For an expression on the right side, compile an assignment instead.
 *
 * Invariant: a text that does not fit the type changes nothing.
 */
import { resolved } from '../debug-info/index.ts';
import type { Result, Type } from '../debug-info/index.ts';
import type { Value } from './api.ts';
import { EvaluationError, guarded } from './evaluation-error.ts';
import { bigToBytes, floatToBytes, numericType } from './numbers.ts';
import { enumOf } from './rust-enum.ts';
import { innerScalar, wrapperLayout } from './rust-layout.ts';
import { memoryValue, partValue, pointerOf, writeBytes } from './value.ts';

/** Whether a value of that type is shown as what it leads to: references and boxes of Rust. */
export function isTransparent(type: Type): boolean {
  return type.language === 'rust' && (type.name.startsWith('&') || type.name.startsWith('alloc::boxed::Box<'));
}

/** The scalar a text may be written to: the value, what its library wrappers hold, or what a reference leads to. */
export function assignable(value: Value): Value | undefined {
  const pointer = resolved(value.type);
  if (pointer?.kind === 'pointer' && isTransparent(pointer)) {
    const target = guarded(() => memoryValue(value.context, pointer.target, pointerOf(value), value.evaluateName));
    return target.ok && resolved(pointer.target)?.kind !== 'pointer' ? assignable(target.value) : undefined;
  }
  let current = value;
  for (let depth = 0; depth < 8; depth++) {
    const layout = wrapperLayout(current.type);
    const [step] = layout?.steps ?? [];
    if (layout === undefined || layout.steps.length !== 1 || typeof step !== 'number') break;
    current = partValue(current, layout.type, step, value.evaluateName);
  }
  const scalar = current === value ? undefined : innerScalar(current.type);
  if (scalar !== undefined) current = partValue(current, scalar.type, scalar.offset, value.evaluateName);
  const { place } = current;
  const isPlace =
    place.kind === 'memory' ||
    place.kind === 'bits' ||
    (place.kind === 'location' && place.location.pieces[0]?.kind === 'register');
  return isPlace && numericType(current.type) !== undefined && enumOf(current.type) === undefined ? current : undefined;
}

/** @returns the value as it is after the write */
export function assignText(value: Value, text: string): Result<Value> {
  return guarded(() => {
    const target = assignable(value);
    if (target === undefined) {
      throw new EvaluationError(
        'not-assignable',
        `A value of type ${value.type?.name ?? 'void'} cannot be set from text.`,
        'Set one of its fields or elements.',
      );
    }
    const bits = target.place.kind === 'bits' ? target.place.sizeBits : undefined;
    writeBytes(target, bytesOfText(text.trim(), target.type!, bits));
    return value;
  });
}

/** The bytes of a scalar that a text says. */
export function textToBytes(text: string, type: Type): Result<Uint8Array> {
  return guarded(() => bytesOfText(text.trim(), type));
}

/**
 * @param fieldBits how many bits the number has room for, where that is fewer than its type has
 * @throws EvaluationError
 */
export function bytesOfText(text: string, type: Type, fieldBits?: number): Uint8Array {
  const plain = resolved(type)!;
  const whole = numericType(plain)!;
  const numeric = fieldBits === undefined ? whole : { ...whole, bits: fieldBits };
  const size = plain.sizeBytes;
  const wrong = (what: string): EvaluationError =>
    new EvaluationError(
      'value-not-understood',
      `“${text}” is not ${what} of type ${plain.name}.`,
      "Write a number (12, 0x1f, -3), a character ('a'), true or false, or the name of an enumerator.",
    );
  if (plain.kind === 'enum') {
    const name = text.split('::').pop()!;
    const enumerator = plain.enumerators.find((candidate) => candidate.name === name);
    if (enumerator !== undefined) return bigToBytes(enumerator.value, size);
  }
  if (numeric.kind === 'float') {
    const number = floatOfText(text);
    const bytes = number === undefined ? undefined : floatToBytes(number, size);
    if (bytes === undefined) throw wrong('a number');
    return bytes;
  }
  if (numeric.kind === 'boolean' && (text === 'true' || text === 'false'))
    return bigToBytes(text === 'true' ? 1n : 0n, size);
  const character = parseCharacter(text);
  let value = character === undefined ? parseInteger(text, plain.language) : BigInt(character);
  if (numeric.kind === 'pointer' && (text === 'null' || text === 'NULL' || text === 'None')) value = 0n;
  if (value === undefined) throw wrong('a value');
  if (numeric.kind === 'boolean' && value !== 0n && value !== 1n) throw wrong('a truth');
  if (numeric.kind === 'character' && (value < 0n || value > 0x10ffffn || (value >= 0xd800n && value <= 0xdfffn)))
    throw wrong('a character');
  const low = numeric.signed ? -(1n << BigInt(numeric.bits - 1)) : 0n;
  const high = 1n << BigInt(numeric.bits);
  // As C would: 0xff may be written to a signed byte, -1 to an unsigned word.
  if (value < (numeric.signed ? low : -(1n << BigInt(numeric.bits - 1))) || value >= high) {
    throw new EvaluationError(
      'value-out-of-range',
      `${text} does not fit into ${fieldBits === undefined ? plain.name : `the bit field of ${plain.name}`}, which has ${numeric.bits} bit${numeric.bits === 1 ? '' : 's'}.`,
      'Write a smaller number.',
    );
  }
  return bigToBytes(value, size);
}

/** As both languages print floats; `inf` and `NaN`, too. */
function floatOfText(text: string): number | undefined {
  const special = /^([+-]?)(?:inf(?:inity)?|(nan))$/i.exec(text);
  if (special !== null) return special[2] !== undefined ? NaN : special[1] === '-' ? -Infinity : Infinity;
  const digits = text.replace(/_/g, '').replace(/(?:f32|f64|f|l)$/i, '');
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(digits) ? Number(digits) : undefined;
}

function parseInteger(text: string, language: 'c' | 'rust'): bigint | undefined {
  const match = /^([+-]?)\s*(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0o[0-7_]+|[0-9][0-9_]*)$/.exec(text);
  if (match === null) return undefined;
  const value = integerOfDigits(match[2]!.replace(/_/g, ''), language);
  return match[1] === '-' && value !== undefined ? -value : value;
}

/** A leading 0 is octal in C (C17 §6.4.4.1, "Integer constants") and nothing in Rust. */
export function integerOfDigits(digits: string, language: 'c' | 'rust'): bigint | undefined {
  const text = language === 'c' && /^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase();
  try {
    return BigInt(text);
  } catch {
    return undefined;
  }
}

//                     escapes both languages know
const characterEscapes: Readonly<Record<string, number>> = {
  n: 10,
  r: 13,
  t: 9,
  '0': 0,
  '\\': 92,
  "'": 39,
  '"': 34,
  a: 7,
  b: 8,
  f: 12,
  v: 11,
  e: 27,
};

/** The code of a quoted character, `b'x'` included. */
export function parseCharacter(text: string): number | undefined {
  const quoted = /^b?'(.*)'$/su.exec(text)?.[1];
  if (quoted === undefined || quoted === '') return undefined;
  if (!quoted.startsWith('\\')) return Array.from(quoted).length === 1 ? quoted.codePointAt(0) : undefined;
  const hex = /^\\x([0-9a-fA-F]{1,2})$/.exec(quoted) ?? /^\\u\{([0-9a-fA-F]{1,6})\}$/.exec(quoted);
  if (hex !== null) return parseInt(hex[1]!, 16);
  return quoted.length === 2 ? characterEscapes[quoted[1]!] : undefined;
}

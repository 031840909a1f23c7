/**
 * Literals: C17 §6.4.4, "Constants", and §6.4.5, "String literals"; The Rust Reference, "Literal expressions".
 *
 * Invariant: what a literal is worth does not depend on where it stands; only Rust's integers without a suffix take the
 * type of what they meet.
 */
import { builtinType, makeArray } from '../debug-info/index.ts';
import type { ArrayType } from '../debug-info/index.ts';
import { EvaluationError } from './evaluation-error.ts';
import { integerNode, valueNode } from './nodes.ts';
import type { Node } from './nodes.ts';

type Language = 'c' | 'rust';

/**
 * C17 §6.4.4.1: the first type that holds it, which for decimals is signed. Rust: i32, or what holds it.
 * @param suffix lower case
 */
export function integerLiteral(value: bigint, suffix: string, isDecimal: boolean, language: Language): Node {
  const typed = (name: string, isFlexible: boolean): Node =>
    integerNode(builtinType(name, language)!, value, isFlexible);
  if (/^[iu](?:8|16|32|64|128|size)$/.test(suffix)) return typed(suffix, false);
  if (value >> 128n !== 0n)
    throw new EvaluationError('number-too-large', `${value} has more than 128 bits.`, 'Write a smaller number.');
  const fits = (bits: number): boolean => value >> BigInt(bits) === 0n;
  if (language === 'rust')
    return typed(fits(31) ? 'i32' : fits(32) ? 'u32' : fits(63) ? 'i64' : fits(64) ? 'u64' : 'u128', true);
  const isUnsigned = suffix.includes('u');
  const isLong = suffix.includes('ll');
  const name =
    !isLong && fits(31) && !isUnsigned
      ? 'int'
      : !isLong && fits(32) && (isUnsigned || !isDecimal)
        ? 'unsigned int'
        : !isUnsigned && fits(63)
          ? 'long long'
          : 'unsigned long long';
  return typed(name, suffix === '');
}

/** C's has a zero behind it. */
export function stringLiteral(text: string, language: Language): Node {
  const bytes = encodeUtf8(language === 'c' ? `${text}\0` : text);
  const type = language === 'c' ? makeArray(builtinType('char', 'c'), bytes.length, 'c') : strType(bytes.length);
  return valueNode(type, (context) => ({ type, place: { kind: 'bytes', bytes }, context }));
}

export const STR = 'str';

/** Rust's `str` of so many bytes. The Rust Reference, "Textual types": a `[u8]` that is UTF-8. */
export function strType(sizeBytes: number): ArrayType {
  return { ...makeArray(builtinType('u8', 'rust'), sizeBytes, 'rust'), name: STR };
}

export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const char of text) {
    const point = char.codePointAt(0)!;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 63));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    else bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
  }
  return Uint8Array.from(bytes);
}

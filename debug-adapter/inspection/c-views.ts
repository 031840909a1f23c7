/**
 * Values of C, and of whatever has no view of its own, as gdb prints them ("Print Settings" in its manual).
 *
 * Invariant: text of a pointer never follows it, but for `char *`, whose string is read up to `STRING_MAX` bytes.
 */
import { elementOf, resolved } from '../debug-info/index.ts';
import type { ArrayType, EnumType, PointerType, StructType, Type } from '../debug-info/index.ts';
import type { Child, Value } from './api.ts';
import { hex32 } from './evaluation-error.ts';
import { beyondDouble, bytesToBig, bytesToFloat, numericType } from './numbers.ts';
import { decodeText, floatText, quote } from './text.ts';
import { bytesOf, integerOf, memberValue, memoryValue, partValue, placeAt, pointerOf } from './value.ts';
import { TEXT_DEPTH_MAX, addressOf, leaf, writeElements } from './view.ts';
import type { Shower, View } from './view.ts';

export const STRING_MAX = 1024;
export const ELEMENTS_MAX = 1 << 24;

export function isCharacter(type: Type | undefined): boolean {
  const plain = resolved(type);
  return (
    plain?.kind === 'base' && plain.sizeBytes === 1 && (plain.encoding === 'signed-char' || plain.encoding === 'char')
  );
}

function isPlainChar(type: Type | undefined): boolean {
  const plain = resolved(type);
  return plain?.kind === 'base' && plain.encoding === 'signed-char';
}

export function scalarView(value: Value, shower: Shower): View {
  const plain = resolved(value.type);
  const numeric = numericType(plain);
  if (plain === undefined || numeric === undefined)
    return leaf(plain === undefined ? '<no type>' : `<${plain.name}>`, addressOf(value));
  const bytes = bytesOf(value);
  if (numeric.kind === 'float') {
    const text = beyondDouble(bytes) ?? floatText(bytesToFloat(bytes), plain.sizeBytes === 4);
    return leaf(text, addressOf(value));
  }
  const number = bytesToBig(bytes, numeric);
  // A bit field has its own width, whatever its type's is.
  const bits = value.place.kind === 'bits' ? value.place.sizeBits : numeric.bits;
  return leaf(scalarText(number, plain, shower.hex, bits), addressOf(value));
}

function scalarText(number: bigint, type: Type, hex: boolean, bits: number): string {
  const numeric = numericType(type)!;
  if (numeric.kind === 'boolean') return number === 0n ? 'false' : number === 1n ? 'true' : number.toString();
  if (numeric.kind === 'character') {
    const valid = number <= 0x10ffffn && (number < 0xd800n || number > 0xdfffn);
    return valid ? quote(String.fromCodePoint(Number(number)), "'") : `<invalid char: 0x${number.toString(16)}>`;
  }
  const text = hex ? `0x${BigInt.asUintN(bits, number).toString(16)}` : number.toString();
  return isCharacter(type) && type.language === 'c' && number >= 32n && number < 127n
    ? `${text} ${quote(String.fromCharCode(Number(number)), "'")}`
    : text;
}

export function enumView(value: Value, type: EnumType, shower: Shower): View {
  const number = integerOf(value);
  const exact = type.enumerators.find((enumerator) => enumerator.value === number);
  if (exact !== undefined) return leaf(exact.name, addressOf(value));
  if (type.language === 'rust') return leaf(`<invalid ${type.shortName}: ${number}>`, addressOf(value));
  const flags = flagNames(type, number);
  const plain = shower.hex ? `0x${BigInt.asUintN(type.sizeBytes * 8, number).toString(16)}` : number.toString();
  return leaf(flags ?? plain, addressOf(value));
}

/** `(READ | WRITE)` for enums of single bits. */
function flagNames(type: EnumType, number: bigint): string | undefined {
  const isBit = (value: bigint): boolean => value > 0n && (value & (value - 1n)) === 0n;
  if (number <= 0n || !type.enumerators.every(({ value }) => value === 0n || isBit(value))) return undefined;
  const names: string[] = [];
  let rest = number;
  for (const { name, value } of type.enumerators) {
    if (value === 0n || (rest & value) !== value) continue;
    names.push(name);
    rest &= ~value;
  }
  if (names.length === 0) return undefined;
  if (rest !== 0n) names.push(`0x${rest.toString(16)}`);
  return `(${names.join(' | ')})`;
}

export function pointerView(value: Value, type: PointerType, shower: Shower): View {
  const address = pointerOf(value);
  const target = resolved(type.target);
  const symbol = address === 0 ? undefined : value.context.symbolAt?.(address);
  let text = hex32(address);
  if (symbol !== undefined) text += ` <${symbol}>`;
  if (isCharacter(target) && type.language === 'c' && address !== 0) text += ` ${cString(value, address)}`;
  const canFollow =
    target !== undefined && target.kind !== 'function' && target.kind !== 'unspecified' && address !== 0;
  if (!canFollow) return leaf(text, address);
  const name = value.evaluateName;
  const pointed = memoryValue(
    value.context,
    type.target,
    address,
    name === undefined ? undefined : `*${parenthesised(name)}`,
  );
  const isStruct = target.kind === 'struct' && target.variants === undefined;
  return {
    write: (out) => out.write(text),
    indexed: 0,
    memoryReference: address,
    // `p->x` reads better than `(*p).x`.
    named: () =>
      isStruct && type.language === 'c'
        ? structChildren(pointed, target, name === undefined ? undefined : `${parenthesised(name)}->`)
        : shower.view(pointed).named === undefined || !isStruct
          ? [{ name: '*', value: pointed, kind: 'virtual' }]
          : shower.view(pointed).named!(),
  };
}

/** As what stands before `.`, `[` or behind `*`. */
export function parenthesised(name: string): string {
  return /^[\w$.:>[\]-]+$/.test(name) ? name : `(${name})`;
}

function cString(value: Value, address: number): string {
  const collected: number[] = [];
  while (collected.length < STRING_MAX) {
    // Never across a page in one read: the next one may not be mapped.
    const at = (address + collected.length) >>> 0;
    const size = Math.min(64, 0x1000 - (at & 0xfff));
    const bytes = value.context.readMemory(at, size);
    if (bytes === undefined)
      return collected.length === 0
        ? `<${hex32(at)} is not mapped>`
        : `${quote(decodeText(Uint8Array.from(collected)), '"')}…`;
    const end = bytes.indexOf(0);
    collected.push(...(end < 0 ? bytes : bytes.subarray(0, end)));
    if (end >= 0) return quote(decodeText(Uint8Array.from(collected)), '"');
    if (collected.length >= 160) break;
  }
  return `${quote(decodeText(Uint8Array.from(collected)), '"')}…`;
}

export function arrayView(value: Value, type: ArrayType, shower: Shower): View {
  const [count = 0] = type.counts;
  const element = elementOf(type);
  const size = element?.sizeBytes ?? 0;
  const bounded = Math.min(count, ELEMENTS_MAX);
  const elements = (start: number, wanted: number): Child[] =>
    elementChildren(value, element, size, start, Math.min(wanted, bounded - start));
  const isText = type.language === 'c' && isCharacter(element) && bounded > 0;
  return {
    write(out, depth) {
      if (isText) {
        const bytes = bytesOf({ ...value, type: undefined }, Math.min(bounded, STRING_MAX));
        let end = bytes.length;
        while (end > 0 && bytes[end - 1] === 0) end--;
        const text = bytes.subarray(0, end);
        // A buffer of bytes is no text; one of letters is.
        const isLetter = (byte: number): boolean =>
          (byte >= 32 && byte < 127) ||
          byte === 9 ||
          byte === 10 ||
          byte === 13 ||
          (byte > 127 && isPlainChar(element));
        if (text.every(isLetter)) {
          out.write(quote(decodeText(text), '"'));
          return;
        }
      }
      writeElements(shower, out, depth, bounded, elements, type.language === 'rust' ? ['[', ']'] : ['{', '}']);
    },
    indexed: bounded,
    elements,
    memoryReference: addressOf(value),
  };
}

export function elementChildren(
  value: Value,
  element: Type | undefined,
  size: number,
  start: number,
  count: number,
): Child[] {
  const children: Child[] = [];
  for (let index = start; index < start + count; index++) {
    const name = value.evaluateName === undefined ? undefined : `${parenthesised(value.evaluateName)}[${index}]`;
    children.push({ name: `[${index}]`, value: partValue(value, element, index * size, name), kind: 'element' });
  }
  return children;
}

export function structView(value: Value, type: StructType, shower: Shower): View {
  if (type.declaration) return leaf('<incomplete type>', addressOf(value));
  return {
    write(out, depth) {
      out.write('{');
      if (depth >= TEXT_DEPTH_MAX && type.members.length > 0) out.write('…');
      else {
        type.members.forEach((member, index) => {
          if (out.full) return;
          if (index > 0) out.write(', ');
          if (member.name !== '') out.write(`${member.name} = `);
          shower.write(memberValue(value, member), out, depth + 1);
        });
      }
      out.write('}');
    },
    indexed: 0,
    named: () =>
      structChildren(
        value,
        type,
        value.evaluateName === undefined ? undefined : `${parenthesised(value.evaluateName)}.`,
      ),
    namedCount: type.members.length,
    memoryReference: addressOf(value),
  };
}

/** @param prefix what stands before a member's name in an expression: `x.` or `p->` */
export function structChildren(value: Value, type: StructType, prefix: string | undefined): Child[] {
  return type.members.flatMap((member): Child[] => {
    const inner = resolved(member.type);
    // C11 anonymous members: their fields are the outer struct's.
    if (member.name === '' && inner?.kind === 'struct') {
      return structChildren({ ...value, place: placeAt(value.place, member.offset), type: inner }, inner, prefix);
    }
    const name = member.inherited ? `<base ${member.type?.name ?? ''}>` : member.name;
    return [
      {
        name,
        value: memberValue(value, member, prefix === undefined ? undefined : `${prefix}${member.name}`),
        kind: 'field',
      },
    ];
  });
}

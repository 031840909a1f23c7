/**
 * Types no entry stands for: pointers and arrays an expression makes, and the languages' own numbers where a program does
 * not use them. i386 psABI, "Fundamental Types"; The Rust Reference, "Numeric types".
 *
 * Invariant: their `id` is 0.
 */
import { arrayTypeName, pointerTypeName } from './type-names.ts';
import type { ArrayType, BaseType, Encoding, PointerType, Type } from './types.ts';

/** @param name as it was written, where that says more: `*const T`, `&T` */
export function makePointer(target: Type | undefined, language: 'c' | 'rust', name?: string): PointerType {
  const form = 'pointer';
  return {
    kind: 'pointer',
    id: 0,
    form,
    language,
    sizeBytes: 4,
    target,
    name: name ?? pointerTypeName(target, form, language),
  };
}

export function makeArray(element: Type | undefined, count: number, language: 'c' | 'rust'): ArrayType {
  const counts = [count];
  const sizeBytes = (element?.sizeBytes ?? 0) * count;
  return { kind: 'array', id: 0, language, sizeBytes, element, counts, name: arrayTypeName(element, counts, language) };
}

/** What one index of an array gives: its element, or an array of one dimension less. */
export function elementOf(array: ArrayType): Type | undefined {
  if (array.counts.length <= 1) return array.element;
  const { element, language } = array;
  const counts = array.counts.slice(1);
  const sizeBytes = counts.reduce<number>((size, count) => size * (count ?? 0), element?.sizeBytes ?? 0);
  return { kind: 'array', id: 0, language, sizeBytes, element, counts, name: arrayTypeName(element, counts, language) };
}

//  names                                                                      bytes  encoding
const cTypes: readonly (readonly [readonly string[], number, Encoding])[] = [
  [['char'], 1, 'signed-char'],
  [['signed char', 'int8_t'], 1, 'signed-char'],
  [['unsigned char', 'uint8_t'], 1, 'char'],
  [['_Bool', 'bool'], 1, 'boolean'],
  [['short', 'short int', 'signed short', 'int16_t'], 2, 'signed'],
  [['unsigned short', 'short unsigned int', 'unsigned short int', 'uint16_t'], 2, 'unsigned'],
  [['int', 'signed', 'signed int', 'int32_t', 'ssize_t', 'ptrdiff_t', 'intptr_t'], 4, 'signed'],
  [['unsigned int', 'unsigned', 'uint32_t', 'size_t', 'uintptr_t'], 4, 'unsigned'],
  [['long', 'long int', 'signed long'], 4, 'signed'],
  [['unsigned long', 'long unsigned int', 'unsigned long int'], 4, 'unsigned'],
  [['long long', 'long long int', 'int64_t'], 8, 'signed'],
  [['unsigned long long', 'long long unsigned int', 'unsigned long long int', 'uint64_t'], 8, 'unsigned'],
  [['float'], 4, 'float'],
  [['double'], 8, 'float'],
];

const rustTypes: readonly (readonly [readonly string[], number, Encoding])[] = [
  [['bool'], 1, 'boolean'],
  [['char'], 4, 'utf'],
  [['i8'], 1, 'signed'],
  [['u8'], 1, 'unsigned'],
  [['i16'], 2, 'signed'],
  [['u16'], 2, 'unsigned'],
  [['i32'], 4, 'signed'],
  [['u32'], 4, 'unsigned'],
  [['i64'], 8, 'signed'],
  [['u64'], 8, 'unsigned'],
  [['i128'], 16, 'signed'],
  [['u128'], 16, 'unsigned'],
  [['isize'], 4, 'signed'],
  [['usize'], 4, 'unsigned'],
  [['f32'], 4, 'float'],
  [['f64'], 8, 'float'],
  [['()'], 0, 'void'],
];

function table(rows: typeof cTypes, language: 'c' | 'rust'): ReadonlyMap<string, BaseType> {
  const types = new Map<string, BaseType>();
  for (const [names, sizeBytes, encoding] of rows) {
    for (const name of names) types.set(name, { kind: 'base', id: 0, name, sizeBytes, language, encoding });
  }
  return types;
}

const builtins = { c: table(cTypes, 'c'), rust: table(rustTypes, 'rust') } as const;

/** The language's own type of that name; the other language's where this one has none. */
export function builtinType(name: string, language: 'c' | 'rust'): BaseType | undefined {
  return builtins[language].get(name) ?? builtins[language === 'c' ? 'rust' : 'c'].get(name);
}

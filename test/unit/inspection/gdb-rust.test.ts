/**
 * Values of Rust against the text gdb recorded for them: gdb shows a type's own fields, so they are written out here without
 * any of our views. Compared are numbers, places of fields, variants and niches, addresses, lengths and types' names.
 */
import { expect, test } from 'vitest';
import { elementOf, resolved } from '../../../debug-adapter/debug-info/index.ts';
import type { StructType } from '../../../debug-adapter/debug-info/index.ts';
import { childrenOf, renderValue, valueOfVariable } from '../../../debug-adapter/inspection/index.ts';
import type { Value } from '../../../debug-adapter/inspection/index.ts';
import { activeVariant } from '../../../debug-adapter/inspection/rust-enum.ts';
import { sequenceLayout } from '../../../debug-adapter/inspection/rust-layout.ts';
import { memberValue, partValue, pointerOf } from '../../../debug-adapter/inspection/value.ts';
import { sequenceOf } from '../../../debug-adapter/inspection/rust-views.ts';
import { debugInfo, frameOf, recordedStops } from '../debug-info/kit.ts';

/** A value as gdb 13 prints it. */
function raw(value: Value): string {
  const type = resolved(value.type)!;
  switch (type.kind) {
    case 'base':
      return renderValue(value).text.replace(/\.0$/, '');
    case 'enum':
      return `${type.name}::${renderValue(value).text}`;
    case 'pointer':
      return `0x${pointerOf(value).toString(16)}`;
    case 'array': {
      const size = elementOf(type)?.sizeBytes ?? 0;
      const elements = Array.from({ length: type.counts[0] ?? 0 }, (_, i) =>
        partValue(value, elementOf(type), i * size),
      );
      return `[${elements.map(raw).join(', ')}]`;
    }
    case 'struct':
      return type.variants === undefined ? rawStruct(value, type) : rawEnum(value, type);
    default:
      return `<${type.kind}>`;
  }
}

function rawEnum(value: Value, type: StructType): string {
  const variant = activeVariant(value)!;
  const payload = resolved(variant.member.type) as StructType;
  const fields = fieldsOf(memberValue(value, variant.member), payload);
  const isTuple = payload.members.every(({ name }) => /^__\d+$/.test(name));
  const written = fields.length === 0 ? '' : isTuple ? `(${fields.join(', ')})` : `{${fields.join(', ')}}`;
  return `${type.name}::${variant.name}${written}`;
}

function rawStruct(value: Value, type: StructType): string {
  const layout = sequenceLayout(type);
  if (layout !== undefined && /^(?:&|alloc::boxed::Box<)/.test(type.name)) {
    if (type.name === '&str') return renderValue(value).text;
    const { length } = sequenceOf(value, type, layout);
    const bytes = value.context.readMemory(sequenceOf(value, type, layout).address, length);
    const elements = layout.isText ? [...bytes!].map(String) : childrenOf(value).map((child) => raw(child.value));
    return `${type.name} [${elements.join(', ')}]`;
  }
  const fields = fieldsOf(value, type);
  if (fields.length === 0) return type.name;
  if (type.name.startsWith('(')) return `(${fields.join(', ')})`;
  const isTuple = type.members.every(({ name }) => /^__\d+$/.test(name));
  return isTuple ? `${type.name} (${fields.join(', ')})` : `${type.name} {${fields.join(', ')}}`;
}

function fieldsOf(value: Value, type: StructType): string[] {
  return type.members.map((member) => {
    const text = raw(memberValue(value, member));
    return /^__\d+$/.test(member.name) ? text : `${member.name}: ${text}`;
  });
}

/** gdb names what a pointer leads to, writes characters with their number, and floats without a fraction of 0. */
function plain(theirs: string): string {
  return theirs
    .replace(/(0x[0-9a-f]+) <(?:[^<>]|<[^<>]*>)*>/g, '$1')
    .replace(/\b\d+ ('(?:\\.[^']*|[^'\\])')/g, (_, character: string) => {
      const code = /^'\\x([0-9a-f]+)'$/.exec(character)?.[1];
      return code === undefined ? character : `'${String.fromCodePoint(parseInt(code, 16))}'`;
    });
}

//  fixture         variables compared, at least
test.each([
  ['rust4', 85],
  ['rust5', 85],
  ['rust5-values', 80],
] as const)('%s: the fields, variants and numbers of every variable are gdb’s', (name, least) => {
  let compared = 0;
  const different: string[] = [];
  const info = debugInfo(name);
  for (const stop of recordedStops(name)) {
    const context = frameOf(stop, info.elf);
    const [inline] = info.inlineFramesAt(context.pc);
    for (const { name: variable, text } of stop.frames[0]!.variables) {
      const found = inline?.variablesAt(context.pc).find((candidate) => candidate.name === variable);
      if (found === undefined || text === '' || text.startsWith('<')) continue;
      const ours = raw(valueOfVariable(found, context));
      compared++;
      // gdb shows 100 characters of a text.
      const theirs = plain(text);
      const isSame = theirs.endsWith('"...') ? ours.startsWith(theirs.slice(0, -4)) : ours === theirs;
      if (!isSame) different.push(`${stop.name} ${variable}:\n  ${ours}\n  ${theirs}`);
    }
  }
  expect(different).toEqual([]);
  expect(compared).toBeGreaterThan(least);
});

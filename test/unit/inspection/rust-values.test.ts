/** How values of Rust read, on the stops of the Rust fixture in DWARF 4 and 5. */
import { describe, expect, test } from 'vitest';
import { assignText, childrenOf, renderValue } from '../../../debug-adapter/inspection/index.ts';
import { stage, text, variable } from './kit.ts';

const scalars: Readonly<Record<string, string>> = {
  truth: 'true',
  small: '-5',
  byte: '200',
  word: '3735928559',
  signed: '-123456',
  wide: '18364758544493064720',
  negative: '-9000000000',
  huge: '1512366075204170928972419503379277431',
  letter: "'x'",
  accent: "'é'",
  newline: "'\\n'",
  float: '-0.25',
  double: '1.5',
  unit: '()',
  tuple: '(1, -2, "three")',
  array: '[10, 20, 30]',
  grid: '[[1, 2], [3, 4], [5, 6]]',
  color: 'Blue',
};

const enums: Readonly<Record<string, string>> = {
  some: 'Some(5)',
  none: 'None',
  boxed: 'Some(77)',
  no_box: 'None',
  reference: 'Some(5)',
  ok: 'Ok(3)',
  err: 'Err(InvalidArgument)',
  unit_err: 'Err(NoMemory)',
  shape: 'Rectangle {width: 3, height: 4}',
  circle: 'Circle(9)',
  empty: 'Empty',
  nested: 'Some(Ok(Named("deep")))',
  ordering: 'Less',
  flag: 'Some(false)',
  no_flag: 'None',
  letter: 'None',
  single: 'Only(4)',
  wide: 'Some(1099511627776)',
  text: 'Some("inside")',
  list: 'Some(len=2 [1, 2])',
  no_list: 'None',
};

const collections: Readonly<Record<string, string>> = {
  text: '"hello \\"wörld\\"\\n"',
  string: '"owned text"',
  empty_string: '""',
  long: `"${'abcdefghij'.repeat(16)}…" (len 600)`,
  vector: 'len=3 [1, 2, 3]',
  empty: 'len=0 []',
  words: 'len=2 ["a", "bc"]',
  slice: 'len=2 [2, 3]',
  bytes: 'len=5 [98, 121, 116, 101, 115]',
  boxed: 'Point {x: 1, y: 2}',
  boxed_slice: 'len=2 [7, 8]',
  boxed_str: '"boxed"',
  empty_map: 'len=0 {}',
  queue: 'len=4 [2, 3, 4, 5]',
  shared: 'Point {x: 5, y: 6} (strong 2, weak 1)',
  another: 'Point {x: 5, y: 6} (strong 2, weak 1)',
  weak: '(Weak: strong 2, weak 1)',
  cell: '12',
  borrowed: 'len=1 [1] (borrowed once)',
  guard: 'len=1 [1]',
  atomic: '99',
  animal: 'Dog {age: 3}',
  speaker: 'Cat',
  captured: '3',
  closure: '{closure#0} {captured: 3, string: "owned text"}',
  wrapped: 'Wrapper(Point {x: 1, y: -1})',
  mutex: 'Lock {held: false, inner: 5}',
  borrowed_text: 'Borrowed("cow")',
  range: '2..9',
};

describe.each(['rust4', 'rust5'])('%s', (name) => {
  test.each(Object.entries(scalars))('scalars: %s is %s', (variableName, expected) => {
    expect(text(stage(name, 'scalars'), variableName)).toBe(expected);
  });
  test.each(Object.entries(enums))('enums: %s is %s', (variableName, expected) => {
    expect(text(stage(name, 'enums'), variableName)).toBe(expected);
  });
  test.each(Object.entries(collections))('collections: %s is %s', (variableName, expected) => {
    expect(text(stage(name, 'collections'), variableName)).toBe(expected);
  });

  test('a function pointer and a raw pointer name what they lead to', () => {
    const at = stage(name, 'scalars');
    expect(text(at, 'function')).toMatch(/^0x[0-9a-f]{8} <shapes::double_it>$/);
    expect(text(at, 'raw')).toMatch(/^0x[0-9a-f]{8}$/);
    expect(childrenOf(variable(at, 'raw')).map((child) => `${child.name} ${renderValue(child.value).text}`)).toEqual([
      '* 3735928559',
    ]);
  });

  test('a B-tree map gives its entries in order, from any place', () => {
    const map = variable(stage(name, 'collections'), 'map');
    expect(renderValue(map)).toMatchObject({ indexed: 40, named: 0 });
    expect(renderValue(map).text).toMatch(/^len=40 \{0: "value 0", 1: "value 1", /);
    const entries = (start: number, count: number): string[] =>
      childrenOf(map, { filter: 'indexed', start, count }).map(
        (child) => `${child.name} ${renderValue(child.value).text}`,
      );
    expect(entries(37, 10)).toEqual(['[37] "value 37"', '[38] "value 38"', '[39] "value 39"']);
    expect(entries(0, 40)).toHaveLength(40);
    expect(entries(11, 1)).toEqual(['[11] "value 11"']);
  });

  test('elements come in pages, with the expression that gives each', () => {
    const vector = variable(stage(name, 'collections'), 'vector');
    const page = childrenOf(vector, { filter: 'indexed', start: 1, count: 5 });
    expect(page.map((child) => [child.name, child.value.evaluateName, renderValue(child.value).text])).toEqual([
      ['[1]', 'vector[1]', '2'],
      ['[2]', 'vector[2]', '3'],
    ]);
  });

  test('statics read by path, with their cells peeled', () => {
    const at = stage(name, 'scalars');
    expect(['COUNTER', 'READY', 'NAMES', 'ORIGIN', 'SCRATCH'].map((static_) => text(at, static_))).toEqual([
      '7',
      'true',
      '["zero", "one", "two"]',
      'Point {x: -1, y: 2}',
      '[1, 2, 3, 4]',
    ]);
  });

  test('memory that is not initialised reads as such, in bounded time', () => {
    const at = stage(name, 'collections');
    for (const variableName of [
      'vector',
      'string',
      'map',
      'queue',
      'words',
      'shared',
      'animal',
      'text',
      'nested',
      'closure',
    ]) {
      if (
        at.info
          .inlineFramesAt(at.context.pc)[0]!
          .variablesAt(at.context.pc)
          .every((other) => other.name !== variableName)
      )
        continue;
      const value = variable(at, variableName);
      for (const fill of [0x00, 0x55, 0xaa, 0xff]) {
        const garbage = {
          ...value,
          context: { ...value.context, readMemory: (_: number, size: number) => new Uint8Array(size).fill(fill) },
        };
        const started = performance.now();
        const rendered = renderValue(garbage);
        childrenOf(garbage, { count: 20 }).forEach((child) => renderValue(child.value));
        expect(rendered.text.length).toBeLessThan(300);
        expect(performance.now() - started).toBeLessThan(1000);
        const nothing = { ...value, context: { ...value.context, readMemory: () => undefined } };
        expect(renderValue(nothing).text).toMatch(/not mapped>/);
      }
    }
  });
});

test.each([
  ['truth', 'false', 'false'],
  ['small', '-7', '-7'],
  ['byte', '0xff', '255'],
  ['huge', '5', '5'],
  ['letter', "'é'", "'é'"],
  ['double', '-2.25', '-2.25'],
  ['color', 'Green', 'Green'],
  ['color', 'Color::Red', 'Red'],
])('setVariable: %s = %s', (name, written, expected) => {
  const at = stage('rust4', 'scalars');
  const result = assignText(variable(at, name), written);
  expect(result.ok).toBe(true);
  expect(text(at, name)).toBe(expected);
});

test('setVariable writes through cells and references', () => {
  const at = stage('rust4', 'collections');
  expect(assignText(variable(at, 'cell'), '77').ok && text(at, 'cell')).toBe('77');
  expect(assignText(variable(at, 'atomic'), '78').ok && text(at, 'atomic')).toBe('78');
});

test.each([
  ['byte', '256', 'value-out-of-range'],
  ['small', '-129', 'value-out-of-range'],
  ['truth', '2', 'value-not-understood'],
  ['letter', '0xd800', 'value-not-understood'],
  ['color', 'Purple', 'value-not-understood'],
  ['word', '', 'value-not-understood'],
  ['tuple', '(1, 2)', 'not-assignable'],
])('setVariable refuses %s = %s: %s', (name, written, id) => {
  const at = stage('rust4', 'scalars');
  const result = assignText(variable(at, name), written);
  expect(result.ok ? '' : result.failure.id).toBe(id);
  expect(at.written.size).toBe(0);
});

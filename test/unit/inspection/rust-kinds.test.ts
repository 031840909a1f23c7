/** Closures, trait objects, niches, cells, trees and the rest of what Rust has, as they read. */
import { describe, expect, test } from 'vitest';
import { childrenOf, compileExpression, renderValue } from '../../../debug-adapter/inspection/index.ts';
import type { Value } from '../../../debug-adapter/inspection/index.ts';
import { evaluate, stage, text, valueOf, variable } from './kit.ts';

const NAME = 'rust5-values';

const closures: Readonly<Record<string, string>> = {
  by_reference: '{closure#0} {base: 10, name: "captured"}',
  by_value: '{closure#1} {base: 10}',
  counting: '{closure#2} {count: 1}',
  nothing: '{closure#3}',
  boxed: '{closure#1} {base: 10}',
  borrowed: '{closure#0} {base: 10, name: "captured"}',
};

const objects: Readonly<Record<string, string>> = {
  shown: 'Point {x: -1, y: 2}',
  number: '42',
  text: '"debugged"',
  unit: 'Unit',
  shared: 'Dog {age: 5} (strong 1, weak 0)',
  zoo: 'len=2 [Dog {age: 1}, Cat]',
  maybe: 'Some(Dog {age: 7})',
  no_object: 'None',
  changing: 'Dog {age: 9}',
};

const niches: Readonly<Record<string, string>> = {
  reference: 'Some(5)',
  no_reference: 'None',
  boxed: 'Some(6)',
  non_zero: 'Some(7)',
  zero: 'None',
  twice: 'Some(None)',
  never: 'None',
  twice_true: 'Some(Some(true))',
  deep: 'Some(Some(8))',
  deep_none: 'Some(None)',
  letter: "Some('ß')",
  no_function: 'None',
  known: 'Known(true)',
  unknown: 'Unknown',
  refused: 'Refused',
  message: 'Text(len=3 [1, 2, 3])',
  moved: 'Move(4, 5)',
  quit: 'Quit',
  nested: 'Some(Move(6, 7))',
  no_message: 'None',
  fine: 'Ok(9)',
  failed: 'Err(())',
  text: 'Ok("fine")',
  error: 'Err(NoMemory)',
  wide: 'Err([1, 2, 3])',
  signed: 'Minus',
  huge: 'Large',
  ordering: 'Some(Greater)',
};

const cells: Readonly<Record<string, string>> = {
  cell: 'Some(3)',
  free: '"free"',
  lent: 'len=2 [1, 2] (borrowed 2 times)',
  first: 'len=2 [1, 2]',
  taken: 'Point {x: 3, y: 2} (mutably borrowed)',
  writing: 'Point {x: 3, y: 2}',
  shared: '-4 (strong 2, weak 1)',
  other: '-4 (strong 2, weak 1)',
  weak: '(Weak: strong 2, weak 1)',
  gone: '(Weak: strong 0, weak 1)',
  list: 'len=3 [10, 20, 30] (strong 1, weak 0)',
  bits: 'Bits {word: 1065353216, float: 1.0, bytes: [0, 0, 128, 63]}',
  rows: 'len=3 [len=1 [1], len=0 [], len=2 [2, 3]]',
  units: 'len=2 [(), ()]',
  accented: '"größer: 日本"',
  slices: 'len=2 ["a", "b"]',
  numbers: '[1, 2, 3, 4]',
  window: 'len=2 [2, 3]',
  tuple: "((1, 'x'), [Some(2), None], Unit)",
};

const maps: Readonly<Record<string, string>> = {
  letters: "len=3 {'\\'': 2, 'x': 1, '日': 3}",
  pairs: 'len=2 {(1, "one"): 10, (2, "two, three"): 20}',
  shades: 'len=2 {Light: 2, Dark: 1}',
  options: 'len=2 {None: 1, Some(5): 2}',
  numbered: 'len=2 {Number(7): 1, Number(9): 2}',
  ring: 'len=3 [1, 2, 3]',
};

describe.each([
  ['maps', maps],
  ['closures', closures],
  ['objects', objects],
  ['niches', niches],
  ['cells', cells],
])('%s', (stop, expected) => {
  test.each(Object.entries(expected))('%s is %s', (name, shown) => {
    expect(text(stage(NAME, stop), name)).toBe(shown);
  });
});

test('a closure’s captured variables are its fields, and its body sees them by name', () => {
  const at = stage(NAME, 'closures');
  expect(childrenOf(variable(at, 'by_reference')).map((c) => [c.name, renderValue(c.value).text])).toEqual([
    ['base', '10'],
    ['name', '"captured"'],
  ]);
  expect(evaluate(at, 'by_reference.name')).toBe('"captured"');
  expect(text(at, 'plain')).toMatch(/^0x[0-9a-f]{8} <.*closure#3.*>$/);
  const inside = stage(NAME, 'inside-closure');
  expect(['value', 'scale', 'base', 'product'].map((name) => text(inside, name))).toEqual(['5', '3', '10', '25']);
  expect(evaluate(inside, 'value * scale + base == product')).toBe('true');
});

test('a trait object’s type names what it is, and its fields are reached through it', () => {
  const at = stage(NAME, 'objects');
  const typeOf = (name: string): string => renderValue(variable(at, name)).typeName;
  expect(typeOf('shown')).toBe('alloc::boxed::Box<dyn core::fmt::Display> (values::kinds::Point<i32>)');
  expect(typeOf('number')).toMatch(/\(u64\)$/);
  expect(typeOf('text')).toMatch(/^&dyn core::fmt::Debug \(&str\)$/);
  expect(typeOf('shared')).toMatch(/^alloc::rc::Rc<dyn values::kinds::Animal.*\(values::kinds::Dog\)$/);
  const typeOfClosure = renderValue(variable(stage(NAME, 'closures'), 'borrowed')).typeName;
  expect(typeOfClosure).toMatch(/^&dyn core::ops::function::Fn.*\(values::closures::\{closure_env#0\}\)$/);
  expect(evaluate(at, 'shown.x + shown.y')).toBe('1');
  expect(evaluate(at, 'shared.age')).toBe('5');
  expect(evaluate(at, 'zoo[0].age')).toBe('1');
  expect(evaluate(at, '*number')).toBe('42');
  expect(evaluate(at, 'shared.wings')).toBe('! no-such-field');
});

test('a function in an option has its name', () => {
  expect(text(stage(NAME, 'niches'), 'function')).toMatch(/^Some\(0x[0-9a-f]{8} <values::twofold>\)$/);
});

test('a B-tree of three levels gives its 300 entries in order, from any place', () => {
  const at = stage(NAME, 'cells');
  const map = variable(at, 'large');
  expect(renderValue(map).indexed).toBe(300);
  const all = childrenOf(map, { filter: 'indexed' }).map((child) => `${child.name} ${renderValue(child.value).text}`);
  expect(all).toEqual(Array.from({ length: 300 }, (_, index) => `[${index * 2}] ${index * 100}`));
  for (const start of [0, 1, 127, 150, 298]) {
    const page = childrenOf(map, { filter: 'indexed', start, count: 3 });
    expect(page.map((child) => `${child.name} ${renderValue(child.value).text}`)).toEqual(all.slice(start, start + 3));
  }
  expect(evaluate(at, 'large[598]')).toBe('29900');
  expect(evaluate(at, 'large[1]')).toBe('! index-out-of-bounds');
  expect(evaluate(at, 'large.len()')).toBe('300');
});

const keys: Readonly<Record<string, string>> = {
  'words["the"]': '4',
  'words[""]': '1',
  'words["a \\"b\\"\\n"]': '2',
  'words[long]': '3',
  'words["none"]': '! index-out-of-bounds',
  'words[0]': '! key-type',
  'words[nobody]': '! name-unknown',
  "letters['日']": '3',
  "letters['\\'']": '2',
  'letters[120]': '1',
  'letters["x"]': '! key-type',
  'pairs[(1, "one")]': '10',
  'pairs[( 2,"two, three" )] + 1': '21',
  'pairs[pair]': '20',
  'pairs[(3, "one")]': '! index-out-of-bounds',
  'pairs[1]': '! key-type',
  'shades[Dark]': '1',
  'shades[Shade::Dark]': '1',
  'shades[Grey]': '! index-out-of-bounds',
  'shades[values::Shade::Light]': '2',
  'options[None]': '1',
  'options[Some(5)]': '2',
  'numbered[9]': '2',
  'numbered[Number(9)]': '2',
  'numbered[Number(8)]': '! index-out-of-bounds',
  'ring[2]': '3',
  'ring[0..2]': '! not-indexable',
  'words["the"': '! expression-syntax',
  'words[]': '! expression-syntax',
  'pair[(1, 2)]': '! expression-syntax',
};

test.each(Object.entries(keys))('%s is %s', (expression, shown) => {
  expect(evaluate(stage(NAME, 'maps'), expression)).toBe(shown);
});

test('a key that cannot be the map’s is refused with the type that it has to be of', () => {
  const at = stage(NAME, 'maps');
  const compiled = compileExpression('words[0] == 1', at.scope);
  expect(compiled.ok ? '' : compiled.failure.cause).toBe('The keys are of type &str, not i32.');
});

test('hexadecimal reaches into containers, enums and cells', () => {
  const hex = (stop: string, name: string): string =>
    renderValue(variable(stage(NAME, stop), name), { hex: true }).text;
  expect(hex('cells', 'list')).toBe('len=3 [0xa, 0x14, 0x1e] (strong 1, weak 0)');
  expect(hex('niches', 'moved')).toBe('Move(0x4, 0x5)');
  expect(hex('cells', 'shared')).toBe('0xfffffffc (strong 2, weak 1)');
  expect(hex('objects', 'shared')).toBe('Dog {age: 0x5} (strong 1, weak 0)');
  expect(hex('closures', 'by_value')).toBe('{closure#1} {base: 0xa}');
});

test('a part of a text is text, as is a literal', () => {
  const at = stage(NAME, 'cells');
  expect(evaluate(at, 'accented[0..4]')).toBe('"grö"');
  expect(evaluate(at, 'accented[0..3]')).toBe('"gr\\xc3"');
  expect(evaluate(at, 'accented[9..]')).toBe('" 日本"');
  expect(evaluate(at, 'slices[0][0..1]')).toBe('"a"');
  expect(evaluate(at, 'slices[0][0..0]')).toBe('""');
  expect(evaluate(at, '"a\\n日"')).toBe('"a\\n日"');
  expect(renderValue(valueOf(at, '"abc"')).typeName).toBe('str');
  expect(evaluate(at, '"abc".len()')).toBe('3');
  expect(evaluate(at, 'accented[0..4] == "grö"')).toBe('true');
  expect(evaluate(at, '0777')).toBe('777');
  expect(evaluate(at, '0o777')).toBe('511');
});

test('an artificial array stands behind any object in memory', () => {
  const at = stage(NAME, 'cells');
  expect(evaluate(at, 'raw[0]@4')).toBe('[1, 10, 100, 1000]');
  expect(evaluate(at, '*raw@2')).toBe('[1, 10]');
  expect(evaluate(at, 'numbers[1]@2')).toBe('[2, 3]');
  expect(evaluate(at, 'list[1]@2')).toBe('[20, 30]');
  expect(evaluate(at, '(raw[1]@2)[1]')).toBe('100');
  expect(evaluate(at, '(1 + 1)@2')).toBe('! no-address');
});

test('a raw pointer gives a range of what it points at', () => {
  const at = stage(NAME, 'cells');
  expect(evaluate(at, 'raw[0..8]')).toBe('[1, 10, 100, 1000, 10000, 100000, 1000000, 10000000]');
  expect(evaluate(at, 'raw[2..=3]')).toBe('[100, 1000]');
  expect(evaluate(at, '(raw + 6)[0..2]')).toBe('[1000000, 10000000]');
  expect(evaluate(at, 'list[1..]')).toBe('[20, 30]');
  expect(
    childrenOf(valueOf(at, 'raw[0..8]'), { start: 6, count: 1 }).map((c) => [c.name, renderValue(c.value).text]),
  ).toEqual([['[6]', '1000000']]);
});

test('every part’s own expression gives the same part again', () => {
  let parts = 0;
  for (const [stop, names] of Object.entries({ closures, objects, niches, cells, maps })) {
    const at = stage(NAME, stop);
    const visit = (value: Value, depth: number): void => {
      for (const child of depth > 2 ? [] : childrenOf(value, { count: 5 })) {
        const { evaluateName } = child.value;
        if (stop === 'maps') expect(evaluateName, child.name).toBeDefined();
        if (evaluateName === undefined) continue;
        expect(evaluate(at, evaluateName), evaluateName).toBe(renderValue(child.value).text);
        parts++;
        visit(child.value, depth + 1);
      }
    };
    for (const name of Object.keys(names)) visit(variable(at, name), 0);
  }
  expect(parts).toBeGreaterThan(50);
});

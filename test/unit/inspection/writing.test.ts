/** Every kind of scalar can be set: from text that has to fit, and by assignment as in the source. */
import { describe, expect, test } from 'vitest';
import { assignText, renderValue } from '../../../debug-adapter/inspection/index.ts';
import { evaluate, stage, valueOf } from './kit.ts';

//  variable      text written        reads                       too much for it
const ofC: readonly (readonly [string, string, string, string?])[] = [
  ['s8', '-128', '-128', '-129'],
  ['u8', '255', '255', '256'],
  ['letter', "'q'", "113 'q'", '300'],
  ['letter', "'\\n'", '10'],
  ['s16', '0x7fff', '32767', '0x10000'],
  ['u16', '65535', '65535', '65536'],
  ['u16', '0777', '511', '08'],
  ['s32', '-2147483648', '-2147483648', '-2147483649'],
  ['u32', '0xffffffff', '4294967295', '0x100000000'],
  ['slong', '-1', '-1', '0x123456789'],
  ['ulong_', '1_000', '1000'],
  ['s64', '-9223372036854775808', '-9223372036854775808', '-9223372036854775809'],
  ['u64', '18446744073709551615', '18446744073709551615', '18446744073709551616'],
  ['truth', 'false', 'false', '2'],
  ['truth', '0', 'false'],
  ['single', '0.2', '0.2', 'much'],
  ['single', '-inf', '-inf'],
  ['real', '1e300', '1e+300', '1 2'],
  ['real', 'NaN', 'NaN'],
  ['extended', '-2.5', '-2.5', 'x'],
  ['extended', '5e-324', '5e-324'],
  ['extended', '0', '0.0'],
  ['extended', 'inf', 'inf'],
  ['color', 'GREEN', 'GREEN', 'PURPLE'],
  ['color', '6', 'BLUE'],
  ['sign', 'PLUS', 'PLUS'],
  ['sign', '-3', 'MINUS'],
  ['rights', '6', '(WRITE | EXECUTE)'],
  ['fields.first', '0', '0', '2'],
  ['fields.small', '-4', '-4', '8'],
  ['fields.small', '3', '3', '-5'],
  ['fields.crossing', '0x1fff', '8191', '0x2000'],
  ['fields.truth', 'false', 'false', '2'],
  ['fields.color', 'BLUE', 'BLUE', '16'],
  ['fields.sign', 'MINUS', 'MINUS'],
  ['fields.tiny', '1', '1', '4'],
  ['fields.wide', '-549755813888', '-549755813888', '-549755813889'],
  ['fields.top', '0x7fffffffffffffff', '9223372036854775807', '0x8000000000000000'],
  ['packed.across', '-131072', '-131072', '262144'],
  ['number.page.high', '0xfffff', '1048575', '0x100000'],
  ['cube[1][2][3]', '-7', '-7'],
  ['anything', '0x1000', '0x00001000', '0x100000000'],
  ['anything', 'NULL', '0x00000000'],
  ['disk.next', '0', '0x00000000'],
];

const ofRust: readonly (readonly [string, string, string, string?])[] = [
  ['I8', '-128', '-128', '-129'],
  ['U8', "b'a'", '97', '256'],
  ['I16', '-1', '-1', '-32769'],
  ['U16', '0xffff', '65535', '65536'],
  ['U16', '0777', '777'],
  ['I32', '2_000_000', '2000000', '0x100000000'],
  ['U32', '0b101', '5', '4294967296'],
  ['I64', '-9223372036854775808', '-9223372036854775808', '-9223372036854775809'],
  ['U64', '0xffffffffffffffff', '18446744073709551615', '18446744073709551616'],
  ['USIZE', '4096', '4096', '4294967296'],
  ['BOOL', 'false', 'false', '7'],
  ['CHAR', "'日'", "'日'", '0xd800'],
  ['CHAR', "'\\u{e9}'", "'é'"],
  ['F32', '0.3', '0.3', 'abc'],
  ['F64', '1.5f64', '1.5', '1..2'],
  ['SIGNED', 'Plus', 'Plus', 'Minor'],
  ['SIGNED', 'Signed::Zero', 'Zero'],
  ['HUGE', 'Huge::Small', 'Small'],
  ['FRAME.next', '0x2000', '0x00002000'],
  ['FRAME.pair.1', '-5', '-5'],
  ['GRID[1][2]', '-6000', '-6000', '65536'],
];

describe.each([
  ['C', 'c5-values', 'values', ofC],
  ['Rust', 'rust5-values', 'cells', ofRust],
] as const)('%s', (_, fixture, stop, rows) => {
  const named = rows.map(([name, written, reads, tooMuch]) => ({ name, written, reads, tooMuch }));
  test.each(named)('$name = $written reads $reads', ({ name, written, reads, tooMuch }) => {
    const at = stage(fixture, stop);
    const value = valueOf(at, name);
    expect(renderValue(value).writable).toBe(true);
    const result = assignText(value, written);
    expect(result.ok ? '' : result.failure.cause).toBe('');
    expect(evaluate(at, name)).toBe(reads);
    if (tooMuch === undefined) return;
    const before = [...at.written];
    expect(assignText(value, tooMuch).ok, tooMuch).toBe(false);
    expect([...at.written]).toEqual(before);
  });
});

test('a bit field’s neighbours stay as they are', () => {
  const at = stage('c5-values', 'values');
  const before = evaluate(at, 'fields');
  for (const [name, text] of [
    ['small', '2'],
    ['wide', '1'],
    ['half', '0'],
    ['tiny', '1'],
  ] as const)
    expect(assignText(valueOf(at, `fields.${name}`), text).ok).toBe(true);
  expect(evaluate(at, 'fields')).toBe(
    before
      .replace('small = -3', 'small = 2')
      .replace('wide = -500000000000', 'wide = 1')
      .replace('half = 1445', 'half = 0')
      .replace('tiny = -2', 'tiny = 1'),
  );
});

test.each<[string, string, string]>([
  ['u8 += 100', 'u8', "44 ','"],
  ['++s32', 's32', '-1999999999'],
  ['--u8', 'u8', '199'],
  ['truth = 2', 'truth', 'true'],
  ['fields.truth = 256', 'fields.truth', 'true'],
  ['u8++', 'u8', '201'],
  ['s32-- - 1', 's32', '-2000000001'],
  ['fields.small++', 'fields.small', '-2'],
  ['cube[1][2][3]++', 'cube[1][2][3]', '25'],
  ['$al++', '$al - $al', '0'],
  ['fields.small = 1 + 1', 'fields.small', '2'],
  ['fields.wide = s64', 'fields.wide', '-347397685248'],
  ['single = 1 / 4.0', 'single', '0.25'],
  ['extended = real * 0 + 3', 'extended', '3.0'],
  ['color = RED', 'color', 'RED'],
  ['disk.next = &disk', 'disk.next == &disk', '1'],
  ['*into_cube = 99', 'cube[1][0][2]', '99'],
  ['chosen = subtract', 'chosen == subtract', '1'],
  ['number.real = 2', 'number.whole', '1073741824'],
  ['$al = 0x77', '$al', "119 'w'"],
  ['$ah = 1', '$eax & 0xff00', '256'],
])('after %s, %s is %s', (assignment, expression, expected) => {
  const at = stage('c5-values', 'values');
  expect(evaluate(at, assignment, true)).not.toMatch(/^!/);
  expect(evaluate(at, expression)).toBe(expected);
});

test.each(['BOOL = 2', 'CHAR = 0xd800', 'CHAR = 0x110000'])(
  '%s is no value of its type, and changes nothing',
  (text) => {
    const at = stage('rust5-values', 'cells');
    expect(evaluate(at, text, true)).toBe('! value-out-of-range');
    expect(at.written.size).toBe(0);
  },
);

test('x++ gives what was there before, ++x what is there now', () => {
  const at = stage('c5-values', 'values');
  expect(evaluate(at, 'u8++', true)).toBe('200');
  expect(evaluate(at, 'u8', true)).toBe('201');
  expect(evaluate(at, 'u8-- * 2', true)).toBe('402');
  expect(evaluate(at, '++u8', true)).toBe('201');
  expect(evaluate(at, 'u8--1')).toBe('202');
});

test.each([
  'u8 = 1',
  'u8 += 1',
  '++u8',
  '--u8',
  'u8++',
  'u8--',
  'u8 <<= 1',
  '(u8 = 1) + 1',
  '*(&u8 + (s8 = 0))',
  '1 ? u8 = 2 : 3',
])('where only looking is allowed, %s writes nothing', (assignment) => {
  const at = stage('c5-values', 'values');
  expect(evaluate(at, assignment)).toBe('! assignment-not-allowed');
  expect(at.written.size).toBe(0);
});

test('sizeof an expression with “<” in it: no bracket is missed', () => {
  const at = stage('c5-values', 'values');
  expect(evaluate(at, 'sizeof(u8 < s64)')).toBe('4');
  expect(evaluate(at, 'sizeof((s64 >> 3) + 1) + sizeof(struct fields)')).toMatch(/^\d+$/);
});

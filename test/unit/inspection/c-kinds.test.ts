/** Each kind of value C has, in DWARF 4 and 5: how it reads, in decimal and hexadecimal, and what is inside. */
import { describe, expect, test } from 'vitest';
import { childrenOf, evaluateExpression, renderValue } from '../../../debug-adapter/inspection/index.ts';
import type { Value } from '../../../debug-adapter/inspection/index.ts';
import { hasTool } from '../debug-info/kit.ts';
import { atRest, gdbPrint, normalised } from './gdb.ts';
import { evaluate, stage, text, valueOf, variable } from './kit.ts';

//  expression                  decimal                           hexadecimal
const statics: readonly (readonly [string, string, string])[] = [
  ['s8', '-128', '0x80'],
  ['u8', '200', '0xc8'],
  ['letter', "120 'x'", "0x78 'x'"],
  ['s16', '-30000', '0x8ad0'],
  ['u16', '60000', '0xea60'],
  ['s32', '-2000000000', '0x88ca6c00'],
  ['u32', '4000000000', '0xee6b2800'],
  ['slong', '-5', '0xfffffffb'],
  ['s64', '-9000000000000000000', '0x831993af1d7c0000'],
  ['u64', '18000000000000000000', '0xf9ccd8a1c5080000'],
  ['truth', 'true', 'true'],
  ['single', '0.1', '0.1'],
  ['real', '-2.5e-300', '-2.5e-300'],
  ['extended', '1.25', '1.25'],
  ['color', 'BLUE', 'BLUE'],
  ['sign', 'MINUS', 'MINUS'],
  ['rights', '(READ | EXECUTE)', '(READ | EXECUTE)'],
  [
    'packed',
    '{lead = 170, low = 85, across = -100000, high = 42}',
    '{lead = 0xaa, low = 0x55, across = 0x27960, high = 0x2a}',
  ],
  [
    'fields',
    '{first = 1, small = -3, crossing = 5461, negative = -12345, truth = true, color = GREEN, sign = PLUS, ' +
      "byte = 42 '*', tiny = -2, half = 1445, wide = -500000000000, top = 9141386507638288912}",
    '{first = 0x1, small = 0x5, crossing = 0x1555, negative = 0x4fc7, truth = true, color = GREEN, sign = PLUS, ' +
      "byte = 0x2a '*', tiny = 0x2, half = 0x5a5, wide = 0x8b95ad7800, top = 0x7edcba9876543210}",
  ],
  [
    'number',
    "{whole = 1065353216, real = 1.0, bytes = {0, 0, 128, 63 '?'}, page = {low = 0, high = 260096}}",
    "{whole = 0x3f800000, real = 1.0, bytes = {0x0, 0x0, 0x80, 0x3f '?'}, page = {low = 0x0, high = 0x3f800}}",
  ],
  [
    'cube[1]',
    '{{13, 14, 15, 16}, {17, 18, 19, 20}, {21, 22, 23, 24}}',
    '{{0xd, 0xe, 0xf, 0x10}, {0x11, 0x12, 0x13, 0x14}, {0x15, 0x16, 0x17, 0x18}}',
  ],
  ['cube[1][2][3]', '24', '0x18'],
  ['row[1][2]', '11', '0xb'],
  ['into_cube[-1]', '14', '0xe'],
  ['accented', '"naïve"', '"naïve"'],
  ['broken', '"\\xffab"', '"\\xffab"'],
  ['port', '31', '0x1f'],
];

describe.each(['c4-values', 'c5-values'])('%s', (name) => {
  test.each(statics)('%s is %s, in hexadecimal %s', (expression, decimal, hex) => {
    const value = valueOf(atRest(name, 'values'), expression);
    expect(renderValue(value).text).toBe(decimal);
    expect(renderValue(value, { hex: true }).text).toBe(hex);
  });

  test('text behind char * reads as UTF-8, function pointers have their function’s name', () => {
    const at = atRest(name, 'values');
    expect(evaluate(at, 'words[1]')).toMatch(/^0x[0-9a-f]{8} "déjà vu"$/);
    expect(evaluate(at, 'text')).toMatch(/^0x[0-9a-f]{8} "日本"$/);
    expect(evaluate(at, 'words[2]')).toBe('0x00000000');
    expect(evaluate(at, 'chosen')).toMatch(/^0x[0-9a-f]{8} <add>$/);
    expect(evaluate(at, 'disk.operations')).toMatch(/^\{0x[0-9a-f]{8} <subtract>, 0x00000000\}$/);
    expect(evaluate(at, 'disk.next->reset')).toMatch(/^0x[0-9a-f]{8} <reset>$/);
    expect(evaluate(at, 'disk.operations[0] == subtract && chosen != subtract')).toBe('1');
  });

  test('a large array comes in pages, each element with the expression that gives it', () => {
    const table = valueOf(atRest(name, 'values'), 'table');
    expect(renderValue(table)).toMatchObject({ indexed: 5000, named: 0 });
    expect(renderValue(table).text).toMatch(/^\{7, 8, 0, .*, …\}$/);
    const page = childrenOf(table, { filter: 'indexed', start: 4998, count: 100 });
    expect(page.map((child) => [child.name, child.value.evaluateName, renderValue(child.value).text])).toEqual([
      ['[4998]', 'table[4998]', '0'],
      ['[4999]', 'table[4999]', '9'],
    ]);
    expect(childrenOf(table, { filter: 'indexed', start: 0, count: 3 }).map((child) => child.name)).toEqual([
      '[0]',
      '[1]',
      '[2]',
    ]);
    expect(childrenOf(table, { filter: 'named' })).toEqual([]);
    expect(childrenOf(table, { filter: 'indexed', start: 5000, count: 3 })).toEqual([]);
  });

  test('every part’s own expression gives the same part again', () => {
    const at = atRest(name, 'values');
    let parts = 0;
    const visit = (value: Value, depth: number): void => {
      if (depth > 3) return;
      for (const child of childrenOf(value, { count: 4 })) {
        expect(child.value.evaluateName, child.name).toBeDefined();
        expect(evaluate(at, child.value.evaluateName!), child.value.evaluateName).toBe(renderValue(child.value).text);
        parts++;
        visit(child.value, depth + 1);
      }
    };
    for (const root of ['fields', 'packed', 'number', 'cube', 'words', 'disk', 'into_cube', 'row', 'table'])
      visit(valueOf(at, root), 0);
    expect(parts).toBeGreaterThan(60);
  });

  test('a number that no double has keeps its mantissa and exponent', () => {
    const at = stage(name, 'values');
    const extended = valueOf(at, 'extended');
    const shown = (hex: string): string => {
      at.context.writeMemory!(
        (extended.place as { address: number }).address,
        Uint8Array.from(Buffer.from(hex, 'hex')),
      );
      return renderValue(extended).text;
    };
    expect(shown('000000000000' + '00c0fe7f')).toBe('1.5*2^16383');
    expect(shown('000000000000' + '00800080')).toBe('-1*2^-16382');
    expect(shown('000000000000' + '0080ff7f')).toBe('inf');
    expect(shown('000000000000' + '00000000')).toBe('0.0');
  });

  test('arguments and locals of a frame', () => {
    const at = stage(name, 'values');
    expect(text(at, 'shade')).toBe('GREEN');
    expect(text(at, 'label')).toMatch(/ "déjà vu"$/);
    expect(text(at, 'grid')).toBe('{{1, 2}, {3, 4}}');
    expect(text(at, 'local_operation')).toMatch(/ <subtract>$/);
    expect(renderValue(variable(at, 'bits')).text).toMatch(/real = 2.0/);
  });

  test('an index, a range or a number of elements that does not fit is refused with what is wrong', () => {
    const at = atRest(name, 'values');
    const why = (expression: string): string => {
      const value = evaluateExpression(expression, at.scope, at.context);
      return value.ok ? renderValue(value.value).text : value.failure.cause;
    };
    expect(why('table[8..0]')).toBe('The range ends at 0, before it begins at 8.');
    expect(why('into_cube[0..100000000]')).toBe('The range has 100000000 elements; 1048576 is the most.');
    expect(why('table[0]@0')).toBe('0 is no number of elements.');
    expect(why('table[0]@2000000')).toMatch(/^The range has 2000000 elements; 1048576 is the most/);
    expect(why('(s8 + 1)@2')).toBe('Only what is in memory can be repeated with “@”.');
    expect(why('add@2')).toMatch(/has no size/);
    expect(why('(struct nosuch *)0')).toBe('There is no type “struct nosuch” in this program.');
    expect(why('(nosuch)s8')).toBe('There is no type “nosuch” in this program.');
    expect(why('sizeof(struct nosuch)')).toBe('There is no type “struct nosuch” in this program.');
    expect(why('089')).toBe('“089” is not a number.');
    expect(why('disk->nosuch')).toMatch(/no field “nosuch”/);
  });

  test('parts of ranges and repeated objects have expressions that give them again', () => {
    const at = atRest(name, 'values');
    for (const range of ['into_cube[1..4]', 'cube[0][0][0]@5', 'table[0]@2'])
      for (const child of childrenOf(valueOf(at, range)))
        expect(evaluate(at, child.value.evaluateName!), child.value.evaluateName).toBe(renderValue(child.value).text);
  });

  test.runIf(hasTool('gdb'))('the same as gdb prints, but for floats and text', () => {
    const names = [
      's8',
      'u8',
      's16',
      'u16',
      's32',
      'u32',
      'slong',
      'ulong_',
      's64',
      'u64',
      'truth',
      'extended',
      'color',
    ];
    names.push(
      'sign',
      'rights',
      'fields',
      'packed',
      'cube',
      'words[0]',
      'words[1]',
      'text',
      'console',
      'disk',
      'chosen',
    );
    names.push('anything', 'into_cube', '*row', 'number.page', 'port', 'letter', 'fields.wide', 'packed.across');
    const at = atRest(name, 'values');
    const expected = gdbPrint(name, names);
    const plain = (printed: string): string => normalised(printed).replace(/^\(operation\) /, '');
    names.forEach((expression, index) => {
      expect(evaluate(at, expression), expression).toBe(plain(expected[index]!));
    });
  });
});

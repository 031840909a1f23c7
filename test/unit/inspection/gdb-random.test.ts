/** Random expressions against `gdb print`: types of all widths, casts, shifts, comparisons, pointers, elements, fields. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasTool } from '../debug-info/kit.ts';
import { atRest, gdbPrint, normalised } from './gdb.ts';
import { evaluate } from './kit.ts';

const SEED = Number(process.env['SEED'] ?? 19_860_613);
const RUNS = 250;
const isHere = hasTool('gdb');
if (!isHere) console.log('gdb is not installed: the comparison with it is skipped.');

const binary = (operators: readonly string[], a: fc.Arbitrary<string>, b: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...operators), a, b).map(([operator, left, right]) => `(${left} ${operator} ${right})`);

const index = (count: number): fc.Arbitrary<string> => fc.integer({ min: 0, max: count - 1 }).map(String);

// ------------------------------------------------------------------------------------------------------------------- C

const cTypes = ['signed char', 'unsigned char', 'short', 'unsigned short', 'int', 'unsigned', 'long', 'unsigned long'];
cTypes.push('long long', 'unsigned long long');

const cLeaves = fc.oneof(
  fc.integer({ min: 0, max: 70_000 }).map(String),
  fc.constantFrom('2147483647', '4294967295u', '0x7fffffffffffffff', '0xffffffffffffffffu', '1ull', '65535'),
  fc.constantFrom('0x80000000', '2147483648', '0777', '037777777777', '4294967296', '0x100000000'),
  fc.constantFrom('s8', 'u8', 's16', 'u16', 's32', 'u32', 'slong', 'ulong_', 's64', 'u64', 'truth', 'letter', 'port'),
  // gdb gives shifts of an enum the enum's type, and sizeof the type int; C does not.
  fc.constantFrom(
    '(color + 0)',
    '(sign + 0)',
    'packed.low',
    'packed.across',
    'fields.small',
    'fields.negative',
    'fields.tiny',
  ),
  fc.constantFrom('fields.wide', 'fields.top', 'number.whole', 'number.page.high', 'number.bytes[2]'),
  fc.tuple(index(2), index(3), index(4)).map(([i, j, k]) => `cube[${i}][${j}][${k}]`),
  index(8).map((i) => `table[${i}]`),
  index(8).map((i) => `*(table + ${i})`),
  fc.tuple(index(4), index(4)).map(([i, j]) => `(table[${i}]@5)[${j}]`),
  fc.tuple(index(5), index(5)).map(([i, j]) => `(into_cube + ${i})[${j}]`),
  index(5).map((i) => `*(into_cube - ${i})`),
  fc.tuple(index(2), index(4)).map(([i, j]) => `row[${i}][${j}]`),
  fc.tuple(index(3), index(3)).map(([i, j]) => `(&cube[1][${i}][${j}] - into_cube)`),
  index(5).map((i) => `words[1][${i}]`),
  index(4).map((i) => `((unsigned char *)&u32)[${i}]`),
  index(4).map((i) => `*((signed char *)&s32 + ${i})`),
  fc.constantFrom('*(unsigned short *)&number', '((struct fields *)&fields)->half', '(&packed)->high', '*&u16'),
  fc.constantFrom(
    '((int)&table[3] - (int)table)',
    '(disk.next == &console)',
    '(chosen == add)',
    '(unsigned)sizeof(cube[0])',
  ),
);

const { tree: cTree } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    cLeaves,
    binary(['+', '-', '*', '&', '|', '^'], tie('tree'), tie('tree')),
    binary(['<', '>', '<=', '>=', '==', '!=', '&&', '||'], tie('tree'), tie('tree')),
    binary(['/', '%'], tie('tree'), fc.constantFrom('3', '7u', '-5', '11ll', '255ull')),
    binary(['<<', '>>'], tie('tree'), index(31)),
    fc.tuple(fc.constantFrom('-', '~', '!'), tie('tree')).map(([operator, a]) => `(${operator}${a})`),
    fc.tuple(fc.constantFrom(...cTypes), tie('tree')).map(([type, a]) => `((${type})${a})`),
    fc.tuple(tie('tree'), tie('tree'), tie('tree')).map(([a, b, c]) => `(${a} ? (long long)${b} : (long long)${c})`),
  ),
}));

/** An address in text: into an array, or of a field; with its symbol, as gdb has it. */
const cPointers = fc.oneof(
  fc.tuple(index(40), fc.constantFrom('+', '-'), index(3)).map(([i, sign, j]) => `&table[${i}] ${sign} ${j}`),
  fc.tuple(index(6), index(6)).map(([i, j]) => `into_cube + ${i} - ${j}`),
  fc.tuple(index(2), index(3)).map(([i, j]) => `&cube[${i}][${j}][0]`),
  fc.constantFrom('&disk.next', '&console.name', 'disk.next->reset', 'console.operations[1]', '&number.page'),
  fc.tuple(fc.constantFrom('add', 'subtract', 'chosen', 'disk.operations[0]'), index(9)).map(([f, i]) => `${f} + ${i}`),
  fc.constantFrom('(int *)&s64 + 1', '(unsigned short *)&fields + 3', 'disk.next', '&*disk.next'),
);

describe.runIf(isHere)('C', () => {
  test.each(['c4-values', 'c5-values'])('%s: random integer expressions have gdb’s value and type', (name) => {
    const expressions = fc.sample(cTree, { numRuns: RUNS, seed: SEED });
    const all = [...expressions, ...expressions.map((expression) => `sizeof(${expression})`)];
    const at = atRest(name, 'values');
    const expected = gdbPrint(name, all);
    const different = all.flatMap((expression, i) => {
      const [actual, theirs] = [evaluate(at, expression), normalised(expected[i]!)];
      return actual === theirs ? [] : [`${expression}: ${actual}, gdb ${theirs}`];
    });
    expect(different, `seed ${SEED}`).toEqual([]);
  });

  test.each(['c4-values', 'c5-values'])('%s: random pointers are gdb’s', (name) => {
    const expressions = fc.sample(cPointers, { numRuns: 80, seed: SEED });
    const at = atRest(name, 'values');
    const expected = gdbPrint(name, expressions);
    const bare = (text: string): string => /0x[0-9a-f]{8}( <[\w+]+>)?/.exec(text)?.[0] ?? text;
    const different = expressions.flatMap((expression, i) => {
      const [actual, theirs] = [bare(evaluate(at, expression)), bare(normalised(expected[i]!))];
      return actual === theirs ? [] : [`${expression}: ${actual}, gdb ${expected[i]!}`];
    });
    expect(different, `seed ${SEED}`).toEqual([]);
  });
});

// ---------------------------------------------------------------------------------------------------------------- Rust

const rustTypes = ['i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64'] as const;
type RustType = (typeof rustTypes)[number];

const rustLeaves = fc.oneof(
  fc.constantFrom('I8', 'U8', 'I16', 'U16', 'I32', 'U32', 'I64', 'U64', 'USIZE').map((name) => `values::${name}`),
  index(8).map((i) => `values::TABLE[${i}]`),
  fc.tuple(index(2), index(3)).map(([i, j]) => `values::GRID[${i}][${j}]`),
  index(3).map((i) => `values::FRAME.numbers[${i}]`),
  fc.constantFrom('values::FRAME.inner.x', 'values::FRAME.pair.0', 'values::FRAME.pair.1', '*(&values::U16)'),
  fc.tuple(fc.integer({ min: 0, max: 127 }), fc.constantFrom(...rustTypes)).map(([n, type]) => `${n}${type}`),
);

/** Of one type all through, as Rust wants it; gdb works in wider types, so each step is cast to it. */
function rustTree(type: RustType): fc.Arbitrary<string> {
  const bits = Number(type.slice(1));
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc
      .oneof(
        { depthSize: 'small' },
        rustLeaves,
        binary(['+', '-', '*', '&', '|', '^'], tie('tree'), tie('tree')),
        binary(['/', '%'], tie('tree'), fc.constantFrom(`3${type}`, `7${type}`, `100${type}`)),
        binary(['<<', '>>'], tie('tree'), index(bits - 1)),
        tie('tree').map((a) => `(!${a})`),
        fc.tuple(fc.constantFrom(...rustTypes), tie('tree')).map(([other, a]) => `(${a} as ${other})`),
      )
      .map((text) => `(${text} as ${type})`),
  }));
  return tree;
}

describe.runIf(isHere)('Rust', () => {
  test('random expressions of one type have gdb’s value', () => {
    const trees = rustTypes.map((type) => rustTree(type));
    const values = fc.oneof(...trees);
    const truths = fc.oneof(...trees.map((tree) => binary(['<', '>', '<=', '>=', '==', '!='], tree, tree)));
    const expressions = fc.sample(fc.oneof({ arbitrary: values, weight: 3 }, truths), { numRuns: RUNS, seed: SEED });
    const at = atRest('rust5-values', 'cells');
    const expected = gdbPrint('rust5-values', expressions, ['set language rust']);
    const different = expressions.flatMap((expression, i) => {
      const actual = evaluate(at, expression);
      return actual === expected[i] ? [] : [`${expression}: ${actual}, gdb ${expected[i]!}`];
    });
    expect(different, `seed ${SEED}`).toEqual([]);
  });
});

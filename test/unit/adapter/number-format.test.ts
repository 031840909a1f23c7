/** The console's number formats against gdb's `output/F`. */
import { expect, test } from 'vitest';
import { NUMBER_FORMATS } from '../../../debug-adapter/console/number-format.ts';
import { hasTool, run } from '../debug-info/kit.ts';

const isHere = hasTool('gdb');
if (!isHere) console.log('gdb is not installed: the comparison with it is skipped.');

//  type in C, bits
const TYPES = [
  ['signed char', 8],
  ['unsigned char', 8],
  ['short', 16],
  ['unsigned', 32],
  ['int', 32],
  ['long long', 64],
  ['unsigned long long', 64],
] as const;
const VALUES = [0n, 1n, 7n, 65n, 200n, 0x7fffn, 0xdeadbeefn, 0xffff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n];

test.runIf(isHere).each(Object.keys(NUMBER_FORMATS).map((letter) => [letter]))('p/%s is gdb’s', (letter) => {
  const rows = TYPES.flatMap(([type, bits]) =>
    VALUES.map((value) => ({ type, bits, value: BigInt.asUintN(bits, value) })),
  );
  const commands = rows.flatMap(({ type, value }) => [
    '-ex',
    `output/${letter} (${type})${value}ull`,
    '-ex',
    'echo \\n',
  ]);
  const theirs = run('gdb', '-nx', '-batch', ...commands)
    .trimEnd()
    .split('\n');
  // gdb writes what is no character in octal, and takes wider numbers' lowest byte.
  const shown = (text: string): string => (letter === 'c' ? text.replace(/ '\\.*'$/, '') : text);
  const narrow = letter === 'c' ? rows.filter(({ bits }) => bits === 8) : rows;
  expect(
    narrow.map(({ type, bits, value }) => shown(NUMBER_FORMATS[letter]!(value, bits, !type.startsWith('unsigned')))),
  ).toEqual(rows.flatMap((row, index) => (narrow.includes(row) ? [shown(theirs[index]!)] : [])));
});

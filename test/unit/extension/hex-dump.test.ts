/** A byte's place in the dump is where the dump has it: marks and colours depend on it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteColumns, hexDump } from '../../../extension/hex-dump.ts';

test('a line is address, sixteen bytes in two groups, and their ASCII', () => {
  const bytes = new TextEncoder().encode('SLAB\n0123456789abcdef');
  expect(hexDump(0x10000000, bytes, 32)).toBe(
    [
      '10000000  53 4c 41 42 0a 30 31 32  33 34 35 36 37 38 39 61  |SLAB.0123456789a|',
      '10000010  62 63 64 65 66                                    |bcdef|',
      '10000015  (not mapped)',
      '',
    ].join('\n'),
  );
});

test('the columns of a range hold exactly its bytes, as numbers and as text', () => {
  const range = fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(99), fc.nat(99))
    .map(([bytes, a, b]) => ({ bytes, start: Math.min(a, b), end: Math.min(Math.max(a, b) + 1, bytes.length) }))
    .filter(({ start, end }) => start < end);
  fc.assert(
    fc.property(range, ({ bytes, start, end }) => {
      const lines = hexDump(0, bytes, bytes.length).split('\n');
      const pieces = byteColumns(start, end).map(({ line, from, to }) => lines[line]!.slice(from, to));
      const hex = pieces.filter((_, i) => i % 2 === 0).flatMap((piece) => piece.split(/ +/));
      expect(hex.map((digits) => parseInt(digits, 16))).toEqual([...bytes.subarray(start, end)]);
      expect(pieces.filter((_, i) => i % 2 === 1).join('')).toHaveLength(end - start);
    }),
  );
});

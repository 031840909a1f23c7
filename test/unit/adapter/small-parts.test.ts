import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseHitCondition } from '../../../debug-adapter/breakpoints/hit-condition.ts';
import { parseLogMessage } from '../../../debug-adapter/breakpoints/log-message.ts';
import { classifyInstruction } from '../../../debug-adapter/execution/instruction.ts';
import { SourceMap } from '../../../debug-adapter/launch/source-map.ts';
import { decodeBase64, encodeBase64 } from '../../../debug-adapter/protocol/base64.ts';
import { formatMemoryReference, parseMemoryReference } from '../../../debug-adapter/protocol/memory-reference.ts';
import { describeFields } from '../../../debug-adapter/target/registers.ts';
import { describePageFault } from '../../../debug-adapter/target/vectors.ts';

const HITS = [1, 2, 3, 4, 5, 6];
test.each([
  ['3', [3]],
  ['== 3', [3]],
  ['>= 5', [5, 6]],
  ['> 5', [6]],
  ['<3', [1, 2]],
  ['<= 2', [1, 2]],
  ['% 2', [2, 4, 6]],
  ['> 0', HITS],
  ['>= 0', HITS],
  ['<= 1', [1]],
])('hit condition "%s" stops at hits %j', (text, expected) => {
  const condition = parseHitCondition(text);
  expect(condition.ok && HITS.filter(condition.value)).toEqual(expected);
});

test.each(['', 'often', '% 0', '3 or so', '-1', '1e3', '0', '< 1', '<= 0'])('hit condition "%s" is refused', (text) => {
  expect(parseHitCondition(text).ok).toBe(false);
});

test('a log message is text and expressions; doubled braces are braces', () => {
  expect(parseLogMessage('a {x + {y}} {{not}} {z')).toEqual([
    { kind: 'text', text: 'a ' },
    { kind: 'expression', text: 'x + {y}' },
    { kind: 'text', text: ' {not} {z' },
  ]);
});

test('Base64 agrees with Node on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64');
      expect(encodeBase64(bytes)).toBe(text);
      expect(decodeBase64(text)).toEqual(bytes);
    }),
  );
});

test.each(['%%%', 'A', 'AAAAA', 'AA=A'])('"%s" is not Base64', (text) => {
  expect(decodeBase64(text)).toBeUndefined();
});

test.each([
  ['env:1002:0x00800020', { kind: 'env', envId: 0x1002, address: 0x800020 }],
  ['kernel:0xf0101000', { kind: 'kernel', address: 0xf0101000 }],
  ['phys:0x003fd000', { kind: 'phys', address: 0x3fd000 }],
  ['0x00800020', { kind: 'shown', address: 0x800020 }],
] as const)('memory reference %s', (text, reference) => {
  expect(parseMemoryReference(text)).toEqual(reference);
  expect(formatMemoryReference(reference)).toBe(text);
});

test.each(['', 'x', '0x', 'env:0x10', '0x1ffffffff', 'disk:0x0', '-1'])('"%s" is no memory reference', (text) => {
  expect(parseMemoryReference(text)).toBeUndefined();
});

test.each([
  ['e8 00 00 00 00', { kind: 'call' }],
  ['ff d0', { kind: 'call' }],
  ['ff 15 00 00 00 00', { kind: 'call' }],
  ['66 e8 00 00', { kind: 'call' }],
  ['2e ff 14 85 00 00 00 00', { kind: 'call' }],
  ['ff 30', { kind: 'other' }],
  ['cd 30', { kind: 'interrupt', length: 2 }],
  ['cc', { kind: 'interrupt', length: 1 }],
  ['f4', { kind: 'halt' }],
  ['c3', { kind: 'other' }],
  ['', { kind: 'other' }],
])('the bytes %s are %j', (hex, expected) => {
  expect(classifyInstruction(Uint8Array.from(hex.split(' ').filter(Boolean), (b) => parseInt(b, 16)))).toEqual(
    expected,
  );
});

test('EFLAGS are shown by name, IOPL with its value', () => {
  expect(describeFields('eflags', 0x3246)).toBe('PF ZF IF IOPL=3');
});

test('a page fault is said in words', () => {
  expect(describePageFault(6, 0xeebfdffc, 0x800020)).toBe('user write to 0xeebfdffc, page not present');
  expect(describePageFault(1, 0xf0000000, 0x800020)).toBe('kernel read of 0xf0000000, not allowed by the page tables');
  // Without NX the error code does not tell a fetch from a read.
  expect(describePageFault(4, 0, 0)).toBe('user fetch of 0x00000000, page not present');
  expect(describePageFault(4, 0x801000, 0x800ffa)).toBe('user fetch of 0x00801000, page not present');
  expect(describePageFault(4, 0x801000, 0x800ff1)).toBe('user read of 0x00801000, page not present');
  expect(describePageFault(20, 0x801000, 0x800ff1)).toBe('user fetch of 0x00801000, page not present');
});

test('paths go through the map, relative ones start at the source root, and the toolchain has no file here', () => {
  const map = new SourceMap([{ from: '/build/kernel', to: 'C:\\src\\kernel\\' }], '/opt/ringside/guest');
  expect(map.toClient('/build/kernel/main.c')).toBe('C:/src/kernel/main.c');
  expect(map.toClient('./kernel/src/main.rs')).toBe('/opt/ringside/guest/kernel/src/main.rs');
  expect(map.toClient('/rustc-src/library/core/src/option.rs')).toBeUndefined();
  expect(map.toDebug('C:\\src\\kernel\\main.c')).toBe('/build/kernel/main.c');
  expect(map.toDebug('/opt/ringside/guest/kernel/src/main.rs')).toBe('kernel/src/main.rs');
});

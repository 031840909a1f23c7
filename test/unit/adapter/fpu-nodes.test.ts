/** x87 registers as text. */
import { expect, test } from 'vitest';
import { extendedText } from '../../../debug-adapter/scopes/fpu-nodes.ts';

test.each([
  ['0', '00000000000000000000'],
  ['-0', '80000000000000000000'],
  ['1', '3fff8000000000000000'],
  ['-2.5', 'c000a000000000000000'],
  ['3.141592653589793', '4000c90fdaa22168c235'],
  ['inf', '7fff8000000000000000'],
  ['-nan', 'ffffc000000000000000'],
  ['nan (signaling)', '7fff8000000000000001'],
  ['unsupported', '3fff0000000000000001'],
  ['1.5*2^16383', '7ffec000000000000000'],
])('%s', (text, hex) => {
  expect(extendedText(Uint8Array.from(Buffer.from(hex, 'hex').reverse()))).toBe(text);
});

/** Escape sequences in output: ours as styles, the guest's taken out. ECMA-48; Node's own stripper is the oracle. */
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnsiStripper, styled } from '../../../debug-adapter/protocol/ansi.ts';

const whole = (text: string): string => new AnsiStripper().strip(text);

test.each([
  ['\x1b[31mred\x1b[0m', 'red'],
  ['\x1b[1;33;40mK>\x1b[m ', 'K> '],
  ['a\x1b[2J\x1b[Hb', 'ab'],
  ['\x1b]0;title\x07text', 'text'],
  ['\x1b]8;;file:///x\x1b\\link\x1b]8;;\x1b\\', 'link'],
  ['\x1bMup', 'up'],
  ['array[31m] stays', 'array[31m] stays'],
])('%j reads %j', (text, plain) => {
  expect(whole(text)).toBe(plain);
});

test('colours and cursor movements are taken out as Node does, however the stream is cut', () => {
  const sequence = fc.constantFrom('\x1b[31m', '\x1b[0m', '\x1b[2K', '\x1b[10;20H', '\x1b[?25l', '\x1b]0;t\x07');
  const text = fc.array(fc.oneof(sequence, fc.string({ unit: 'grapheme-ascii' })), { maxLength: 12 });
  fc.assert(
    fc.property(text, fc.array(fc.nat(40), { maxLength: 6 }), (parts, cuts) => {
      const all = parts.join('');
      const stripper = new AnsiStripper();
      let at = 0;
      let output = '';
      for (const length of cuts) {
        output += stripper.strip(all.slice(at, at + length));
        at += length;
      }
      output += stripper.strip(all.slice(at));
      expect(output).toBe(stripVTControlCharacters(all));
    }),
  );
});

test('an escape that never ends does not hold the stream back for ever', () => {
  const stripper = new AnsiStripper();
  expect(stripper.strip('\x1b]' + 'x'.repeat(5000))).toContain('x'.repeat(5000));
  expect(stripper.strip('on it goes')).toBe('on it goes');
});

test('a style ends before the line does', () => {
  expect(styled('Guest ended.\n', 'success')).toBe('\x1b[32mGuest ended.\x1b[0m\n');
  expect(styled('\n', 'failure')).toBe('\n');
});

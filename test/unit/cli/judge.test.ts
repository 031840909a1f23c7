import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { judge } from '../../../cli/grade/judge.ts';

const transcript = [
  '6828 decimal is 15254 octal!',
  'a',
  'b',
  '[00001000] user fault va 00000000',
  'c',
  'd',
  'e',
  'f',
  'g',
  '',
].join('\n');
const reportOf = (expectation: { expect: string[]; forbid: string[] }): string[] =>
  stripVTControlCharacters(judge(transcript, expectation).report).split('\n');

test('every expected pattern has to match the beginning of a line', () => {
  expect(judge(transcript, { expect: ['.00001000. user fault', '6828 decimal'], forbid: [] }).passed).toBe(true);
  expect(judge(transcript, { expect: ['user fault'], forbid: [] })).toMatchObject({
    passed: false,
    missing: ['user fault'],
  });
});

test('one line may satisfy several patterns, and alternatives are anchored as a whole', () => {
  expect(judge('abc\n', { expect: ['a', 'ab', 'x|abc'], forbid: ['b|c'] }).passed).toBe(true);
});

test('a forbidden line fails even when all expected ones are there', () => {
  expect(judge(transcript, { expect: ['a'], forbid: ['.*user fault'] }).passed).toBe(false);
});

describe('a failure is marked in the transcript', () => {
  test('a missing line is named after the end of the output', () => {
    expect(reportOf({ expect: ['6828', 'nothing like this'], forbid: [] })).toEqual([
      'GOOD 6828 decimal is 15254 octal!',
      '     a',
      '     b',
      '...',
      '     c',
      '     d',
      '     e',
      '     f',
      '     g',
      "MISSING 'nothing like this'",
    ]);
  });

  test('a forbidden line stands with two lines around it', () => {
    expect(reportOf({ expect: [], forbid: ['.*user fault'] })).toEqual([
      '...',
      '     a',
      '     b',
      'BAD  [00001000] user fault va 00000000',
      '     c',
      '     d',
      '...',
      'unexpected lines in output',
    ]);
  });

  test('an empty transcript misses everything', () => {
    expect(stripVTControlCharacters(judge('', { expect: ['a'], forbid: [] }).report)).toBe("MISSING 'a'");
  });
});

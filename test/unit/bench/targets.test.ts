/** Targets are stated beside what was measured, also where they are missed, and where nothing was measured. */
import { expect, test } from 'vitest';
import { targets } from '../../bench/cpu/targets.ts';
import type { Figure } from '../../bench/history.ts';

/** The least of three runs counts in the comparison; the others are slower. */
const seconds = (least: number): Figure => ({ median: least * 2, min: least, max: least * 3, unit: 's', runs: 3 });
const value = (median: number, unit: string): Figure => ({ median, min: median, max: median, unit });

test('the mean is geometric, and the slowest workload is named', () => {
  const results = {
    sieve: seconds(1),
    'sieve-icount': seconds(2),
    'sieve-tcg': seconds(1),
    'sieve-v86': seconds(4),
    x87: seconds(4),
    'x87-icount': seconds(2),
    'x87-tcg': seconds(2),
    'x87-v86': seconds(4),
  };
  expect(targets(results).map(({ measured, met }) => [measured, met])).toEqual([
    ['1.00; slowest x87, 2.00; 1 of 2 above 1.5', false],
    ['1.41; slowest x87, 2.00', false],
    ['0.50; slowest x87, 1.00', true],
    [undefined, false],
    [undefined, false],
    [undefined, false],
  ]);
});

test('speed, breakpoints and memory', () => {
  const results = {
    'sieve-interpreter': value(250, 'MIPS'),
    'x87-interpreter': value(40, 'MIPS'),
    'sieve-probes-elsewhere': value(10, '%'),
    'sieve-probes-beside': value(21, '%'),
    'calls-probes-elsewhere': value(-1, '%'),
    'calls-probes-beside': value(0, '%'),
    'soak-peak': value(101, 'MB'),
  };
  expect(targets(results).map(({ measured, met }) => [measured, met])).toEqual([
    [undefined, false],
    [undefined, false],
    [undefined, false],
    ['100.0; slowest x87, 40.0', true],
    ['on other pages 4.4 %, worst sieve, 10.0 %; on the hot pages 10.0 %, worst sieve, 21.0 %', true],
    ['101 MB at its highest', false],
  ]);
});

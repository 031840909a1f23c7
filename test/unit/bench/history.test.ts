/** The page with the figures says what was measured last. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PAGE, ratio } from '../../bench/history.ts';
import { WORKLOADS } from '../../bench/workloads.ts';
import { PICTURE, wholePage } from '../../bench/write-page.ts';

const rows = WORKLOADS.flatMap((workload) => workload.rows);

test('docs/benchmarks.md holds the last lines of history: npm run bench -- --table', () => {
  const page = readFileSync(PAGE, 'utf8');
  const picture = readFileSync(PICTURE, 'utf8');
  expect({ page, picture }).toEqual(wholePage(page, rows));
});

test('a row names the row beside it, and the ratio is theirs, whatever their units', () => {
  const results = {
    a: { median: 2, min: 1, max: 3, unit: 'us' },
    b: { median: 3000, min: 1, max: 3, unit: 'us' },
  };
  expect(ratio({ name: 'a', what: '', unit: 'us', beside: 'b' }, results)).toMatch(/3,000 us, 1,500 times as long/);
});

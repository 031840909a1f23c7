/** The hardware-captured vectors: every one passes, or deviations.ts says why not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { explain, hwvecDeviations } from './deviations.ts';
import type { HwVector } from './hwvec.ts';
import { HwVectorMachine } from './hwvec.ts';
import { readVectors } from './vector-file.ts';

const folder = join(import.meta.dirname, 'vectors', 'hwvec');
const machine = new HwVectorMachine(readFileSync(join(folder, 'base.bin')));

function run(file: string): { passed: number; explained: Record<string, number>; failures: string[] } {
  const failures: string[] = [];
  const explained: Record<string, number> = {};
  let passed = 0;
  (readVectors(join(folder, file)) as HwVector[]).forEach((vector, index) => {
    const differences = machine.run(vector);
    const reason = differences.length === 0 ? undefined : explain(hwvecDeviations, vector, differences);
    if (differences.length === 0) passed++;
    else if (reason !== undefined) explained[reason] = (explained[reason] ?? 0) + 1;
    else failures.push(`${String(index + 1)} ${vector.n} ${vector.c}: ${differences.join('; ')}`);
  });
  return { passed, explained, failures };
}

test('26,043 integer, segmentation and fault vectors end as on the processor they were captured on', () => {
  expect(run('dev-int.jsonl.gz')).toEqual({
    passed: 26_041,
    explained: { 'the capturing process had zeros mapped at EBP, where the vectors promise nothing': 2 },
    failures: [],
  });
});

test('every sixteenth of them does so as translated code', () => {
  const translated = new HwVectorMachine(readFileSync(join(folder, 'base.bin')), { hotness: 0, batch: 1 });
  const failures: string[] = [];
  (readVectors(join(folder, 'dev-int.jsonl.gz')) as HwVector[]).forEach((vector, index) => {
    if (index % 16 !== 0) return;
    // The first time fills the TLB.
    translated.run(vector);
    const differences = translated.run(vector, true);
    if (differences.length > 0 && explain(hwvecDeviations, vector, differences) === undefined) {
      failures.push(`${String(index + 1)} ${vector.n} ${vector.c}: ${differences.join('; ')}`);
    }
  });
  expect(failures).toEqual([]);
  expect(translated.translated).toBeGreaterThan(300);
});

test('1,800 x87 vectors end as on the processor they were captured on', () => {
  expect(run('dev-fpu.jsonl.gz')).toEqual({ passed: 1_800, explained: {}, failures: [] });
});

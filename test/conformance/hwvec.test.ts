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

test('1,800 x87 vectors end as on the processor they were captured on', () => {
  expect(run('dev-fpu.jsonl.gz')).toEqual({ passed: 1_800, explained: {}, failures: [] });
});

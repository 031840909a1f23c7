/** The real-mode vectors of the 80286, read from beside the repository where they are at hand. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { explain, sst286Deviations } from './deviations.ts';
import type { Sst286Vector } from './sst286.ts';
import { Sst286Machine } from './sst286.ts';
import { readVectors } from './vector-file.ts';

const file = join(import.meta.dirname, '../../../shared/conformance/sst286/sst286-sample-dev.jsonl.gz');

test('real-mode vectors of the 80286 pass, but for what the 80386 changed', ({ skip }) => {
  if (!existsSync(file)) skip(`${file} is not here`);
  const machine = new Sst286Machine();
  const failures: string[] = [];
  const counts = { passed: 0, explained: 0 };
  (readVectors(file) as Sst286Vector[]).forEach((vector, index) => {
    const differences = machine.run(vector);
    if (differences.length === 0) counts.passed++;
    else if (explain(sst286Deviations, vector, differences) !== undefined) counts.explained++;
    else failures.push(`${String(index + 1)} ${vector.n} ${vector.c}: ${differences.join('; ')}`);
  });
  expect(failures).toEqual([]);
  expect(counts).toEqual({ passed: 38_189, explained: 811 });
});

/**
 * Random cases of virtual-8086 mode, of transfers between rings, of segments and of instructions, compared with QEMU's
 * and Bochs' outcome; the sources of the kernels say which. Where they differ, the manual decides: case-outcomes.ts.
 */
import { expect, test } from 'vitest';
import { compareCases, deviations } from './case-outcomes.ts';
import { linesHere, linesOf } from './kernels.ts';

const kernels = [
  { name: 'virtual', cases: 4096 },
  { name: 'transfers', cases: 4096 },
  { name: 'segments', cases: 6144 },
] as const;

const oracles = [
  { oracle: 'qemu', title: 'QEMU' },
  { oracle: 'bochs', title: 'Bochs' },
] as const;

const ours = new Map(kernels.map(({ name }) => [name, linesHere(name)]));

for (const { oracle, title } of oracles) {
  test(`random privileged cases end as under ${title} or as the manual says`, () => {
    const needed = new Set<string>();
    for (const { name, cases } of kernels) {
      const mine = ours.get(name) ?? [];
      // The last line, and what is behind it.
      expect(mine.length - 2).toBe(cases);
      const { unexplained, explained } = compareCases(oracle, linesOf(name, oracle), mine);
      expect(unexplained).toEqual([]);
      for (const reason of explained.keys()) needed.add(reason);
    }
    // Each reason is still needed.
    const reasons = deviations.filter((one) => one.of.includes(oracle)).map((one) => one.reason);
    expect([...needed].sort()).toEqual(reasons.sort());
  });
}

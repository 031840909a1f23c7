/**
 * Random cases of virtual-8086 mode, of transfers between rings, of segments, of instructions, of paging, of task switches, of
 * the local APIC, of the A20 line and of breakpoints on ports, compared with QEMU's and Bochs' outcome; the sources of the
 * kernels say which. Where they differ, the manual decides: the …-outcomes.ts.
 */
import { expect, test } from 'vitest';
import { comparisons } from './comparisons.ts';
import { linesHere, linesOf } from './kernels.ts';

const kernels = [
  { name: 'virtual', cases: 4096 },
  { name: 'transfers', cases: 4096 },
  { name: 'segments', cases: 6144 },
  { name: 'paging', cases: 6144 },
  { name: 'tlb', cases: 4096 },
  { name: 'tasks', cases: 4096 },
  { name: 'apic', cases: 768 },
  { name: 'a20', cases: 2048 },
  { name: 'ports', cases: 2048 },
  { name: 'switches', cases: 2048 },
] as const;

const oracles = [
  { oracle: 'qemu', title: 'QEMU' },
  { oracle: 'bochs', title: 'Bochs' },
] as const;

const ours = new Map(kernels.map(({ name }) => [name, linesHere(name)]));

for (const { oracle, title } of oracles) {
  test(`random privileged cases end as under ${title} or as the manual says`, () => {
    const needed = new Set<string>();
    const reasons = new Set<string>();
    for (const { name, cases } of kernels) {
      const mine = ours.get(name) ?? [];
      // The last line, and what is behind it.
      expect(mine.length - 2).toBe(cases);
      const { unexplained, explained } = comparisons[name].compare(oracle, linesOf(name, oracle), mine);
      expect(unexplained).toEqual([]);
      for (const reason of explained.keys()) needed.add(reason);
      for (const reason of comparisons[name].reasons(oracle)) reasons.add(reason);
    }
    // Each reason is still needed.
    expect([...needed].sort()).toEqual([...reasons].sort());
  });
}

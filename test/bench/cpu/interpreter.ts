/** How fast the interpreter is alone, per case of the comparison: guest instructions a second of processor time. */
import { CASES } from './cases.ts';
import { bootBench } from './bench-kernel.ts';
import type { Workload } from '../workload.ts';

/** Where V8 has seen the loop, and where it ends. */
const WARM = 10_000_000;
const END = 50_000_000;
/** So many times the comparison's repetitions are more than `END` instructions of any case. */
const FACTOR = 10;

export const interpreterRow = (name: string): string => `${name}-interpreter`;

/** One `rep` instruction does the work of thousands: no measure of speed, so it has no part in the mean. */
export const INTERPRETED = CASES.filter(({ name, count }) => count > 0 && name !== 'rep-strings');

export const INTERPRETER: readonly Workload[] = INTERPRETED.map(({ name, count }) => ({
  rows: [
    {
      name: interpreterRow(name),
      what: `${name}, instructions ${WARM} to ${END}, interpreted`,
      unit: 'MIPS',
      section: 'cpu',
    },
  ],
  runs: 3,
  measure: () => {
    const machine = bootBench(name, count * FACTOR, false);
    machine.run(WARM);
    const before = process.cpuUsage();
    const stop = machine.run(END, false);
    const { user, system } = process.cpuUsage(before);
    if (stop.reason !== 'limit') throw new Error(`${name} ended after ${machine.instructionCount} instructions.`);
    return Promise.resolve([(END - WARM) / (user + system)]);
  },
}));

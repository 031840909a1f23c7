/**
 * Each case on each engine: one child process a measurement, the engines in turn, the least of the runs counts. An engine
 * that prints anything but what the others print has not done the work: that is an error.
 */
import { CASES, type Case } from './cases.ts';
import { timeChild } from './child-time.ts';
import { ENGINES, withGuestFiles, type Engine } from './engines.ts';
import type { Workload } from '../workload.ts';

/** `--runs=5` on the command line: more of them. */
const RUNS = Number(process.argv.find((argument) => argument.startsWith('--runs='))?.slice(7) ?? 3);

/** The name of the row for a case on an engine; ours has the case's. */
export const rowName = (name: string, engine: string): string => (engine === 'ringside' ? name : `${name}-${engine}`);

export const COMPARISON: readonly Workload[] = CASES.map((guest) => ({
  rows: ENGINES.map(({ name, what, missing }) => ({
    name: rowName(guest.name, name),
    what: `${guest.what}, ${what}`,
    unit: 's',
    section: 'cpu',
    ...(missing === undefined ? {} : { missing }),
  })),
  runs: RUNS,
  measure: () => measure(guest),
}));

function measure(guest: Case): Promise<number[]> {
  return withGuestFiles(guest, (files) => {
    let expected: { engine: Engine; output: string } | undefined;
    return ENGINES.map((engine) => {
      if (engine.missing !== undefined) return NaN;
      const { seconds, output } = timeChild(engine.command(files));
      const text = output.replaceAll('\r', '');
      expected ??= { engine, output: text };
      if (text !== expected.output || text === '') {
        throw new Error(
          `${guest.name}: ${engine.name} prints\n${text}\nbut ${expected.engine.name}\n${expected.output}`,
        );
      }
      return seconds;
    });
  });
}

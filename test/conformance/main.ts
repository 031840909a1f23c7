/**
 * `npm run conformance -- FILE…`: runs vector files of any known format, prints each mismatch and ends with
 * `N passed, M failed`. Exit status 1 when something failed, 2 when a file could not be read.
 * Failures that deviations.ts gives a reason for are counted under that reason, not as failed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { explain, hwvecDeviations, sst286Deviations } from './deviations.ts';
import type { HwVector } from './hwvec.ts';
import { HwVectorMachine } from './hwvec.ts';
import type { Sst286Vector } from './sst286.ts';
import { Sst286Machine } from './sst286.ts';
import { readVectors } from './vector-file.ts';

const OWN_BASE = join('test', 'conformance', 'vectors', 'hwvec', 'base.bin');
const DIFFERENCES_SHOWN = 8;

/** base.bin beside the file, or the one in the repository. */
function baseFor(file: string): Uint8Array {
  const beside = join(dirname(file), 'base.bin');
  return readFileSync(existsSync(beside) ? beside : OWN_BASE);
}

interface Runner {
  readonly run: (record: unknown) => string[];
  readonly explain: (record: unknown, differences: readonly string[]) => string | undefined;
}

/** The format shows in the fields of the first record. */
function runnerFor(file: string, first: unknown): Runner {
  if (typeof first === 'object' && first !== null && 'op' in first && 'fm' in first) {
    const machine = new Sst286Machine();
    return {
      run: (record) => machine.run(record as Sst286Vector),
      explain: (record, differences) => explain(sst286Deviations, record as Sst286Vector, differences),
    };
  }
  const machine = new HwVectorMachine(baseFor(file));
  return {
    run: (record) => machine.run(record as HwVector),
    explain: (record, differences) => explain(hwvecDeviations, record as HwVector, differences),
  };
}

interface Tally {
  passed: number;
  failed: number;
  readonly explained: Map<string, number>;
}

function runFile(file: string, tally: Tally): void {
  const records = readVectors(file);
  const runner = runnerFor(file, records[0]);
  records.forEach((record, index) => {
    const differences = runner.run(record);
    if (differences.length === 0) {
      tally.passed++;
      return;
    }
    const reason = runner.explain(record, differences);
    if (reason !== undefined) {
      tally.explained.set(reason, (tally.explained.get(reason) ?? 0) + 1);
      return;
    }
    tally.failed++;
    const { n, c } = record as { n: string; c: string };
    const shown = differences.slice(0, DIFFERENCES_SHOWN).map((line) => `\n  ${line}`);
    console.log(`${file}:${String(index + 1)} ${n} ${c}${shown.join('')}`);
  });
}

const tally: Tally = { passed: 0, failed: 0, explained: new Map() };
for (const file of process.argv.slice(2)) {
  try {
    runFile(file, tally);
  } catch (error) {
    console.error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 2;
  }
}
for (const [reason, count] of tally.explained) console.log(`${String(count)} not expected to pass: ${reason}`);
console.log(`${String(tally.passed)} passed, ${String(tally.failed)} failed`);
if (tally.failed > 0) process.exitCode = 1;

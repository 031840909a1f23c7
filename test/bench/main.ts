/** Runs workloads by name (all by default), prints a table, and appends one line of history. */
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../kit/repository.ts';
import { WORKLOADS, type Measurement } from './workloads.ts';

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const chosen = WORKLOADS.filter((workload) => names.length === 0 || names.includes(workload.name));
if (chosen.length === 0) {
  console.error(`No workload of that name. Known are ${WORKLOADS.map((w) => w.name).join(', ')}.`);
  process.exit(2);
}

const results: Record<string, { median: number; min: number; max: number; unit: string }> = {};
for (const workload of chosen) {
  const measured: Measurement[] = [];
  for (let run = 0; run < workload.runs; run++) measured.push(await workload.measure());
  const values = measured.map((m) => m.value).sort((a, b) => a - b);
  const result = { median: values[values.length >> 1]!, min: values[0]!, max: values.at(-1)!, unit: measured[0]!.unit };
  results[workload.name] = result;
  const shown = (value: number): string => (value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(2));
  console.log(
    `${workload.name.padEnd(18)} ${shown(result.median).padStart(12)} ${result.unit.padEnd(12)} ` +
      `(${shown(result.min)} to ${shown(result.max)}, ${values.length} runs)  ${workload.what}`,
  );
}

if (!process.argv.includes('--no-history') && names.length === 0) {
  const entry = {
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: REPOSITORY, encoding: 'utf8' }).trim(),
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version },
    results,
  };
  appendFileSync(join(REPOSITORY, 'test/bench/history.jsonl'), JSON.stringify(entry) + '\n');
}

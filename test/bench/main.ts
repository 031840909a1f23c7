/**
 * Runs workloads (all, or those with a row or a section of a given name), prints a table, and appends a line of history.
 * `--history` appends a line for named workloads, too; `--no-history` never.
 * `--table` runs nothing: it writes the last lines of history into docs/benchmarks.md.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../kit/repository.ts';
import { append, ratio, show, type Figure } from './history.ts';
import type { Row } from './workload.ts';
import { WORKLOADS } from './workloads.ts';
import { writePage } from './write-page.ts';

const rows = WORKLOADS.flatMap((workload) => workload.rows);
if (process.argv.includes('--table')) {
  writePage(rows);
  process.exit(0);
}

/** A number is a parameter of the workload before it: `soak 60`. */
const names = process.argv.slice(2).filter((argument) => !/^--|^[\d.]+$/.test(argument));
const isNamed = ({ name, section }: Row): boolean =>
  names.includes(name) || (section !== undefined && names.includes(section));
const chosen = WORKLOADS.filter((w) => names.length === 0 || w.rows.some(isNamed));
if (chosen.length === 0) {
  console.error(`No workload of that name. Known are ${rows.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

/** Figures from a machine that does other things are worth little, so the page says how busy it was. */
const loadBefore = loadavg()[0]!;
const results: Record<string, Figure> = {};
for (const workload of chosen) {
  if (workload.missing !== undefined) {
    console.log(`${workload.rows.map(({ name }) => name).join(', ')}: skipped, ${workload.missing}`);
    continue;
  }
  const measured: (readonly number[])[] = [];
  for (let run = 0; run < workload.runs; run++) measured.push(await workload.measure());
  workload.rows.forEach(({ name, what, unit, limit, missing }, index) => {
    if (missing !== undefined) {
      console.log(`${name}: skipped, ${missing}`);
      return;
    }
    const values = measured.map((run) => run[index]!).sort((a, b) => a - b);
    const figure: Figure = {
      median: values[values.length >> 1]!,
      min: values[0]!,
      max: values.at(-1)!,
      unit,
      runs: values.length,
    };
    results[name] = figure;
    console.log(
      `${name.padEnd(20)} ${show(figure.median).padStart(10)} ${unit.padEnd(12)} ` +
        `(${show(figure.min)} to ${show(figure.max)}, ${values.length} runs)  ${what}` +
        (limit !== undefined && figure.median >= limit ? `  OVER ITS LIMIT of ${limit} ${unit}` : ''),
    );
  });
}
for (const row of rows) {
  const beside = ratio(row, results);
  if (beside !== undefined) console.log(`${row.name}: ${show(results[row.name]!.median)} ${row.unit}; ${beside}`);
}

const remembers = process.argv.includes('--history') || (!process.argv.includes('--no-history') && names.length === 0);
if (remembers) {
  const version = (tool: string): string | undefined =>
    /\d+\.\d[\d.]*/.exec(spawnSync(tool, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[0];
  append({
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: REPOSITORY, encoding: 'utf8' }).trim(),
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      node: process.version,
      gdb: version('gdb'),
      qemu: version('qemu-system-i386'),
      v86: v86Version(),
      load: `${loadBefore.toFixed(1)} to ${loadavg()[0]!.toFixed(1)}`,
    },
    results,
  });
  writePage(rows);
}

function v86Version(): string | undefined {
  const file = join(REPOSITORY, 'node_modules/v86/package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : undefined;
}

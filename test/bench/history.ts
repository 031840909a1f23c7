/**
 * The runs so far, one JSON line each in `history.jsonl`, and the last of them as tables in `docs/benchmarks.md`.
 *
 * Invariant: a table is made from one line alone, the last that has a figure for it; a test compares the two.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../kit/repository.ts';
import type { Row } from './workload.ts';

export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
  readonly runs?: number;
}

export interface Entry {
  readonly commit: string;
  readonly date?: string;
  readonly machine: Readonly<Record<string, string | number | undefined>>;
  readonly results: Readonly<Record<string, Figure>>;
}

const HISTORY = join(REPOSITORY, 'test/bench/history.jsonl');
export const PAGE = join(REPOSITORY, 'docs/benchmarks.md');
const BEGIN = '<!-- results: npm run bench -- --table -->\n';
const END = '<!-- end of results -->';

export function append(entry: Entry): void {
  appendFileSync(HISTORY, JSON.stringify(entry) + '\n');
}

/** The last run that has figures of a section's rows. */
export function lastEntry(rows: readonly Row[], section: Row['section']): Entry {
  const names = rows.filter((row) => row.section === section).map(({ name }) => name);
  const lines = readFileSync(HISTORY, 'utf8').trimEnd().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as Entry);
  const has = ({ results }: Entry): boolean => names.some((name) => results[name] !== undefined);
  return entries.findLast(has) ?? { ...entries.at(-1)!, results: {} };
}

export const show = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(value < 10 ? 2 : 1);

/** `gdb needs 1,900 times as long`, for a row that has one beside it. */
export function ratio(row: Row, results: Entry['results']): string | undefined {
  const ours = results[row.name];
  const beside = row.beside === undefined ? undefined : results[row.beside];
  if (ours === undefined || beside === undefined) return undefined;
  const times = beside.median / ours.median;
  return `gdb on QEMU: ${show(beside.median)} ${beside.unit}, ${times >= 10 ? show(Math.round(times)).replace(/\..*/, '') : times.toFixed(1)} times as long`;
}

/** The page with the table of `entry` in it. */
export const pageWith = (page: string, entry: Entry, rows: readonly Row[]): string =>
  pageBetween(page, BEGIN, table(entry, rows));

/** What was measured, when, and on what machine. */
export function factsOf({ commit, date, machine }: Entry): string {
  const facts = Object.entries(machine).map(([name, value]) => `${name} ${value ?? 'unknown'}`);
  return `Commit ${commit}${date === undefined ? '' : `, ${date}`}; ${facts.join(', ')}.`;
}

/** The page with `text` between the line `begin` and the next end of results. */
export function pageBetween(page: string, begin: string, text: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(END, from);
  if (from < 0 || to < 0) throw new Error(`${PAGE} has no place for the results.`);
  return page.slice(0, from + begin.length) + '\n' + text + '\n' + page.slice(to);
}

function table(entry: Entry, rows: readonly Row[]): string {
  const { results } = entry;
  const cells = rows.flatMap((row) => {
    const figure = results[row.name];
    if (figure === undefined || row.section !== undefined) return [];
    const { median, min, max, unit, runs } = figure;
    const exact = min === max;
    return [
      [
        `\`${row.name}\``,
        row.what,
        `${show(median)} ${unit}`,
        exact ? '' : `${show(min)} to ${show(max)}${runs === undefined ? '' : `, ${runs} runs`}`,
        row.limit === undefined ? '' : `${row.limit} ${unit}`,
        ratio(row, results) ?? '',
      ],
    ];
  });
  return [factsOf(entry), '', lines(['workload', 'what', 'median', 'range', 'limit', 'beside it'], cells)].join('\n');
}

/** A table in Markdown, its columns aligned. */
export function lines(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text, column) => text.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), ''].join('\n');
}

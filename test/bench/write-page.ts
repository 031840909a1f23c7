/** docs/benchmarks.md with its tables and its picture, all of them from the last line of history. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../kit/repository.ts';
import { chart } from './cpu/chart.ts';
import { comparison } from './cpu/page.ts';
import { lastEntry, PAGE, pageBetween, pageWith, type Entry } from './history.ts';
import type { Row } from './workload.ts';

export const PICTURE = join(REPOSITORY, 'docs/benchmarks-cpu.svg');
const BEGIN_CPU = '<!-- processor: npm run bench -- --table -->\n';

export const wholePage = (page: string, entry: Entry, rows: readonly Row[]): string =>
  pageBetween(pageWith(page, entry, rows), BEGIN_CPU, comparison(entry));

export function writePage(rows: readonly Row[]): void {
  const entry = lastEntry();
  writeFileSync(PAGE, wholePage(readFileSync(PAGE, 'utf8'), entry, rows));
  writeFileSync(PICTURE, chart(entry));
}

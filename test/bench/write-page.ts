/** docs/benchmarks.md with its tables and its picture, from the last lines of history that have their figures. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../kit/repository.ts';
import { chart } from './cpu/chart.ts';
import { comparison } from './cpu/page.ts';
import { factsOf, lastEntry, PAGE, pageBetween, pageWith } from './history.ts';
import type { Row } from './workload.ts';

export const PICTURE = join(REPOSITORY, 'docs/benchmarks-cpu.svg');
const BEGIN_CPU = '<!-- processor: npm run bench -- --table -->\n';

/** The page's text and its picture. */
export function wholePage(page: string, rows: readonly Row[]): { page: string; picture: string } {
  const [all, cpu] = [lastEntry(rows, undefined), lastEntry(rows, 'cpu')];
  return {
    page: pageBetween(pageWith(page, all, rows), BEGIN_CPU, `${factsOf(cpu)}\n\n${comparison(cpu)}`),
    picture: chart(cpu),
  };
}

export function writePage(rows: readonly Row[]): void {
  const { page, picture } = wholePage(readFileSync(PAGE, 'utf8'), rows);
  writeFileSync(PAGE, page);
  writeFileSync(PICTURE, picture);
}

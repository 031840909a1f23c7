/** Where the repository is, and lines in its sources found by marker, so that tests do not hold line numbers. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Bundles lie in dist/, tests below test/kit: both find the root by its Makefile. */
export const REPOSITORY = findRoot(import.meta.dirname);

/** The line (from 1) of the only line of a file that contains `marker`. */
export function lineWith(path: string, marker: string): number {
  const lines = readFileSync(join(REPOSITORY, path), 'utf8').split('\n');
  const found = lines.flatMap((line, index) => (line.includes(marker) ? [index + 1] : []));
  if (found.length !== 1) throw new Error(`${path} has ${found.length} lines with "${marker}".`);
  return found[0]!;
}

export function sourcePath(path: string): string {
  return join(REPOSITORY, path);
}

function findRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'Makefile')) && existsSync(join(folder, 'package-lock.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`No repository above ${start}.`);
  }
}

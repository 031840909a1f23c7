/** Where the repository is, and lines in its sources found by marker, so that tests do not hold line numbers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const REPOSITORY = join(import.meta.dirname, '..', '..');

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

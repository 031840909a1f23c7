/** `unsafe` stays in the modules that guest/README.md names; the compiler sees to each block's reason. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../kit/repository.ts';

const GUEST = join(REPOSITORY, 'guest');

function sources(folder: string): string[] {
  const files = readdirSync(join(GUEST, folder), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.rs')).map((file) => `${folder}/${file.replaceAll('\\', '/')}`);
}

/** Lines that are neither comment nor lint attribute, and say `unsafe`. */
const usesUnsafe = (text: string): boolean =>
  text.split('\n').some((line) => /\bunsafe\b/.test(line.replace(/\/\/.*/, '')));

test('the modules with `unsafe` are the ones that the README names', () => {
  const found = ['abi/src', 'kernel/src', 'lib/src', 'slab/src']
    .flatMap(sources)
    .filter((file) => usesUnsafe(readFileSync(join(GUEST, file), 'utf8')));
  const readme = readFileSync(join(GUEST, 'README.md'), 'utf8');
  const named = [...readme.matchAll(/^\| `([a-z0-9_/]+\.rs)` \|/gm)].map((match) => match[1]!);
  expect(found.sort()).toEqual(named.sort());
});

test('every user program, and every module of the benchmark kernel, that uses it says why at its start', () => {
  const silent = ['user/src/bin', 'bench/src'].flatMap(sources).filter((file) => {
    const text = readFileSync(join(GUEST, file), 'utf8');
    return usesUnsafe(text) && !/#!?\[expect\(\s*unsafe_code/.test(text);
  });
  expect(silent).toEqual([]);
});

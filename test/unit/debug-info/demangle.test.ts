/** Rust symbol names, compared with binutils' own demangler on every symbol of the guest. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { demangle, parseElf } from '../../../debug-adapter/debug-info/index.ts';
import { REPOSITORY } from '../../kit/repository.ts';

const hasFilter = spawnSync('c++filt', ['--version']).status === 0;

test.skipIf(!hasFilter)('every Rust symbol of the guest reads as c++filt reads it (needs binutils)', () => {
  const names = ['kernel', 'rustshim'].flatMap((program) => {
    const elf = parseElf(gunzipSync(readFileSync(join(REPOSITORY, `guest/image/${program}.elf.gz`))));
    return elf.ok ? elf.value.symbols.map((symbol) => symbol.name).filter((name) => name.startsWith('_R')) : [];
  });
  expect(names.length).toBeGreaterThan(500);
  const filter = spawnSync('c++filt', ['--format=rust'], { input: names.join('\n'), encoding: 'utf8' });
  const expected = filter.stdout.split('\n');
  // binutils writes a crate's hash behind its name and a constant's type behind its value; rustc-demangle's `{:#}` does not.
  const plain = (text: string): string =>
    text.replace(/\[[0-9a-f]{4,16}\]/g, '').replace(/: (usize|u\d+|i\d+|bool|char)(?=[\]>,])/g, '');
  const differ = names.flatMap((name, i) =>
    plain(expected[i]!) === demangle(name) ? [] : [{ name, expected: plain(expected[i]!), got: demangle(name) }],
  );
  expect(differ).toEqual([]);
});

test('a crate hash of 64 bits does not keep a name from being read', () => {
  const name = '_RNvXNtCsiZlAt5Ipfkk_3jos4heapNtB2_11KernelPagesNtNtCsdmVV9ME3zMH_4slab6source10PageSource3map';
  expect(demangle(name)).toBe('<jos::heap::KernelPages as slab::source::PageSource>::map');
});

/** The committed programs are what their sources give: each is built again by the command in its source. */
import { execSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readElfImage } from '../../../emulator/machine/elf-image.ts';
import { kernels } from './kernels.ts';

const PROGRAMS = [
  ...kernels.map(({ name }) => [name, `${name}.elf`] as const),
  ['bochs-boot', 'bochs-boot.bin'] as const,
];

const builds = spawnSync('gcc', ['-m32', '-xassembler', '-c', '-o', '/dev/null', '/dev/null']).status === 0;
if (!builds) console.log('The programs are not built again: there is no gcc for 32-bit code (Debian: gcc-multilib).');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringside-privilege-'));
  cpSync(import.meta.dirname, folder, { recursive: true, filter: (path) => !/\.(elf|bin|gz|ts)$/.test(path) });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is loaded of a file, and where it begins: names in a symbol table may differ. */
function loaded(path: string): unknown {
  const bytes = readFileSync(path);
  if (!path.endsWith('.elf')) return bytes;
  const image = readElfImage(bytes, path);
  if (!image.ok) throw new Error(image.failure.cause);
  return image.value;
}

test.skipIf(!builds).each(PROGRAMS)('%s', (name, file) => {
  const command = /^ \* Build: (.*)$/m.exec(readFileSync(join(folder, `${name}.S`), 'utf8'))?.[1];
  expect(command).toBeDefined();
  execSync(command!, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] });
  expect(loaded(join(folder, file))).toEqual(loaded(join(import.meta.dirname, file)));
});

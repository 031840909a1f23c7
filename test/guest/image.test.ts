/** The committed image is what its manifest says, and was built from the sources that are here. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { sourcesHash } from '../../scripts/guest-manifest.mjs';
import { REPOSITORY } from '../kit/repository.ts';

interface Program {
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
  readonly entry: number;
}
interface Manifest {
  readonly sources: string;
  readonly toolchain: string;
  readonly programs: Readonly<Record<string, Program>>;
}

const GUEST = join(REPOSITORY, 'guest');
const IMAGE = join(GUEST, 'image');
const SIZE_MAX = 8 << 20;
const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
const manifest = readManifest(IMAGE);

test('the image was built from the sources that are here (`make guest` builds it anew)', () => {
  expect(manifest.sources).toBe(sourcesHash());
});

test('every program there is a source for is in the image, with the kernel, and nothing else', () => {
  const sources = readdirSync(join(GUEST, 'user/src/bin')).map((file) => file.replace(/\.rs$/, ''));
  expect(Object.keys(manifest.programs)).toEqual([...sources, 'kernel'].sort());
  const files = Object.values(manifest.programs).map((program) => program.file);
  expect(readdirSync(IMAGE).sort()).toEqual([...files, 'manifest.json'].sort());
});

test.each(Object.entries(manifest.programs))('%s is the ELF that the manifest describes', (name, program) => {
  const elf = gunzipSync(readFileSync(join(IMAGE, program.file)));
  expect(elf.length).toBe(program.size);
  expect(createHash('sha256').update(elf).digest('hex')).toBe(program.sha256);
  expect(elf.readUInt32LE(24)).toBe(program.entry);
  // Multiboot enters the kernel by its physical address; user programs begin at UTEXT + 0x20.
  if (name === 'kernel') expect(program.entry >>> 20).toBe(1);
  else expect(program.entry).toBe(0x800020);
});

test('the image stays under 8 MB', () => {
  const sizes = readdirSync(IMAGE).map((file) => readFileSync(join(IMAGE, file)).length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(SIZE_MAX);
});

test('the benchmark kernel, too, was built from the sources that are here, and is no program of the guest', () => {
  const folder = join(GUEST, 'bench/image');
  const { sources, programs } = readManifest(folder);
  expect(sources).toBe(sourcesHash(REPOSITORY, 'guest/bench/image'));
  expect(Object.keys(programs)).toEqual(['bench']);
  const elf = gunzipSync(readFileSync(join(folder, programs.bench!.file)));
  expect(createHash('sha256').update(elf).digest('hex')).toBe(programs.bench!.sha256);
  expect(manifest.programs).not.toHaveProperty('bench');
});

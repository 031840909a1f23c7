import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadMultiboot, type BootOptions } from '../../../emulator/machine/multiboot-loader.ts';
import { elfFile, kernelFile, multibootCode } from './elf-file.ts';

const MEMORY = 32 << 20;
const HLT = 0xf4;

function failureOf(kernel: Uint8Array, options: Partial<BootOptions> = {}) {
  const loaded = loadMultiboot({ memoryBytes: MEMORY, kernel, kernelName: 'kernel.elf', ...options });
  if (loaded.ok) throw new Error('loaded');
  return loaded.failure;
}

function memoryOf(options: BootOptions) {
  const loaded = loadMultiboot(options);
  if (!loaded.ok) throw new Error(loaded.failure.cause);
  const memory = new Uint8Array(options.memoryBytes);
  for (const { physical, bytes } of loaded.value.pieces) memory.set(bytes, physical);
  const view = new DataView(memory.buffer);
  const text = (at: number): string => String.fromCharCode(...memory.subarray(at, memory.indexOf(0, at)));
  return { ...loaded.value, memory, word: (at: number) => view.getUint32(at, true), text };
}

// What a kernel that dumped it found under QEMU 7.2: -m 32 -kernel k.elf -append "foo bar" -initrd "k.elf a b,k.S c".
describe('boot information is what QEMU gives', () => {
  const kernel = kernelFile([HLT], { memoryBytes: 0x2a });
  const boot = memoryOf({
    memoryBytes: MEMORY,
    kernel,
    kernelName: 'k.elf',
    commandLine: 'foo bar',
    modules: [
      { name: 'k.elf', commandLine: 'a b', bytes: Uint8Array.from([1, 2, 3]) },
      { name: 'k.S', commandLine: 'c', bytes: new Uint8Array(5000).fill(4) },
    ],
  });

  test('information at 9500h', () => {
    const words = Array.from({ length: 17 }, (_, i) => boot.word(boot.information + i * 4));
    expect(boot.information).toBe(0x9500);
    expect(words).toEqual([
      0x24f, 0x27f, 0x7b80, 0x8000ffff, 0x101030, 2, 0x101000, 0, 0, 0, 0, 0x90, 0x9000, 0, 0, 0, 0x10103e,
    ]); // prettier-ignore
  });

  test('memory map at 9000h', () => {
    const map = Array.from({ length: 6 }, (_, i) => [4, 12, 20].map((at) => boot.word(0x9000 + i * 24 + at)));
    expect(map).toEqual([
      [0x00000000, 0x0009fc00, 1],
      [0x0009fc00, 0x00000400, 2],
      [0x000f0000, 0x00010000, 2],
      [0x00100000, 0x01ee0000, 1],
      [0x01fe0000, 0x00020000, 2],
      [0xfffc0000, 0x00040000, 2],
    ]);
  });

  test('command line and modules', () => {
    expect(boot.text(0x101030)).toBe('k.elf foo bar');
    expect([0, 1].map((i) => [0, 4, 8].map((at) => boot.word(0x101000 + i * 16 + at)))).toEqual([
      [0x102000, 0x102003, 0x101020],
      [0x103000, 0x104388, 0x10102a],
    ]);
    expect([boot.text(0x101020), boot.text(0x10102a)]).toEqual(['k.elf a b', 'k.S c']);
    expect([...boot.memory.subarray(0x102000, 0x102004)]).toEqual([1, 2, 3, 0]);
    expect(boot.text(boot.word(0x9500 + 64))).toBe('Ringside');
  });
});

test('a module without a command line is named by its name alone', () => {
  const boot = memoryOf({
    memoryBytes: MEMORY,
    kernel: kernelFile([HLT]),
    modules: [{ name: 'hello', bytes: new Uint8Array(1) }],
  });
  expect(boot.text(boot.word(boot.word(0x9500 + 24) + 8))).toBe('hello');
});

test('a virtual entry point is moved with its segment', () => {
  const code = multibootCode([HLT]);
  const kernel = elfFile({ segments: [{ physical: 0x100000, virtual: 0xf0100000, bytes: code }], entry: 0xf010000c });
  expect(memoryOf({ memoryBytes: MEMORY, kernel }).entry).toBe(0x10000c);
});

test('the address fields load a file that is not ELF', () => {
  const at = 0x200000;
  const kernel = multibootCode([HLT, 0x90], 0x10000, [at, at, at + 34, at + 0x3000, at + 32]);
  const boot = memoryOf({ memoryBytes: MEMORY, kernel });
  expect([boot.entry, boot.memory[at + 32], boot.memory[at + 34], boot.word(0x9500 + 24)]).toEqual([
    at + 32,
    HLT,
    0,
    at + 0x3000,
  ]);
});

const good = kernelFile([HLT]);
const patched = (offset: number, ...bytes: number[]): Uint8Array => {
  const file = good.slice();
  file.set(bytes, offset);
  return file;
};
const noHeader = elfFile({ segments: [{ physical: 0x100000, bytes: new Uint8Array(64) }], entry: 0x100000 });
const at = (physical: number): Uint8Array =>
  elfFile({ segments: [{ physical, bytes: multibootCode([HLT]) }], entry: physical + 12 });

describe('what cannot be loaded is refused with cause and remedy', () => {
  test.each<[string, Uint8Array, string, RegExp]>([
    ['an empty file', new Uint8Array(0), 'file-empty', /kernel\.elf is empty/],
    ['text', Uint8Array.from(Buffer.from('hello, world')), 'not-elf', /begins with 68 65 6c 6c/],
    ['an archive', Uint8Array.from([0x1f, 0x8b, 8, 0]), 'not-elf', /It is a gzip archive/],
    ['half an ELF header', good.subarray(0, 40), 'elf-truncated', /ends at byte 52, but the file has 40/],
    ['half its headers', noHeader.subarray(0, 60), 'elf-truncated', /program headers/],
    ['half a segment', good.subarray(0, 0x20c), 'elf-truncated', /segment 0 ends at byte 525, but the file has 524/],
    ['an ELF for ARM', elfFile({ segments: [], entry: 0, machine: 40 }), 'other-machine', /built for ARM/],
    ['an ELF for x86-64', elfFile({ segments: [], entry: 0, machine: 62 }), 'other-machine', /built for x86-64/],
    ['a big-endian ELF', patched(0, 0x7f, 0x45, 0x4c, 0x46, 1, 2), 'other-machine', /not for i386/],
    ['a 64-bit ELF of i386', patched(4, 2), 'elf-64-bit', /64-bit/],
    ['an object file', patched(16, 1), 'not-executable', /relocatable object file/],
    ['an ELF without a header', noHeader, 'no-multiboot-header', /first 1024 bytes/],
    [
      'a Multiboot 2 kernel',
      patched(0x200, 0xd6, 0x50, 0x52, 0xe8),
      'multiboot-2',
      /Multiboot 2 header \(at byte 512\)/,
    ],
    ['a wrong checksum', patched(0x208, 0), 'multiboot-bad-checksum', /at byte 512/],
    [
      'an unknown requirement',
      kernelFile([], { bytes: multibootCode([HLT], 0x10) }),
      'multiboot-unknown-requirement',
      /0x10/,
    ],
    ['nothing to load', patched(52, 2), 'elf-nothing-to-load', /no segment/],
    ['a kernel above RAM', at(0xf0100000), 'kernel-outside-memory', /loads at 0xf0100000/],
    ['a kernel over device memory', at(0x9ffff), 'kernel-overlapping', /device memory/],
    ['a kernel over the boot information', at(0x9100), 'kernel-overlapping', /boot information/],
    ['a wild entry point', patched(24, 0, 0, 0, 0xf0), 'kernel-entry', /starts at 0xf0000000/],
  ])('%s', (_, kernel, id, cause) => {
    const failure = failureOf(kernel);
    expect([failure.id, failure.remedy.length > 10]).toEqual([id, true]);
    expect(failure.cause).toMatch(cause);
  });

  test('overlapping segments', () => {
    const bytes = multibootCode([HLT]);
    const segments = [
      { physical: 0x100000, bytes, memoryBytes: 0x2000 },
      { physical: 0x101000, bytes },
    ];
    expect(failureOf(elfFile({ segments, entry: 0x10000c })).id).toBe('kernel-overlapping');
  });

  test.each([
    ['too little memory', 3 << 20, [new Uint8Array(4 << 20)], 'memory-too-small'],
    ['memory of half a page', (4 << 20) + 2048, [], 'memory-size'],
    ['too much memory', 2 ** 32, [], 'memory-size'],
  ])('%s', (_, memoryBytes, modules, id) => {
    const files = modules.map((bytes, i) => ({ name: `m${i}`, bytes }));
    expect(failureOf(good, { memoryBytes, modules: files }).id).toBe(id);
  });

  test('a .bss that does not fit', () => {
    expect(failureOf(kernelFile([HLT], { memoryBytes: MEMORY })).id).toBe('memory-too-small');
  });
});

test('no file makes the loader throw, and what loads lies in memory', () => {
  const mutation = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(mutation, fc.nat(good.length), (changes, length) => {
      const file = good.slice(0, length);
      for (const [offset, value] of changes) if (offset < length) file[offset] = value;
      const loaded = loadMultiboot({ memoryBytes: MEMORY, kernel: file });
      if (loaded.ok)
        for (const { physical, bytes } of loaded.value.pieces)
          expect(physical + bytes.length).toBeLessThanOrEqual(MEMORY);
    }),
    { numRuns: 2000 },
  );
});

/** The benchmark kernel does the same work on every engine: interpreted, translated, and under QEMU. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readElfImage } from '../../emulator/machine/elf-image.ts';
import type { MachineOptions } from '../../emulator/machine/machine.ts';
import { BOOT_MAGIC, loadMultiboot } from '../../emulator/machine/multiboot-loader.ts';
import { benchKernel, bootBench, consoleOf } from '../bench/cpu/bench-kernel.ts';
import { bootElf } from '../bench/cpu/boot-elf.ts';
import { CASES, GUEST_MEBIBYTES } from '../bench/cpu/cases.ts';
import { guestElf } from '../kit/guest.ts';
import { qemuMissing } from '../kit/qemu.ts';

// Some run for twenty million instructions, which the tests' interpreter takes seconds for on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

//  workload       count  checksum
const RUNS = [
  ['sieve', 2, '00010d88'],
  ['collatz', 3, '00296fbc'],
  ['memset', 5, '00208184'],
  ['memcpy', 5, '018591ad'],
  ['list', 1, '12c0d9a1'],
  ['sha256', 1, 'd458644e'],
  ['crc32', 2, '0f6d500d'],
  ['slab', 10, 'b0562dff'],
  ['calls', 3, 'e9e7732c'],
  ['rep-strings', 3, '00000082'],
  ['x87', 1, 'ae937d5d'],
  ['system-call', 3, '06e6d870'],
  ['page-fault', 3, 'fd910510'],
  ['invlpg', 3, '2cebfecc'],
  ['cr3', 3, 'ffe9f43f'],
  ['run-once', 1, 'a1c2cd01'],
] as const;

const line = (name: string, count: number, checksum: string): string =>
  `bench ${name} ${count}: checksum ${checksum}\n`;

function run(name: string, count: number, translate: MachineOptions['translate']): string {
  const machine = bootBench(name, count, translate);
  expect(machine.run(200_000_000)).toEqual({ reason: 'exit', code: 0 });
  return consoleOf(machine);
}

test('every workload of the comparison is here', () => {
  expect(RUNS.map(([name]) => name)).toEqual(CASES.filter(({ count }) => count > 0).map(({ name }) => name));
});

test.each(RUNS)('%s, interpreted', (name, count, checksum) => {
  expect(run(name, count, false)).toBe(line(name, count, checksum));
});

test.each(RUNS)('%s, translated', (name, count, checksum) => {
  expect(run(name, count, { hotness: 300 })).toBe(line(name, count, checksum));
});

describe.skipIf(qemuMissing)('under QEMU', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ringside-bench-test-'));
    writeFileSync(join(folder, 'bench.elf'), benchKernel());
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(RUNS)('%s', (name, count, checksum) => {
    const qemu = spawnSync(
      'qemu-system-i386',
      [
        ...['-kernel', 'bench.elf', '-append', `${name} ${count}`, '-m', '64', '-display', 'none', '-net', 'none'],
        ...['-monitor', 'none', '-serial', 'stdio', '-no-reboot', '-device', 'isa-debug-exit,iobase=0xf4,iosize=4'],
      ],
      { cwd: folder, encoding: 'latin1', stdio: ['ignore', 'pipe', 'inherit'], timeout: 50_000 },
    );
    expect(qemu.stdout).toBe(line(name, count, checksum));
    expect(qemu.status).toBe(1);
  });
});

test('a workload that is not there ends with verdict 1, and names those that are', () => {
  const machine = bootBench('nonsense', 1);
  expect(machine.run(10_000_000)).toEqual({ reason: 'exit', code: 1 });
  const names = RUNS.map(([name]) => name).join(' ');
  expect(consoleOf(machine)).toBe(`bench: no such workload; there are ${names} mix\n`);
});

test('one ELF of kernel, module and boot information loads the same, and its stub enters the kernel', () => {
  const memoryBytes = GUEST_MEBIBYTES * 2 ** 20;
  const modules = [{ name: 'hello', bytes: guestElf('hello') }];
  const options = { memoryBytes, kernel: guestElf('kernel'), commandLine: 'hello', modules };
  const [image, packed] = [loadMultiboot(options), readElfImage(bootElf(options), 'boot.elf')];
  if (!image.ok || !packed.ok) throw new Error('It cannot be read.');
  const { segments, entry } = packed.value;
  const stub = segments.find(({ physical, bytes }) => physical <= entry && entry < physical + bytes.length)!;
  const rest = segments.filter((segment) => segment !== stub).map(({ physical, bytes }) => ({ physical, bytes }));
  expect(rest).toEqual(image.value.pieces.toSorted((a, b) => a.physical - b.physical));

  const machine = bootBench('', 0, false);
  machine.poke(stub.physical, stub.bytes);
  machine.setRegister('eip', entry);
  machine.run(4);
  const { eax, ebx, eip } = machine.cpu.registers;
  expect([eax, ebx, eip].map((value) => value >>> 0)).toEqual([BOOT_MAGIC, image.value.information, image.value.entry]);
});

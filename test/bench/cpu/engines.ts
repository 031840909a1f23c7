/** Who runs the workloads: Ringside as a user starts it, QEMU with and without counted instructions, and v86. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../../kit/repository.ts';
import { guestFile } from '../workload.ts';
import { benchKernel, benchOptions } from './bench-kernel.ts';
import { bootElf } from './boot-elf.ts';
import { BENCH_MEBIBYTES, GUEST_MEBIBYTES, type Case } from './cases.ts';
import { bashMissing } from './child-time.ts';

export interface Engine {
  readonly name: string;
  readonly what: string;
  /** Why it cannot run here, if it cannot. */
  readonly missing: string | undefined;
  /** @param files where the guest's files lie; COM1 goes to stdout */
  command(files: GuestFiles): readonly string[];
}

/** A case's files on disk. `bootElf` holds all of them, for loaders without modules. */
export interface GuestFiles {
  readonly kernel: string;
  readonly program: string | undefined;
  readonly append: string;
  readonly mebibytes: number;
  readonly bootElf: string;
}

const noBash = bashMissing ? 'bash is not installed' : undefined;
const noQemu = spawnSync('qemu-system-i386', ['--version']).status === 0 ? noBash : 'qemu-system-i386 is not installed';
const noV86 = existsSync(join(REPOSITORY, 'node_modules/v86')) ? noBash : 'the npm package v86 is not installed';

function qemu({ kernel, program, append, mebibytes }: GuestFiles): string[] {
  return [
    ...['qemu-system-i386', '-accel', 'tcg', '-kernel', kernel, '-append', append, '-m', String(mebibytes)],
    ...(program === undefined ? [] : ['-initrd', `${program} ${append}`]),
    ...['-display', 'none', '-net', 'none', '-monitor', 'none', '-serial', 'stdio', '-no-reboot'],
    ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=4'],
  ];
}

export const ENGINES: readonly Engine[] = [
  {
    name: 'ringside',
    what: 'ringside run',
    missing: noBash,
    command: ({ kernel, program, append, mebibytes }) => [
      ...[process.execPath, join(REPOSITORY, 'dist/cli.js'), 'run', '--memory', String(mebibytes)],
      ...(program === undefined ? ['--kernel', kernel, '--append', append] : [append]),
    ],
  },
  { name: 'tcg', what: 'qemu-system-i386', missing: noQemu, command: qemu },
  {
    name: 'icount',
    what: 'qemu-system-i386 -icount shift=auto',
    missing: noQemu,
    command: (files) => [...qemu(files), '-icount', 'shift=auto'],
  },
  {
    name: 'v86',
    what: 'v86',
    missing: noV86,
    command: ({ bootElf, mebibytes }) => [
      ...[process.execPath, join(REPOSITORY, 'dist/bench-v86.mjs'), bootElf, String(mebibytes)],
    ],
  },
];

/** Puts a case's files into a folder while `use` runs. */
export async function withGuestFiles<T>({ name, count }: Case, use: (files: GuestFiles) => T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ringside-bench-'));
  const write = (file: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, file), bytes);
    return join(folder, file);
  };
  try {
    if (count > 0) {
      return use({
        kernel: write('bench.elf', benchKernel()),
        program: undefined,
        append: `${name} ${count}`,
        mebibytes: BENCH_MEBIBYTES,
        bootElf: write('boot.elf', bootElf(benchOptions(name, count))),
      });
    }
    const [kernel, program] = [await guestFile('kernel'), await guestFile(name)];
    const modules = [{ name, bytes: program }];
    const memoryBytes = GUEST_MEBIBYTES * 2 ** 20;
    return use({
      kernel: write('kernel.elf', kernel),
      program: write(`${name}.elf`, program),
      append: name,
      mebibytes: GUEST_MEBIBYTES,
      bootElf: write('boot.elf', bootElf({ memoryBytes, kernel, commandLine: name, modules })),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

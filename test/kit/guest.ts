/** The committed guest for tests: its ELFs, and machines that boot it as the command line does. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Machine, type MachineOptions } from '../../emulator/machine/machine.ts';
import { REPOSITORY } from './repository.ts';

const IMAGE = join(REPOSITORY, 'guest/image');

/** @param name `kernel` or a user program */
export const guestElf = (name: string): Uint8Array =>
  new Uint8Array(gunzipSync(readFileSync(join(IMAGE, `${name}.elf.gz`))));

export const guestPrograms = (): string[] =>
  existsSync(IMAGE)
    ? readdirSync(IMAGE).flatMap((file) =>
        file.endsWith('.elf.gz') && file !== 'kernel.elf.gz' ? [file.slice(0, -7)] : [],
      )
    : [];

export function bootGuest(
  program: string,
  memoryBytes = 32 << 20,
  translate: MachineOptions['translate'] = {},
): Machine {
  const created = Machine.create({
    memoryBytes,
    ...(translate === undefined ? {} : { translate }),
    kernel: guestElf('kernel'),
    kernelName: 'kernel.elf',
    commandLine: program,
    modules: [{ name: program, bytes: guestElf(program) }],
  });
  if (!created.ok) throw new Error(created.failure.cause);
  return created.value;
}

/** The guest programs of this folder, what the oracles said to them, and how to run one here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Machine } from '../../../emulator/machine/machine.ts';

export type Oracle = 'qemu' | 'bochs';

interface Kernel {
  /** Of its source, and of the ELF file made from it. */
  readonly name: string;
  /** Compressed output under the oracles. */
  readonly outcome: Readonly<Record<Oracle, string>>;
  /** What QEMU is to be told besides. */
  readonly qemu?: readonly string[];
}

/** Time by instructions: a timer has run out when its count says so. */
const TIME_OF_INSTRUCTIONS = ['-icount', 'shift=2,sleep=off'];

export const kernels: readonly Kernel[] = [
  { name: 'rings', outcome: { qemu: 'qemu.txt.gz', bochs: 'bochs.txt.gz' } },
  { name: 'faults', outcome: { qemu: 'qemu-faults.txt.gz', bochs: 'bochs-faults.txt.gz' } },
  ...['virtual', 'transfers', 'segments', 'paging', 'tlb', 'tasks', 'apic', 'a20', 'ports', 'switches'].map((name) => ({
    name,
    outcome: { qemu: `qemu-${name}.txt.gz`, bochs: `bochs-${name}.txt.gz` },
    qemu: name === 'apic' ? TIME_OF_INSTRUCTIONS : [],
  })),
];

const INSTRUCTIONS_MAX = 20_000_000_000;

export function kernelNamed(name: string): Kernel {
  const kernel = kernels.find((one) => one.name === name);
  if (kernel === undefined) throw new Error(`no kernel ${name}`);
  return kernel;
}

const HEADER_MAGIC = 0x1badb002;
/** From the Multiboot header of a kernel with case-loop.S. */
const SEED = 12;
const CASES = 16;

/** @returns a kernel's file; with other random numbers, and as many cases of each kind */
export function kernelFile(name: string, random?: { readonly seed: number; readonly cases: number }): Uint8Array {
  const file = readFileSync(join(import.meta.dirname, `${name}.elf`));
  if (random === undefined) return file;
  let at = 0;
  while (file.readUInt32LE(at) !== HEADER_MAGIC) at += 4;
  file.writeUInt32LE(random.seed >>> 0, at + SEED);
  file.writeUInt32LE(random.cases, at + CASES);
  return file;
}

/** @returns the lines a kernel writes to COM1 here */
export function linesHere(name: string, kernel = kernelFile(name)): string[] {
  const created = Machine.create({ memoryBytes: 16 << 20, kernel });
  if (!created.ok) throw new Error(created.failure.cause);
  const machine = created.value;
  const output: number[] = [];
  machine.serial.onOutput = (byte) => output.push(byte);
  const { reason } = machine.run(INSTRUCTIONS_MAX);
  const text = Buffer.from(output).toString('latin1');
  if (reason !== 'exit') throw new Error(`${name} stopped with ${reason} after "${text.slice(-200)}"`);
  return text.split('\n');
}

/** @returns the lines it wrote there */
export function linesOf(name: string, oracle: Oracle): string[] {
  const file = readFileSync(join(import.meta.dirname, kernelNamed(name).outcome[oracle]));
  return gunzipSync(file).toString('latin1').split('\n');
}

/**
 * Runs the kernels of this folder under an oracle.
 *
 *   npm run conformance:privilege -- qemu|bochs [KERNEL…]      writes what they said beside them: read the difference
 *   npm run conformance:privilege -- compare KERNEL SEED CASES  other random cases, under both and here
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bochsConsole } from './bochs.ts';
import { comparisons } from './comparisons.ts';
import type { Oracle } from './kernels.ts';
import { kernelFile, kernelNamed, kernels, linesHere } from './kernels.ts';

/** Without PSE-36, QEMU's processors have 32 address bits. */
const CPU = 'pentium2,+pse36';
const TIMEOUT_MS = 1_200_000;

function qemuConsole(kernel: Uint8Array, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ringside-qemu-'));
  const [serial, file] = [join(folder, 'com1.txt'), join(folder, 'kernel.elf')];
  writeFileSync(file, kernel);
  const machine = ['-cpu', CPU, '-m', '16', '-display', 'none', '-no-reboot', '-device', 'isa-debug-exit'];
  const more = kernelNamed(name).qemu ?? [];
  spawnSync('qemu-system-i386', [...machine, ...more, '-kernel', file, '-serial', `file:${serial}`], {
    timeout: TIMEOUT_MS,
  });
  const text = readFileSync(serial, 'latin1');
  rmSync(folder, { recursive: true });
  if (!text.endsWith('\nD\n')) throw new Error(`QEMU ended after "${text.slice(-200)}".`);
  return text;
}

async function consoleUnder(oracle: Oracle, kernel: Uint8Array, name: string): Promise<string> {
  return oracle === 'qemu' ? qemuConsole(kernel, name) : bochsConsole(kernel, `${name}.elf`, TIMEOUT_MS);
}

async function write(oracle: Oracle, chosen: readonly string[]): Promise<void> {
  for (const { name, outcome } of kernels) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    const text = await consoleUnder(oracle, kernelFile(name), name);
    writeFileSync(join(import.meta.dirname, outcome[oracle]), gzipSync(Buffer.from(text, 'latin1'), { level: 9 }));
    process.stdout.write(`${name}: ${text.split('\n').length - 2} lines\n`);
  }
}

async function compare(name: string, seed: number, cases: number): Promise<void> {
  const kernel = kernelFile(name, { seed, cases });
  const ours = linesHere(name, kernel);
  for (const oracle of ['qemu', 'bochs'] as const) {
    const theirs = (await consoleUnder(oracle, kernel, name)).split('\n');
    const { unexplained, explained } = comparisons[name].compare(oracle, theirs, ours);
    process.stdout.write(
      `${name}, seed ${seed}, ${oracle}: ${ours.length - 2} cases, ${unexplained.length} unexplained\n`,
    );
    for (const [reason, count] of explained) process.stdout.write(`  ${count} ${reason}\n`);
    for (const line of unexplained.slice(0, 20)) process.stdout.write(`${line}\n`);
    if (unexplained.length > 0) process.exitCode = 1;
  }
}

const [command, ...rest] = process.argv.slice(2);
if (command === 'qemu' || command === 'bochs') await write(command, rest);
else if (command === 'compare' && rest.length === 3) await compare(rest[0], Number(rest[1]), Number(rest[2]));
else throw new Error('usage: qemu|bochs [KERNEL…], or compare KERNEL SEED CASES');

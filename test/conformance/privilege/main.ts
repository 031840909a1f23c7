/**
 * Runs the kernels of this folder under an oracle and writes what they said beside them:
 * `npm run conformance:privilege -- qemu|bochs [KERNEL…]`. Read the difference before committing it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bochsConsole } from './bochs.ts';
import { kernels } from './kernels.ts';

const TIMEOUT_MS = 600_000;

function qemuConsole(kernel: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ringside-qemu-'));
  const serial = join(folder, 'com1.txt');
  const machine = ['-cpu', 'pentium2', '-m', '16', '-display', 'none', '-no-reboot', '-device', 'isa-debug-exit'];
  spawnSync('qemu-system-i386', [...machine, '-kernel', kernel, '-serial', `file:${serial}`], { timeout: TIMEOUT_MS });
  const text = readFileSync(serial, 'latin1');
  rmSync(folder, { recursive: true });
  if (!text.endsWith('\nD\n')) throw new Error(`QEMU ended after "${text.slice(-200)}".`);
  return text;
}

const [oracle = '', ...chosen] = process.argv.slice(2);
if (oracle !== 'qemu' && oracle !== 'bochs') throw new Error('usage: qemu|bochs [KERNEL…]');
for (const { name, outcome } of kernels) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const kernel = join(import.meta.dirname, `${name}.elf`);
  const text =
    oracle === 'qemu' ? qemuConsole(kernel) : await bochsConsole(readFileSync(kernel), `${name}.elf`, TIMEOUT_MS);
  writeFileSync(join(import.meta.dirname, outcome[oracle]), gzipSync(Buffer.from(text, 'latin1'), { level: 9 }));
  process.stdout.write(`${name}: ${text.split('\n').length - 2} lines\n`);
}

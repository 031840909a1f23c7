/**
 * Runs a guest under qemu-system-i386, the same files and command line as on the embedded PC.
 * QEMU counts no instructions, so its limit is wall time, generous enough for a slow machine.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failure, success, type Result } from '../../emulator/result.ts';
import { Dialogue } from './dialogue.ts';
import type { GuestRun, Outcome } from './outcome.ts';
import { qemuConsole } from './qemu-console.ts';

const QEMU = 'qemu-system-i386';
export const QEMU_TIMEOUT_MS = 60_000;

export function findQemu(): Result<string> {
  const probe = spawnSync(QEMU, ['--version'], { encoding: 'utf8' });
  if (probe.status === 0) return success(/version ([^\s]+)/.exec(probe.stdout)?.[1] ?? 'unknown');
  return failure('qemu-missing', {
    cause: `${QEMU} is not installed, or does not start.`,
    remedy: 'Install it (Debian: apt-get install qemu-system-x86), or grade on the embedded PC without --qemu.',
  });
}

export async function runUnderQemu(run: GuestRun, extraArguments: readonly string[] = []): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'ringside-qemu-'));
  try {
    const started = performance.now();
    writeFileSync(join(folder, 'kernel.elf'), run.kernel);
    for (const { name, bytes } of run.modules) writeFileSync(join(folder, `${name}.elf`), bytes);
    // QEMU takes a comma for the next module, and what follows a space as the module's parameters.
    const modules = run.modules.map(({ name }) => `${name}.elf ${name}`).join(',');
    const options = [
      ['-kernel', 'kernel.elf'],
      modules === '' ? [] : ['-initrd', modules],
      ['-append', run.commandLine],
      ['-m', String(run.memoryBytes / 2 ** 20)],
      ['-device', 'isa-debug-exit,iobase=0xf4,iosize=4'],
      ['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-no-reboot', '-net', 'none'],
    ].flat();
    const { transcript, status, timedOut, finished } = await collect(
      [...options, ...extraArguments],
      folder,
      new Dialogue(run.script),
    );
    const seconds = (performance.now() - started) / 1000;
    const outcome = (ended: boolean, end: string, verdict?: number): Outcome => ({
      transcript,
      seconds,
      ended,
      end,
      verdict,
    });
    if (finished) return outcome(true, 'finished');
    if (timedOut) return outcome(false, `no end within ${QEMU_TIMEOUT_MS / 1000} s`);
    // QEMU exits with (value << 1) | 1, so an even status is not the guest's.
    if (status !== null && status & 1) return outcome(true, 'exit', status >> 1);
    return outcome(false, status === 0 ? 'reset or shutdown' : `QEMU status ${status}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function collect(
  options: readonly string[],
  cwd: string,
  dialogue: Dialogue,
): Promise<{ transcript: string; status: number | null; timedOut: boolean; finished: boolean }> {
  return new Promise((resolve) => {
    const { readable, writeEnd, started } = qemuConsole(cwd);
    const child = spawn(QEMU, options, { cwd, stdio: ['pipe', writeEnd, 'pipe'] });
    started();
    let transcript = '';
    let timedOut = false;
    readable.setEncoding('latin1').on('data', (text: string) => {
      transcript += text;
      const typed = dialogue.hear(transcript);
      if (typed !== '') child.stdin?.write(typed);
      if (dialogue.finished) child.kill('SIGKILL');
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (transcript += text));
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, QEMU_TIMEOUT_MS);
    child.on('error', (error) => (transcript += String(error)));
    const heard = once(readable, 'close');
    child.on('close', (status) => {
      clearTimeout(timer);
      void heard.then(() => resolve({ transcript, status, timedOut, finished: dialogue.finished }));
    });
    // Left open: at the end of its input QEMU's chardev would close.
    child.stdin?.on('error', () => undefined);
  });
}

/**
 * The processor time of one child, start-up included: the shell's own `time`, which asks the kernel after the child has
 * been waited for (getrusage, RUSAGE_CHILDREN). All threads of the child count. Bash manual, "Pipelines", `TIMEFORMAT`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TIMEOUT_MS = 300_000;

export const bashMissing = spawnSync('bash', ['--version']).status !== 0;

/**
 * Runs `command` to its end, with nothing on stdin.
 * @returns seconds of user and system time, and what the child wrote to stdout
 * @throws Error when it does not end
 */
export function timeChild(command: readonly string[]): { seconds: number; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'ringside-bench-'));
  const errors = join(folder, 'stderr');
  try {
    const run = spawnSync('bash', ['-c', 'TIMEFORMAT="time %3U %3S"; time "$@" 2>"$0"', errors, ...command], {
      encoding: 'latin1',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      maxBuffer: 64 << 20,
    });
    const times = /time ([\d.]+) ([\d.]+)/.exec(run.stderr);
    if (times === null) {
      throw new Error(`${command.join(' ')} did not end:\n${run.stdout}\n${readFileSync(errors, 'latin1')}`);
    }
    return { seconds: Number(times[1]) + Number(times[2]), output: run.stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

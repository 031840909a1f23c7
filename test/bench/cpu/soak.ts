/**
 * How much memory a machine takes that runs for long: all workloads in turn, over and over, on the command line; what
 * the process has in memory (Linux, proc(5), "VmRSS") beyond the guest's RAM. The guest touches all of its RAM first.
 * `npm run bench -- soak 60`: for an hour.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../../kit/repository.ts';
import type { Workload } from '../workload.ts';
import { benchKernel } from './bench-kernel.ts';
import { BENCH_MEBIBYTES } from './cases.ts';

const MINUTES = 2;
const minutes = Number(process.argv.slice(2).find((argument) => /^[\d.]+$/.test(argument)) ?? MINUTES);
const SAMPLE_MS = 500;
const ROUNDS = 0xffffffff;

export const SOAK: Workload = {
  rows: [
    {
      name: 'soak',
      what: `memory beyond the guest's ${BENCH_MEBIBYTES} MiB of RAM after ${minutes} minutes of all workloads in turn`,
      unit: 'MB',
      limit: 100,
      section: 'cpu',
    },
    { name: 'soak-peak', what: 'the same, at its highest', unit: 'MB', limit: 100, section: 'cpu' },
  ],
  runs: 1,
  missing: existsSync('/proc/self/status') ? undefined : 'there is no /proc to read memory from',
  measure: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ringside-bench-'));
    const kernel = join(folder, 'bench.elf');
    writeFileSync(kernel, benchKernel());
    const options = ['run', '--kernel', kernel, '--append', `mix ${ROUNDS}`, '--memory', String(BENCH_MEBIBYTES)];
    const budget = ['--budget', String(Number.MAX_SAFE_INTEGER)];
    const child = spawn(process.execPath, [join(REPOSITORY, 'dist/cli.js'), ...options, ...budget], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    try {
      const end = Date.now() + minutes * 60_000;
      let [last, peak] = [NaN, 0];
      while (Date.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
        if (child.exitCode !== null) throw new Error(`The soak ended with status ${child.exitCode}.`);
        last = residentBytes(child.pid!);
        peak = Math.max(peak, last);
      }
      return [last, peak].map((bytes) => (bytes - BENCH_MEBIBYTES * 2 ** 20) / 1e6);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line![1]) * 1024;
}

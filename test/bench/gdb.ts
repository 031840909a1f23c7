/**
 * gdb driving QEMU on the same guest: the same false condition on the same line, and `next` from it. What it measures is
 * the time from gdb's own command to its own answer, by GDB/MI, without any debug adapter above.
 * GDB manual, "The GDB/MI Interface"; QEMU manual, "GDB usage".
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { BLOCK, CONDITION, hitsBefore, HOT, PROGRAM, STEPS } from './hot-line.ts';
import { guestFile, median, type Workload } from './workload.ts';

/** Blocks that are filled while gdb counts: about two thousand hits of the hot line. */
const BLOCKS = 8;

export const GDB: Workload = {
  rows: [
    { name: 'gdb-false-condition', what: 'the same condition on the same line, gdb on QEMU', unit: 'us' },
    { name: 'gdb-next', what: `next from the same line, gdb on QEMU, median of ${STEPS}`, unit: 'ms' },
  ],
  runs: 3,
  missing: ['gdb', 'qemu-system-i386'].some((tool) => spawnSync(tool, ['--version']).status !== 0)
    ? 'gdb or qemu-system-i386 is not installed'
    : undefined,
  measure: async () => {
    const { hits, addresses } = await hitsBefore([HOT], BLOCK, BLOCKS + 1, 'first end');
    const gdb = await GdbOnQemu.start();
    try {
      const block = await gdb.execute(`-break-insert ${PROGRAM}.rs:${BLOCK}`);
      await gdb.run('-exec-continue');
      const hot = await gdb.execute(`-break-insert -c "${CONDITION}" ${PROGRAM}.rs:${HOT}`);
      const places = [...hot.matchAll(/addr="(0x[0-9a-f]+)"/g)].map(([, address]) => Number(address));
      if (places.join() !== addresses.join()) {
        throw new Error(`gdb breaks at ${places.join()}, Ringside at ${addresses.join()}: not the same task.`);
      }
      await gdb.execute(`-break-after ${numberOf(block)} ${BLOCKS - 1}`);
      const start = performance.now();
      await gdb.run('-exec-continue');
      const perHit = ((performance.now() - start) * 1000) / hits;
      await gdb.execute(`-break-delete ${numberOf(block)} ${numberOf(hot)}`);

      await gdb.execute(`-break-insert -t ${PROGRAM}.rs:${HOT}`);
      await gdb.run('-exec-continue');
      const times: number[] = [];
      for (let step = 0; step < STEPS; step++) {
        const from = performance.now();
        await gdb.run('-exec-next');
        times.push(performance.now() - from);
      }
      return [perHit, median(times)];
    } finally {
      gdb.close();
    }
  },
};

function numberOf(breakpoint: string): string {
  const number = /bkpt=\{number="(\d+)"/.exec(breakpoint)?.[1];
  if (number === undefined) throw new Error(`gdb set no breakpoint: ${breakpoint}`);
  return number;
}

/** One gdb, connected to one QEMU that is halted before its first instruction. */
class GdbOnQemu {
  private readonly children: readonly ChildProcess[];
  private readonly folder: string;
  private output = '';
  private heard: () => void = () => undefined;

  private constructor(folder: string, qemu: ChildProcess, gdb: ChildProcess) {
    this.folder = folder;
    this.children = [gdb, qemu];
    gdb.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.heard();
    });
  }

  static async start(): Promise<GdbOnQemu> {
    const folder = mkdtempSync(join(tmpdir(), 'ringside-gdb-'));
    writeFileSync(join(folder, 'kernel.elf'), await guestFile('kernel'));
    writeFileSync(join(folder, PROGRAM), await guestFile(PROGRAM));
    const port = await freePort();
    const machine = ['-kernel', 'kernel.elf', '-initrd', PROGRAM, '-append', PROGRAM, '-m', '32'];
    const quiet = ['-display', 'none', '-serial', 'null', '-monitor', 'none', '-no-reboot'];
    const qemu = spawn('qemu-system-i386', [...machine, ...quiet, '-S', '-gdb', `tcp:127.0.0.1:${port}`], {
      cwd: folder,
      stdio: 'ignore',
    });
    const gdb = spawn('gdb', ['--nx', '--quiet', '--interpreter=mi3', PROGRAM], { cwd: folder });
    const started = new GdbOnQemu(folder, qemu, gdb);
    // QEMU may not listen yet.
    for (let attempt = 0; ; attempt++) {
      const answer = await started.answer(`-target-select remote 127.0.0.1:${port}`);
      if (!answer.startsWith('^error')) return started;
      if (attempt > 100) throw new Error(answer);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** @returns the result record of a command that has to succeed */
  async execute(command: string): Promise<string> {
    const answer = await this.answer(command);
    if (answer.startsWith('^error')) throw new Error(`gdb, ${command}: ${answer}`);
    return answer;
  }

  /** Runs to the next stop. */
  async run(command: string): Promise<void> {
    await this.execute(command);
    await this.line('*stopped');
  }

  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private answer(command: string): Promise<string> {
    this.children[0]!.stdin!.write(`${command}\n`);
    return this.line('^');
  }

  /** The next line that begins so; those before it are dropped. */
  private async line(begin: string): Promise<string> {
    for (;;) {
      for (let end = this.output.indexOf('\n'); end >= 0; end = this.output.indexOf('\n')) {
        const line = this.output.slice(0, end);
        this.output = this.output.slice(end + 1);
        if (line.startsWith(begin)) return line;
      }
      await new Promise<void>((resolve) => (this.heard = resolve));
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/**
 * The named workloads: what is measured, in which unit, and how often. Each runs on a fresh machine or session.
 */
import { performance } from 'node:perf_hooks';
import { Machine } from '../../emulator/machine/machine.ts';
import { loadImage } from '../../debug-adapter/launch/images.ts';
import { nodeFiles } from '../../debug-adapter/node-files.ts';
import { lineWith, REPOSITORY, sourcePath } from '../kit/repository.ts';
import { SessionClient } from '../kit/session-client.ts';

export interface Measurement {
  readonly value: number;
  readonly unit: 'ms' | 'MIPS' | 'us' | 'instructions';
}

export interface Workload {
  readonly name: string;
  readonly what: string;
  readonly runs: number;
  measure(): Promise<Measurement>;
}

const PAGE_RS = 'guest/kernel/src/syscall/page.rs';
const HEAPTEST_RS = 'guest/user/src/bin/heaptest.rs';
const BUDGET = 200_000_000;

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'boot',
    what: 'power-on to the first user instruction',
    runs: 5,
    measure: async () => {
      const machine = await boot('hello');
      machine.cpu.ringStops = true;
      const start = performance.now();
      machine.run(BUDGET);
      return { value: performance.now() - start, unit: 'ms' };
    },
  },
  {
    name: 'boot-instructions',
    what: 'the same, in instructions (exact)',
    runs: 1,
    measure: async () => {
      const machine = await boot('hello');
      machine.cpu.ringStops = true;
      machine.run(BUDGET);
      return { value: machine.instructionCount, unit: 'instructions' };
    },
  },
  ...['rustshim', 'heaptest', 'primes', 'forktree'].map((program): Workload => ({
    name: `mips-${program}`,
    what: `interpreter on ${program}, whole run or ${BUDGET} instructions`,
    runs: 3,
    measure: async () => {
      const machine = await boot(program);
      const start = performance.now();
      machine.run(BUDGET);
      const executed = machine.instructionCount - machine.idleInstructions;
      return { value: executed / (performance.now() - start) / 1000, unit: 'MIPS' };
    },
  })),
  {
    name: 'launch-to-stop',
    what: 'launch request to the first stop in sys_page_alloc, and its stack trace',
    runs: 5,
    measure: async () => {
      const client = new SessionClient();
      const start = performance.now();
      await client.launch({ program: 'rustshim' }, () => breakAtPageAlloc(client));
      const { threadId } = await client.event('stopped');
      await client.stack(threadId as number);
      const value = performance.now() - start;
      await client.close();
      return { value, unit: 'ms' };
    },
  },
  {
    name: 'step',
    what: 'one step over a line with its stack trace, mean of 50',
    runs: 5,
    measure: async () => {
      const client = new SessionClient();
      await client.launch({ program: 'rustshim' }, () => breakAtPageAlloc(client));
      const { threadId } = await client.event('stopped');
      await client.request('setBreakpoints', { source: { path: sourcePath(PAGE_RS) }, breakpoints: [] });
      const start = performance.now();
      const steps = 50;
      for (let i = 0; i < steps; i++) {
        await client.resume('next', { threadId });
        await client.request('stackTrace', { threadId, levels: 20 });
      }
      const value = (performance.now() - start) / steps;
      await client.close();
      return { value, unit: 'ms' };
    },
  },
  {
    name: 'false-condition',
    what: 'one hit of a breakpoint whose condition is false, mean of at least 100000',
    runs: 3,
    measure: () => falseCondition(),
  },
];

/** The cost of a hit: the time of the run with the breakpoint less that of the run without, by the number of hits. */
async function falseCondition(): Promise<Measurement> {
  const hot = lineWith(HEAPTEST_RS, 'words[index] = seed ^');
  const end = lineWith(HEAPTEST_RS, 'Vec::with_capacity(1100)');
  const timed = async (breakpoints: object[]): Promise<number> => {
    const client = new SessionClient();
    await client.launch({ program: 'heaptest', console: 'none' }, () =>
      client.request('setBreakpoints', {
        source: { path: sourcePath(HEAPTEST_RS) },
        breakpoints: [...breakpoints, { line: end }],
      }),
    );
    const start = performance.now();
    await client.event('stopped');
    const ms = performance.now() - start;
    await client.close();
    return ms;
  };
  const hits = await countHits('heaptest', HEAPTEST_RS, hot, end);
  if (hits < 100_000) throw new Error(`The hot line is hit ${hits} times only.`);
  const without = await timed([]);
  const withCondition = await timed([{ line: hot, condition: 'index == 0xffffffff' }]);
  return { value: ((withCondition - without) * 1000) / hits, unit: 'us' };
}

/** How often a line is reached before another one, counted on the bare machine. */
async function countHits(program: string, file: string, line: number, endLine: number): Promise<number> {
  const machine = await boot(program);
  const image = loadImage(program, 'program', program, await guestFile(program));
  if (!image.ok) throw new Error(image.failure.cause);
  const { debug } = image.value;
  const path = debug.matchFile(file.replace('guest/', ''))!;
  const add = (at: number): number[] =>
    debug.addressesOf(path, at).map(({ address }) => machine.cpu.probes.addCode({ linear: address }));
  const hot = new Set(add(line));
  const end = new Set(add(endLine));
  for (let hits = 0; ;) {
    const stop = machine.run(10 * BUDGET);
    if (stop.reason !== 'probe' || stop.probes.some((id) => end.has(id))) return hits;
    if (stop.probes.some((id) => hot.has(id))) hits++;
  }
}

async function breakAtPageAlloc(client: SessionClient): Promise<void> {
  await client.request('setBreakpoints', {
    source: { path: sourcePath(PAGE_RS) },
    breakpoints: [{ line: lineWith(PAGE_RS, 'pub fn sys_page_alloc(') }],
  });
}

async function guestFile(name: string): Promise<Uint8Array> {
  const image = await nodeFiles(REPOSITORY).guestImage();
  const bytes = image.ok ? await image.value.load(name) : image;
  if (!bytes.ok) throw new Error(bytes.failure.cause);
  return bytes.value;
}

async function boot(program: string): Promise<Machine> {
  const machine = Machine.create({
    memoryBytes: 32 << 20,
    kernel: await guestFile('kernel'),
    commandLine: program,
    modules: [{ name: program, bytes: await guestFile(program) }],
  });
  if (!machine.ok) throw new Error(machine.failure.cause);
  return machine.value;
}

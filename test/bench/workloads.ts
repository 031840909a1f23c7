/** The named workloads: what is measured, in which unit, and how often. Each runs on a fresh machine or session. */
import { performance } from 'node:perf_hooks';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient } from '../kit/session-client.ts';
import { COMPARISON } from './cpu/comparison.ts';
import { INTERPRETER } from './cpu/interpreter.ts';
import { PROBES } from './cpu/probes.ts';
import { SOAK } from './cpu/soak.ts';
import { DEEP_STACK } from './deep-stack.ts';
import { GDB } from './gdb.ts';
import { HOT_LINE } from './hot-line.ts';
import { boot, type Workload } from './workload.ts';

const PAGE_RS = 'guest/kernel/src/syscall/page.rs';
const BUDGET = 200_000_000;

const PROGRAMS = ['rustshim', 'heaptest', 'primes', 'forktree'];

/** Guest instructions a second, without a debugger; `translate: false` is the interpreter alone. */
function speedOf(program: string, translate?: false): Workload {
  const how = translate === false ? 'interpreted' : 'hot code translated';
  return {
    rows: [
      {
        name: `${translate === false ? 'interpreter' : 'mips'}-${program}`,
        what: `${program}, whole run or ${BUDGET} instructions, ${how}`,
        unit: 'MIPS',
      },
    ],
    runs: 3,
    measure: async () => {
      const machine = await boot(program, translate);
      const start = performance.now();
      machine.run(BUDGET);
      const executed = machine.instructionCount - machine.idleInstructions;
      return [executed / (performance.now() - start) / 1000];
    },
  };
}

export const WORKLOADS: readonly Workload[] = [
  {
    rows: [{ name: 'boot', what: 'power-on to the first user instruction', unit: 'ms' }],
    runs: 5,
    measure: async () => {
      const machine = await boot('hello');
      machine.cpu.ringStops = true;
      const start = performance.now();
      machine.run(BUDGET);
      return [performance.now() - start];
    },
  },
  {
    rows: [{ name: 'boot-instructions', what: 'the same, in instructions (exact)', unit: 'instructions' }],
    runs: 1,
    measure: async () => {
      const machine = await boot('hello');
      machine.cpu.ringStops = true;
      machine.run(BUDGET);
      return [machine.instructionCount];
    },
  },
  ...PROGRAMS.flatMap((program) => [speedOf(program), speedOf(program, false)]),
  {
    rows: [
      {
        name: 'launch-to-stop',
        what: 'launch request to the first stop in sys_page_alloc, and its stack trace',
        unit: 'ms',
      },
    ],
    runs: 5,
    measure: async () => {
      const client = new SessionClient();
      const start = performance.now();
      await client.launch({ program: 'rustshim' }, () => breakAtPageAlloc(client));
      const { threadId } = await client.event('stopped');
      await client.stack(threadId as number);
      const value = performance.now() - start;
      await client.close();
      return [value];
    },
  },
  {
    rows: [
      {
        name: 'step',
        what: 'a step over a line of the kernel, with its stack trace, mean of 50',
        unit: 'ms',
        limit: 5,
      },
    ],
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
      return [value];
    },
  },
  DEEP_STACK,
  ...HOT_LINE,
  GDB,
  ...COMPARISON,
  ...INTERPRETER,
  ...PROBES,
  SOAK,
];

async function breakAtPageAlloc(client: SessionClient): Promise<void> {
  await client.request('setBreakpoints', {
    source: { path: sourcePath(PAGE_RS) },
    breakpoints: [{ line: lineWith(PAGE_RS, 'pub fn sys_page_alloc(') }],
  });
}

/**
 * One hot line of heaptest, the innermost loop that fills a block, and what it costs to pass by it or to step over it.
 * `gdb.ts` does the same with gdb on QEMU.
 */
import { performance } from 'node:perf_hooks';
import { loadImage } from '../../debug-adapter/launch/images.ts';
import { AdapterProcess } from '../kit/adapter-process.ts';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient } from '../kit/session-client.ts';
import { boot, guestFile, median, type Workload } from './workload.ts';

export const PROGRAM = 'heaptest';
export const SOURCE = 'guest/user/src/bin/heaptest.rs';
export const HOT = lineWith(SOURCE, 'words[index] = seed ^');
/** Reached once for each block. */
export const BLOCK = lineWith(SOURCE, 'blocks.push(Block::new(layout');
/** Reached once, after all blocks. */
export const END = lineWith(SOURCE, 'Vec::with_capacity(1100)');
export const CONDITION = 'index == 0xffffffff';
/** Asks the kernel's own structures. */
const FACT = '$env.program == "hello"';
export const STEPS = 50;

const HITS_MIN = 100_000;
const TURNS = 3;

export const HOT_LINE: readonly Workload[] = [
  {
    rows: [
      {
        name: 'false-condition',
        what: `a hit of a breakpoint whose condition is false, ${CONDITION}`,
        unit: 'us',
        limit: 2,
        beside: 'gdb-false-condition',
      },
      { name: 'false-hit-count', what: 'a hit that its hit count, >= 1000000000, passes by', unit: 'us', limit: 2 },
      { name: 'false-logpoint', what: 'a hit of a logpoint whose condition is false', unit: 'us', limit: 2 },
      { name: 'false-fact', what: `a hit of a breakpoint whose condition is false, ${FACT}`, unit: 'us', limit: 2 },
      { name: 'logpoint', what: 'a hit of the logpoint "{index}", its line sent to the client', unit: 'us' },
    ],
    runs: 3,
    measure: async () => {
      const { hits } = await hitsBefore([HOT], END, 1);
      if (hits < HITS_MIN) throw new Error(`The hot line is hit ${hits} times only.`);
      const variants: (object | undefined)[] = [
        undefined,
        { condition: CONDITION },
        { hitCondition: '>= 1000000000' },
        { condition: CONDITION, logMessage: '{index}' },
        { condition: FACT },
        { logMessage: '{index}' },
      ];
      // In turn, and the shortest of each: whatever else the machine does only ever adds time.
      const shortest = variants.map(() => Infinity);
      for (let turn = 0; turn < TURNS; turn++) {
        for (const [index, variant] of variants.entries()) {
          const ms = await runToEnd(variant === undefined ? [] : [{ line: HOT, ...variant }]);
          shortest[index] = Math.min(shortest[index]!, ms);
        }
      }
      const [without, ...withBreakpoint] = shortest;
      return withBreakpoint.map((ms) => ((ms - without!) * 1000) / hits);
    },
  },
  {
    rows: [
      {
        name: 'step-hot-line',
        what: `a step over the same line at the client, with its stack trace, median of ${STEPS}`,
        unit: 'ms',
        limit: 5,
        beside: 'gdb-next',
      },
    ],
    runs: 5,
    measure: async () => {
      const client = new AdapterProcess();
      await client.launch({ program: PROGRAM, console: 'none' }, () =>
        client.request('setBreakpoints', { source: { path: sourcePath(SOURCE) }, breakpoints: [{ line: HOT }] }),
      );
      const { threadId } = await client.event('stopped');
      await client.request('setBreakpoints', { source: { path: sourcePath(SOURCE) }, breakpoints: [] });
      const times: number[] = [];
      for (let step = 0; step < STEPS; step++) {
        const start = performance.now();
        await client.resume('next', { threadId });
        await client.request('stackTrace', { threadId, levels: 20 });
        times.push(performance.now() - start);
      }
      await client.close();
      return [median(times)];
    },
  },
];

/** @returns how long the program takes from its start to `END`, with these breakpoints on the way */
async function runToEnd(breakpoints: object[]): Promise<number> {
  const client = new SessionClient();
  await client.launch({ program: PROGRAM, console: 'none' }, () =>
    client.request('setBreakpoints', {
      source: { path: sourcePath(SOURCE) },
      breakpoints: [...breakpoints, { line: END }],
    }),
  );
  const start = performance.now();
  await client.event('stopped');
  const ms = performance.now() - start;
  await client.close();
  return ms;
}

/**
 * How often lines are reached before the `endHits`th arrival at another, counted on the bare machine.
 * @param from count from the first arrival at `endLine` on, or from the start
 */
export async function hitsBefore(
  lines: readonly number[],
  endLine: number,
  endHits: number,
  from: 'start' | 'first end' = 'start',
): Promise<{ hits: number; addresses: readonly number[] }> {
  const machine = await boot(PROGRAM);
  const image = loadImage(PROGRAM, 'program', PROGRAM, await guestFile(PROGRAM));
  if (!image.ok) throw new Error(image.failure.cause);
  const { debug } = image.value;
  const path = debug.matchFile(SOURCE.replace('guest/', ''))!;
  const addressesOf = (line: number): number[] => debug.addressesOf(path, line).map(({ address }) => address);
  const probe = (address: number): number => machine.cpu.probes.addCode({ linear: address });
  const addresses = lines.flatMap(addressesOf);
  const hot = new Set(addresses.map(probe));
  const end = new Set(addressesOf(endLine).map(probe));
  let hits = 0;
  for (let ends = 0; ;) {
    const stop = machine.run(2_000_000_000);
    if (stop.reason !== 'probe') return { hits, addresses };
    if (stop.probes.some((id) => end.has(id)) && ++ends === endHits) return { hits, addresses };
    if (stop.probes.some((id) => hot.has(id)) && (from === 'start' || ends > 0)) hits++;
  }
}

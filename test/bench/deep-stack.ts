/**
 * A stack of thirty frames and more: rustshim, where the allocation for the node of a BTreeMap reaches the kernel's
 * sys_page_alloc, across the trap. Asked for over stdio, as an editor does, in a fresh adapter each time.
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { performance } from 'node:perf_hooks';
import { AdapterProcess } from '../kit/adapter-process.ts';
import { SessionClient } from '../kit/session-client.ts';
import { median, type Workload } from './workload.ts';

const PROGRAM = 'rustshim';
const FUNCTION = 'sys_page_alloc';
const FRAMES_MIN = 30;

export const DEEP_STACK: Workload = {
  rows: [
    { name: 'stack-cold', what: `stackTrace of ${FRAMES_MIN} frames at the first stop`, unit: 'ms' },
    {
      name: 'locals-cold',
      what: 'the same with the locals and arguments of each frame: stackTrace, all scopes, all variables',
      unit: 'ms',
    },
    { name: 'stack-warm', what: 'stackTrace of all frames after a step', unit: 'ms', limit: 15 },
    { name: 'locals-warm', what: 'the same with the locals and arguments of each frame', unit: 'ms', limit: 15 },
  ],
  runs: 7,
  measure: async () => {
    const client = new AdapterProcess();
    await client.launch({ program: PROGRAM, console: 'none' }, async () =>
      client.request('setFunctionBreakpoints', {
        breakpoints: [{ name: FUNCTION, hitCondition: String(await deepHit()) }],
      }),
    );
    const { threadId } = await client.event('stopped');
    const cold = await inspect(client, threadId as number);
    const warm: { stack: number; locals: number }[] = [];
    for (let step = 0; step < 5; step++) {
      await client.resume('next', { threadId });
      warm.push(await inspect(client, threadId as number));
    }
    await client.close();
    return [cold.stack, cold.locals, median(warm.map((w) => w.stack)), median(warm.map((w) => w.locals))];
  },
};

async function inspect(client: AdapterProcess, threadId: number): Promise<{ stack: number; locals: number }> {
  const start = performance.now();
  const { stackFrames } = (await client.request('stackTrace', { threadId })) as { stackFrames: Dap.StackFrame[] };
  const stack = performance.now() - start;
  const answers = await Promise.all(stackFrames.map(({ id }) => client.request('scopes', { frameId: id })));
  const scopes = (answers as { scopes: Dap.Scope[] }[]).flatMap(({ scopes }) => scopes);
  const wanted = scopes.filter(({ name }) => name === 'Locals' || name === 'Arguments');
  const lists = await Promise.all(
    wanted.map(({ variablesReference }) => client.request('variables', { variablesReference })),
  );
  const locals = performance.now() - start;
  const shown = (lists as { variables: Dap.Variable[] }[]).flatMap(({ variables }) => variables);
  if (stackFrames.length < FRAMES_MIN || shown.length < FRAMES_MIN) {
    throw new Error(`The stack has ${stackFrames.length} frames with ${shown.length} variables only.`);
  }
  return { stack, locals };
}

let known: Promise<number> | undefined;

/** Which arrival at the function is the deep one. */
function deepHit(): Promise<number> {
  return (known ??= (async () => {
    const client = new SessionClient();
    await client.launch({ program: PROGRAM, console: 'none' }, () =>
      client.request('setFunctionBreakpoints', { breakpoints: [{ name: FUNCTION }] }),
    );
    let { threadId } = await client.event('stopped');
    for (let hit = 1; hit < 1000; hit++) {
      if ((await client.stack(threadId as number)).length >= FRAMES_MIN) {
        await client.close();
        return hit;
      }
      ({ threadId } = await client.resume('continue', { threadId }));
    }
    throw new Error(`No stack of ${FRAMES_MIN} frames in ${PROGRAM}.`);
  })());
}

/** Two programs linked at the same addresses: each space has its own names, memory and code. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SessionClient } from '../kit/session-client.ts';

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

interface ThreadRow {
  readonly id: number;
  readonly name: string;
}

/** Stopped in the second program's first instruction: the first one has not begun to run, but its space is there. */
async function stoppedInDumbfork(): Promise<{ yieldId: number; dumbforkId: number }> {
  await client.launch({ program: 'yield', modules: ['dumbfork'], append: 'dumbfork' }, () =>
    client.request('setExceptionBreakpoints', {
      filterOptions: [{ filterId: 'program-start', condition: 'dumbfork' }],
    }),
  );
  await client.event('stopped');
  const threads = (await client.request('threads'))['threads'] as ThreadRow[];
  const id = (program: string): number => threads.find(({ name }) => name.startsWith(`${program} `))!.id;
  return { yieldId: id('yield'), dumbforkId: id('dumbfork') };
}

const hex = (address: number): string => `0x${address.toString(16).padStart(8, '0')}`;

test('names, disassembly and memory at one linear address are those of the space asked for', async () => {
  const { yieldId, dumbforkId } = await stoppedInDumbfork();
  const { breakpoints } = await client.request('setFunctionBreakpoints', {
    breakpoints: [{ name: 'dumbfork!main' }, { name: 'yield!main' }],
  });
  const address = parseInt(breakpoints[0].instructionReference as string, 16);
  const at = (envId: number): string => `env:${envId.toString(16)}:${hex(address)}`;
  const names = async (envId: number): Promise<string[]> => {
    const { instructions } = await client.request('disassemble', {
      memoryReference: at(envId),
      instructionCount: 200,
      resolveSymbols: true,
    });
    return (instructions as { instruction: string; symbol?: string; location?: { path: string } }[]).flatMap((i) => [
      i.symbol ?? '',
      /<.*>/.exec(i.instruction)?.[0] ?? '',
      i.location?.path.split('/').at(-1) ?? '',
    ]);
  };
  const inDumbfork = await names(dumbforkId);
  const inYield = await names(yieldId);
  expect(inDumbfork.some((name) => /dumbfork/.test(name))).toBe(true);
  expect(inDumbfork.some((name) => /yield(\.rs|::)/.test(name))).toBe(false);
  expect(inYield.some((name) => /dumbfork/.test(name))).toBe(false);
  const bytes = async (envId: number): Promise<unknown> =>
    (await client.request('readMemory', { memoryReference: at(envId), count: 64 }))['data'];
  expect(await bytes(dumbforkId)).not.toBe(await bytes(yieldId));
});

test('the stacks of both show their own functions at the same address', async () => {
  const { yieldId, dumbforkId } = await stoppedInDumbfork();
  await client.request('setExceptionBreakpoints', { filters: [] });
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'kernel!sys_yield' }] });
  for (let stop = 0; stop < 3; stop++) await client.resume('continue', { threadId: 1 });
  for (const [envId, own, other] of [
    [yieldId, /yield::main$/, /dumbfork/],
    [dumbforkId, /dumbfork::main$/, /yield::main/],
  ] as const) {
    const frames = (await client.stack(envId)).map(({ name }) => name);
    expect(
      frames.some((name) => own.test(name)),
      frames.join('\n'),
    ).toBe(true);
    expect(
      frames.some((name) => other.test(name)),
      frames.join('\n'),
    ).toBe(false);
  }
});

test('modules: the kernel and each program, with the environments that map it; changes are announced', async () => {
  const { yieldId, dumbforkId } = await stoppedInDumbfork();
  const modules = async (): Promise<Record<string, string>> => {
    const rows = (await client.request('modules'))['modules'] as { id: string; environments: string }[];
    return Object.fromEntries(rows.map(({ id, environments }) => [id, environments]));
  };
  const id8 = (envId: number): string => envId.toString(16).padStart(8, '0');
  expect(await modules()).toEqual({ kernel: 'all', yield: id8(yieldId), dumbfork: id8(dumbforkId) });
  await client.request('setExceptionBreakpoints', { filters: ['env-created'] });
  await client.resume('continue', { threadId: 1 });
  await client.request('setExceptionBreakpoints', { filters: [] });
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'kernel!sys_yield' }] });
  await client.resume('continue', { threadId: 1 });
  const now = await modules();
  expect(now['dumbfork']!.split(', ')).toHaveLength(2);
  expect(now['yield']).toBe(id8(yieldId));
  const told = client.events.filter(({ event }) => event === 'module').map(({ body }) => body as Record<string, never>);
  expect(told.at(-1)).toMatchObject({ reason: 'changed', module: { id: 'dumbfork', environments: now['dumbfork'] } });
});

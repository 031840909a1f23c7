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

/** Stopped in dumbfork, whose `main` and `yield`'s are at different bytes of the same linear addresses. */
async function evaluating(): Promise<{ yieldId: number; dumbforkId: number; address: string; frameId: number }> {
  const { yieldId, dumbforkId } = await stoppedInDumbfork();
  const { breakpoints } = await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'dumbfork!main' }] });
  const address = hex(parseInt(breakpoints[0].instructionReference as string, 16));
  const [top] = await client.stack(dumbforkId);
  return { yieldId, dumbforkId, address, frameId: top!.id };
}

test('expressions take memory references: each reads the space that it names, and refers to it', async () => {
  const { yieldId, dumbforkId, address, frameId } = await evaluating();
  const inYield = `env:${yieldId.toString(16)}:${address}`;
  const inDumbfork = `env:${dumbforkId.toString(16)}:${address}`;
  const word = (reference: string): Promise<string> => client.evaluate(`*(${reference} as *const u32)`, frameId);
  const bytes = async (memoryReference: string): Promise<string> => {
    const { data } = await client.request('readMemory', { memoryReference, count: 4 });
    return String(Buffer.from(data as string, 'base64').readUInt32LE());
  };
  expect(await word(inYield)).toBe(await bytes(inYield));
  expect(await word(inDumbfork)).toBe(await bytes(inDumbfork));
  expect(await word(inYield)).not.toBe(await word(inDumbfork));
  const { physical } = await client.custom('ringside/pageWalk', { threadId: yieldId, address: parseInt(address, 16) });
  expect(await word(`phys:${hex(physical!)}`)).toBe(await bytes(inYield));
  expect(await word(`kernel:0xf0100000`)).toBe(await bytes('kernel:0xf0100000'));

  const slice = await client.request('evaluate', { expression: `(${inYield})[0..8]`, frameId });
  const [first] = await client.variables(slice['variablesReference'] as number);
  expect(first).toMatchObject({ name: '[0]', value: String(Number(await bytes(inYield)) & 0xff) });
  const pointer = await client.request('evaluate', { expression: inYield, frameId });
  expect(pointer['memoryReference']).toBe(inYield);
});

test('the console examines what a memory reference names, with the names of its space', async () => {
  const { yieldId, dumbforkId, address, frameId } = await evaluating();
  const examine = (id: number): Promise<string> =>
    client.evaluate(`x/2i env:${id.toString(16)}:${address}`, frameId, 'repl');
  expect(await examine(dumbforkId)).toMatch(/<dumbfork::main/);
  expect(await examine(yieldId)).not.toMatch(/dumbfork/);
});

test('what would mix spaces is refused, with what to write', async () => {
  const { yieldId, dumbforkId, address, frameId } = await evaluating();
  const inYield = `env:${yieldId.toString(16)}:${address}`;
  const failure = async (expression: string, frame = frameId): Promise<string> =>
    (await client.send('evaluate', { expression, frameId: frame })).message!;
  expect(await failure(`*${inYield} == *env:${dumbforkId.toString(16)}:${address}`)).toMatch(
    /env:1000 and env:1001 are two address spaces.*one by one/,
  );
  expect(await failure(`*env:7fff:${address}`)).toMatch(/no environment 00007fff any more/);
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'kernel!sys_cputs' }] });
  await client.request('setExceptionBreakpoints', { filters: [] });
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'kernel!sys_page_alloc' }] });
  await client.resume('continue', { threadId: dumbforkId });
  const frames = await client.stack(dumbforkId);
  expect(await failure(`*(${inYield}) == perm`, frames[0]!.id)).toMatch(/“perm” is a local of this frame/);
});

test('a data breakpoint and an assignment take a reference, too', async () => {
  const { yieldId, dumbforkId, frameId } = await evaluating();
  await client.request('setFunctionBreakpoints', { breakpoints: [] });
  // The first word of yield's stack page that its first frames do not reach.
  const reference = `env:${yieldId.toString(16)}:0xeebfd000`;
  await client.evaluate(`*(${reference} as *mut u32) = 0x1234`, frameId, 'repl');
  const { data } = await client.request('readMemory', { memoryReference: reference, count: 4 });
  expect(Buffer.from(data as string, 'base64').readUInt32LE()).toBe(0x1234);
  const other = await client.request('readMemory', {
    memoryReference: `env:${dumbforkId.toString(16)}:0xeebfd000`,
    count: 4,
  });
  expect(Buffer.from(other['data'] as string, 'base64').readUInt32LE()).not.toBe(0x1234);
  const info = await client.request('dataBreakpointInfo', { name: `*(${reference} as *mut u32)`, frameId });
  expect(info).toMatchObject({ dataId: expect.stringMatching(`^env:${yieldId.toString(16)}:0xeebfd000\\|4\\|`) });
});

/** Data breakpoints on registers: whose they are, that each change stops after its instruction, and that nobody else does. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient, type Body } from '../kit/session-client.ts';

const RUSTSHIM_RS = 'guest/user/src/bin/rustshim.rs';
const C_FOLDER = 'test/fixtures/c-kernel';
const KERNEL_C = `${C_FOLDER}/kernel.c`;

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

async function stopAt(launch: object, path: string, marker: string): Promise<{ threadId: number; frameId: number }> {
  const lines = (...breakpoints: object[]): Promise<Body> =>
    client.request('setBreakpoints', { source: { path: sourcePath(path) }, breakpoints });
  await client.launch(launch, () => lines({ line: lineWith(path, marker) }));
  const threadId = (await client.event('stopped'))['threadId'] as number;
  await lines();
  return { threadId, frameId: (await client.stack(threadId))[0]!.id };
}

const inRustshim = (marker: string): ReturnType<typeof stopAt> => stopAt({ program: 'rustshim' }, RUSTSHIM_RS, marker);
const inSum = (): ReturnType<typeof stopAt> =>
  stopAt(
    { kernel: sourcePath(`${C_FOLDER}/kernel-dwarf4-O0.elf`), sourceFileMap: { '.': sourcePath(C_FOLDER) } },
    KERNEL_C,
    '/* #sum */',
  );

const info = (args: object): Promise<Body> => client.request('dataBreakpointInfo', args);

async function watch(...breakpoints: object[]): Promise<number[]> {
  const body = await client.request('setDataBreakpoints', { breakpoints });
  expect(body['breakpoints'], JSON.stringify(body)).toMatchObject(breakpoints.map(() => ({ verified: true })));
  return (body['breakpoints'] as { id: number }[]).map(({ id }) => id);
}

const go = (threadId: number, command = 'continue'): Promise<Body> => client.resume(command, { threadId });

async function register(threadId: number, name: string): Promise<number> {
  const [top] = await client.stack(threadId);
  return Number(await client.evaluate(`$${name}`, top!.id));
}

/** The registers one instruction at a time, until `name` has changed: what a register breakpoint has to find. */
async function nextChange(threadId: number, name: string): Promise<{ old: number; now: number; eip: number }> {
  const old = await register(threadId, name);
  for (let steps = 0; ; steps++) {
    if (steps > 200) throw new Error(`$${name} does not change`);
    await client.resume('stepIn', { threadId, granularity: 'instruction' });
    const now = await register(threadId, name);
    if (now !== old) return { old, now, eip: await register(threadId, 'eip') };
  }
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

test('a register of the kernel stops where single steps find it changed, each time', async () => {
  const expected: string[] = [];
  const first = await inSum();
  for (let n = 0; n < 4; n++) {
    const { old, now, eip } = await nextChange(first.threadId, 'eax');
    expected.push(`$eax: ${hex(old)} → ${hex(now)} at ${hex(eip)}`);
  }
  await client.close();
  client = new SessionClient();
  const { threadId, frameId } = await inSum();
  const found = await info({ frameId, name: '$eax' });
  expect(found).toMatchObject({ dataId: 'register:eax@kernel', accessTypes: ['write'], canPersist: true });
  expect(found['description']).toMatch(/^\$eax in the kernel: stops after an instruction that changed it\. .*slow/);
  const ids = await watch({ dataId: found['dataId'], accessType: 'write' });
  const seen: string[] = [];
  for (let n = 0; n < 4; n++) {
    const stopped = await go(threadId);
    expect(stopped).toMatchObject({ reason: 'data breakpoint', hitBreakpointIds: ids });
    expect(stopped['text']).toMatch(/, changed by sum kernel\.c:\d+, in the kernel$/);
    seen.push(`${stopped['description'] as string} at ${hex(await register(threadId, 'eip'))}`);
  }
  expect(seen).toEqual(expected);
});

test('from the Registers scope, with a condition and a hit count', async () => {
  const { threadId, frameId } = await inSum();
  const groups = await client.scopeVariables(frameId, 'Registers');
  const general = groups.find(({ name }) => name === 'General')!.variablesReference;
  expect(await info({ variablesReference: general, name: 'eip' })).toEqual({
    dataId: null,
    description: 'EIP changes with each instruction: step instead.',
  });
  const { dataId } = await info({ variablesReference: general, name: 'eax' });
  await watch({ dataId, condition: '$new == 3 && total == 3' });
  expect((await go(threadId))['description']).toMatch(/^\$eax: 0x[0-9a-f]{8} → 0x00000003$/);
  await watch({ dataId, hitCondition: '3' });
  const third = await go(threadId);
  expect(third['reason']).toBe('data breakpoint');
});

test('a program’s register belongs to its environment: what the kernel does with it in between does not count', async () => {
  const { threadId, frameId } = await inRustshim('// #growth');
  const { dataId, canPersist } = await info({ frameId, name: '$esi' });
  expect([dataId, canPersist]).toEqual(['register:esi@env:1000', false]);
  await watch({ dataId });
  for (let n = 0; n < 5; n++) {
    const stopped = await go(threadId);
    expect(stopped['description']).toMatch(/^\$esi: 0x[0-9a-f]{8} → 0x[0-9a-f]{8}$/);
    expect(stopped['text']).toMatch(
      /, (?:changed by (?!kernel::)\S+.*|set by the kernel before it came back), in env 1000$/,
    );
    expect(Number(await client.evaluate('$cs & 3', (await client.stack(threadId))[0]!.id))).toBe(3);
  }
});

test('the result of a system call is a change that the kernel made', async () => {
  await client.launch({ program: 'rustshim' }, () =>
    client.request('setExceptionBreakpoints', {
      filters: [],
      filterOptions: [{ filterId: 'syscall-entered', condition: 'sys_page_alloc' }],
    }),
  );
  const { threadId } = await client.event('stopped');
  await client.request('setExceptionBreakpoints', { filters: [] });
  const frames = await client.stack(threadId as number);
  const user = frames.findIndex(({ presentationHint }) => presentationHint === 'label') + 1;
  const { dataId } = await info({ frameId: frames[user]!.id, name: '$eax' });
  expect(dataId).toBe('register:eax@env:1000');
  await watch({ dataId, condition: '$old == 4' });
  const { description, text } = await go(threadId as number);
  expect(description).toBe('$eax: 0x00000004 → 0x00000000');
  expect(text).toMatch(/, set by the kernel before it came back, in env 1000$/);
});

test('a control register is the machine’s: CR3 stops at every switch of the address space', async () => {
  await client.launch({ program: 'pingpong', stopOnEntry: true });
  const { threadId } = await client.event('stopped');
  const [top] = await client.stack(threadId as number);
  const found = await info({ frameId: top!.id, name: '$CR3' });
  expect(found).toMatchObject({ dataId: 'register:cr3@machine', canPersist: true });
  await watch({ dataId: found['dataId'] });
  const stopped = await go(threadId as number);
  expect(stopped['description']).toMatch(/^\$cr3: 0x00000000 → 0x[0-9a-f]{5}000/);
  expect(stopped['text']).toMatch(/changed by entry .*entry\.S:\d+, whatever runs$/);
});

test('a part of a register is refused with the name of the whole, other names of it are its', async () => {
  const { frameId } = await inSum();
  const description = async (name: string): Promise<string> => (await info({ frameId, name }))['description'] as string;
  expect(await description('$al')).toMatch(/^\$al is a part of \$eax: watch that/);
  expect(await description('$AX')).toMatch(/^\$AX is a part of \$eax/);
  expect(await description('$sp')).toMatch(/^\$esp in the kernel: stops/);
  expect(await description('$pc')).toMatch(/^EIP changes with each instruction/);
});

test('setting a register by hand is no change of the program’s; reads cannot be watched', async () => {
  const { threadId, frameId } = await inSum();
  const { dataId } = await info({ frameId, name: '$ebx' });
  await watch({ dataId });
  await client.evaluate('$ebx = 0x1234', frameId, 'repl');
  const stepped = await go(threadId, 'next');
  expect(stepped['reason']).toBe('step');
  const { breakpoints } = await client.request('setDataBreakpoints', { breakpoints: [{ dataId, accessType: 'read' }] });
  expect(breakpoints).toMatchObject([{ verified: false, message: expect.stringMatching(/Reads of a register/) }]);
});

test('taking the breakpoint away ends its stops, and the program its run', async () => {
  const { threadId, frameId } = await inSum();
  const { dataId } = await info({ frameId, name: '$eax' });
  await watch({ dataId });
  expect((await go(threadId))['reason']).toBe('data breakpoint');
  await watch();
  await client.request('continue', { threadId });
  expect(await client.event('exited')).toEqual({ exitCode: 0 });
});

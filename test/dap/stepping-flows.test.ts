/** Steps keep to their flow of control, whatever crosses it: recursion, other environments, faults, the library, the end. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient, type Body } from '../kit/session-client.ts';

const USER = 'guest/user/src/bin';
const FLOWS_C = 'test/fixtures/c-kernel/flows.c';
const FLOWS = {
  kernel: sourcePath('test/fixtures/c-kernel/flows.elf'),
  sourceFileMap: { '.': sourcePath('test/fixtures/c-kernel') },
};

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

const setLines = (path: string, ...breakpoints: object[]): Promise<Body> =>
  client.request('setBreakpoints', { source: { path: sourcePath(path) }, breakpoints });

/** Launches, runs to the line with the marker, and clears the breakpoint. @returns the thread */
async function stopAt(args: object, path: string, marker: string): Promise<number> {
  await client.launch(args, () => setLines(path, { line: lineWith(path, marker) }));
  const { threadId } = await client.event('stopped');
  await setLines(path);
  return threadId as number;
}

interface Position {
  readonly name: string;
  readonly line: number;
  readonly path: string | undefined;
  readonly depth: number;
}

async function position(threadId: number): Promise<Position> {
  const frames = await client.stack(threadId);
  return { name: frames[0]!.name, line: frames[0]!.line, path: frames[0]!.source?.path, depth: frames.length };
}

/** Steps until the line changes to the one with the marker. */
async function stepTo(threadId: number, path: string, marker: string, command = 'next', most = 12): Promise<void> {
  const wanted = lineWith(path, marker);
  for (let i = 0; i < most; i++) {
    await client.resume(command, { threadId });
    if ((await position(threadId)).line === wanted) return;
  }
  throw new Error(`${marker} is not reached in ${most} steps.`);
}

test('step over a recursive call comes back to the same level', async () => {
  const threadId = await stopAt(FLOWS, FLOWS_C, '/* #recursion */');
  const before = await position(threadId);
  await client.resume('next', { threadId });
  expect(await position(threadId)).toEqual({ ...before, line: lineWith(FLOWS_C, '/* #unwound */') });
});

test('step out of recursion leaves one level', async () => {
  await client.launch(FLOWS, () =>
    setLines(FLOWS_C, { line: lineWith(FLOWS_C, '/* #recursion */'), hitCondition: '4' }),
  );
  await client.event('stopped');
  await setLines(FLOWS_C);
  const before = await position(1);
  expect(before.depth).toBe(6);
  await client.resume('stepOut', { threadId: 1 });
  expect(await position(1)).toEqual({ ...before, depth: before.depth - 1 });
  expect(await client.evaluate('n')).toBe('3');
});

test('a breakpoint inside a call that is stepped over stops there', async () => {
  const threadId = await stopAt(FLOWS, FLOWS_C, '/* #outermost */');
  await setLines(FLOWS_C, { line: lineWith(FLOWS_C, '/* #recursion */'), condition: 'n == 2' });
  expect(await client.resume('next', { threadId })).toMatchObject({ reason: 'breakpoint' });
  expect(await client.evaluate('n')).toBe('2');
});

test('conditions and log messages on the way of a step work, each hit once', async () => {
  const threadId = await stopAt(FLOWS, FLOWS_C, '/* #outermost */');
  await setLines(FLOWS_C, { line: lineWith(FLOWS_C, '/* #unwound */'), logMessage: 'unwound {n}' });
  expect(await client.resume('next', { threadId })).toMatchObject({ reason: 'step' });
  const said = client.events.flatMap((e) => (e.event === 'output' ? [(e.body as Body)['output'] as string] : []));
  expect(said.filter((line) => line.startsWith('unwound'))).toEqual([0, 1, 2, 3, 4, 5].map((n) => `unwound ${n}\n`));
});

test.each([['next'], ['stepIn'], ['stepOut']])('%s on a line that loops for ever can be paused', async (command) => {
  const threadId = await stopAt(FLOWS, FLOWS_C, '/* #for-ever */');
  await client.request(command, { threadId });
  expect(await client.resume('pause', { threadId })).toMatchObject({ reason: 'pause' });
  expect((await position(threadId)).line).toBe(lineWith(FLOWS_C, '/* #for-ever */'));
});

test.each([{ condition: 'spins == 0xffffffff' }, { logMessage: 'x' }, { hitCondition: '1000000000' }])(
  'a breakpoint that is hit without end and does not stop (%o) leaves the session answering',
  async (breakpoint) => {
    const threadId = await stopAt(FLOWS, FLOWS_C, '/* #for-ever */');
    await setLines(FLOWS_C, { line: lineWith(FLOWS_C, '/* #for-ever */'), ...breakpoint });
    await client.request('continue', { threadId });
    expect(await client.resume('pause', { threadId })).toMatchObject({ reason: 'pause' });
  },
);

test('a step ends with the budget', async () => {
  await client.launch({ ...FLOWS, budget: 100_000 }, () =>
    setLines(FLOWS_C, { line: lineWith(FLOWS_C, '/* #for-ever */') }),
  );
  await client.event('stopped');
  await setLines(FLOWS_C);
  expect(await client.resume('next', { threadId: 1 })).toMatchObject({ description: 'Budget used up' });
});

test.each([
  ['yield', 'sys_yield();', 1],
  ['pingpong', 'let other = fork().expect("fork");', 1],
  ['pingpong', 'ipc::send(other, 0);', 3],
  ['pingpong', '= ipc::recv();', 1],
  ['forktree', "forkchild(path, '0');", 1],
  ['stresssched', 'let is_child = ', 1],
])('%s: step over `%s` stays in its environment and ends behind it', async (program, marker, linesMax) => {
  const path = `${USER}/${program}.rs`;
  const threadId = await stopAt({ program }, path, marker);
  expect(await client.resume('next', { threadId })).toMatchObject({ reason: 'step', threadId });
  const { line, path: where } = await position(threadId);
  expect(where).toBe(sourcePath(path));
  const lines = line - lineWith(path, marker);
  expect(lines).toBeGreaterThanOrEqual(1);
  expect(lines).toBeLessThanOrEqual(linesMax);
});

test('a step over a line whose access faults, with a handler in the program, ends behind the line', async () => {
  const path = `${USER}/faultalloc.rs`;
  const threadId = await stopAt({ program: 'faultalloc' }, path, 'unsafe { pointer.read_volatile() };');
  expect(await client.resume('next', { threadId })).toMatchObject({ reason: 'step', threadId });
  const { name, line } = await position(threadId);
  expect(name).toBe('faultalloc::touch');
  expect(line).toBeGreaterThan(lineWith(path, 'unsafe { pointer.read_volatile() };'));
});

test('a breakpoint on an instruction that faults and runs again counts one hit', async () => {
  const path = `${USER}/faultalloc.rs`;
  const line = lineWith(path, 'unsafe { (va as *mut u8).add(index).write_volatile(byte) };');
  await client.launch({ program: 'faultalloc' }, () => setLines(path, { line, logMessage: 'write {index}' }));
  await client.event('exited');
  const said = client.events.flatMap((e) => (e.event === 'output' ? [(e.body as Body)['output'] as string] : []));
  const writes = said.filter((text) => text.startsWith('write '));
  expect(new Set(writes.slice(0, 20)).size).toBe(20);
});

test('a copy-on-write fault in the middle of a stepped line is no end of the step', async () => {
  const path = `${USER}/forktree.rs`;
  const threadId = await stopAt({ program: 'forktree' }, path, "forkchild(path, '1');");
  expect(await client.resume('next', { threadId })).toMatchObject({ reason: 'step', threadId });
  expect((await position(threadId)).path).toBe(sourcePath(path));
});

test('a step of an environment that ends on the way says so, or the session ends with the guest', async () => {
  const threadId = await stopAt({ program: 'forktree' }, `${USER}/forktree.rs`, 'jos::exit();');
  const stopped = await client.resume('next', { threadId });
  expect(stopped).toMatchObject({ reason: 'step', description: 'Environment ended' });
  expect(stopped['text']).toMatch(/forktree \[.*\] has ended/);
});

test('step over exit in the last environment ends the session with its verdict', async () => {
  const threadId = await stopAt(
    { program: 'hello' },
    'guest/lib/src/start.rs',
    'let _ = sys_env_destroy(EnvId::NONE);',
  );
  await client.request('next', { threadId });
  expect(await client.event('exited')).toEqual({ exitCode: 0 });
});

test('step in goes through the library, whose source is not here, to the code it calls', async () => {
  const path = `${USER}/rustshim.rs`;
  const threadId = await stopAt({ program: 'rustshim' }, path, '// #first-allocation');
  await client.resume('stepIn', { threadId });
  const arrived = await position(threadId);
  expect(arrived.path).toMatch(/guest\/(lib|slab)\//);
  // And back: out of the library's frames in between, to the program.
  for (let i = 0; i < 4 && (await position(threadId)).path !== sourcePath(path); i++)
    await client.resume('stepOut', { threadId });
  expect(await position(threadId)).toMatchObject({ path: sourcePath(path), name: 'rustshim::open_journal' });
});

test('step in to a library function that calls nothing of ours comes back to the line or the next one', async () => {
  const path = `${USER}/rustshim.rs`;
  const threadId = await stopAt({ program: 'rustshim' }, path, 'let longest: Option<&str>');
  await client.resume('stepIn', { threadId });
  const { path: where } = await position(threadId);
  expect(where).toBe(sourcePath(path));
});

test('step out to a caller without source goes on to one with source', async () => {
  const path = `${USER}/stresssched.rs`;
  await client.launch({ program: 'stresssched' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'fork::fork' }] }),
  );
  const { threadId } = await client.event('stopped');
  await client.request('setFunctionBreakpoints', { breakpoints: [] });
  // fork, then the closure, then `any` of the library, then main.
  await client.resume('stepOut', { threadId });
  expect(await position(threadId as number)).toMatchObject({ path: sourcePath(path) });
  await client.resume('stepOut', { threadId });
  expect(await position(threadId as number)).toMatchObject({ path: sourcePath(path), name: 'stresssched::main' });
});

test('an environment that does not run now is stepped once it runs again', async () => {
  const path = `${USER}/pingpong.rs`;
  const other = await stopAt({ program: 'pingpong' }, path, '= ipc::recv();');
  // The first stop is in one of the two; the other one waits in the scheduler or in the kernel.
  const { threads } = await client.request('threads');
  const waiting = (threads as { id: number }[]).map((t) => t.id).find((id) => id !== other && id >= 0x1000)!;
  for (const command of ['next', 'stepOut']) {
    const stopped = await client.resume(command, { threadId: waiting });
    expect(stopped).toMatchObject({ reason: 'step', threadId: waiting });
    const frames = await client.stack(waiting);
    expect(frames[0]!.source?.path).toMatch(/guest\/(user|lib)\//);
  }
});

test('steps during boot, over the functions that turn on paging and load another address space', async () => {
  const path = 'guest/kernel/src/main.rs';
  const threadId = await stopAt({ program: 'hello' }, path, 'x86::segments::init();');
  expect(threadId).toBe(1);
  await stepTo(threadId, path, 'pit::init();', 'next', 20);
  expect(await position(threadId)).toMatchObject({ name: 'kernel::i386_init' });
});

test('a step in the monitor, which waits in HLT, can be paused and goes on when a key is typed', async () => {
  await client.launch({ append: 'monitor=on', modules: ['hello'], program: 'breakpoint' });
  // The monitor waits for input: nothing runs.
  for (let i = 0; i < 200 && !client.console().includes('K> '); i++) await new Promise((r) => setTimeout(r, 5));
  const stopped = await client.resume('pause', {});
  const threadId = stopped['threadId'] as number;
  await client.request('next', { threadId });
  expect(await client.resume('pause', {})).toMatchObject({ reason: 'pause' });
  await client.request('next', { threadId });
  const next = client.event('stopped');
  await client.custom('ringside/serialInput', { text: 'help\n' });
  expect(await next).toMatchObject({ reason: 'step' });
  expect((await position(threadId)).path).toMatch(/guest\/kernel\//);
});

test('pause during a step leaves nothing behind', async () => {
  const threadId = await stopAt({ program: 'spin' }, `${USER}/spin.rs`, '(0..8).for_each');
  await client.request('next', { threadId });
  const stopped = await client.resume('pause', { threadId });
  expect(['pause', 'step']).toContain(stopped['reason']);
  await client.request('continue', { threadId });
  expect(await client.event('exited')).toEqual({ exitCode: 0 });
});

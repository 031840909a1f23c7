/** Steps by line and instruction, across the trap in both directions, over what diverts them. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient } from '../kit/session-client.ts';

const RUSTSHIM_RS = 'guest/user/src/bin/rustshim.rs';
const SYSCALL_RS = 'guest/lib/src/syscall.rs';
const PAGE_RS = 'guest/kernel/src/syscall/page.rs';
const FORKTREE_RS = 'guest/user/src/bin/forktree.rs';

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

/** Launches and runs to the line with the marker; breakpoints are then cleared. @returns the thread */
async function stopAt(program: string, path: string, marker: string): Promise<number> {
  const set = (breakpoints: object[]): Promise<unknown> =>
    client.request('setBreakpoints', { source: { path: sourcePath(path) }, breakpoints });
  await client.launch({ program }, () => set([{ line: lineWith(path, marker) }]));
  const { threadId } = await client.event('stopped');
  await set([]);
  return threadId as number;
}

interface Position {
  readonly name: string;
  readonly line: number;
  readonly path: string | undefined;
}

async function position(threadId: number): Promise<Position> {
  const [top] = await client.stack(threadId);
  return { name: top!.name, line: top!.line, path: top!.source?.path };
}

test('step over goes from line to line in one function, whatever the line calls', async () => {
  const threadId = await stopAt('rustshim', RUSTSHIM_RS, '// #first-allocation');
  const start = lineWith(RUSTSHIM_RS, '// #first-allocation');
  const lines: number[] = [];
  for (let i = 0; i < 3; i++) {
    expect(await client.resume('next', { threadId })).toMatchObject({ reason: 'step', threadId });
    const { name, line } = await position(threadId);
    expect(name).toBe('rustshim::open_journal');
    lines.push(line);
  }
  expect(lines[0]).toBe(start + 1);
  expect(new Set(lines).size).toBe(3);
});

test('step over on the last line of a function comes back to its caller', async () => {
  const threadId = await stopAt('rustshim', RUSTSHIM_RS, '// #journal-open');
  for (let i = 0; i < 6; i++) {
    await client.resume('next', { threadId });
    if ((await position(threadId)).name === 'rustshim::main') break;
  }
  expect((await position(threadId)).name).toBe('rustshim::main');
});

test('step in enters a function behind its prologue, with its arguments readable', async () => {
  const threadId = await stopAt('rustshim', RUSTSHIM_RS, 'let mut journal = open_journal(');
  expect(await client.resume('stepIn', { threadId })).toMatchObject({ reason: 'step' });
  const [top] = await client.stack(threadId);
  expect(top!.name).toBe('rustshim::open_journal');
  expect(await client.scope(top!.id, 'Arguments')).toMatchObject({ title: '"rustshim"' });
});

test('step in by instruction goes into the kernel through int 0x30, and step out comes back from it', async () => {
  const threadId = await stopAt('hello', SYSCALL_RS, 'let call_and_a5 = ');
  for (let i = 0; i < 40; i++) {
    await client.resume('stepIn', { threadId, granularity: 'instruction' });
    if (/^trap_syscall$/.test((await position(threadId)).name)) break;
  }
  const frames = await client.stack(threadId);
  expect(frames[0]!.name).toBe('trap_syscall');
  expect(frames[0]!.source!.path).toBe(sourcePath('guest/kernel/src/trap/trapentry.S'));
  expect(frames.some((f) => f.presentationHint === 'label')).toBe(true);
  expect(frames.at(-1)!.name).toMatch(/_start$/);
  await client.resume('stepOut', { threadId });
  expect((await position(threadId)).path).toBe(sourcePath(SYSCALL_RS));
});

test('step in by line goes through int 0x30 into the trap entry and on to trap()', async () => {
  const threadId = await stopAt('hello', SYSCALL_RS, 'let call_and_a5 = ');
  const visited: string[] = [];
  for (let i = 0; i < 30; i++) {
    await client.resume('stepIn', { threadId });
    visited.push((await position(threadId)).name);
    if (/trap::trap$/.test(visited.at(-1)!)) break;
  }
  expect(visited).toContain('trap_syscall');
  expect(visited).toContain('alltraps');
  expect(visited.at(-1)).toMatch(/trap::trap$/);
});

test('step over of int 0x30 stays in the program', async () => {
  const threadId = await stopAt('hello', SYSCALL_RS, 'let call_and_a5 = ');
  for (let i = 0; i < 5; i++) {
    await client.resume('next', { threadId });
    expect((await position(threadId)).path).not.toMatch(/kernel/);
  }
});

test("step over of the kernel's last line, which never returns, ends in the program", async () => {
  const threadId = await stopAt('rustshim', PAGE_RS, '// #page-alloc');
  let last: Position = await position(threadId);
  for (let i = 0; i < 60 && /^kernel::|^alltraps/.test(last.name); i++) {
    expect(await client.resume('next', { threadId })).toMatchObject({ reason: 'step', threadId });
    last = await position(threadId);
  }
  expect(last.path).toBe(sourcePath(SYSCALL_RS));
});

test('a step in one environment is not taken for one in another that runs the same code', async () => {
  const threadId = await stopAt('forktree', FORKTREE_RS, 'fn forktree(');
  for (let i = 0; i < 3; i++) {
    const stopped = await client.resume('next', { threadId });
    expect(stopped['threadId']).toBe(threadId);
  }
});

test('pause stops a program that never does; continue goes on', async () => {
  await client.launch({ program: 'spin' });
  await new Promise((resolve) => setTimeout(resolve, 150));
  const stopped = await client.resume('pause', { threadId: 1 });
  expect(stopped).toMatchObject({ reason: 'pause', allThreadsStopped: true });
  const { threads } = await client.request('threads');
  expect(threads.length).toBeGreaterThan(0);
  await client.request('continue', { threadId: 1 });
  const again = await client.resume('pause', { threadId: 1 });
  expect(again).toMatchObject({ reason: 'pause' });
});

test('restart begins again at the first instruction, with the breakpoints that were set', async () => {
  const threadId = await stopAt('rustshim', RUSTSHIM_RS, '// #journal-open');
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'open_journal' }] });
  const stopped = await client.resume('restart', {});
  expect(stopped).toMatchObject({ reason: 'function breakpoint', threadId });
  expect((await position(threadId)).name).toBe('rustshim::open_journal');
});

test('goto skips the lines between, within the function that runs only', async () => {
  const threadId = await stopAt('userpanic', 'guest/user/src/bin/userpanic.rs', 'let answer = answer()');
  const source = { path: sourcePath('guest/user/src/bin/userpanic.rs') };
  const other = await client.request('gotoTargets', {
    source,
    line: lineWith('guest/user/src/bin/userpanic.rs', '    41'),
  });
  expect(other['targets']).toEqual([]);
  const line = lineWith('guest/user/src/bin/userpanic.rs', '// #user-panic');
  const { targets } = await client.request('gotoTargets', { source, line });
  expect(targets[0]).toMatchObject({ line });
  expect(await client.resume('goto', { threadId, targetId: targets[0].id })).toMatchObject({ reason: 'goto' });
  expect((await position(threadId)).line).toBe(line);
  const refused = await client.send('goto', { threadId, targetId: 0x1234 });
  expect(refused.message).toMatch(/not a line of the function that runs/);
});

/** What a step can go into, and running one thread alone. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient } from '../kit/session-client.ts';

const MAIN_RS = 'guest/kernel/src/main.rs';
const RUSTSHIM_RS = 'guest/user/src/bin/rustshim.rs';

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

const targetsAt = async (frameId: number): Promise<Dap.StepInTarget[]> =>
  (await client.request('stepInTargets', { frameId }))['targets'] as Dap.StepInTarget[];

async function stoppedAt(
  program: string,
  file: string,
  marker: string,
): Promise<{ threadId: number; top: Dap.StackFrame }> {
  await client.launch({ program }, () =>
    client.request('setBreakpoints', {
      source: { path: sourcePath(file) },
      breakpoints: [{ line: lineWith(file, marker) }],
    }),
  );
  const threadId = (await client.event('stopped'))['threadId'] as number;
  return { threadId, top: (await client.stack(threadId))[0]! };
}

test('the calls of a line are listed in their order, and a step goes into the one that is chosen', async () => {
  const { threadId, top } = await stoppedAt('hello', MAIN_RS, 'env::env_create(');
  const targets = await targetsAt(top.id);
  const labels = targets.map(({ label }) => label);
  const create = labels.findIndex((label) => /env_create$/.test(label));
  const borrow = labels.findIndex((label) => /borrow/.test(label));
  expect(borrow, labels.join('\n')).toBeGreaterThanOrEqual(0);
  expect(create, labels.join('\n')).toBeGreaterThan(borrow);
  expect(targets[create]).toMatchObject({ line: lineWith(MAIN_RS, 'env::env_create(') });

  // A plain step goes into the first.
  await client.resume('stepIn', { threadId });
  expect((await client.stack(threadId))[0]!.name).toMatch(/borrow/);
  await client.resume('restart', {});
  await client.resume('stepIn', { threadId, targetId: targets[create]!.id });
  expect((await client.stack(threadId))[0]!.name).toMatch(/env_create$/);
});

test('a target that the line does not come to ends the step on the next line', async () => {
  const { threadId, top } = await stoppedAt('hello', MAIN_RS, 'env::env_create(');
  const targets = await targetsAt(top.id);
  await client.resume('next', { threadId });
  const next = (await client.stack(threadId))[0]!;
  await client.resume('restart', {});
  await client.resume('stepIn', { threadId, targetId: targets.at(-1)!.id + 0x1000 });
  expect((await client.stack(threadId))[0]).toMatchObject({ name: next.name, line: next.line });
});

test('a system call is a target, too', async () => {
  await client.launch({ program: 'hello' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'hello!jos::syscall::syscall' }] }),
  );
  const { threadId } = await client.event('stopped');
  const seen: string[] = [];
  let target: Dap.StepInTarget | undefined;
  for (let steps = 0; steps < 20 && !target; steps++) {
    const [top] = await client.stack(threadId as number);
    const targets = await targetsAt(top!.id);
    seen.push(...targets.map(({ label }) => label));
    target = targets.find(({ label }) => label.startsWith('int 0x30'));
    if (!target) await client.resume('next', { threadId });
  }
  expect(target, seen.join('\n')).toBeDefined();
  await client.resume('stepIn', { threadId, targetId: target!.id });
  expect((await client.stack(threadId as number)).map(({ name }) => name)).toContain('entering the kernel');
});

test('other frames have no targets: they are in the middle of a call', async () => {
  const { threadId } = await stoppedAt('rustshim', RUSTSHIM_RS, '// #growth');
  const frames = await client.stack(threadId);
  expect(await targetsAt(frames[1]!.id)).toEqual([]);
  const stale = frames[0]!.id;
  await client.resume('next', { threadId });
  expect(await client.send('stepInTargets', { frameId: stale })).toMatchObject({
    success: false,
    message: expect.stringMatching(/earlier stop.*stack trace again/),
  });
});

test('a thread alone: the machine stops before the code of another environment runs', async () => {
  await client.launch({ program: 'yield', modules: ['dumbfork'], append: 'dumbfork' }, () =>
    client.request('setExceptionBreakpoints', { filterOptions: [{ filterId: 'program-start', condition: 'yield' }] }),
  );
  const { threadId } = await client.event('stopped');
  const response = await client.request('continue', { threadId, singleThread: true });
  expect(response).toEqual({ allThreadsContinued: false });
  const stopped = await client.event('stopped');
  expect(stopped).toMatchObject({
    reason: 'pause',
    description: 'Another thread is next',
    text: expect.stringMatching(/given the CPU to dumbfork \[[0-9a-f]{8}\]/),
  });
  expect(stopped['threadId']).not.toBe(threadId);
  const { threads } = await client.request('threads');
  expect(threads.find((t: { id: number }) => t.id === stopped['threadId']).name).toMatch(/^dumbfork/);
  // The one that was resumed is no longer the CPU's.
  expect(await client.send('next', { threadId, singleThread: true })).toMatchObject({
    success: false,
    message: expect.stringMatching(/Only the thread that the CPU works for.*resume all/),
  });
  // A step of all threads is not held up.
  await client.request('setExceptionBreakpoints', { filters: [] });
  expect(await client.resume('next', { threadId: stopped['threadId'] })).toMatchObject({ reason: 'step' });
});

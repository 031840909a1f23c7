/** What the guest cannot handle is a stop with a reason, and everything can still be looked at. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineWith } from '../kit/repository.ts';
import { SessionClient, type Body } from '../kit/session-client.ts';

const FILTERS = { filters: ['unhandled-fault', 'user-panic', 'kernel-panic'] };

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

async function launchWithFilters(program: string): Promise<Body> {
  await client.launch({ program }, () => client.request('setExceptionBreakpoints', FILTERS));
  return client.event('stopped');
}

test.each([
  ['faultread', /faultread \[00001000\]: #PF page fault: user read of 0x00000000, page not present/],
  ['faultreadkernel', /user read of 0xf0100000, not allowed by the page tables/],
  ['faultwrite', /user write to 0x00000000, page not present/],
  ['divzero', /#DE divide error/],
  ['badsegment', /#GP general protection, error code 0x/],
  ['buggyhello', /a system call with memory that is not its own/],
])('%s stops with the fault in words', async (program, text) => {
  const stopped = await launchWithFilters(program);
  expect(stopped).toMatchObject({ reason: 'exception', description: 'Unhandled fault', threadId: 0x1000 });
  expect(stopped['text']).toMatch(text);
  const info = await client.request('exceptionInfo', { threadId: 0x1000 });
  expect(info).toMatchObject({ breakMode: 'unhandled', description: expect.stringMatching(text) });
  const frames = await client.stack(0x1000);
  expect(
    frames.some((f) => f.name === `${program}::main`),
    frames.map((f) => f.name).join('\n'),
  ).toBe(true);
  // It goes on: the kernel destroys the environment, and the verdict says so.
  await client.request('continue', { threadId: 0x1000 });
  expect(await client.event('exited')).toEqual({ exitCode: 1 });
});

test('with the filters off the kernel deals with the fault by itself', async () => {
  await client.launch({ program: 'faultread' });
  expect(await client.event('exited')).toEqual({ exitCode: 1 });
});

test('a triple fault holds the machine before its reset, and it can be inspected but not run', async () => {
  await client.launch({ program: 'spin' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'spin::main' }] }),
  );
  const { threadId } = await client.event('stopped');
  // Without an IDT the next interrupt cannot be delivered, nor the double fault after it.
  const { scopes } = await client.request('scopes', { frameId: (await client.stack(threadId as number))[0]!.id });
  const registers = scopes.find((s: { name: string }) => s.name === 'Registers');
  const groups = await client.variables(registers.variablesReference);
  const control = groups.find((g) => g.name === 'Control')!;
  await client.request('setVariable', {
    variablesReference: control.variablesReference,
    name: 'idtrLimit',
    value: '0',
  });
  await client.request('setFunctionBreakpoints', { breakpoints: [] });
  const stopped = await client.resume('continue', { threadId });
  expect(stopped).toMatchObject({ reason: 'exception', description: 'Triple fault' });
  expect(stopped['text']).toMatch(/#GP general protection.*#DF double fault/s);
  expect((await client.stack(stopped['threadId'] as number)).length).toBeGreaterThan(0);
  const again = await client.send('continue', { threadId });
  expect(again.success).toBe(false);
  expect(again.message).toMatch(/cannot go on.*Triple fault.*restart/s);
  await client.request('restart', {});
  expect(await client.resume('pause', { threadId: 1 })).toMatchObject({ reason: 'pause' });
});

test('a budget of instructions ends in a stop, and continuing goes on without one', async () => {
  await client.launch({ program: 'spin', budget: 2_000_000 });
  const stopped = await client.event('stopped');
  expect(stopped).toMatchObject({ reason: 'pause', description: 'Budget used up' });
  await client.request('continue', { threadId: 1 });
  expect(await client.resume('pause', { threadId: 1 })).toMatchObject({ reason: 'pause' });
});

test('a user panic stops with its message and place, and the frames that led to it', async () => {
  const stopped = await launchWithFilters('userpanic');
  expect(stopped).toMatchObject({ reason: 'exception', description: 'User panic' });
  const line = lineWith('guest/user/src/bin/userpanic.rs', '// #user-panic');
  expect(stopped['text']).toBe(
    `[00001000] user panic in userpanic at user/src/bin/userpanic.rs:${line}: the answer is 41, not 42`,
  );
  const frames = await client.stack(0x1000);
  const main = frames.find((f) => f.name === 'userpanic::main')!;
  expect(main.line).toBe(line);
  expect(await client.scope(main.id, 'Locals')).toMatchObject({ answer: '41' });
});

test('a kernel panic stops with its message; the verdict follows', async () => {
  await client.launch({ append: 'nosuch' }, () => client.request('setExceptionBreakpoints', FILTERS));
  const stopped = await client.event('stopped');
  expect(stopped).toMatchObject({ reason: 'exception', description: 'Kernel panic', threadId: 1 });
  expect(stopped['text']).toMatch(/^kernel panic on CPU 0 at kernel\/src\/main\.rs:\d+: there is no program 'nosuch'$/);
  const names = (await client.stack(1)).map((f) => f.name);
  expect(
    names.some((name) => /^kernel::start$/.test(name)),
    names.join('\n'),
  ).toBe(true);
  await client.request('continue', { threadId: 1 });
  expect(await client.event('exited')).toEqual({ exitCode: 2 });
});

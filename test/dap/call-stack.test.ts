/** Call stacks that have to hold where things are broken, waiting or elsewhere. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient } from '../kit/session-client.ts';

const PAGE_RS = 'guest/kernel/src/syscall/page.rs';

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

const names = async (threadId: number): Promise<string[]> => (await client.stack(threadId)).map((f) => f.name);

test('a smashed frame pointer in the kernel is said, and the walk goes on from the trap frame', async () => {
  await client.launch({ program: 'rustshim' }, () =>
    client.request('setBreakpoints', {
      source: { path: sourcePath(PAGE_RS) },
      breakpoints: [{ line: lineWith(PAGE_RS, '// #page-alloc') }],
    }),
  );
  const { threadId } = await client.event('stopped');
  const { scopes } = await client.request('scopes', { frameId: (await client.stack(threadId as number))[0]!.id });
  const registers = scopes.find((s: { name: string }) => s.name === 'Registers');
  const general = (await client.variables(registers.variablesReference)).find((v) => v.name === 'General')!;
  await client.request('setVariable', {
    variablesReference: general.variablesReference,
    name: 'ebp',
    value: '0x12345678',
  });
  expect(await client.event('invalidated')).toEqual({ areas: ['stacks'] });
  const stack = await names(threadId as number);
  expect(stack[0]).toMatch(/sys_page_alloc$/);
  expect(stack[1]).toBe('sys_page_alloc(envid=0, va=0x10000000, perm=7) (the kernel stack ends here)');
  expect(
    stack.some((name) => /rustshim::main$/.test(name)),
    stack.join('\n'),
  ).toBe(true);
});

test('an environment that does not run shows where its user half stands', async () => {
  await client.launch({ program: 'pingpong' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'kernel!sys_ipc_try_send' }] }),
  );
  const { threadId } = await client.event('stopped');
  await client.resume('continue', { threadId });
  await client.resume('continue', { threadId });
  const { threads } = await client.request('threads');
  expect(threads).toHaveLength(2);
  for (const { id, name } of threads as { id: number; name: string }[]) {
    const stack = await names(id);
    expect(
      stack.some((n) => /pingpong::main$/.test(n)),
      `${name}:\n${stack.join('\n')}`,
    ).toBe(true);
  }
  const current = (await client.custom('ringside/environments', undefined)).environments.find(
    (e) => e.status === 'running',
  )!;
  const other = threads.find((t: { id: number }) => t.id !== current.threadId);
  // What it waits in, with its arguments.
  expect(other.name).toMatch(
    /^pingpong \[0000100[01]\] (not runnable, in sys_ipc_recv|runnable, behind a system call)$/,
  );
  expect(threads.find((t: { id: number }) => t.id === current.threadId).name).toMatch(/\] running$/);
  expect((await names(other.id as number)).some((n) => /^sys_|kernel::/.test(n))).toBe(false);
});

describe('where control has gone astray', () => {
  /** Stopped in sys_page_alloc, or in the program's main; nothing else stops any more but exceptions and panics. */
  async function stoppedIn(program: string, name: string): Promise<{ threadId: number; frameId: number }> {
    await client.launch({ program }, () => client.request('setFunctionBreakpoints', { breakpoints: [{ name }] }));
    const threadId = (await client.event('stopped'))['threadId'] as number;
    await client.request('setFunctionBreakpoints', { breakpoints: [] });
    await client.request('setExceptionBreakpoints', { filters: ['exception', 'kernel-panic'] });
    return { threadId, frameId: (await client.stack(threadId))[0]!.id };
  }

  const number = async (expression: string, frameId: number): Promise<number> =>
    Number(await client.evaluate(expression, frameId, 'watch'));

  async function write(frameId: number, type: string, address: number, value: number): Promise<void> {
    await client.evaluate(`*(kernel:0x${address.toString(16)} as *mut ${type}) = ${value}`, frameId, 'repl');
  }

  /** As CALL does through a null pointer. */
  async function callNull(threadId: number): Promise<void> {
    const top = async (): Promise<number> => (await client.stack(threadId))[0]!.id;
    const esp = (await number('$esp', await top())) - 4;
    await client.evaluate(`*(0x${esp.toString(16)} as *mut u32) = $eip`, await top(), 'repl');
    await client.evaluate(`$esp = ${esp}`, await top(), 'repl');
    await client.evaluate('$eip = 0', await top(), 'repl');
  }

  test('a call through a null pointer in a program has its caller', async () => {
    const { threadId } = await stoppedIn('hello', 'hello::main');
    const before = await names(threadId);
    await callNull(threadId);
    await client.request('setExceptionBreakpoints', {
      filters: [],
      filterOptions: [{ filterId: 'page-fault', condition: 'access == fetch' }],
    });
    const stop = await client.resume('continue', { threadId });
    expect(stop['text']).toMatch(/#PF page fault: user fetch of 0x00000000/);
    expect(await names(threadId)).toEqual(['0x00000000', ...before]);
    // No image covers this frame, but registers, memory, the machine's facts and the kernel's names are there.
    const nowhere = (await client.stack(threadId))[0]!.id;
    const say = (expression: string, context = 'watch'): Promise<string> =>
      client.evaluate(expression, nowhere, context);
    expect(await say('$eip')).toMatch(/^0x0+$|^0$/);
    expect(await say('1 + 1')).toBe('2');
    expect(await say('$pte(0)')).toMatch(/not present$/);
    expect(await say('$env.program')).toBe('hello');
    expect(await say('kernel::env::CURENV')).toContain('4096');
    expect(await say('*(kernel:0xf0100000 as *const u32)')).toMatch(/^\d+$/);
    const esp = await say('$esp');
    expect(await say('x/1wx $esp', 'repl')).toContain(Number(esp).toString(16));
  });

  test('in the kernel, too, also behind the trap that it ends in', async () => {
    const { threadId } = await stoppedIn('rustshim', 'kernel!sys_page_alloc');
    const before = await names(threadId);
    await callNull(threadId);
    expect((await client.resume('continue', { threadId }))['text']).toMatch(/kernel fetch of 0x00000000/);
    expect(await names(threadId)).toEqual(['0x00000000', ...before]);
    expect(await client.resume('continue', { threadId })).toMatchObject({ description: 'Kernel panic' });
    const panicked = await names(threadId);
    expect(panicked.slice(panicked.indexOf('alltraps'))).toEqual([
      'alltraps',
      'trap in the kernel',
      '0x00000000',
      ...before,
    ]);
  });

  test('a trap in the kernel stands between its frames, and those of the system call below', async () => {
    const { threadId, frameId } = await stoppedIn('rustshim', 'kernel!sys_page_alloc');
    const before = await names(threadId);
    // UD2
    await write(frameId, 'u16', await number('$eip', frameId), 0x0b0f);
    expect((await client.resume('continue', { threadId }))['text']).toMatch(/#UD/);
    expect(await names(threadId)).toEqual(before);
    await client.resume('continue', { threadId });
    const panicked = await names(threadId);
    expect(panicked.slice(panicked.indexOf('alltraps'))).toEqual(['alltraps', 'trap in the kernel', ...before]);
  });

  test('a fault in the return to user code leads to that code, once', async () => {
    const { threadId, frameId } = await stoppedIn('hello', 'hello::main');
    const gdt = await number('$gdtrBase', frameId);
    // User code's segment: present no more.
    await write(frameId, 'u8', gdt + 0x18 + 5, 0x7a);
    expect((await client.resume('continue', { threadId }))['text']).toMatch(/#NP .* in trapret$/);
    const stopped = await names(threadId);
    expect(stopped.slice(0, 3)).toEqual(['trapret', 'back to user code', 'jos::syscall::syscall']);
    expect(stopped).toContain('hello::main');
    await client.resume('continue', { threadId });
    const panicked = await names(threadId);
    expect(panicked.slice(panicked.indexOf('alltraps'))).toEqual([
      'alltraps',
      'trap in the kernel',
      'trapret',
      'entering the kernel',
      ...stopped.slice(2),
    ]);
  });
});

test('a stack comes in parts, and says whether there is more', async () => {
  await client.launch({ program: 'rustshim' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'kernel!sys_page_alloc' }] }),
  );
  const { threadId } = await client.event('stopped');
  const whole = await client.stack(threadId as number);
  const part = async (startFrame: number, levels: number): Promise<{ stackFrames: unknown[]; totalFrames: number }> =>
    (await client.request('stackTrace', { threadId, startFrame, levels })) as never;
  for (let at = 0; at < whole.length; at += 3) {
    const { stackFrames, totalFrames } = await part(at, 3);
    expect(stackFrames).toEqual(whole.slice(at, at + 3));
    expect(totalFrames > at + stackFrames.length).toBe(at + stackFrames.length < whole.length);
  }
  expect(await part(whole.length + 5, 3)).toMatchObject({ stackFrames: [] });
});

test('the kernel that waits at its prompt shows where, and typing makes it answer', async () => {
  await client.launch({ append: 'monitor=on', console: 'debugConsole' });
  await until(() => client.console().includes('K> '));
  const stopped = await client.resume('pause', { threadId: 1 });
  expect(stopped).toMatchObject({ reason: 'pause', threadId: 1 });
  expect((await names(1)).some((name) => /monitor/.test(name))).toBe(true);
  await client.request('continue', { threadId: 1 });
  await client.custom('ringside/serialInput', { text: 'help\r' });
  await until(() => /showmappings/.test(client.console()));
});

/** Polls, because output arrives in slices. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

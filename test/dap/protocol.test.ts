/** What the protocol promises beside the answers: events and their order, ids, the client's way to count and to write paths. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient, type Body } from '../kit/session-client.ts';

const RUSTSHIM_RS = 'guest/user/src/bin/rustshim.rs';
const PAGE_RS = 'guest/kernel/src/syscall/page.rs';

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

const names = (): string[] => client.events.map((event) => event.event);
const bodies = (name: string): Body[] => client.events.filter((e) => e.event === name).map((e) => e.body as Body);

test('the session begins with process and initialized, and nothing runs before configurationDone', async () => {
  await client.request('initialize', { adapterID: 'ringside' });
  await client.request('launch', { program: 'hello' });
  expect(names()).toEqual(['process', 'initialized']);
  expect(bodies('process')[0]).toMatchObject({ name: 'hello', startMethod: 'launch', pointerSize: 32 });
  expect((await client.send('continue', { threadId: 1 })).message).toMatch(/configurationDone/);
  await client.request('configurationDone');
  await client.request('configurationDone');
  await client.event('terminated');
  expect(names().filter((name) => /^(exited|terminated)$/.test(name))).toEqual(['exited', 'terminated']);
});

test('configurationDone before the launch counts', async () => {
  await client.request('initialize', { adapterID: 'ringside' });
  await client.request('configurationDone');
  await client.request('launch', { program: 'hello' });
  expect(await client.event('exited')).toEqual({ exitCode: 0 });
});

test('a disconnect during a launch leaves no machine behind', async () => {
  await client.request('initialize', { adapterID: 'ringside' });
  const launched = client.send('launch', { program: 'spin' });
  void client.send('configurationDone');
  const gone = await client.send('disconnect');
  expect(gone.success).toBe(true);
  expect((await launched).message).toMatch(/session is over/);
  // The transport may close once all are answered.
  while (!client.ended) await new Promise((resolve) => setImmediate(resolve));
});

test('terminate while the guest runs ends it, once; what runs is refused afterwards, looking is not', async () => {
  await client.launch({ program: 'spin' });
  await client.request('terminate');
  await client.request('terminate');
  expect(names().filter((name) => name === 'terminated')).toHaveLength(1);
  expect((await client.send('continue', { threadId: 1 })).message).toMatch(/session is over/);
  expect((await client.send('restart', {})).success).toBe(false);
  expect((await client.send('threads')).success).toBe(true);
});

test('a pause sent right behind a continue is not lost', async () => {
  await client.launch({ program: 'spin', stopOnEntry: true });
  await client.event('stopped');
  const running = client.send('continue', { threadId: 1 });
  const paused = client.send('pause', { threadId: 1 });
  await Promise.all([running, paused]);
  expect(await client.event('stopped')).toMatchObject({ reason: 'pause' });
});

test('environments that come and go are announced, before the stop that shows them', async () => {
  await client.launch({ program: 'forktree' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'forktree::forktree' }] }),
  );
  const stopped = await client.event('stopped');
  expect(bodies('thread')).toEqual([{ reason: 'started', threadId: 0x1000 }]);
  expect(names().indexOf('thread')).toBeLessThan(names().indexOf('stopped'));
  await client.resume('continue', { threadId: stopped['threadId'] });
  const { threads } = (await client.request('threads')) as { threads: Dap.Thread[] };
  const alive = new Set<number>();
  for (const { reason, threadId } of bodies('thread')) {
    if (reason === 'started') alive.add(threadId as number);
    else alive.delete(threadId as number);
  }
  expect([...alive].sort()).toEqual(
    threads
      .map(({ id }) => id)
      .filter((id) => id !== 1)
      .sort(),
  );
});

test('a restart of what stood says that it goes on, and that its environments have gone', async () => {
  await client.launch({ program: 'hello' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'hello::main' }] }),
  );
  await client.event('stopped');
  const before = client.events.length;
  await client.resume('restart', {});
  const since = client.events
    .slice(before)
    .map(({ event, body }) => `${event} ${(body as Body)['reason'] ?? ''}`.trim());
  expect(since.filter((e) => !e.startsWith('output'))).toEqual([
    'thread exited',
    'continued',
    'thread started',
    'stopped function breakpoint',
  ]);
});

test('breakpoints from before the launch are pending, and are said to be verified by it', async () => {
  await client.request('initialize', { adapterID: 'ringside', linesStartAt1: false });
  const line = lineWith(RUSTSHIM_RS, '// #system-call');
  const { breakpoints } = await client.request('setBreakpoints', {
    source: { path: sourcePath(RUSTSHIM_RS) },
    breakpoints: [{ line: line - 1 }],
  });
  expect(breakpoints).toMatchObject([{ verified: false, reason: 'pending' }]);
  await client.request('launch', { program: 'rustshim' });
  expect(bodies('breakpoint')).toMatchObject([
    { reason: 'changed', breakpoint: { id: breakpoints[0].id, verified: true, line: line - 1 } },
  ]);
  await client.request('configurationDone');
  expect(await client.event('stopped')).toMatchObject({ hitBreakpointIds: [breakpoints[0].id] });
});

test('a set that is sent again keeps the ids and hit counts of what is the same in it', async () => {
  const path = sourcePath(RUSTSHIM_RS);
  const counted = { line: lineWith(RUSTSHIM_RS, '// #system-call'), hitCondition: '3' };
  const other = { line: lineWith(RUSTSHIM_RS, '// #collections') };
  const set = (...breakpoints: object[]): Promise<Body> =>
    client.request('setBreakpoints', { source: { path }, breakpoints });
  const ids = (body: Body): number[] => (body['breakpoints'] as Dap.Breakpoint[]).map(({ id }) => id!);
  let first: number[] = [];
  await client.launch({ program: 'rustshim' }, async () => {
    first = ids(await set(counted, { ...counted, hitCondition: '2' }));
  });
  const stopped = await client.event('stopped');
  expect(stopped['hitBreakpointIds']).toEqual([first[1]]);
  const second = ids(await set(other, counted));
  expect(second[1]).toBe(first[0]);
  expect(first).not.toContain(second[0]);
  const again = await client.resume('continue', { threadId: stopped['threadId'] });
  expect(again['hitBreakpointIds']).toEqual([first[0]]);
  const [top] = await client.stack(again['threadId'] as number);
  expect(await client.evaluate('what', top!.id)).toBe('"page_alloc refuses UTOP"');
});

test('a run without debugging stops nowhere', async () => {
  await client.launch({ program: 'faultread', noDebug: true, stopOnEntry: true }, async () => {
    const { breakpoints } = await client.request('setFunctionBreakpoints', {
      breakpoints: [{ name: 'faultread::main' }],
    });
    expect(breakpoints).toMatchObject([{ verified: false }]);
    await client.request('setExceptionBreakpoints', { filters: ['unhandled-fault'] });
  });
  await client.event('exited');
  expect(names()).not.toContain('stopped');
});

test('a client that counts from 0 and writes URIs gets and gives them everywhere', async () => {
  const uri = pathToFileURL(sourcePath(PAGE_RS)).href;
  const line = lineWith(PAGE_RS, '// #page-alloc');
  await client.request('initialize', {
    adapterID: 'ringside',
    linesStartAt1: false,
    columnsStartAt1: false,
    pathFormat: 'uri',
  });
  await client.request('launch', { program: 'rustshim' });
  const range = { source: { path: uri }, line: line - 1 };
  const { breakpoints: places } = await client.request('breakpointLocations', range);
  expect(places[0].line).toBe(line - 1);
  const { breakpoints } = await client.request('setBreakpoints', {
    source: { path: uri },
    breakpoints: [{ line: line - 1, column: places[0].column }],
  });
  expect(breakpoints).toMatchObject([
    { verified: true, line: line - 1, column: places[0].column, source: { path: uri } },
  ]);
  await client.request('configurationDone');
  const { threadId } = await client.event('stopped');
  const [top] = await client.stack(threadId as number);
  expect(top).toMatchObject({ line: line - 1, column: places[0].column, source: { path: uri } });
  const { instructions } = await client.request('disassemble', {
    memoryReference: top!.instructionPointerReference,
    instructionCount: 1,
  });
  expect(instructions[0]).toMatchObject({ line: line - 1, location: { path: uri } });
  const { sources } = (await client.request('loadedSources')) as { sources: Dap.Source[] };
  expect(sources.map(({ path }) => path)).toContain(uri);
});

test('what is copied is whole, what is shown fits a line, and a hover changes nothing', async () => {
  await client.launch({ program: 'rustshim' }, () =>
    client.request('setBreakpoints', {
      source: { path: sourcePath(RUSTSHIM_RS) },
      breakpoints: [{ line: lineWith(RUSTSHIM_RS, '// #system-call') }],
    }),
  );
  const { threadId } = await client.event('stopped');
  const [top] = await client.stack(threadId as number);
  const shown = await client.evaluate('cases', top!.id, 'hover');
  const copied = await client.evaluate('cases', top!.id, 'clipboard');
  expect(shown).toMatch(/…$/);
  expect(copied).toContain('ipc_recv refuses an unaligned address');
  expect(copied.length).toBeGreaterThan(shown.length);
  const before = await client.evaluate('$eax', top!.id);
  for (const context of ['hover', 'watch', 'clipboard', 'variables']) {
    expect((await client.send('evaluate', { expression: '$eax = 7', frameId: top!.id, context })).success).toBe(false);
  }
  expect(await client.evaluate('$eax', top!.id)).toBe(before);
});

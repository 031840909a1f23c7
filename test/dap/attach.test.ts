/** Leaving a machine behind, and coming back to it. DAP, `disconnect`: terminateDebuggee, suspendDebuggee; `attach`. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MachinePark } from '../../debug-adapter/execution/machine-park.ts';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SCHEDULER, SessionClient } from '../kit/session-client.ts';

const RUSTSHIM_RS = 'guest/user/src/bin/rustshim.rs';

let park: MachinePark;
let clients: SessionClient[];
beforeEach(() => {
  park = new MachinePark(SCHEDULER);
  clients = [];
});
afterEach(async () => {
  for (const client of clients) await client.close();
  park.close();
});

function newClient(): SessionClient {
  const client = new SessionClient({ park });
  clients.push(client);
  return client;
}

async function stoppedAtGrowth(): Promise<{ client: SessionClient; threadId: number }> {
  const client = newClient();
  await client.launch({ program: 'rustshim' }, () =>
    client.request('setBreakpoints', {
      source: { path: sourcePath(RUSTSHIM_RS) },
      breakpoints: [{ line: lineWith(RUSTSHIM_RS, '// #growth') }],
    }),
  );
  return { client, threadId: (await client.event('stopped'))['threadId'] as number };
}

test('held: it stands where it stood, with other breakpoints, and goes on to its end', async () => {
  const { client, threadId } = await stoppedAtGrowth();
  const before = await client.stack(threadId);
  await client.request('disconnect', { terminateDebuggee: false, suspendDebuggee: true });
  expect(client.ended).toBe(true);
  expect(park.isEmpty).toBe(false);

  const second = newClient();
  await second.attach();
  expect(await second.event('stopped')).toMatchObject({ reason: 'pause', threadId });
  expect((await second.stack(threadId)).map(({ name, line }) => ({ name, line }))).toEqual(
    before.map(({ name, line }) => ({ name, line })),
  );
  expect(park.isEmpty).toBe(true);
  // The first session's breakpoint has gone with it.
  await second.request('continue', { threadId });
  expect(await second.event('exited')).toEqual({ exitCode: 0 });
});

test('running: the guest goes on by itself, and whoever attaches sees what it has printed', async () => {
  const client = newClient();
  await client.launch({ program: 'spin', console: 'debugConsole' }, () =>
    client.request('setExceptionBreakpoints', { filters: ['program-start'] }),
  );
  await client.event('stopped');
  await client.request('disconnect', { terminateDebuggee: false });
  const second = newClient();
  await second.attach({ machine: 1 });
  const process = second.events.find(({ event }) => event === 'process');
  expect(process?.body).toMatchObject({ name: 'spin', startMethod: 'attach' });
  const printed = (): string => client.console() + second.console();
  while (!/I am the parent/.test(printed())) await new Promise((resolve) => setImmediate(resolve));
  const { threadId } = await second.resume('pause', { threadId: 1 });
  expect((await second.stack(threadId as number)).map(({ name }) => name)).toContain('spin::main');
});

test('a guest that ends while nobody is there leaves nothing to attach to', async () => {
  const { client } = await stoppedAtGrowth();
  await client.request('disconnect', { terminateDebuggee: false });
  while (!park.isEmpty) await new Promise((resolve) => setImmediate(resolve));
  const second = newClient();
  await second.request('initialize', { adapterID: 'ringside' });
  expect(await second.send('attach', {})).toMatchObject({
    success: false,
    message: expect.stringMatching(/No machine waits.*its guest has ended.*"request": "launch"/),
  });
});

test('several machines: the one that is meant has to be named', async () => {
  for (const program of ['spin', 'hello']) {
    const client = newClient();
    await client.launch({ program, stopOnEntry: true });
    await client.event('stopped');
    await client.request('disconnect', { terminateDebuggee: false, suspendDebuggee: true });
  }
  const client = newClient();
  await client.request('initialize', { adapterID: 'ringside' });
  expect(await client.send('attach', {})).toMatchObject({ message: expect.stringMatching(/1 \(spin\), 2 \(hello\)/) });
  expect(await client.send('attach', { machine: 7 })).toMatchObject({ message: expect.stringMatching(/no machine 7/) });
  await client.request('attach', { machine: 2 });
  await client.request('configurationDone');
  await client.event('stopped');
  await client.request('continue', { threadId: 1 });
  expect(await client.event('exited')).toEqual({ exitCode: 0 });
});

test('what was attached to outlives its second session too, unless that says otherwise', async () => {
  const { client } = await stoppedAtGrowth();
  await client.request('disconnect', { terminateDebuggee: false, suspendDebuggee: true });
  for (const args of [{ suspendDebuggee: true }, { terminateDebuggee: true }]) {
    const next = newClient();
    await next.attach();
    await next.event('stopped');
    await next.request('disconnect', args);
    expect(park.isEmpty).toBe(args.terminateDebuggee === true);
  }
});

test('what was launched ends with its session, by default and when told to', async () => {
  for (const args of [{}, { terminateDebuggee: true, suspendDebuggee: true }]) {
    const { client } = await stoppedAtGrowth();
    await client.request('disconnect', args);
    expect(park.isEmpty).toBe(true);
  }
});

test('restarting what was attached to begins its launch anew', async () => {
  const { client } = await stoppedAtGrowth();
  await client.request('disconnect', { terminateDebuggee: false, suspendDebuggee: true });
  const second = newClient();
  await second.attach();
  await second.event('stopped');
  await second.request('setExceptionBreakpoints', { filters: ['program-start'] });
  await second.resume('restart', {});
  expect(second.events.some(({ event }) => event === 'continued')).toBe(true);
});

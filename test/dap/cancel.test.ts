/** cancel, and what a client without escape sequences is shown. DAP, `cancel`, `supportsANSIStyling`. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SessionClient, type Body } from '../kit/session-client.ts';

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

test('a launch that is cancelled is answered so, leaves nothing behind, and another one works', async () => {
  await client.request('initialize', { adapterID: 'ringside' });
  // The client numbers from 1: the launch is request 2.
  const launch = client.send('launch', { program: 'hello' });
  await client.request('cancel', { requestId: 2 });
  expect(await launch).toMatchObject({ success: false, message: 'cancelled' });
  expect(await client.send('threads')).toMatchObject({ success: false });
  await client.request('launch', { program: 'hello', stopOnEntry: true });
  await client.request('configurationDone');
  expect(await client.event('stopped')).toMatchObject({ reason: 'entry' });
});

test('a request that waits in the queue is cancelled, those around it are answered', async () => {
  await client.request('initialize', { adapterID: 'ringside' });
  const launch = client.send('launch', { program: 'hello', stopOnEntry: true }); // request 2
  const before = client.send('threads');
  const waits = client.send('modules'); // request 4
  const behind = client.send('loadedSources');
  await client.request('cancel', { requestId: 4 });
  expect((await launch).success).toBe(true);
  expect((await before).success).toBe(true);
  expect(await waits).toMatchObject({
    success: false,
    message: 'cancelled',
    body: { error: { variables: { id: 'cancelled' } } },
  });
  expect((await behind).success).toBe(true);
});

test('cancelling what was answered, or never asked, changes nothing', async () => {
  await client.launch({ program: 'hello', stopOnEntry: true });
  await client.event('stopped');
  await client.request('cancel', { requestId: 1 });
  await client.request('cancel', { requestId: 999_999 });
  await client.request('cancel', {});
  expect((await client.request('threads'))['threads']).not.toHaveLength(0);
});

test('a pause behind hundreds of requests is read before they are all answered', async () => {
  await client.launch({ program: 'spin' });
  const answered: number[] = [];
  const looks = Array.from({ length: 100 }, (_, index) =>
    client
      .send('disassemble', { memoryReference: 'kernel:0xf0100000', instructionCount: 150 })
      .then(() => answered.push(index)),
  );
  // As a stream would bring it: on a later turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(answered.length).toBeLessThan(100);
  await Promise.all(looks);
  await client.resume('pause', { threadId: 1 });
});

test.each([true, false])('escape sequences where the client shows them: %s', async (supportsANSIStyling) => {
  await client.request('initialize', { adapterID: 'ringside', supportsANSIStyling });
  await client.request('launch', { program: 'hello' });
  await client.request('configurationDone');
  await client.event('exited');
  const said = client.events
    .filter(({ event }) => event === 'output')
    .map(({ body }) => (body as Body)['output'] as string)
    .find((text) => text.includes('verdict'))!;
  expect(said).toMatch(
    supportsANSIStyling ? /^\x1b\[32mThe guest ended with verdict 0 .*\x1b\[0m\n$/ : /^The guest ended with verdict 0/,
  );
});

/** DAP's `breakpointModes` on code: this environment, every environment, this linear address, physical address. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient, type Body } from '../kit/session-client.ts';

const SYSCALL_RS = 'guest/lib/src/syscall.rs';
const FORKTREE_RS = 'guest/user/src/bin/forktree.rs';

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

/** The threads of the next stops, until the guest ends or `most` have been made. */
async function threadsOfStops(most: number, seen?: (threadId: number) => Promise<void>): Promise<number[]> {
  const threads: number[] = [];
  const end = client.event('exited').then(() => undefined);
  while (threads.length < most) {
    const stop = client.event('stopped').then((body) => body['threadId'] as number);
    await client.request('continue', { threadId: 1 });
    const threadId = await Promise.race([stop, end]);
    if (threadId === undefined) break;
    await seen?.(threadId);
    threads.push(threadId);
  }
  return threads;
}

async function stoppedInProgram(program: string): Promise<Body> {
  await client.launch({ program }, () => client.request('setExceptionBreakpoints', { filters: ['program-start'] }));
  const stopped = await client.event('stopped');
  await client.request('setExceptionBreakpoints', { filters: [] });
  return stopped;
}

const breakAtFork = async (mode?: string): Promise<Body> =>
  (
    await client.request('setBreakpoints', {
      source: { path: sourcePath(FORKTREE_RS) },
      breakpoints: [{ line: lineWith(FORKTREE_RS, 'fn forktree'), mode }],
    })
  )['breakpoints'][0] as Body;

test('this environment: its forks run through the same line without stopping', async () => {
  const { threadId } = await stoppedInProgram('forktree');
  expect(await breakAtFork('environment')).toMatchObject({ verified: true });
  const threads = await threadsOfStops(20);
  expect(threads.length).toBeGreaterThan(0);
  expect(new Set(threads)).toEqual(new Set([threadId]));
});

test('every environment that maps the image, by name and by default', async () => {
  for (const mode of ['image', undefined]) {
    client = new SessionClient();
    await stoppedInProgram('forktree');
    expect(await breakAtFork(mode)).toMatchObject({ verified: true });
    expect(new Set(await threadsOfStops(8)).size).toBeGreaterThan(3);
    await client.close();
  }
});

test('set before there is an environment, the first to arrive is the one, and it stays so in a restarted machine', async () => {
  await client.launch({ program: 'forktree', stopOnEntry: true });
  await client.event('stopped');
  expect(await breakAtFork('environment')).toMatchObject({ verified: true });
  const first = new Set(await threadsOfStops(20));
  expect(first.size).toBe(1);
});

test('this linear address in any space: in the other program that is linked at the same addresses, too', async () => {
  const programsThatStop = async (mode: string | undefined): Promise<Set<string>> => {
    client = new SessionClient();
    await client.launch({ program: 'yield', modules: ['dumbfork'], append: 'dumbfork' }, () =>
      client.request('setExceptionBreakpoints', { filterOptions: [{ filterId: 'program-start', condition: 'yield' }] }),
    );
    const { threadId } = await client.event('stopped');
    await client.request('setExceptionBreakpoints', { filters: [] });
    const start = (await client.stack(threadId as number))[0]!.instructionPointerReference!;
    await client.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference: start, mode }] });
    const programs = new Set<string>();
    await threadsOfStops(3, async (stopped) => {
      const threads = (await client.request('threads'))['threads'] as { id: number; name: string }[];
      programs.add(threads.find(({ id }) => id === stopped)!.name.split(' ')[0]!);
    });
    return programs;
  };
  expect(await programsThatStop('linear')).toEqual(new Set(['dumbfork']));
  await client.close();
  expect(await programsThatStop('image')).toEqual(new Set());
});

test('a physical address is hit through whatever linear address, and is refused while nothing is there', async () => {
  await client.launch({ program: 'hello', stopOnEntry: true });
  await client.event('stopped');
  const line = lineWith(SYSCALL_RS, 'pub fn sys_cputs');
  const set = (mode: string): Promise<Body> =>
    client.request('setBreakpoints', { source: { path: sourcePath(SYSCALL_RS) }, breakpoints: [{ line, mode }] });
  const before = (await set('physical'))['breakpoints'][0] as Body;
  expect(before).toMatchObject({
    verified: false,
    message: expect.stringMatching(/hello is not in memory now.*Set the breakpoint at a stop after/),
  });
  await client.request('setExceptionBreakpoints', { filters: ['program-start'] });
  await client.resume('continue', { threadId: 1 });
  expect((await set('physical'))['breakpoints'][0]).toMatchObject({ verified: true });
  const stopped = await client.resume('continue', { threadId: 1 });
  expect(stopped).toMatchObject({ reason: 'breakpoint' });
  // The same bytes by their physical address alone.
  const top = (await client.stack(stopped['threadId'] as number))[0]!;
  const address = parseInt(/[0-9a-f]{8}$/.exec(top.instructionPointerReference!)![0], 16);
  const { physical } = await client.custom('ringside/pageWalk', { threadId: stopped['threadId'] as number, address });
  const instructionReference = `phys:0x${physical!.toString(16).padStart(8, '0')}`;
  await client.request('setBreakpoints', { source: { path: sourcePath(SYSCALL_RS) }, breakpoints: [] });
  const { breakpoints } = await client.request('setInstructionBreakpoints', {
    breakpoints: [{ instructionReference }],
  });
  expect(breakpoints[0]).toMatchObject({ verified: true, instructionReference });
});

test('a mode that nobody knows is said', async () => {
  await client.launch({ program: 'forktree', stopOnEntry: true });
  expect(await breakAtFork('ring0')).toMatchObject({
    verified: false,
    message: 'There is no breakpoint mode "ring0". Known are image, environment, linear, physical.',
  });
});

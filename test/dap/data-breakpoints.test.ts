/** Data breakpoints: locals, statics, fields, raw and physical bytes; access types, conditions, hit counts, restarts. */
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

const lines = (path: string, ...breakpoints: object[]): Promise<Body> =>
  client.request('setBreakpoints', { source: { path: sourcePath(path) }, breakpoints });

/** Launches to a line and takes its breakpoint away. @returns the thread and its innermost frame */
async function stopAt(launch: object, path: string, marker: string): Promise<{ threadId: number; frameId: number }> {
  await client.launch(launch, () => lines(path, { line: lineWith(path, marker) }));
  const threadId = (await client.event('stopped'))['threadId'] as number;
  await lines(path);
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

/** Sets the data breakpoints. @returns their ids */
async function watch(...breakpoints: object[]): Promise<number[]> {
  const body = await client.request('setDataBreakpoints', { breakpoints });
  expect(body['breakpoints'], JSON.stringify(body)).toMatchObject(breakpoints.map(() => ({ verified: true })));
  return (body['breakpoints'] as { id: number }[]).map(({ id }) => id);
}

const go = (threadId: number): Promise<Body> => client.resume('continue', { threadId });

async function localsReference(frameId: number): Promise<number> {
  const { scopes } = await client.request('scopes', { frameId });
  return (scopes as { name: string; variablesReference: number }[]).find((s) => s.name === 'Locals')!
    .variablesReference;
}

test('a local of a program: stops where it changes, with old and new value and the line that wrote it', async () => {
  const { threadId, frameId } = await inRustshim('// #growth');
  const found = await info({ variablesReference: await localsReference(frameId), name: 'capacity' });
  expect(found).toMatchObject({ accessTypes: ['read', 'write', 'readWrite'], canPersist: false });
  expect(found['description']).toMatch(/^capacity at 0x[0-9a-f]{8} \(env 1000\), 4 bytes$/);
  const ids = await watch({ dataId: found['dataId'], accessType: 'write' });
  const line = lineWith(RUSTSHIM_RS, '// #growth');
  const seen: string[] = [];
  for (let n = 0; n < 3; n++) {
    const stopped = await go(threadId);
    expect(stopped).toMatchObject({ reason: 'data breakpoint', threadId, hitBreakpointIds: ids });
    seen.push(stopped['description'] as string);
    expect(stopped['text']).toMatch(
      new RegExp(`^capacity at 0x[0-9a-f]{8} \\(env 1000\\): .*, written by rustshim::growth rustshim.rs:${line}$`),
    );
    expect((await client.stack(threadId))[0]).toMatchObject({ name: 'rustshim::growth' });
  }
  expect(seen).toEqual(['capacity: 0 → 4', 'capacity: 4 → 8', 'capacity: 8 → 16']);
});

test('a stack slot is said to be no more what it was once its frame has returned', async () => {
  const { threadId, frameId } = await inRustshim('// #journal-open');
  const { dataId } = await info({ frameId, name: 'section' });
  await watch({ dataId, accessType: 'write' });
  const stopped = await go(threadId);
  expect(stopped).toMatchObject({ reason: 'data breakpoint' });
  expect(stopped['text']).toMatch(/; the frame it belonged to has returned$/);
});

test('a field on the heap, by expression', async () => {
  const { threadId, frameId } = await inRustshim('// #journal-open');
  const found = await info({ frameId, name: 'journal.sections.len' });
  expect(found['description']).toMatch(/^journal.sections.len at 0x[0-9a-f]{8} \(env 1000\), 4 bytes$/);
  await watch({ dataId: found['dataId'], accessType: 'write' });
  const stopped = await go(threadId);
  expect(stopped['description']).toBe('journal.sections.len: 1 → 2');
  const names = (await client.stack(threadId)).map((frame) => frame.name);
  expect(names.some((name) => name.includes('begin'))).toBe(true);
});

test("the kernel's static: in any space, found again by a restart, and persistent", async () => {
  await client.launch({ program: 'hello', stopOnEntry: true });
  const { threadId } = await client.event('stopped');
  const [top] = await client.stack(threadId as number);
  const found = await info({ frameId: top!.id, name: 'kernel::env::CURENV' });
  expect(found).toMatchObject({ canPersist: true });
  expect(found['dataId']).toMatch(/^static:.*CURENV/);
  const ids = await watch({ dataId: found['dataId'], accessType: 'write' });
  const first = await go(threadId as number);
  expect(first).toMatchObject({ reason: 'data breakpoint', hitBreakpointIds: ids });
  expect(first['text']).toMatch(
    /^kernel::env::CURENV at 0xf0[0-9a-f]{6}: 0 → 4096, written by kernel::.* run.rs:\d+, in core::sync::atomic/,
  );
  await client.request('restart');
  await client.event('stopped');
  const again = await go(1);
  expect([again['reason'], again['text'], again['hitBreakpointIds']]).toEqual([first['reason'], first['text'], ids]);
});

test('a write through an alias: caught by its physical address, not by the other linear one', async () => {
  const { threadId, frameId } = await inRustshim('let (writable, shared)');
  const second = `0x${(Number(await client.evaluate('second', frameId)) >>> 0).toString(16)}`;
  const linear = await info({ name: second, asAddress: true, bytes: 4 });
  const physical = await info({ name: second, asAddress: true, bytes: 4, mode: 'physical' });
  expect(physical['dataId']).toMatch(/^phys:0x/);
  expect(physical['canPersist']).toBe(true);
  const [, physicalId] = await watch(
    { dataId: linear['dataId'], accessType: 'write' },
    { dataId: physical['dataId'], accessType: 'write' },
  );
  const stopped = await go(threadId);
  expect(stopped['hitBreakpointIds']).toEqual([physicalId]);
  expect(stopped['text']).toMatch(
    /at physical 0x[0-9a-f]{8}: 0x00000000 → 0x00006828, written by rustshim::system_calls rustshim.rs:\d+, in core::ptr::/,
  );
});

test('somebody’s kernel in C: every write, then conditions on the new and the old value', async () => {
  const { threadId, frameId } = await inSum();
  const { dataId } = await info({ frameId, name: 'total' });
  await watch({ dataId });
  expect((await go(threadId))['description']).toBe('total: 0 → 1');
  await watch({ dataId, condition: 'total > 5' });
  expect((await go(threadId))['description']).toBe('total: 3 → 6');
});

test('conditions see $old and $new; hit counts pass hits by, also after a restart', async () => {
  const { threadId, frameId } = await inSum();
  const { dataId } = await info({ frameId, name: 'total' });
  await watch({ dataId, condition: '$new - $old == 2' });
  expect((await go(threadId))['description']).toBe('total: 1 → 3');
  await watch({ dataId, hitCondition: '4' });
  // The first three are 0 (as declared), 1 and 3.
  expect((await client.resume('restart', {}))['description']).toBe('total: 3 → 6');
});

test('changes only: writing the same value does not stop; a step that writes stops as the breakpoint', async () => {
  const { threadId, frameId } = await inSum();
  const { dataId, accessTypes } = await info({ frameId, name: 'total', mode: 'change' });
  expect(accessTypes).toEqual(['write']);
  await watch({ dataId });
  expect(await client.resume('next', { threadId })).toMatchObject({
    reason: 'data breakpoint',
    description: 'total: 0 → 1',
  });
  const again = await info({ frameId: (await client.stack(threadId))[0]!.id, name: 'list.value' });
  await watch({ dataId: again['dataId'], accessType: 'readWrite', condition: 'total == 1000' });
  await client.request('continue', { threadId });
  expect(await client.event('exited')).toEqual({ exitCode: 0 });
});

test('read access stops for reads, and a range without a type shows its bytes', async () => {
  const { threadId, frameId } = await inSum();
  const read = await info({ frameId, name: 'magic' });
  expect(read['canPersist']).toBe(true);
  const tail = await info({
    name: await client.evaluate('&tail', frameId).then((t) => /0x[0-9a-f]+/.exec(t)![0]),
    asAddress: true,
    bytes: 16,
  });
  await watch({ dataId: read['dataId'], accessType: 'read' }, { dataId: tail['dataId'], accessType: 'read' });
  const stopped = await go(threadId);
  expect(stopped['text']).toMatch(/^tail at 0x[0-9a-f]{8}: \[\+8\] 0x00000002, read by sum kernel.c:\d+$/);
});

test('bytes and registers of an environment that has ended, or never was, are refused; those of a restart are kept', async () => {
  const destroyed = { filters: [], filterOptions: [{ filterId: 'env-destroyed' }] };
  await client.launch({ program: 'forktree' }, () => client.request('setExceptionBreakpoints', destroyed));
  let stopped = await client.event('stopped');
  while (stopped['threadId'] === 0x1000) stopped = await go(0x1000);
  const id = (stopped['threadId'] as number).toString(16);
  const set = async (...dataIds: string[]): Promise<[boolean, string | undefined][]> => {
    const breakpoints = dataIds.map((dataId) => ({ dataId, accessType: 'write' }));
    const body = await client.request('setDataBreakpoints', { breakpoints });
    return (body['breakpoints'] as { verified: boolean; message?: string }[]).map((b) => [b.verified, b.message]);
  };
  const ids = [`env:${id}:0xeebfdf58|4||x`, `register:eax@env:${id}`];
  expect(await set(...ids)).toEqual([
    [true, undefined],
    [true, undefined],
  ]);
  await set();
  await go(0x1000);
  const gone = (envId: string): [boolean, unknown] => [
    false,
    expect.stringMatching(
      new RegExp(`There is no environment 0000${envId} any more\\. Choose one from the call stack`),
    ),
  ];
  expect(await set(...ids, 'env:7777:0xeebfdf58|4||x', 'register:eax@env:7777')).toEqual([
    ...[gone(id), gone(id)],
    ...[gone('7777'), gone('7777')],
  ]);
  await client.request('setExceptionBreakpoints', { filters: ['program-start'] });
  expect(await set('env:1000:0xeebfdfc0|64||stack')).toEqual([[true, undefined]]);
  expect(await client.resume('restart', {})).toMatchObject({ description: 'Program begins' });
  expect((await go(0x1000))['description']).toMatch(/^stack: /);
});

test('a memory reference is an address, with asAddress or without', async () => {
  const { frameId } = await inSum();
  for (const name of ['phys:0x00100000', 'kernel:0x00100000', '0x00100000']) {
    const plain = await info({ frameId, name });
    expect(plain['dataId'], name).toMatch(/^(?:phys|kernel):0x00100000\|4\|\|/);
    expect(plain).toEqual(await info({ frameId, name, asAddress: true }));
  }
  expect((await info({ frameId, name: 'phys:0x00100000', bytes: 8 }))['dataId']).toMatch(/\|8\|/);
});

test('what cannot be watched says why', async () => {
  const { frameId } = await inSum();
  expect(await info({ frameId, name: 'total + 1' })).toMatchObject({ dataId: null });
  expect(await info({ frameId, name: 'nothing_like_it' })).toMatchObject({
    dataId: null,
    description: expect.stringMatching(/nothing_like_it/),
  });
  expect(await info({ name: '0xfffffffe', asAddress: true, bytes: 4 })).toMatchObject({ dataId: null });
  expect(await info({ name: 'kernel:0x1000', asAddress: true, bytes: 1 << 20 })).toMatchObject({ dataId: null });
  const { dataId } = await info({ frameId, name: 'total' });
  const { breakpoints } = await client.request('setDataBreakpoints', {
    breakpoints: [
      { dataId: 'here' },
      { dataId, condition: 'total >' },
      { dataId, hitCondition: 'often' },
      { dataId: 'static:kernel!no::SUCH|4||x' },
    ],
  });
  expect((breakpoints as { verified: boolean; message: string }[]).map((b) => [b.verified, b.message])).toEqual([
    [false, expect.stringMatching(/names no data/)],
    [false, expect.stringMatching(/expression ends/)],
    [false, expect.stringMatching(/not a hit count/)],
    [false, expect.stringMatching(/no static/)],
  ]);
});

test('a condition that fails at every hit is said once in a run, not thousands of times', async () => {
  const { threadId, frameId } = await inRustshim('// #growth');
  const { dataId } = await info({ variablesReference: await localsReference(frameId), name: 'capacity' });
  await watch({ dataId, accessType: 'write', condition: 'no_such_name == 1', hitCondition: '>= 1000000000' });
  await client.request('continue', { threadId });
  expect(await client.event('exited')).toEqual({ exitCode: 0 });
  const said = client.events.filter(({ body }) => /no_such_name/.test(JSON.stringify(body)));
  expect(said).toHaveLength(1);
});

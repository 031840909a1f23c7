/** The main job, as a scripted session: F5 on `run-rustshim` stops in `sys_page_alloc`, and one sees where one is. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient } from '../kit/session-client.ts';

const PAGE_RS = 'guest/kernel/src/syscall/page.rs';
const RUSTSHIM_RS = 'guest/user/src/bin/rustshim.rs';

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

/** `Vec<T, A>::with_capacity<T>` → `Vec::with_capacity`; `<T as Trait>::method` stays. */
function withoutGenerics(name: string): string {
  const shorter = name.replace(/(?<=\w)<[^<>]*>/g, '');
  return shorter === name ? name : withoutGenerics(shorter);
}

async function launchToPageAlloc(): Promise<number> {
  await client.launch({ program: 'rustshim' }, async () => {
    const { breakpoints } = await client.request('setBreakpoints', {
      source: { path: sourcePath(PAGE_RS) },
      breakpoints: [{ line: lineWith(PAGE_RS, 'pub fn sys_page_alloc(') }],
    });
    expect(breakpoints).toMatchObject([{ verified: true }]);
  });
  const stopped = await client.event('stopped');
  expect(stopped).toMatchObject({ reason: 'breakpoint', allThreadsStopped: true });
  return stopped['threadId'] as number;
}

test('a breakpoint in sys_page_alloc, set before the program exists, stops in its first allocation', async () => {
  const threadId = await launchToPageAlloc();
  expect(threadId).toBe(0x1000);
  const frames = await client.stack(threadId);
  const names = frames.map((frame) => withoutGenerics(frame.name));
  const from = (name: RegExp): number => names.findIndex((n) => name.test(n));
  // From the kernel's innermost frame, through the trap, the allocator and the collections, to the program.
  const path = [
    /syscall::page::sys_page_alloc$/,
    /syscall::syscall$/,
    /trap::trap_dispatch$/,
    /trap::trap$/,
    /^alltraps$/,
    /^sys_page_alloc\(envid=0, va=0x10000000, perm=7\)$/,
    /sys_page_alloc$/,
    /KernelPages as .*PageSource>::map$/,
    /^slab::cache::Cache::grow$/,
    /^slab::cache::Cache::allocate$/,
    /^slab::heap::Heap::allocate$/,
    /UserHeap as .*GlobalAlloc>::alloc$/,
    /^alloc::vec::Vec::with_capacity$/,
    /rustshim::open_journal$/,
    /rustshim::main$/,
  ];
  let last = -1;
  for (const wanted of path) {
    const at = names.findIndex((n, i) => i > last && wanted.test(n));
    expect(at, `${String(wanted)} above frame ${last} in\n${names.join('\n')}`).toBeGreaterThan(last);
    last = at;
  }
  const label = frames[from(/^sys_page_alloc\(envid=/)]!;
  expect(label.presentationHint).toBe('label');
  expect(frames[0]!.source!.path).toBe(sourcePath(PAGE_RS));
  const main = frames[from(/rustshim::main$/)]!;
  expect(main.source!.path).toBe(sourcePath(RUSTSHIM_RS));
  expect(main.line).toBe(lineWith(RUSTSHIM_RS, 'let mut journal = open_journal('));
});

test('every frame on both sides of the trap has its own locals, with the values they have', async () => {
  const threadId = await launchToPageAlloc();
  const frames = await client.stack(threadId);
  const frame = (name: RegExp): number => frames.find((f) => name.test(f.name))!.id;

  const kernel = await client.scope(frames[0]!.id, 'Arguments');
  expect(kernel).toMatchObject({ va: '268435456', perm: '7' });
  expect(kernel['envid']).toMatch(/EnvId.*0/);
  const trap = await client.scope(frame(/trap::trap$/), 'Arguments');
  expect(Object.keys(trap)).toEqual(['frame']);
  expect(await client.evaluate('frame.trapno', frame(/trap::trap$/))).toBe('48');
  expect(await client.evaluate('frame.regs.eax', frame(/trap::trap$/))).toBe('4');

  const open = frame(/rustshim::open_journal$/);
  expect(await client.scope(open, 'Arguments')).toMatchObject({ title: '"rustshim"' });
  const locals = await client.scope(open, 'Locals');
  expect(locals['longest']).toMatch(/Some\("pages go back"\)/);
  const plan = (await client.scopeVariables(open, 'Locals')).find((v) => v.name === 'plan')!;
  const entries = await client.variables(plan.variablesReference);
  expect(entries.map((v) => v.value)).toEqual(
    ['system calls', 'size classes', 'growth', 'collections', 'out of memory', 'pages go back'].map((s) => `"${s}"`),
  );
  expect(Number((await client.scope(frame(/rustshim::main$/), 'Locals'))['free_at_start'])).toBeGreaterThan(1000);
});

test('stepping out again and again leads out of the kernel and back into the program', async () => {
  const threadId = await launchToPageAlloc();
  const visited: string[] = [];
  for (let step = 0; step < 20; step++) {
    const stopped = await client.resume('stepOut', { threadId });
    expect(stopped).toMatchObject({ reason: 'step', threadId });
    const [top] = await client.stack(threadId);
    visited.push(top!.name);
    if (/rustshim::/.test(top!.name)) break;
  }
  expect(visited.at(-1), visited.join('\n')).toMatch(/rustshim::open_journal$/);
  expect(visited.some((name) => /syscall::syscall$/.test(name))).toBe(true);
  expect(
    visited.some((name) => /::map$/.test(name)),
    visited.join('\n'),
  ).toBe(true);
  const locals = await client.request('scopes', { frameId: (await client.stack(threadId))[0]!.id });
  expect(locals['scopes'].length).toBeGreaterThan(1);
});

test('the slab heap shows the object that the program holds', async () => {
  await client.launch({ program: 'rustshim' }, () =>
    client.request('setBreakpoints', {
      source: { path: sourcePath(RUSTSHIM_RS) },
      breakpoints: [{ line: lineWith(RUSTSHIM_RS, '// #journal-open') }],
    }),
  );
  const { threadId } = await client.event('stopped');
  const heap = await client.custom('ringside/heap', { threadId: threadId as number });
  expect(heap.program).toBe('rustshim');
  expect(heap.findings).toEqual([]);
  expect(heap.caches.map((cache) => cache.objectBytes)).toEqual([16, 32, 64, 128, 256, 512, 1024, 2016]);
  // `sections`: six string slices of eight bytes each, so one object of the 64-byte class.
  const [frame] = await client.stack(threadId as number);
  const pointer = Number(await client.evaluate('journal.sections.buf.inner.ptr.pointer.pointer as usize', frame!.id));
  const cache = heap.caches.find((c) => c.objectBytes === 64)!;
  const object = cache.slabs.flatMap((slab) => slab.objects).find((o) => o.address === pointer)!;
  expect(object).toMatchObject({ allocated: true });
  // One click to its memory: the first slice is its address and length, and the address holds the text.
  const { data } = await client.request('readMemory', { memoryReference: object.memoryReference, count: 8 });
  const words = new DataView(Uint8Array.from(Buffer.from(data as string, 'base64')).buffer);
  expect(words.getUint32(4, true)).toBe('opening'.length);
  const text = await client.request('readMemory', {
    memoryReference: `env:1000:0x${words.getUint32(0, true).toString(16)}`,
    count: 7,
  });
  expect(Buffer.from(text['data'] as string, 'base64').toString()).toBe('opening');
});

test('without a stop the program runs to its end, and its verdict is the exit code', async () => {
  await client.launch({ program: 'rustshim' });
  expect(await client.event('exited')).toEqual({ exitCode: 0 });
  await client.event('terminated');
  expect(client.console()).toMatch(/rustshim: (\d+) of \1 checks passed/);
});

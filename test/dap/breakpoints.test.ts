/** Breakpoints of every kind, in kernel and programs, with conditions, hit counts and log messages. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient, type Body } from '../kit/session-client.ts';

const PAGE_RS = 'guest/kernel/src/syscall/page.rs';
const RUSTSHIM_RS = 'guest/user/src/bin/rustshim.rs';
const HEAP_RS = 'guest/lib/src/heap.rs';

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

const inFile = (path: string, ...breakpoints: object[]): Promise<Body> =>
  client.request('setBreakpoints', { source: { path: sourcePath(path) }, breakpoints });

async function top(threadId: unknown): Promise<{ id: number; name: string; line: number }> {
  return (await client.stack(threadId as number))[0]!;
}

test('a condition on locals stops only where it is true', async () => {
  const line = lineWith(PAGE_RS, '// #page-alloc');
  await client.launch({ program: 'rustshim' }, () =>
    inFile(PAGE_RS, { line, condition: 'envid.0 == 0 && perm.0 == 7 && va.0.0 >= 0x10000000' }),
  );
  const first = await client.event('stopped');
  expect(first).toMatchObject({ reason: 'breakpoint' });
  expect((await top(first['threadId'])).line).toBe(line);
});

test('a condition on registers, and one that is never true', async () => {
  await client.launch({ program: 'rustshim' }, () =>
    inFile(PAGE_RS, { line: lineWith(PAGE_RS, '// #page-alloc'), condition: '$eip == 0' }),
  );
  expect(await client.event('exited')).toEqual({ exitCode: 0 });
});

test('a condition that means nothing is refused with its reason, and the breakpoint is not verified', async () => {
  await client.launch({ program: 'hello', stopOnEntry: true });
  const { breakpoints } = await inFile(PAGE_RS, {
    line: lineWith(PAGE_RS, '// #page-alloc'),
    condition: 'no_such_name == 1',
  });
  expect(breakpoints[0]).toMatchObject({ verified: false });
  expect(breakpoints[0].message).toMatch(/no_such_name/);
});

test('a hit count passes the first hits by', async () => {
  const line = lineWith(RUSTSHIM_RS, '// #system-call');
  await client.launch({ program: 'rustshim' }, () => inFile(RUSTSHIM_RS, { line, hitCondition: '3' }));
  const stopped = await client.event('stopped');
  const { id } = await top(stopped['threadId']);
  expect(await client.evaluate('what', id)).toBe('"page_alloc refuses UTOP"');
});

test('a logpoint prints and does not stop', async () => {
  const line = lineWith(RUSTSHIM_RS, '// #system-call');
  await client.launch({ program: 'rustshim' }, () =>
    inFile(RUSTSHIM_RS, { line, logMessage: 'case {what}: {*call} {{}}' }),
  );
  await client.event('exited');
  const lines = client.events.flatMap((e) =>
    e.event === 'output' && e.body.category === 'console' ? [e.body.output as string] : [],
  );
  const logged = lines.filter((l) => l.startsWith('case '));
  const cases = readFileSync(sourcePath(RUSTSHIM_RS), 'utf8')
    .split('let cases')[1]!
    .split('];')[0]!
    .match(/\("/g)!.length;
  expect(cases).toBeGreaterThan(10);
  expect(logged).toHaveLength(cases);
  expect(logged[0]).toBe('case "page_alloc maps a page": PageAlloc {}\n');
});

test('a function breakpoint in one image, by its path, and by a name that nobody has', async () => {
  await client.launch({ program: 'rustshim' }, async () => {
    const { breakpoints } = await client.request('setFunctionBreakpoints', {
      breakpoints: [{ name: 'kernel!sys_page_alloc' }, { name: 'rustshim::growth' }, { name: 'sys_page_aloc' }],
    });
    expect(breakpoints.map((b: { verified: boolean }) => b.verified)).toEqual([true, true, false]);
    expect(breakpoints[2].message).toMatch(/no.*"sys_page_aloc".*Did you mean "sys_page_alloc"\?/i);
  });
  const stopped = await client.event('stopped');
  expect(stopped).toMatchObject({ reason: 'function breakpoint' });
  expect((await top(stopped['threadId'])).name).toMatch(/^kernel::.*sys_page_alloc$/);
});

test('the same line holds in every program and every fork that maps the image, and in no other', async () => {
  await client.launch({ program: 'dumbfork' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'sys_yield' }] }),
  );
  const threads = new Set<number>();
  for (let i = 0; i < 6; i++) {
    const stopped = await (i === 0 ? client.event('stopped') : client.resume('continue', { threadId: 1 }));
    threads.add(stopped['threadId'] as number);
  }
  expect(threads.size).toBe(2);
});

test('an instruction breakpoint at an address of the disassembly', async () => {
  await client.launch({ program: 'hello' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'kernel!env_run' }] }),
  );
  const { threadId } = await client.event('stopped');
  const memoryReference = (await client.stack(threadId as number))[0]!.instructionPointerReference!;
  const { instructions } = await client.request('disassemble', { memoryReference, instructionCount: 5 });
  await client.request('setInstructionBreakpoints', {
    breakpoints: [{ instructionReference: instructions[2].address }],
  });
  const stopped = await client.resume('continue', { threadId: 1 });
  expect(stopped).toMatchObject({ reason: 'instruction breakpoint' });
  const frames = await client.stack(stopped['threadId'] as number);
  expect(frames[0]!.instructionPointerReference).toBe(`kernel:${instructions[2].address}`);
});

test('a breakpoint in a file that no image was built from says so', async () => {
  await client.launch({ program: 'hello', stopOnEntry: true });
  const { breakpoints } = await client.request('setBreakpoints', {
    source: { path: '/somewhere/else.c' },
    breakpoints: [{ line: 1 }],
  });
  expect(breakpoints[0]).toMatchObject({
    verified: false,
    message: expect.stringMatching(/No image.*else\.c.*sourceFileMap/),
  });
});

test('a line without code moves to the next that has some', async () => {
  await client.launch({ program: 'rustshim', stopOnEntry: true });
  const wanted = lineWith(HEAP_RS, '/// The lowest `count` pages in a row');
  const { breakpoints } = await inFile(HEAP_RS, { line: wanted });
  expect(breakpoints[0].verified).toBe(true);
  expect(breakpoints[0].line).toBeGreaterThan(wanted);
});

test('possible locations of a range of lines', async () => {
  await client.launch({ program: 'rustshim', stopOnEntry: true });
  const line = lineWith(PAGE_RS, '// #page-alloc');
  const { breakpoints } = await client.request('breakpointLocations', {
    source: { path: sourcePath(PAGE_RS) },
    line: line - 4,
    endLine: line,
  });
  expect(breakpoints.map((b: { line: number }) => b.line)).toContain(line);
});

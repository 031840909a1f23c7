/** Bad input: a message with cause and remedy each time, and the session goes on. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { REPOSITORY } from '../kit/repository.ts';
import { SessionClient } from '../kit/session-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringside-bad-'));
afterAll(() => rmSync(folder, { recursive: true }));

const kernel = gunzipSync(readFileSync(join(REPOSITORY, 'guest/image/kernel.elf.gz')));
const program = gunzipSync(readFileSync(join(REPOSITORY, 'guest/image/hello.elf.gz')));

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** A copy with one byte changed. */
function patched(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = value;
  return copy;
}

const NOISE = Uint8Array.from({ length: 4096 }, (_, i) => (i * 7919) & 0xff);

test.each([
  ['a kernel that is not there', () => ({ kernel: '/nowhere/kernel.elf' }), /\/nowhere\/kernel\.elf does not exist/],
  ['a folder as kernel', () => ({ kernel: folder }), /is a folder/],
  ['an empty kernel', () => ({ kernel: file('empty', new Uint8Array(0)) }), /empty/],
  ['noise as kernel', () => ({ kernel: file('noise', NOISE) }), /noise.*not an ELF file/i],
  [
    'an eighth of a kernel',
    () => ({ kernel: file('eighth', kernel.subarray(0, kernel.length >> 3)) }),
    /truncated.*segment 0 ends/,
  ],
  ['the first bytes of a kernel', () => ({ kernel: file('head', kernel.subarray(0, 40)) }), /head/],
  ['a kernel for another machine', () => ({ kernel: file('arm', patched(kernel, 18, 40)) }), /ARM/],
  ['a kernel of 64 bits', () => ({ kernel: file('wide', patched(kernel, 4, 2)) }), /64/],
  ['a program as kernel', () => ({ kernel: file('program', program) }), /[Mm]ultiboot/],
  ['noise as program', () => ({ program: file('noise.elf', NOISE) }), /not an ELF file/i],
  [
    'a program name that is nearly right',
    () => ({ program: 'rustshin' }),
    /no program "rustshin".*Did you mean "rustshim"/,
  ],
  ['a program name that is nothing like one', () => ({ program: 'zork' }), /no program "zork".*Known are .*hello/],
  [
    'a module that is not there',
    () => ({ program: 'hello', modules: ['./missing.elf'] }),
    /missing\.elf does not exist/,
  ],
  ['too little memory', () => ({ program: 'hello', memory: 2 }), /8 to 1024 MiB/],
  ['nothing to run', () => ({}), /neither a program nor a kernel/],
])('%s is refused with cause and remedy, and the next launch works', async (_what, args, message) => {
  await client.request('initialize', { adapterID: 'ringside' });
  const refused = await client.send('launch', args());
  expect(refused.success).toBe(false);
  expect(refused.message).toMatch(message);
  expect(refused.body.error).toMatchObject({ showUser: true, id: expect.any(Number) });
  const launched = client.request('launch', { program: 'hello' });
  await client.event('initialized');
  await client.request('configurationDone');
  await launched;
  expect(await client.event('exited')).toEqual({ exitCode: 0 });
});

test('a kernel whose debug information is damaged still runs, and says what is missing', async () => {
  const elf = Uint8Array.from(kernel);
  const view = new DataView(elf.buffer);
  const sections = view.getUint32(32, true);
  const names = view.getUint32(sections + view.getUint16(50, true) * 40 + 16, true);
  for (let i = 0; i < view.getUint16(48, true); i++) {
    const header = sections + i * 40;
    const at = names + view.getUint32(header, true);
    const name = Buffer.from(elf.subarray(at, elf.indexOf(0, at))).toString();
    const [offset, size] = [view.getUint32(header + 16, true), view.getUint32(header + 20, true)];
    if (name === '.debug_line' || name === '.debug_abbrev') elf.fill(0xa5, offset, offset + size);
  }
  const path = file('damaged.elf', elf);
  await client.launch({ kernel: path, program: 'hello' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'env_run' }] }),
  );
  const stopped = await client.event('stopped');
  const frames = await client.stack(stopped['threadId'] as number);
  expect(frames[0]!.name).toMatch(/env_run/);
  const said = client.events.flatMap((e) => (e.event === 'output' ? [e.body.output as string] : [])).join('');
  expect(said).toMatch(/kernel: \d+ more parts of its debug information cannot be read/);
});

test('a kernel cut off behind its code still runs, and says what is missing', async () => {
  await client.launch({ kernel: file('half', kernel.subarray(0, kernel.length >> 1)), program: 'hello' });
  expect(await client.event('exited')).toEqual({ exitCode: 0 });
  const said = client.events.flatMap((e) => (e.event === 'output' ? [e.body.output as string] : [])).join('');
  expect(said).toMatch(/kernel.*(past the end|truncated|no debug information)/);
});

test('requests in the wrong state are refused and answered once each', async () => {
  for (const [command, args] of [
    ['stackTrace', { threadId: 1 }],
    ['continue', { threadId: 1 }],
    ['variables', { variablesReference: 1 }],
    ['readMemory', { memoryReference: '0x0', count: 4 }],
    ['ringside/heap', { threadId: 1 }],
    ['noSuchRequest', {}],
    ['stackTrace', { threadId: 'one' }],
    ['setBreakpoints', { source: 7 }],
    ['launch', 7],
  ] as const) {
    const response = await client.send(command, args);
    expect(response.success, command).toBe(false);
    expect(response.message!.length).toBeGreaterThan(20);
  }
});

test('references from an earlier stop are said to be stale', async () => {
  await client.launch({ program: 'hello', stopOnEntry: true });
  await client.event('stopped');
  const [frame] = await client.stack(1);
  const { scopes } = await client.request('scopes', { frameId: frame!.id });
  await client.resume('next', { threadId: 1 });
  expect((await client.send('scopes', { frameId: frame!.id })).message).toMatch(/earlier stop/);
  expect((await client.send('variables', { variablesReference: scopes[0].variablesReference })).message).toMatch(
    /earlier stop/,
  );
});

test('messages that are none leave the session alive', async () => {
  for (const garbage of [null, 7, 'hello', [], {}, { type: 'request' }, { type: 'request', seq: 'x', command: 3 }])
    client.raw(garbage);
  expect((await client.send('initialize', { adapterID: 'x' })).success).toBe(true);
});

test('a guest that scribbles over its page tables ends in a triple fault that can be inspected', async () => {
  await client.launch({ program: 'spin' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'spin::main' }] }),
  );
  const { threadId } = await client.event('stopped');
  const { space } = await client.custom('ringside/pageTables', { threadId: threadId as number });
  const zeros = Buffer.alloc(4096).toString('base64');
  await client.request('writeMemory', { memoryReference: `phys:0x${space.toString(16)}`, data: zeros });
  await client.request('setFunctionBreakpoints', { breakpoints: [] });
  // The translations in the TLB still work; a new one does not.
  await client.evaluate('$cr3 = $cr3', undefined, 'repl').catch(() => undefined);
  const stopped = await client.resume('continue', { threadId });
  expect(stopped).toMatchObject({ reason: 'exception', description: 'Triple fault' });
  expect(stopped['text']).toMatch(/#PF page fault/);
  expect((await client.send('stackTrace', { threadId: stopped['threadId'] })).success).toBe(true);
});

test('a disassembly two thousand million instructions away is refused', async () => {
  await client.launch({ program: 'hello', stopOnEntry: true });
  await client.event('stopped');
  for (const instructionOffset of [-(2 ** 31), 1e300]) {
    const args = { memoryReference: '0xf0100000', instructionOffset, instructionCount: 10 };
    expect((await client.send('disassemble', args)).message).toMatch(/instructionOffset/);
  }
});

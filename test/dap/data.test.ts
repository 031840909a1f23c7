/** Values, registers, memory and code at a stop: read, written, and as the machine then goes on with them. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient } from '../kit/session-client.ts';

const RUSTSHIM_RS = 'guest/user/src/bin/rustshim.rs';

let client: SessionClient;
let frameId: number;
let threadId: number;
beforeEach(async () => {
  client = new SessionClient();
  await client.launch({ program: 'rustshim' }, () =>
    client.request('setBreakpoints', {
      source: { path: sourcePath(RUSTSHIM_RS) },
      breakpoints: [{ line: lineWith(RUSTSHIM_RS, '// #collections') }],
    }),
  );
  threadId = (await client.event('stopped'))['threadId'] as number;
  frameId = (await client.stack(threadId))[0]!.id;
});
afterEach(() => client.close());

const value = (expression: string, context = 'watch'): Promise<string> => client.evaluate(expression, frameId, context);

async function refused(expression: string, context = 'watch'): Promise<string> {
  const response = await client.send('evaluate', { expression, frameId, context });
  expect(response.success, expression).toBe(false);
  return response.message!;
}

test('Rust values read as Rust', async () => {
  const locals = await client.scope(frameId, 'Locals');
  expect(locals['text']).toMatch(/^"the kernel maps the page/);
  expect(locals['most']).toBe('Some("the=4")');
  expect(locals['reversed']).toBe('"derahs"');
  expect(locals['section']).toBe('"collections"');
  expect(locals['count']).toMatch(/^len=8 \{/);
  const count = (await client.scopeVariables(frameId, 'Locals')).find((v) => v.name === 'count')!;
  const entries = (await client.variables(count.variablesReference)).map((v) => `${v.name} ${v.value}`).join('\n');
  expect(entries).toMatch(/"the"/);
  expect([await value('count["the"]'), await value('count["the"] == 4 && count["map"] == 1')]).toEqual(['4', 'true']);
  const names = (await client.variables(count.variablesReference)).map((v) => v.evaluateName!);
  expect(names).toContain('count["kernel"]');
  for (const name of names) expect(await value(name), name).toMatch(/^\d$/);
  expect(await refused('count[0]')).toMatch(/keys are of type alloc::string::String, not i32/);
  expect(await value('owners[1].title')).toBe('"shared"');
});

test('expressions: fields, indices, casts, arithmetic, registers, statics', async () => {
  expect(await value('owners[0].title.vec.len + 1')).toBe('7');
  expect(await value('text.length * 2 == 120')).toBe('true');
  expect(await value('($esp as u32) % 4')).toBe('0');
  expect(await value('$cs & 3')).toBe('3');
  expect(await value('0x10 | 1')).toBe('17');
  expect(await value('jos::heap::HEAP')).toMatch(/caches/);
});

test('mistakes in expressions are said with cause and remedy', async () => {
  expect(await refused('nothing_like_it')).toMatch(/nothing_like_it/);
  expect(await refused('text +')).toMatch(/.+/);
  expect(await value('*(0 as *const u32)')).toMatch(/^<.*0x0+.*>$/);
  expect(await refused('1 / 0')).toMatch(/zero/i);
  expect(await refused('((((((((')).toMatch(/.+/);
});

test('an assignment works in the console only, and the program goes on with it', async () => {
  expect(await refused('$eax = 5')).toMatch(/assign/i);
  await value('$eax = 0x1234', 'repl');
  expect(await value('$eax')).toBe('0x1234');
});

test('a program counter that is set is answered as it is now, wherever it is set', async () => {
  const fresh = async (): Promise<number> => (await client.stack(threadId))[0]!.id;
  const eip = Number(await value('$eip'));
  const shown = (address: number): string => `0x${address.toString(16).padStart(8, '0')}`;
  expect(Number(await value(`$eip = ${eip + 1}`, 'repl'))).toBe(eip + 1);
  frameId = await fresh();
  expect(Number(await value('$eip'))).toBe(eip + 1);
  const set = await client.request('setExpression', { expression: '$eip', value: String(eip + 2), frameId });
  expect([Number(set['value']), set['evaluateName']]).toEqual([eip + 2, '$eip']);
  frameId = await fresh();
  const general = (await client.scopeVariables(frameId, 'Registers')).find((g) => g.name === 'General')!;
  const { variablesReference } = general;
  const changed = await client.request('setVariable', { variablesReference, name: 'eip', value: String(eip) });
  expect(changed['value']).toBe(shown(eip));
  const [top] = await client.stack(threadId);
  expect(top!.instructionPointerReference).toBe(`env:1000:${shown(eip)}`);
  frameId = top!.id;
  expect(Number(await value('$pc = 0', 'repl'))).toBe(0);
  frameId = await fresh();
  expect(await value('$eip', 'repl')).toBe('0x0');
});

test('setVariable changes a general register by number, EFLAGS by bit, and refuses what is none', async () => {
  const registers = await client.scopeVariables(frameId, 'Registers');
  const general = registers.find((g) => g.name === 'General')!;
  const set = (
    name: string,
    text: string,
    variablesReference = general.variablesReference,
  ): ReturnType<SessionClient['send']> => client.send('setVariable', { variablesReference, name, value: text });
  expect((await set('ecx', '-1')).body.value).toMatch(/^0xffffffff/);
  expect(await value('$ecx')).toMatch(/4294967295|0xffffffff/);
  expect((await set('ecx', 'many')).message).toMatch(/not a number of 32 bits/);
  const eflags = (await client.variables(general.variablesReference)).find((v) => v.name === 'eflags')!;
  expect((await set('CF', '1', eflags.variablesReference)).success).toBe(true);
  expect(Number(await value('$eflags & 1'))).toBe(1);
  expect((await set('CF', '2', eflags.variablesReference)).message).toMatch(/does not fit/);
  const segment = registers.find((g) => g.name === 'Segment')!;
  expect((await set('cs', '8', segment.variablesReference)).message).toMatch(/cannot be set/);
});

test.each([
  ['kernel::console::keyboard::MODIFIERS.value.shift', 'true', 'true'],
  ['kernel::console::keyboard::MODIFIERS.value.shift', '2', /2 is no bool/],
  ['*(($esp - 256) as *const char)', "'ß'", "'ß'"],
  ['*(($esp - 256) as *const char)', '0xd800', /55296 is no char/],
  ['*(($esp - 256) as *const f64)', '-1.5e300', '-1.5e+300'],
  ['*(($esp - 256) as *const f32)', '0.1', '0.1'],
  ['*(($esp - 256) as *const f32)', 'much', /Nothing named “much”|“much” is not a number/],
  ['*(($esp - 256) as *const kernel::env::Ending)', 'Fault', 'Fault'],
  ['*(($esp - 256) as *const kernel::env::Ending)', 'Ending::Killed', 'Killed'],
  ['*(($esp - 256) as *const kernel::env::Ending)', 'Bored', /“Bored” is not a value/],
])('setExpression in a kernel frame: %s = %s', async (expression, text, expected) => {
  const destroyed = { filters: ['syscall-entered'] };
  await client.request('setExceptionBreakpoints', destroyed);
  const stopped = await client.resume('continue', { threadId });
  const [top] = await client.stack(stopped['threadId'] as number);
  const response = await client.send('setExpression', { expression, value: text, frameId: top!.id });
  if (typeof expected !== 'string') {
    expect(response.message).toMatch(expected);
    return;
  }
  expect(response.message).toBeUndefined();
  expect(response.body).toMatchObject({ value: expected, evaluateName: expression });
  expect(await client.evaluate(expression, top!.id)).toBe(expected);
});

test('memory is read and written in its space, and what is not mapped is said', async () => {
  const { memoryReference } = (await client.scopeVariables(frameId, 'Locals')).find((v) => v.name === 'reversed')!;
  expect(memoryReference).toMatch(/^env:1000:0x/);
  const read = async (): Promise<string> =>
    Buffer.from(
      (await client.request('readMemory', { memoryReference, count: 6 }))['data'] as string,
      'base64',
    ).toString();
  expect(await read()).toBe('derahs');
  const written = await client.request('writeMemory', {
    memoryReference,
    data: Buffer.from('DERAHS').toString('base64'),
  });
  expect(written['bytesWritten']).toBe(6);
  expect(await read()).toBe('DERAHS');
  const fresh = (await client.stack(threadId))[0]!.id;
  expect((await client.scope(fresh, 'Locals'))['reversed']).toBe('"DERAHS"');

  const hole = await client.request('readMemory', { memoryReference: 'env:1000:0x00000ffc', count: 64 });
  expect(hole['data']).toBeUndefined();
  expect(hole['unreadableBytes']).toBe(64);
  const refusedWrite = await client.send('writeMemory', { memoryReference: 'env:1000:0x00000000', data: 'AAAA' });
  expect(refusedWrite.message).toMatch(/Only 0 of 3 bytes.*nothing was written/);
  expect((await client.send('readMemory', { memoryReference: 'here', count: 1 })).message).toMatch(
    /not a memory reference/,
  );
  // The same byte, by its linear and by its physical address.
  const walk = await client.custom('ringside/pageWalk', { threadId, address: Number(memoryReference!.split(':')[2]) });
  const physical = await client.request('readMemory', {
    memoryReference: `phys:0x${walk.physical!.toString(16)}`,
    count: 1,
  });
  expect(Buffer.from(physical['data'] as string, 'base64').toString()).toBe('D');
});

test('disassembly around the program counter lines up with it, in both directions', async () => {
  const [top] = await client.stack(threadId);
  const memoryReference = top!.instructionPointerReference!;
  const { instructions } = await client.request('disassemble', {
    memoryReference,
    instructionOffset: -10,
    instructionCount: 30,
  });
  expect(instructions).toHaveLength(30);
  expect(`env:1000:${instructions[10].address}`).toBe(memoryReference);
  expect(instructions[10].location.path).toBe(sourcePath(RUSTSHIM_RS));
  for (let i = 1; i < instructions.length; i++) {
    const length = instructions[i - 1].instructionBytes.split(' ').length;
    expect(Number(instructions[i].address)).toBe(Number(instructions[i - 1].address) + length);
  }
  expect(instructions.some((i: { instruction: string }) => /^call .*<.*>/.test(i.instruction))).toBe(true);
});

test('large arrays come in pages', async () => {
  const slots = await client.request('evaluate', { expression: 'jos::heap::HEAP', frameId });
  expect(slots['variablesReference']).toBeGreaterThan(0);
  const { scopes } = await client.request('scopes', { frameId });
  expect(scopes.map((s: { name: string }) => s.name)).toEqual(
    expect.arrayContaining(['Locals', 'Arguments', 'Registers']),
  );
});

test('devices show their registers', async () => {
  const { devices } = await client.custom('ringside/devices', undefined);
  expect(devices.map((d) => d.name).length).toBeGreaterThan(5);
});

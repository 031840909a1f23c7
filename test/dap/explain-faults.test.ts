/** `exceptionInfo`: what the CPU saw, and why it was a fault, on the guest's programs that break a rule each. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SessionClient, type Body } from '../kit/session-client.ts';

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

async function infoOf(program: string, filters: readonly string[]): Promise<Body> {
  await client.launch({ program }, () => client.request('setExceptionBreakpoints', { filters }));
  const { threadId } = await client.event('stopped');
  return client.request('exceptionInfo', { threadId });
}

//  program            the lines, in order
const UNHANDLED: readonly (readonly [program: string, lines: readonly RegExp[]])[] = [
  [
    'faultwrite',
    [
      /^faultwrite \[00001000\]: #PF page fault: user write to 0x00000000, page not present, null pointer, at 0x/,
      /^Instruction at 0x[0-9a-f]{8}, ring 3: mov dword ptr \[e\w\w\], .* \(c7 .*\)\.$/,
      /^Access: write of 4 bytes at 0x00000000 with user rights\.$/,
      /^Error code 0x6: P=0 page not present, W\/R=1 write, U\/S=1 user mode\.$/,
      /^PDE at physical 0x[0-9a-f]{8}: 0x00000000, flags none – this level fails: P is clear, the page table \(4 MiB\) is not present\.$/,
    ],
  ],
  [
    'faultreadkernel',
    [
      /user read of 0xf0100000, not allowed by the page tables, in the kernel's image/,
      /^Access: read of [14] bytes? at 0xf0100000 with user rights\.$/,
      /^Error code 0x5: P=1 page present, access refused, W\/R=0 read, U\/S=1 user mode\.$/,
      /^PDE at physical 0x[0-9a-f]{8}: 0x[0-9a-f]{8}, flags P .*PS.* – this level fails: U is clear, the page table \(4 MiB\) is the kernel's alone\.$/,
    ],
  ],
  ['faultwritekernel', [/user write to 0xf0100000/, /W\/R=1 write/, /U is clear/]],
  ['faultnostack', [/user write to 0x00000000, page not present, null pointer/]],
  [
    'softint',
    [
      /#GP general protection, error code 0x72: INT 14 from ring 3 needs a gate of DPL 3; this one has DPL 0/,
      /ring 3: int 0xe \(cd 0e\)\.$/,
      /^Error code 0x72: entry 14 of the IDT\.$/,
      /^Descriptor: interrupt gate 32 DPL 0 -> 0x0008:0xf[0-9a-f]{7}\.$/,
      /^Rule: INT 14 from ring 3 needs a gate of DPL 3; this one has DPL 0\.$/,
    ],
  ],
  [
    'badsegment',
    [
      /#GP general protection, error code 0x28/,
      /ring 3: mov ds, \w+ \(.*8e d.\)\.$/,
      /^Error code 0x28: selector 0x28, entry 5 of the GDT\.$/,
      /^Descriptor: TSS32 busy DPL 0 base 0xf[0-9a-f]{7} limit 0x00000067\.$/,
      /^Rule: a data segment register takes data or readable code, not TSS32 busy\.$/,
    ],
  ],
  [
    'divzero',
    [/#DE divide error/, /ring 3: i?div ecx/, /^Operands: edx = 0x0, eax = 0x1, ecx = 0x0\. The divisor is zero\.$/],
  ],
];

test.each(UNHANDLED)('%s is explained where the kernel gives up', async (program, lines) => {
  const info = await infoOf(program, ['unhandled-fault']);
  expect(info).toMatchObject({ exceptionId: 'Unhandled fault', breakMode: 'unhandled' });
  const told = (info['description'] as string).split('\n');
  let from = 0;
  for (const line of lines) {
    const at = told.findIndex((text, i) => i >= from && line.test(text));
    expect(at, `${line.source} in\n${told.join('\n')}`).toBeGreaterThanOrEqual(0);
    from = at;
  }
  expect(info['details'].typeName).toMatch(/^#/);
  expect(info['details'].stackTrace).toMatch(new RegExp(`${program}::main`));
});

test('a fault before its delivery is explained in the same words', async () => {
  const info = await infoOf('softint', ['exception']);
  expect(info['description']).toMatch(/Rule: INT 14 from ring 3 needs a gate of DPL 3/);
  expect(info['breakMode']).toBe('always');
});

test('copy-on-write: the level that refuses is the page, which is read-only', async () => {
  const filterOptions = [{ filterId: 'page-fault', condition: 'errorCode == 7' }];
  await client.launch({ program: 'forktree' }, () =>
    client.request('setExceptionBreakpoints', { filters: [], filterOptions }),
  );
  const { threadId, text } = await client.event('stopped');
  expect(text).toMatch(/not allowed by the page tables, in the user stack/);
  const { description } = await client.request('exceptionInfo', { threadId });
  expect(description).toMatch(/PDE .*flags P W U A\.\nPTE .* – this level fails: W is clear, the page is read-only\.$/);
});

/** Stops spin in user mode and breaks the machine by setting registers; then continues to the end. */
async function broken(registers: Readonly<Record<string, string>>): Promise<Body> {
  await client.launch({ program: 'spin' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'spin::main' }] }),
  );
  const { threadId } = await client.event('stopped');
  await client.request('setFunctionBreakpoints', { breakpoints: [] });
  const { scopes } = await client.request('scopes', { frameId: (await client.stack(threadId as number))[0]!.id });
  const scope = scopes.find((s: { name: string }) => s.name === 'Registers');
  for (const group of await client.variables(scope.variablesReference)) {
    for (const { name } of await client.variables(group.variablesReference)) {
      const value = registers[name];
      if (value === undefined) continue;
      await client.request('setVariable', { variablesReference: group.variablesReference, name, value });
    }
  }
  return client.resume('continue', { threadId });
}

/** Stopped in a program's main, with bytes of the CPU's tables changed; nothing but exceptions stops any more. */
async function withTables(
  program: string,
  changes: (at: Tables) => readonly (readonly [string, number, number])[],
): Promise<number> {
  await client.launch({ program }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: `${program}::main` }] }),
  );
  const threadId = (await client.event('stopped'))['threadId'] as number;
  const frameId = (await client.stack(threadId))[0]!.id;
  const register = async (name: string): Promise<number> => Number(await client.evaluate(`$${name}`, frameId));
  const tss = (await client.scopeVariables(frameId, 'Machine')).find(({ name }) => name === 'TSS')!.value;
  const tables = {
    gdt: await register('gdtrBase'),
    idt: await register('idtrBase'),
    tss: Number(/0x[0-9a-f]+/.exec(tss)),
  };
  for (const [type, address, value] of changes(tables))
    await client.evaluate(`*(kernel:0x${address.toString(16)} as *mut ${type}) = ${value}`, frameId, 'repl');
  await client.request('setExceptionBreakpoints', { filters: ['exception'] });
  return threadId;
}

interface Tables {
  readonly gdt: number;
  readonly idt: number;
  readonly tss: number;
}

const SS0 = 8;
const USER_CODE = 0x18;
const USER_DATA = 0x20;
const KERNEL_DATA = 0x10;
const ACCESS = 5;

//  what                         program      change                                        headline, and lines that are in the story
const TABLE_FAULTS: readonly (readonly [
  string,
  string,
  (at: Tables) => readonly [string, number, number],
  ...RegExp[],
])[] = [
  [
    '#TS: no data',
    'hello',
    ({ tss }) => ['u16', tss + SS0, USER_CODE],
    /^hello .*#TS invalid TSS, error code 0x18: the TSS gives selector 0x18 as the stack of ring 0, which takes writable data only, not code32 readable/,
    /^Error code 0x18: selector 0x18, entry 3 of the GDT\.$/m,
    /^Rule: the TSS gives/m,
  ],
  [
    '#TS: another ring',
    'hello',
    ({ tss }) => ['u16', tss + SS0, USER_DATA],
    /#TS .*which takes DPL 0; this one has DPL 3/,
    /^Descriptor: data32 writable DPL 3/m,
  ],
  [
    '#TS: null',
    'hello',
    ({ tss }) => ['u16', tss + SS0, 0],
    /#TS invalid TSS: the TSS gives the null selector as the stack/,
    /^Error code 0x0: no selector is to blame\.$/m,
  ],
  [
    '#SS',
    'hello',
    ({ gdt }) => ['u8', gdt + KERNEL_DATA + ACCESS, 0x12],
    /#SS stack fault, error code 0x10: the segment of selector 0x10 is not present/,
    /^Rule: the segment of selector 0x10 is not present\.$/m,
  ],
  [
    '#NP: code',
    'hello',
    ({ gdt }) => ['u8', gdt + USER_CODE + ACCESS, 0x7a],
    /#NP segment not present, error code 0x18: the segment of selector 0x18 is not present, in trapret/,
    /ring 0: iretd \(cf\)/,
  ],
  [
    '#NP: a gate',
    'hello',
    ({ idt }) => ['u8', idt + 0x30 * 8 + ACCESS, 0x6e],
    /#NP segment not present, error code 0x182: the gate of vector 48 is not present/,
    /^Error code 0x182: entry 48 of the IDT\.$/m,
  ],
];

test.each(TABLE_FAULTS.map(([name, program, change, ...lines]) => ({ name, program, change, lines })))(
  '$name',
  async ({ program, change, lines }) => {
    const threadId = await withTables(program, (at) => [change(at)]);
    const { text } = await client.resume('continue', { threadId });
    const { description } = await client.request('exceptionInfo', { threadId });
    expect(text).toMatch(lines[0]!);
    for (const line of lines) expect(description).toMatch(line);
  },
);

test('a double fault is stopped at, and names the pair', async () => {
  const PF_GATE = 14 * 8;
  const threadId = await withTables('faultread', ({ idt }) => [['u8', idt + PF_GATE + ACCESS, 0x0e]]);
  expect(await client.resume('continue', { threadId })).toMatchObject({
    text: expect.stringMatching(/#PF page fault: user read of 0x00000000/) as string,
  });
  expect(await client.resume('continue', { threadId })).toMatchObject({
    text: expect.stringMatching(/#DF double fault, in faultread::main \(2 more led to it\)$/) as string,
  });
  const info = await client.request('exceptionInfo', { threadId });
  expect(info['description']).toMatch(
    /^Double fault: #NP segment not present arose while #PF page fault was delivered, and the two cannot be handled one after the other\.$/m,
  );
  const { details } = info as {
    details: { innerException: { typeName: string; innerException: { typeName: string }[] }[] };
  };
  expect([details.innerException[0]!.typeName, details.innerException[0]!.innerException[0]!.typeName]).toEqual([
    '#NP segment not present',
    '#PF page fault',
  ]);
});

test('a double fault alone can be asked for', async () => {
  const threadId = await withTables('faultread', ({ idt }) => [['u8', idt + 14 * 8 + ACCESS, 0x0e]]);
  await client.request('setExceptionBreakpoints', {
    filters: [],
    filterOptions: [{ filterId: 'exception', condition: '#DF' }],
  });
  expect(await client.resume('continue', { threadId })).toMatchObject({
    text: expect.stringMatching(/#DF double fault/) as string,
  });
});

test('a triple fault tells the whole chain: the IDT is too short', async () => {
  const stopped = await broken({ idtrLimit: '0' });
  expect(stopped).toMatchObject({ reason: 'exception', description: 'Triple fault' });
  expect(stopped['text']).toMatch(
    /^Triple fault: .* at 0x[0-9a-f]{8}, then #GP general protection \(delivering .* failed: vector \d+ lies beyond the IDT’s limit 0x0\).*#DF double fault .*held before the reset\.$/,
  );
  const { details, description } = await client.request('exceptionInfo', { threadId: stopped['threadId'] });
  expect(description).toMatch(/#DF could not be delivered either: the processor shuts down\.$/);
  const chain: string[] = [];
  for (let at = details.innerException?.[0]; at; at = at.innerException?.[0]) chain.push(at.typeName);
  expect(chain).toContain('#DF double fault');
  expect(chain.length).toBeGreaterThanOrEqual(3);
});

test('a triple fault whose IDT is not mapped says so', async () => {
  const stopped = await broken({ idtrBase: '0x40000000' });
  expect(stopped['text']).toMatch(/failed: the IDT at 0x4000[0-9a-f]{4} is not accessible/);
});

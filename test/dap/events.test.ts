/** Event breakpoints: each filter stops at its event with the event in words, and its condition chooses among them. */
import { readFileSync } from 'node:fs';
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EVENTS } from '../../debug-adapter/events/event-table.ts';
import { ENDINGS } from '../../debug-adapter/kernel/jos-tables.ts';
import { sourcePath } from '../kit/repository.ts';
import { SessionClient, type Body } from '../kit/session-client.ts';

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

/** Launches with one filter. @returns what the client was told of it */
async function launch(program: string, filterId: string, condition?: string): Promise<Dap.Breakpoint> {
  let told: Dap.Breakpoint[] = [];
  const filterOptions = [{ filterId, ...(condition === undefined ? {} : { condition }) }];
  await client.launch({ program }, async () => {
    told = (await client.request('setExceptionBreakpoints', { filters: [], filterOptions }))['breakpoints'];
  });
  expect(told).toHaveLength(1);
  return told[0]!;
}

/** The text of the first stop, or the exit. */
function nextText(): Promise<string> {
  return Promise.race([client.event('stopped'), client.event('exited')]).then(textOf);
}
const textOf = (body: Body): string => (body['text'] as string | undefined) ?? `exited ${body['exitCode'] as number}`;

//  filter              program       condition                                      text of the first stop
const CASES: readonly (readonly [filter: string, program: string, condition: string | undefined, text: RegExp])[] = [
  ['syscall-entered', 'hello', undefined, /^hello \[00001000\] called sys_cputs\(s=0xee[0-9a-f]+, len=0x[0-9a-f]+\)$/],
  [
    'syscall-entered',
    'rustshim',
    'sys_page_alloc',
    /^rustshim \[00001000\] called sys_page_alloc\(envid=0, va=0x10000000, perm=7\)$/,
  ],
  [
    'syscall-entered',
    'rustshim',
    'name == sys_page_alloc && va > 0x10000000',
    /called sys_page_alloc\(envid=0, va=0x1000[1-9a-f]000, perm=7\)$/,
  ],
  ['syscall-entered', 'pingpong', 'sys_ipc_recv, sys_ipc_try_send', /called sys_ipc_(?:recv|try_send)\(/],
  ['syscall-entered', 'forktree', 'kernel::env::CURENV == 0x1002 && $cs == 8', /^forktree \[00001002\] called /],
  ['syscall-entered', 'hello', 'perm == 7', /^exited 0$/],
  ['syscall-returned', 'forktree', 'sys_exofork', /^forktree \[00001000\] sys_exofork\(\) returned 0x1001$/],
  [
    'syscall-returned',
    'forktree',
    'name == "sys_exofork" && result == 0',
    /^forktree \[0000100[1-9]\] sys_exofork\(\) returned 0$/,
  ],
  ['syscall-returned', 'yield', 'name == sys_yield', /^yield \[00001000\] sys_yield\(\) returned 0$/],
  [
    'syscall-failed',
    'pingpong',
    undefined,
    /^pingpong \[00001000\] sys_ipc_try_send\(envid=0x1001, .*\) returned E_IPC_NOT_RECV \(-7\)$/,
  ],
  ['syscall-failed', 'pingpong', 'result == E_INVAL', /^exited 0$/],
  [
    'page-fault',
    'faultalloc',
    undefined,
    /^faultalloc \[00001000\]: #PF page fault: user read of 0xdeadbeef, page not present/,
  ],
  ['page-fault', 'faultalloc', 'address < 0xd0000000', /user read of 0xcafebffe/],
  ['page-fault', 'faultalloc', 'address == 1', /^exited 0$/],
  ['page-fault', 'faultalloc', 'cause == not_present && access == write', /user write to .*, page not present/],
  ['page-fault', 'faultwritekernel', 'cause == protection', /user write to 0xf0100000, not allowed by the page tables/],
  ['page-fault', 'faultread', 'access == fetch', /^exited 1$/],
  ['unhandled-fault', 'faultread', 'access == "read" && cause == not_present', /user read of 0x00000000/],
  ['exception', 'softint', '#GP', /#GP general protection, error code 0x72: INT 14 from ring 3 needs a gate of DPL 3/],
  ['exception', 'softint', 'vector == #GP', /#GP general protection, error code 0x72/],
  ['exception', 'divzero', 'vector == de', /^divzero \[00001000\]: #DE divide error, in divzero::main$/],
  ['exception', 'divzero', 'vector == 0', /^divzero \[00001000\]: #DE divide error, in divzero::main$/],
  ['exception', 'faultread', 'vector == 13', /^exited 1$/],
  ['interrupt', 'spin', 'timer', /^timer interrupt \(IRQ 0\) in /],
  ['interrupt', 'spin', 'irq == timer', /^timer interrupt \(IRQ 0\) in /],
  ['interrupt', 'spin', 'TIMER == irq && irq != "keyboard"', /^timer interrupt \(IRQ 0\) in /],
  ['interrupt', 'hello', 'irq == 1', /^exited 0$/],
  ['interrupt', 'hello', 'irq == keyboard', /^exited 0$/],
  ['env-created', 'hello', undefined, /^environment 00001000 created from the program hello$/],
  ['env-created', 'forktree', 'parent != 0', /^environment 00001001 created by 00001000 \(fork of forktree\)$/],
  ['env-destroyed', 'hello', undefined, /^hello \[00001000\] is about to be destroyed: it asked for it$/],
  ['env-destroyed', 'divzero', 'ending == Fault', /^divzero \[00001000\] is about to be destroyed: it did what/],
  ['env-destroyed', 'hello', 'ending == "Exit"', /^hello \[00001000\] is about to be destroyed: it asked for it$/],
  ['env-destroyed', 'hello', 'ending != Exit', /^exited 0$/],
  ['env-destroyed', 'forktree', 'env == 0x1003', /^forktree \[00001003\] is about to be destroyed/],
  ['env-scheduled', 'hello', undefined, /^hello \[00001000\] scheduled in after the kernel itself$/],
  [
    'env-scheduled',
    'pingpong',
    'previous == 0x1000',
    /^pingpong \[00001001\] scheduled in after pingpong \[00001000\]$/,
  ],
  ['program-start', 'hello', 'hello', /^hello \[00001000\] is about to run its first instruction$/],
  ['program-start', 'hello', 'program != hello', /^exited 0$/],
  [
    'cr3',
    'pingpong',
    'env == 0x1001',
    /^CR3 0x[0-9a-f]+ → 0x[0-9a-f]+: pingpong \[00001000\] → pingpong \[00001001\], in /,
  ],
  ['cr0', 'hello', undefined, /^CR0 0x00000011 → 0x80010011: WP set, PG set, in entry$/],
  ['cr0', 'hello', '(old ^ value) == 4', /^exited 0$/],
  ['ring', 'hello', undefined, /^ring 0 → 3, out of the kernel: _start$/],
  ['ring', 'hello', 'to == 0', /^ring 3 → 0, into the kernel: trap_syscall$/],
  [
    'unhandled-fault',
    'faultread',
    'address == 0',
    /^faultread \[00001000\]: #PF page fault: user read of 0x00000000, .*null pointer, at 0x/,
  ],
  ['unhandled-fault', 'faultread', 'address == 1', /^exited 1$/],
  ['user-panic', 'userpanic', 'userpanic', /user panic in userpanic at /],
  // Locals of the function where the event happens, and what the machine knows.
  [
    'syscall-entered',
    'rustshim',
    'frame.regs.eax == 4 && frame.regs.ecx > 0x10000000',
    /sys_page_alloc\(.*va=0x10001000/,
  ],
  ['syscall-entered', 'hello', 'frame.regs.eax == 77', /^exited 0$/],
  ['syscall-entered', 'hello', '$syscall.name == sys_getenvid', /called sys_getenvid\(\)$/],
  ['syscall-entered', 'rustshim', '$syscall.va > 0x10000000', /sys_page_alloc\(.*va=0x10001000/],
  ['syscall-entered', 'hello', '$syscall.va == 1 || $syscall.nothing == 1', /^exited 0$/],
  ['syscall-entered', 'forktree', '$env.parent != 0 && $env.program == forktree', /^forktree \[00001001\] called /],
  ['syscall-entered', 'hello', '*(u32*)($ebp+4) >= 0xf0000000 && $pte($ebp) & 3 == 3', /^hello \[00001000\] called /],
  ['syscall-entered', 'hello', '$phys(frame) != frame as u32 - 0xf0000000 && $cs == 8', /^hello \[00001000\] called /],
  ['env-destroyed', 'forktree', 'id.0 == 0x1003 && envs.used > 1', /^forktree \[00001003\] is about to be destroyed/],
  ['page-fault', 'faultalloc', '$syscall.number == 0 || $env.runs == 77', /^exited 0$/],
  ['cr3', 'hello', 'frame.regs.eax == 77', /^exited 0$/],
];

test.each(CASES)('%s on %s where %s', async (filter, program, condition, text) => {
  expect(await launch(program, filter, condition)).toMatchObject({ verified: true });
  expect(await nextText()).toMatch(text);
});

test('every filter but the kernel’s panic has its cases above', () => {
  const tested = new Set(CASES.map(([filter]) => filter));
  expect(EVENTS.map(({ id }) => id).filter((id) => !tested.has(id))).toEqual(['kernel-panic']);
});

test('a user panic’s condition chooses, too: the INT3 behind it is what stops', async () => {
  const filterOptions = [
    { filterId: 'user-panic', condition: 'program != userpanic' },
    { filterId: 'exception', condition: 'BP' },
  ];
  await client.launch({ program: 'userpanic' }, () =>
    client.request('setExceptionBreakpoints', { filters: [], filterOptions }),
  );
  expect(await nextText()).toMatch(/^userpanic \[00001000\]: #BP breakpoint, in /);
});

test('a kernel panic’s condition chooses, too', async () => {
  const filterOptions = [{ filterId: 'kernel-panic', condition: '$cs == 0' }];
  await client.launch({ append: 'nosuch' }, () =>
    client.request('setExceptionBreakpoints', { filters: [], filterOptions }),
  );
  expect(await nextText()).toBe('exited 2');
});

test('the initialize response lists the filters, each with a condition and what to write there', async () => {
  const capabilities = await client.request('initialize', { adapterID: 'ringside' });
  expect(capabilities).toMatchObject({ supportsExceptionFilterOptions: true });
  const filters = capabilities['exceptionBreakpointFilters'] as Dap.ExceptionBreakpointsFilter[];
  expect(filters.map(({ filter }) => filter)).toEqual(EVENTS.map(({ id }) => id));
  expect(filters.every((f) => f.supportsCondition && f.conditionDescription)).toBe(true);
  expect(filters.filter((f) => f.default).map(({ filter }) => filter)).toEqual([
    'unhandled-fault',
    'user-panic',
    'kernel-panic',
  ]);
});

test.each([
  ['syscall-entered', 'sys_pag_alloc', /neither a system call nor a program/],
  ['exception', '#GX', /"#GX" is no exception.*such as: #GP/],
  ['syscall-entered', 'nosuch == 1', /Nothing named “nosuch” is visible/],
  ['interrupt', 'floppyy', /no interrupt line/],
  ['interrupt', 'irq == floppy', /“floppy” is not an interrupt line.*timer, .*keyboard/],
  ['interrupt', 'irq == scheduler', /“scheduler” is not an interrupt line/],
  ['exception', 'vector == QQ || vector == 13', /“QQ” is not an exception/],
  ['exception', 'vector == "trap"', /“trap” is not an exception/],
  ['syscall-entered', 'name == sys_pag_alloc && perm == 7', /“sys_pag_alloc” is not a system call/],
  ['syscall-entered', 'program == kernel', /“kernel” is not a program of this launch/],
  ['page-fault', 'cause == write', /“write” is not one that “cause” can be.*not_present, protection/],
  ['env-destroyed', 'ending == Faulty', /“Faulty” is not one that “ending” can be.*Exit, Killed, Fault/],
  ['exception', 'vector ===', /not expected/],
  ['no-such-filter', '', /There is no event/],
])('what is wrong with a filter is answered at once: %s where "%s"', async (filter, condition, message) => {
  expect(await launch('hello', filter, condition)).toMatchObject({
    verified: false,
    message: expect.stringMatching(message),
  });
  expect(await nextText()).toBe('exited 0');
});

test('several filters: each stop says which it is, and taking them away ends the stops', async () => {
  const filters = ['env-created', 'program-start', 'syscall-entered'];
  await client.launch({ program: 'forktree' }, () => client.request('setExceptionBreakpoints', { filters }));
  const titles: unknown[] = [(await client.event('stopped'))['description']];
  for (let i = 0; i < 2; i++) titles.push((await client.resume('continue', { threadId: 1 }))['description']);
  expect(titles).toEqual(['Environment created', 'Program begins', 'System call entered']);
  await client.request('setExceptionBreakpoints', { filters: [] });
  await client.request('continue', { threadId: 1 });
  expect(await client.event('exited')).toEqual({ exitCode: 0 });
});

test('a system call’s return stops in the program behind int 0x30, with the result in EAX', async () => {
  await launch('hello', 'syscall-returned', 'sys_cputs');
  const { threadId, hitBreakpointIds } = await client.event('stopped');
  expect([threadId, hitBreakpointIds]).toEqual([0x1000, [1]]);
  const frames = await client.stack(0x1000);
  expect(frames[0]!.name).toBe('jos::syscall::syscall');
  expect(await client.evaluate('$eax == 0', frames[0]!.id)).toBe('true');
  const info = await client.request('exceptionInfo', { threadId: 0x1000 });
  expect(info).toMatchObject({ exceptionId: 'System call returned', breakMode: 'always' });
  expect(info['description']).toMatch(/name = sys_cputs\n.*result = 0/s);
  expect(info['details'].stackTrace).toMatch(/^jos::syscall::syscall \(syscall\.rs:\d+\)\n.*hello::main/s);
});

test('a step goes on over events that its filter’s condition turns down, and stops at one that it takes', async () => {
  await launch('hello', 'syscall-entered', 'sys_getenvid');
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'hello::main' }] });
  let stopped = await client.event('stopped');
  while (stopped['reason'] === 'exception') stopped = await client.resume('continue', { threadId: 0x1000 });
  expect(stopped['reason']).toBe('function breakpoint');
  expect(await client.resume('next', { threadId: 0x1000 })).toMatchObject({ reason: 'step' });
  await client.request('setExceptionBreakpoints', { filters: ['ring'] });
  expect(await client.resume('next', { threadId: 0x1000 })).toMatchObject({ description: 'Ring change' });
});

test('a breakpoint at an instruction that faults is hit once, whether the fault is asked for or not', async () => {
  const filterOptions = [{ filterId: 'program-start' }, { filterId: 'page-fault', condition: 'address == 1' }];
  await client.launch({ program: 'faultread' }, () =>
    client.request('setExceptionBreakpoints', { filters: [], filterOptions: [{ filterId: 'page-fault' }] }),
  );
  const { threadId } = await client.event('stopped');
  const instructionReference = (await client.stack(threadId as number))[0]!.instructionPointerReference;
  await client.request('setExceptionBreakpoints', { filters: [], filterOptions });
  await client.request('restart', {});
  expect(await client.event('stopped')).toMatchObject({ description: 'Program begins' });
  await client.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference }] });
  expect(await client.resume('continue', { threadId })).toMatchObject({ reason: 'instruction breakpoint' });
  await client.request('setExceptionBreakpoints', { filters: ['page-fault'] });
  expect(await client.resume('continue', { threadId })).toMatchObject({ description: 'Page fault' });
  await client.request('continue', { threadId });
  expect(await client.event('exited')).toEqual({ exitCode: 1 });
});

test('an interrupt by its line: what is typed is the serial port’s', async () => {
  await client.launch({ append: 'monitor=on', console: 'debugConsole' }, () =>
    client.request('setExceptionBreakpoints', {
      filters: [],
      filterOptions: [{ filterId: 'interrupt', condition: 'irq == serial' }],
    }),
  );
  while (!client.console().includes('K> ')) await new Promise((resolve) => setImmediate(resolve));
  const stopped = client.event('stopped');
  await client.custom('ringside/serialInput', { text: 'help\r' });
  expect((await stopped)['text']).toMatch(/^serial interrupt \(IRQ 4\) in /);
});

test('the words that a destroyed environment’s ending can be are the kernel’s', async () => {
  await client.launch({ program: 'hello' }, () =>
    client.request('setExceptionBreakpoints', { filters: ['env-created'] }),
  );
  await client.event('stopped');
  const said = async (ending: string): Promise<{ verified: boolean; message?: string }> => {
    const filterOptions = [{ filterId: 'env-destroyed', condition: `ending == ${ending}` }];
    const { breakpoints } = await client.request('setExceptionBreakpoints', { filters: [], filterOptions });
    return (breakpoints as { verified: boolean; message?: string }[])[0]!;
  };
  for (const ending of Object.keys(ENDINGS)) expect(await said(ending)).toMatchObject({ verified: true });
  const refused = await said('Sleep');
  expect(refused.verified).toBe(false);
  for (const ending of Object.keys(ENDINGS)) expect(refused.message).toContain(ending);
});

test('the guide lists every event', () => {
  const guide = readFileSync(sourcePath('docs/guide/debugging.md'), 'utf8');
  const section = guide.slice(guide.indexOf('## Events'), guide.indexOf('### Faults explained'));
  expect(EVENTS.map(({ label }) => label).filter((label) => !section.includes(label))).toEqual([]);
});

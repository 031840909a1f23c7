/** What expressions know of the machine: page table entries, physical addresses, environment, system call; and no more. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { success } from '../../debug-adapter/result.ts';
import { targetOf } from '../../debug-adapter/target/emulator-target.ts';
import { Machine } from '../../emulator/machine/machine.ts';
import { SessionClient } from '../kit/session-client.ts';

let client: SessionClient;
let machine: Machine;
let threadId: number;
/** The kernel's frame in `sys_page_alloc`, and the program's that called it. */
let kernel: number;
let user: number;

beforeEach(async () => {
  client = new SessionClient({
    createTarget: (recipe) => {
      const made = Machine.create(recipe);
      if (!made.ok) return made;
      machine = made.value;
      return success(targetOf(machine));
    },
  });
  await client.launch({ program: 'rustshim' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'kernel!sys_page_alloc' }] }),
  );
  threadId = (await client.event('stopped'))['threadId'] as number;
  const frames = await client.stack(threadId);
  kernel = frames[0]!.id;
  user = frames[frames.findIndex(({ presentationHint }) => presentationHint === 'label') + 1]!.id;
});
afterEach(() => client.close());

const at = (frameId: number, expression: string, context = 'watch'): Promise<string> =>
  client.evaluate(expression, frameId, context);
const whole = (frameId: number, expression: string): Promise<Dap.EvaluateResponse['body']> =>
  client.request('evaluate', { expression, frameId }) as Promise<Dap.EvaluateResponse['body']>;
const refused = async (frameId: number, expression: string, context = 'watch'): Promise<string | undefined> => {
  const response = await client.send('evaluate', { expression, frameId, context });
  return response.success ? undefined : response.message;
};
async function fields(variablesReference: number): Promise<Record<string, string>> {
  return Object.fromEntries((await client.variables(variablesReference)).map((v) => [v.name, v.value]));
}

test('the kernel’s names mean the same in a frame of a program, whose own come first', async () => {
  expect(await at(user, 'kernel::env::CURENV')).toBe(await at(kernel, 'kernel::env::CURENV'));
  expect(await at(user, '&kernel::env::ENVS')).toBe(await at(kernel, '&kernel::env::ENVS'));
  expect(await refused(user, 'kernel::env::NOTHING')).toMatch(/NOTHING/);
});

test('$syscall: the call, its name and arguments by name; absent in a program’s own code', async () => {
  expect(await at(kernel, '$syscall')).toBe('sys_page_alloc(envid=0, va=0x10000000, perm=7)');
  expect(await at(user, '$syscall.name')).toBe('sys_page_alloc');
  expect(await at(kernel, '$syscall.va == 0x10000000 && $syscall.name == sys_page_alloc')).toBe('true');
  expect(await at(kernel, '$syscall.name == "sys_page_map"')).toBe('false');
  expect(await at(kernel, '$syscall.va >> 28')).toBe('1');
  expect(await fields((await whole(kernel, '$syscall')).variablesReference)).toEqual({
    name: 'sys_page_alloc',
    number: '4',
    envid: '0',
    va: '0x10000000',
    perm: '7',
  });
  expect(await refused(kernel, '$syscall.dstva')).toMatch(/has no field “dstva”.*name, number, envid, va, perm/);
  expect(await refused(kernel, '$syscall.name + 1')).toMatch(/not a number/);
  await client.request('setFunctionBreakpoints', { breakpoints: [] });
  await client.request('setExceptionBreakpoints', { filters: ['syscall-returned'] });
  await client.resume('continue', { threadId });
  const [top] = await client.stack(threadId);
  expect(await refused(top!.id, '$syscall')).toMatch(/rustshim \[00001000\] is in no system call/);
});

test('$env: the environment of the frame, with what the kernel keeps of it', async () => {
  expect(await at(kernel, '$env')).toBe('rustshim [00001000] running');
  expect(await at(user, '$env == 0x1000 && $env.program == rustshim && $env.status == running')).toBe('true');
  const shown = await fields((await whole(kernel, '$env')).variablesReference);
  expect(shown).toMatchObject({ id: '00001000', program: 'rustshim', status: 'running', parent: '00000000' });
  expect(Number(shown['runs'])).toBeGreaterThan(0);
  expect(await at(kernel, '$env.pgdir == $cr3')).toBe('true');
});

test('$phys and $pte agree with the page walk, with memory, and with each other', async () => {
  const address = Number(await at(user, '$esp'));
  const hex = `0x${address.toString(16)}`;
  const walk = await client.custom('ringside/pageWalk', { threadId, address });
  expect(Number(await at(user, '$phys($esp)'))).toBe(walk.physical);
  const phys = await whole(user, `$phys(${hex})`);
  expect(phys.memoryReference).toBe(`phys:0x${walk.physical!.toString(16).padStart(8, '0')}`);
  const bytes = async (memoryReference: string): Promise<unknown> =>
    (await client.request('readMemory', { memoryReference, count: 8 }))['data'];
  expect(await bytes(phys.memoryReference!)).toBe(await bytes(`env:1000:${hex}`));
  expect(await at(user, `$phys(${hex}) + 4 == $phys(${hex} + 4)`)).toBe('true');
  // The kernel has all of physical memory at KERNBASE.
  expect(await at(user, `*(u32*)($phys(${hex}) + 0xf0000000) == *(u32*)${hex}`)).toBe('true');
  expect(await at(kernel, '$phys(0xf0100000)')).toBe('0x00100000');

  const entry = await at(user, '$pte($esp)');
  expect(entry).toMatch(new RegExp(`^PTE 0x[0-9a-f]{8} P W U.* → 0x${walk.physical!.toString(16).padStart(8, '0')}$`));
  expect(await at(user, '$pte($esp) & 7')).toBe('7');
  expect(await at(user, '$pte($esp).frame + ($esp & 0xfff) == $phys($esp)')).toBe('true');
  const shown = await fields((await whole(user, '$pte($esp)')).variablesReference);
  expect(Object.keys(shown)).toEqual(['flags', 'frame', 'pde', 'pte', 'phys']);
  expect(shown['pde']).toMatch(/^0x[0-9a-f]{8} P W U/);
  // UVPT maps the page tables: the guest's own view of the same entry.
  expect(await at(user, `*(u32*)(0xef400000 + (${hex} >> 12) * 4) == $pte(${hex})`)).toBe('true');
  expect(await at(user, '$pte($esp).pde.flags == "P W U A"')).toMatch(/true|false/);
});

test('what is not mapped is said: the entry that ends the walk, and no physical address', async () => {
  expect(await at(user, '$pte(0)')).toMatch(/^PDE 0x00000000 not present$/);
  expect(await at(user, '$pte(0) & 1')).toBe('0');
  expect(await refused(user, '$phys(0)')).toMatch(/0x00000000 is not mapped: its PDE is 0x00000000, P is clear/);
  expect(await refused(user, '$phys()')).toMatch(/.+/);
  expect(await refused(user, '$phys')).toMatch(/no register \$phys|takes an address/);
  expect(await refused(user, '$esi(4)')).toMatch(/does not take an address/);
  expect(await refused(user, '$pte(4) = 7', 'repl')).toMatch(/cannot be changed|computation/);
});

test('breakpoint conditions and log messages use them, too', async () => {
  await client.request('setFunctionBreakpoints', {
    breakpoints: [
      { name: 'kernel!sys_page_alloc', condition: '$syscall.va == 0x10002000 && $env.program == rustshim' },
    ],
  });
  await client.resume('continue', { threadId });
  expect(await at((await client.stack(threadId))[0]!.id, '$syscall.va')).toBe('0x10002000');
});

test('completions know them, and their fields', async () => {
  const labels = async (text: string): Promise<string[]> =>
    (
      (await client.request('completions', { frameId: kernel, text, column: text.length + 1 }))[
        'targets'
      ] as Dap.CompletionItem[]
    ).map(({ label }) => label);
  expect(await labels('$p')).toEqual(['$pte(', '$phys(']);
  expect(await labels('$s')).toContain('$syscall');
  expect(await labels('$env.')).toEqual(['id', 'program', 'status', 'parent', 'runs', 'pgdir']);
  expect(await labels('1 + $syscall.v')).toEqual(['va']);
  expect(await labels('$pte($esp).pde.f')).toEqual(['flags', 'frame']);
  expect(await labels('$gd')).toEqual(['$gdtrBase', '$gdtrLimit']);
});

test('looking changes nothing: no expression without an assignment changes the machine’s state', async () => {
  const seed = Number(process.env['SEED'] ?? 20_261_125);
  const leaf = fc.constantFrom(
    ...[
      'envs',
      'id',
      'va',
      'perm',
      '$eax',
      '$esp',
      '$ebp',
      '$cr3',
      '$eflags',
      '$env',
      '$syscall',
      '$syscall.va',
      '$env.runs',
    ],
    ...[
      '0',
      '1',
      '0xf0100000',
      '0x10000000',
      '0xeebfdf00',
      '0xfee00000',
      '0xb8000',
      '$pte($esp)',
      '$phys($ebp)',
      'ENVS',
    ],
  );
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.tuple(fc.constantFrom('*', '&', '-', '!', '~'), tie('tree')).map(([op, a]) => `(${op}${a})`),
      fc
        .tuple(fc.constantFrom('+', '-', '*', '/', '>>', '==', '<', '&&'), tie('tree'), tie('tree'))
        .map(([op, a, b]) => `(${a} ${op} ${b})`),
      fc.tuple(fc.constantFrom('u8*', 'u32*', 'usize', 'i64'), tie('tree')).map(([type, a]) => `((${type})${a})`),
      fc.tuple(fc.constantFrom('$pte', '$phys'), tie('tree')).map(([name, a]) => `${name}(${a})`),
      fc
        .tuple(
          tie('tree'),
          fc.constantFrom('.0', '.len()', '.pde', '.slots', '[0]', '[0..4]', '.program', '.is_some()'),
        )
        .map(([a, part]) => `${a}${part}`),
    ),
  }));
  const before = machine.stateHash();
  const count = machine.instructionCount;
  const expressions = fc.sample(tree, { seed, numRuns: 400 });
  let valid = 0;
  for (const [index, expression] of expressions.entries()) {
    const context = ['watch', 'hover', 'variables', 'clipboard', 'repl'][index % 5]!;
    const response = await client.send('evaluate', { expression, frameId: index % 2 ? kernel : user, context });
    if (!response.success) continue;
    valid++;
    const { variablesReference } = response.body as Dap.EvaluateResponse['body'];
    if (variablesReference > 0) await client.send('variables', { variablesReference, count: 5 });
  }
  expect(valid, `seed ${seed}`).toBeGreaterThan(60);
  expect(machine.stateHash(), `seed ${seed}`).toBe(before);
  expect(machine.instructionCount).toBe(count);
});

test.each(['hover', 'watch', 'variables', 'clipboard'])(
  '%s: an assignment is refused, and nothing written',
  async (context) => {
    const before = machine.stateHash();
    for (const assignment of [
      '$eax = 1',
      '$al = 1',
      '$cr3 = 0',
      '*(0xf0100000 as *mut u32) = 0',
      'id.0 = 3',
      '$eax += 1',
    ])
      expect(await refused(kernel, assignment, context), assignment).toMatch(/may look, but not change/);
    expect(machine.stateHash()).toBe(before);
  },
);

/** Commands of the debug console, on the guest at a stop in the kernel and in a program. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient } from '../kit/session-client.ts';

const RUSTSHIM_RS = 'guest/user/src/bin/rustshim.rs';

let client: SessionClient;
let frameId: number;
beforeEach(async () => {
  client = new SessionClient();
  await client.launch({ program: 'rustshim' }, () =>
    client.request('setBreakpoints', {
      source: { path: sourcePath(RUSTSHIM_RS) },
      breakpoints: [{ line: lineWith(RUSTSHIM_RS, '// #journal-open') }],
    }),
  );
  const { threadId } = await client.event('stopped');
  frameId = (await client.stack(threadId as number))[0]!.id;
});
afterEach(() => client.close());

const say = (command: string): Promise<string> => client.evaluate(command, frameId, 'repl');

async function refused(command: string): Promise<string> {
  const response = await client.send('evaluate', { expression: command, frameId, context: 'repl' });
  expect(response.success, command).toBe(false);
  return response.message!;
}

test('help lists every command', async () => {
  const help = await say('help');
  for (const word of [
    'info registers',
    'info pg',
    'info tlb',
    'info mem',
    'info idt',
    'info gdt',
    'info irq',
    'x/8wx',
    'bt',
    'p ',
    'env',
    'heap',
    'slab',
  ]) {
    expect(help).toContain(word);
  }
});

test('info registers, info gdt, info idt, info irq', async () => {
  expect(await say('info registers')).toMatch(/^eip +0x008[0-9a-f]{5}$/m);
  expect(await say('info registers')).toMatch(/^cr0 +0x8[0-9a-f]{7} .*WP.*PG$/m);
  expect(await say('info gdt')).toMatch(/^0x0018: code32 readable DPL 3/m);
  expect(await say('info idt')).toMatch(/^48 interrupt 48: interrupt gate 32 DPL 3/m);
  expect(await say('info irq')).toMatch(/imr|mask/i);
});

test('info mem, info tlb and info pg agree on the page of the heap', async () => {
  expect(await say('info mem')).toMatch(/^10000000-1000[0-9a-f]000 [0-9a-f]{8} urw$/m);
  const physical = /^10000000: ([0-9a-f]{8}) --DA--UW$/m.exec(await say('info tlb'))![1]!;
  expect(await say('info pg')).toMatch(
    new RegExp(`^  \\[10000-1000[0-9a-f]\\]  PTE\\[000[^\\]]*\\] +--DA--UWP ${physical.slice(0, 5)}`, 'm'),
  );
  expect(await say('info pg')).toMatch(/^\[f0000-f03ff\] {2}PDE\[3c0\]/m);
});

test('x examines memory in every format, and says where it ends', async () => {
  const { memoryReference } = (await client.scopeVariables(frameId, 'Arguments')).find((v) => v.name === 'title')!;
  const address = '0x' + memoryReference!.split('0x')[1]!;
  expect(await say(`x/8cb ${address}`)).toContain("114 'r'");
  expect(await say(`x/2wx ${address}`)).toMatch(/: 0x74737572 0x6d696873$/);
  expect(await say(`x/1dh ${address}`)).toMatch(/: 30066$/);
  expect(await say(`x/1tb ${address}`)).toMatch(/: 01110010$/);
  expect(await say('x/10i $eip')).toMatch(/^0x008.*<rustshim::open_journal.*>: /);
  expect((await say('x/10i $eip')).split('\n')).toHaveLength(10);
  expect(await say('x/4wx 0x3ffffc')).toMatch(/not mapped$/);
  expect(await say('x $esp')).toMatch(/^0xeebf[0-9a-f]{4}.*: 0x[0-9a-f]{8}$/);
  const [low, high] = /(0x\w+) (0x\w+)$/.exec(await say(`x/2wx ${address}`))!.slice(1) as [string, string];
  expect(await say(`x/1gx ${address}`)).toMatch(new RegExp(`: ${high}${low.slice(2)}$`));
  expect((await say(`x/4gx ${address}`)).split('\n')).toHaveLength(2);
  expect(await say(`x/1gu ${address}`)).toMatch(new RegExp(`: ${BigInt(high + low.slice(2))}$`));
  expect(await refused('x/9z 0')).toMatch(/not a format.*x\/8wx/);
});

test('p, bt, env, heap, slab', async () => {
  expect(await say('p title')).toBe('"rustshim"');
  const bt = (await say('bt')).split('\n');
  expect(bt[0]).toMatch(
    /^#0 +0x008[0-9a-f]{5} rustshim::open_journal\(title="rustshim", free_at_start=\d+\) at user\/src\/bin\/rustshim\.rs:\d+$/,
  );
  expect(bt.at(-1)).toMatch(/_start/);
  expect(await say('env')).toMatch(/^\* 00001000 rustshim +running +parent kernel/);
  expect(await say('heap')).toMatch(/^ +64 bytes: 0x1000[0-9a-f]{4} partial/m);
  const pointer = await client.evaluate('journal.sections.buf.inner.ptr.pointer.pointer as usize', frameId);
  expect(await say(`slab ${pointer}`)).toMatch(
    /cache of 64 bytes, slab 0x1000[0-9a-f]{4} \(partial\), object #\d+ at 0x[0-9a-f]{8}, allocated$/,
  );
  expect(await say(`slab ${pointer} + 1`)).toMatch(/object #\d+ at 0x[0-9a-f]{8} \+ 1, allocated$/);
  expect(await say('slab 0x800000')).toMatch(/not in the heap/);
});

test('before paging, the program counter is where the code runs, not where it is linked', async () => {
  const early = new SessionClient();
  await early.launch({ program: 'hello', stopOnEntry: true });
  const { threadId } = await early.event('stopped');
  const frameId = (await early.stack(threadId as number))[0]!.id;
  const say = (expression: string, context = 'repl'): Promise<string> => early.evaluate(expression, frameId, context);
  const eip = /eip\s+(0x[0-9a-f]{8})/i.exec(await say('info registers'))![1]!;
  expect(eip).toMatch(/^0x0010/);
  expect(Number(await say('$eip', 'watch'))).toBe(Number(eip));
  expect(await say(`$eip == ${eip}`, 'watch')).toMatch(/^(?:1|true)$/);
  const lines = (await say('x/3i $eip')).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(new RegExp(`^${eip} <entry`));
  await early.close();
});

test('p/F shows a number as gdb does', async () => {
  expect(await say('p/x 255')).toBe('0xff');
  expect(await say('print/d 0xfffffff0u32')).toBe('-16');
  expect(await say('p/u -1')).toBe('4294967295');
  expect([await say('p/t 10'), await say('p/o 8'), await say("p/c b'A'"), await say('p/z 10u8')]).toEqual([
    ...['1010', '010'],
    ...["65 'A'", '0x0a'],
  ]);
  expect(await say('p/a $eip')).toMatch(/^0x008[0-9a-f]{5} <rustshim::open_journal.*>$/);
  expect(await say('p/x title.length')).toBe('0x8');
  expect(await say('p/x journal')).toMatch(/^Journal \{title: "rustshim", .*\}$/);
  expect(await say('p/x $env')).toBe('0x1000');
  expect(await refused('p/t journal')).toMatch(/p\/t shows one number, and “journal” is .*rustshim::Journal/);
  expect(await refused('p/q 1')).toMatch(/not a format.*x z d u o t c a/);
});

test('a command without its argument says what it takes', async () => {
  for (const command of ['x', 'x/8wx', 'p', 'p/x', 'print', 'slab', 'region'])
    expect(await refused(command)).toMatch(
      new RegExp(`^"${command}" lacks what it is to show: .*Write [a-z]\\S* [A-Z]+\\.`),
    );
  expect(await refused('$pte')).toMatch(/\$pte takes an address.*\$pte\(0x00800000\)/);
  expect(await refused('$phys')).toMatch(/\$phys takes an address/);
});

test('texts and parts of them are shown as text', async () => {
  expect(await say('title[0..4]')).toBe('"rust"');
  expect(await say('title[4..]')).toBe('"shim"');
  expect(await say('"abc"')).toBe('"abc"');
  expect(await say('title[0..4] == "rust"')).toBe('true');
  expect(await refused('title[8..0]')).toMatch(/The range ends at 0, before it begins at 8/);
  expect(await refused('title[0..100]')).toMatch(/Index 99 is outside: there are 8 elements/);
  expect(await refused('(&raw const title)[0..100000000]')).toMatch(
    /The range has 100000000 elements; 1048576 is the most/,
  );
});

test('a memory reference that is none, and a call, are refused with what would be right', async () => {
  for (const wrong of ['kernel:f0101000', '*(env:hello:0x800020 as *const u32)', 'x/4wx phys:zero'])
    expect(await refused(wrong)).toMatch(/“:”.* Memory references are .*phys:0x00100000/);
  expect(await refused('open_journal(1)')).toMatch(/cannot be called.*Only len\(\), is_empty\(\)/);
});

test('what is no command is an expression, and an unknown info is said', async () => {
  expect(await say('1 + 2')).toBe('3');
  expect(await refused('info weather')).toMatch(/"info weather" is not known.*info registers/);
});

test('completions: variables, fields, registers, statics by path, commands', async () => {
  const complete = async (text: string): Promise<string[]> => {
    const { targets } = await client.request('completions', { text, column: text.length + 1, frameId });
    return (targets as { label: string }[]).map((t) => t.label);
  };
  expect(await complete('ti')).toEqual(['title']);
  expect(await complete('journal.t')).toEqual(['title', 'tally']);
  expect(await complete('1 + $e')).toEqual([
    '$env',
    '$eax',
    '$ecx',
    '$edx',
    '$ebx',
    '$esp',
    '$ebp',
    '$esi',
    '$edi',
    '$eip',
    '$eflags',
    '$es',
  ]);
  expect(await complete('$st')).toEqual(['$st0', '$st1', '$st2', '$st3', '$st4', '$st5', '$st6', '$st7']);
  // The default processor has no SSE.
  expect(await complete('$x')).toEqual([]);
  expect(await complete('jos::heap::')).toContain('HEAP');
  expect(await complete('info g')).toEqual(['info gdt']);
  expect(await complete('no_such.')).toEqual([]);
});

test('translated code is listed, and shown with its x86, its WebAssembly and its counts', async () => {
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'rustshim::pages_go_back' }] });
  await client.resume('continue', { threadId: 1 });
  const listed = await client.evaluate('info regions', undefined, 'repl');
  const address =
    /^(0x[0-9a-f]{8})(?: <[^>]+>)?: (?:user|kernel), \d+ blocks, \d+ instructions, \d+ bytes, entered \d+ times$/m.exec(
      listed,
    )?.[1];
  expect(address, listed).toBeDefined();
  const shown = await client.evaluate(`region ${address!}`, undefined, 'repl');
  expect(shown).toMatch(new RegExp(`^${address!}.*:( loop)?\n  ${address!}  \\w+`));
  expect(shown).toMatch(/local\.set \$e[a-z]{2}/);
  expect(shown).toMatch(
    /\d+ instructions, \d+ ways out, \d+ bytes of WebAssembly, entered \d+ times from the run loop$/,
  );
  const response = await client.send('evaluate', { expression: 'region 0x10', context: 'repl' });
  expect(response).toMatchObject({
    success: false,
    message: expect.stringMatching(/No translated region begins.*info regions/),
  });
});

/** Values through the protocol: formats, pages, setVariable and setExpression, hovers, completions, in somebody's C kernel. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient } from '../kit/session-client.ts';

const C_FOLDER = 'test/fixtures/c-kernel';
const KERNEL_C = `${C_FOLDER}/kernel.c`;

let client: SessionClient;
let threadId: number;
let frameId: number;

beforeEach(async () => {
  client = new SessionClient();
  await client.launch(
    { kernel: sourcePath(`${C_FOLDER}/kernel-dwarf4-O0.elf`), sourceFileMap: { '.': sourcePath(C_FOLDER) } },
    () =>
      client.request('setBreakpoints', {
        source: { path: sourcePath(KERNEL_C) },
        breakpoints: [{ line: lineWith(KERNEL_C, '/* #sum */') }],
      }),
  );
  threadId = (await client.event('stopped'))['threadId'] as number;
  frameId = (await client.stack(threadId))[0]!.id;
});
afterEach(() => client.close());

const hex = { format: { hex: true } };
const evaluated = (expression: string, more: object = {}): Promise<Dap.EvaluateResponse['body']> =>
  client.request('evaluate', { expression, frameId, ...more }) as Promise<Dap.EvaluateResponse['body']>;
const value = async (expression: string, more: object = {}): Promise<string> =>
  (await evaluated(expression, more)).result;
async function children(expression: string, more: object = {}): Promise<Dap.Variable[]> {
  const { variablesReference } = await evaluated(expression);
  return (await client.request('variables', { variablesReference, ...more }))['variables'] as Dap.Variable[];
}
const shown = (variables: readonly Dap.Variable[]): string[] => variables.map((v) => `${v.name} ${v.value}`);

test('hexadecimal where the client asks for it: evaluate, variables, setVariable, setExpression', async () => {
  expect([await value('list.value'), await value('list.value', hex)]).toEqual(['1', '0x1']);
  expect(await value('magic', hex)).toBe(`{whole = 0x12345678, bytes = {0x78 'x', 0x56 'V', 0x34 '4', 0x12}}`);
  expect([await value('$eflags & 0'), await value('-1', hex), await value('$esp == $esp', hex)]).toEqual([
    '0',
    '0xffffffff',
    '0x1',
  ]);
  expect(shown(await children('table[0]', hex))).toEqual([
    'base 0x1000',
    'limit 0xfffff',
    'type 0xa',
    'present 0x1',
    expect.stringMatching(/^name 0x[0-9a-f]{8}.* "code"$/),
  ]);
  const { variablesReference } = await evaluated('table[0]');
  const set = await client.request('setVariable', { variablesReference, name: 'type', value: '12', ...hex });
  expect(set).toMatchObject({ value: '0xc', type: 'u32' });
  const changed = await client.request('setExpression', { expression: 'list.value', value: '30', frameId, ...hex });
  expect(changed['value']).toBe('0x1e');
  expect(await value('list.value')).toBe('30');
});

test('the call stack shows what its format asks for, in the base it asks for', async () => {
  const names = async (format?: object): Promise<string[]> =>
    (
      (await client.request('stackTrace', { threadId, ...(format ? { format } : {}) }))[
        'stackFrames'
      ] as Dap.StackFrame[]
    ).map(({ name }) => name);
  expect((await names())[0]).toBe('sum');
  expect((await names({ parameters: true }))[0]).toMatch(/^sum\(node=0x[0-9a-f]{8} <list>\)$/);
  expect((await names({ parameters: true, parameterNames: true, parameterTypes: true }))[0]).toBe(
    'sum(node: const struct node *)',
  );
  expect((await names({ parameters: true, parameterValues: true, module: true, line: true }))[0]).toMatch(
    new RegExp(`^kernel.*!sum\\(0x[0-9a-f]{8} <list>\\) Line ${lineWith(KERNEL_C, '/* #sum */')}$`),
  );
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'apply' }] });
  await client.request('setBreakpoints', { source: { path: sourcePath(KERNEL_C) }, breakpoints: [] });
  await client.resume('continue', { threadId });
  expect((await names({ parameters: true }))[0]).toMatch(/left=6, right=7\)$/);
  expect((await names({ parameters: true, hex: true }))[0]).toMatch(/<multiply>, left=0x6, right=0x7\)$/);
});

test('large arrays come in pages: start, count and filter', async () => {
  const bytes = '((unsigned char *)&table)[0..5000]';
  expect(await evaluated(bytes)).toMatchObject({ indexedVariables: 5000 });
  const page = await children(bytes, { filter: 'indexed', start: 0x11, count: 3 });
  expect(shown(page).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(['[17] 15', '[18] 32', '[19] 1']);
  expect(await children(bytes, { filter: 'named' })).toEqual([]);
  expect(await children(bytes, { filter: 'indexed', start: 4999, count: 100 })).toHaveLength(1);
  expect(await children(bytes, { filter: 'indexed', start: 6000, count: 10 })).toEqual([]);
  expect(shown(await children('table', { filter: 'indexed', start: 1, count: 1 }))).toEqual([
    expect.stringMatching(/^\[1\] \{base = 8192, limit = 4095, type = 2, present = 1, name = 0x[0-9a-f]{8}/),
  ]);
});

test.each([
  ['table[1].limit', '0xabcde', '703710'],
  ['table[1].present', '0', '0'],
  ['background', 'GREEN', 'GREEN'],
  ['background', '4', 'RED'],
  ['magic.bytes[1]', "'z'", "122 'z'"],
  ['total', '-5', '-5'],
  ['total', 'list.value + middle.value * 2', '5'],
  ['list.next', '&tail', /<tail>$/],
  ['operations[0]', 'operations[1]', /<multiply>$/],
  ['$eax', '0x77', '0x77'],
  ['$al', '0x12', /0x12|18/],
  ['$cr2', '4096', /4096|0x1000/],
])('setExpression: %s = %s', async (expression, text, expected) => {
  const set = await client.request('setExpression', { expression, value: text, frameId });
  expect(set['value']).toMatch(
    typeof expected === 'string' && !expression.startsWith('$') ? new RegExp(`^${expected}$`) : expected,
  );
  expect(await value(expression)).toMatch(expected);
});

test.each([
  ['table[1].limit', '0x100000', /does not fit into the bit field/],
  ['magic.bytes[1]', '256', /does not fit/],
  ['background', 'PURPLE', /PURPLE/],
  ['total + 1', '3', /computation/],
  ['total', '', /.+/],
])('setExpression refuses %s = %s and changes nothing', async (expression, text, message) => {
  const before = await value(expression);
  const response = await client.send('setExpression', { expression, value: text, frameId });
  expect(response.success).toBe(false);
  expect(response.message).toMatch(message);
  expect(await value(expression)).toBe(before);
});

test.each([
  ['list.value++', '1', undefined, '2'],
  ['++list.value', '2', 'list.value', '2'],
  ['--list.value', '0', 'list.value', '0'],
  ['list.value <<= 1', '2', 'list.value', '2'],
  ['list.value >>= 1', '0', 'list.value', '0'],
  ['list.value = 7', '7', 'list.value', '7'],
  ['list . value |= 6', '7', 'list . value', '7'],
  ['(list.value = 7) + 1', '8', undefined, '7'],
  ['list.value = middle.value = 9', '9', 'list.value', '9'],
])('in the console %s writes, is %s, and the client looks again', async (expression, result, evaluateName, after) => {
  const before = client.events.length;
  const answer = await evaluated(expression, { context: 'repl' });
  expect([answer.result, (answer as { evaluateName?: string }).evaluateName]).toEqual([result, evaluateName]);
  expect(client.events.slice(before).map((event) => event.event)).toEqual(['invalidated']);
  expect(await value('list.value')).toBe(after);
});

test('what only compares tells nobody to look again; print assigns, as gdb’s does', async () => {
  const before = client.events.length;
  for (const expression of ['list.value == 1', 'list.value <= 1 && 2 >= list.value', 'p list.value', "'=' != 3"])
    await evaluated(expression, { context: 'repl' });
  expect(client.events).toHaveLength(before);
  expect(await value('p list.value = 3', { context: 'repl' })).toBe('3');
  expect(await value('list.value')).toBe('3');
  expect(client.events.slice(before).map((event) => event.event)).toEqual(['invalidated']);
  const refused = await client.send('evaluate', { expression: 'x/x list.value = 4', frameId, context: 'repl' });
  expect(refused.message).toMatch(/may look, but not change/);
});

test('setExpression by an expression answers with the name of what was set', async () => {
  const set = await client.request('setExpression', { expression: 'total', value: 'total | 2', frameId });
  expect([set['value'], set['evaluateName']]).toEqual(['2', 'total']);
});

test('hovers read what stands in the source, and never write', async () => {
  const hover = { context: 'hover' };
  expect(await value('node->next->value', hover)).toBe('2');
  expect(await value('*node', hover)).toMatch(/^\{value = 1, next = 0x/);
  expect(await value('operations', hover)).toMatch(/<add>, 0x[0-9a-f]{8} <multiply>\}$/);
  expect(await value('sum', hover)).toMatch(/<sum>$/);
  for (const expression of ['total = 5', 'total += 1', '++total', 'node->value = 9', '$eax = 1']) {
    const response = await client.send('evaluate', { expression, frameId, context: 'hover' });
    expect(response.message, expression).toMatch(/may look, but not change/);
  }
  expect(await value('total')).toBe('0');
});

test('completions: locals, statics, fields behind dot and arrow, in the middle of an expression', async () => {
  const labels = async (text: string): Promise<string[]> =>
    (
      (await client.request('completions', { frameId, text, column: text.length + 1 }))[
        'targets'
      ] as Dap.CompletionItem[]
    ).map(({ label }) => label);
  expect(await labels('tot')).toEqual(['total']);
  expect(await labels('1 + tab')).toContain('table');
  expect(await labels('list.')).toEqual(['value', 'next']);
  expect(await labels('node->n')).toEqual(['next']);
  expect(await labels('table[1].l')).toEqual(['limit']);
  expect(await labels('$e')).toEqual(expect.arrayContaining(['$env', '$eax', '$eip', '$eflags']));
});

test('expressions of C: casts, pointer arithmetic, ranges, registers by part', async () => {
  expect(await value('((struct node *)list.next)->value')).toBe('2');
  expect(await value('(&table[1] + 1)->base')).toBe('0');
  expect(await value('&table[2] - table')).toBe('2');
  expect(await value('table[0].name[0..4]')).toBe('"code"');
  expect(await value('*(unsigned short *)&magic', hex)).toBe('0x5678');
  expect(await value('operations[1] == multiply')).toBe('1');
  expect(await value('($eax & 0xffff) == $ax')).toBe('1');
  expect(await value('$phys(&magic) == (unsigned)&magic')).toBe('1');
});

test('FPU, MMX and XMM registers are read and written by name; XMM only where the processor has them', async () => {
  // FNINIT, FLDPI, FLD1: SDM Vol. 2, "FINIT/FNINIT", "FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ".
  const [top] = await client.stack(threadId);
  const memoryReference = top!.instructionPointerReference!;
  await client.request('writeMemory', { memoryReference, data: Buffer.from('dbe3d9ebd9e8', 'hex').toString('base64') });
  await client.request('setBreakpoints', { source: { path: sourcePath(KERNEL_C) }, breakpoints: [] });
  for (let n = 0; n < 3; n++) await client.resume('next', { threadId, granularity: 'instruction' });
  frameId = (await client.stack(threadId))[0]!.id;
  expect([await value('$st0'), await value('$st1')]).toEqual(['1.0', '3.141592653589793']);
  expect(await evaluated('$st1 * 2 > 6.28')).toMatchObject({ result: '1' });
  expect([await value('$mm6'), await value('$mm7 & 0xffff')]).toEqual(['0x8000000000000000', '49717']);
  const refused = await client.send('evaluate', { expression: '$xmm0', frameId });
  expect(refused.message).toMatch(/\$xmm0 is not known here, or the processor has no such register\. Set "simd"/);
  expect([await evaluated('$st0 = 1.5', { context: 'repl' }), await value('$st0')]).toMatchObject([
    { result: '1.5' },
    '1.5',
  ]);
  await evaluated('$mm1 = 0x123456789abcdef0', { context: 'repl' });
  expect(await value('$mm1')).toBe('0x123456789abcdef0');
  const [, , , fpu] = await client.scopeVariables(frameId, 'Registers');
  const set = async (name: string, text: string): Promise<Dap.Response> =>
    client.send('setVariable', { variablesReference: fpu!.variablesReference, name, value: text });
  expect((await set('st1', '-0.25')).body).toMatchObject({ value: '-0.25  0xbffd8000000000000000' });
  expect((await set('fctrl', '0x27f')).body).toMatchObject({ value: '0x0000027f' });
  expect((await set('fctrl', '0x12345')).message).toMatch(/fctrl cannot be set to 0x12345 here/);
  expect((await set('st1', 'much')).message).toMatch(/“much” is not a number of type f80/);
  expect((await set('st9', '1')).message).toMatch(/no register "st9"/);
});

test('a kernel that nobody has described has no environments, and no paging no entries; both are said', async () => {
  const message = async (expression: string): Promise<string | undefined> =>
    (await client.send('evaluate', { expression, frameId })).message;
  expect(await message('$env')).toMatch(/environments of this kernel are not known/);
  expect(await message('$syscall')).toMatch(/environments of this kernel are not known/);
  expect(await message('$pte(&magic)')).toMatch(/Paging is off/);
});

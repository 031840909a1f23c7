/** Somebody's own kernel in C, unoptimised with DWARF 4 and optimised with DWARF 5, on the bare machine. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineWith, sourcePath } from '../kit/repository.ts';
import { SessionClient } from '../kit/session-client.ts';

const FOLDER = 'test/fixtures/c-kernel';
const KERNEL_C = `${FOLDER}/kernel.c`;
const SOURCE_MAP = { sourceFileMap: { '.': sourcePath(FOLDER) } };

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

const kernel = (name: string): string => sourcePath(`${FOLDER}/${name}`);

test.each(['kernel-dwarf4-O0.elf', 'kernel-dwarf5-O2.elf'])(
  '%s: stack, arguments and statics at a line breakpoint',
  async (name) => {
    await client.launch({ kernel: kernel(name), ...SOURCE_MAP }, async () => {
      const { breakpoints } = await client.request('setBreakpoints', {
        source: { path: sourcePath(KERNEL_C) },
        breakpoints: [{ line: lineWith(KERNEL_C, '/* #apply */') }],
      });
      expect(breakpoints).toMatchObject([{ verified: true }]);
    });
    const { threadId } = await client.event('stopped');
    expect(threadId).toBe(1);
    const frames = await client.stack(1);
    expect(frames.map((f) => f.name)).toEqual(['apply', 'kernel_main', '_start']);
    expect(frames[0]!.source!.path).toBe(sourcePath(KERNEL_C));
    expect(await client.scope(frames[0]!.id, 'Arguments')).toMatchObject({
      left: '6',
      right: '7',
      op: expect.stringContaining('multiply'),
    });
    const id = frames[0]!.id;
    expect(await client.evaluate('table[1].name', id)).toMatch(/"data"/);
    expect(await client.evaluate('table[0].limit', id)).toBe('1048575');
    expect(await client.evaluate('table[0].type + table[0].present', id)).toBe('11');
    expect(await client.evaluate('magic.bytes[0] == 0x78', id)).toMatch(/1|true/);
    expect(await client.evaluate('background', id)).toMatch(/RED/);
    expect(await client.evaluate('list.next->next->value', id)).toBe('3');
    expect(await client.evaluate('((struct node *)list.next)->value * 2', id)).toBe('4');
    expect(await client.evaluate('operations[0]', id)).toMatch(/add/);
    await client.request('setBreakpoints', { source: { path: sourcePath(KERNEL_C) }, breakpoints: [] });
    await client.request('continue', { threadId: 1 });
    expect(await client.event('exited')).toEqual({ exitCode: 0 });
    expect(client.console()).toBe('hello from C\n');
  },
);

test('stopOnEntry stands at the first instruction, in the source of the assembly', async () => {
  await client.launch({ kernel: kernel('kernel-dwarf4-O0.elf'), ...SOURCE_MAP, stopOnEntry: true });
  expect(await client.event('stopped')).toMatchObject({ reason: 'entry', threadId: 1 });
  const [top] = await client.stack(1);
  expect(top).toMatchObject({ name: '_start', source: { path: sourcePath(`${FOLDER}/boot.S`) } });
  expect(top!.line).toBe(lineWith(`${FOLDER}/boot.S`, 'movl    $stack_top, %esp'));
  const lines: number[] = [];
  for (let i = 0; i < 3; i++) {
    await client.resume('stepIn', { threadId: 1 });
    lines.push((await client.stack(1))[0]!.line);
  }
  expect(lines[0]).toBe(lineWith(`${FOLDER}/boot.S`, 'xorl    %ebp, %ebp'));
  expect((await client.stack(1))[0]!.name).toBe('kernel_main');
});

test('what a kernel without environments cannot show is said, and the session goes on', async () => {
  await client.launch({ kernel: kernel('kernel-dwarf4-O0.elf'), ...SOURCE_MAP, stopOnEntry: true });
  await client.event('stopped');
  expect((await client.send('ringside/heap', { threadId: 1 })).message).toMatch(/no slab heap/);
  expect(await client.custom('ringside/environments', undefined)).toEqual({ environments: [] });
  expect((await client.custom('ringside/pageTables', { threadId: 1 })).ranges).toEqual([]);
});

test('a condition in C, with a hit count', async () => {
  await client.launch({ kernel: kernel('kernel-dwarf4-O0.elf'), ...SOURCE_MAP }, () =>
    client.request('setBreakpoints', {
      source: { path: sourcePath(KERNEL_C) },
      breakpoints: [{ line: lineWith(KERNEL_C, '/* #print */'), condition: "*text == 'l'", hitCondition: '2' }],
    }),
  );
  const { threadId } = await client.event('stopped');
  const [top] = await client.stack(threadId as number);
  expect(await client.evaluate('text', top!.id)).toMatch(/"lo from C\\n"/);
});

/** Descriptor tables, task state and devices as a scope, on the guest whose values its sources give. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SessionClient } from '../kit/session-client.ts';

let client: SessionClient;
beforeEach(() => {
  client = new SessionClient();
});
afterEach(() => client.close());

test('GDT, IDT, TSS and devices are decoded', async () => {
  await client.launch({ program: 'hello' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'hello::main' }] }),
  );
  const { threadId } = await client.event('stopped');
  const machine = await client.scopeVariables((await client.stack(threadId as number))[0]!.id, 'Machine');
  const open = async (name: string): Promise<Record<string, string>> => {
    const node = machine.find((v) => v.name === name)!;
    return Object.fromEntries((await client.variables(node.variablesReference)).map((v) => [v.name, v.value]));
  };
  // guest/abi/src/memlayout.rs: GD_KT, GD_KD, GD_UT, GD_UD, GD_TSS0.
  const gdt = await open('GDT');
  expect(Object.keys(gdt)).toEqual(['0x0008', '0x0010', '0x0018', '0x0020', '0x0028']);
  expect(gdt['0x0018']).toBe('code32 readable DPL 3 base 0x00000000 limit 0xffffffff');
  expect(gdt['0x0028']).toMatch(/^TSS32 busy DPL 0 base 0xf01/);
  const idt = await open('IDT');
  expect(idt['3 #BP breakpoint']).toMatch(/^interrupt gate 32 DPL 3 -> 0x0008:0xf01/);
  expect(idt['14 #PF page fault']).toMatch(/DPL 0/);
  expect(idt['48 interrupt 48']).toMatch(/^interrupt gate 32 DPL 3/);
  const tss = await open('TSS');
  expect(tss).toMatchObject({ esp0: '0xf0000000', ss0: '0x00000010' });
  expect(machine.map((v) => v.name).join(' ')).toMatch(/pic.*pit.*uart/i);
});

test('FPU and MMX registers stand beside the general ones, XMM registers only where the processor has them', async () => {
  await client.launch({ program: 'hello' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'hello::main' }] }),
  );
  const { threadId } = await client.event('stopped');
  const groups = await client.scopeVariables((await client.stack(threadId as number))[0]!.id, 'Registers');
  expect(groups.map((v) => v.name)).toEqual(['General', 'Segment', 'Control', 'FPU', 'MMX']);
  const fpu = await client.variables(groups[3]!.variablesReference);
  expect(
    fpu
      .map((v) => v.name)
      .slice(0, 11)
      .join(' '),
  ).toBe('st0 st1 st2 st3 st4 st5 st6 st7 fctrl fstat ftag');
  // Nobody has initialised it: the state after reset.
  expect(fpu[0]!.value).toBe('0  0x00000000000000000000');
  expect(fpu[8]!.value).toBe('0x00000040');
});

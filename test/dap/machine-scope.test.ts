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
  // guest/kernel: IRQ 0, 1, 2 and 4 are let through, and 100 ticks a second counted down from 1.193182 MHz (8254, mode 2).
  expect(await open('pic')).toMatchObject({
    masterIMR: '232 (0xe8)',
    slaveIMR: '255 (0xff)',
    masterVectorBase: '32 (0x20)',
    slaveVectorBase: '40 (0x28)',
    masterISR: '0',
  });
  const pit = await open('pit');
  expect(pit).toMatchObject({ mode0: '2', initial0: `${Math.ceil(1_193_182 / 100)} (0x2e9c)` });
  expect(parseInt(pit['count0']!, 10)).toBeLessThanOrEqual(11_932);
  // 9600 baud (16550: 115,200 / 12), 8 bits, no parity, one stop bit; an interrupt for what is received.
  expect(await open('uart')).toMatchObject({ DL: '12 (0xc)', LCR: '3', IER: '1' });
});

test('control registers bit by bit', async () => {
  await client.launch({ program: 'hello' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'hello::main' }] }),
  );
  const { threadId } = await client.event('stopped');
  const frameId = (await client.stack(threadId as number))[0]!.id;
  const groups = await client.scopeVariables(frameId, 'Registers');
  const control = await client.variables(groups.find(({ name }) => name === 'Control')!.variablesReference);
  const bits = async (name: string): Promise<string> => {
    const register = control.find((v) => v.name === name)!;
    return (await client.variables(register.variablesReference)).map((v) => `${v.name}=${v.value}`).join(' ');
  };
  // guest/kernel/src/boot/entry.S and SDM Vol. 3A, "Control Registers".
  expect(control.find(({ name }) => name === 'cr0')!.value).toBe('0x80050033  PE MP ET NE WP AM PG');
  expect(await bits('cr0')).toBe('PE=1 MP=1 EM=0 TS=0 ET=1 NE=1 WP=1 AM=1 NW=0 CD=0 PG=1');
  expect(await bits('cr4')).toBe('VME=0 PVI=0 TSD=0 DE=0 PSE=1 PAE=0 MCE=0 PGE=0 PCE=0 OSFXSR=0 OSXMMEXCPT=0');
  const cr3 = (await client.evaluate('$cr3', frameId)) as `${number}`;
  expect(await bits('cr3')).toBe(`PWT=0 PCD=0 base=0x${Number(cr3).toString(16).padStart(8, '0')}`);
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

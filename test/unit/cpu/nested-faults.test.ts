/** Intel SDM Vol. 3A, "Interrupt 8—Double Fault Exception (#DF)" and the shutdown after it. */
import { expect, test } from 'vitest';
import { CODE0, DATA3, at, machine } from './test-machine.ts';

const DF = 8;
const TS = 10;
const NP = 11;
const GP = 13;
const PF = 14;
const PAGE = 0x40_0000;

test('#GP while #GP is delivered becomes #DF with error code 0', () => {
  const m = machine({ cpl: 3 });
  m.gate(GP, DATA3, 0, 0x8e);
  m.code('hlt');
  m.step();
  expect(m.handler).toBe(DF);
  expect(m.stack(2)).toEqual([0, at.code]);
});

test('#PF while #GP is delivered is served instead', () => {
  const m = machine({ cpl: 3, pages: [{ linear: PAGE, physical: at.gdt, flags: 'P W' }] });
  m.cpu.registers.gdtrBase = PAGE;
  m.cpu.registers.gdtrLimit = 0x1fff;
  // The handler's code segment stands in a missing page of the GDT.
  m.gate(GP, 0x1008, 0, 0x8e);
  m.code('hlt');
  m.step();
  expect(m.handler).toBe(PF);
  expect(m.stack(2)).toEqual([0, at.code]);
  expect(m.cpu.registers.cr2).toBe(PAGE + 0x1008);
});

test('a fault while #DF is delivered shuts the processor down, and the chain tells how', () => {
  const m = machine({ cpl: 3 });
  m.gate(PF, DATA3, 0, 0x8e);
  m.gate(DF, CODE0, 0, 0x0e);
  const stop = (m.code('mov eax, [0x400000]'), m.step());
  const where = { eip: at.code, cs: 0x1b, cr2: undefined };
  expect(stop).toEqual({
    reason: 'triple-fault',
    chain: [
      { ...where, vector: PF, errorCode: 4, cr2: PAGE },
      { ...where, vector: GP, errorCode: (DATA3 & ~3) | 1 },
      { ...where, vector: DF, errorCode: 0 },
      { ...where, vector: NP, errorCode: DF * 8 + 2 + 1 },
    ],
  });
  expect(m.step()).toEqual(stop);
});

test('a bad ring-0 stack turns a fault into #DF, and then into a triple fault', () => {
  const m = machine({ cpl: 3 });
  m.memory.writePhysical32(at.tss + 8, DATA3);
  m.code('hlt');
  const stop = m.step();
  expect(stop.reason).toBe('triple-fault');
  expect(stop.reason === 'triple-fault' && stop.chain.map(({ vector }) => vector)).toEqual([GP, TS, DF, TS]);
});

test('exceptionStops reports an exception before it is delivered; running on delivers it', () => {
  const m = machine({ cpl: 3 });
  m.cpu.exceptionStops = 1 << GP;
  m.code('hlt');
  expect(m.step()).toEqual({ reason: 'exception', vector: GP, errorCode: 0 });
  expect([m.cpu.registers.eip, m.cpu.instructionCount]).toEqual([at.code, 0]);
  expect(m.step()).toEqual({ reason: 'limit' });
  expect(m.handler).toBe(GP);
});

test('INT3 stops before delivery with EIP at the instruction', () => {
  const m = machine();
  m.cpu.exceptionStops = 1 << 3;
  m.code('int3');
  expect(m.step()).toEqual({ reason: 'exception', vector: 3, errorCode: undefined });
  expect(m.cpu.registers.eip).toBe(at.code);
  m.step();
  expect(m.handler).toBe(3);
  expect(m.stack(1)).toEqual([at.code + 1]);
});

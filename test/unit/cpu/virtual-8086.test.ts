/** Intel SDM Vol. 3B, "8086 Emulation": entering, leaving and trapping, with CR4.VME clear. */
import { expect, test } from 'vitest';
import { CODE0, at, machine } from './test-machine.ts';

const GP = 13;
const VM = 0x2_0000;
const RF = 0x1_0000;
const IOPL3 = 0x3000;

/** A machine in virtual-8086 mode at 1000:0000 (at.code), reached by IRET from ring 0. */
function virtual(eflags: number): ReturnType<typeof machine> {
  const m = machine();
  const frame = [0, 0x1000, eflags | VM | 2, 0x100, 0x3800, 0x2000, 0x2100, 0x2200, 0x2300];
  m.cpu.registers.esp = at.stack0 - frame.length * 4;
  frame.forEach((value, n) => {
    m.memory.writePhysical32(at.stack0 - frame.length * 4 + n * 4, value);
  });
  m.codeAt(at.handlers + 0x200, 'iretd');
  m.cpu.registers.eip = at.handlers + 0x200;
  m.step();
  m.codeAt(at.code);
  return m;
}

test('IRET with VM set loads all segments as paragraphs and CPL 3', () => {
  const { registers } = virtual(0).cpu;
  expect([registers.eip, registers.esp, registers.cpl]).toEqual([0, 0x100, 3]);
  expect(registers.segments.cs).toEqual({ selector: 0x1000, base: 0x10000, limit: 0xffff, attributes: 0xf3 });
  expect(registers.segments.ss.base).toBe(0x38000);
  expect(['es', 'ds', 'fs', 'gs'].map((name) => registers.segments[name as 'es'].selector)).toEqual([
    0x2000, 0x2100, 0x2200, 0x2300,
  ]);
});

test('a fault leaves to ring 0, pushes the data segments and makes them null', () => {
  const m = virtual(0);
  m.code('hlt');
  m.step();
  expect(m.handler).toBe(GP);
  expect(m.stack(10)).toEqual([0, 0, 0x1000, VM | RF | 2, 0x100, 0x3800, 0x2000, 0x2100, 0x2200, 0x2300]);
  expect(m.cpu.registers.eflags & VM).toBe(0);
  expect(m.cpu.registers.segments.ds.attributes).toBe(0);
});

test.each(['int 0x30', 'pushfd', 'popfd', 'cli', 'sti', 'iretd'] as const)('%s raises #GP(0) with IOPL 0', (text) => {
  expect(virtual(0).run(text)).toEqual({ vector: GP, errorCode: 0 });
});

test('INT n with IOPL 3 goes through the gate to ring 0', () => {
  const m = virtual(IOPL3);
  m.code('int 0x30');
  m.step();
  expect(m.handler).toBe(0x30);
  expect(m.stack(3)).toEqual([2, 0x1000, VM | IOPL3 | 2]);
});

test('INT3 does not ask for IOPL', () => {
  const m = virtual(0);
  m.gate(3, CODE0, at.handlers + 3, 0xee);
  m.code('int3');
  m.step();
  expect(m.handler).toBe(3);
});

test('an instruction of protected mode is #UD', () => {
  expect(virtual(0).run('str eax')).toEqual({ vector: 6 });
});

test('memory is reached through paragraphs, and limits are 64 KiB', () => {
  const m = virtual(0);
  m.memory.writePhysical8(0x21000 + 0x34, 0x99);
  m.cpu.registers.ebx = 0x34;
  // 8A 07: MOV AL,[BX] with 16-bit addresses.
  m.memory.load(at.code, Uint8Array.of(0x8a, 0x07, 0x67, 0x8a, 0x03));
  m.step();
  expect(m.cpu.registers.eax & 0xff).toBe(0x99);
  m.cpu.registers.ebx = 0x1_0000;
  expect(m.run()).toEqual({ vector: GP, errorCode: 0 });
});

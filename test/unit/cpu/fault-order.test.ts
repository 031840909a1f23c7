/**
 * Which fault comes first, where the manual leaves it open or says little: symptoms that random sequences on a real
 * processor showed (test/conformance/host).
 */
import { expect, test } from 'vitest';
import { at, machine } from './test-machine.ts';

const GP = 13;
const PF = 14;
const AC = 17;
const MISSING = 0x40_0000;
const AM = 0x8005_0011;
const EFLAGS_AC = 0x4_0002;

type M = ReturnType<typeof machine>;

function run(m: M, ...bytes: readonly number[]): ReturnType<M['run']> {
  m.memory.load(at.code, Uint8Array.from(bytes));
  return m.run();
}

test('CMPS reports the missing page of its second operand, ES:EDI, first', () => {
  const m = machine();
  m.cpu.registers.esi = MISSING;
  m.cpu.registers.edi = MISSING + 0x1_0000;
  expect(run(m, 0xa6)).toEqual({ vector: PF, errorCode: 0, cr2: MISSING + 0x1_0000 });
});

test('a near CALL beyond the limit of CS with a missing stack page reports the stack', () => {
  const m = machine();
  m.cpu.registers.segments.cs = { ...m.cpu.registers.segments.cs, limit: 0x1_ffff };
  m.cpu.registers.eax = 0x20_0000;
  m.cpu.registers.esp = MISSING + 4;
  expect(run(m, 0xff, 0xd0)).toEqual({ vector: PF, errorCode: 2, cr2: MISSING });
  m.cpu.registers.esp = at.stack0;
  expect(run(m, 0xff, 0xd0)).toEqual({ vector: GP, errorCode: 0 });
});

test('a far return begins to read its frame at CS, an interrupt return at EFLAGS', () => {
  const m = machine();
  m.cpu.registers.esp = MISSING;
  expect(run(m, 0xcb)).toMatchObject({ cr2: MISSING + 4 });
  expect(run(m, 0xcf)).toMatchObject({ cr2: MISSING + 8 });
});

test('a far return to another ring reads the outer stack before it looks at the selector', () => {
  const m = machine({ cpl: 3 });
  m.cpu.registers.esp = at.stack3;
  m.memory.writePhysical32(at.stack3 + 4, 0x08);
  m.cpu.registers.ecx = 0;
  // RETF 7FF0h: the outer SS and ESP would lie behind the pages there are.
  m.cpu.registers.esp = 0x7_fff0;
  m.memory.writePhysical32(0x7_fff4, 0x08);
  expect(run(m, 0xca, 0x10, 0)).toEqual({ vector: PF, errorCode: 4, cr2: 0x8_000c });
});

test('far returns and CMPXCHG8B check alignment', () => {
  const m = machine({ cpl: 3 });
  m.cpu.registers.cr0 = AM;
  m.cpu.registers.eflags = EFLAGS_AC;
  m.cpu.registers.esp = at.stack3 + 2;
  expect(run(m, 0xcb)).toEqual({ vector: AC, errorCode: 0 });
  m.cpu.registers.ebx = at.data + 4;
  expect(run(m, 0x0f, 0xc7, 0x0b)).toEqual({ vector: AC, errorCode: 0 });
  m.cpu.registers.ebx = at.data + 8;
  expect(run(m, 0x0f, 0xc7, 0x0b)).toBe('no fault');
});

test('an access over the top of a segment of 4 GiB is #GP', () => {
  expect(run(machine(), 0xa1, 0xfe, 0xff, 0xff, 0xff)).toEqual({ vector: GP, errorCode: 0 });
});

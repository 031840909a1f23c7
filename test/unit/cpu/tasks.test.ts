/** Intel SDM Vol. 3A, "Task Management". */
import { describe, expect, test } from 'vitest';
import { CODE0, CODE3, DATA0, DATA3, FREE, TSS_SELECTOR, at, machine } from './test-machine.ts';

const TS = 10;
const GP = 13;
const NT = 0x4000;
const RF = 0x1_0000;
const WP = 0x1_0000;
/** Of a page-table entry. */
const DIRTY = 0x40;
const OTHER = FREE;
const GATE = FREE + 8;
const BUSY = 0x8b;
const AVAILABLE = 0x89;
const ENTRY = 0x11000;

/** A second task at CPL 0 or 3 whose registers are recognisable. */
function twoTasks(cpl: 0 | 3 = 0): ReturnType<typeof machine> {
  const m = machine();
  m.descriptor(OTHER, at.otherTss, 0x67, AVAILABLE, 0);
  const tss = (offset: number, value: number): void => {
    m.memory.writePhysical32(at.otherTss + offset, value);
  };
  tss(0x1c, at.pageDirectory);
  tss(0x20, ENTRY);
  tss(0x24, 2);
  for (let register = 0; register < 8; register++) tss(0x28 + register * 4, 0x1000 * (register + 1));
  tss(0x38, 0x3a000);
  for (let segment = 0; segment < 6; segment++) tss(0x48 + segment * 4, cpl === 3 ? DATA3 : DATA0);
  tss(0x4c, cpl === 3 ? CODE3 : CODE0);
  return m;
}

const typeOf = (m: ReturnType<typeof machine>, selector: number): number =>
  m.memory.readPhysical8(at.gdt + selector + 5);

describe('JMP to a TSS', () => {
  test('saves the old task, loads the new one and moves the busy bit', () => {
    const m = twoTasks();
    m.code('jmp far 0, 0x30');
    m.cpu.registers.ebx = 0x1234;
    m.step();
    const { registers } = m.cpu;
    expect([registers.eip, registers.eax, registers.edi, registers.esp]).toEqual([ENTRY, 0x1000, 0x8000, 0x3a000]);
    expect(registers.segments.tr.selector).toBe(OTHER);
    expect([typeOf(m, TSS_SELECTOR), typeOf(m, OTHER)]).toEqual([AVAILABLE, BUSY]);
    expect(registers.cr0 & 8).toBe(8);
    expect(m.memory.readPhysical32(at.tss + 0x20)).toBe(at.code + 7);
    expect(m.memory.readPhysical32(at.tss + 0x34)).toBe(0x1234);
    expect(registers.eflags & NT).toBe(0);
  });

  test('can change the privilege level', () => {
    const m = twoTasks(3);
    m.code('jmp far 0, 0x30');
    m.step();
    expect([m.cpu.registers.cpl, m.cpu.registers.segments.cs.selector]).toEqual([3, CODE3]);
  });

  test('a busy TSS raises #GP, a short one #TS', () => {
    const m = twoTasks();
    m.descriptor(OTHER, at.otherTss, 0x67, BUSY, 0);
    expect(m.run('jmp far 0, 0x30')).toEqual({ vector: GP, errorCode: OTHER });
    m.descriptor(OTHER, at.otherTss, 0x66, AVAILABLE, 0);
    expect(m.run('jmp far 0, 0x30')).toEqual({ vector: TS, errorCode: OTHER });
  });

  test('a bad segment of the new task is a fault of the new task', () => {
    const m = twoTasks();
    m.memory.writePhysical32(at.otherTss + 0x54, CODE0);
    m.descriptor(0x50, 0, 0xfff, 0x99, 4);
    m.memory.writePhysical32(at.otherTss + 0x54, 0x50);
    m.code('jmp far 0, 0x30');
    m.step();
    expect(m.handler).toBe(TS);
    expect(m.stack(2)).toEqual([0x50, ENTRY]);
    expect(m.cpu.registers.segments.tr.selector).toBe(OTHER);
  });
});

// SDM Vol. 3A, Table "Exception Conditions Checked During a Task Switch": the order of the P6 family.
test.each([
  { bad: 'SS beside a CS that is no code segment', cs: DATA0, ss: CODE0, error: { vector: TS, selector: CODE0 } },
  { bad: 'a CS whose DPL is not its RPL beside SS', cs: CODE0 | 1, ss: CODE0, error: { vector: TS, selector: CODE0 } },
  { bad: 'an SS of another ring that is not present', cs: CODE3, ss: 0x50, error: { vector: 12, selector: 0x50 } },
  {
    bad: 'a DS of another ring that is not present',
    cs: CODE3,
    ss: DATA3,
    ds: 0x50,
    error: { vector: 11, selector: 0x50 },
  },
])('$bad is the fault of a new task', ({ cs, ss, ds, error }) => {
  const m = twoTasks(3);
  m.descriptor(0x50, 0, 0xfff, 0x13, 4);
  m.memory.writePhysical32(at.otherTss + 0x4c, cs);
  m.memory.writePhysical32(at.otherTss + 0x50, ss);
  if (ds !== undefined) m.memory.writePhysical32(at.otherTss + 0x54, ds);
  m.memory.writePhysical32(at.otherTss + 4, at.stack0);
  m.memory.writePhysical32(at.otherTss + 8, DATA0);
  m.cpu.exceptionStops = -1;
  m.code('jmp far 0, 0x30');
  const stop = m.step();
  expect(stop).toMatchObject({ reason: 'exception', vector: error.vector, errorCode: error.selector & 0xfffc });
});

test('a fault through a task gate sets RF in the EFLAGS of the task it leaves', () => {
  const m = twoTasks();
  m.gate(GP, OTHER, 0, 0x85);
  m.cpu.registers.ecx = 0xffff;
  m.code('wrmsr');
  m.step();
  expect(m.cpu.registers.segments.tr.selector).toBe(OTHER);
  expect(m.memory.readPhysical32(at.tss + 0x24)).toBe(RF | 2);
});

test('the error code is pushed before the EIP of a new task is found to be past its limit', () => {
  const m = twoTasks();
  m.descriptor(0x50, 0, ENTRY - 1, 0x9b, 4);
  m.memory.writePhysical32(at.otherTss + 0x4c, 0x50);
  m.gate(11, OTHER, 0, 0x85);
  m.descriptor(0x58, 0, 0xfff, 0x13, 4);
  m.cpu.registers.eax = 0x58;
  m.code('mov ds, ax');
  m.step();
  expect(m.memory.readPhysical32(0x3a000 - 4)).toBe(0x58);
});

test('VIF and VIP in the EFLAGS of a new task stay clear', () => {
  const m = twoTasks();
  m.memory.writePhysical32(at.otherTss + 0x24, 0x18_0002);
  m.code('jmp far 0, 0x30');
  m.step();
  expect(m.cpu.registers.eflags).toBe(2);
});

describe('CALL to a TSS, and IRET back', () => {
  test('links the tasks, sets NT, and returns behind the CALL', () => {
    const m = twoTasks();
    m.code('call far 0, 0x30', 'nop');
    m.codeAt(ENTRY, 'iretd');
    m.cpu.registers.ecx = 0x77;
    m.step();
    expect(m.cpu.registers.eflags & NT).toBe(NT);
    expect(m.memory.readPhysical16(at.otherTss)).toBe(TSS_SELECTOR);
    expect([typeOf(m, TSS_SELECTOR), typeOf(m, OTHER)]).toEqual([BUSY, BUSY]);
    m.step();
    const { registers } = m.cpu;
    expect([registers.eip, registers.ecx, registers.segments.tr.selector]).toEqual([at.code + 7, 0x77, TSS_SELECTOR]);
    expect([typeOf(m, TSS_SELECTOR), typeOf(m, OTHER)]).toEqual([BUSY, AVAILABLE]);
    expect(registers.eflags & NT).toBe(0);
  });

  test('a task gate in the IDT gives an exception a task of its own, error code included', () => {
    const m = twoTasks();
    m.gate(GP, OTHER, 0, 0x85);
    m.code('mov ds, ax');
    m.cpu.registers.eax = 0x1000;
    m.step();
    expect(m.cpu.registers.segments.tr.selector).toBe(OTHER);
    expect(m.stack(1)).toEqual([0x1000]);
    expect(m.memory.readPhysical32(at.tss + 0x20)).toBe(at.code);
  });

  test('a task gate in the GDT is a way to a TSS of DPL 0', () => {
    const m = twoTasks();
    m.callGate(GATE, OTHER, 0, 0x85, 0);
    m.code('call far 0, 0x38');
    m.step();
    expect(m.cpu.registers.segments.tr.selector).toBe(OTHER);
  });

  test('the T bit of the new TSS raises #DB before its first instruction, with DR6.BT', () => {
    const m = twoTasks();
    m.memory.writePhysical16(at.otherTss + 0x64, 1);
    m.code('jmp far 0, 0x30');
    m.step(2);
    expect(m.handler).toBe(1);
    expect(m.stack(1)).toEqual([ENTRY]);
    expect(m.cpu.registers.dr6 & 0x8000).toBe(0x8000);
  });
});

test('the old TSS is written from EIP on: what comes before may be on a page that is read-only', () => {
  const m = twoTasks();
  m.code('jmp far 0, 0x30');
  const { segments } = m.cpu.registers;
  segments.tr = { ...segments.tr, base: 0x3_0fe0 };
  m.map({ linear: 0x3_0000, flags: 'P' });
  m.cpu.registers.cr0 |= WP;
  m.step();
  expect(m.cpu.registers.segments.tr.selector).toBe(OTHER);
  expect(m.memory.readPhysical32(0x3_1000)).toBe(at.code + 7);
  expect([0x3_0000, 0x3_1000].map((page) => m.memory.readPhysical32(m.pte(page)) & DIRTY)).toEqual([0, DIRTY]);
});

test('of the new TSS a CALL writes the link alone', () => {
  const m = twoTasks();
  m.code('call far 0, 0x30');
  for (let offset = 0; offset < 0x68; offset += 4) {
    m.memory.writePhysical32(0x3_0fe0 + offset, m.memory.readPhysical32(at.otherTss + offset));
  }
  m.descriptor(OTHER, 0x3_0fe0, 0x67, AVAILABLE, 0);
  m.step();
  expect(m.memory.readPhysical32(0x3_0fe0)).toBe(TSS_SELECTOR);
  expect([0x3_0000, 0x3_1000].map((page) => m.memory.readPhysical32(m.pte(page)) & DIRTY)).toEqual([DIRTY, 0]);
});

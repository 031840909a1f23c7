/** Intel SDM Vol. 3B, "Debug Registers", "Debug Exceptions": the guest's own breakpoints, and single-stepping. */
import { describe, expect, test } from 'vitest';
import { CODE0, DATA0, at, machine } from './test-machine.ts';

const DB = 1;
const RF = 0x1_0000;
const TF = 0x100;
const DR6_ONES = 0xffff_0ff0;
const BS = 0x4000;

/** DR7 with breakpoint n enabled. @param rw 0 execution, 1 write, 2 port, 3 read or write; @param len 0, 1, 3: 1, 2, 4 bytes */
function enable(n: number, rw: number, len = 0): number {
  return (0x400 | (2 << (n * 2)) | (rw << (16 + n * 4)) | (len << (18 + n * 4))) >>> 0;
}

type M = ReturnType<typeof machine>;

/** Vector being handled, return address and EFLAGS on the stack, and the low bits of DR6. */
function trap(m: M): { handler: number | undefined; eip: number; rf: boolean; dr6: number } {
  const [eip, , eflags] = m.stack(3);
  return { handler: m.handler, eip, rf: (eflags & RF) !== 0, dr6: (m.cpu.registers.dr6 & ~DR6_ONES) >>> 0 };
}

describe('instruction breakpoints', () => {
  test('are faults before the instruction, with RF clear in what they push', () => {
    const m = machine();
    m.code('nop', 'inc eax', 'nop');
    m.cpu.registers.dr2 = at.code + 1;
    m.cpu.registers.dr7 = enable(2, 0);
    m.step(2);
    expect(trap(m)).toEqual({ handler: DB, eip: at.code + 1, rf: false, dr6: 4 });
    expect(m.cpu.registers.eax).toBe(0);
  });

  test('IRET with RF set in the image passes the one it returns to, once', () => {
    const m = machine();
    m.code('inc eax', 'jmp ecx');
    m.cpu.registers.ecx = at.code;
    m.cpu.registers.dr0 = at.code;
    m.cpu.registers.dr7 = enable(0, 0);
    m.step();
    expect(trap(m)).toMatchObject({ handler: DB, eip: at.code });
    m.memory.writePhysical32(m.cpu.registers.esp + 8, RF | 2);
    m.codeAt(at.handlers + 1, 'iretd');
    m.step(3);
    expect(m.cpu.registers.eax).toBe(1);
    expect(m.cpu.registers.eip).toBe(at.code);
    m.codeAt(at.handlers + 1, 'hlt');
    m.step();
    expect(trap(m)).toMatchObject({ handler: DB, eip: at.code });
  });

  test('come before the page fault of the fetch', () => {
    const m = machine();
    m.cpu.registers.dr0 = 0x40_0000;
    m.cpu.registers.dr7 = enable(0, 0);
    m.cpu.registers.eip = 0x40_0000;
    m.step();
    expect(trap(m)).toMatchObject({ handler: DB, eip: 0x40_0000, dr6: 1 });
  });

  test('stand beside a probe at the same instruction: that stops first, and changes nothing', () => {
    const m = machine();
    m.code('nop', 'inc eax');
    m.cpu.registers.dr0 = at.code + 1;
    m.cpu.registers.dr7 = enable(0, 0);
    m.cpu.probes.addCode({ linear: at.code + 2 });
    const id = m.cpu.probes.addCode({ linear: at.code });
    m.cpu.registers.eip = at.code;
    expect(m.cpu.run(5, false)).toEqual({ reason: 'probe', probes: [id] });
    m.step(2);
    expect(trap(m)).toMatchObject({ handler: DB, eip: at.code + 1, dr6: 1 });
  });
});

describe('data breakpoints', () => {
  test('are traps after the instruction that wrote', () => {
    const m = machine();
    m.code('mov [ebx], al', 'nop');
    m.cpu.registers.ebx = at.data + 3;
    m.cpu.registers.eax = 7;
    m.cpu.registers.dr1 = at.data;
    m.cpu.registers.dr7 = enable(1, 1, 3);
    m.step(2);
    expect(trap(m)).toEqual({ handler: DB, eip: at.code + 2, rf: false, dr6: 2 });
    expect(m.memory.readPhysical8(at.data + 3)).toBe(7);
  });

  test.each([
    { bytes: 1, len: 0, hit: [0] },
    { bytes: 2, len: 1, hit: [0, 1] },
    { bytes: 4, len: 3, hit: [0, 1, 2, 3] },
  ])('of $bytes bytes cover just those', ({ len, hit }) => {
    const seen = [0, 1, 2, 3, 4].filter((offset) => {
      const m = machine();
      m.code('mov [ebx], al', 'nop');
      m.cpu.registers.ebx = at.data + offset;
      m.cpu.registers.dr0 = at.data;
      m.cpu.registers.dr7 = enable(0, 1, len);
      m.step(2);
      return m.handler === DB;
    });
    expect(seen).toEqual(hit);
  });

  test('on writes do not see reads, on accesses do', () => {
    const read = (rw: number): number | undefined => {
      const m = machine();
      m.code('mov al, [0x10000]', 'nop');
      m.cpu.registers.dr0 = 0x1_0000;
      m.cpu.registers.dr7 = enable(0, rw);
      m.step(2);
      return m.handler;
    };
    expect([read(1), read(3)]).toEqual([undefined, DB]);
  });

  test('end a repeat after the iteration that hit', () => {
    const m = machine();
    m.code('rep stosd [edi]', 'nop');
    m.cpu.registers.edi = at.data;
    m.cpu.registers.ecx = 8;
    m.cpu.registers.dr0 = at.data + 8;
    m.cpu.registers.dr7 = enable(0, 1, 3);
    m.step(2);
    expect(trap(m)).toMatchObject({ handler: DB, eip: at.code, dr6: 1 });
    expect(m.cpu.registers.ecx).toBe(5);
  });

  test('of an instruction that faults are not reported', () => {
    const m = machine({ pages: [{ linear: 0x40_0000, physical: 0x60000, flags: 'P W' }] });
    m.code('mov [0x400ffe], eax');
    m.cpu.registers.dr0 = 0x40_0ffc;
    m.cpu.registers.dr7 = enable(0, 1, 3);
    m.step(2);
    expect(m.handler).toBe(14);
    expect(m.cpu.registers.dr6).toBe(DR6_ONES);
  });

  test('and a data probe on the same bytes both tell', () => {
    const m = machine();
    m.code('mov [ebx], al', 'nop');
    m.cpu.registers.ebx = at.data;
    m.cpu.registers.dr0 = at.data;
    m.cpu.registers.dr7 = enable(0, 1);
    m.cpu.probes.addData({ linear: at.data, lengthBytes: 1, access: 'write' });
    expect(m.step(2)).toMatchObject({ reason: 'data-probe' });
    m.step();
    expect(trap(m)).toMatchObject({ handler: DB, eip: at.code + 2, dr6: 1 });
  });

  test('cost nothing once DR7 enables none: the page is written at full speed again', () => {
    const m = machine();
    m.cpu.registers.dr0 = at.data;
    m.cpu.registers.dr7 = enable(0, 1);
    m.cpu.registers.dr7 = 0;
    m.code('mov [ebx], al', 'nop');
    m.cpu.registers.ebx = at.data;
    expect(m.step(2)).toEqual({ reason: 'limit' });
    expect(m.handler).toBeUndefined();
  });
});

describe('port breakpoints', () => {
  const out = (cr4: number): number | undefined => {
    const m = machine();
    m.cpu.registers.cr4 = cr4;
    m.cpu.registers.edx = 0x61;
    m.cpu.registers.dr3 = 0x61;
    m.cpu.registers.dr7 = enable(3, 2);
    m.code('out dx, al', 'nop');
    m.step(2);
    return m.handler;
  };

  test('trap after IN and OUT with CR4.DE', () => {
    expect(out(8)).toBe(DB);
  });

  test('are nothing without it', () => {
    expect(out(0)).toBeUndefined();
  });
});

describe('DR7', () => {
  test('GD: an access to a debug register is #DB with BD, and the handler finds GD clear', () => {
    const m = machine();
    m.code('mov dr7, eax');
    m.cpu.registers.dr7 = 0x2400;
    m.step();
    expect(trap(m)).toEqual({ handler: DB, eip: at.code, rf: true, dr6: 0x2000 });
    expect(m.cpu.registers.dr7).toBe(0x400);
  });

  test('GD: stopping a debugger at the #DB first changes nothing', () => {
    const m = machine();
    m.code('mov dr7, eax');
    m.cpu.registers.dr7 = 0x2400;
    m.cpu.exceptionStops = 1 << DB;
    expect(m.step()).toMatchObject({ reason: 'exception', vector: DB });
    expect([m.cpu.registers.dr6, m.cpu.registers.dr7]).toEqual([DR6_ONES, 0x2400]);
    m.step();
    expect(trap(m)).toMatchObject({ handler: DB, eip: at.code, dr6: 0x2000 });
  });

  test('breakpoints are part of a snapshot', () => {
    const m = machine();
    m.code('nop', 'inc eax');
    m.cpu.registers.dr0 = at.code + 1;
    m.cpu.registers.dr7 = enable(0, 0);
    const other = machine();
    other.memory.ram.set(m.memory.ram);
    other.cpu.restore(m.cpu.save());
    other.step(2);
    expect(trap(other)).toMatchObject({ handler: DB, eip: at.code + 1 });
  });
});

describe('TF', () => {
  test('traps after each instruction, with BS', () => {
    const m = machine({ eflags: TF | 2 });
    m.code('inc eax', 'inc eax');
    m.step(2);
    expect(trap(m)).toMatchObject({ handler: DB, eip: at.code + 1, dr6: BS });
    expect(m.cpu.registers.eax).toBe(1);
  });

  test('a breakpoint that hits in the same instruction is reported with it', () => {
    const m = machine({ eflags: TF | 2 });
    m.code('mov [ebx], al', 'nop');
    m.cpu.registers.ebx = at.data;
    m.cpu.registers.dr0 = at.data;
    m.cpu.registers.dr7 = enable(0, 1);
    m.step(2);
    expect(trap(m).dr6).toBe(BS | 1);
  });

  test('a probe at the next instruction stops before it, not after a trap too early', () => {
    const m = machine({ eflags: TF | 2 });
    m.code('inc eax', 'inc edx');
    const id = m.cpu.probes.addCode({ linear: at.code });
    m.cpu.registers.eip = at.code;
    expect(m.cpu.run(10, false)).toEqual({ reason: 'probe', probes: [id] });
    m.step(2);
    expect(trap(m)).toMatchObject({ handler: DB, eip: at.code + 1, dr6: BS });
    expect(m.cpu.registers.eax).toBe(1);
  });

  test('waits for the instruction after MOV SS', () => {
    const m = machine({ eflags: TF | 2 });
    m.cpu.registers.eax = DATA0;
    m.code('mov ss, ax', 'inc edx', 'nop');
    m.step(3);
    expect(trap(m)).toMatchObject({ handler: DB, eip: at.code + 3 });
    expect(CODE0).toBe(8);
  });
});

describe('between two iterations of a repeated string instruction', () => {
  // More than the emulator does at once (strings.ts, ITERATIONS_MAX).
  const COUNT = 10_000;

  test('RF is set: a breakpoint at it comes once', () => {
    const m = machine();
    m.code('rep stosb [edi]', 'hlt');
    m.codeAt(at.handlers + 1, 'or dword ptr [esp+8], 0x10000', 'inc edx', 'iretd');
    const r = m.cpu.registers;
    Object.assign(r, { edi: at.data, ecx: COUNT, edx: 0, dr0: at.code, dr7: enable(0, 0) });
    for (let step = 0; step < 60 && !m.cpu.halted; step++) m.step();
    expect([m.cpu.halted, r.ecx, r.edx]).toEqual([true, 0, 1]);
  });

  test('RF is in what an interrupt pushes, and gone when the last is done', () => {
    const m = machine({ eflags: 0x202 });
    m.code('rep stosb [edi]', 'nop');
    m.cpu.registers.edi = at.data;
    m.cpu.registers.ecx = COUNT;
    m.step();
    const before = m.cpu.save();
    m.cpu.interruptLine = true;
    m.step();
    expect(m.stack(3)).toEqual([at.code, CODE0, RF | 0x202]);
    m.cpu.restore(before);
    m.step(2);
    expect([m.cpu.registers.ecx, m.cpu.registers.eip]).toEqual([0, at.code + 2]);
    m.cpu.interruptLine = true;
    m.step();
    expect(m.stack(3)).toEqual([at.code + 2, CODE0, 0x202]);
  });
});

test('a debug trap wakes a halted processor: SDM Vol. 2, HLT', () => {
  const m = machine({ eflags: TF | 2 });
  m.code('hlt', 'nop');
  m.codeAt(at.handlers + 1, 'inc edx');
  m.cpu.registers.edx = 0;
  expect([m.step(3).reason, m.cpu.registers.edx, m.cpu.halted]).toEqual(['limit', 1, false]);
});

test('MOV SS puts a data breakpoint off to the first instruction of the handler of INT n', () => {
  const m = machine();
  m.code('mov ss, [ebx]', 'int 0x30');
  m.cpu.registers.ebx = at.data;
  m.memory.writePhysical32(at.data, DATA0);
  m.cpu.registers.dr0 = at.data;
  m.cpu.registers.dr7 = enable(0, 3, 1);
  m.step(3);
  expect(trap(m)).toEqual({ handler: DB, eip: at.handlers + 0x30, rf: false, dr6: 1 });
});

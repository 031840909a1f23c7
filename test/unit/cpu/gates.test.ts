/** Intel SDM Vol. 3A, "Interrupt and Exception Handling", "Call Gates"; Vol. 2, INT n, IRET, CALL, RET. */
import { describe, expect, test } from 'vitest';
import { CODE0, CODE3, DATA0, DATA3, FREE, at, machine } from './test-machine.ts';

const NP = 11;
const TS = 10;
const GP = 13;
const IF = 0x200;
const NT = 0x4000;
const TF = 0x100;
const RF = 0x1_0000;

describe('interrupts', () => {
  test('INT from ring 3 changes to the ring-0 stack of the TSS and pushes SS, ESP, EFLAGS, CS, EIP', () => {
    const m = machine({ cpl: 3, eflags: IF | 0x3002 });
    m.code('int 0x30');
    m.step();
    expect(m.handler).toBe(0x30);
    expect(m.cpu.registers.cpl).toBe(0);
    expect(m.cpu.registers.esp).toBe(at.stack0 - 20);
    expect(m.stack(5)).toEqual([at.code + 2, CODE3, IF | 0x3002, at.stack3, DATA3]);
  });

  test('an interrupt gate clears IF, a trap gate does not; both clear TF and NT', () => {
    for (const [access, flags] of [
      [0xee, 0],
      [0xef, IF],
    ] as const) {
      const m = machine({ eflags: IF | NT | 2 });
      m.gate(0x30, CODE0, at.handlers + 0x30, access);
      m.code('int 0x30');
      m.step();
      expect(m.cpu.registers.eflags).toBe(flags | 2);
      expect(m.stack(3)).toEqual([at.code + 2, CODE0, IF | NT | 2]);
    }
  });

  test('IRET goes back to ring 3 and makes ring-0 data segments null', () => {
    const m = machine({ cpl: 3, eflags: IF | 2 });
    m.code('int 0x30', 'nop');
    m.codeAt(at.handlers + 0x100, 'mov ds, ax', 'iretd');
    m.gate(0x30, CODE0, at.handlers + 0x100, 0xee);
    m.cpu.registers.eax = DATA0;
    m.step(3);
    const { registers } = m.cpu;
    expect([registers.eip, registers.cpl, registers.esp, registers.eflags]).toEqual([
      at.code + 2,
      3,
      at.stack3,
      IF | 2,
    ]);
    expect(registers.segments.ds).toEqual({ selector: 0, base: 0, limit: 0, attributes: 0 });
    expect(registers.segments.es.selector).toBe(DATA3);
  });

  test('a gate of DPL 0 is closed to INT from ring 3', () => {
    expect(machine({ cpl: 3 }).run('int 0x31')).toEqual({ vector: GP, errorCode: 0x31 * 8 + 2 });
  });

  test('a gate that is not present raises #NP, one beyond the limit #GP, both with bit IDT', () => {
    const m = machine({ cpl: 3 });
    m.gate(0x30, CODE0, at.handlers, 0x6e);
    expect(m.run('int 0x30')).toEqual({ vector: NP, errorCode: 0x30 * 8 + 2 });
    expect(m.run('int 0x80')).toEqual({ vector: GP, errorCode: 0x80 * 8 + 2 });
  });

  test('a stack selector of the TSS that is no ring-0 stack raises #TS with it', () => {
    const m = machine({ cpl: 3 });
    m.memory.writePhysical32(at.tss + 8, DATA3);
    expect(m.run('int 0x30')).toEqual({ vector: TS, errorCode: DATA3 & ~3 });
  });

  test('an exception pushes its error code, and EFLAGS with RF', () => {
    const m = machine({ cpl: 3, eflags: IF | 2 });
    m.code('hlt');
    m.step();
    expect(m.handler).toBe(GP);
    expect(m.stack(6)).toEqual([0, at.code, CODE3, IF | RF | 2, at.stack3, DATA3]);
  });

  test('a conforming handler keeps the privilege level and the stack', () => {
    const m = machine({ cpl: 3 });
    m.descriptor(FREE, 0, 0xf_ffff, 0x9f, 0xc);
    m.gate(0x30, FREE, at.handlers + 0x30, 0xee);
    m.code('int 0x30');
    m.step();
    expect([m.cpu.registers.cpl, m.cpu.registers.segments.cs.selector]).toEqual([3, FREE | 3]);
    expect(m.stack(3)).toEqual([at.code + 2, CODE3, 2]);
  });

  test('a 16-bit gate pushes words and keeps the high half of EIP clear', () => {
    const m = machine({ cpl: 3 });
    m.descriptor(FREE, at.handlers, 0xffff, 0x9b, 0);
    m.gate(0x30, FREE, 0x30, 0xe6);
    m.code('int 0x30');
    m.step();
    expect(m.cpu.registers.eip).toBe(0x30);
    expect(m.cpu.registers.esp).toBe(at.stack0 - 10);
    expect(m.stack(2)).toEqual([(CODE3 << 16) | ((at.code + 2) & 0xffff), (((at.stack3 & 0xffff) << 16) | 2) >>> 0]);
  });

  test('TF raises #DB after each instruction, with DR6.BS, and not inside the handler', () => {
    const m = machine({ eflags: TF | 2 });
    m.code('nop', 'nop');
    m.step(2);
    expect(m.handler).toBe(1);
    expect(m.stack(3)).toEqual([at.code + 1, CODE0, TF | 2]);
    expect(m.cpu.registers.dr6 & 0x4000).toBe(0x4000);
    expect(m.cpu.registers.eflags & TF).toBe(0);
  });

  test('no trap comes between MOV SS and the instruction after it', () => {
    const m = machine({ eflags: TF | 2 });
    m.code('mov ss, ax', 'nop', 'nop');
    m.cpu.registers.eax = DATA0;
    m.step(3);
    expect(m.handler).toBe(1);
    expect(m.stack(1)).toEqual([at.code + 3]);
  });
});

describe('gates for CALL', () => {
  const GATE = FREE;
  const called = (access: number, target: number, parameters = 2): ReturnType<typeof machine> => {
    const m = machine({ cpl: 3 });
    m.callGate(GATE, target, at.handlers + 0x20, access, parameters);
    m.code('push 0x11', 'push 0x22', 'call far 0, 0x33');
    m.step(2);
    return m;
  };

  test('to ring 0 copies the parameters to the inner stack', () => {
    const m = called(0xec, CODE0);
    m.step();
    expect(m.cpu.registers.eip).toBe(at.handlers + 0x20);
    expect(m.stack(6)).toEqual([at.code + 11, CODE3, 0x22, 0x11, at.stack3 - 8, DATA3]);
  });

  test('RETF n drops the parameters from both stacks', () => {
    const m = called(0xec, CODE0);
    m.codeAt(at.handlers + 0x20, 'ret far 8');
    m.step(2);
    const { registers } = m.cpu;
    expect([registers.eip, registers.cpl, registers.esp]).toEqual([at.code + 11, 3, at.stack3]);
    expect(registers.segments.ss.selector).toBe(DATA3);
  });

  test('a gate of DPL 0 is closed to ring 3', () => {
    expect(called(0x8c, CODE0).run('call far 0, 0x33')).toEqual({ vector: GP, errorCode: GATE });
  });

  test('a gate to a data segment raises #GP with that segment', () => {
    expect(called(0xec, DATA0).run('call far 0, 0x33')).toEqual({ vector: GP, errorCode: DATA0 });
  });

  test('a jump through a gate does not change the privilege level', () => {
    expect(called(0xec, CODE0).run('jmp far 0, 0x33')).toEqual({ vector: GP, errorCode: CODE0 });
    const m = called(0xec, CODE3);
    expect(m.run('jmp far 0, 0x33')).toBe('no fault');
    expect([m.cpu.registers.eip, m.cpu.registers.cpl]).toEqual([at.handlers + 0x20, 3]);
  });
});

test('RETF to a more privileged ring raises #GP', () => {
  const m = machine({ cpl: 3 });
  m.code('push 8', 'push 0');
  m.step(2);
  expect(m.run('ret far')).toEqual({ vector: GP, errorCode: CODE0 });
});

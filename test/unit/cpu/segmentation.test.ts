/** Intel SDM Vol. 3A, "Protection": limits, types, privilege, and the loads of segment registers. */
import { describe, expect, test } from 'vitest';
import { CODE3, DATA0, FREE, at, machine } from './test-machine.ts';

const UD = 6;
const NP = 11;
const SS = 12;
const GP = 13;

// Access bytes: present, DPL 3, data or code.
const DATA_RW = 0xf3;
const DATA_RO = 0xf1;
const DATA_DOWN = 0xf7;
const CODE_EXECUTE_ONLY = 0xf9;
const BIG = 4;

/** A ring-3 machine whose DS is a segment of these properties. */
function withDs(limit: number, access: number, flags = BIG): ReturnType<typeof machine> {
  const m = machine({ cpl: 3 });
  m.descriptor(FREE, at.data, limit, access, flags);
  m.cpu.registers.eax = FREE | 3;
  expect(m.run('mov ds, ax')).toBe('no fault');
  return m;
}

describe('limits and types', () => {
  test('the last byte of a segment is inside, the next is not', () => {
    expect(withDs(0xff, DATA_RW).run('mov al, [0xff]')).toBe('no fault');
    expect(withDs(0xff, DATA_RW).run('mov al, [0x100]')).toEqual({ vector: GP, errorCode: 0 });
    expect(withDs(0xff, DATA_RW).run('mov eax, [0xfd]')).toEqual({ vector: GP, errorCode: 0 });
  });

  test('an expand-down segment holds what is above its limit', () => {
    expect(withDs(0xff, DATA_DOWN).run('mov al, [0xff]')).toEqual({ vector: GP, errorCode: 0 });
    expect(withDs(0xff, DATA_DOWN).run('mov al, [0x100]')).toBe('no fault');
    expect(withDs(0xff, DATA_DOWN, 0).run('mov al, [0x10000]')).toEqual({ vector: GP, errorCode: 0 });
  });

  test('a read-only segment is not written', () => {
    expect(withDs(0xfff, DATA_RO).run('mov [0x100], eax')).toEqual({ vector: GP, errorCode: 0 });
  });

  test('beyond the limit of the stack segment it is #SS', () => {
    const m = machine({ cpl: 3 });
    m.descriptor(FREE, at.data, 0xfff, DATA_RW, BIG);
    m.cpu.registers.eax = FREE | 3;
    m.cpu.registers.esp = 0x2000;
    expect(m.run('mov ss, ax', 'push eax')).toEqual({ vector: SS, errorCode: 0 });
  });

  test('a null selector loads, and faults on use', () => {
    const m = machine({ cpl: 3 });
    m.cpu.registers.eax = 3;
    expect(m.run('mov ds, ax')).toBe('no fault');
    expect(m.run('mov eax, [0xfd]')).toEqual({ vector: GP, errorCode: 0 });
  });
});

describe('loading segment registers', () => {
  const load = (text: 'mov ds, ax' | 'mov ss, ax', selector: number, access: number): unknown => {
    const m = machine({ cpl: 3 });
    m.descriptor(FREE, 0, 0xfff, access, BIG);
    m.cpu.registers.eax = selector;
    return m.run(text);
  };

  test.each([
    ['beyond the table', 'mov ds, ax', 0x103, DATA_RW, GP, 0x100],
    ['not present', 'mov ds, ax', FREE | 3, 0x73, NP, FREE],
    ['a stack not present', 'mov ss, ax', FREE | 3, 0x73, SS, FREE],
    ['execute-only code', 'mov ds, ax', FREE | 3, CODE_EXECUTE_ONLY, GP, FREE],
    ['a system segment', 'mov ds, ax', FREE | 3, 0xe9, GP, FREE],
    ['more privileged data', 'mov ds, ax', DATA0, DATA_RW, GP, DATA0],
    ['a stack with the wrong RPL', 'mov ss, ax', FREE, DATA_RW, GP, FREE],
    ['a read-only stack', 'mov ss, ax', FREE | 3, DATA_RO, GP, FREE],
    ['a null stack', 'mov ss, ax', 0, DATA_RW, GP, 0],
  ] as const)('%s', (_, text, selector, access, vector, errorCode) => {
    expect(load(text, selector, access)).toEqual({ vector, errorCode });
  });

  test('sets the accessed bit of the descriptor', () => {
    const m = withDs(0xfff, 0xf2);
    expect(m.memory.readPhysical8(at.gdt + FREE + 5)).toBe(0xf3);
    expect(m.cpu.registers.segments.ds).toEqual({
      selector: FREE | 3,
      base: at.data,
      limit: 0xfff,
      attributes: 0x40f3,
    });
  });

  test('CS cannot be loaded by MOV', () => {
    const m = machine();
    m.memory.load(at.code, Uint8Array.of(0x8e, 0xc8));
    expect(m.run()).toEqual({ vector: UD });
  });
});

describe('privileged instructions at CPL 3', () => {
  test.each([
    'hlt',
    'cli',
    'lgdt [0x100]',
    'mov cr3, ecx',
    'mov eax, cr0',
    'invlpg [0x400000]',
    'wrmsr',
    'clts',
    'lmsw ax',
    'mov dr7, eax',
    'in al, dx',
  ] as const)('%s raises #GP(0)', (text) => {
    expect(machine({ cpl: 3 }).run(text)).toEqual({ vector: GP, errorCode: 0 });
  });

  test('a clear bit of the I/O map opens a port', () => {
    const m = machine({ cpl: 3 });
    m.memory.writePhysical32(at.tss + 0x68 + 0x7c, 0xffff_feff);
    m.cpu.registers.segments.tr = { ...m.cpu.registers.segments.tr, limit: 0x167 };
    m.cpu.registers.edx = 0x3e8;
    expect(m.run('in al, dx')).toBe('no fault');
    m.cpu.registers.edx = 0x3e0;
    expect(m.run('in al, dx')).toEqual({ vector: GP, errorCode: 0 });
  });

  test('POPF at CPL 3 leaves IF and IOPL alone, without a fault', () => {
    const m = machine({ cpl: 3, eflags: 0x202 });
    m.cpu.registers.eax = 0x3000;
    expect(m.run('push eax', 'popfd')).toBe('no fault');
    expect(m.cpu.registers.eflags).toBe(0x202);
  });
});

test('reserved bits of CR4 and paging without protection raise #GP(0)', () => {
  const m = machine();
  m.cpu.registers.eax = 0x4000;
  expect(m.run('mov cr4, eax')).toEqual({ vector: GP, errorCode: 0 });
  m.cpu.registers.ecx = 0x8000_0010;
  expect(m.run('mov cr0, ecx')).toEqual({ vector: GP, errorCode: 0 });
});

test('an unaligned access at CPL 3 raises #AC(0) when CR0.AM and EFLAGS.AC are set', () => {
  const m = machine({ cpl: 3, eflags: 0x4_0002 });
  m.cpu.registers.cr0 = 0x8005_0011;
  expect(m.run('mov eax, [0xfd]')).toEqual({ vector: 17, errorCode: 0 });
});

test('LAR and LSL see what is visible from CPL 3, and VERW what is writable', () => {
  const m = machine({ cpl: 3 });
  m.descriptor(FREE, 0, 0x12, DATA_RO, BIG | 8);
  m.cpu.registers.ecx = FREE | 3;
  m.run('lar eax, ecx', 'lsl edx, ecx');
  expect([m.cpu.registers.eax, m.cpu.registers.edx]).toEqual([0xc0_f100, 0x12fff]);
  m.run('verr cx');
  expect(m.cpu.registers.eflags & 0x40).toBe(0x40);
  m.run('verw cx');
  expect(m.cpu.registers.eflags & 0x40).toBe(0);
  m.cpu.registers.ecx = DATA0;
  m.run('lar eax, ecx');
  expect(m.cpu.registers.eax).toBe(0xc0_f100);
  expect(CODE3).toBe(0x1b);
});

/**
 * Operands of more than four bytes, and images of many: where an address wraps, what alignment they need, how much of
 * memory they touch. Found on a real processor, which test/conformance/host asks again at random.
 */
import { describe, expect, test } from 'vitest';
import { CPU_FEATURES_ALL } from '../../../emulator/cpu/cpuid.ts';
import { DATA0, FREE, at, machine } from './test-machine.ts';

const GP = 13;
const PF = 14;
const AC = 17;
const MISSING = 0x40_0000;
const IMAGE_BYTES = 512;

type M = ReturnType<typeof machine>;

/** FS is at `at.data`, with a limit; EBX is given. */
function withSegment(limit: number, ebx: number): M {
  const m = machine({ features: CPU_FEATURES_ALL });
  const { registers } = m.cpu;
  registers.cr4 = 0x600;
  registers.segments.fs = { selector: DATA0, base: at.data, limit, attributes: limit > 0xf_ffff ? 0xc093 : 0x4093 };
  registers.ebx = ebx;
  return m;
}

/** At CPL 3, with alignment checking; a page is missing at MISSING. */
function checked(ebx: number): M {
  const m = machine({ cpl: 3, features: CPU_FEATURES_ALL, pages: [{ linear: MISSING - 0x1000, flags: 'P W U' }] });
  const { registers } = m.cpu;
  registers.cr0 = 0x8005_0031;
  registers.cr4 = 0x600;
  registers.eflags = 0x4_0002;
  registers.ebx = ebx;
  return m;
}

function run(m: M, bytes: string): ReturnType<M['run']> {
  const code = bytes.split(' ').map((byte) => parseInt(byte, 16));
  m.memory.load(m.cpu.registers.eip, Uint8Array.from(code));
  return m.run();
}

/** ModRM of a memory operand: [EBX], or [BX] where addresses have 16 bits. */
const at32 = (opcode: string, reg: number): string => `${opcode} ${((reg << 3) | 3).toString(16)}`;
const at16 = (opcode: string, reg: number): string => `64 67 ${opcode} ${((reg << 3) | 7).toString(16)}`;

// prettier-ignore
//  instruction          opcode      reg   bytes
const OPERANDS = [
  ['FLD m64',            'dd',       0,    8],
  ['FST m64',            'dd',       2,    8],
  ['FADD m64',           'dc',       0,    8],
  ['FILD m64',           'df',       5,    8],
  ['FISTP m64',          'df',       7,    8],
  ['MOVQ mm, m64',       '0f 6f',    0,    8],
  ['MOVQ m64, mm',       '0f 7f',    0,    8],
  ['PADDB mm, m64',      '0f fc',    0,    8],
  ['CMPXCHG8B',          '0f c7',    1,    8],
  ['MOVLPS xmm, m64',    '0f 12',    0,    8],
  ['MOVSD xmm, m64',     'f2 0f 10', 0,    8],
  ['MOVSD m64, xmm',     'f2 0f 11', 0,    8],
  ['MOVUPS xmm, m128',   '0f 10',    0,    16],
  ['MOVUPS m128, xmm',   '0f 11',    0,    16],
] as const;

describe('a 16-bit address', () => {
  test.each(OPERANDS)('%s does not wrap inside the operand: beyond the limit it is #GP', (_, opcode, reg, size) => {
    expect(run(withSegment(0xffff, 0x10000 - size), at16(opcode, reg))).toBe('no fault');
    expect(run(withSegment(0xffff, 0x10004 - size), at16(opcode, reg))).toEqual({ vector: GP, errorCode: 0 });
  });

  test('MOVQ and FILD read on behind 64 KiB', () => {
    for (const [load, store] of [
      [at16('0f 6f', 0), at16('0f 7f', 0)],
      [at16('df', 5), at16('df', 7)],
    ]) {
      const m = withSegment(0xffff_ffff, 0xfffc);
      m.memory.writePhysical32(at.data, 0x3333_3333);
      m.memory.writePhysical32(at.data + 0xfffc, 0x1111_1111);
      m.memory.writePhysical32(at.data + 0x1_0000, 0x2222_2222);
      run(m, 'db e3');
      run(m, load);
      m.cpu.registers.ebx = 0x8000;
      expect(run(m, store)).toBe('no fault');
      const words = [0x8000, 0x8004].map((offset) => m.memory.readPhysical32(at.data + offset));
      expect(words).toEqual([0x1111_1111, 0x2222_2222]);
    }
  });

  test('MOVUPS and CMPXCHG8B write on behind 64 KiB', () => {
    const m = withSegment(0xffff_ffff, 0xfff8);
    const image = m.cpu.fxsave;
    image.set([1, 2, 3, 4], 40);
    m.cpu.fxsave = image;
    run(m, at16('0f 11', 0));
    const words = [0xfff8, 0xfffc, 0x1_0000, 0x1_0004, 0].map((offset) => m.memory.readPhysical32(at.data + offset));
    expect(words).toEqual([1, 2, 3, 4, 0]);
    const { registers } = m.cpu;
    [registers.eax, registers.edx, registers.ecx] = [2, 3, 5];
    registers.ebx = 0xfffc;
    expect(run(m, at16('0f c7', 1))).toBe('no fault');
    expect(m.memory.readPhysical32(at.data + 0x1_0000)).toBe(5);
  });

  test('the sign and exponent of ten bytes have an address of their own, which wraps', () => {
    const m = withSegment(0xffff, 0xfff8);
    m.memory.writePhysical32(at.data + 0xfffc, 0x8000_0000);
    m.memory.writePhysical16(at.data, 0x3fff);
    run(m, 'db e3');
    run(m, at16('db', 5));
    expect(m.cpu.fxsave.slice(8, 11)).toEqual(Int32Array.of(0, 0x8000_0000, 0x3fff));
    m.memory.writePhysical16(at.data, 0);
    expect(run(m, at16('db', 7))).toBe('no fault');
    expect(m.memory.readPhysical16(at.data)).toBe(0x3fff);
  });

  test.each([
    ['FNSTENV', at16('d9', 6), 0xfff0],
    ['FNSAVE', at16('dd', 6), 0xffe4],
    ['FXSAVE', at16('0f ae', 0), 0xff00],
  ])('%s writes an image that wraps operand by operand, inside a limit of FFFFh too', (_, bytes, offset) => {
    const m = withSegment(0xffff, offset);
    m.memory.ram.fill(0x11, at.data, at.data + 0x1_0010);
    expect(run(m, bytes)).toBe('no fault');
    const changed = [0, 0xfff0, 0x1_0000].map((place) => m.memory.readPhysical32(at.data + place) !== 0x1111_1111);
    expect(changed).toEqual([true, offset <= 0xfff0, false]);
  });
});

describe('alignment checking at CPL 3', () => {
  test.each([
    ...OPERANDS,
    ['FLD m80', 'db', 5, 8],
    ['FSTP m80', 'db', 7, 8],
    ['FBLD', 'df', 4, 8],
    ['FBSTP', 'df', 6, 8],
  ] as const)('%s needs its whole size, ten bytes need 8', (_, opcode, reg, size) => {
    expect(run(checked(at.data + size), at32(opcode, reg))).toBe('no fault');
    expect(run(checked(at.data + size / 2), at32(opcode, reg))).toEqual({ vector: AC, errorCode: 0 });
  });

  test.each([
    ['FNSAVE', 'dd 33', 4],
    ['FRSTOR', 'dd 23', 4],
    ['FNSTENV', 'd9 33', 4],
    ['FLDENV', 'd9 23', 4],
    ['FNSAVE of 16 bits', '66 dd 33', 2],
    ['FRSTOR of 16 bits', '66 dd 23', 2],
  ])('%s: the image needs the alignment of its first field alone', (_, bytes, size) => {
    expect(run(checked(at.data + size), bytes)).toBe('no fault');
    const m = checked(at.data + size / 2);
    expect(run(m, bytes)).toEqual({ vector: AC, errorCode: 0 });
    expect(m.memory.readPhysical32(at.data)).toBe(0);
  });
});

describe('pages', () => {
  test.each([
    ['PUNPCKLBW', '0f 60 03'],
    ['PUNPCKLWD', '0f 61 03'],
    ['PUNPCKLDQ', '0f 62 03'],
  ])('%s mm, m32 reads four bytes', (_, bytes) => {
    expect(run(checked(MISSING - 4), bytes)).toBe('no fault');
  });

  test('PUNPCKHBW mm, m64 reads eight', () => {
    const m = checked(MISSING - 4);
    m.cpu.registers.eflags = 2;
    expect(run(m, '0f 68 03')).toEqual({ vector: PF, errorCode: 4, cr2: MISSING });
  });

  test('FXRSTOR and FXSAVE touch all of their 512 bytes', () => {
    const short = MISSING - IMAGE_BYTES + 16;
    const cr2 = short + IMAGE_BYTES - 1;
    expect(run(checked(short), '0f ae 0b')).toEqual({ vector: PF, errorCode: 4, cr2 });
    expect(run(checked(short), '0f ae 03')).toEqual({ vector: PF, errorCode: 6, cr2 });
    expect(run(checked(short - 16), '0f ae 0b')).toBe('no fault');
    const limit = IMAGE_BYTES - 2;
    expect(run(withSegment(limit, 0), '64 0f ae 0b')).toEqual({ vector: GP, errorCode: 0 });
  });

  test.each([
    ['FST m32', 'd9 13'],
    ['FSTP m64', 'dd 1b'],
    ['FSTP m80', 'db 3b'],
    ['FIST m16', 'df 13'],
    ['FISTP m64', 'df 3b'],
    ['FBSTP', 'df 33'],
  ])('%s that an unmasked stack fault keeps from storing raises the page fault, and leaves the FPU', (_, bytes) => {
    const m = checked(MISSING);
    m.memory.writePhysical16(at.data, 0x37e);
    m.cpu.registers.ebx = at.data;
    run(m, 'db e3');
    run(m, 'd9 2b');
    const before = m.cpu.fxsave;
    m.cpu.registers.ebx = MISSING;
    expect(run(m, bytes)).toEqual({ vector: PF, errorCode: 6, cr2: MISSING });
    expect(m.cpu.fxsave).toEqual(before);
  });
});

describe('POP SS', () => {
  test('increments ESP by the size of the stack it pops from', () => {
    const m = machine();
    m.descriptor(FREE, 0, 0xf_ffff, 0x93, 0x8);
    m.cpu.registers.esp = 0x2_fffc;
    m.memory.writePhysical32(0x2_fffc, FREE);
    expect(run(m, '17')).toBe('no fault');
    expect(m.cpu.registers.esp).toBe(0x3_0000);
  });

  test('and SP where that stack has 16 bits', () => {
    const m = machine();
    m.descriptor(FREE, 0, 0xf_ffff, 0x93, 0x8);
    m.cpu.registers.eax = FREE;
    m.cpu.registers.esp = 0x1234_fffc;
    m.memory.writePhysical32(0xfffc, DATA0);
    run(m, '8e d0');
    expect(run(m, '17')).toBe('no fault');
    expect(m.cpu.registers.esp).toBe(0x1234_0000);
  });
});

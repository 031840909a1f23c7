/**
 * The FPU and SIMD units as an operating system meets them: when they may be used, how their exceptions arrive, how their
 * state is kept. What they compute is compared with processors in test/conformance.
 */
import { describe, expect, test } from 'vitest';
import { CPU_FEATURES_ALL, CPU_FEATURES_DEFAULT } from '../../../emulator/cpu/cpuid.ts';
import { at, machine } from './test-machine.ts';

const CR0 = 0x8001_0011;
const MP = 2;
const EM = 4;
const TS = 8;
const NE = 0x20;
const OSFXSR = 0x200;
const OSXMMEXCPT = 0x400;
const UD = 6;
const NM = 7;
const GP = 13;
const MF = 16;
const XM = 19;

function withCr0(bits: number, features?: number): ReturnType<typeof machine> {
  const m = machine(features === undefined ? {} : { features });
  m.cpu.registers.cr0 = CR0 | bits;
  return m;
}

function simdMachine(cr4: number): ReturnType<typeof machine> {
  const m = machine({ features: CPU_FEATURES_ALL });
  m.cpu.registers.cr4 = cr4;
  return m;
}

describe('the units may be used', () => {
  test('an x87 instruction raises #NM while CR0.EM or CR0.TS is set', () => {
    expect(withCr0(0).run('fld1')).toBe('no fault');
    expect(withCr0(EM).run('fld1')).toEqual({ vector: NM });
    expect(withCr0(TS).run('fld1')).toEqual({ vector: NM });
    expect(withCr0(TS).run('fninit')).toEqual({ vector: NM });
  });

  test('WAIT raises #NM only while CR0.MP and CR0.TS are both set', () => {
    expect(withCr0(MP | TS).run('fwait')).toEqual({ vector: NM });
    expect(withCr0(TS).run('fwait')).toBe('no fault');
    expect(withCr0(MP | EM).run('fwait')).toBe('no fault');
  });

  test('an MMX instruction raises #UD while CR0.EM is set, #NM while CR0.TS is', () => {
    expect(withCr0(EM | TS).run('paddb mm0, mm1')).toEqual({ vector: UD });
    expect(withCr0(TS).run('paddb mm0, mm1')).toEqual({ vector: NM });
  });

  test('without SSE its opcodes are #UD, FXSAVE too, and the bits of CR4 for it are reserved', () => {
    expect(machine().run('addps xmm0, xmm1')).toEqual({ vector: UD });
    expect(machine().run('fxsave [0x20000]')).toEqual({ vector: UD });
    const m = machine();
    m.cpu.registers.eax = OSFXSR;
    expect(m.run('mov cr4, eax')).toEqual({ vector: GP, errorCode: 0 });
  });

  test('with SSE they are #UD until CR4.OSFXSR is set', () => {
    const m = simdMachine(0);
    expect(m.run('addps xmm0, xmm1')).toEqual({ vector: UD });
    m.cpu.registers.eax = OSFXSR;
    expect(m.run('mov cr4, eax', 'addps xmm0, xmm1')).toBe('no fault');
  });

  test('16 bytes of memory must be aligned', () => {
    expect(simdMachine(OSFXSR).run('movaps xmm0, [0x20008]')).toEqual({ vector: GP, errorCode: 0 });
    expect(simdMachine(OSFXSR).run('fxsave [0x20008]')).toEqual({ vector: GP, errorCode: 0 });
    expect(simdMachine(OSFXSR).run('fxsave [0x20000]')).toBe('no fault');
  });
});

describe('exceptions', () => {
  test('an unmasked x87 exception raises #MF at the next instruction that waits', () => {
    const m = withCr0(NE);
    m.memory.writePhysical16(at.data, 0x37b);
    expect(m.run('fninit', 'fldcw [0x20000]', 'fld1', 'fldz', 'fdivp', 'fnstsw ax')).toBe('no fault');
    expect(m.cpu.registers.eax & 0x80ff).toBe(0x8084);
    expect(m.run('fwait')).toEqual({ vector: MF });
    expect(m.run('pxor mm3, mm3')).toEqual({ vector: MF });
    expect(m.run('fldz')).toEqual({ vector: MF });
    expect(m.run('fninit', 'fldz')).toBe('no fault');
  });

  test('without CR0.NE the board is told, and its interrupt comes before the instruction that waits', () => {
    const m: ReturnType<typeof machine> = machine({
      eflags: 0x202,
      ports: {
        floatingPointError: () => {
          m.cpu.interruptLine = true;
        },
        acknowledgeInterrupt: () => {
          m.cpu.interruptLine = false;
          return 0x2d;
        },
      },
    });
    m.memory.writePhysical16(at.data, 0x37b);
    m.run('fninit', 'fldcw [0x20000]', 'fld1', 'fldz', 'fdivp');
    const { eip } = m.cpu.registers;
    m.code('fldz');
    const before = m.cpu.instructionCount;
    m.step();
    expect([m.handler, m.stack(1)[0], m.cpu.instructionCount - before]).toEqual([0x2d, eip, 1]);
  });

  test('an unmasked SIMD exception raises #XM, or #UD while CR4.OSXMMEXCPT is clear, and changes MXCSR alone', () => {
    for (const [cr4, vector] of [
      [OSFXSR | OSXMMEXCPT, XM],
      [OSFXSR, UD],
    ] as const) {
      const m = simdMachine(cr4);
      m.memory.writePhysical32(at.data, 0x1d80);
      m.run('ldmxcsr [0x20000]');
      const before = m.cpu.fxsave;
      // 0/0 is invalid, which is masked; x/0 is not.
      for (let lane = 0; lane < 4; lane++) m.memory.writePhysical32(at.data + lane * 4, 0);
      const ones = m.cpu.fxsave;
      ones.fill(0x3f80_0000, 40, 44);
      m.cpu.fxsave = ones;
      expect(m.run('movups xmm1, [0x20000]', 'divps xmm0, xmm1')).toEqual({ vector });
      expect(m.cpu.fxsave[6]).toBe(before[6] | 4);
      expect([...m.cpu.fxsave.subarray(40, 44)]).toEqual([0x3f80_0000, 0x3f80_0000, 0x3f80_0000, 0x3f80_0000]);
    }
  });
});

/** FNINIT; FLD tbyte [20010h]; FLD tbyte [20000h]; FYL2X; FSTP tbyte [20020h]. */
// prettier-ignore
const LOGARITHM = [
  0xdb, 0xe3, 0xdb, 0x2d, 0x10, 0, 2, 0, 0xdb, 0x2d, 0, 0, 2, 0, 0xd9, 0xf1, 0xdb, 0x3d, 0x20, 0, 2, 0,
];

//  x: exponent, significand             y                             y * log2(x), as an AMD EPYC has it, and its exceptions
const LOGARITHMS = [
  [0, 0x1000n, 0, 0xffen, 0x8000, 0x0402_8f9en, 'P U D'],
  [0x4003, 1n << 63n, 0, 0xffen, 0, 0x3ff8n, 'P U D'],
  [0x4002, 1n << 63n, 1, 1n << 63n, 2, 0xc000_0000_0000_0000n, 'P'],
  [0x4000, 1n << 63n, 0, 1n << 62n, 0, 1n << 62n, 'P U D'],
] as const;

test.each(LOGARITHMS)(
  'the logarithm of a power of two is reported as inexact, and underflows: %#',
  (xTop, x, yTop, y, top, result, exceptions) => {
    const m = machine();
    const ram = (offset: number): number => m.memory.ram.byteOffset + at.data + offset;
    const { view } = m.memory;
    m.memory.load(at.code, Uint8Array.from(LOGARITHM));
    [[x, xTop, 0] as const, [y, yTop, 0x10] as const].forEach(([significand, exponent, offset]) => {
      view.setBigUint64(ram(offset), significand, true);
      view.setUint16(ram(offset) + 8, exponent, true);
    });
    m.step(5);
    expect([view.getUint16(ram(0x28), true), view.getBigUint64(ram(0x20), true)]).toEqual([top, result]);
    const status = m.cpu.fxsave[0] >>> 16;
    expect(['P', 'U', 'D'].filter((_, n) => (status & [0x20, 0x10, 2][n]) !== 0).join(' ')).toBe(exceptions);
  },
);

test('FYL2XP1 of a number next to -1, far out of its domain, comes to an end', () => {
  const m = machine();
  // FNINIT; FLD1; FLD tbyte [20000h]; FYL2XP1; FISTP dword [20010h].
  const code = [0xdb, 0xe3, 0xd9, 0xe8, 0xdb, 0x2d, 0, 0, 2, 0, 0xd9, 0xf9, 0xdb, 0x1d, 0x10, 0, 2, 0];
  m.memory.load(at.code, Uint8Array.from(code));
  // -(1 - 2^-53), as a processor has it: the logarithm is -53.
  m.memory.writePhysical32(at.data, 0xffff_f800);
  m.memory.writePhysical32(at.data + 4, 0xffff_ffff);
  m.memory.writePhysical16(at.data + 8, 0xbffe);
  m.step(5);
  expect(m.memory.readPhysical32(at.data + 0x10) | 0).toBe(-53);
});

describe('state', () => {
  test('after reset the control word is 40h and no register is empty; FNINIT makes them so', () => {
    const m = machine();
    expect([m.cpu.fxsave[0], m.cpu.fxsave[1], m.cpu.fxsave[6]]).toEqual([0x40, 0xff, 0x1f80]);
    m.run('fninit');
    expect([m.cpu.fxsave[0], m.cpu.fxsave[1]]).toEqual([0x37f, 0]);
  });

  test('a kernel that switches lazily saves with FNSAVE after #NM, and restores with FRSTOR', () => {
    const m = machine();
    m.run('fninit', 'fldpi', 'fld1');
    const state = m.cpu.fxsave;
    m.cpu.registers.cr0 |= TS;
    expect(m.run('fldz')).toEqual({ vector: NM });
    expect(m.run('clts', 'fnsave [0x20000]', 'fldz', 'frstor [0x20000]')).toBe('no fault');
    expect(m.cpu.fxsave).toEqual(state);
  });

  test('FNSTENV masks all exceptions; FIP and FCS are the last instruction’s', () => {
    const m = machine();
    m.run('fninit');
    const eip = m.cpu.registers.eip;
    m.run('fld1', 'fnstenv [0x20000]');
    const words = Array.from({ length: 7 }, (_, n) => m.memory.readPhysical32(at.data + n * 4));
    expect(words).toEqual([0xffff_037f, 0xffff_3800, 0xffff_3fff, eip, 0x01e8_0008, 0, 0xffff_0000]);
  });

  test('a 16-bit environment has no opcode: loading it clears FOP', () => {
    const m = machine();
    m.run('fninit', 'fld1');
    expect(m.cpu.fxsave[1] >>> 16).toBe(0x1e8);
    // FLDENV [20000h] with the 66 prefix.
    m.memory.load(m.cpu.registers.eip, Uint8Array.from([0x66, 0xd9, 0x25, 0, 0, 2, 0]));
    expect(m.run()).toBe('no fault');
    expect(m.cpu.fxsave[1] >>> 16).toBe(0);
  });

  test('in real mode the environment holds 20-bit addresses', () => {
    const m = machine({ real: true });
    // 66 prefix: the 32-bit layout. FNINIT; FLD1; FNSTENV [0500h].
    m.memory.load(0x7c00, Uint8Array.from([0xdb, 0xe3, 0xd9, 0xe8, 0x66, 0xd9, 0x36, 0, 5, 0xd9, 0x36, 0x40, 5]));
    m.step(4);
    const wide = Array.from({ length: 7 }, (_, n) => m.memory.readPhysical32(0x500 + n * 4));
    expect(wide).toEqual([0xffff_037f, 0xffff_3800, 0xffff_3fff, 0xffff_7c02, 0x01e8, 0xffff_0000, 0]);
    const narrow = Array.from({ length: 7 }, (_, n) => m.memory.readPhysical16(0x540 + n * 2));
    expect(narrow).toEqual([0x37f, 0x3800, 0x3fff, 0x7c02, 0x01e8, 0, 0]);
  });

  test('an MMX write sets exponents to ones and tags to valid; EMMS empties the stack', () => {
    const m = machine();
    m.run('fninit', 'pxor mm3, mm3');
    expect(m.cpu.fxsave[1] & 0xff).toBe(0xff);
    expect([...m.cpu.fxsave.subarray(20, 23)]).toEqual([0, 0, 0xffff]);
    m.run('emms');
    expect(m.cpu.fxsave[1] & 0xff).toBe(0);
  });

  test('a snapshot restored into another machine computes on like the first', () => {
    const first = machine({ features: CPU_FEATURES_ALL });
    first.run('fninit', 'fldpi', 'fld1');
    const second = machine({ features: CPU_FEATURES_ALL });
    second.cpu.restore(JSON.parse(JSON.stringify(first.cpu.save())) as ReturnType<typeof first.cpu.save>);
    second.memory.load(0, first.memory.ram);
    for (const m of [first, second]) m.run('fdivp', 'fstp qword ptr [0x20000], st');
    expect(second.cpu.save()).toEqual(first.cpu.save());
    expect(first.memory.view.getFloat64(first.memory.ram.byteOffset + at.data, true)).toBe(Math.PI);
  });
});

describe('CPUID says just what is there', () => {
  //                FPU DE PSE TSC MSR PAE CX8 APIC PGE CMOV PSE-36 MMX
  const always = [0, 2, 3, 4, 5, 6, 8, 9, 13, 15, 17, 23].reduce((bits, bit) => bits | (1 << bit), 0);

  test.each([
    ['by default', undefined, always],
    ['with everything', CPU_FEATURES_ALL, always | (7 << 24)],
  ] as const)('%s', (_, features, expected) => {
    const m = features === undefined ? machine() : machine({ features });
    m.cpu.registers.eax = 1;
    m.run('cpuid');
    expect(m.cpu.registers.edx).toBe(expected);
    expect(CPU_FEATURES_DEFAULT).toBe(always);
  });
});

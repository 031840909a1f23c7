/**
 * Counters, model-specific registers, descriptor-table stores and what stands beside them: small things a kernel can
 * turn off or that few programs use. Intel SDM Vol. 2, the instruction's page; Vol. 3A, "Control Registers".
 */
import { describe, expect, test } from 'vitest';
import { CPU_FEATURES_ALL, Feature } from '../../../emulator/cpu/cpuid.ts';
import type { TestMachine } from './test-machine.ts';
import { CODE0, DATA0, TSS_SELECTOR, at, machine } from './test-machine.ts';

const [UD, TS, GP] = [6, 10, 13];
const TSD = 0x4;
const PCE = 0x100;
const IA32_APIC_BASE = 0x1b;

/** Runs one instruction given as bytes; for those instructions.ts has no text for. */
function runBytes(m: TestMachine, ...bytes: readonly number[]): ReturnType<TestMachine['run']> {
  m.memory.load(m.cpu.registers.eip, Uint8Array.from(bytes));
  return m.run();
}
const RDPMC = [0x0f, 0x33];
const RDMSR = [0x0f, 0x32];
const CPUID = [0x0f, 0xa2];

describe('RDTSC', () => {
  test.each([
    { cpl: 0, cr4: 0, fault: 'no fault' },
    { cpl: 3, cr4: 0, fault: 'no fault' },
    { cpl: 0, cr4: TSD, fault: 'no fault' },
    { cpl: 3, cr4: TSD, fault: { vector: GP, errorCode: 0 } },
  ] as const)('at CPL $cpl with CR4 = $cr4', ({ cpl, cr4, fault }) => {
    const m = machine({ cpl });
    m.cpu.registers.cr4 = cr4;
    expect(m.run('rdtsc')).toEqual(fault);
  });
});

describe('RDPMC', () => {
  test.each([
    { cpl: 0, cr4: 0, counter: 1, fault: 'no fault' },
    { cpl: 3, cr4: 0, counter: 1, fault: { vector: GP, errorCode: 0 } },
    { cpl: 3, cr4: PCE, counter: 1, fault: 'no fault' },
    // A P6 has two counters.
    { cpl: 0, cr4: PCE, counter: 2, fault: { vector: GP, errorCode: 0 } },
  ] as const)('counter $counter at CPL $cpl with CR4 = $cr4', ({ cpl, cr4, counter, fault }) => {
    const m = machine({ cpl });
    m.cpu.registers.cr4 = cr4;
    m.cpu.registers.ecx = counter;
    expect(runBytes(m, ...RDPMC)).toEqual(fault);
  });
});

describe('IA32_APIC_BASE', () => {
  test('says FEE00000h, enabled, bootstrap processor', () => {
    const m = machine();
    m.cpu.registers.ecx = IA32_APIC_BASE;
    expect(runBytes(m, ...RDMSR)).toBe('no fault');
    expect([m.cpu.registers.eax, m.cpu.registers.edx]).toEqual([0xfee0_0900, 0]);
  });

  test.each([
    { low: 0xfee0_0901, high: 0, why: 'a reserved bit' },
    { low: 0xfee0_0d00, high: 0, why: 'the x2APIC' },
    { low: 0xfee0_0900, high: 0x10, why: 'an address beyond the 36 bits' },
  ])('written with $why raises #GP(0)', ({ low, high }) => {
    const m = machine();
    Object.assign(m.cpu.registers, { ecx: IA32_APIC_BASE, eax: low, edx: high });
    expect(m.run('wrmsr')).toEqual({ vector: GP, errorCode: 0 });
  });

  test('without its enable bit, CPUID announces no APIC', () => {
    const m = machine();
    const announced = (): number => {
      m.cpu.registers.eax = 1;
      runBytes(m, ...CPUID);
      return m.cpu.registers.edx & Feature.APIC;
    };
    expect(announced()).toBe(Feature.APIC);
    Object.assign(m.cpu.registers, { ecx: IA32_APIC_BASE, eax: 0xfee0_0100, edx: 0 });
    expect(m.run('wrmsr')).toBe('no fault');
    expect(announced()).toBe(0);
  });

  test('is for CPL 0', () => {
    const m = machine({ cpl: 3 });
    m.cpu.registers.ecx = IA32_APIC_BASE;
    expect(runBytes(m, ...RDMSR)).toEqual({ vector: GP, errorCode: 0 });
  });
});

// SDM Vol. 2, SGDT: "Full 32-bit base address stored" says its operation of operand sizes 16 and 32, and Bochs 2.7 does
// so. Its description has 24 bits and a zero byte with 16, as QEMU 7.2 does. A wider base loses nothing.
describe.each([
  { name: 'SGDT', register: 'gdtr', modrm: 0x05 },
  { name: 'SIDT', register: 'idtr', modrm: 0x0d },
] as const)('$name', ({ register, modrm }) => {
  test.each([
    { size: 32, prefix: [] },
    { size: 16, prefix: [0x66] },
  ])('with operand size $size stores limit and 32 bits of the base', ({ prefix }) => {
    const m = machine();
    m.cpu.registers[`${register}Base`] = 0x8765_4321;
    m.cpu.registers[`${register}Limit`] = 0xabcd;
    expect(runBytes(m, ...prefix, 0x0f, 0x01, modrm, 0x00, 0x00, 0x02, 0x00)).toBe('no fault');
    expect(m.memory.readPhysical16(at.data)).toBe(0xabcd);
    expect(m.memory.readPhysical32(at.data + 2)).toBe(0x8765_4321);
  });
});

test('LGDT with operand size 16 loads 24 bits of the base', () => {
  const m = machine();
  m.memory.writePhysical32(at.data, 0x4321_abcd);
  m.memory.writePhysical16(at.data + 4, 0x8765);
  expect(runBytes(m, 0x66, 0x0f, 0x01, 0x15, 0x00, 0x00, 0x02, 0x00)).toBe('no fault');
  expect([m.cpu.registers.gdtrBase, m.cpu.registers.gdtrLimit]).toEqual([0x0065_4321, 0xabcd]);
});

test('CLFLUSH, whose bit of CPUID is clear, is #UD also with SSE2', () => {
  const m = machine({ features: CPU_FEATURES_ALL });
  expect(runBytes(m, 0x0f, 0xae, 0x3d, 0x00, 0x00, 0x02, 0x00)).toEqual({ vector: UD });
});

test('an instruction of sixteen bytes is #GP(0), one of fifteen is none', () => {
  const prefixed = (count: number): readonly number[] => [...Array<number>(count).fill(0x3e), 0x90];
  expect(runBytes(machine(), ...prefixed(14))).toBe('no fault');
  expect(runBytes(machine(), ...prefixed(15))).toEqual({ vector: GP, errorCode: 0 });
});

test('a call gate to a ring whose stack is beyond the limit of the TSS raises #TS with its selector', () => {
  const m = machine({ cpl: 3 });
  m.callGate(0x30, CODE0, at.handlers, 0xec, 0);
  m.cpu.registers.segments.tr = { selector: TSS_SELECTOR, base: at.tss, limit: 8, attributes: 0x8b };
  expect(m.run('call far 0, 0x33')).toEqual({ vector: TS, errorCode: TSS_SELECTOR });
  m.cpu.registers.segments.tr = { selector: TSS_SELECTOR, base: at.tss, limit: 9, attributes: 0x8b };
  expect(m.run('call far 0, 0x33')).toBe('no fault');
  expect(m.cpu.registers.segments.ss.selector).toBe(DATA0);
});

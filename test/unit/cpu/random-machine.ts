/**
 * Machines whose code, data, descriptors and page tables are random bytes, in every mode, for tests of what must hold
 * whatever the guest does.
 */
import type { CpuOptions } from '../../../emulator/cpu/cpu.ts';
import { Cpu } from '../../../emulator/cpu/cpu.ts';
import type { CpuBus } from '../../../emulator/cpu/cpu-bus.ts';
import { Feature } from '../../../emulator/cpu/cpuid.ts';
import { Cr4 } from '../../../emulator/cpu/registers.ts';
import { GuestMemory } from '../../../emulator/memory/guest-memory.ts';
import { Random } from './random.ts';

export const RAM_BYTES = 0x20000;
const PAGE_DIRECTORY = 0x1000;
const PAGE_TABLE = 0x2000;
const GDT = 0x3000;
const IDT = 0x4000;
const TSS = 0x5000;
/** High halves of flat ring-0 code and data. */
const FLAT = [0x00cf_9b00, 0x00cf_9300];

export type Mode =
  'real' | 'protected 32' | 'protected 16' | 'ring 3' | 'paged ring 3' | 'PAE-paged ring 3' | 'virtual 8086';
export const MODES: readonly Mode[] = [
  'real',
  'protected 32',
  'protected 16',
  'ring 3',
  'paged ring 3',
  'PAE-paged ring 3',
  'virtual 8086',
];

/** Answers depend on the order of the calls alone. */
function newBus(random: Random, raise: () => void): CpuBus {
  return {
    readPort: () => random.int32() >>> 0,
    writePort: (_, __, value) => {
      if ((value & 7) === 0) raise();
    },
    readMmio: () => random.int32() >>> 0,
    writeMmio: (_, __, value) => {
      if ((value & 7) === 0) raise();
    },
    acknowledgeInterrupt: () => 0x20 + random.below(8),
  };
}

/** @param options with SSE among the features, the operating system has enabled it */
export function newCpu(mode: Mode, seed: number, options: CpuOptions = {}): { cpu: Cpu; memory: GuestMemory } {
  const random = new Random(seed);
  const memory = new GuestMemory(RAM_BYTES, []);
  for (let at = 0; at < RAM_BYTES; at++) memory.ram[at] = random.byte();
  const cpu: Cpu = new Cpu(
    memory,
    newBus(new Random(seed ^ 0x5a5a), () => {
      cpu.interruptLine = !cpu.interruptLine;
    }),
    options,
  );
  const { registers } = cpu;
  for (const name of ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const) {
    registers[name] = random.below(2) === 0 ? random.below(RAM_BYTES) : random.int32() >>> 0;
  }
  setMode(cpu, memory, mode, random);
  if (((options.features ?? 0) & Feature.SSE) !== 0) registers.cr4 |= Cr4.OSFXSR | Cr4.OSXMMEXCPT;
  registers.eip = random.below(0xf000);
  // Only an instruction loads the PDPTE registers.
  if (mode === 'PAE-paged ring 3') cpu.restore({ ...cpu.save(), pdptes: [PAGE_DIRECTORY | 1, 0, 0, 0, 0, 0, 0, 0] });
  return { cpu, memory };
}

function setMode(cpu: Cpu, memory: GuestMemory, mode: Mode, random: Random): void {
  const { registers } = cpu;
  const { segments } = registers;
  const data = ['es', 'ss', 'ds', 'fs', 'gs'] as const;
  registers.gdtrBase = GDT;
  registers.gdtrLimit = 0xfff;
  registers.idtrBase = mode === 'real' ? 0 : IDT;
  registers.idtrLimit = 0x7ff;
  if (mode === 'real' || mode === 'virtual 8086') {
    const ring = mode === 'real' ? 0x93 : 0xf3;
    for (const name of ['cs', ...data] as const) {
      const selector = random.below(0x1000);
      segments[name] = { selector, base: selector * 16, limit: 0xffff, attributes: ring };
    }
    registers.cr0 = mode === 'real' ? 0x10 : 0x11;
    registers.eflags = (random.int32() & 0x0_0cd5) | (mode === 'real' ? 2 : 0x2_0002) | (random.int32() & 0x3000);
    registers.cpl = mode === 'real' ? 0 : 3;
  } else {
    const ring = mode.endsWith('ring 3') ? 3 : 0;
    const attributes = (mode === 'protected 16' ? 0x8093 : 0xc093) | (ring << 5);
    for (const name of data) segments[name] = { selector: 0x10 | ring, base: 0, limit: 0xffff_ffff, attributes };
    segments.cs = { selector: 0x08 | ring, base: 0, limit: 0xffff_ffff, attributes: attributes | 8 };
    registers.cr0 = 0x11;
    registers.cpl = ring;
    registers.eflags = (random.int32() & 0x4_7fd5) | 2;
  }
  if (mode !== 'real') setTables(memory, random);
  segments.tr = { selector: 0x28, base: TSS, limit: 0x67, attributes: 0x8b };
  if (mode.includes('paged')) {
    const pae = mode.startsWith('PAE');
    const entryBytes = pae ? 8 : 4;
    const set = (address: number, entry: number): void => {
      memory.view.setUint32(memory.ram.byteOffset + address, entry, true);
      if (pae)
        memory.view.setUint32(memory.ram.byteOffset + address + 4, random.below(60) === 0 ? random.int32() : 0, true);
    };
    set(PAGE_DIRECTORY, PAGE_TABLE | 7);
    memory.view.setUint32(memory.ram.byteOffset + PAGE_DIRECTORY + 4, pae ? 0 : random.int32(), true);
    for (let page = 0; page < 0x40; page++) {
      // The tables and the ring-0 stack stay where they are.
      const system = page < 6 || page === 0x1e;
      const random20 = (random.below(0x24) << 12) | (random.byte() & 0x66) | (random.below(8) === 0 ? 0 : 5);
      set(PAGE_TABLE + page * entryBytes, system ? (page << 12) | 0x67 : random20);
    }
    registers.cr4 = pae ? 0x20 : 0;
    registers.cr3 = PAGE_DIRECTORY;
    registers.cr0 = 0x8005_0011;
  }
}

/** Present descriptors of any type, flat ones for the kernel, and gates that lead to random code of ring 0. */
function setTables(memory: GuestMemory, random: Random): void {
  for (let at = GDT; at < GDT + 0x1000; at += 8) memory.ram[at + 5] |= 0x80;
  const dword = (at: number, value: number): void => {
    memory.view.setUint32(memory.ram.byteOffset + at, value, true);
  };
  FLAT.forEach((high, index) => {
    dword(GDT + 8 + index * 8, 0xffff);
    dword(GDT + 12 + index * 8, high);
  });
  for (let vector = 0; vector < 256; vector++) {
    dword(IDT + vector * 8, (0x08 << 16) | random.below(0x10000));
    dword(IDT + vector * 8 + 4, 0x8600 | (random.byte() & 9) | ((random.byte() & 0x69) << 8));
  }
  dword(TSS + 4, 0x1f000);
  dword(TSS + 8, 0x10);
}

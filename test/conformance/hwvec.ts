/**
 * Runs single-instruction vectors captured on a real processor at CPL 3; format in vectors/hwvec/README.md.
 * The machine around them is set up as that page says, with a ring-0 kernel that does nothing but HLT: its IDT has one
 * HLT per vector, so faults are delivered and read back from the ring-0 stack like a kernel would.
 */
import { Cpu } from '../../emulator/cpu/cpu.ts';
import type { CpuBus } from '../../emulator/cpu/cpu-bus.ts';
import type { TranslatorOptions } from '../../emulator/translator/translator.ts';
import { fsaveToFxsave, fpuDifferences } from './fpu-image.ts';
import { GuestMemory } from '../../emulator/memory/guest-memory.ts';

export interface HwVector {
  readonly n: string;
  readonly c: string;
  readonly eip: number;
  readonly r: readonly number[];
  readonly f: number;
  readonly s: readonly number[];
  readonly m: readonly (readonly [address: number, hex: string])[];
  readonly fp?: string;
  readonly o: {
    readonly r: readonly number[];
    readonly f: number;
    readonly s: readonly number[];
    readonly eip: number;
    readonly d: readonly (readonly [address: number, hex: string])[];
    readonly x?: readonly number[];
    readonly u?: number;
    readonly fp?: string;
  };
}

const GENERAL = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
const SEGMENTS = ['cs', 'ds', 'es', 'fs', 'ss'] as const;
const FLAGS_COMPARED = 0x4_0ed5;
const BP = 3;
const PF = 14;
const ERROR_CODE_VECTORS = new Set([8, 10, 11, 12, 13, 14, 17]);
const COUNT_MAX = 100_000;

// Linear addresses of the vectors' memory, in the order of base.bin, and where it lies in physical memory.
const AREAS = [
  { linear: 0x1000_0000, bytes: 0x1000, physical: 0x10000, writable: true },
  { linear: 0x2000_0000, bytes: 0x2000, physical: 0x11000, writable: true },
  { linear: 0x2000_2000, bytes: 0x1000, physical: 0x13000, writable: false },
  { linear: 0x3000_0000, bytes: 0x1000, physical: 0x14000, writable: true },
  { linear: 0x0000_8000, bytes: 0x1000, physical: 0x15000, writable: true },
] as const;

const BASE = 0x10000;
const BASE_BYTES = 0x6000;
/** An address no generator would think of, so that the vectors' wild accesses find nothing there. */
const SYSTEM_LINEAR = 0xa9b4_8000;
const SYSTEM_PHYSICAL = 0x20000;
const SYSTEM_PAGES = 8;
const IDT = 0x1000;
const HANDLERS = 0x2000;
const TSS = 0x3000;
const STACK_TOP = 0x5000;
const GDT = 0x5000;
const LDT = 0x6000;
const PAGE_DIRECTORY = 0x1000;
const PAGE_TABLES = 0x2000;
const KERNEL_CS = 0x08;
const KERNEL_DS = 0x10;
const LDT_LIMIT = 87;

/** base, limit (as stored), attributes: access byte | G/B bits << 8, as in the README's list of LDT entries; bit AVL is set in all. */
const LDT_ENTRIES: readonly (readonly [base: number, limit: number, access: number, flags: number])[] = [
  [0x2000_0000, 0x7ff, 0xf3, 0x5],
  [0x2000_0000, 0x7ff, 0xf1, 0x5],
  [0x2000_0000, 0x7ff, 0xf7, 0x5],
  [0x1000_0000, 0xfff, 0xfb, 0x1],
  [0x1000_0000, 0xfff, 0xf9, 0x5],
  [0x1000_0000, 0xfff, 0xfb, 0x5],
  [0x3000_0000, 0xfff, 0xf3, 0x1],
  [0x2000_0000, 1, 0x73, 0xd],
  [0x3000_0000, 0xfff, 0xf3, 0x5],
  [0x2000_0000, 0xffff, 0xf7, 0x1],
  [0x2000_0000, 2, 0xf3, 0xd],
];

const noBus: CpuBus = {
  readPort: () => 0xffff_ffff,
  writePort: () => undefined,
  readMmio: () => 0xffff_ffff,
  writeMmio: () => undefined,
  acknowledgeInterrupt: () => 0,
};

export class HwVectorMachine {
  readonly #memory = new GuestMemory(0x40000, []);
  readonly #cpu: Cpu;
  readonly #image: Uint8Array;

  /** @param base base.bin */
  constructor(base: Uint8Array, translate: TranslatorOptions | false = false) {
    const memory = this.#memory;
    this.#cpu = new Cpu(memory, noBus, { translate });
    memory.load(BASE, base);
    let table = PAGE_TABLES;
    const map = (linear: number, physical: number, flags: number): void => {
      const pde = PAGE_DIRECTORY + (linear >>> 22) * 4;
      if (memory.readPhysical32(pde) === 0) {
        memory.writePhysical32(pde, table | 0x67);
        table += 0x1000;
      }
      const pte = (memory.readPhysical32(pde) & ~0xfff) + ((linear >>> 12) & 0x3ff) * 4;
      memory.writePhysical32(pte, physical | flags);
    };
    for (const area of AREAS) {
      for (let at = 0; at < area.bytes; at += 0x1000) {
        map(area.linear + at, area.physical + at, area.writable ? 0x67 : 0x65);
      }
    }
    for (let page = 0; page < SYSTEM_PAGES; page++) {
      map(SYSTEM_LINEAR + page * 0x1000, SYSTEM_PHYSICAL + page * 0x1000, 0x63);
    }
    const descriptor = (at: number, baseAddress: number, limit: number, access: number, flags: number): void => {
      memory.writePhysical32(SYSTEM_PHYSICAL + at, (limit & 0xffff) | ((baseAddress & 0xffff) << 16));
      const high = ((baseAddress >>> 16) & 0xff) | (access << 8) | (limit & 0xf_0000) | (flags << 20);
      memory.writePhysical32(SYSTEM_PHYSICAL + at + 4, high | (baseAddress & 0xff00_0000));
    };
    descriptor(GDT + KERNEL_CS, 0, 0xf_ffff, 0x9b, 0xc);
    descriptor(GDT + KERNEL_DS, 0, 0xf_ffff, 0x93, 0xc);
    descriptor(GDT + 0x20, 0, 0xf_ffff, 0xfb, 0xc);
    descriptor(GDT + 0x28, 0, 0xf_ffff, 0xf3, 0xc);
    LDT_ENTRIES.forEach(([baseAddress, limit, access, flags], index) => {
      descriptor(LDT + index * 8, baseAddress, limit, access, flags);
    });
    for (let vector = 0; vector < 256; vector++) {
      const handler = SYSTEM_LINEAR + HANDLERS + vector;
      const access = vector === 3 || vector === 4 ? 0xee00 : 0x8e00;
      memory.writePhysical32(SYSTEM_PHYSICAL + IDT + vector * 8, (KERNEL_CS << 16) | (handler & 0xffff));
      memory.writePhysical32(SYSTEM_PHYSICAL + IDT + vector * 8 + 4, (handler & 0xffff_0000) | access);
      memory.writePhysical8(SYSTEM_PHYSICAL + HANDLERS + vector, 0xf4);
    }
    memory.writePhysical32(SYSTEM_PHYSICAL + TSS + 4, SYSTEM_LINEAR + STACK_TOP);
    memory.writePhysical32(SYSTEM_PHYSICAL + TSS + 8, KERNEL_DS);
    memory.writePhysical16(SYSTEM_PHYSICAL + TSS + 0x66, 0x68);
    this.#image = memory.ram.slice();
  }

  /** Instructions that were executed as translated code. */
  get translated(): number {
    return this.#cpu.translator?.executed ?? 0;
  }

  /**
   * @param warm whether the TLB is left as the last vector made it, which translated code needs for its accesses
   * @returns what differs, one line each; empty when the vector passes
   */
  run(vector: HwVector, warm = false): string[] {
    this.#setUp(vector);
    if (!warm) this.#cpu.flushTlb();
    const before = this.#memory.ram.slice(BASE, BASE + BASE_BYTES);
    const stop = this.#cpu.run(this.#cpu.instructionCount + COUNT_MAX);
    if (stop.reason !== 'halted') return [`stopped with '${stop.reason}' after ${String(COUNT_MAX)} instructions`];
    return this.#compare(vector, before);
  }

  #setUp(vector: HwVector): void {
    const memory = this.#memory;
    memory.ram.set(this.#image);
    memory.changed(0, memory.ramBytes);
    const registers = this.#cpu.registers;
    this.#cpu.halted = false;
    registers.cr0 = 0x8005_0033;
    registers.cr4 = 0;
    registers.cr3 = PAGE_DIRECTORY;
    registers.gdtrBase = SYSTEM_LINEAR + GDT;
    registers.gdtrLimit = 0x7f;
    registers.idtrBase = SYSTEM_LINEAR + IDT;
    registers.idtrLimit = 0x7ff;
    registers.segments.ldtr = { selector: 0x50, base: SYSTEM_LINEAR + LDT, limit: LDT_LIMIT, attributes: 0x82 };
    registers.segments.tr = { selector: 0x40, base: SYSTEM_LINEAR + TSS, limit: 0x67, attributes: 0x8b };
    SEGMENTS.forEach((name, index) => {
      this.#loadSegment(name, vector.s[index]);
    });
    registers.segments.gs = { selector: 0, base: 0, limit: 0, attributes: 0 };
    GENERAL.forEach((name, index) => {
      registers[name] = vector.r[index];
    });
    registers.eflags = vector.f;
    registers.eip = vector.eip;
    registers.cpl = 3;
    if (vector.fp !== undefined) this.#cpu.fxsave = fsaveToFxsave(Buffer.from(vector.fp, 'hex'));
    this.#write(registers.segments.cs.base + vector.eip, vector.c);
    for (const [address, hex] of vector.m) this.#write(address, hex);
  }

  #loadSegment(name: (typeof SEGMENTS)[number], selector: number): void {
    const segments = this.#cpu.registers.segments;
    if ((selector & 0xfffc) === 0) {
      segments[name] = { selector, base: 0, limit: 0, attributes: 0 };
      return;
    }
    const at = SYSTEM_PHYSICAL + ((selector & 4) !== 0 ? LDT : GDT) + (selector & 0xfff8);
    const low = this.#memory.readPhysical32(at);
    const high = this.#memory.readPhysical32(at + 4);
    const limit = (low & 0xffff) | (high & 0xf_0000);
    segments[name] = {
      selector,
      base: ((low >>> 16) | ((high & 0xff) << 16) | (high & 0xff00_0000)) >>> 0,
      limit: (high & 0x80_0000) !== 0 ? limit * 0x1000 + 0xfff : limit,
      attributes: (high >>> 8) & 0xf0ff,
    };
  }

  #write(linear: number, hex: string): void {
    const bytes = hex.match(/../g) ?? [];
    bytes.forEach((byte, index) => {
      const physical = physicalOf(linear + index);
      if (physical !== undefined) this.#memory.writePhysical8(physical, parseInt(byte, 16));
    });
  }

  #compare(vector: HwVector, before: Uint8Array): string[] {
    const { registers } = this.#cpu;
    const differences: string[] = [];
    const same = (what: string, actual: number, expected: number): void => {
      if (actual !== expected) differences.push(`${what} is ${hexOf(actual)}, expected ${hexOf(expected)}`);
    };
    const handler = registers.eip - 1 - (SYSTEM_LINEAR + HANDLERS);
    let frame = SYSTEM_PHYSICAL + (registers.esp - SYSTEM_LINEAR);
    const next = (): number => {
      frame += 4;
      return this.#memory.readPhysical32(frame - 4);
    };
    const errorCode = ERROR_CODE_VECTORS.has(handler) ? next() : 0;
    let eip = next();
    const cs = next() & 0xffff;
    const eflags = next();
    const esp = next();
    const ss = next() & 0xffff;
    const expected = vector.o.x;
    if (expected === undefined) {
      same('exception', handler, BP);
      if (handler === BP) eip = (eip - 1) >>> 0;
    } else {
      same('exception', handler, expected[0]);
      // The capture ran with NX on, which sets bit 4 of a fetch fault.
      same('error code', errorCode, handler === PF ? expected[1] & ~0x10 : expected[1]);
      if (handler === PF && expected[2] !== undefined) same('cr2', registers.cr2, expected[2]);
    }
    same('eip', eip, vector.o.eip);
    GENERAL.forEach((name, index) => {
      same(name, name === 'esp' ? esp : registers[name], vector.o.r[index]);
    });
    const { segments } = registers;
    const selectors = { cs, ds: segments.ds.selector, es: segments.es.selector, fs: segments.fs.selector, ss };
    SEGMENTS.forEach((name, index) => {
      same(name, selectors[name], vector.o.s[index]);
    });
    const mask = FLAGS_COMPARED & ~(vector.o.u ?? 0);
    same('eflags', eflags & mask, vector.o.f & mask);
    differences.push(...this.#compareMemory(vector, before));
    if (vector.o.fp !== undefined) {
      differences.push(...fpuDifferences(vector, this.#cpu.fxsave, fsaveToFxsave(Buffer.from(vector.o.fp, 'hex'))));
    }
    return differences;
  }

  #compareMemory(vector: HwVector, before: Uint8Array): string[] {
    const expected = before;
    for (const [address, hex] of vector.o.d) {
      (hex.match(/../g) ?? []).forEach((byte, index) => {
        const physical = physicalOf(address + index);
        if (physical !== undefined) expected[physical - BASE] = parseInt(byte, 16);
      });
    }
    const differences: string[] = [];
    for (const area of AREAS) {
      for (let at = 0; at < area.bytes; at++) {
        const actual = this.#memory.ram[area.physical + at];
        const wanted = expected[area.physical + at - BASE];
        if (actual !== wanted) {
          differences.push(`byte at ${hexOf(area.linear + at)} is ${hexOf(actual)}, expected ${hexOf(wanted)}`);
        }
      }
    }
    return differences;
  }
}

function physicalOf(linear: number): number | undefined {
  const area = AREAS.find(({ linear: start, bytes }) => linear >= start && linear < start + bytes);
  return area === undefined ? undefined : area.physical + linear - area.linear;
}

function hexOf(value: number): string {
  return `0x${value.toString(16)}`;
}

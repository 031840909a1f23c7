/**
 * A small protected-mode machine for CPU tests: flat segments, paging, one HLT per vector, and room to change any of
 * it. Instructions are written as text; instructions.ts holds their bytes.
 */
import { Cpu } from '../../../emulator/cpu/cpu.ts';
import type { CpuBus } from '../../../emulator/cpu/cpu-bus.ts';
import type { CpuStop } from '../../../emulator/cpu/cpu-stop.ts';
import { GuestMemory } from '../../../emulator/memory/guest-memory.ts';
import type { Engine } from './engines.ts';
import type { InstructionText } from './instructions.ts';
import { bytesOf } from './instructions.ts';

export const CODE0 = 0x08;
export const DATA0 = 0x10;
export const CODE3 = 0x1b;
export const DATA3 = 0x23;
export const TSS_SELECTOR = 0x28;
/** First selectors tests may fill as they like. */
export const FREE = 0x30;

export const at = {
  pageDirectory: 0x1000,
  pageTables: 0x2000,
  gdt: 0x8000,
  idt: 0x9000,
  tss: 0xa000,
  otherTss: 0xb000,
  ldt: 0xc000,
  code: 0x10000,
  data: 0x20000,
  stack0: 0x30000,
  stack3: 0x38000,
  handlers: 0x40000,
} as const;

export const IDENTITY_BYTES = 0x80000;

export interface Page {
  readonly linear: number;
  readonly physical?: number;
  /** Letters of the PTE: P W U A D G, separated by blanks. */
  readonly flags: string;
}

export interface MachineOptions {
  readonly cpl?: 0 | 3;
  /** Pages on top of the identity mapping of the first 512 KiB, which is 'P W U'. */
  readonly pages?: readonly Page[];
  readonly eflags?: number;
  readonly ports?: Partial<CpuBus>;
  /** Real mode from the start, without descriptor tables. */
  readonly real?: boolean;
  /** Bits of `Feature`; the default processor's otherwise. */
  readonly features?: number;
  /** By default all of them, each in its time. */
  readonly engine?: Engine;
}

const PTE_BITS: Readonly<Record<string, number>> = { P: 1, W: 2, U: 4, A: 0x20, D: 0x40, S: 0x80, G: 0x100 };

export function pteFlags(letters: string): number {
  return letters
    .split(' ')
    .filter((letter) => letter !== '')
    .reduce((bits, letter) => bits | PTE_BITS[letter], 0);
}

/** A fault as the tests write it down. */
export interface Fault {
  readonly vector: number;
  readonly errorCode?: number;
  readonly cr2?: number;
}

export class TestMachine {
  readonly memory = new GuestMemory(0x10_0000, [{ start: 0xa0000, bytes: 0x20000 }]);
  readonly cpu: Cpu;
  #end: number = at.code;

  constructor(options: MachineOptions) {
    const bus: CpuBus = {
      readPort: () => 0xff,
      writePort: () => undefined,
      readMmio: () => 0xff,
      writeMmio: () => undefined,
      acknowledgeInterrupt: () => 0x20,
      ...options.ports,
    };
    this.cpu = new Cpu(this.memory, bus, { features: options.features, ...options.engine });
    if (options.real === true) this.#setUpReal();
    else this.#setUpProtected(options);
    this.cpu.registers.eflags = options.eflags ?? 2;
  }

  #setUpReal(): void {
    const { registers } = this.cpu;
    for (const name of ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const) {
      registers.segments[name] = { selector: 0, base: 0, limit: 0xffff, attributes: 0x93 };
    }
    registers.eip = 0x7c00;
    registers.esp = 0x7000;
    this.#end = 0x7c00;
  }

  #setUpProtected(options: MachineOptions): void {
    const { memory } = this;
    for (let page = 0; page < IDENTITY_BYTES; page += 0x1000) this.map({ linear: page, flags: 'P W U' });
    for (const page of options.pages ?? []) this.map(page);
    this.descriptor(CODE0, 0, 0xf_ffff, 0x9b, 0xc);
    this.descriptor(DATA0, 0, 0xf_ffff, 0x93, 0xc);
    this.descriptor(CODE3, 0, 0xf_ffff, 0xfb, 0xc);
    this.descriptor(DATA3, 0, 0xf_ffff, 0xf3, 0xc);
    this.descriptor(TSS_SELECTOR, at.tss, 0x67, 0x8b, 0);
    for (let vector = 0; vector < 0x40; vector++) {
      this.gate(vector, CODE0, at.handlers + vector, vector === 0x30 ? 0xee : 0x8e);
      memory.writePhysical8(at.handlers + vector, 0xf4);
    }
    memory.writePhysical32(at.tss + 4, at.stack0);
    memory.writePhysical32(at.tss + 8, DATA0);
    memory.writePhysical16(at.tss + 0x66, 0x68);
    const { registers } = this.cpu;
    registers.cr0 = 0x8001_0011;
    registers.cr3 = at.pageDirectory;
    registers.gdtrBase = at.gdt;
    registers.gdtrLimit = 0xff;
    registers.idtrBase = at.idt;
    registers.idtrLimit = 0x40 * 8 - 1;
    registers.segments.tr = { selector: TSS_SELECTOR, base: at.tss, limit: 0x67, attributes: 0x8b };
    registers.segments.ldtr = { selector: 0, base: 0, limit: 0, attributes: 0 };
    const cpl = options.cpl ?? 0;
    const ring = cpl === 3 ? 0x60 : 0;
    const [code, data] = cpl === 3 ? [CODE3, DATA3] : [CODE0, DATA0];
    registers.segments.cs = { selector: code, base: 0, limit: 0xffff_ffff, attributes: 0xc09b | ring };
    for (const name of ['es', 'ss', 'ds', 'fs', 'gs'] as const) {
      registers.segments[name] = { selector: data, base: 0, limit: 0xffff_ffff, attributes: 0xc093 | ring };
    }
    registers.cpl = cpl;
    registers.esp = cpl === 3 ? at.stack3 : at.stack0;
    registers.eip = at.code;
  }

  /** Address of the page-table entry of `linear`. */
  pte(linear: number): number {
    const pde = this.memory.readPhysical32(at.pageDirectory + (linear >>> 22) * 4);
    return (pde & ~0xfff) + ((linear >>> 12) & 0x3ff) * 4;
  }

  map({ linear, physical = linear, flags }: Page): void {
    const pde = at.pageDirectory + (linear >>> 22) * 4;
    if (this.memory.readPhysical32(pde) === 0) {
      const used = [...Array(1024).keys()].filter((n) => this.memory.readPhysical32(at.pageDirectory + n * 4) !== 0);
      this.memory.writePhysical32(pde, (at.pageTables + used.length * 0x1000) | 7);
    }
    this.memory.writePhysical32(this.pte(linear), physical | pteFlags(flags));
  }

  /** @param access the access byte: P, DPL, S, type; @param flags G, D/B, 0, AVL */
  descriptor(selector: number, base: number, limit: number, access: number, flags: number): void {
    const table = (selector & 4) !== 0 ? at.ldt : at.gdt;
    const entry = table + (selector & 0xfff8);
    this.memory.writePhysical32(entry, (limit & 0xffff) | ((base & 0xffff) << 16));
    const high = ((base >>> 16) & 0xff) | (access << 8) | (limit & 0xf_0000) | (flags << 20);
    this.memory.writePhysical32(entry + 4, (high | (base & 0xff00_0000)) >>> 0);
  }

  /** @param access P, DPL, type: 8E interrupt gate, EE one for ring 3, 8F trap gate, 85 task gate */
  gate(vector: number, selector: number, offset: number, access: number): void {
    this.writeGate(at.idt + vector * 8, selector, offset, access, 0);
  }

  /** A call gate in the GDT. */
  callGate(selector: number, target: number, offset: number, access: number, parameters: number): void {
    this.writeGate(at.gdt + (selector & 0xfff8), target, offset, access, parameters);
  }

  writeGate(address: number, selector: number, offset: number, access: number, parameters: number): void {
    this.memory.writePhysical32(address, ((selector << 16) | (offset & 0xffff)) >>> 0);
    this.memory.writePhysical32(address + 4, ((offset & 0xffff_0000) | (access << 8) | parameters) >>> 0);
  }

  /** Puts instructions behind those already there. @returns address of the first */
  code(...texts: readonly InstructionText[]): number {
    const start = this.#end;
    for (const text of texts) {
      const bytes = bytesOf(text);
      this.memory.load(this.#end, bytes);
      this.#end += bytes.length;
    }
    return start;
  }

  codeAt(address: number, ...texts: readonly InstructionText[]): number {
    this.#end = address;
    return this.code(...texts);
  }

  /** Executes `count` instructions (or deliveries). */
  step(count = 1): CpuStop {
    return this.cpu.run(this.cpu.instructionCount + count);
  }

  /** Places the instructions at EIP, runs them, and says which fault stopped them, if any. None: what is there. */
  run(...texts: readonly InstructionText[]): Fault | 'no fault' {
    const { cpu } = this;
    // Writing EIP also makes the CPU report a fault again that it has reported before.
    const { eip } = cpu.registers;
    cpu.registers.eip = eip;
    this.codeAt(cpu.registers.segments.cs.base + eip, ...texts);
    cpu.exceptionStops = -1;
    const stop = this.step(Math.max(texts.length, 1));
    cpu.exceptionStops = 0;
    if (stop.reason !== 'exception') return 'no fault';
    const { vector, errorCode } = stop;
    return {
      vector,
      ...(errorCode === undefined ? {} : { errorCode }),
      ...(vector === 14 ? { cr2: cpu.registers.cr2 } : {}),
    };
  }

  /** The vector of the handler the CPU is about to enter or has halted in; undefined elsewhere. */
  get handler(): number | undefined {
    const { eip, segments } = this.cpu.registers;
    const vector = (this.cpu.halted ? eip - 1 : eip) - at.handlers;
    return segments.cs.selector === CODE0 && vector >= 0 && vector < 0x40 ? vector : undefined;
  }

  /** `count` dwords from the top of the current stack. */
  stack(count: number): number[] {
    const { esp, segments } = this.cpu.registers;
    return Array.from({ length: count }, (_, n) => this.memory.readPhysical32(segments.ss.base + esp + n * 4));
  }
}

export function machine(options: MachineOptions = {}): TestMachine {
  return new TestMachine(options);
}

/**
 * The cases of sequence-host.ts on the emulated processor: CPL 3 with the runner's pages, its LDT, and the entries of
 * the kernel's GDT that a program can see.
 */
import { Cpu } from '../../../emulator/cpu/cpu.ts';
import { CPU_FEATURES_ALL } from '../../../emulator/cpu/cpuid.ts';
import { GuestMemory } from '../../../emulator/memory/guest-memory.ts';
import type { Engine } from '../../unit/cpu/engines.ts';
import type { SequenceCase, SequenceOutcome } from './sequence-host.ts';
import { CASE_CODE_BYTES, CODE_LINEAR, DATA_LINEAR, FPU_BYTES, IMAGE_BYTES, SEGMENT_ORDER } from './sequence-host.ts';

const GENERAL = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
const PAGE_DIRECTORY = 0x1000;
const PAGE_TABLES = 0x2000;
const DATA = 0x11000;
const SYSTEM = 0x18000;
const TOUCH = 0x19000;
const SLOTS = 0x1_a000;
/** Addresses that no case begins with, for the supervisor's page, and for a program that touches the data. */
const SYSTEM_LINEAR = 0xa9b4_8000;
const TOUCH_LINEAR = 0xa9b4_9000;
const GDT = 0x000;
const LDT = 0x100;
const TSS = 0x200;
const WRITABLE_BYTES = 0x2000;
const EFLAGS_TAKEN = 0x4_0dd5;
const INSTRUCTIONS_MAX = 5000;
/** Of running and translating. */
const ROUNDS = 3;
/** INT3. */
const FILLER = 0xcc;
const FILLER_DWORD = 0xcccc_cccc | 0;

type Entry = readonly [base: number, limit: number, access: number, flags: number];

/** As in sequence-runner.c; Linux sets the accessed bit in all. */
// prettier-ignore
export const LDT_ENTRIES: readonly Entry[] = [
  [DATA_LINEAR, 0x1fff, 0xf3, 0x5], [DATA_LINEAR, 0x1fff, 0xf1, 0x5], [DATA_LINEAR, 0x7ff, 0xf7, 0x5],
  [CODE_LINEAR, 0xfff, 0xfb, 0x1], [CODE_LINEAR, 0xfff, 0xf9, 0x5], [CODE_LINEAR, 0xfff, 0xfb, 0x5],
  [DATA_LINEAR, 0x1fff, 0xf3, 0x1], [DATA_LINEAR, 0x1fff, 0x73, 0x5], [DATA_LINEAR, 1, 0xf3, 0xd],
  [DATA_LINEAR, 0x7ff, 0xf7, 0x1], [DATA_LINEAR, 0xffff, 0xf3, 0x1], [CODE_LINEAR, 0xfff, 0xf9, 0x1],
  [CODE_LINEAR, 0x2ff, 0xfb, 0x1], [DATA_LINEAR, 1, 0xf7, 0xd],
];

/** Linux, arch/x86/include/asm/segment.h. The last says which processor this is; the runner stays on number 0. */
const GDT_ENTRIES: Readonly<Record<number, Entry>> = {
  0x08: [0, 0xf_ffff, 0x9b, 0xc],
  0x10: [0, 0xf_ffff, 0x9b, 0xa],
  0x18: [0, 0xf_ffff, 0x93, 0xc],
  0x20: [0, 0xf_ffff, 0xfb, 0xc],
  0x28: [0, 0xf_ffff, 0xf3, 0xc],
  0x30: [0, 0xf_ffff, 0xfb, 0xa],
  0x78: [0, 0, 0xf5, 0x4],
};

export interface EmulatedOutcome extends SequenceOutcome {
  /** Instructions that completed. */
  readonly instructions: number;
  /** Why it stopped. */
  readonly reason: string;
}

export class SequenceCpu {
  readonly #memory: GuestMemory;
  readonly #cpu: Cpu;
  readonly #image = new Int32Array(IMAGE_BYTES / 4);
  readonly #data: Int32Array;
  /** Physical address of the page table's entry for the code. */
  readonly #codeEntry: number;
  readonly #slots: number;
  /** Instructions of cases that translated code has executed. */
  translated = 0;
  /** Offset of the last case's code in each slot. */
  readonly #codeAt = new Map<number, number>();

  /** @param slots how many cases can be translated together */
  constructor(engine: Engine, slots = 1) {
    this.#slots = slots;
    this.#memory = new GuestMemory(SLOTS + this.#slots * 0x1000, []);
    const memory = this.#memory;
    const none = (): number => 0;
    const ignore = (): void => undefined;
    const bus = { readPort: none, writePort: ignore, readMmio: none, writeMmio: ignore, acknowledgeInterrupt: none };
    this.#cpu = new Cpu(memory, bus, { ...engine, features: CPU_FEATURES_ALL });
    this.#data = new Int32Array(memory.ram.buffer, memory.ram.byteOffset + DATA, WRITABLE_BYTES / 4);
    let table = PAGE_TABLES;
    const map = (linear: number, physical: number, flags: number): number => {
      const pde = PAGE_DIRECTORY + (linear >>> 22) * 4;
      if (memory.readPhysical32(pde) === 0) {
        memory.writePhysical32(pde, table | 0x67);
        table += 0x1000;
      }
      const entry = (memory.readPhysical32(pde) & ~0xfff) + ((linear >>> 12) & 0x3ff) * 4;
      memory.writePhysical32(entry, physical | flags);
      return entry;
    };
    this.#codeEntry = map(CODE_LINEAR, SLOTS, 0x67);
    map(DATA_LINEAR, DATA, 0x67);
    map(DATA_LINEAR + 0x1000, DATA + 0x1000, 0x67);
    map(DATA_LINEAR + 0x2000, DATA + 0x2000, 0x65);
    map(SYSTEM_LINEAR, SYSTEM, 0x63);
    map(TOUCH_LINEAR, TOUCH, 0x65);
    const descriptor = (at: number, [base, limit, access, flags]: Entry): void => {
      memory.writePhysical32(SYSTEM + at, ((limit & 0xffff) | (base << 16)) >>> 0);
      const high = ((base >>> 16) & 0xff) | (access << 8) | (limit & 0xf_0000) | (flags << 20) | (base & 0xff00_0000);
      memory.writePhysical32(SYSTEM + at + 4, high >>> 0);
    };
    for (const [selector, entry] of Object.entries(GDT_ENTRIES)) descriptor(GDT + Number(selector), entry);
    LDT_ENTRIES.forEach((entry, index) => {
      descriptor(LDT + index * 8, entry);
    });
    memory.writePhysical16(SYSTEM + TSS + 0x66, 0x68);
    const [first, second] = [DATA_LINEAR, DATA_LINEAR + 0x1000].map((at) => [at, at >>> 8, at >>> 16, at >>> 24]);
    // or byte [first], 0; or byte [second], 0
    memory.load(TOUCH, Uint8Array.of(0x80, 0x0d, ...first, 0, 0x80, 0x0d, ...second, 0));
    memory.ram.fill(FILLER, SLOTS);
  }

  /** Instructions that handlers have executed. */
  get threaded(): number {
    return this.#cpu.threaded;
  }

  /** What the data pages hold before each case. */
  set image(image: Uint8Array) {
    this.#image.set(new Int32Array(image.buffer, image.byteOffset, IMAGE_BYTES / 4));
    this.#memory.load(DATA, image);
  }

  /** Whether a case transfers to the host's 64-bit code segment, which would end it with #NP were that not present. */
  entersLongMode(one: SequenceCase): boolean {
    this.#memory.writePhysical8(SYSTEM + GDT + 0x35, 0x7b);
    const { vector, errorCode } = this.run(one);
    this.#memory.writePhysical8(SYSTEM + GDT + 0x35, 0xfb);
    return vector === 11 && errorCode === 0x30;
  }

  /**
   * Cases of flat segments by translated code: each is interpreted, what was executed is translated, all in one module, and
   * each is run again; and so on, since behind an instruction that is the interpreter's only then a region begins.
   */
  runTranslated(cases: readonly SequenceCase[]): EmulatedOutcome[] {
    const { translator } = this.#cpu;
    const outcomes: EmulatedOutcome[] = [];
    for (let from = 0; from < cases.length; from += this.#slots) {
      const some = cases.slice(from, from + this.#slots);
      for (let round = 0; round < ROUNDS; round++) {
        some.forEach((one, slot) => this.run(one, slot));
        translator?.compile();
      }
      const before = translator?.executed ?? 0;
      outcomes.push(...some.map((one, slot) => this.run(one, slot)));
      this.translated += (translator?.executed ?? 0) - before;
    }
    return outcomes;
  }

  run(one: SequenceCase, slot = 0): EmulatedOutcome {
    this.#setUp(one, slot);
    const cpu = this.#cpu;
    const { registers } = cpu;
    const before = cpu.instructionCount;
    const stop = cpu.run(before + INSTRUCTIONS_MAX);
    const faulted = stop.reason === 'exception';
    const codeAt = SLOTS + slot * 0x1000 + one.codeAt;
    return {
      vector: faulted ? stop.vector : -1,
      errorCode: faulted ? (stop.errorCode ?? 0) : 0,
      cr2: faulted && stop.vector === 14 ? registers.cr2 : 0,
      eip: registers.eip,
      registers: GENERAL.map((name) => registers[name]),
      eflags: registers.eflags,
      segments: SEGMENT_ORDER.map((name) => registers.segments[name].selector),
      fpu: new Uint8Array(cpu.fxsave.buffer),
      code: new Uint8Array(this.#memory.ram.subarray(codeAt, codeAt + CASE_CODE_BYTES)),
      changes: this.#restore(one, slot),
      instructions: cpu.instructionCount - before,
      reason: stop.reason,
    };
  }

  #setUp(one: SequenceCase, slot: number): void {
    const cpu = this.#cpu;
    const { registers } = cpu;
    this.#loadCode(one, slot);
    cpu.reset();
    cpu.exceptionStops = -1;
    registers.cr0 = 0x8005_0033;
    registers.cr4 = 0x600;
    registers.cr3 = PAGE_DIRECTORY;
    registers.gdtrBase = SYSTEM_LINEAR + GDT;
    registers.gdtrLimit = 0x7f;
    registers.idtrBase = SYSTEM_LINEAR;
    // No gate at all: INT n then names itself in its #GP, as with Linux's gates of DPL 0.
    registers.idtrLimit = 0;
    const { segments } = registers;
    segments.ldtr = { selector: 0x50, base: SYSTEM_LINEAR + LDT, limit: LDT_ENTRIES.length * 8 - 1, attributes: 0x82 };
    segments.tr = { selector: 0x40, base: SYSTEM_LINEAR + TSS, limit: 0x67, attributes: 0x8b };
    SEGMENT_ORDER.forEach((name, n) => {
      segments[name] = segmentState(one.segments[n]);
    });
    registers.cpl = 3;
    if (cpu.translator !== undefined) this.#touchData();
    GENERAL.forEach((name, n) => {
      registers[name] = one.registers[n];
    });
    registers.eip = one.eip;
    registers.eflags = (one.eflags & EFLAGS_TAKEN) | 0x202;
    cpu.fxsave = new Int32Array(one.fpu.buffer, one.fpu.byteOffset, FPU_BYTES / 4);
  }

  /** Writes the slot's page only where it is another one: what was translated of it stays. */
  #loadCode(one: SequenceCase, slot: number): void {
    const memory = this.#memory;
    const page = SLOTS + slot * 0x1000;
    memory.writePhysical32(this.#codeEntry, page | 0x67);
    const bytes = Buffer.alloc(CASE_CODE_BYTES, FILLER);
    bytes.set(one.code);
    const before = this.#codeAt.get(slot);
    const at = page + one.codeAt;
    if (before === one.codeAt && bytes.equals(memory.ram.subarray(at, at + CASE_CODE_BYTES))) return;
    if (before !== undefined) memory.load(page + before, new Uint8Array(CASE_CODE_BYTES).fill(FILLER));
    memory.load(at, bytes);
    this.#codeAt.set(slot, one.codeAt);
  }

  /** Translated code leaves what is not in the TLB to the interpreter, so the TLB is filled before. Flat segments. */
  #touchData(): void {
    const { registers } = this.#cpu;
    registers.eip = TOUCH_LINEAR;
    registers.eflags = 2;
    this.#cpu.run(this.#cpu.instructionCount + 2);
  }

  /** Takes back what was written, but into the case's own code, and tells it. */
  #restore(one: SequenceCase, slot: number): Map<number, number> {
    const changes = new Map<number, number>();
    const data = this.#data;
    const image = this.#image;
    for (let n = 0; n < data.length; n++) {
      if (data[n] === image[n]) continue;
      changes.set(DATA_LINEAR + n * 4, data[n] >>> 0);
      data[n] = image[n];
    }
    const { ram } = this.#memory;
    const page = SLOTS + slot * 0x1000;
    const code = new Int32Array(ram.buffer, ram.byteOffset + page, 0x400);
    let isChanged = false;
    for (let n = 0; n < code.length; n++) {
      const at = n * 4;
      if (code[n] === FILLER_DWORD || (at >= one.codeAt && at < one.codeAt + CASE_CODE_BYTES)) continue;
      changes.set(CODE_LINEAR + at, code[n] >>> 0);
      code[n] = FILLER_DWORD;
      isChanged = true;
    }
    if (isChanged) this.#memory.changed(page, 0x1000);
    return changes;
  }
}

function segmentState(selector: number): { selector: number; base: number; limit: number; attributes: number } {
  if ((selector & 0xfffc) === 0) return { selector, base: 0, limit: 0, attributes: 0 };
  const entry = (selector & 4) !== 0 ? LDT_ENTRIES[selector >> 3] : GDT_ENTRIES[selector & 0xfff8];
  const [base, limit, access, flags] = entry;
  return {
    selector,
    base,
    limit: (flags & 8) !== 0 ? limit * 0x1000 + 0xfff : limit,
    attributes: access | (flags << 12),
  };
}

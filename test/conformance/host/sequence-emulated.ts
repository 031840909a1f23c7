/**
 * The cases of sequence-host.ts on the emulated processor: CPL 3 with the runner's pages, its LDT, and the entries of
 * the kernel's GDT that a program can see.
 */
import { Cpu } from '../../../emulator/cpu/cpu.ts';
import { GuestMemory } from '../../../emulator/memory/guest-memory.ts';
import type { SequenceCase, SequenceOutcome } from './sequence-host.ts';
import { CASE_CODE_BYTES, CODE_LINEAR, DATA_LINEAR, IMAGE_BYTES, SEGMENT_ORDER } from './sequence-host.ts';

const GENERAL = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
const PAGE_DIRECTORY = 0x1000;
const PAGE_TABLES = 0x2000;
const CODE = 0x10000;
const DATA = 0x11000;
const SYSTEM = 0x18000;
/** An address that no case begins with, for the supervisor's page. */
const SYSTEM_LINEAR = 0xa9b4_8000;
const GDT = 0x000;
const LDT = 0x100;
const TSS = 0x200;
const WRITABLE_BYTES = 0x2000;
const EFLAGS_TAKEN = 0x4_0dd5;
const INSTRUCTIONS_MAX = 5000;

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
  readonly #memory = new GuestMemory(0x20000, []);
  readonly #cpu: Cpu;
  readonly #image = new Int32Array(IMAGE_BYTES / 4);
  readonly #data: Int32Array;
  readonly #code: Int32Array;

  /** @param translated everything that can be is translated before it first runs; else nothing is */
  constructor(translated: boolean) {
    const memory = this.#memory;
    const none = (): number => 0;
    const ignore = (): void => undefined;
    const bus = { readPort: none, writePort: ignore, readMmio: none, writeMmio: ignore, acknowledgeInterrupt: none };
    this.#cpu = new Cpu(memory, bus, { translate: translated && { hotness: 0, batch: 1 } });
    this.#data = new Int32Array(memory.ram.buffer, memory.ram.byteOffset + DATA, WRITABLE_BYTES / 4);
    this.#code = new Int32Array(memory.ram.buffer, memory.ram.byteOffset + CODE, 0x400);
    let table = PAGE_TABLES;
    const map = (linear: number, physical: number, flags: number): void => {
      const pde = PAGE_DIRECTORY + (linear >>> 22) * 4;
      if (memory.readPhysical32(pde) === 0) {
        memory.writePhysical32(pde, table | 0x67);
        table += 0x1000;
      }
      memory.writePhysical32((memory.readPhysical32(pde) & ~0xfff) + ((linear >>> 12) & 0x3ff) * 4, physical | flags);
    };
    map(CODE_LINEAR, CODE, 0x67);
    map(DATA_LINEAR, DATA, 0x67);
    map(DATA_LINEAR + 0x1000, DATA + 0x1000, 0x67);
    map(DATA_LINEAR + 0x2000, DATA + 0x2000, 0x65);
    map(SYSTEM_LINEAR, SYSTEM, 0x63);
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
    this.#code.fill(0xcccc_cccc | 0);
  }

  /** Instructions that translated code has executed. */
  get translated(): number {
    return this.#cpu.translator?.executed ?? 0;
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

  run(one: SequenceCase): EmulatedOutcome {
    this.#setUp(one);
    const cpu = this.#cpu;
    const { registers } = cpu;
    const before = cpu.instructionCount;
    const stop = cpu.run(before + INSTRUCTIONS_MAX);
    const faulted = stop.reason === 'exception';
    const code = new Uint8Array(CASE_CODE_BYTES);
    code.set(this.#memory.ram.subarray(CODE + one.codeAt, CODE + one.codeAt + CASE_CODE_BYTES));
    return {
      vector: faulted ? stop.vector : -1,
      errorCode: faulted ? (stop.errorCode ?? 0) : 0,
      cr2: faulted && stop.vector === 14 ? registers.cr2 : 0,
      eip: registers.eip,
      registers: GENERAL.map((name) => registers[name]),
      eflags: registers.eflags,
      segments: SEGMENT_ORDER.map((name) => registers.segments[name].selector),
      code,
      changes: this.#restore(one),
      instructions: cpu.instructionCount - before,
      reason: stop.reason,
    };
  }

  #setUp(one: SequenceCase): void {
    const cpu = this.#cpu;
    const { registers } = cpu;
    cpu.reset();
    cpu.exceptionStops = -1;
    registers.cr0 = 0x8005_0033;
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
    const bytes = new Uint8Array(CASE_CODE_BYTES).fill(0xcc);
    bytes.set(one.code);
    this.#memory.load(CODE + one.codeAt, bytes);
  }

  /** Translated code leaves what is not in the TLB to the interpreter, so the TLB is filled before. Flat segments. */
  #touchData(): void {
    const { registers } = this.#cpu;
    const [first, second] = [DATA_LINEAR, DATA_LINEAR + 0x1000].map((at) => [at, at >>> 8, at >>> 16, at >>> 24]);
    // or byte [first], 0; or byte [second], 0
    this.#memory.load(CODE, Uint8Array.of(0x80, 0x0d, ...first, 0, 0x80, 0x0d, ...second, 0));
    registers.eip = CODE_LINEAR;
    registers.eflags = 2;
    this.#cpu.run(this.#cpu.instructionCount + 2);
    this.#memory.ram.fill(0xcc, CODE, CODE + 14);
    this.#memory.changed(CODE, 14);
  }

  #restore(one: SequenceCase): Map<number, number> {
    const changes = new Map<number, number>();
    const data = this.#data;
    const image = this.#image;
    for (let n = 0; n < data.length; n++) {
      if (data[n] === image[n]) continue;
      changes.set(DATA_LINEAR + n * 4, data[n] >>> 0);
      data[n] = image[n];
    }
    const code = this.#code;
    const filler = 0xcccc_cccc | 0;
    for (let n = 0; n < code.length; n++) {
      const at = n * 4;
      if (code[n] === filler) continue;
      if (at < one.codeAt || at >= one.codeAt + CASE_CODE_BYTES) changes.set(CODE_LINEAR + at, code[n] >>> 0);
      code[n] = filler;
    }
    this.#memory.changed(CODE, 0x1000);
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

/**
 * The same cases as host-cpu.ts takes, run on the emulated processor: CPL 3, the runner's segments, paging with its pages.
 */
import { Cpu } from '../../../emulator/cpu/cpu.ts';
import { CPU_FEATURES_ALL } from '../../../emulator/cpu/cpuid.ts';
import { GuestMemory } from '../../../emulator/memory/guest-memory.ts';
import type { HostCase, HostOutcome } from './host-cpu.ts';
import {
  CODE_ADDRESS,
  COMPLETED,
  DATA_ADDRESS,
  FS_SEGMENTS,
  FXSAVE_BYTES,
  PAGE_BYTES,
  WRAP_ADDRESS,
} from './host-cpu.ts';

const GENERAL = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
const CODE_PHYSICAL = 0x10000;
const DATA_PHYSICAL = 0x11000;
const PAGE_DIRECTORY = 0x1000;
const PAGE_TABLES = 0x2000;
const NULL_SEGMENT = { selector: 0, base: 0, limit: 0, attributes: 0 };
const EFLAGS_TAKEN = 0x24_0cd5;
const STATE_WORDS = 72;

export class EmulatedCpu {
  readonly #memory = new GuestMemory(0x20000, []);
  readonly #cpu: Cpu;

  /** @param memoryBytes of a case; more than a page are three */
  constructor(memoryBytes: number) {
    const none = (): number => 0;
    const ignore = (): void => undefined;
    const bus = { readPort: none, writePort: ignore, readMmio: none, writeMmio: ignore, acknowledgeInterrupt: none };
    this.#cpu = new Cpu(this.#memory, bus, { features: CPU_FEATURES_ALL });
    const map = (linear: number, table: number, physical: number): void => {
      this.#memory.writePhysical32(PAGE_DIRECTORY + (linear >>> 22) * 4, table | 0x67);
      this.#memory.writePhysical32(table + ((linear >>> 12) & 0x3ff) * 4, physical | 0x67);
    };
    map(CODE_ADDRESS, PAGE_TABLES, CODE_PHYSICAL);
    map(DATA_ADDRESS, PAGE_TABLES + 0x1000, DATA_PHYSICAL);
    if (memoryBytes > PAGE_BYTES) {
      map(DATA_ADDRESS + PAGE_BYTES, PAGE_TABLES + 0x1000, DATA_PHYSICAL + PAGE_BYTES);
      map(WRAP_ADDRESS, PAGE_TABLES + 0x2000, DATA_PHYSICAL + 2 * PAGE_BYTES);
    }
    const { registers } = this.#cpu;
    registers.cr3 = PAGE_DIRECTORY;
    registers.cr0 = 0x8005_0033;
    registers.cr4 = 0x600;
    const flat = { base: 0, limit: 0xffff_ffff };
    registers.segments.cs = { selector: 0x23, ...flat, attributes: 0xc0fb };
    for (const name of ['ss', 'ds', 'es'] as const) {
      registers.segments[name] = { selector: 0x2b, ...flat, attributes: 0xc0f3 };
    }
    registers.cpl = 3;
    this.#cpu.exceptionStops = -1;
  }

  run(one: HostCase): HostOutcome {
    const memory = this.#memory;
    const cpu = this.#cpu;
    const code = new Uint8Array(32).fill(0xcc);
    code.set(one.code);
    memory.load(CODE_PHYSICAL + (CODE_ADDRESS & 0xfff), code);
    memory.ram.fill(0, DATA_PHYSICAL, DATA_PHYSICAL + PAGE_BYTES);
    memory.load(DATA_PHYSICAL, one.memory);
    const { registers } = cpu;
    GENERAL.forEach((name, n) => {
      registers[name] = one.registers[n];
    });
    registers.segments.fs = FS_SEGMENTS.find(({ selector }) => selector === one.fs) ?? NULL_SEGMENT;
    registers.eflags = (one.eflags & EFLAGS_TAKEN) | 0x202;
    registers.eip = CODE_ADDRESS;
    const view = new DataView(one.fxsave.buffer, one.fxsave.byteOffset, FXSAVE_BYTES);
    cpu.fxsave = Int32Array.from({ length: STATE_WORDS }, (_, n) => view.getInt32(n * 4, true));
    const stop = cpu.run(cpu.instructionCount + 1);
    const faulted = stop.reason === 'exception';
    const fxsave = new Uint8Array(FXSAVE_BYTES);
    fxsave.set(new Uint8Array(cpu.fxsave.buffer));
    return {
      vector: faulted ? stop.vector : COMPLETED,
      errorCode: faulted ? (stop.errorCode ?? 0) : 0,
      cr2: faulted && stop.vector === 14 ? registers.cr2 : 0,
      eip: registers.eip,
      registers: GENERAL.map((name) => registers[name]),
      eflags: registers.eflags,
      fxsave,
      memory: memory.ram.slice(DATA_PHYSICAL, DATA_PHYSICAL + one.memory.length),
    };
  }
}

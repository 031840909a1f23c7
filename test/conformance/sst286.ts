/**
 * Runs vectors of the SingleStepTests format for the 80286 in real mode: initial registers and memory, run to the HLT
 * that follows the instruction, final registers and memory. https://github.com/SingleStepTests/80286
 */
import { Cpu } from '../../emulator/cpu/cpu.ts';
import type { CpuBus } from '../../emulator/cpu/cpu-bus.ts';
import { GuestMemory } from '../../emulator/memory/guest-memory.ts';

const SEGMENTS = ['cs', 'ss', 'ds', 'es'] as const;
const GENERAL = ['ax', 'bx', 'cx', 'dx', 'sp', 'bp', 'si', 'di'] as const;
type Register = (typeof SEGMENTS)[number] | (typeof GENERAL)[number] | 'ip' | 'flags';

export interface Sst286Vector {
  readonly op: string;
  readonly n: string;
  readonly c: string;
  readonly r: Readonly<Record<Register, number>>;
  readonly m: readonly (readonly [address: number, byte: number])[];
  readonly R: Readonly<Partial<Record<Register, number>>>;
  readonly M: readonly (readonly [address: number, byte: number])[];
  /** Vector of the exception, and where the flags were pushed (rounded down to an even address; not used here). */
  readonly x?: readonly [vector: number, flagsAddress: number];
  readonly fm: number;
}

const RAM_BYTES = 0x11_1000;
/** IOPL and NT do not exist in the 80286's real mode, and are writable since the 80386. */
const FLAGS_COMPARED = 0x0fff;
const COUNT_MAX = 1000;
const GP = 13;
const GP_ENTRY = 13 * 4;
const SS_ENTRY = 12 * 4;

const noBus: CpuBus = {
  readPort: (_, size) => (size === 4 ? 0xffff_ffff : 2 ** (size * 8) - 1),
  writePort: () => undefined,
  readMmio: () => 0xffff_ffff,
  writeMmio: () => undefined,
  acknowledgeInterrupt: () => 0,
};

export class Sst286Machine {
  readonly #memory = new GuestMemory(RAM_BYTES, []);
  readonly #cpu = new Cpu(this.#memory, noBus);
  readonly #expected = new Uint8Array(RAM_BYTES);

  /** @returns what differs, one line each; empty when the vector passes */
  run(vector: Sst286Vector): string[] {
    this.#setUp(vector);
    const stop = this.#cpu.run(this.#cpu.instructionCount + COUNT_MAX);
    const differences =
      stop.reason === 'halted'
        ? this.#compare(vector)
        : [`stopped with '${stop.reason}' after ${String(this.#cpu.instructionCount)} instructions`];
    this.#memory.ram.fill(0);
    this.#memory.changed(0, RAM_BYTES);
    return differences;
  }

  #setUp(vector: Sst286Vector): void {
    this.#cpu.reset();
    const { registers } = this.#cpu;
    for (const name of SEGMENTS) {
      const selector = vector.r[name];
      registers.segments[name] = {
        selector,
        base: selector * 16,
        limit: 0xffff,
        attributes: name === 'cs' ? 0x9b : 0x93,
      };
    }
    for (const name of GENERAL) registers[`e${name}`] = vector.r[name];
    registers.eip = vector.r.ip;
    registers.eflags = vector.r.flags & FLAGS_COMPARED;
    this.#expected.fill(0);
    const aliased = vector.m.filter(([address]) => address >= GP_ENTRY && address < GP_ENTRY + 4);
    // The 80286 reports a stack access beyond the segment as 13, later processors as 12: both get the same handler.
    if (vector.x?.[0] === GP) {
      for (const [address, byte] of aliased) this.#poke(address - GP_ENTRY + SS_ENTRY, byte);
    }
    for (const [address, byte] of vector.m) this.#poke(address, byte);
    for (const [address, byte] of vector.M) this.#expected[address] = byte;
  }

  #poke(address: number, byte: number): void {
    this.#memory.writePhysical8(address, byte);
    this.#expected[address] = byte;
  }

  #compare(vector: Sst286Vector): string[] {
    const { registers } = this.#cpu;
    const differences: string[] = [];
    const wanted = { ...vector.r, ...vector.R };
    const same = (what: string, actual: number, expected: number): void => {
      if (actual !== expected) differences.push(`${what} is ${actual.toString(16)}, expected ${expected.toString(16)}`);
    };
    for (const name of GENERAL) same(name, registers[`e${name}`] & 0xffff, wanted[name]);
    for (const name of SEGMENTS) same(name, registers.segments[name].selector, wanted[name]);
    same('ip', registers.eip, wanted.ip);
    const mask = vector.fm & FLAGS_COMPARED;
    same('flags', registers.eflags & mask, wanted.flags & mask);

    const { ram } = this.#memory;
    const expected = this.#expected;
    if (vector.x !== undefined) {
      const address = wanted.ss * 16 + ((wanted.sp + 4) & 0xffff);
      for (const [at, byteMask] of [
        [address, mask & 0xff],
        [address + 1, mask >> 8],
      ] as const) {
        if (((ram[at] ^ expected[at]) & byteMask) === 0) expected[at] = ram[at];
      }
    }
    if (Buffer.compare(ram, expected) !== 0) {
      for (let at = 0; at < RAM_BYTES && differences.length < 20; at++) {
        if (ram[at] !== expected[at]) same(`byte at ${at.toString(16)}`, ram[at], expected[at]);
      }
    }
    return differences;
  }
}

/**
 * Breakpoints the guest has set in DR0-DR3 and DR7. Intel SDM Vol. 3B, "Debug Registers", "Debug Exceptions".
 * Data and port breakpoints are traps: they mark DR6 bits for the debug exception after the instruction. Instruction
 * breakpoints are faults before it, unless RF is set.
 *
 * Invariant: nothing here is state: `update` computes all of it from DR0-DR3, DR7 and CR4.DE. While DR7 enables nothing,
 * nothing is looked at: pages with data breakpoints are kept out of the fast tables as those with data probes are, and
 * instruction breakpoints make the run loop look before each instruction.
 */
import type { Core } from './core.ts';
import { Attention } from './core.ts';
import { interceptLinear } from './paging.ts';
import { CR4, Cr4, DR } from './registers.ts';

/** The R/W fields of DR7. */
const ON = { EXECUTION: 0, WRITE: 1, PORT: 2, ACCESS: 3 } as const;
/** By the LEN fields of DR7; 10 is undefined, and eight bytes where it exists. */
const LENGTHS = [1, 2, 8, 4] as const;

interface Breakpoint {
  /** Its bit in DR6. */
  readonly bit: number;
  /** First byte, unsigned: the low bits that the length covers do not count. */
  readonly start: number;
  readonly end: number;
  readonly reads: boolean;
}

export class Breakpoints {
  readonly #core: Core;
  #execution: readonly Breakpoint[] = [];
  #data: readonly Breakpoint[] = [];
  #ports: readonly Breakpoint[] = [];

  constructor(core: Core) {
    this.#core = core;
  }

  /** Whether any instruction breakpoint is enabled. */
  get onExecution(): boolean {
    return this.#execution.length > 0;
  }

  get onData(): boolean {
    return this.#data.length > 0;
  }

  get onPorts(): boolean {
    return this.#ports.length > 0;
  }

  /** After a change of DR0-DR3, DR7 or CR4.DE. */
  update(): void {
    const core = this.#core;
    const m = core.i32;
    const control = m[DR + 7];
    const kinds: Breakpoint[][] = [[], [], [], []];
    for (let n = 0; n < 4; n++) {
      if (((control >> (n * 2)) & 3) === 0) continue;
      const on = (control >>> (16 + n * 4)) & 3;
      const length = LENGTHS[(control >>> (18 + n * 4)) & 3];
      const start = on === ON.EXECUTION ? m[DR + n] >>> 0 : (m[DR + n] & ~(length - 1)) >>> 0;
      kinds[on].push({ bit: 1 << n, start, end: start + length, reads: on !== ON.WRITE });
    }
    this.#execution = kinds[ON.EXECUTION];
    // Without CR4.DE, R/W = 10 is undefined: it breaks on nothing.
    this.#ports = (m[CR4] & Cr4.DE) !== 0 ? kinds[ON.PORT] : [];
    const before = this.#data;
    this.#data = [...kinds[ON.WRITE], ...kinds[ON.ACCESS]];
    for (const { start } of [...before, ...this.#data]) core.updateLinearFlags(start >>> 12);
    for (const { start } of this.#data) interceptLinear(core, start >>> 12);
    core.updateDataProbed();
    core.updateAttention();
  }

  /** DR6 bits of the breakpoints at an instruction. @param linear int32 */
  atInstruction(linear: number): number {
    return bitsOf(this.#execution, linear >>> 0, 1, false);
  }

  /** Whether data breakpoints keep a linear page out of the fast tables. */
  watchesPage(page: number): boolean {
    return this.#data.some(({ start }) => start >>> 12 === page);
  }

  /** Bytes of one page are about to be read or written. @param linear int32 */
  accessed(linear: number, size: number, write: boolean): void {
    this.#trap(bitsOf(this.#data, linear >>> 0, size, write));
  }

  portAccessed(port: number, size: number): void {
    this.#trap(bitsOf(this.#ports, port, size, false));
  }

  #trap(bits: number): void {
    if (bits === 0) return;
    this.#core.debugTrap |= bits;
    this.#core.attend(Attention.DEBUG_TRAP);
  }
}

function bitsOf(breakpoints: readonly Breakpoint[], start: number, size: number, write: boolean): number {
  let bits = 0;
  for (const one of breakpoints) {
    if ((write || one.reads) && start < one.end && start + size > one.start) bits |= one.bit;
  }
  return bits;
}

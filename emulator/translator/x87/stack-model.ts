/**
 * What is known, while a block is emitted, of the x87's register stack: how far TOP has moved, which registers are empty,
 * and what of the unit's state is still to be written. Memory gets it all at once, where the region is left or the block
 * ends. Intel SDM Vol. 1, "x87 FPU Data Registers", "x87 FPU Tag Word".
 *
 * Invariant: TOP and tags in memory are those of the block's start until `flush`; values and the status word's other bits
 * are always up to date in memory, but for C1 where it is to be cleared.
 */
import { PRECISION } from '../../cpu/float/format.ts';
import { Status } from '../../cpu/execute/x87/unit.ts';
import {
  CR0,
  CS,
  Cr0,
  FPU_CONTROL,
  FPU_CS,
  FPU_EMPTY,
  FPU_IP,
  FPU_OPCODE,
  FPU_STATUS,
  FPU_TOP,
  SELECTOR,
} from '../../cpu/registers.ts';
import { Op, type Code } from '../code.ts';
import { FPU_TOP_BYTES } from '../locals.ts';

const REGISTERS = 8;
const REGISTER_BYTES = 16;
/** Two copies of eight bits: shifted left by TOP, the upper one is rotated. */
const TWICE = 0x101;

function load(code: Code, slot: number): Code {
  return code.i32(0).access(Op.LOAD, slot * 4);
}

export class StackModel {
  readonly #code: Code;
  readonly #exitIf: () => void;
  /** Whether the block has checked that the unit can be used. */
  #ready = false;
  /** TOP less what it was at the block's start. */
  #moved = 0;
  /** By register, counted from the block's TOP. */
  readonly #empty: (boolean | undefined)[] = new Array<undefined>(REGISTERS).fill(undefined);
  #written = 0;
  #last: { readonly eip: number; readonly opcode: number } | undefined;
  #clearsC1 = false;

  constructor(code: Code, exitIf: () => void) {
    this.#code = code;
    this.#exitIf = exitIf;
  }

  /**
   * Leaves unless the unit can be used, nothing is pending, and #P, the only exception that helpers raise, is masked.
   * Nothing in a region changes any of that.
   */
  begin(): void {
    if (this.#ready) return;
    this.#ready = true;
    const code = this.#code;
    load(code, CR0)
      .i32(Cr0.EM | Cr0.TS)
      .op(Op.AND);
    load(code, FPU_STATUS).i32(Status.ES).op(Op.AND, Op.OR);
    load(code, FPU_CONTROL).i32(PRECISION).op(Op.AND, Op.EQZ, Op.OR);
    this.#exitIf();
    load(code, FPU_TOP).i32(4).op(Op.SHL).set(FPU_TOP_BYTES);
  }

  #register(i: number): number {
    return (this.#moved + i) & (REGISTERS - 1);
  }

  /** Pushes the byte offset of ST(i) from R0. */
  pushPlace(i: number): Code {
    const register = this.#register(i);
    const code = this.#code.get(FPU_TOP_BYTES);
    if (register === 0) return code;
    return code
      .i32(register * REGISTER_BYTES)
      .op(Op.ADD)
      .i32((REGISTERS - 1) * REGISTER_BYTES)
      .op(Op.AND);
  }

  /** Leaves unless the registers are in use, or empty. */
  check(registers: readonly number[], empty: boolean): void {
    let mask = 0;
    for (const i of registers) {
      const register = this.#register(i);
      if (this.#empty[register] === empty) continue;
      if (this.#empty[register] !== undefined) {
        // It never is: what follows is not reached.
        this.#code.i32(1);
        this.#exitIf();
        return;
      }
      mask |= 1 << register;
    }
    if (mask === 0) return;
    const code = load(this.#code, FPU_EMPTY).i32(TWICE).op(Op.MUL);
    load(code, FPU_TOP).op(Op.SHR_U).i32(mask).op(Op.AND);
    if (empty) code.i32(mask).op(Op.NE);
    this.#exitIf();
    for (const i of registers) this.#empty[this.#register(i)] = empty;
  }

  mark(i: number, empty: boolean): void {
    const register = this.#register(i);
    this.#empty[register] = empty;
    this.#written |= 1 << register;
  }

  move(by: number): void {
    this.#moved = this.#register(by);
  }

  pop(): void {
    this.mark(0, true);
    this.move(1);
  }

  /**
   * The last instruction that was no control one.
   * @param clearsC1 false where it has written C1 to memory; undefined: it leaves it
   */
  record(eip: number, opcode: number, clearsC1: boolean | undefined): void {
    this.#last = { eip, opcode };
    this.#clearsC1 = clearsC1 ?? this.#clearsC1;
  }

  /** Pushes the status word. */
  pushStatusWord(): void {
    const code = load(this.#code, FPU_STATUS);
    if (this.#clearsC1) code.i32(~Status.C1).op(Op.AND);
    this.#pushTop(code).i32(11).op(Op.SHL, Op.OR);
  }

  #pushTop(code: Code): Code {
    load(code, FPU_TOP);
    if (this.#moved === 0) return code;
    return code
      .i32(this.#moved)
      .op(Op.ADD)
      .i32(REGISTERS - 1)
      .op(Op.AND);
  }

  /** Writes what memory does not have yet. */
  flush(code: Code): void {
    if (this.#last !== undefined) {
      const { eip, opcode } = this.#last;
      code
        .i32(0)
        .i32(eip)
        .access(Op.STORE, FPU_IP * 4);
      code
        .i32(0)
        .i32(opcode)
        .access(Op.STORE, FPU_OPCODE * 4);
      load(code.i32(0), SELECTOR + CS).access(Op.STORE, FPU_CS * 4);
    }
    if (this.#clearsC1) {
      load(code.i32(0), FPU_STATUS)
        .i32(~Status.C1)
        .op(Op.AND)
        .access(Op.STORE, FPU_STATUS * 4);
    }
    if (this.#written !== 0) this.#flushTags(code);
    if (this.#moved !== 0) this.#pushTop(code.i32(0)).access(Op.STORE, FPU_TOP * 4);
  }

  #flushTags(code: Code): void {
    const rotated = (mask: number): Code =>
      load(code.i32(mask * TWICE), FPU_TOP)
        .op(Op.SHL)
        .i32(8)
        .op(Op.SHR_U);
    let emptied = 0;
    this.#empty.forEach((empty, register) => {
      if (empty === true) emptied |= 1 << register;
    });
    load(code.i32(0), FPU_EMPTY);
    const used = this.#written & ~emptied;
    if (used !== 0) rotated(used).i32(-1).op(Op.XOR, Op.AND);
    if ((this.#written & emptied) !== 0)
      rotated(this.#written & emptied)
        .i32(0xff)
        .op(Op.AND, Op.OR);
    code.access(Op.STORE, FPU_EMPTY * 4);
  }

  /** At the end of the block: writes what is still to be written, and knows nothing any more. */
  end(): void {
    this.flush(this.#code);
    this.#ready = false;
    this.#moved = 0;
    this.#empty.fill(undefined);
    this.#written = 0;
    this.#last = undefined;
    this.#clearsC1 = false;
  }
}

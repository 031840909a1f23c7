/**
 * One decoded instruction, as handlers read it.
 *
 * Invariant: nothing here depends on where the code is mapped or on the privilege level: the same object serves every
 * address space, and, unless it ends its block, every place with the same bytes (instruction-cache.ts). Values that
 * depend on EIP are computed from EIP of the block and `offset` or `end`.
 */
import type { Core } from './core.ts';
import type { OpcodeRow } from './opcodes.ts';
import { DS, ZERO } from './registers.ts';

export type Handler = (core: Core, i: Instruction) => void;

/** What an operand is; `index` of the operand says which. */
export const Kind = {
  NONE: 0,
  /** index: byte offset in the registers. */
  REG8: 1,
  /** index: 16-bit word offset in the registers. */
  REG16: 2,
  /** index: register slot. */
  REG32: 3,
  MEM8: 4,
  MEM16: 5,
  MEM32: 6,
  /** A memory operand of another size, read by its instruction alone: far pointers, descriptor-table registers. */
  MEM: 7,
  /** index: the value, sign-extended to 32 bits where the manual says so. */
  IMMEDIATE: 8,
  /** index: segment register number. */
  SEGMENT: 9,
  /** index: number of the control register. */
  CONTROL: 10,
  /** index: number of the debug register. */
  DEBUG: 11,
  /** index: displacement from the next instruction. */
  RELATIVE: 12,
  /** index: offset; the selector is `selector`. */
  FAR: 13,
  /** A string operand: DS:[ESI] with override, or ES:[EDI]. */
  STRING: 14,
  /** index: i of ST(i). */
  ST: 15,
  /** index: slot of the register's low half. */
  MMX: 16,
  /** index: slot of the register's lowest quarter. */
  XMM: 17,
} as const;

/** What stands in memory, for operands of Kind.MEM that can be more than one thing: their index. */
export const MemoryFormat = {
  NONE: 0,
  SINGLE: 1,
  DOUBLE: 2,
  EXTENDED: 3,
  INT16: 4,
  INT32: 5,
  INT64: 6,
} as const;

export const Repeat = { NONE: 0, REPNE: 1, REP: 2 } as const;

export class Instruction {
  // What nearly every handler reads comes first, so that it lies close together.
  /** Set by `specialise`; the generic handler until then. */
  run: Handler;
  /** Which case of run-block.ts does it; 0: `run` does. */
  inline = 0;
  /** How it accesses memory first; page-touch.ts. */
  touch = 0;
  index0 = 0;
  index1 = 0;

  // The memory operand: (base + (index << scale) + displacement) & addressMask.
  segment = DS;
  base = ZERO;
  index = ZERO;
  scale = 0;
  displacement = 0;

  /**
   * Bytes before the next instruction, and before this one, in its block; 0 in one that does not end its block, which
   * may stand in many (Block.starts says where).
   */
  end = 0;
  offset = 0;
  /** Operand size in bytes: 1 for byte forms. */
  size: 1 | 2 | 4;
  /** 0xffff or -1 (all ones): the address size, also of the string and loop counters. */
  addressMask: number;
  kind0: number = Kind.NONE;
  kind1: number = Kind.NONE;
  kind2: number = Kind.NONE;
  index2 = 0;
  repeat: number = Repeat.NONE;
  selector = 0;
  length = 0;
  locked = false;
  /** What an x87 instruction leaves as its opcode: low three bits of the first byte, and ModRM. */
  fpuOpcode = 0;
  row: OpcodeRow;

  constructor(row: OpcodeRow, run: Handler, size: 1 | 2 | 4, addressMask: number) {
    this.row = row;
    this.run = run;
    this.size = size;
    this.addressMask = addressMask;
  }

  /** Makes it what `new Instruction` would give, for code that is decoded, run once, and forgotten. */
  renew(row: OpcodeRow, run: Handler, size: 1 | 2 | 4, addressMask: number): this {
    this.row = row;
    this.run = run;
    this.size = size;
    this.addressMask = addressMask;
    this.inline = 0;
    this.touch = 0;
    this.index0 = 0;
    this.index1 = 0;
    this.segment = DS;
    this.base = ZERO;
    this.index = ZERO;
    this.scale = 0;
    this.displacement = 0;
    this.end = 0;
    this.offset = 0;
    this.kind0 = Kind.NONE;
    this.kind1 = Kind.NONE;
    this.kind2 = Kind.NONE;
    this.index2 = 0;
    this.repeat = Repeat.NONE;
    this.selector = 0;
    this.length = 0;
    this.locked = false;
    this.fpuOpcode = 0;
    return this;
  }
}

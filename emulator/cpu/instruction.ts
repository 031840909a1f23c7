/**
 * One decoded instruction, as handlers read it; what it has in common with others stands in its form.
 *
 * Invariant: nothing here depends on where the code is mapped or on the privilege level: the same object serves every
 * address space, and, unless it ends its block, every place with the same bytes (shared-instructions.ts). Values that
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

/** What instructions of one kind have in common; there are some hundred. Made by specialise.ts. */
export class Form {
  /** Position among the forms. */
  readonly number: number;
  readonly row: OpcodeRow;
  readonly endsBlock: boolean;
  /** Operand size in bytes: 1 for byte forms. */
  readonly size: 1 | 2 | 4;
  /** 0xffff or -1 (all ones): the address size, also of the string and loop counters. */
  readonly addressMask: number;
  readonly kind0: number;
  readonly kind1: number;
  readonly kind2: number;
  readonly repeat: number;
  run: Handler;
  /** Which case of run-block.ts does it; 0: `run` does. */
  inline = 0;
  /** How it accesses memory first; page-touch.ts. */
  touch = 0;

  /** @param kinds of the three operands, five bits each */
  constructor(
    number: number,
    row: OpcodeRow,
    size: 1 | 2 | 4,
    addressMask: number,
    kinds: number,
    repeat: number,
    run: Handler,
  ) {
    this.number = number;
    this.row = row;
    this.endsBlock = row.endsBlock;
    this.size = size;
    this.addressMask = addressMask;
    this.kind0 = kinds & 31;
    this.kind1 = (kinds >> 5) & 31;
    this.kind2 = kinds >> 10;
    this.repeat = repeat;
    this.run = run;
  }
}

export class Instruction {
  // What nearly every handler reads comes first, so that it lies close together.
  // These three are the form's.
  run: Handler;
  inline: number;
  touch: number;
  index0 = 0;
  index1 = 0;

  // The memory operand: (base + (index << scale) + displacement) & addressMask.
  segment = DS;
  base = ZERO;
  index = ZERO;
  scale = 0;
  displacement = 0;

  /** Bytes before the next instruction in its block; 0 in one that does not end it, which may stand in many. */
  end = 0;
  /** Of the third operand; without one, the selector of a far pointer or the opcode of an x87 instruction. */
  index2 = 0;
  length = 0;
  form: Form;

  constructor(form: Form) {
    this.form = form;
    this.run = form.run;
    this.inline = form.inline;
    this.touch = form.touch;
  }

  /** For a form that was not known when it was made. */
  become(form: Form): void {
    this.form = form;
    this.run = form.run;
    this.inline = form.inline;
    this.touch = form.touch;
  }

  /** Makes it the same as another one. */
  copy(other: Instruction): void {
    this.run = other.run;
    this.inline = other.inline;
    this.touch = other.touch;
    this.index0 = other.index0;
    this.index1 = other.index1;
    this.segment = other.segment;
    this.base = other.base;
    this.index = other.index;
    this.scale = other.scale;
    this.displacement = other.displacement;
    this.end = other.end;
    this.index2 = other.index2;
    this.length = other.length;
    this.form = other.form;
  }

  get row(): OpcodeRow {
    return this.form.row;
  }

  get size(): 1 | 2 | 4 {
    return this.form.size;
  }

  get addressMask(): number {
    return this.form.addressMask;
  }

  get kind0(): number {
    return this.form.kind0;
  }

  get kind1(): number {
    return this.form.kind1;
  }

  get kind2(): number {
    return this.form.kind2;
  }

  get repeat(): number {
    return this.form.repeat;
  }

  /** Bytes before it in the block that it ends. */
  get offset(): number {
    return this.end - this.length;
  }

  get selector(): number {
    return this.index2;
  }

  /** What an x87 instruction leaves as its opcode: low three bits of the first byte, and ModRM. */
  get fpuOpcode(): number {
    return this.index2;
  }
}

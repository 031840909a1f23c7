/**
 * Instructions as records in memory: eight dwords each. A block is a header, a record for each instruction, and where it
 * does not end with a jump one that goes on behind it.
 */
import { RECORDS_BYTES } from '../memory/layout.ts';

export const RECORD_BYTES = 32;
export const RECORDS_MAX = RECORDS_BYTES / RECORD_BYTES;

/** Byte offsets in a record. Registers are byte offsets in the processor's state. */
export const Field = {
  /** Index in the table. */
  HANDLER: 0,
  /** The first operand: register, immediate, or the distance of a jump. Of a header: how many instructions the block has. */
  A: 4,
  /**
   * The second operand; of what ends a block its bytes up to the next instruction. Of a header: instructions that may be
   * executed before TypeScript is to look at the block again.
   */
  B: 8,
  BASE: 12,
  INDEX: 16,
  SCALE: 20,
  /** Or a third operand beside two registers. */
  DISPLACEMENT: 24,
  /** The segment's number times four. */
  SEGMENT: 28,
  // Of what ends a block, but for jumps by registers and memory: the header in the same page that it, or that it not, leads to.
  TAKEN: 12,
  NOT_TAKEN: 16,
  // Of an x87 instruction. With memory it has no other operand.
  /** Where in its block it begins, times 2^16, and its opcode. */
  FPU: 4,
  /** Distances of its register operands from ST(0) in bytes. */
  ST0: 12,
  ST1: 16,
} as const;

/** Slots with the byte offsets of the fast tables of the current privilege level. */
export const READ_TABLE_SLOT = 108;
export const WRITE_TABLE_SLOT = 109;

/**
 * Instructions as records in memory, for handlers that are threaded by tail calls (handlers.ts): eight dwords each. A
 * block is a header, a record for each instruction, and where it does not end with a jump one that goes on behind it.
 */
import { RECORDS_BYTES } from '../memory/layout.ts';

export const RECORD_BYTES = 32;
export const RECORDS_MAX = RECORDS_BYTES / RECORD_BYTES;

/** Byte offsets in a record. Registers are byte offsets in the processor's state. */
export const Field = {
  /** Index of the handler in the table. */
  HANDLER: 0,
  A: 4,
  B: 8,
  BASE: 12,
  INDEX: 16,
  SCALE: 20,
  DISPLACEMENT: 24,
  /** Of its READ_END, WRITE_END and BASE: the segment's number times four. */
  SEGMENT: 28,
} as const;

/**
 * Memory operands of the x87: reading them as values, writing values in their formats.
 * SDM Vol. 1, "x87 FPU Data Types".
 *
 * Invariant: a write that faults has written nothing.
 */
import { read16, read32, write16 } from '../../access.ts';
import type { Core } from '../../core.ts';
import { fromInt32, fromInt64 } from '../../float/integer.ts';
import { fromDouble, fromSingle } from '../../float/narrow.ts';
import { setValue } from '../../float/format.ts';
import type { Instruction } from '../../instruction.ts';
import { MemoryFormat } from '../../instruction.ts';
import { OPERAND } from '../../registers.ts';
import { checkWide, readWords, writeWords } from '../../wide-access.ts';

/** Bytes of the part of a ten-byte operand that is accessed first; the rest has an address of its own, which may wrap. */
const FIRST_PART = 8;
const SECOND_PART = 2;
const STORED_BYTES: Readonly<Record<number, number>> = {
  [MemoryFormat.SINGLE]: 4,
  [MemoryFormat.DOUBLE]: 8,
  [MemoryFormat.INT16]: 2,
  [MemoryFormat.INT32]: 4,
  [MemoryFormat.INT64]: 8,
};

/**
 * Reads the operand of an instruction into three slots, widened.
 * @param format a MemoryFormat
 * @returns DENORMAL for a denormal of 32 or 64 bits
 */
export function loadOperand(core: Core, i: Instruction, offset: number, format: number, out: number): number {
  const m = core.i32;
  switch (format) {
    case MemoryFormat.SINGLE:
      return fromSingle(m, out, read32(core, i.segment, offset));
    case MemoryFormat.DOUBLE:
      readWords(core, i.segment, offset, 2, out);
      return fromDouble(m, out, m[out + 1], m[out]);
    case MemoryFormat.EXTENDED: {
      readWords(core, i.segment, offset, 2, out);
      const top = read16(core, i.segment, (offset + FIRST_PART) & i.addressMask);
      setValue(m, out, top, m[out + 1], m[out]);
      return 0;
    }
    case MemoryFormat.INT16:
      fromInt32(m, out, (read16(core, i.segment, offset) << 16) >> 16);
      return 0;
    case MemoryFormat.INT32:
      fromInt32(m, out, read32(core, i.segment, offset));
      return 0;
    default:
      readWords(core, i.segment, offset, 2, out);
      fromInt64(m, out, m[out + 1], m[out]);
      return 0;
  }
}

/** Raises what storing in a format would raise: an exception of the FPU that keeps it from storing comes after it. */
export function checkStore(core: Core, i: Instruction, offset: number, format: number): void {
  if (format === MemoryFormat.EXTENDED) check80(core, i, offset);
  else checkWide(core, i.segment, offset, STORED_BYTES[format], true);
}

/** @param at slots of the value */
export function store80(core: Core, i: Instruction, offset: number, at: number): void {
  check80(core, i, offset);
  writeWords(core, i.segment, offset, 2, at);
  write16(core, i.segment, (offset + FIRST_PART) & i.addressMask, core.i32[at + 2] & 0xffff);
}

/** As `checkStore`, of ten bytes. */
export function check80(core: Core, i: Instruction, offset: number): void {
  checkWide(core, i.segment, offset, FIRST_PART, true);
  checkWide(core, i.segment, (offset + FIRST_PART) & i.addressMask, SECOND_PART, true);
}

/** The ten bytes of a packed decimal. */
export function loadDecimal(core: Core, i: Instruction, offset: number): number[] {
  readWords(core, i.segment, offset, 2, OPERAND);
  const top = read16(core, i.segment, (offset + FIRST_PART) & i.addressMask);
  return [...core.u8.subarray(OPERAND * 4, OPERAND * 4 + FIRST_PART), top & 0xff, top >> 8];
}

export function storeDecimal(core: Core, i: Instruction, offset: number, bytes: readonly number[]): void {
  core.u8.set(bytes, OPERAND * 4);
  store80(core, i, offset, OPERAND);
}

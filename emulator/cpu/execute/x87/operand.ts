/**
 * Memory operands of the x87: reading them as values, writing values in their formats.
 * SDM Vol. 1, "x87 FPU Data Types".
 *
 * Invariant: a write that faults has written nothing.
 */
import { probeWrite, read16, read32, read8, write16, write32, write8 } from '../../access.ts';
import type { Core } from '../../core.ts';
import { AC, raise } from '../../exception.ts';
import { fromInt32, fromInt64 } from '../../float/integer.ts';
import { fromDouble, fromSingle } from '../../float/narrow.ts';
import { setValue } from '../../float/format.ts';
import type { Instruction } from '../../instruction.ts';
import { MemoryFormat } from '../../instruction.ts';
import { BASE } from '../../registers.ts';

/** #AC of an operand of 8 bytes or more, which is read in parts of 4. */
function checkAlignment8(core: Core, i: Instruction, offset: number): void {
  if (core.alignmentCheck && ((core.i32[BASE + i.segment] + offset) & 7) !== 0) raise(AC, 0);
}

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
    case MemoryFormat.DOUBLE: {
      checkAlignment8(core, i, offset);
      const low = read32(core, i.segment, offset);
      return fromDouble(m, out, read32(core, i.segment, (offset + 4) & i.addressMask), low);
    }
    case MemoryFormat.EXTENDED: {
      checkAlignment8(core, i, offset);
      const low = read32(core, i.segment, offset);
      const high = read32(core, i.segment, (offset + 4) & i.addressMask);
      setValue(m, out, read16(core, i.segment, (offset + 8) & i.addressMask), high, low);
      return 0;
    }
    case MemoryFormat.INT16:
      fromInt32(m, out, (read16(core, i.segment, offset) << 16) >> 16);
      return 0;
    case MemoryFormat.INT32:
      fromInt32(m, out, read32(core, i.segment, offset));
      return 0;
    default: {
      checkAlignment8(core, i, offset);
      const low = read32(core, i.segment, offset);
      fromInt64(m, out, read32(core, i.segment, (offset + 4) & i.addressMask), low);
      return 0;
    }
  }
}

export function store64(core: Core, i: Instruction, offset: number, high: number, low: number): void {
  checkAlignment8(core, i, offset);
  probeWrite(core, i.segment, offset, 8);
  write32(core, i.segment, offset, low);
  write32(core, i.segment, (offset + 4) & i.addressMask, high);
}

export function store80(core: Core, i: Instruction, offset: number, at: number): void {
  checkAlignment8(core, i, offset);
  probeWrite(core, i.segment, offset, 10);
  write32(core, i.segment, offset, core.i32[at]);
  write32(core, i.segment, (offset + 4) & i.addressMask, core.i32[at + 1]);
  write16(core, i.segment, (offset + 8) & i.addressMask, core.i32[at + 2]);
}

export function loadBytes(core: Core, i: Instruction, offset: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => read8(core, i.segment, (offset + n) & i.addressMask));
}

export function storeBytes(core: Core, i: Instruction, offset: number, bytes: readonly number[]): void {
  probeWrite(core, i.segment, offset, bytes.length);
  bytes.forEach((byte, n) => {
    write8(core, i.segment, (offset + n) & i.addressMask, byte);
  });
}

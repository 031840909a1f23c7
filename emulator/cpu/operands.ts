/**
 * Reading and writing the operands of an instruction in whatever form it was encoded.
 *
 * Invariant: 8- and 16-bit values are zero-extended, 32-bit values are int32.
 */
import { hostForUpdate32, read16, read32, read8, readForUpdate, write16, write32, write8 } from './access.ts';
import type { Core } from './core.ts';
import type { Instruction } from './instruction.ts';
import { Kind } from './instruction.ts';
import { SELECTOR } from './registers.ts';

export function effectiveAddress(core: Core, i: Instruction): number {
  const m = core.i32;
  return (m[i.base] + (m[i.index] << i.scale) + i.displacement) & i.addressMask;
}

function read(core: Core, i: Instruction, kind: number, index: number): number {
  switch (kind) {
    case Kind.REG32:
      return core.i32[index];
    case Kind.REG16:
      return core.u16[index];
    case Kind.REG8:
      return core.u8[index];
    case Kind.MEM32:
      return read32(core, i.segment, effectiveAddress(core, i));
    case Kind.MEM16:
      return read16(core, i.segment, effectiveAddress(core, i));
    case Kind.MEM8:
      return read8(core, i.segment, effectiveAddress(core, i));
    case Kind.SEGMENT:
      return core.i32[SELECTOR + index];
    default:
      return index;
  }
}

export function read0(core: Core, i: Instruction): number {
  return read(core, i, i.kind0, i.index0);
}

export function read1(core: Core, i: Instruction): number {
  return read(core, i, i.kind1, i.index1);
}

export function read2(core: Core, i: Instruction): number {
  return read(core, i, i.kind2, i.index2);
}

/** Reads operand 0 for an instruction that is going to write it: raises the faults of both. */
export function readForWrite0(core: Core, i: Instruction): number {
  switch (i.kind0) {
    case Kind.MEM32: {
      const offset = effectiveAddress(core, i);
      const host = hostForUpdate32(core, i.segment, offset);
      return host >= 0 ? core.i32[host >> 2] : readForUpdate(core, i.segment, offset, 4);
    }
    case Kind.MEM16:
      return readForUpdate(core, i.segment, effectiveAddress(core, i), 2);
    case Kind.MEM8:
      return readForUpdate(core, i.segment, effectiveAddress(core, i), 1);
    default:
      return read(core, i, i.kind0, i.index0);
  }
}

export function write0(core: Core, i: Instruction, value: number): void {
  switch (i.kind0) {
    case Kind.REG32:
      core.i32[i.index0] = value;
      break;
    case Kind.REG16:
      core.u16[i.index0] = value;
      break;
    case Kind.REG8:
      core.u8[i.index0] = value;
      break;
    case Kind.MEM32:
      write32(core, i.segment, effectiveAddress(core, i), value);
      break;
    case Kind.MEM16:
      write16(core, i.segment, effectiveAddress(core, i), value);
      break;
    default:
      write8(core, i.segment, effectiveAddress(core, i), value);
  }
}

/** Writes operand 1, which is a register wherever this is used. */
export function writeRegister1(core: Core, i: Instruction, value: number): void {
  if (i.kind1 === Kind.REG32) core.i32[i.index1] = value;
  else if (i.kind1 === Kind.REG16) core.u16[i.index1] = value;
  else core.u8[i.index1] = value;
}

/** EAX, AX or AL and the like, by size; `register` is a slot below 4 for bytes. */
export function readRegister(core: Core, register: number, size: number): number {
  if (size === 4) return core.i32[register];
  return size === 2 ? core.u16[register * 2] : core.u8[register * 4];
}

export function writeRegister(core: Core, register: number, size: number, value: number): void {
  if (size === 4) core.i32[register] = value;
  else if (size === 2) core.u16[register * 2] = value;
  else core.u8[register * 4] = value;
}

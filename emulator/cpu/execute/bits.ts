/**
 * Shifts, rotates, bit tests and scans. Intel SDM Vol. 2; counts are taken modulo 32 as on every processor since
 * the 80286.
 *
 * Invariant: a count of zero changes neither destination nor flags, but a memory destination is still checked.
 */
import { readForUpdate, write16, write32, read16, read32 } from '../access.ts';
import type { Core } from '../core.ts';
import { carryFlag, setCarryFlag, setOverflowFlag, setShiftFlags, setZeroFlag } from '../flags.ts';
import type { Handler, Instruction } from '../instruction.ts';
import { Kind } from '../instruction.ts';
import { effectiveAddress, read0, read1, read2, readForWrite0, write0 } from '../operands.ts';

function shl(core: Core, i: Instruction): void {
  const a = readForWrite0(core, i);
  const count = read1(core, i) & 31;
  if (count === 0) return;
  const bits = i.size * 8;
  const result = a << count;
  const carry = count <= bits ? (a >>> (bits - count)) & 1 : 0;
  write0(core, i, result);
  const sign = (result >>> (bits - 1)) & 1;
  setShiftFlags(core, i.size, result, carry, carry ^ sign);
}

function shr(core: Core, i: Instruction): void {
  const a = readForWrite0(core, i);
  const count = read1(core, i) & 31;
  if (count === 0) return;
  const bits = i.size * 8;
  const result = (a >>> count) | 0;
  const carry = (a >>> (count - 1)) & 1;
  write0(core, i, result);
  // OF is defined for a count of 1 only: the sign that was shifted out of its place.
  const overflow = ((result << 1) ^ result) >>> (bits - 1);
  setShiftFlags(core, i.size, result, carry, overflow & 1);
}

function sar(core: Core, i: Instruction): void {
  const shift = 32 - i.size * 8;
  const a = (readForWrite0(core, i) << shift) >> shift;
  const count = read1(core, i) & 31;
  if (count === 0) return;
  const result = a >> count;
  const carry = (a >> (count - 1)) & 1;
  write0(core, i, result);
  setShiftFlags(core, i.size, result, carry, 0);
}

function rol(core: Core, i: Instruction): void {
  const a = readForWrite0(core, i);
  const masked = read1(core, i) & 31;
  if (masked === 0) return;
  const bits = i.size * 8;
  const count = masked & (bits - 1);
  const result = count === 0 ? a : (a << count) | (a >>> (bits - count));
  write0(core, i, result);
  const carry = result & 1;
  setCarryFlag(core, carry);
  setOverflowFlag(core, (((result >>> (bits - 1)) ^ carry) & 1) !== 0);
}

function ror(core: Core, i: Instruction): void {
  const a = readForWrite0(core, i);
  const masked = read1(core, i) & 31;
  if (masked === 0) return;
  const bits = i.size * 8;
  const count = masked & (bits - 1);
  const result = count === 0 ? a : (a >>> count) | (a << (bits - count));
  write0(core, i, result);
  const carry = (result >>> (bits - 1)) & 1;
  setCarryFlag(core, carry);
  setOverflowFlag(core, ((carry ^ (result >>> (bits - 2))) & 1) !== 0);
}

/** Rotates through CF are turns of bits + 1 places, done one at a time: they are rare and short. */
function rcl(core: Core, i: Instruction): void {
  const bits = i.size * 8;
  let value = readForWrite0(core, i);
  const masked = read1(core, i) & 31;
  if (masked === 0) return;
  let carry = carryFlag(core);
  for (let left = masked % (bits + 1); left > 0; left--) {
    const out = (value >>> (bits - 1)) & 1;
    value = (value << 1) | carry;
    carry = out;
  }
  write0(core, i, value);
  setCarryFlag(core, carry);
  setOverflowFlag(core, (((value >>> (bits - 1)) ^ carry) & 1) !== 0);
}

function rcr(core: Core, i: Instruction): void {
  const bits = i.size * 8;
  let value = readForWrite0(core, i);
  const masked = read1(core, i) & 31;
  if (masked === 0) return;
  let carry = carryFlag(core);
  for (let left = masked % (bits + 1); left > 0; left--) {
    const out = value & 1;
    value = (value >>> 1) | (carry << (bits - 1));
    carry = out;
  }
  write0(core, i, value);
  setCarryFlag(core, carry);
  setOverflowFlag(core, (((value >>> (bits - 1)) ^ (value >>> (bits - 2))) & 1) !== 0);
}

function shld(core: Core, i: Instruction): void {
  const a = readForWrite0(core, i);
  const b = read1(core, i);
  const count = read2(core, i) & 31;
  if (count === 0) return;
  let result: number;
  let carry: number;
  if (i.size === 4) {
    result = (a << count) | (b >>> (32 - count));
    carry = (a >>> (32 - count)) & 1;
  } else {
    // Counts above 16 are undefined; this shifts destination:source:destination, as processors do.
    const wide = ((a << 16) | b) >>> 0;
    result = count <= 16 ? (wide << count) >>> 16 : ((b << 16) | a) >>> (32 - count);
    if (count > 16) result = (((b << 16) | a) << (count - 16)) >>> 16;
    carry = count <= 16 ? (wide >>> (32 - count)) & 1 : (b >>> (32 - count)) & 1;
  }
  write0(core, i, result);
  const sign = i.size * 8 - 1;
  setShiftFlags(core, i.size, result, carry, ((a ^ result) >>> sign) & 1);
}

function shrd(core: Core, i: Instruction): void {
  const a = readForWrite0(core, i);
  const b = read1(core, i);
  const count = read2(core, i) & 31;
  if (count === 0) return;
  let result: number;
  let carry: number;
  if (i.size === 4) {
    result = (a >>> count) | (b << (32 - count));
    carry = (a >>> (count - 1)) & 1;
  } else if (count <= 16) {
    const wide = ((b << 16) | a) >>> 0;
    result = (wide >>> count) & 0xffff;
    carry = (wide >>> (count - 1)) & 1;
  } else {
    const wide = ((a << 16) | b) >>> 0;
    result = (wide >>> (count - 16)) & 0xffff;
    carry = (wide >>> (count - 17)) & 1;
  }
  write0(core, i, result);
  const sign = i.size * 8 - 1;
  setShiftFlags(core, i.size, result, carry, ((a ^ result) >>> sign) & 1);
}

/** BT and its family: the bit goes to CF, the other flags stay. */
function bitTest(change: ((value: number, bit: number) => number) | undefined): Handler {
  return (core, i) => {
    const bits = i.size * 8;
    const index = read1(core, i);
    const memory = i.kind0 === Kind.MEM16 || i.kind0 === Kind.MEM32;
    if (memory && i.kind1 !== Kind.IMMEDIATE) {
      bitStringTest(core, i, index, change);
      return;
    }
    const bit = index & (bits - 1);
    const value = change === undefined ? read0(core, i) : readForWrite0(core, i);
    if (change !== undefined) write0(core, i, change(value, 1 << bit));
    setCarryFlag(core, (value >>> bit) & 1);
  };
}

/** With a register as index the operand is a string of bits around the address, 2^31 either way. */
function bitStringTest(
  core: Core,
  i: Instruction,
  index: number,
  change: ((value: number, bit: number) => number) | undefined,
): void {
  const size = i.size === 4 ? 4 : 2;
  const signedIndex = size === 4 ? index : (index << 16) >> 16;
  const unit = (signedIndex >> (size === 4 ? 5 : 4)) * size;
  const offset = (effectiveAddress(core, i) + unit) & i.addressMask;
  const bit = index & (size * 8 - 1);
  let value: number;
  if (change === undefined) {
    value = size === 4 ? read32(core, i.segment, offset) : read16(core, i.segment, offset);
  } else {
    value = readForUpdate(core, i.segment, offset, size);
    const changed = change(value, 1 << bit);
    if (size === 4) write32(core, i.segment, offset, changed);
    else write16(core, i.segment, offset, changed);
  }
  setCarryFlag(core, (value >>> bit) & 1);
}

/** BSF and BSR leave the destination alone when the source is 0, as every processor does. */
function scan(find: (value: number) => number): Handler {
  return (core, i) => {
    const value = read1(core, i);
    if (value === 0) {
      setZeroFlag(core, true);
      return;
    }
    write0(core, i, find(value));
    setZeroFlag(core, false);
  };
}

export const bits = {
  SHL: shl,
  SAL: shl,
  SHR: shr,
  SAR: sar,
  ROL: rol,
  ROR: ror,
  RCL: rcl,
  RCR: rcr,
  SHLD: shld,
  SHRD: shrd,
  BT: bitTest(undefined),
  BTS: bitTest((value, bit) => value | bit),
  BTR: bitTest((value, bit) => value & ~bit),
  BTC: bitTest((value, bit) => value ^ bit),
  BSF: scan((value) => 31 - Math.clz32(value & -value)),
  BSR: scan((value) => 31 - Math.clz32(value)),
} as const satisfies Record<string, Handler>;

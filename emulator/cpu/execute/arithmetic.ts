/**
 * Integer arithmetic and logic in every operand form. Intel SDM Vol. 2, one instruction a function.
 *
 * Invariant: flags are set after the destination was written, so that a fault leaves them as they were.
 */
import type { Core } from '../core.ts';
import { DE, raise } from '../exception.ts';
import { carryFlag, setCarryFlag, setFlags, setLogicFlags, setOverflowFlag } from '../flags.ts';
import type { Handler, Instruction } from '../instruction.ts';
import { Kind } from '../instruction.ts';
import {
  read0,
  read1,
  read2,
  readForWrite0,
  readRegister,
  write0,
  writeRegister,
  writeRegister1,
} from '../operands.ts';
import { EAX, EDX } from '../registers.ts';

/** Carry vectors: bit n is the carry out of bit n. */
function addCarries(a: number, b: number, result: number): number {
  return (a & b) | ((a | b) & ~result);
}

function subtractBorrows(a: number, b: number, result: number): number {
  return (~a & b) | (~(a ^ b) & result);
}

/** Sign-extends a value of `size` bytes. */
function signed(value: number, size: number): number {
  const shift = 32 - size * 8;
  return (value << shift) >> shift;
}

/** Zero-extends to a non-negative number, 32 bits included. */
function unsigned(value: number, size: number): number {
  const shift = 32 - size * 8;
  return (value << shift) >>> shift;
}

function add(core: Core, i: Instruction): void {
  const a = readForWrite0(core, i);
  const b = read1(core, i);
  const result = (a + b) | 0;
  write0(core, i, result);
  setFlags(core, i.size, result, addCarries(a, b, result));
}

function adc(core: Core, i: Instruction): void {
  const a = readForWrite0(core, i);
  const b = read1(core, i);
  const result = (a + b + carryFlag(core)) | 0;
  write0(core, i, result);
  setFlags(core, i.size, result, addCarries(a, b, result));
}

function subtract(core: Core, i: Instruction): void {
  const a = readForWrite0(core, i);
  const b = read1(core, i);
  const result = (a - b) | 0;
  write0(core, i, result);
  setFlags(core, i.size, result, subtractBorrows(a, b, result));
}

function sbb(core: Core, i: Instruction): void {
  const a = readForWrite0(core, i);
  const b = read1(core, i);
  const result = (a - b - carryFlag(core)) | 0;
  write0(core, i, result);
  setFlags(core, i.size, result, subtractBorrows(a, b, result));
}

/** Flags of a - b, as CMP, CMPS, SCAS and CMPXCHG set them. */
export function compareValues(core: Core, size: number, a: number, b: number): void {
  const result = (a - b) | 0;
  setFlags(core, size, result, subtractBorrows(a, b, result));
}

function logic(operation: (a: number, b: number) => number): Handler {
  return (core, i) => {
    const result = operation(readForWrite0(core, i), read1(core, i));
    write0(core, i, result);
    setLogicFlags(core, i.size, result);
  };
}

function incrementOrDecrement(core: Core, i: Instruction, by: 1 | -1): void {
  const a = readForWrite0(core, i);
  const carry = carryFlag(core);
  const result = (a + by) | 0;
  write0(core, i, result);
  setFlags(core, i.size, result, by === 1 ? addCarries(a, 1, result) : subtractBorrows(a, 1, result));
  setCarryFlag(core, carry);
}

function multiplyFlags(core: Core, i: Instruction, low: number, overflow: boolean): void {
  // SF, ZF, AF and PF are undefined; they come from the low half here.
  setLogicFlags(core, i.size, low);
  if (overflow) {
    setCarryFlag(core, true);
    setOverflowFlag(core, true);
  }
}

/** High 32 bits of an unsigned product. */
export function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middle2 = aLow * bHigh + (middle % 0x1_0000);
  return (aHigh * bHigh + Math.floor(middle / 0x1_0000) + Math.floor(middle2 / 0x1_0000)) | 0;
}

export function signedMultiplyHigh(a: number, b: number): number {
  return (multiplyHigh(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0;
}

function mul(core: Core, i: Instruction): void {
  const b = read0(core, i);
  const a = readRegister(core, EAX, i.size);
  if (i.size === 4) {
    const low = Math.imul(a, b);
    const high = multiplyHigh(a, b);
    core.i32[EAX] = low;
    core.i32[EDX] = high;
    multiplyFlags(core, i, low, high !== 0);
    return;
  }
  const product = a * b;
  const high = product >>> (i.size * 8);
  if (i.size === 1) core.u16[EAX * 2] = product;
  else {
    core.u16[EAX * 2] = product;
    core.u16[EDX * 2] = high;
  }
  multiplyFlags(core, i, product, high !== 0);
}

function imul(core: Core, i: Instruction): void {
  if (i.kind1 === Kind.NONE) {
    imulAccumulator(core, i);
    return;
  }
  const a = signed(i.kind2 === Kind.NONE ? read0(core, i) : read1(core, i), i.size);
  const b = signed(i.kind2 === Kind.NONE ? read1(core, i) : read2(core, i), i.size);
  const low = Math.imul(a, b);
  const overflow = i.size === 4 ? signedMultiplyHigh(a, b) !== low >> 31 : signed(low, i.size) !== low;
  write0(core, i, low);
  multiplyFlags(core, i, low, overflow);
}

function imulAccumulator(core: Core, i: Instruction): void {
  const b = signed(read0(core, i), i.size);
  const a = signed(readRegister(core, EAX, i.size), i.size);
  const low = Math.imul(a, b);
  if (i.size === 4) {
    const high = signedMultiplyHigh(a, b);
    core.i32[EAX] = low;
    core.i32[EDX] = high;
    multiplyFlags(core, i, low, high !== low >> 31);
    return;
  }
  core.u16[EAX * 2] = low;
  if (i.size === 2) core.u16[EDX * 2] = low >> 16;
  multiplyFlags(core, i, low, signed(low, i.size) !== low);
}

function div(core: Core, i: Instruction): void {
  const divisor = unsigned(read0(core, i), i.size);
  if (divisor === 0) raise(DE);
  if (i.size === 4) {
    div32(core, divisor);
    return;
  }
  const dividend = i.size === 1 ? core.u16[EAX * 2] : ((core.u16[EDX * 2] << 16) | core.u16[EAX * 2]) >>> 0;
  const quotient = Math.floor(dividend / divisor);
  if (quotient > (i.size === 1 ? 0xff : 0xffff)) raise(DE);
  storeQuotient(core, i.size, quotient, dividend % divisor);
}

function div32(core: Core, divisor: number): void {
  const m = core.i32;
  const high = m[EDX] >>> 0;
  const low = m[EAX] >>> 0;
  if (high >= divisor) raise(DE);
  const dividend = high * 0x1_0000_0000 + low;
  if (dividend <= Number.MAX_SAFE_INTEGER) {
    const quotient = Math.floor(dividend / divisor);
    m[EAX] = quotient | 0;
    m[EDX] = (dividend - quotient * divisor) | 0;
    return;
  }
  const wide = (BigInt(high) << 32n) | BigInt(low);
  m[EAX] = Number(BigInt.asIntN(32, wide / BigInt(divisor)));
  m[EDX] = Number(BigInt.asIntN(32, wide % BigInt(divisor)));
}

function idiv(core: Core, i: Instruction): void {
  const divisor = signed(read0(core, i), i.size);
  if (divisor === 0) raise(DE);
  if (i.size === 4) {
    idiv32(core, divisor);
    return;
  }
  const dividend = i.size === 1 ? signed(core.u16[EAX * 2], 2) : (core.u16[EDX * 2] << 16) | core.u16[EAX * 2];
  const quotient = Math.trunc(dividend / divisor);
  if (signed(quotient, i.size) !== quotient) raise(DE);
  storeQuotient(core, i.size, quotient, dividend % divisor);
}

function idiv32(core: Core, divisor: number): void {
  const m = core.i32;
  const dividend = m[EDX] * 0x1_0000_0000 + (m[EAX] >>> 0);
  if (Number.isSafeInteger(dividend)) {
    const quotient = Math.trunc(dividend / divisor);
    if (quotient > 0x7fff_ffff || quotient < -0x8000_0000) raise(DE);
    m[EAX] = quotient;
    m[EDX] = dividend - quotient * divisor;
    return;
  }
  const wide = (BigInt(m[EDX]) << 32n) | BigInt(m[EAX] >>> 0);
  const quotient = wide / BigInt(divisor);
  if (BigInt.asIntN(32, quotient) !== quotient) raise(DE);
  m[EAX] = Number(quotient);
  m[EDX] = Number(wide % BigInt(divisor));
}

/** Flags after a division are undefined; they stay as they were. */
function storeQuotient(core: Core, size: number, quotient: number, remainder: number): void {
  if (size === 1) {
    core.u16[EAX * 2] = (quotient & 0xff) | ((remainder & 0xff) << 8);
  } else {
    core.u16[EAX * 2] = quotient;
    core.u16[EDX * 2] = remainder;
  }
}

export const arithmetic = {
  ADD: add,
  ADC: adc,
  SUB: subtract,
  SBB: sbb,
  CMP: (core, i) => {
    compareValues(core, i.size, read0(core, i), read1(core, i));
  },
  AND: logic((a, b) => a & b),
  OR: logic((a, b) => a | b),
  XOR: logic((a, b) => a ^ b),
  TEST: (core, i) => {
    setLogicFlags(core, i.size, read0(core, i) & read1(core, i));
  },
  NOT: (core, i) => {
    write0(core, i, ~readForWrite0(core, i));
  },
  NEG: (core, i) => {
    const a = readForWrite0(core, i);
    const result = -a | 0;
    write0(core, i, result);
    setFlags(core, i.size, result, subtractBorrows(0, a, result));
  },
  INC: (core, i) => {
    incrementOrDecrement(core, i, 1);
  },
  DEC: (core, i) => {
    incrementOrDecrement(core, i, -1);
  },
  MUL: mul,
  IMUL: imul,
  DIV: div,
  IDIV: idiv,
  XADD: (core, i) => {
    const a = readForWrite0(core, i);
    const b = read1(core, i);
    const result = (a + b) | 0;
    // The sum goes where the destination is, also when both operands are the same register.
    if (i.kind0 >= Kind.MEM8 && i.kind0 <= Kind.MEM32) write0(core, i, result);
    writeRegister1(core, i, a);
    if (i.kind0 < Kind.MEM8) write0(core, i, result);
    setFlags(core, i.size, result, addCarries(a, b, result));
  },
  CMPXCHG: (core, i) => {
    const destination = readForWrite0(core, i);
    const accumulator = readRegister(core, EAX, i.size);
    const source = read1(core, i);
    const equal = destination === accumulator;
    // The destination is written in either case.
    write0(core, i, equal ? source : destination);
    compareValues(core, i.size, accumulator, destination);
    if (!equal) writeRegister(core, EAX, i.size, destination);
  },
  SALC: (core) => {
    core.u8[EAX * 4] = carryFlag(core) === 0 ? 0 : 0xff;
  },
  CMC: (core) => {
    setCarryFlag(core, carryFlag(core) === 0);
  },
  CLC: (core) => {
    setCarryFlag(core, false);
  },
  STC: (core) => {
    setCarryFlag(core, true);
  },
} as const satisfies Record<string, Handler>;

/**
 * Loads, stores, constants and the stack itself. Intel SDM Vol. 2, one instruction a function.
 */
import { write16, write32 } from '../../access.ts';
import type { Core } from '../../core.ts';
import { fromDecimal, toDecimal } from '../../float/decimal.ts';
import {
  Class,
  EXPONENT_MAX,
  FORMAT_DOUBLE,
  FORMAT_SINGLE,
  INVALID,
  PRECISION,
  ROUNDED_UP,
  QUIET_BIT,
  ROUNDING_CONTROL,
  ROUND_UP,
  classify,
  copyValue,
  setIndefinite,
  setValue,
} from '../../float/format.ts';
import { toInteger } from '../../float/integer.ts';
import { doubleHigh, doubleLow, narrow, singleBits } from '../../float/narrow.ts';
import { suppresses } from '../../float/round.ts';
import type { Handler, Instruction } from '../../instruction.ts';
import { Kind, MemoryFormat } from '../../instruction.ts';
import { effectiveAddress } from '../../operands.ts';
import { FPU, FPU_EMPTY, FPU_STATUS, FPU_TOP, OPERAND, RESULT_VALUE } from '../../registers.ts';
import { write64, writeWords } from '../../wide-access.ts';
import { CONSTANTS, type Constant } from './constants.ts';
import { check80, checkStore, loadDecimal, loadOperand, store80, storeDecimal } from './operand.ts';
import {
  Status,
  begin,
  controlOf,
  isEmpty,
  markEmpty,
  markUsed,
  pop,
  push,
  record,
  recordOperand,
  report,
  st,
  stackFault,
} from './unit.ts';

function fld(core: Core, i: Instruction): void {
  const m = begin(core);
  if (i.kind0 === Kind.ST) {
    record(core, i);
    loadRegister(m, i.index0);
    return;
  }
  const offset = effectiveAddress(core, i);
  const format = i.index0;
  let flags = loadOperand(core, i, offset, format, OPERAND);
  recordOperand(core, i, offset);
  const top = (m[FPU_TOP] - 1) & 7;
  const exponent = m[OPERAND + 2] & EXPONENT_MAX;
  if (flags === 0 && exponent !== EXPONENT_MAX && ((m[FPU_EMPTY] >> top) & 1) !== 0) {
    // The usual case: a number, and room for it.
    m[FPU_TOP] = top;
    m[FPU_EMPTY] &= ~(1 << top);
    m[FPU_STATUS] &= ~Status.C1;
    copyValue(m, OPERAND, FPU + (top << 2));
    return;
  }
  // The stack is looked at first: a full one hides what is wrong with the operand.
  if (!isEmpty(m, 7)) {
    push(m);
    return;
  }
  if (format !== MemoryFormat.EXTENDED && classify(m, OPERAND) === Class.SIGNALING_NAN) {
    flags = INVALID;
    m[OPERAND + 1] |= QUIET_BIT;
  }
  report(m, flags);
  // A denormal is loaded even if #D is not masked.
  if ((flags & ~controlOf(m) & INVALID) === 0) copyValue(m, OPERAND, push(m));
}

function loadRegister(m: Int32Array, index: number): void {
  if (isEmpty(m, index)) {
    // The indefinite is pushed where there is room for it or not: one fault is reported.
    if (!stackFault(m, false)) return;
    setIndefinite(m, OPERAND);
    m[FPU_TOP] = (m[FPU_TOP] - 1) & 7;
    markUsed(m, 0);
    copyValue(m, OPERAND, st(m, 0));
    return;
  }
  copyValue(m, st(m, index), OPERAND);
  const place = push(m);
  if (place < 0) return;
  copyValue(m, OPERAND, place);
  m[FPU_STATUS] &= ~Status.C1;
}

function storeRegister(core: Core, i: Instruction, pops: boolean): void {
  const m = core.i32;
  record(core, i);
  if (isEmpty(m, 0)) {
    if (!stackFault(m, false)) return;
    setIndefinite(m, st(m, i.index0));
  } else {
    copyValue(m, st(m, 0), st(m, i.index0));
    m[FPU_STATUS] &= ~Status.C1;
  }
  markUsed(m, i.index0);
  if (pops) pop(m);
}

/** Whether a value is a normal number of 64 bits already. */
function isDouble(m: Int32Array, a: number): boolean {
  const exponent = m[a + 2] & EXPONENT_MAX;
  return exponent > 0x3c00 && exponent < 0x43ff && (m[a] & 0x7ff) === 0 && m[a + 1] < 0;
}

/** FST, FSTP. */
function fst(pops: boolean): Handler {
  return (core, i) => {
    const m = begin(core);
    if (i.kind0 === Kind.ST) {
      storeRegister(core, i, pops);
      return;
    }
    const offset = effectiveAddress(core, i);
    const format = i.index0;
    const control = controlOf(m);
    const missing = isEmpty(m, 0);
    if (format === MemoryFormat.DOUBLE && !missing && isDouble(m, st(m, 0))) {
      const a = st(m, 0);
      write64(core, i.segment, offset, doubleHigh(m, a), doubleLow(m, a));
      recordOperand(core, i, offset);
      m[FPU_STATUS] &= ~Status.C1;
      if (pops) pop(m);
      return;
    }
    let flags = missing ? INVALID : 0;
    if (missing) setIndefinite(m, RESULT_VALUE);
    else if (format === MemoryFormat.EXTENDED) copyValue(m, st(m, 0), RESULT_VALUE);
    else {
      const narrowed = format === MemoryFormat.SINGLE ? FORMAT_SINGLE : FORMAT_DOUBLE;
      flags = narrow(m, st(m, 0), RESULT_VALUE, control, narrowed);
    }
    const stored = !suppresses(flags, control);
    // Nothing was rounded when nothing is stored.
    if (!stored) flags &= ~(PRECISION | ROUNDED_UP);
    if (stored) {
      if (format === MemoryFormat.SINGLE) write32(core, i.segment, offset, singleBits(m, RESULT_VALUE));
      else if (format === MemoryFormat.DOUBLE) {
        write64(core, i.segment, offset, doubleHigh(m, RESULT_VALUE), doubleLow(m, RESULT_VALUE));
      } else store80(core, i, offset, RESULT_VALUE);
    } else checkStore(core, i, offset, format);
    finishStore(core, i, offset, flags, missing, stored && pops);
  };
}

function finishStore(core: Core, i: Instruction, offset: number, flags: number, missing: boolean, pops: boolean): void {
  const m = core.i32;
  recordOperand(core, i, offset);
  if (missing) stackFault(m, false);
  else report(m, flags);
  if (pops) pop(m);
}

/** FIST, FISTP; `rounding` undefined: by the control word. */
function fist(pops: boolean): Handler {
  return (core, i) => {
    const m = begin(core);
    const offset = effectiveAddress(core, i);
    const format = i.index0;
    const bits = format === MemoryFormat.INT16 ? 16 : format === MemoryFormat.INT32 ? 32 : 64;
    const control = controlOf(m);
    const missing = isEmpty(m, 0);
    if (missing) setIndefinite(m, OPERAND);
    const a = missing ? OPERAND : st(m, 0);
    const flags = toInteger(m, a, RESULT_VALUE, bits, control & ROUNDING_CONTROL);
    const stored = !suppresses(flags, control);
    if (stored) {
      if (bits === 16) write16(core, i.segment, offset, m[RESULT_VALUE] & 0xffff);
      else if (bits === 32) write32(core, i.segment, offset, m[RESULT_VALUE]);
      else writeWords(core, i.segment, offset, 2, RESULT_VALUE);
    } else checkStore(core, i, offset, format);
    finishStore(core, i, offset, flags, missing, stored && pops);
  };
}

function fbld(core: Core, i: Instruction): void {
  const m = begin(core);
  const offset = effectiveAddress(core, i);
  const bytes = loadDecimal(core, i, offset);
  recordOperand(core, i, offset);
  const place = push(m);
  if (place < 0) return;
  fromDecimal(m, place, bytes.slice(0, 9), (bytes[9] & 0x80) << 8);
  m[FPU_STATUS] &= ~Status.C1;
}

function fbstp(core: Core, i: Instruction): void {
  const m = begin(core);
  const offset = effectiveAddress(core, i);
  const control = controlOf(m);
  const missing = isEmpty(m, 0);
  if (missing) setIndefinite(m, OPERAND);
  const { flags, bytes } = toDecimal(m, missing ? OPERAND : st(m, 0), RESULT_VALUE, control & ROUNDING_CONTROL);
  const stored = !suppresses(flags, control);
  if (stored) storeDecimal(core, i, offset, bytes);
  else check80(core, i, offset);
  finishStore(core, i, offset, flags, missing, stored);
}

/** The indefinite takes the place of what is missing. */
function fxch(core: Core, i: Instruction): void {
  const m = begin(core);
  record(core, i);
  const other = i.index0;
  const missing = isEmpty(m, 0) || isEmpty(m, other);
  if (missing) {
    if (!stackFault(m, false)) return;
    for (const index of [0, other]) {
      if (isEmpty(m, index)) setIndefinite(m, st(m, index));
      markUsed(m, index);
    }
  }
  copyValue(m, st(m, 0), OPERAND);
  copyValue(m, st(m, other), st(m, 0));
  copyValue(m, OPERAND, st(m, other));
  if (!missing) m[FPU_STATUS] &= ~Status.C1;
}

/** SDM Vol. 2, FLD constants: rounded from a longer value, by the control word. */
function constant({ exponent, high, low, longer }: Constant): Handler {
  return (core, i) => {
    const m = begin(core);
    record(core, i);
    const place = push(m);
    if (place < 0) return;
    const rounding = controlOf(m) & ROUNDING_CONTROL;
    let last = low;
    if (longer === 'above' && rounding === ROUND_UP) last = (low + 1) | 0;
    if (longer === 'below' && rounding !== 0 && rounding !== ROUND_UP) last = (low - 1) | 0;
    setValue(m, place, exponent, high, last);
    m[FPU_STATUS] &= ~Status.C1;
  };
}

function rotate(by: number): Handler {
  return (core, i) => {
    const m = begin(core);
    record(core, i);
    m[FPU_TOP] = (m[FPU_TOP] + by) & 7;
    m[FPU_STATUS] &= ~Status.C1;
  };
}

export const x87Moves = {
  FLD: fld,
  FILD: fld,
  FBLD: fbld,
  FST: fst(false),
  FSTP: fst(true),
  // The alias D9 D8+i pops an empty register without a fault, and moves nothing then.
  FSTPNCE: (core, i) => {
    const m = begin(core);
    record(core, i);
    if (!isEmpty(m, 0)) {
      copyValue(m, st(m, 0), st(m, i.index0));
      markUsed(m, i.index0);
    }
    m[FPU_STATUS] &= ~Status.C1;
    pop(m);
  },
  FIST: fist(false),
  FISTP: fist(true),
  FBSTP: fbstp,
  FXCH: fxch,
  FLD1: constant(CONSTANTS.FLD1),
  FLDZ: constant(CONSTANTS.FLDZ),
  FLDL2T: constant(CONSTANTS.FLDL2T),
  FLDL2E: constant(CONSTANTS.FLDL2E),
  FLDPI: constant(CONSTANTS.FLDPI),
  FLDLG2: constant(CONSTANTS.FLDLG2),
  FLDLN2: constant(CONSTANTS.FLDLN2),
  FINCSTP: rotate(1),
  FDECSTP: rotate(-1),
  FFREE: (core, i) => {
    const m = begin(core);
    record(core, i);
    markEmpty(m, i.index0);
    m[FPU_STATUS] &= ~Status.C1;
  },
  FFREEP: (core, i) => {
    const m = begin(core);
    record(core, i);
    markEmpty(m, i.index0);
    m[FPU_STATUS] &= ~Status.C1;
    pop(m);
  },
  FNOP: (core, i) => {
    begin(core);
    record(core, i);
  },
} as const satisfies Record<string, Handler>;

/**
 * Arithmetic of two operands and of one. Intel SDM Vol. 2, one instruction a function.
 */
import type { Core } from '../../core.ts';
import { add, subtract } from '../../float/add.ts';
import { divide } from '../../float/divide.ts';
import { BEFORE_RESULT, Class, SIGN, classify, copyValue } from '../../float/format.ts';
import { roundToIntegral } from '../../float/integer.ts';
import { multiply } from '../../float/multiply.ts';
import { isNoNumber } from '../../float/nan.ts';
import { INCOMPLETE, NO_QUOTIENT, QUOTIENT_SHIFT, extract, remainder, scale } from '../../float/remainder.ts';
import { squareRoot } from '../../float/square-root.ts';
import type { Handler, Instruction } from '../../instruction.ts';
import { Kind } from '../../instruction.ts';
import { effectiveAddress } from '../../operands.ts';
import { FPU_STATUS, OPERAND, RESULT_VALUE } from '../../registers.ts';
import { loadOperand } from './operand.ts';
import {
  Status,
  begin,
  controlOf,
  isEmpty,
  pop,
  push,
  pushIndefinitePair,
  record,
  recordOperand,
  report,
  setConditions,
  st,
  stackFault,
  underflow,
} from './unit.ts';

type Operation = (m: Int32Array, a: number, b: number, out: number, control: number) => number;

/**
 * FADD and its kin: destination and source on the stack, or ST(0) and memory.
 * @param reversed source op destination
 */
function binary(operation: Operation, reversed: boolean, pops: boolean): Handler {
  return (core, i) => {
    const m = begin(core);
    if (i.kind0 !== Kind.ST) {
      withMemory(core, i, operation, reversed);
      return;
    }
    record(core, i);
    if (isEmpty(m, i.index0) || isEmpty(m, i.index1)) {
      if (underflow(m, i.index0) && pops) pop(m);
      return;
    }
    const a = st(m, i.index0);
    const b = st(m, i.index1);
    const control = controlOf(m);
    const flags = reversed ? operation(m, b, a, a, control) : operation(m, a, b, a, control);
    report(m, flags);
    if (pops && (flags & ~control & BEFORE_RESULT) === 0) pop(m);
  };
}

function withMemory(core: Core, i: Instruction, operation: Operation, reversed: boolean): void {
  const m = core.i32;
  const offset = effectiveAddress(core, i);
  const denormal = loadOperand(core, i, offset, i.index0, OPERAND);
  recordOperand(core, i, offset);
  if (isEmpty(m, 0)) {
    underflow(m, 0);
    return;
  }
  const a = st(m, 0);
  const control = controlOf(m);
  // Widening has normalised a denormal, so the operation cannot see that it was one.
  const seen = denormal !== 0 && countsDenormal(classify(m, a), operation, reversed) ? denormal : 0;
  if ((seen & ~control) !== 0) report(m, seen);
  else report(m, seen | (reversed ? operation(m, OPERAND, a, a, control) : operation(m, a, OPERAND, a, control)));
}

/** #Z, and operands that are no numbers, come before #D. */
function countsDenormal(kind: number, operation: Operation, reversed: boolean): boolean {
  return !isNoNumber(kind) && !(kind === Class.ZERO && operation === divide && reversed);
}

function unary(operation: (m: Int32Array, a: number, out: number, control: number) => number): Handler {
  return (core, i) => {
    const m = begin(core);
    record(core, i);
    if (isEmpty(m, 0)) {
      underflow(m, 0);
      return;
    }
    const a = st(m, 0);
    report(m, operation(m, a, a, controlOf(m)));
  };
}

/** FPREM, FPREM1. The quotient's bits 2, 1, 0 go to C0, C3, C1. */
function partialRemainder(nearest: boolean): Handler {
  return (core, i) => {
    const m = begin(core);
    record(core, i);
    // Without a quotient C0 and C3 stay.
    m[FPU_STATUS] &= ~Status.C2;
    if (isEmpty(m, 0) || isEmpty(m, 1)) {
      underflow(m, 0);
      return;
    }
    const a = st(m, 0);
    const control = controlOf(m);
    const outcome = remainder(m, a, st(m, 1), a, control, nearest);
    report(m, outcome & ~Status.C1 & 0xffff);
    if ((outcome & NO_QUOTIENT) !== 0 || (outcome & ~control & BEFORE_RESULT) !== 0) return;
    const quotient = outcome >> QUOTIENT_SHIFT;
    const c2 = (outcome & INCOMPLETE) !== 0 ? Status.C2 : 0;
    setConditions(m, ((quotient & 4) !== 0 ? Status.C0 : 0) | ((quotient & 2) !== 0 ? Status.C3 : 0) | c2);
    if ((quotient & 1) !== 0) m[FPU_STATUS] |= Status.C1;
  };
}

function changeSign(change: (signExponent: number) => number): Handler {
  return (core, i) => {
    const m = begin(core);
    record(core, i);
    if (isEmpty(m, 0)) {
      underflow(m, 0);
      return;
    }
    const a = st(m, 0);
    m[a + 2] = change(m[a + 2]);
    m[FPU_STATUS] &= ~Status.C1;
  };
}

function fxtract(core: Core, i: Instruction): void {
  const m = begin(core);
  record(core, i);
  const missing = isEmpty(m, 0);
  if (missing || !isEmpty(m, 7)) {
    if (stackFault(m, !missing)) pushIndefinitePair(m);
    return;
  }
  const a = st(m, 0);
  const control = controlOf(m);
  const flags = extract(m, a, OPERAND, RESULT_VALUE, control);
  report(m, flags);
  if ((flags & ~control & BEFORE_RESULT) !== 0) return;
  copyValue(m, OPERAND, a);
  copyValue(m, RESULT_VALUE, push(m));
}

export const x87Arithmetic = {
  FADD: binary(add, false, false),
  FADDP: binary(add, false, true),
  FIADD: binary(add, false, false),
  FSUB: binary(subtract, false, false),
  FSUBP: binary(subtract, false, true),
  FISUB: binary(subtract, false, false),
  FSUBR: binary(subtract, true, false),
  FSUBRP: binary(subtract, true, true),
  FISUBR: binary(subtract, true, false),
  FMUL: binary(multiply, false, false),
  FMULP: binary(multiply, false, true),
  FIMUL: binary(multiply, false, false),
  FDIV: binary(divide, false, false),
  FDIVP: binary(divide, false, true),
  FIDIV: binary(divide, false, false),
  FDIVR: binary(divide, true, false),
  FDIVRP: binary(divide, true, true),
  FIDIVR: binary(divide, true, false),
  FSQRT: unary(squareRoot),
  FRNDINT: unary(roundToIntegral),
  FSCALE: (core, i) => {
    const m = begin(core);
    record(core, i);
    if (isEmpty(m, 0) || isEmpty(m, 1)) {
      underflow(m, 0);
      return;
    }
    const a = st(m, 0);
    report(m, scale(m, a, st(m, 1), a, controlOf(m)));
  },
  FPREM: partialRemainder(false),
  FPREM1: partialRemainder(true),
  FXTRACT: fxtract,
  FCHS: changeSign((signExponent) => signExponent ^ SIGN),
  FABS: changeSign((signExponent) => signExponent & ~SIGN),
} as const satisfies Record<string, Handler>;

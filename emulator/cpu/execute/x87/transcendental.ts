/** Transcendental instructions on the stack. Intel SDM Vol. 2, one instruction a function. */
import { BEFORE_RESULT, BIAS, INTEGER_BIT, copyValue, setValue } from '../../float/format.ts';
import {
  OUT_OF_RANGE,
  arctangentOf,
  fcos,
  fsin,
  logarithmPlusOneTimes,
  logarithmTimes,
  powerMinusOne,
  tangent,
} from '../../float/transcendental.ts';
import type { Handler } from '../../instruction.ts';
import { FPU_STATUS, OPERAND, RESULT_VALUE } from '../../registers.ts';
import {
  Status,
  begin,
  controlOf,
  isEmpty,
  pop,
  push,
  pushIndefinitePair,
  record,
  report,
  st,
  stackFault,
  underflow,
} from './unit.ts';

type Unary = (m: Int32Array, a: number, out: number, control: number) => number;
type Binary = (m: Int32Array, a: number, b: number, out: number, control: number) => number;

/** ST(0) becomes a function of itself. @param codes condition codes that are cleared */
function unary(operation: Unary, codes: number): Handler {
  return (core, i) => {
    const m = begin(core);
    record(core, i);
    m[FPU_STATUS] &= ~codes;
    if (isEmpty(m, 0)) {
      underflow(m, 0);
      return;
    }
    finish(m, operation(m, st(m, 0), st(m, 0), controlOf(m)));
  };
}

function finish(m: Int32Array, outcome: number): void {
  report(m, outcome & 0xffff);
  if ((outcome & OUT_OF_RANGE) !== 0) m[FPU_STATUS] |= Status.C2;
}

/** ST(1) becomes a function of ST(0) and itself; the stack is popped. */
function binary(operation: Binary): Handler {
  return (core, i) => {
    const m = begin(core);
    record(core, i);
    if (isEmpty(m, 0) || isEmpty(m, 1)) {
      if (underflow(m, 1)) pop(m);
      return;
    }
    const control = controlOf(m);
    const flags = operation(m, st(m, 0), st(m, 1), st(m, 1), control);
    report(m, flags);
    if ((flags & ~control & BEFORE_RESULT) === 0) pop(m);
  };
}

/** ST(0) becomes one result, and a second one is pushed. */
function pushing(first: Unary, second: Unary): Handler {
  return (core, i) => {
    const m = begin(core);
    record(core, i);
    m[FPU_STATUS] &= ~Status.C2;
    const missing = isEmpty(m, 0);
    if (missing || !isEmpty(m, 7)) {
      if (stackFault(m, !missing)) pushIndefinitePair(m);
      return;
    }
    const a = st(m, 0);
    const control = controlOf(m);
    const secondFlags = second(m, a, RESULT_VALUE, control);
    const outcome = first(m, a, OPERAND, control) | secondFlags;
    finish(m, outcome);
    if ((outcome & OUT_OF_RANGE) !== 0 || (outcome & ~control & BEFORE_RESULT) !== 0) return;
    copyValue(m, OPERAND, a);
    copyValue(m, RESULT_VALUE, push(m));
  };
}

function one(m: Int32Array, a: number, out: number, control: number): number {
  // A NaN or the indefinite fills both places.
  const flags = tangent(m, a, out, control);
  if ((m[out + 2] & 0x7fff) !== 0x7fff) setValue(m, out, BIAS, INTEGER_BIT, 0);
  return flags;
}

export const x87Transcendental = {
  F2XM1: unary(powerMinusOne, 0),
  FSIN: unary(fsin, Status.C2),
  FCOS: unary(fcos, Status.C2),
  FSINCOS: pushing(fsin, fcos),
  FPTAN: pushing(tangent, one),
  FYL2X: binary(logarithmTimes),
  FYL2XP1: binary(logarithmPlusOneTimes),
  FPATAN: binary(arctangentOf),
} as const satisfies Record<string, Handler>;

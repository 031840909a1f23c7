/**
 * Comparison, examination and conditional moves. Intel SDM Vol. 2, FCOM, FUCOM, FCOMI, FTST, FXAM, FCMOVcc.
 */
import type { Core } from '../../core.ts';
import { EQUAL, LESS, UNORDERED, compare } from '../../float/compare.ts';
import { BEFORE_RESULT, SIGN, classify, copyValue, setZero } from '../../float/format.ts';
import { setArithmeticFlags, condition } from '../../flags.ts';
import type { Handler, Instruction } from '../../instruction.ts';
import { Kind } from '../../instruction.ts';
import { effectiveAddress } from '../../operands.ts';
import { Eflags, FPU_CONTROL, FPU_EMPTY, FPU_STATUS, FPU_TOP, OPERAND } from '../../registers.ts';
import { loadOperand } from './operand.ts';
import {
  CONDITION_CODES,
  Status,
  begin,
  isEmpty,
  pop,
  record,
  recordOperand,
  report,
  setConditions,
  st,
  stackFault,
  underflow,
} from './unit.ts';

const UNORDERED_CODES = CONDITION_CODES;

function codesOf(relation: number): number {
  if ((relation & UNORDERED) !== 0) return UNORDERED_CODES;
  if ((relation & EQUAL) !== 0) return Status.C3;
  return (relation & LESS) !== 0 ? Status.C0 : 0;
}

/** ST(0) with memory or a register, into C0, C2, C3. */
function fcom(quiet: boolean, pops: number): Handler {
  return (core, i) => {
    const m = begin(core);
    let denormal = 0;
    let other = 0;
    let missing = isEmpty(m, 0);
    if (i.kind0 === Kind.ST || i.kind0 === Kind.NONE) {
      record(core, i);
      const index = i.kind0 === Kind.ST ? i.index0 : 1;
      other = st(m, index);
      missing ||= isEmpty(m, index);
    } else {
      const offset = effectiveAddress(core, i);
      denormal = loadOperand(core, i, offset, i.index0, OPERAND);
      recordOperand(core, i, offset);
      other = OPERAND;
    }
    compareWith(m, other, quiet, denormal, missing, pops);
  };
}

function compareWith(
  m: Int32Array,
  other: number,
  quiet: boolean,
  denormal: number,
  missing: boolean,
  pops: number,
): void {
  if (missing) {
    const masked = stackFault(m, false);
    setConditions(m, UNORDERED_CODES);
    if (masked) popMany(m, pops);
    return;
  }
  const a = st(m, 0);
  let outcome = compare(m, a, other, quiet);
  if ((outcome & UNORDERED) === 0) outcome |= denormal;
  report(m, outcome);
  setConditions(m, codesOf(outcome));
  if ((outcome & ~m[FPU_CONTROL] & BEFORE_RESULT) === 0) popMany(m, pops);
}

function popMany(m: Int32Array, pops: number): void {
  for (let n = 0; n < pops; n++) pop(m);
}

/** Into ZF, PF and CF; OF, SF and AF are cleared. */
function fcomi(quiet: boolean, pops: boolean): Handler {
  return (core, i) => {
    const m = begin(core);
    record(core, i);
    if (isEmpty(m, 0) || isEmpty(m, i.index1)) {
      const masked = stackFault(m, false);
      setArithmeticFlags(core, Eflags.ZF | Eflags.PF | Eflags.CF);
      if (masked && pops) pop(m);
      return;
    }
    const outcome = compare(m, st(m, 0), st(m, i.index1), quiet);
    report(m, outcome);
    setArithmeticFlags(core, eflagsOf(outcome));
    if (pops && (outcome & ~m[FPU_CONTROL] & BEFORE_RESULT) === 0) pop(m);
  };
}

export function eflagsOf(relation: number): number {
  if ((relation & UNORDERED) !== 0) return Eflags.ZF | Eflags.PF | Eflags.CF;
  if ((relation & EQUAL) !== 0) return Eflags.ZF;
  return (relation & LESS) !== 0 ? Eflags.CF : 0;
}

function ftst(core: Core, i: Instruction): void {
  const m = begin(core);
  record(core, i);
  setZero(m, OPERAND, 0);
  compareWith(m, OPERAND, false, 0, isEmpty(m, 0), 0);
}

/** Condition codes C3, C2, C0 by class. SDM Vol. 2, FXAM. */
const CLASS_CODES: readonly number[] = [
  /* ZERO */ Status.C3,
  /* NORMAL */ Status.C2,
  /* DENORMAL */ Status.C3 | Status.C2,
  /* INFINITY */ Status.C2 | Status.C0,
  /* QUIET_NAN */ Status.C0,
  /* SIGNALING_NAN */ Status.C0,
  /* UNSUPPORTED */ 0,
];

function fxam(core: Core, i: Instruction): void {
  const m = begin(core);
  record(core, i);
  const a = st(m, 0);
  const empty = ((m[FPU_EMPTY] >> m[FPU_TOP]) & 1) !== 0;
  setConditions(m, empty ? Status.C3 | Status.C0 : CLASS_CODES[classify(m, a)]);
  const sign = (m[a + 2] & SIGN) !== 0 ? Status.C1 : 0;
  m[FPU_STATUS] = (m[FPU_STATUS] & ~Status.C1) | sign;
}

/** @param code a condition code of EFLAGS */
function fcmov(code: number): Handler {
  return (core, i) => {
    const m = begin(core);
    record(core, i);
    if (isEmpty(m, 0) || isEmpty(m, i.index1)) {
      underflow(m, 0);
      return;
    }
    if (condition(core, code)) copyValue(m, st(m, i.index1), st(m, 0));
  };
}

export const x87Compare = {
  FCOM: fcom(false, 0),
  FCOMP: fcom(false, 1),
  FCOMPP: fcom(false, 2),
  FICOM: fcom(false, 0),
  FICOMP: fcom(false, 1),
  FUCOM: fcom(true, 0),
  FUCOMP: fcom(true, 1),
  FUCOMPP: fcom(true, 2),
  FCOMI: fcomi(false, false),
  FCOMIP: fcomi(false, true),
  FUCOMI: fcomi(true, false),
  FUCOMIP: fcomi(true, true),
  FTST: ftst,
  FXAM: fxam,
  FCMOVB: fcmov(2),
  FCMOVNB: fcmov(3),
  FCMOVE: fcmov(4),
  FCMOVNE: fcmov(5),
  FCMOVBE: fcmov(6),
  FCMOVNBE: fcmov(7),
  FCMOVU: fcmov(10),
  FCMOVNU: fcmov(11),
} as const satisfies Record<string, Handler>;

/** FCOM and its kin: the counterpart of cpu/float/compare.ts. Intel SDM Vol. 2, FCOM. */
import { EXPONENT_MAX, SIGN } from '../../cpu/float/format.ts';
import { CONDITION_CODES, Status } from '../../cpu/execute/x87/unit.ts';
import { FPU_STATUS } from '../../cpu/registers.ts';
import { Op, type Code } from '../code.ts';
import { EX, EY, SIGN_X, SX, SY, T, X, Y, declineIf, load, pushIsSpecial, pushIsZero } from './operands.ts';

/** Sets T to the condition codes of X against Y: C3 if they are equal, C0 if X is less. */
function compare(code: Code): void {
  load(code, X, SX, EX);
  load(code, Y, SY, EY);
  code.get(EX).i32(SIGN).op(Op.AND).set(SIGN_X);
  code.get(EX).get(EY).op(Op.XOR).i32(SIGN).op(Op.AND).set(T);
  for (const local of [EX, EY]) code.get(local).i32(EXPONENT_MAX).op(Op.AND).set(local);
  for (const [significand, exponent] of [
    [SX, EX],
    [SY, EY],
  ] as const) {
    pushIsSpecial(code, significand, exponent).if();
    pushIsZero(code, significand, exponent).op(Op.EQZ);
    declineIf(code);
    code.end();
  }
  // T: whether the signs differ; those of zeros do not.
  code.i32(0).i32(SIGN).get(SX).get(SY).op(Op.I64_OR, Op.I64_EQZ, Op.SELECT).get(T).op(Op.AND).set(T);
  code.get(T).op(Op.EQZ).get(SX).get(SY).op(Op.I64_EQ, Op.AND).get(EX).get(EY).op(Op.EQ, Op.AND).if();
  code.i32(Status.C3).set(T);
  code.else();
  code.get(T).op(Op.EQZ).if();
  // Of the same sign: the smaller magnitude, or, if both are negative, the other one.
  code.get(EX).get(EY).op(Op.LT_U);
  code.get(EX).get(EY).op(Op.EQ).get(SX).get(SY).op(Op.I64_LT_U, Op.AND, Op.OR);
  code.get(SIGN_X).i32(15).op(Op.SHR_U, Op.XOR).i32(15).op(Op.SHL).set(SIGN_X);
  code.end();
  // Bit 15 becomes C0, bit 8.
  code.get(SIGN_X).i32(7).op(Op.SHR_U).set(T);
  code.end();
}

/** (x, y): the condition codes of x against y go to the status word. */
export function compareHelper(code: Code): void {
  compare(code);
  code.i32(0);
  code
    .i32(0)
    .access(Op.LOAD, FPU_STATUS * 4)
    .i32(~(CONDITION_CODES | Status.C1))
    .op(Op.AND)
    .get(T)
    .op(Op.OR)
    .access(Op.STORE, FPU_STATUS * 4);
  code.i32(1);
}

/** (x, y): 1 if x is greater, 2 if it is less. Changes nothing; equal values are declined. */
export function orderHelper(code: Code): void {
  compare(code);
  code.get(T).i32(Status.C3).op(Op.EQ);
  declineIf(code);
  code.get(T).i32(8).op(Op.SHR_U).i32(1).op(Op.ADD);
}

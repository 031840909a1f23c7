/**
 * FSQRT: the counterpart of cpu/float/square-root.ts, by the same algorithm. Intel SDM Vol. 2, FSQRT.
 * P. Zimmermann, "Karatsuba Square Root": the root of the upper half, then a quotient by twice that.
 */
import { BIAS, EXPONENT_MAX, SIGN } from '../../cpu/float/format.ts';
import { Op, type Code } from '../code.ts';
import {
  EX,
  EXTRA,
  OUT,
  SIGN_X,
  SX,
  SY,
  T,
  W0,
  W1,
  W2,
  W3,
  X,
  declineIf,
  load,
  pushIsSpecial,
  pushIsZero,
  reportExact,
  round,
} from './operands.ts';

/** (x, unused, out): out is the square root of x. */
export function squareRootHelper(code: Code): void {
  load(code, X, SX, EX);
  pushIsSpecial(code, SX, EX).if();
  code.get(EX).i32(EXPONENT_MAX).op(Op.AND).set(T);
  pushIsZero(code, SX, T).get(OUT).get(X).op(Op.EQ, Op.AND, Op.EQZ);
  declineIf(code);
  // A zero, of either sign, is its own root.
  reportExact(code);
  code.i32(1).op(Op.RETURN).end();
  code.get(EX).i32(SIGN).op(Op.AND);
  declineIf(code);
  code.i32(0).set(SIGN_X);
  // The radicand SX:SY: its exponent is made even.
  code.get(EX).i32(BIAS).op(Op.SUB).tee(EX).i32(1).op(Op.AND, Op.EQZ, Op.I64_EXTEND_U).set(W0);
  code.get(SX).get(W0).op(Op.I64_AND).i64(63).op(Op.I64_SHL).set(SY);
  code.get(SX).get(W0).op(Op.I64_SHR_U).set(SX);
  code.get(EX).i32(1).op(Op.SHR_S).i32(BIAS).op(Op.ADD).set(EX);
  upperRoot(code);
  lowerRoot(code);
  round(code);
  code.i32(1);
}

/** W1 = floor(sqrt(SX)), 32 bits, and SX what is left: at most 2 * W1. */
function upperRoot(code: Code): void {
  code.get(SX).op(Op.F64_CONVERT_I64_U, Op.F64_SQRT, Op.I64_TRUNC_F64_U).tee(W1);
  // A root of 2^32 is rounded up from less.
  code.get(W1).i64(32).op(Op.I64_SHR_U, Op.I64_SUB).set(W1);
  code.get(SX).get(W1).get(W1).op(Op.I64_MUL, Op.I64_SUB).set(SX);
  code.get(SX).i64(0).op(Op.I64_LT_S).if();
  code.get(W1).i64(1).op(Op.I64_SUB).set(W1);
  code.get(SX).get(W1).i64(1).op(Op.I64_SHL).i64(1).op(Op.I64_OR, Op.I64_ADD).set(SX);
  code.end();
  code.get(SX).get(W1).i64(1).op(Op.I64_SHL, Op.I64_GT_U).if();
  code.get(SX).get(W1).i64(1).op(Op.I64_SHL).i64(1).op(Op.I64_OR, Op.I64_SUB).set(SX);
  code.get(W1).i64(1).op(Op.I64_ADD).set(W1);
  code.end();
}

/** SX = the root, EXTRA what is behind it. */
function lowerRoot(code: Code): void {
  // W2 = (SX * 2^32 + upper half of SY) / (2 * W1): both are even, and halved fit 64 bits. W3 is the remainder.
  code.get(SX).i64(31).op(Op.I64_SHL).get(SY).i64(33).op(Op.I64_SHR_U, Op.I64_OR).tee(W0);
  code.get(W1).op(Op.I64_DIV_U).set(W2);
  code.get(W0).get(W1).op(Op.I64_REM_U).i64(1).op(Op.I64_SHL).set(W3);
  code.get(W2).i64(32).op(Op.I64_SHR_U).i64(0).op(Op.I64_NE).if();
  code.get(W2).i64(1).op(Op.I64_SUB).set(W2);
  code.get(W3).get(W1).i64(1).op(Op.I64_SHL, Op.I64_ADD).set(W3);
  code.end();
  // The remainder of the whole, W3 * 2^32 - W2^2, is W0 * 2^64 + W3.
  code.get(W2).get(W2).op(Op.I64_MUL).set(SX);
  code.get(W3).i64(32).op(Op.I64_SHR_U);
  code.get(W3).i64(32).op(Op.I64_SHL).tee(W3).get(SX).op(Op.I64_LT_U, Op.I64_EXTEND_U, Op.I64_SUB).set(W0);
  code.get(W3).get(SX).op(Op.I64_SUB).set(W3);
  code.get(W1).i64(32).op(Op.I64_SHL).get(W2).op(Op.I64_OR).set(SX);
  code.get(W0).i64(0).op(Op.I64_LT_S).if();
  code.get(SX).i64(1).op(Op.I64_SUB).set(SX);
  // Plus 2 * SX + 1.
  for (const addend of ['root', 'root', 'one'] as const) {
    if (addend === 'root') code.get(SX);
    else code.i64(1);
    code.tee(W2).get(W3).op(Op.I64_ADD).tee(W3).get(W2).op(Op.I64_LT_U, Op.I64_EXTEND_U);
    code.get(W0).op(Op.I64_ADD).set(W0);
  }
  code.end();
  // Half way is never met: above it when the remainder is above the root.
  code.get(W0).get(W3).op(Op.I64_OR).i64(0).op(Op.I64_NE, Op.I64_EXTEND_U);
  code.get(W0).i64(0).op(Op.I64_NE).get(W3).get(SX).op(Op.I64_GT_U, Op.OR, Op.I64_EXTEND_U);
  code.i64(63).op(Op.I64_SHL, Op.I64_OR).set(EXTRA);
}

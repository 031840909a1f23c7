/** FMUL and its kin: the counterpart of cpu/float/multiply.ts. Intel SDM Vol. 2, FMUL. */
import { BIAS } from '../../cpu/float/format.ts';
import { Op, type Code } from '../code.ts';
import {
  EX,
  EXTRA,
  EY,
  M32,
  SX,
  SY,
  W0,
  W1,
  W2,
  W3,
  X,
  Y,
  declineIf,
  load,
  pushIsSpecial,
  pushIsZero,
  reportExact,
  round,
  splitSigns,
  store,
} from './operands.ts';

/** A zero and a finite number: zero. */
function special(code: Code): void {
  for (const [significand, exponent] of [
    [SX, EX],
    [SY, EY],
  ] as const) {
    pushIsSpecial(code, significand, exponent).if();
    pushIsZero(code, significand, exponent).op(Op.EQZ);
    declineIf(code);
    code.end();
  }
  code.i64(0).set(SX).i32(0).set(EX);
  store(code);
  reportExact(code);
  code.i32(1).op(Op.RETURN);
}

/** SX:EXTRA = SX * SY, by halves of 32 bits. W0 and W1 are the low halves, SX and SY become the high ones. */
function product(code: Code): void {
  M32(code.get(SX)).op(Op.I64_AND).set(W0);
  M32(code.get(SY)).op(Op.I64_AND).set(W1);
  code.get(SX).i64(32).op(Op.I64_SHR_U).set(SX);
  code.get(SY).i64(32).op(Op.I64_SHR_U).set(SY);
  code.get(W0).get(W1).op(Op.I64_MUL).set(EXTRA);
  // high * low + the low product's upper half, and the other middle product: neither sum overflows.
  code.get(SX).get(W1).op(Op.I64_MUL).get(EXTRA).i64(32).op(Op.I64_SHR_U, Op.I64_ADD).set(W2);
  M32(code.get(SY).get(W0).op(Op.I64_MUL).get(W2)).op(Op.I64_AND, Op.I64_ADD).set(W3);
  code.get(SX).get(SY).op(Op.I64_MUL).get(W2).i64(32).op(Op.I64_SHR_U, Op.I64_ADD);
  code.get(W3).i64(32).op(Op.I64_SHR_U, Op.I64_ADD).set(SX);
  M32(code.get(W3).i64(32).op(Op.I64_SHL).get(EXTRA)).op(Op.I64_AND, Op.I64_OR).set(EXTRA);
}

/** (x, y, out): out = x * y. */
export function multiplyHelper(code: Code): void {
  load(code, X, SX, EX);
  load(code, Y, SY, EY);
  splitSigns(code, true);
  pushIsSpecial(code, SX, EX);
  pushIsSpecial(code, SY, EY).op(Op.OR).if();
  special(code);
  code.end();
  product(code);
  // The product of two numbers in [1, 2) is in [1, 4): W0 is 1 where it is below 2, and shifted up.
  code.get(SX).op(Op.I64_CLZ).set(W0);
  code
    .get(EX)
    .get(EY)
    .op(Op.ADD)
    .i32(BIAS - 1)
    .op(Op.SUB)
    .get(W0)
    .op(Op.I32_WRAP, Op.SUB)
    .set(EX);
  code.get(SX).get(W0).op(Op.I64_SHL);
  code.get(EXTRA).i64(1).op(Op.I64_SHR_U).i64(63).get(W0).op(Op.I64_SUB, Op.I64_SHR_U, Op.I64_OR).set(SX);
  code.get(EXTRA).get(W0).op(Op.I64_SHL).set(EXTRA);
  round(code);
  code.i32(1);
}

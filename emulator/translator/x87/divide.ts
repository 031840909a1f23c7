/**
 * FDIV and its kin: the counterpart of cpu/float/divide.ts. Intel SDM Vol. 2, FDIV.
 * Long division with digits of 32 bits: D. Knuth, "The Art of Computer Programming" Vol. 2, 4.3.1, Algorithm D.
 */
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

/**
 * Next digit of the quotient: `digit` = floor((SX * 2^32 + next) / SY), and SX becomes the remainder. SX is below SY, `next`
 * below 2^32. The estimate by the divisor's upper half is at most 2 too large.
 */
function quotientDigit(code: Code, next: number, digit: number, rest: number): void {
  code.get(SX).get(SY).i64(32).op(Op.I64_SHR_U, Op.I64_DIV_U).set(digit);
  code.get(SX).get(digit).get(SY).i64(32).op(Op.I64_SHR_U, Op.I64_MUL, Op.I64_SUB).set(rest);
  code.block().loop();
  // Too large while the digit has 33 bits, or digit * low half > rest * 2^32 + next.
  code.get(digit).i64(32).op(Op.I64_SHR_U).i64(0).op(Op.I64_NE);
  M32(code.get(digit).get(SY)).op(Op.I64_AND, Op.I64_MUL);
  code.get(rest).i64(32).op(Op.I64_SHL).get(next).op(Op.I64_OR, Op.I64_GT_U, Op.OR, Op.EQZ);
  code.brIf(1);
  code.get(digit).i64(1).op(Op.I64_SUB).set(digit);
  code.get(rest).get(SY).i64(32).op(Op.I64_SHR_U, Op.I64_ADD).tee(rest).i64(32).op(Op.I64_SHR_U, Op.I64_EQZ);
  code.brIf(0);
  code.end().end();
  // Modulo 2^64, which holds the remainder.
  code.get(SX).i64(32).op(Op.I64_SHL).get(next).op(Op.I64_OR).get(digit).get(SY).op(Op.I64_MUL, Op.I64_SUB).set(SX);
}

/** Zero by a normal number: zero. */
function special(code: Code): void {
  pushIsZero(code, SX, EX).op(Op.EQZ);
  pushIsSpecial(code, SY, EY).op(Op.OR);
  declineIf(code);
  store(code);
  reportExact(code);
  code.i32(1).op(Op.RETURN);
}

/** (x, y, out): out = x / y. */
export function divideHelper(code: Code): void {
  load(code, X, SX, EX);
  load(code, Y, SY, EY);
  splitSigns(code, true);
  pushIsSpecial(code, SX, EX);
  pushIsSpecial(code, SY, EY).op(Op.OR).if();
  special(code);
  code.end();
  code.get(EX).get(EY).op(Op.SUB).i32(BIAS).op(Op.ADD).set(EX);
  // The dividend is SX:W0, below SY:0, so that the quotient has 64 bits and its integer bit.
  code.i64(0).set(W0);
  code.get(SX).get(SY).op(Op.I64_LT_U).if();
  code.get(EX).i32(1).op(Op.SUB).set(EX);
  code.else();
  code.get(SX).i64(63).op(Op.I64_SHL).set(W0);
  code.get(SX).i64(1).op(Op.I64_SHR_U).set(SX);
  code.end();
  code.get(W0).i64(32).op(Op.I64_SHR_U).set(W0);
  quotientDigit(code, W0, W1, W3);
  code.i64(0).set(W0);
  quotientDigit(code, W0, W2, W3);
  // The next bit: twice the remainder against the divisor, which it never equals.
  code.get(SX).i64(0).op(Op.I64_NE, Op.I64_EXTEND_U);
  code
    .get(SX)
    .get(SY)
    .get(SX)
    .op(Op.I64_SUB, Op.I64_GT_U, Op.I64_EXTEND_U)
    .i64(63)
    .op(Op.I64_SHL, Op.I64_OR)
    .set(EXTRA);
  code.get(W1).i64(32).op(Op.I64_SHL).get(W2).op(Op.I64_OR).set(SX);
  round(code);
  code.i32(1);
}

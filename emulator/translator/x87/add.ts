/** FADD, FSUB and their kin: the counterpart of cpu/float/add.ts. Intel SDM Vol. 2, FADD, FSUB. */
import { EXPONENT_MAX, ROUND_DOWN, ROUNDING_CONTROL, SIGN } from '../../cpu/float/format.ts';
import { Op, type Code } from '../code.ts';
import {
  EX,
  EXTRA,
  EY,
  SIGN_X,
  SX,
  SY,
  T,
  W0,
  X,
  Y,
  declineIf,
  load,
  pushControl,
  pushIsSpecial,
  pushIsZero,
  reportExact,
  round,
  store,
} from './operands.ts';

/**
 * Puts the larger magnitude into SX and EX, without a branch that nobody could predict. EX and EY hold the exponents
 * times 2, and the signs in bit 0.
 */
function order(code: Code): void {
  code.get(EX).i32(1).op(Op.SHR_U).set(T);
  code.get(T).get(EY).i32(1).op(Op.SHR_U, Op.LT_U);
  code.get(T).get(EY).i32(1).op(Op.SHR_U, Op.EQ).get(SX).get(SY).op(Op.I64_LT_U, Op.AND, Op.OR).set(T);
  code.i64(0).get(T).op(Op.I64_EXTEND_U, Op.I64_SUB);
  code.get(SX).get(SY).op(Op.I64_XOR, Op.I64_AND).tee(W0).get(SX).op(Op.I64_XOR).set(SX);
  code.get(SY).get(W0).op(Op.I64_XOR).set(SY);
  code.i32(0).get(T).op(Op.SUB);
  code.get(EX).get(EY).op(Op.XOR, Op.AND).tee(T).get(EX).op(Op.XOR).set(EX);
  code.get(EY).get(T).op(Op.XOR).set(EY);
}

/** Shifts SY right by EY bits, which is W0 as well; EXTRA gets what falls out, its last bit sticky. */
function align(code: Code): void {
  code.get(SY).i64(1).op(Op.I64_SHL).i64(63).get(W0).op(Op.I64_SUB, Op.I64_SHL).set(EXTRA);
  code.get(EY).i32(64).op(Op.LT_U).if();
  code.get(SY).get(W0).op(Op.I64_SHR_U).set(SY);
  code.else();
  code.i64(1).set(EXTRA);
  code.get(EY).i32(128).op(Op.LT_U).if();
  // Not sticky alone: a difference may be shifted up by one.
  code.get(SY).get(W0).op(Op.I64_SHR_U);
  code.get(SY).i64(1).op(Op.I64_SHL).i64(63).get(W0).op(Op.I64_SUB, Op.I64_SHL).i64(0);
  code.op(Op.I64_NE, Op.I64_EXTEND_U, Op.I64_OR).set(EXTRA);
  code.end();
  code.i64(0).set(SY);
  code.end();
}

function sum(code: Code): void {
  code.get(SX).get(SY).op(Op.I64_ADD).tee(SY).get(SX).op(Op.I64_LT_U).tee(T).op(Op.I64_EXTEND_U).set(W0);
  code.get(EXTRA).get(W0).op(Op.I64_SHR_U).get(EXTRA).i64(1).op(Op.I64_AND, Op.I64_OR);
  code.get(SY).get(W0).op(Op.I64_AND).i64(63).op(Op.I64_SHL, Op.I64_OR).set(EXTRA);
  code.get(SY).get(W0).op(Op.I64_SHR_U).get(W0).i64(63).op(Op.I64_SHL, Op.I64_OR).set(SX);
  code.get(EX).get(T).op(Op.ADD).set(EX);
}

function difference(code: Code): void {
  code.get(SX).get(SY).op(Op.I64_SUB).get(EXTRA).i64(0).op(Op.I64_NE, Op.I64_EXTEND_U, Op.I64_SUB).set(SX);
  code.i64(0).get(EXTRA).op(Op.I64_SUB).set(EXTRA);
  code.get(SX).op(Op.I64_EQZ).if();
  code.get(EXTRA).op(Op.I64_EQZ).if();
  code.i32(0).set(EX);
  pushZeroSign(code);
  code.set(SIGN_X);
  store(code);
  reportExact(code);
  code.i32(1).op(Op.RETURN).end();
  // All that is left stands behind the last bit.
  code.get(EXTRA).set(SX).i64(0).set(EXTRA).get(EX).i32(64).op(Op.SUB).set(EX);
  code.end();
  code.get(SX).op(Op.I64_CLZ).set(W0);
  code.get(SX).get(W0).op(Op.I64_SHL);
  code.get(EXTRA).i64(1).op(Op.I64_SHR_U).i64(63).get(W0).op(Op.I64_SUB, Op.I64_SHR_U, Op.I64_OR).set(SX);
  code.get(EXTRA).get(W0).op(Op.I64_SHL).set(EXTRA);
  code.get(EX).get(W0).op(Op.I32_WRAP, Op.SUB).set(EX);
}

/** The sign of an exact zero that is no zero's: SDM Vol. 1, "Signed Zeros". */
function pushZeroSign(code: Code): void {
  pushControl(code, ROUNDING_CONTROL).i32(ROUND_DOWN).op(Op.EQ).i32(15).op(Op.SHL);
}

/** One of the operands at least is no normal number. SIGN_X is X's sign, T that of Y. */
function special(code: Code): void {
  code.i64(0).set(EXTRA);
  pushIsZero(code, SX, EX).if();
  pushIsZero(code, SY, EY).if();
  code.get(SIGN_X);
  pushZeroSign(code);
  code.get(SIGN_X).get(T).op(Op.EQ, Op.SELECT).set(SIGN_X);
  store(code);
  reportExact(code);
  code.i32(1).op(Op.RETURN).end();
  pushIsSpecial(code, SY, EY);
  declineIf(code);
  code.get(SY).set(SX).get(EY).set(EX).get(T).set(SIGN_X);
  code.else();
  pushIsZero(code, SY, EY).op(Op.EQZ);
  pushIsSpecial(code, SX, EX).op(Op.OR);
  declineIf(code);
  code.end();
  round(code);
  code.i32(1).op(Op.RETURN);
}

/** (x, y, out): out = x + y, or x - y. */
export function addHelper(code: Code, subtracts: boolean): void {
  load(code, X, SX, EX);
  load(code, Y, SY, EY);
  code.get(EX).i32(SIGN).op(Op.AND).set(SIGN_X);
  code.get(EY);
  if (subtracts) code.i32(SIGN).op(Op.XOR);
  code.i32(SIGN).op(Op.AND).set(T);
  for (const local of [EX, EY]) code.get(local).i32(EXPONENT_MAX).op(Op.AND).set(local);
  pushIsSpecial(code, SX, EX);
  pushIsSpecial(code, SY, EY).op(Op.OR).if();
  special(code);
  code.end();

  code.get(EX).i32(1).op(Op.SHL).get(SIGN_X).i32(15).op(Op.SHR_U, Op.OR).set(EX);
  code.get(EY).i32(1).op(Op.SHL).get(T).i32(15).op(Op.SHR_U, Op.OR).set(EY);
  order(code);
  code.get(EX).i32(1).op(Op.AND).i32(15).op(Op.SHL).set(SIGN_X);
  // Whether the signs differ.
  code.get(EX).get(EY).op(Op.XOR).i32(1).op(Op.AND).set(T);
  code.get(EX).i32(1).op(Op.SHR_U).tee(EX).get(EY).i32(1).op(Op.SHR_U, Op.SUB).tee(EY).op(Op.I64_EXTEND_U).set(W0);
  align(code);
  code.get(T).if();
  difference(code);
  code.else();
  sum(code);
  code.end();
  round(code);
  code.i32(1);
}

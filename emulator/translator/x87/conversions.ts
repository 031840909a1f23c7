/**
 * Values from and to memory: the counterpart of cpu/float/narrow.ts and cpu/float/integer.ts.
 * Intel SDM Vol. 1, "Floating-Point Data Types"; Vol. 2, FLD, FST, FILD, FIST.
 */
import { BIAS, EXPONENT_MAX, SIGN } from '../../cpu/float/format.ts';
import { Op, type Code } from '../code.ts';
import {
  EX,
  EXTRA,
  SIGN_EXPONENT,
  SIGN_X,
  SX,
  T,
  VALUES,
  W0,
  X,
  Y,
  declineIf,
  load,
  pushIsSpecial,
  pushIsZero,
  reportRounding,
  setRoundUp,
} from './operands.ts';

/** Memory formats: bits of the exponent and of the fraction, and what the exponent is biased by. */
interface Format {
  readonly bytes: 4 | 8;
  readonly exponentMax: number;
  readonly fraction: number;
  readonly bias: number;
}

export const SINGLE: Format = { bytes: 4, exponentMax: 0xff, fraction: 23, bias: 127 };
export const DOUBLE: Format = { bytes: 8, exponentMax: 0x7ff, fraction: 52, bias: 1023 };

/** Writes SX, SIGN_X and EX to the value that parameter Y names. */
function storeToY(code: Code): void {
  code.get(Y).get(SX).access(Op.I64_STORE, VALUES);
  code.get(Y).get(EX).get(SIGN_X).op(Op.OR).access(Op.STORE, SIGN_EXPONENT);
  code.i32(1);
}

/** (host, value): widens what stands at a host address. Denormals and all that is not finite are declined. */
export function loadHelper(code: Code, { bytes, exponentMax, fraction, bias }: Format): void {
  code.get(X);
  if (bytes === 8) code.access(Op.I64_LOAD);
  else code.access(Op.LOAD).op(Op.I64_EXTEND_U);
  code.tee(SX).i64(fraction).op(Op.I64_SHR_U, Op.I32_WRAP).tee(T).i32(exponentMax).op(Op.AND).set(EX);
  code
    .get(T)
    .i32(exponentMax + 1)
    .op(Op.AND)
    .i32(bytes === 8 ? 4 : 7)
    .op(Op.SHL)
    .set(SIGN_X);
  code
    .get(SX)
    .i64(63 - fraction)
    .op(Op.I64_SHL)
    .set(SX);
  code
    .get(EX)
    .i32(1)
    .op(Op.SUB)
    .i32(exponentMax - 1)
    .op(Op.GE_U)
    .if();
  // Left of the fraction there is only the exponent's last bit.
  code.get(SX).i64(0).op(Op.I64_NE).get(EX).op(Op.OR);
  declineIf(code);
  code.else();
  code
    .get(SX)
    .i64High()
    .op(Op.I64_OR)
    .set(SX)
    .get(EX)
    .i32(BIAS - bias)
    .op(Op.ADD)
    .set(EX);
  code.end();
  storeToY(code);
}

/** (number, value), or (host, value) for 64 bits: an integer, which is always exact. */
export function loadIntegerHelper(code: Code, wide: boolean): void {
  code.get(X);
  if (wide) code.access(Op.I64_LOAD);
  else code.op(Op.I64_EXTEND_S);
  code.set(SX);
  code.get(SX).i64(0).op(Op.I64_LT_S).i32(15).op(Op.SHL).set(SIGN_X);
  code.i64(0).get(SX).op(Op.I64_SUB).get(SX).get(SIGN_X).op(Op.SELECT).tee(SX);
  code.op(Op.I64_EQZ).if();
  code.i32(0).set(EX);
  code.else();
  code.get(SX).op(Op.I64_CLZ).set(W0);
  code.get(SX).get(W0).op(Op.I64_SHL).set(SX);
  code
    .i32(BIAS + 63)
    .get(W0)
    .op(Op.I32_WRAP, Op.SUB)
    .set(EX);
  code.end();
  storeToY(code);
}

function loadOperand(code: Code): void {
  load(code, X, SX, EX);
  code.get(EX).i32(SIGN).op(Op.AND).set(SIGN_X);
  code.get(EX).i32(EXPONENT_MAX).op(Op.AND).set(EX);
  code.i64(0).set(EXTRA).i32(0).set(T);
}

/** (value, host): rounds to a format, and stores. */
export function storeHelper(code: Code, { bytes, exponentMax, fraction, bias }: Format): void {
  const cut = 63 - fraction;
  loadOperand(code);
  pushIsSpecial(code, SX, EX).if();
  pushIsZero(code, SX, EX).op(Op.EQZ);
  declineIf(code);
  code.else();
  code
    .get(EX)
    .i32(BIAS - bias)
    .op(Op.SUB)
    .tee(EX);
  code
    .i32(1)
    .op(Op.SUB)
    .i32(exponentMax - 2)
    .op(Op.GE_U);
  declineIf(code);
  code
    .get(SX)
    .i64(64 - cut)
    .op(Op.I64_SHL)
    .set(EXTRA);
  code.get(SX).i64(cut).op(Op.I64_SHR_U).set(SX);
  setRoundUp(code);
  // Adding the integer bit to the exponent below counts it in, and so a carry of the rounding.
  code.get(SX).get(T).op(Op.I64_EXTEND_U, Op.I64_ADD);
  code.get(EX).i32(1).op(Op.SUB, Op.I64_EXTEND_U).i64(fraction).op(Op.I64_SHL, Op.I64_ADD).set(SX);
  code.end();
  code.get(Y);
  code
    .get(SX)
    .get(SIGN_X)
    .op(Op.I64_EXTEND_U)
    .i64(bytes * 8 - 16)
    .op(Op.I64_SHL, Op.I64_OR);
  if (bytes === 8) code.access(Op.I64_STORE);
  else code.op(Op.I32_WRAP).access(Op.STORE);
  reportRounding(code);
  code.i32(1);
}

/** (value, host): rounds to an integer of `bits`, and stores it. Those at the ends of the range are declined. */
export function storeIntegerHelper(code: Code, bits: 16 | 32 | 64): void {
  loadOperand(code);
  pushIsSpecial(code, SX, EX).if();
  pushIsZero(code, SX, EX).op(Op.EQZ);
  declineIf(code);
  code.else();
  // W0: by how much the integer is shifted right.
  code
    .i32(BIAS + 63)
    .get(EX)
    .op(Op.SUB)
    .tee(EX)
    .op(Op.I64_EXTEND_U)
    .set(W0);
  code
    .get(EX)
    .i32(64 - bits)
    .op(bits === 64 ? Op.LE_S : Op.LT_S);
  declineIf(code);
  code.get(EX).i32(63).op(Op.GT_S).if();
  code.get(SX).i64(1).get(EX).i32(64).op(Op.EQ, Op.SELECT).set(EXTRA).i64(0).set(SX);
  code.else();
  code.get(SX).i64(64).get(W0).op(Op.I64_SUB, Op.I64_SHL).set(EXTRA);
  code.get(SX).get(W0).op(Op.I64_SHR_U).set(SX);
  code.end();
  setRoundUp(code);
  code.get(SX).get(T).op(Op.I64_EXTEND_U, Op.I64_ADD).tee(SX);
  code
    .i64(bits - 1)
    .op(Op.I64_SHR_U)
    .i64(0)
    .op(Op.I64_NE);
  declineIf(code);
  code.i64(0).get(SX).op(Op.I64_SUB).get(SX).get(SIGN_X).op(Op.SELECT).set(SX);
  code.end();
  code.get(Y).get(SX);
  if (bits === 64) code.access(Op.I64_STORE);
  else code.op(Op.I32_WRAP).access(bits === 32 ? Op.STORE : Op.STORE16);
  reportRounding(code);
  code.i32(1);
}

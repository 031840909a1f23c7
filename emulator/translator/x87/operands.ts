/**
 * What the floating-point helpers of translated code share: their locals, how operands come in, how a result is rounded and
 * goes out. They compute in WebAssembly what cpu/float/ computes, for the operands that programs mostly have.
 * Intel SDM Vol. 1, "x87 FPU Data Types", "Rounding"; cpu/float/format.ts for the form of a value in memory.
 *
 * Invariant: a helper does all that the instruction does to values and to the status word, and returns 1; or nothing, and
 * returns 0. It knows finite normal numbers and zeros, results that are neither tiny nor huge, and raises #P alone.
 */
import { EXPONENT_MAX, PRECISION_24, PRECISION_53, PRECISION_64, PRECISION_CONTROL } from '../../cpu/float/format.ts';
import { ROUND_DOWN, ROUND_UP, ROUNDING_CONTROL, SIGN } from '../../cpu/float/format.ts';
import { Status } from '../../cpu/execute/x87/unit.ts';
import { FPU, FPU_CONTROL, FPU_STATUS, OPERAND } from '../../cpu/registers.ts';
import { Op, type Code } from '../code.ts';

/** Byte offset of the register file. Values are named by their byte offset from it. */
export const VALUES = FPU * 4;
export const SIGN_EXPONENT = VALUES + 8;
/** The value that a memory operand was widened to. */
export const OPERAND_VALUE = (OPERAND - FPU) * 4;

/** Parameters: two values, or a value and something else; where the result goes. */
export const X = 0;
export const Y = 1;
export const OUT = 2;
export const PARAMETERS = 3;
// Locals of 32 bits. First sign and exponent together, then mostly the exponent alone.
export const EX = 3;
export const EY = 4;
export const SIGN_X = 5;
export const T = 6;
export const NARROW_LOCALS = 4;
// Locals of 64 bits: significands, what is behind the last bit of the result's, and others.
export const SX = 7;
export const SY = 8;
export const EXTRA = 9;
export const W0 = 10;
export const W1 = 11;
export const W2 = 12;
export const W3 = 13;
export const WIDE_LOCALS = 7;

export const M32 = (code: Code): Code => code.i64(-1).i64(32).op(Op.I64_SHR_U);

/** Significand and sign with exponent of a value. */
export function load(code: Code, value: number, significand: number, signExponent: number): Code {
  code.get(value).access(Op.I64_LOAD, VALUES).set(significand);
  return code.get(value).access(Op.LOAD16_U, SIGN_EXPONENT).set(signExponent);
}

/** Gives up if the top of the stack is not 0. */
export function declineIf(code: Code): Code {
  return code.if().i32(0).op(Op.RETURN).end();
}

/** Pushes whether a value is no finite normal number; its exponent alone is in `exponent`. */
export function pushIsSpecial(code: Code, significand: number, exponent: number): Code {
  code.get(significand).op(Op.I64_CLZ, Op.I32_WRAP);
  code.get(exponent).i32(1).op(Op.SUB);
  return code.i32(EXPONENT_MAX - 1).op(Op.GE_U, Op.OR);
}

/** Pushes whether a value is zero; its exponent alone is in `exponent`. */
export function pushIsZero(code: Code, significand: number, exponent: number): Code {
  return code.get(significand).op(Op.I64_EQZ).get(exponent).op(Op.EQZ, Op.AND);
}

export function pushControl(code: Code, bits: number): Code {
  return code
    .i32(0)
    .access(Op.LOAD, FPU_CONTROL * 4)
    .i32(bits)
    .op(Op.AND);
}

/**
 * Sets T to 1 if the magnitude SX is to be rounded up, to 0 if not. EXTRA holds the bits behind its last one, SIGN_X its
 * sign. SDM Vol. 1, "Rounding Control (RC) Field".
 */
export function setRoundUp(code: Code): void {
  code.get(EXTRA).i64(0).op(Op.I64_LT_S);
  code.get(EXTRA).i64(1).op(Op.I64_SHL).get(SX).i64(1).op(Op.I64_AND, Op.I64_OR).i64(0).op(Op.I64_NE, Op.AND);
  code.set(T);
  pushControl(code, ROUNDING_CONTROL).if();
  code.get(EXTRA).i64(0).op(Op.I64_NE);
  pushControl(code, ROUNDING_CONTROL);
  code.i32(ROUND_DOWN).i32(ROUND_UP).get(SIGN_X).op(Op.SELECT, Op.EQ, Op.AND).set(T);
  code.end();
}

/** Reports #P if EXTRA is not 0, and in C1 the rounding that T tells. */
export function reportRounding(code: Code): void {
  code.i32(0);
  code
    .i32(0)
    .access(Op.LOAD, FPU_STATUS * 4)
    .i32(~Status.C1)
    .op(Op.AND);
  // PRECISION is bit 5, C1 bit 9.
  code.get(EXTRA).i64(0).op(Op.I64_NE).i32(5).op(Op.SHL, Op.OR);
  code.get(T).i32(9).op(Op.SHL, Op.OR);
  code.access(Op.STORE, FPU_STATUS * 4);
}

/** Writes SX with SIGN_X and EX to OUT. */
export function store(code: Code): void {
  code.get(OUT).get(SX).access(Op.I64_STORE, VALUES);
  code.get(OUT).get(EX).get(SIGN_X).op(Op.OR).access(Op.STORE, SIGN_EXPONENT);
}

/** Clears C1: nothing was rounded. */
export function reportExact(code: Code): void {
  code.i32(0);
  code
    .i32(0)
    .access(Op.LOAD, FPU_STATUS * 4)
    .i32(~Status.C1)
    .op(Op.AND)
    .access(Op.STORE, FPU_STATUS * 4);
}

/**
 * The end of every operation: SX, whose integer bit is set, with EXTRA behind it, SIGN_X and EX is rounded to OUT.
 * SDM Vol. 1, "Precision Control (PC) Field". W0 is how many bits are cut off.
 */
export function round(code: Code): void {
  code
    .get(EX)
    .i32(1)
    .op(Op.SUB)
    .i32(EXPONENT_MAX - 2)
    .op(Op.GE_U);
  declineIf(code);
  code.i64(0).set(W0);
  pushControl(code, PRECISION_CONTROL).tee(T).i32(PRECISION_64).op(Op.NE).if();
  code.i64(40).set(W0);
  code.get(T).i32(PRECISION_24).op(Op.NE).if();
  code.i64(11).i64(0).get(T).i32(PRECISION_53).op(Op.EQ, Op.SELECT).set(W0);
  code.end();
  code.get(W0).op(Op.I64_EQZ, Op.EQZ).if();
  code.get(SX).i64(64).get(W0).op(Op.I64_SUB, Op.I64_SHL);
  code.get(EXTRA).i64(0).op(Op.I64_NE, Op.I64_EXTEND_U, Op.I64_OR).set(EXTRA);
  code.get(SX).get(W0).op(Op.I64_SHR_U).set(SX);
  code.end().end();
  setRoundUp(code);
  code.get(SX).get(T).op(Op.I64_EXTEND_U, Op.I64_ADD).get(W0).op(Op.I64_SHL).tee(SX).op(Op.I64_EQZ).if();
  code.i64High().set(SX).get(EX).i32(1).op(Op.ADD).set(EX).end();
  store(code);
  reportRounding(code);
}

/** Separates SIGN_X, and the exponents, from what `load` has read. */
export function splitSigns(code: Code, combined: boolean): void {
  code.get(EX);
  if (combined) code.get(EY).op(Op.XOR);
  code.i32(SIGN).op(Op.AND).set(SIGN_X);
  for (const local of [EX, EY]) code.get(local).i32(EXPONENT_MAX).op(Op.AND).set(local);
}

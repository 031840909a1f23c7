/**
 * Integer arithmetic and logic; the counterpart of cpu/execute/arithmetic.ts, whose flags these have bit for bit.
 */
import type { Instruction } from '../cpu/instruction.ts';
import { Kind } from '../cpu/instruction.ts';
import { EAX, EDX } from '../cpu/registers.ts';
import { Op } from './code.ts';
import type { Emit } from './emit.ts';
import { isMemory, type Emitter } from './emitter.ts';
import { Carry, Rest } from './lazy-flags.ts';
import { FLAG_A, FLAG_B, RESULT_LOCAL, VALUE0, VALUE1, VALUE2, WIDE } from './locals.ts';

const CF_AND_NEXT = 0xc000_0000 | 0;

/** Operand 0 in VALUE0, operand 1 in VALUE1. At most one of them is memory. */
function readBoth(e: Emitter, i: Instruction, writes: boolean): void {
  e.readOperand1(i, VALUE1);
  e.readOperand0(i, VALUE0, writes);
}

function sum(difference: boolean, writes: boolean): Emit {
  return (e, i) => {
    readBoth(e, i, writes);
    e.code
      .get(VALUE0)
      .get(VALUE1)
      .op(difference ? Op.SUB : Op.ADD)
      .set(VALUE2);
    if (writes && i.kind0 === Kind.REG32 && i.kind1 === Kind.IMMEDIATE) {
      e.setToSum(i.index0, i.index0, difference ? -i.index1 | 0 : i.index1);
    } else if (writes) e.writeOperand0(i, VALUE2);
    e.code.get(VALUE2);
    e.setSumFlags(i.size, difference);
  };
}

/** ADC and SBB: CARRIES at once, because three operands do not fit the lazy form. */
function sumWithCarry(difference: boolean): Emit {
  return (e, i) => {
    const { code } = e;
    readBoth(e, i, true);
    code
      .get(VALUE0)
      .get(VALUE1)
      .op(difference ? Op.SUB : Op.ADD);
    e.pushCarry();
    code.op(difference ? Op.SUB : Op.ADD).set(RESULT_LOCAL);
    const [x, z] = difference ? [RESULT_LOCAL, VALUE0] : [VALUE0, RESULT_LOCAL];
    code.get(x).get(VALUE1).op(Op.AND);
    code.get(x).get(VALUE1).op(Op.OR).get(z).i32(-1).op(Op.XOR, Op.AND, Op.OR).tee(FLAG_B);
    if (i.size !== 4) code.i32(32 - i.size * 8).op(Op.SHL);
    code.i32(CF_AND_NEXT).op(Op.AND).get(FLAG_B).i32(8).op(Op.AND, Op.OR).set(FLAG_A);
    e.writeOperand0(i, RESULT_LOCAL);
    code.get(RESULT_LOCAL);
    e.setResult(i.size);
    e.setFlags(Carry.VECTOR);
  };
}

function logic(operation: number, writes: boolean): Emit {
  return (e, i) => {
    readBoth(e, i, writes);
    e.code.get(VALUE0).get(VALUE1).op(operation).set(VALUE2);
    if (writes) e.writeOperand0(i, VALUE2);
    e.code.get(VALUE2);
    e.setResult(i.size);
    e.setFlags(Carry.LOGIC);
  };
}

function incrementOrDecrement(rest: number): Emit {
  return (e, i) => {
    const { code } = e;
    e.readOperand0(i, VALUE0, true);
    code
      .get(VALUE0)
      .i32(rest === Rest.INC ? 1 : -1)
      .op(Op.ADD)
      .set(VALUE2);
    if (i.size === 4) {
      if (i.kind0 === Kind.REG32) e.setToSum(i.index0, i.index0, rest === Rest.INC ? 1 : -1);
      else e.writeOperand0(i, VALUE2);
      code.get(VALUE2).set(RESULT_LOCAL);
      e.setRest(rest);
      return;
    }
    // CARRIES of the narrow sum, with CF as it was.
    e.pushCarry();
    code.set(VALUE1);
    const [x, z] = rest === Rest.INC ? [VALUE0, VALUE2] : [VALUE2, VALUE0];
    code.get(x).i32(1).op(Op.AND).get(x).i32(1).op(Op.OR).get(z).i32(-1).op(Op.XOR, Op.AND, Op.OR).tee(FLAG_A);
    code
      .i32(32 - i.size * 8)
      .op(Op.SHL)
      .i32(CF_AND_NEXT)
      .op(Op.AND);
    code.get(FLAG_A).i32(8).op(Op.AND, Op.OR).tee(FLAG_A);
    code.i32(31).op(Op.SHR_S).i32(0).get(VALUE1).op(Op.SUB, Op.XOR).i32(CF_AND_NEXT).op(Op.AND);
    code.get(FLAG_A).op(Op.XOR).set(FLAG_A);
    e.writeOperand0(i, VALUE2);
    code.get(VALUE2);
    e.setResult(i.size);
    e.setFlags(Carry.VECTOR);
  };
}

/** The product's low half in RESULT_LOCAL; what is lost of it in FLAG_A. WIDE holds the product. */
function setProductFlags(e: Emitter, signed: boolean): void {
  const { code } = e;
  code.get(WIDE).op(Op.I32_WRAP).set(RESULT_LOCAL);
  code.get(WIDE).i64(32).op(Op.I64_SHR_U, Op.I32_WRAP);
  if (signed) code.get(RESULT_LOCAL).i32(31).op(Op.SHR_S, Op.XOR);
  code.set(FLAG_A);
  e.setFlags(Carry.MUL);
}

function multiplyAccumulator(signed: boolean): Emit {
  return (e, i) => {
    const { code } = e;
    const extend = signed ? Op.I64_EXTEND_S : Op.I64_EXTEND_U;
    e.readOperand0(i, VALUE0, false);
    code.get(VALUE0).op(extend).get(EAX).op(extend, Op.I64_MUL).set(WIDE);
    setProductFlags(e, signed);
    code.get(RESULT_LOCAL).set(EAX);
    code.get(WIDE).i64(32).op(Op.I64_SHR_U, Op.I32_WRAP).set(EDX);
  };
}

const imul: Emit = (e, i) => {
  if (i.kind1 === Kind.NONE) {
    multiplyAccumulator(true)(e, i);
    return;
  }
  const { code } = e;
  e.readOperand1(i, VALUE1);
  if (i.kind2 === Kind.NONE) code.get(i.index0).op(Op.I64_EXTEND_S);
  else code.i32(i.index2).op(Op.I64_EXTEND_S);
  code.get(VALUE1).op(Op.I64_EXTEND_S, Op.I64_MUL).set(WIDE);
  setProductFlags(e, true);
  code.get(RESULT_LOCAL).set(i.index0);
};

/** Faults are the interpreter's, and so are dividends of a signed division that need 64 bits. Flags stay. */
const div: Emit = (e, i) => {
  const { code } = e;
  e.readOperand0(i, VALUE0, false);
  code.get(EDX).get(VALUE0).op(Op.GE_U);
  e.exitIf();
  // Divisions of 64 bits take several times as long as those of 32.
  code.get(EDX).op(Op.EQZ).if();
  code.get(EAX).get(VALUE0).op(Op.REM_U).set(EDX);
  code.get(EAX).get(VALUE0).op(Op.DIV_U).set(EAX);
  code.else();
  code.get(EDX).op(Op.I64_EXTEND_U).i64(32).op(Op.I64_SHL).get(EAX).op(Op.I64_EXTEND_U, Op.I64_OR).set(WIDE);
  code.get(WIDE).get(VALUE0).op(Op.I64_EXTEND_U, Op.I64_DIV_U, Op.I32_WRAP).set(EAX);
  code.get(WIDE).get(VALUE0).op(Op.I64_EXTEND_U, Op.I64_REM_U, Op.I32_WRAP).set(EDX);
  code.end();
};

const idiv: Emit = (e, i) => {
  const { code } = e;
  e.readOperand0(i, VALUE0, false);
  code.get(EAX).i32(31).op(Op.SHR_S).get(EDX).op(Op.NE);
  e.exitIf();
  // 0 is a fault, and -1 may overflow.
  code.get(VALUE0).i32(1).op(Op.ADD).i32(2).op(Op.LT_U);
  e.exitIf();
  code.get(EAX).get(VALUE0).op(Op.REM_S).set(EDX);
  code.get(EAX).get(VALUE0).op(Op.DIV_S).set(EAX);
};

/** CARRIES from the value on the stack. */
function setCarries(e: Emitter): void {
  e.code.set(FLAG_A);
  e.setFlags(Carry.VECTOR);
}

export const arithmetic: Readonly<Record<string, Emit>> = {
  ADD: sum(false, true),
  SUB: sum(true, true),
  CMP: sum(true, false),
  ADC: sumWithCarry(false),
  SBB: sumWithCarry(true),
  AND: logic(Op.AND, true),
  OR: logic(Op.OR, true),
  XOR: logic(Op.XOR, true),
  TEST: logic(Op.AND, false),
  INC: incrementOrDecrement(Rest.INC),
  DEC: incrementOrDecrement(Rest.DEC),
  NOT: (e, i) => {
    e.readOperand0(i, VALUE0, true);
    e.code.get(VALUE0).i32(-1).op(Op.XOR).set(VALUE2);
    e.writeOperand0(i, VALUE2);
  },
  NEG: (e, i) => {
    e.readOperand0(i, VALUE1, true);
    e.code.i32(0).get(VALUE1).op(Op.SUB).set(VALUE2);
    e.writeOperand0(i, VALUE2);
    e.code.i32(0).set(VALUE0).get(VALUE2);
    e.setSumFlags(i.size, true);
  },
  MUL: multiplyAccumulator(false),
  IMUL: imul,
  DIV: div,
  IDIV: idiv,
  XADD: (e, i) => {
    readBoth(e, i, true);
    e.code.get(VALUE0).get(VALUE1).op(Op.ADD).set(VALUE2);
    if (isMemory(i.kind0)) e.writeOperand0(i, VALUE2);
    e.code.get(VALUE0);
    e.setRegister(i.kind1, i.index1);
    if (!isMemory(i.kind0)) e.writeOperand0(i, VALUE2);
    e.code.get(VALUE2);
    e.setSumFlags(i.size, false);
  },
  /** The flags are those of accumulator - destination; the destination is written in either case. */
  CMPXCHG: (e, i) => {
    const { code } = e;
    const accumulator = i.size === 4 ? Kind.REG32 : i.size === 2 ? Kind.REG16 : Kind.REG8;
    e.readOperand1(i, VALUE2);
    e.readOperand0(i, VALUE1, true);
    e.pushRegister(accumulator, 0);
    code.set(VALUE0);
    code.get(VALUE0).get(VALUE1).op(Op.SUB);
    e.setSumFlags(i.size, true);
    code.get(VALUE2).get(VALUE1).get(RESULT_LOCAL).op(Op.EQZ, Op.SELECT).set(VALUE2);
    e.writeOperand0(i, VALUE2);
    code.get(RESULT_LOCAL).if();
    code.get(VALUE1);
    e.setRegister(accumulator, 0);
    code.end();
  },
  CMC: (e) => {
    e.pushCarries();
    e.code.i32(CF_AND_NEXT).op(Op.XOR);
    setCarries(e);
  },
  CLC: (e) => {
    e.pushCarries();
    e.code.tee(VALUE0).i32(31).op(Op.SHR_S).i32(CF_AND_NEXT).op(Op.AND).get(VALUE0).op(Op.XOR);
    setCarries(e);
  },
  STC: (e) => {
    e.pushCarries();
    e.code.tee(VALUE0).i32(-1).op(Op.XOR).i32(31).op(Op.SHR_S).i32(CF_AND_NEXT).op(Op.AND).get(VALUE0).op(Op.XOR);
    setCarries(e);
  },
};

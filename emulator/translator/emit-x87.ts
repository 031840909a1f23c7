/**
 * The x87's common instructions; the counterpart of cpu/execute/x87/. Values are computed by helpers (x87/helpers.ts), which
 * decline what is rare: it, stack faults and pending exceptions are the interpreter's.
 * Intel SDM Vol. 2, one instruction a function.
 */
import { CONSTANTS, type Constant } from '../cpu/execute/x87/constants.ts';
import { CONTROL_BITS, CONTROL_ONES, Status } from '../cpu/execute/x87/unit.ts';
import { PRECISION, ROUNDING_CONTROL, SIGN } from '../cpu/float/format.ts';
import type { Instruction } from '../cpu/instruction.ts';
import { Kind, MemoryFormat } from '../cpu/instruction.ts';
import { EAX, FPU_CONTROL, FPU_DP, FPU_DS, FPU_STATUS, SELECTOR } from '../cpu/registers.ts';
import { Op } from './code.ts';
import type { Emit } from './emit.ts';
import { FIRST_X87_HELPER, type Emitter } from './emitter.ts';
import { isFlatOperand } from './flat.ts';
import { Carry } from './lazy-flags.ts';
import { FLAG_A, HOST, RESULT_LOCAL, VALUE0, WIDE } from './locals.ts';
import { X87_HELPERS, type X87Helper } from './x87/helpers.ts';
import { OPERAND_VALUE, SIGN_EXPONENT, VALUES } from './x87/operands.ts';

const BIT31 = 0x8000_0000 | 0;

/** Calls a helper whose parameters are on the stack, and leaves where it declines. VALUE0 is its answer, which is not 0. */
function call(e: Emitter, helper: X87Helper): void {
  e.code
    .call(FIRST_X87_HELPER + X87_HELPERS.indexOf(helper))
    .tee(VALUE0)
    .op(Op.EQZ);
  e.exitIf();
}

/** What a memory format is loaded and stored by. */
interface Format {
  readonly bytes: 2 | 4 | 8 | 10;
  readonly load?: X87Helper;
  readonly store?: X87Helper;
}

const FORMATS: Readonly<Record<number, Format>> = {
  [MemoryFormat.SINGLE]: { bytes: 4, load: 'x87LoadSingle', store: 'x87StoreSingle' },
  [MemoryFormat.DOUBLE]: { bytes: 8, load: 'x87LoadDouble', store: 'x87StoreDouble' },
  [MemoryFormat.EXTENDED]: { bytes: 10 },
  [MemoryFormat.INT16]: { bytes: 2, load: 'x87LoadInt32', store: 'x87StoreInt16' },
  [MemoryFormat.INT32]: { bytes: 4, load: 'x87LoadInt32', store: 'x87StoreInt32' },
  [MemoryFormat.INT64]: { bytes: 8, load: 'x87LoadInt64', store: 'x87StoreInt64' },
};

/** Pushes the host address of a memory operand. */
function pushHost(e: Emitter, i: Instruction, bytes: number, write: boolean): void {
  // Its other exceptions may come before the access.
  e.fills = false;
  const { local, offset } = e.checkOperand(i, bytes, write);
  e.code.get(local);
  if (offset !== 0) e.code.i32(offset).op(Op.ADD);
}

/** Widens a memory operand to the value whose place `pushPlace` pushes. */
function load(e: Emitter, i: Instruction, pushPlace: () => void): void {
  const { code } = e;
  const { bytes, load: helper } = FORMATS[i.index0];
  pushHost(e, i, bytes, false);
  if (helper === undefined) {
    code.set(HOST);
    pushPlace();
    code.get(HOST).access(Op.I64_LOAD).access(Op.I64_STORE, VALUES);
    pushPlace();
    code.get(HOST).access(Op.LOAD16_U, 8).access(Op.STORE, SIGN_EXPONENT);
    return;
  }
  if (i.index0 === MemoryFormat.INT32) code.access(Op.LOAD);
  if (i.index0 === MemoryFormat.INT16) code.access(Op.LOAD16_S);
  pushPlace();
  code.i32(0);
  call(e, helper);
}

function copy(e: Emitter, pushTo: () => void, pushFrom: () => void): void {
  const { code } = e;
  pushTo();
  pushFrom();
  code.access(Op.I64_LOAD, VALUES).access(Op.I64_STORE, VALUES);
  pushTo();
  pushFrom();
  code.access(Op.LOAD, SIGN_EXPONENT).access(Op.STORE, SIGN_EXPONENT);
}

/** Where the instruction stood. @param clearsC1 as for StackModel.record: helpers write C1 themselves */
function record(e: Emitter, i: Instruction, clearsC1: boolean | undefined): void {
  e.x87.record(e.eip, i.fpuOpcode, clearsC1);
}

function recordOperand(e: Emitter, i: Instruction): void {
  const { code } = e;
  code.i32(0);
  e.pushAddress(i);
  code.access(Op.STORE, FPU_DP * 4);
  code.i32(0);
  code
    .i32(0)
    .access(Op.LOAD, (SELECTOR + i.segment) * 4)
    .access(Op.STORE, FPU_DS * 4);
}

/** Leaves unless the registers are in use (empty). */
function check(e: Emitter, registers: readonly number[], empty = false): void {
  e.x87.check(registers, empty);
}

/** FADD and its kin. @param reversed source op destination */
function binary(helper: X87Helper, reversed = false, pops = false): Emit {
  return (e, i) => {
    const { code, x87 } = e;
    x87.begin();
    const fromMemory = i.kind0 !== Kind.ST;
    const destination = fromMemory ? 0 : i.index0;
    if (fromMemory) load(e, i, () => code.i32(OPERAND_VALUE));
    check(e, fromMemory ? [0] : [i.index0, i.index1]);
    const pushSource = (): void => {
      if (fromMemory) code.i32(OPERAND_VALUE);
      else x87.pushPlace(i.index1);
    };
    if (reversed) pushSource();
    x87.pushPlace(destination);
    if (!reversed) pushSource();
    x87.pushPlace(destination);
    call(e, helper);
    record(e, i, false);
    if (fromMemory) recordOperand(e, i);
    if (pops) x87.pop();
  };
}

/** FCOM and its kin: QNaNs, which alone they disagree on, are the interpreter's. */
function compare(pops: number): Emit {
  return (e, i) => {
    const { code, x87 } = e;
    x87.begin();
    const fromMemory = i.kind0 !== Kind.ST && i.kind0 !== Kind.NONE;
    const other = i.kind0 === Kind.ST ? i.index0 : 1;
    if (fromMemory) load(e, i, () => code.i32(OPERAND_VALUE));
    check(e, fromMemory ? [0] : [0, other]);
    x87.pushPlace(0);
    if (fromMemory) code.i32(OPERAND_VALUE);
    else x87.pushPlace(other);
    code.i32(0);
    call(e, 'x87Compare');
    record(e, i, false);
    if (fromMemory) recordOperand(e, i);
    for (let n = 0; n < pops; n++) x87.pop();
  };
}

/** FCOMI and its kin. An equality, which has ZF without PF, is the interpreter's, as in SAHF. */
function compareFlags(pops: boolean): Emit {
  return (e, i) => {
    const { code, x87 } = e;
    x87.begin();
    check(e, [0, i.index1]);
    x87.pushPlace(0);
    x87.pushPlace(i.index1);
    code.i32(0);
    call(e, 'x87Order');
    // Neither ZF nor PF; CF, and with it CF xor OF, if ST(0) is less.
    code.i32(0x101).set(RESULT_LOCAL);
    code.get(VALUE0).i32(1).op(Op.SHR_U).i32(30).op(Op.SHL).get(VALUE0).i32(30).op(Op.SHL);
    code.i32(BIT31).op(Op.AND, Op.OR).set(FLAG_A);
    e.setFlags(Carry.VECTOR);
    record(e, i, true);
    if (pops) x87.pop();
  };
}

/** @param code a condition code of EFLAGS */
function conditionalMove(condition: number): Emit {
  return (e, i) => {
    e.x87.begin();
    check(e, [0, i.index1]);
    e.pushCondition(condition);
    e.code.if();
    copy(
      e,
      () => e.x87.pushPlace(0),
      () => e.x87.pushPlace(i.index1),
    );
    e.code.end();
    record(e, i, undefined);
  };
}

const fld: Emit = (e, i) => {
  const { x87 } = e;
  x87.begin();
  const pushNew = (): void => {
    x87.pushPlace(-1);
  };
  if (i.kind0 === Kind.ST) {
    check(e, [i.index0]);
    check(e, [-1], true);
    copy(e, pushNew, () => x87.pushPlace(i.index0));
  } else {
    check(e, [-1], true);
    load(e, i, pushNew);
    recordOperand(e, i);
  }
  x87.move(-1);
  x87.mark(0, false);
  record(e, i, true);
};

function fst(pops: boolean): Emit {
  return (e, i) => {
    const { code, x87 } = e;
    x87.begin();
    check(e, [0]);
    const { index0 } = i;
    if (i.kind0 === Kind.ST) {
      if (index0 !== 0) {
        copy(
          e,
          () => x87.pushPlace(index0),
          () => x87.pushPlace(0),
        );
      }
      x87.mark(index0, false);
      record(e, i, true);
    } else {
      const { bytes, store } = FORMATS[index0];
      pushHost(e, i, bytes, true);
      code.set(HOST);
      if (store === undefined) {
        code.get(HOST);
        x87.pushPlace(0).access(Op.I64_LOAD, VALUES).access(Op.I64_STORE);
        code.get(HOST);
        x87.pushPlace(0).access(Op.LOAD, SIGN_EXPONENT).access(Op.STORE16, 8);
      } else {
        x87.pushPlace(0);
        code.get(HOST).i32(0);
        call(e, store);
      }
      recordOperand(e, i);
      record(e, i, store === undefined);
    }
    if (pops) x87.pop();
  };
}

const fxch: Emit = (e, i) => {
  const { code, x87 } = e;
  x87.begin();
  check(e, [0, i.index0]);
  x87.pushPlace(0).access(Op.I64_LOAD, VALUES).set(WIDE);
  x87.pushPlace(0).access(Op.LOAD, SIGN_EXPONENT).set(VALUE0);
  copy(
    e,
    () => x87.pushPlace(0),
    () => x87.pushPlace(i.index0),
  );
  x87.pushPlace(i.index0);
  code.get(WIDE).access(Op.I64_STORE, VALUES);
  x87.pushPlace(i.index0);
  code.get(VALUE0).access(Op.STORE, SIGN_EXPONENT);
  record(e, i, true);
};

function constant({ exponent, high, low, longer }: Constant): Emit {
  return (e, i) => {
    const { code, x87 } = e;
    x87.begin();
    check(e, [-1], true);
    if (longer !== undefined) {
      // Rounding control chooses among several.
      code
        .i32(0)
        .access(Op.LOAD, FPU_CONTROL * 4)
        .i32(ROUNDING_CONTROL)
        .op(Op.AND);
      e.exitIf();
    }
    for (const [offset, value] of [
      [VALUES, low],
      [VALUES + 4, high],
      [SIGN_EXPONENT, exponent],
    ] as const) {
      x87.pushPlace(-1);
      code.i32(value).access(Op.STORE, offset);
    }
    x87.move(-1);
    x87.mark(0, false);
    record(e, i, true);
  };
}

function changeSign(opcode: number, bits: number): Emit {
  return (e, i) => {
    const { code, x87 } = e;
    x87.begin();
    check(e, [0]);
    x87.pushPlace(0);
    x87.pushPlace(0).access(Op.LOAD, SIGN_EXPONENT);
    code.i32(bits).op(opcode).access(Op.STORE, SIGN_EXPONENT);
    record(e, i, true);
  };
}

function stackOnly(change: (e: Emitter, i: Instruction) => void): Emit {
  return (e, i) => {
    e.x87.begin();
    change(e, i);
    record(e, i, true);
  };
}

const fnstsw: Emit = (e, i) => {
  const { code, x87 } = e;
  x87.begin();
  if (i.kind0 === Kind.REG16) {
    x87.pushStatusWord();
    code.get(EAX).i32(0xffff_0000 | 0);
    code.op(Op.AND, Op.OR).set(EAX);
    return;
  }
  pushHost(e, i, 2, true);
  x87.pushStatusWord();
  code.access(Op.STORE16);
};

const fnstcw: Emit = (e, i) => {
  e.x87.begin();
  pushHost(e, i, 2, true);
  e.code
    .i32(0)
    .access(Op.LOAD, FPU_CONTROL * 4)
    .access(Op.STORE16);
};

/** Leaves where #P would not be masked any more, or another exception that is pending. */
const fldcw: Emit = (e, i) => {
  const { code } = e;
  e.x87.begin();
  e.fills = false;
  e.pushAt(e.checkOperand(i, 2, false), 2);
  code.tee(VALUE0).i32(PRECISION).op(Op.AND, Op.EQZ);
  code.i32(0).access(Op.LOAD, FPU_STATUS * 4);
  code.get(VALUE0).i32(-1).op(Op.XOR, Op.AND).i32(Status.EXCEPTIONS).op(Op.AND, Op.OR);
  e.exitIf();
  code.i32(0).get(VALUE0).i32(CONTROL_BITS).op(Op.AND).i32(CONTROL_ONES).op(Op.OR);
  code.access(Op.STORE, FPU_CONTROL * 4);
};

export const x87: Readonly<Record<string, Emit>> = {
  FADD: binary('x87Add'),
  FADDP: binary('x87Add', false, true),
  FIADD: binary('x87Add'),
  FSUB: binary('x87Subtract'),
  FSUBP: binary('x87Subtract', false, true),
  FISUB: binary('x87Subtract'),
  FSUBR: binary('x87Subtract', true),
  FSUBRP: binary('x87Subtract', true, true),
  FISUBR: binary('x87Subtract', true),
  FMUL: binary('x87Multiply'),
  FMULP: binary('x87Multiply', false, true),
  FIMUL: binary('x87Multiply'),
  FDIV: binary('x87Divide'),
  FDIVP: binary('x87Divide', false, true),
  FIDIV: binary('x87Divide'),
  FDIVR: binary('x87Divide', true),
  FDIVRP: binary('x87Divide', true, true),
  FIDIVR: binary('x87Divide', true),
  FSQRT: (e, i) => {
    e.x87.begin();
    check(e, [0]);
    for (let parameter = 0; parameter < 3; parameter++) e.x87.pushPlace(0);
    call(e, 'x87SquareRoot');
    record(e, i, false);
  },
  FCHS: changeSign(Op.XOR, SIGN),
  FABS: changeSign(Op.AND, ~SIGN),
  FCOM: compare(0),
  FCOMP: compare(1),
  FCOMPP: compare(2),
  FICOM: compare(0),
  FICOMP: compare(1),
  FUCOM: compare(0),
  FUCOMP: compare(1),
  FUCOMPP: compare(2),
  FTST: (e, i) => {
    const { code, x87 } = e;
    x87.begin();
    check(e, [0]);
    code.i32(OPERAND_VALUE).i64(0).access(Op.I64_STORE, VALUES);
    code.i32(OPERAND_VALUE).i32(0).access(Op.STORE, SIGN_EXPONENT);
    x87.pushPlace(0);
    code.i32(OPERAND_VALUE).i32(0);
    call(e, 'x87Compare');
    record(e, i, false);
  },
  FLD: fld,
  FILD: fld,
  FST: fst(false),
  FSTP: fst(true),
  FIST: fst(false),
  FISTP: fst(true),
  FXCH: fxch,
  FCOMI: compareFlags(false),
  FCOMIP: compareFlags(true),
  FUCOMI: compareFlags(false),
  FUCOMIP: compareFlags(true),
  FCMOVB: conditionalMove(2),
  FCMOVNB: conditionalMove(3),
  FCMOVE: conditionalMove(4),
  FCMOVNE: conditionalMove(5),
  FCMOVBE: conditionalMove(6),
  FCMOVNBE: conditionalMove(7),
  FCMOVU: conditionalMove(10),
  FCMOVNU: conditionalMove(11),
  ...Object.fromEntries(Object.entries(CONSTANTS).map(([name, value]) => [name, constant(value)])),
  FINCSTP: stackOnly((e) => {
    e.x87.move(1);
  }),
  FDECSTP: stackOnly((e) => {
    e.x87.move(-1);
  }),
  FFREE: stackOnly((e, i) => {
    e.x87.mark(i.index0, true);
  }),
  FNOP: (e, i) => {
    e.x87.begin();
    record(e, i, undefined);
  },
  FNSTSW: fnstsw,
  FNSTCW: fnstcw,
  FLDCW: fldcw,
  FWAIT: (e) => {
    e.x87.begin();
  },
};

/** Whether the operands are registers, or memory in a flat segment. */
export function canEmitX87(i: Instruction): boolean {
  return i.kind0 !== Kind.MEM || isFlatOperand(i);
}

/**
 * Conditions, jumps, calls and returns, and what stands around the instructions of a block. The counterpart of
 * cpu/fast/control.ts.
 */
import { CARRIES, ESP, RESULT } from '../cpu/registers.ts';
import { Op } from '../translator/code.ts';
import { LEFT_SLOT } from '../translator/locals.ts';
import { A, B, HOST, T, type Emit, type HandlerCode } from './handler-code.ts';
import { Field } from './records.ts';

// Each pushes 0 or 1 and clobbers T. flags.ts says what the bits mean.
const overflow: Emit = (c) => c.slot(CARRIES).tee(T).get(T).i32(1).op(Op.SHL, Op.XOR).i32(31).op(Op.SHR_U);
const carry: Emit = (c) => c.slot(CARRIES).i32(31).op(Op.SHR_U);
const zero: Emit = (c) => c.slot(RESULT).op(Op.EQZ);
const sign: Emit = (c) => c.slot(RESULT).slot(CARRIES).i32(31).op(Op.SHL, Op.XOR).i32(31).op(Op.SHR_U);
const less: Emit = (c) => {
  c.slot(CARRIES).tee(T).slot(RESULT).op(Op.XOR).get(T).i32(1).op(Op.SHL, Op.XOR);
  c.get(T).i32(31).op(Op.SHL, Op.XOR).i32(31).op(Op.SHR_U);
};
const parity: Emit = (c) => {
  c.slot(RESULT).slot(CARRIES).i32(8).op(Op.SHR_S, Op.XOR).i32(0xff).op(Op.AND, Op.POPCNT).i32(1).op(Op.AND, Op.EQZ);
};
const either =
  (a: Emit, b: Emit): Emit =>
  (c) => {
    a(c);
    b(c);
    c.op(Op.OR);
  };
const not =
  (a: Emit): Emit =>
  (c) => {
    a(c);
    c.op(Op.EQZ);
  };

// prettier-ignore
export const CONDITIONS: Readonly<Record<string, Emit>> = {
  O: overflow, NO: not(overflow), B: carry, AE: not(carry), E: zero, NE: not(zero),
  BE: either(carry, zero), A: not(either(carry, zero)), S: sign, NS: not(sign), P: parity, NP: not(parity),
  L: less, GE: not(less), LE: either(less, zero), G: not(either(less, zero)),
};

/** T is the address that field A is the distance of. */
const nextBy = (c: HandlerCode): HandlerCode => c.nextEip().field(Field.A).op(Op.ADD).set(T);

/** Takes the jump whose record it is if the top of the stack is not 0. */
export function branch(c: HandlerCode): void {
  c.if();
  nextBy(c).jumpBy(Field.TAKEN).end();
  c.nextEip().set(T).jumpBy(Field.NOT_TAKEN);
}

function conditional(): { jumps: Record<string, Emit>; others: Record<string, Emit> } {
  const jumps: Record<string, Emit> = {};
  const others: Record<string, Emit> = {};
  for (const [name, isTrue] of Object.entries(CONDITIONS)) {
    jumps[`J${name} j`] = (c) => {
      isTrue(c);
      branch(c);
    };
    others[`SET${name} b`] = (c) => {
      c.field(Field.A);
      isTrue(c);
      c.access(Op.STORE8);
    };
    others[`SET${name} n`] = (c) => {
      c.operand(1, true).get(HOST);
      isTrue(c);
      c.access(Op.STORE8);
    };
    others[`CMOV${name} r,r`] = (c) => {
      isTrue(c);
      c.if().field(Field.A).register(Field.B).access(Op.STORE).end();
    };
    others[`CMOV${name} r,m`] = (c) => {
      c.operand(4).get(HOST).access(Op.LOAD).set(A);
      isTrue(c);
      c.if().field(Field.A).get(A).access(Op.STORE).end();
    };
  }
  return { jumps, others };
}

const { jumps, others } = conditional();

export const conditions: Readonly<Record<string, Emit>> = others;

/** A is where it goes. */
const call: Emit = (c) =>
  c
    .push(() => c.nextEip())
    .get(A)
    .set(T);
const memoryTarget: Emit = (c) => c.operand(4).get(HOST).access(Op.LOAD).set(A);
/** Pops T. */
const popTarget = (c: HandlerCode): HandlerCode =>
  c.slot(ESP).stack(false).get(HOST).access(Op.LOAD).set(T).moveStack(4);

/** These go on with another block themselves. */
export const transfers: Readonly<Record<string, Emit>> = {
  ...jumps,
  'JMP j': (c) => nextBy(c).jumpBy(Field.TAKEN),
  'JMP r': (c) => c.register(Field.A).set(T).jump(),
  'JMP m': (c) => {
    memoryTarget(c);
    c.get(A).set(T).jump();
  },
  'CALL j': (c) => {
    nextBy(c).get(T).set(A);
    call(c);
    c.jumpBy(Field.TAKEN);
  },
  'CALL r': (c) => {
    c.register(Field.A).set(A);
    call(c);
    c.jump();
  },
  'CALL m': (c) => {
    memoryTarget(c);
    call(c);
    c.jump();
  },
  'RET ': (c) => popTarget(c).jump(),
  'RET i': (c) => {
    popTarget(c)
      .setSlot(ESP, () => c.slot(ESP).field(Field.A).op(Op.ADD))
      .jump();
  },
};

/** Takes a block's instructions off the count, if there are as many left and the block's budget is not used up. */
export const header: Emit = (c) => {
  c.slot(LEFT_SLOT).field(Field.A).op(Op.SUB).tee(A).i32(0).op(Op.LT_S);
  c.field(Field.B).field(Field.A).op(Op.SUB).tee(B).i32(0).op(Op.LT_S, Op.OR).outIf();
  c.get(0)
    .get(B)
    .access(Op.STORE, Field.B)
    .setSlot(LEFT_SLOT, () => c.get(A));
};
export const onward: Emit = (c) => c.nextEip().set(T).jumpBy(Field.TAKEN);

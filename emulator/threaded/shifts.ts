/** Shifts and rotates of 32 bits by immediates and CL. A count of 0 changes nothing. */
import { CARRIES, ECX } from '../cpu/registers.ts';
import { Op } from '../translator/code.ts';
import { A, B, HOST, R, T, type Emit, type HandlerCode } from './handler-code.ts';
import { Field } from './records.ts';

/** Shifts right by 1 less than the count. */
const lastOut =
  (opcode: number): Emit =>
  (c) =>
    c.get(A).get(B).i32(1).op(Op.SUB, opcode).i32(1).op(Op.AND);

interface Shift {
  readonly opcode: number;
  /** Pushes CF as 0 or 1. */
  readonly carry: Emit;
  /** Pushes CF xor OF; T is CF. */
  readonly difference: Emit;
}

const SHIFTS: Readonly<Record<string, Shift>> = {
  SHL: {
    opcode: Op.SHL,
    carry: (c) => c.get(A).i32(32).get(B).op(Op.SUB, Op.SHR_U).i32(1).op(Op.AND),
    difference: (c) => c.get(R).i32(31).op(Op.SHR_U),
  },
  SHR: {
    opcode: Op.SHR_U,
    carry: lastOut(Op.SHR_U),
    difference: (c) => c.get(R).i32(1).op(Op.SHL).get(R).op(Op.XOR).i32(31).op(Op.SHR_U).get(T).op(Op.XOR),
  },
  SAR: { opcode: Op.SHR_S, carry: lastOut(Op.SHR_S), difference: (c) => c.get(T) },
};

/** R, of the count in B, and the flags. */
function shift(c: HandlerCode, { opcode, carry, difference }: Shift): void {
  c.get(A).get(B).op(opcode).set(R);
  flags(c, carry, difference);
}

function flags(c: HandlerCode, carry: Emit, difference: Emit): void {
  c.setResult();
  carry(c);
  c.set(T).setCarries(() => {
    c.get(T).i32(31).op(Op.SHL);
    difference(c);
    c.i32(30).op(Op.SHL, Op.OR);
  });
}

/** Rotates change CF and OF alone. */
function rotate(c: HandlerCode, isLeft: boolean): void {
  c.get(A)
    .get(B)
    .op(isLeft ? Op.ROTL : Op.ROTR)
    .set(R);
  // Bit 31 of T is CF, bit 31 of A is CF xor OF.
  if (isLeft) c.get(R).i32(31).op(Op.SHL).set(T).get(R).set(A);
  else c.get(R).set(T).get(R).i32(1).op(Op.SHL).set(A);
  c.setCarries(() => {
    c.slot(CARRIES)
      .i32(0x3fff_ffff)
      .op(Op.AND)
      .get(T)
      .i32(0x8000_0000 | 0)
      .op(Op.AND, Op.OR);
    c.get(A).i32(1).op(Op.SHR_U).i32(0x4000_0000).op(Op.AND, Op.OR);
  });
}

/** SHLD and SHRD: what comes in from the side is of the register that field B names. */
function double(c: HandlerCode, isLeft: boolean): void {
  const [along, against] = isLeft ? [Op.SHL, Op.SHR_U] : [Op.SHR_U, Op.SHL];
  c.get(A).get(B).op(along).register(Field.B).i32(32).get(B).op(Op.SUB, against, Op.OR).set(R);
  const { carry } = isLeft ? SHIFTS.SHL : SHIFTS.SHR;
  flags(c, carry, (to) => to.get(A).get(R).op(Op.XOR).i32(31).op(Op.SHR_U).get(T).op(Op.XOR));
}

/** A count of 0 ends it, but memory is accessed. @param pushCount may be more than 31 */
function counted(isRegister: boolean, pushCount: Emit, emit: Emit): Emit {
  return (c) => {
    if (!isRegister) c.operand(4, true);
    pushCount(c);
    c.i32(31).op(Op.AND).tee(B).op(Op.EQZ).if().next().end();
    if (isRegister) c.register(Field.A).set(A);
    else c.get(HOST).access(Op.LOAD).set(A);
    emit(c);
    if (isRegister) c.field(Field.A);
    else c.get(HOST);
    c.get(R).access(Op.STORE);
  };
}

const byImmediate: Emit = (c) => c.field(Field.B);
const byRegister: Emit = (c) => c.register8(Field.B);

function all(): Record<string, Emit> {
  const found: Record<string, Emit> = {};
  const add = (name: string, emit: Emit): void => {
    for (const form of ['r', 'm']) {
      found[`${name} ${form},i`] = counted(form === 'r', byImmediate, emit);
      found[`${name} ${form},b`] = counted(form === 'r', byRegister, emit);
    }
  };
  for (const [name, row] of Object.entries(SHIFTS)) {
    add(name, (c) => {
      shift(c, row);
    });
  }
  for (const [name, isLeft] of [
    ['ROL', true],
    ['ROR', false],
  ] as const) {
    add(name, (c) => {
      rotate(c, isLeft);
    });
  }
  for (const [name, isLeft] of [
    ['SHLD', true],
    ['SHRD', false],
  ] as const) {
    const emit: Emit = (c) => {
      double(c, isLeft);
    };
    found[`${name} r,r,i`] = counted(true, (c) => c.field(Field.DISPLACEMENT), emit);
    found[`${name} r,r,b`] = counted(true, (c) => c.i32(ECX * 4).access(Op.LOAD8_U), emit);
  }
  return found;
}

export const shifts: Readonly<Record<string, Emit>> = all();

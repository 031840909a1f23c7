/** Shifts and rotates of registers by immediates and CL. A count of 0 changes nothing. */
import { CARRIES } from '../cpu/registers.ts';
import { Op } from '../translator/code.ts';
import { A, B, R, T, type Emit, type HandlerCode } from './handler-code.ts';
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

function shift(c: HandlerCode, { opcode, carry, difference }: Shift): void {
  c.register(Field.A).set(A).get(A).get(B).op(opcode).set(R).setResult();
  carry(c);
  c.set(T).setCarries(() => {
    c.get(T).i32(31).op(Op.SHL);
    difference(c);
    c.i32(30).op(Op.SHL, Op.OR);
  });
  c.storeResult();
}

/** Rotates change CF and OF alone. */
function rotate(c: HandlerCode, isLeft: boolean): void {
  c.register(Field.A)
    .get(B)
    .op(isLeft ? Op.ROTL : Op.ROTR)
    .set(R)
    .storeResult();
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

function byCount(emit: Emit): Record<'r,i' | 'r,b', Emit> {
  const handler =
    (pushCount: Emit): Emit =>
    (c) => {
      pushCount(c);
      c.i32(31).op(Op.AND).tee(B).op(Op.EQZ).if().next().end();
      emit(c);
    };
  return { 'r,i': handler((c) => c.field(Field.B)), 'r,b': handler((c) => c.register8(Field.B)) };
}

function all(): Record<string, Emit> {
  const found: Record<string, Emit> = {};
  const add = (name: string, emit: Emit): void => {
    for (const [form, handler] of Object.entries(byCount(emit))) found[`${name} ${form}`] = handler;
  };
  for (const [name, row] of Object.entries(SHIFTS)) add(name, (c) => shift(c, row));
  add('ROL', (c) => rotate(c, true));
  add('ROR', (c) => rotate(c, false));
  return found;
}

export const shifts: Readonly<Record<string, Emit>> = all();

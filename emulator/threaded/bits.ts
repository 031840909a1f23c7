/** Tests of bits and searches for them. The counterpart of parts of cpu/execute/bits.ts. */
import { CARRY_BITS } from '../cpu/flags.ts';
import { CARRIES, RESULT } from '../cpu/registers.ts';
import { Op } from '../translator/code.ts';
import { A, B, HOST, T, type Emit, type HandlerCode } from './handler-code.ts';
import { Field } from './records.ts';

const HIGH_CARRIES = 0xc000_0000 | 0;

/** CF is bit B of A; the bit beside it is CF xor OF, and changes with it. */
const test: Emit = (c) => {
  c.get(A).get(B).op(Op.SHR_U).i32(1).op(Op.AND).slot(CARRIES).i32(31).op(Op.SHR_U, Op.XOR).set(T);
  c.setCarries(() => c.slot(CARRIES).i32(0).get(T).op(Op.SUB).i32(HIGH_CARRIES).op(Op.AND, Op.XOR));
};

/** ZF is clear, the other flags stay: where ZF was set, SF and PF move to a result that says them. */
function clearZero(c: HandlerCode): void {
  c.slot(RESULT).op(Op.EQZ).if();
  c.slot(CARRIES).tee(T).i32(31).op(Op.SHL).i32(0x100).op(Op.OR).get(T).i32(0xff00).op(Op.AND, Op.POPCNT);
  c.i32(1).op(Op.AND, Op.OR).set(B);
  c.setSlot(RESULT, () => c.get(B));
  c.setCarries(() => c.get(T).i32(CARRY_BITS).op(Op.AND));
  c.end();
}

/** @param push the bit's number, of A */
function search(load: Emit, push: Emit): Emit {
  return (c) => {
    load(c);
    c.tee(A).op(Op.EQZ).outIf();
    clearZero(c);
    c.field(Field.A);
    push(c);
    c.access(Op.STORE);
  };
}

const ofRegister: Emit = (c) => c.register(Field.B);
const ofMemory: Emit = (c) => {
  c.operand(4).get(HOST).access(Op.LOAD);
};
const lowest: Emit = (c) => c.get(A).op(Op.CTZ);
const highest: Emit = (c) => c.i32(31).get(A).op(Op.CLZ, Op.SUB);

export const bits: Readonly<Record<string, Emit>> = {
  'BT r,i': (c) => {
    c.register(Field.A).set(A).field(Field.B).set(B);
    test(c);
  },
  'BT r,r': (c) => {
    c.register(Field.A).set(A).register(Field.B).set(B);
    test(c);
  },
  'BSF r,r': search(ofRegister, lowest),
  'BSF r,m': search(ofMemory, lowest),
  'BSR r,r': search(ofRegister, highest),
  'BSR r,m': search(ofMemory, highest),
};

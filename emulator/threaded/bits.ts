/** Tests of bits, searches for them, and flags as bits. The counterpart of parts of cpu/execute/bits.ts and data.ts. */
import { CARRY_BITS } from '../cpu/flags.ts';
import { CARRIES, EAX, Eflags, RESULT } from '../cpu/registers.ts';
import { Op } from '../translator/code.ts';
import { A, B, HOST, R, T, type Emit, type HandlerCode } from './handler-code.ts';
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

//               what becomes of A, whose bit is B
const CHANGES: Readonly<Record<string, number | undefined>> = { BT: undefined, BTS: Op.OR, BTR: Op.AND, BTC: Op.XOR };

function tests(): Record<string, Emit> {
  const found: Record<string, Emit> = {};
  for (const [name, change] of Object.entries(CHANGES)) {
    const handler =
      (loadBit: Emit): Emit =>
      (c) => {
        c.register(Field.A).set(A);
        loadBit(c);
        c.set(B);
        test(c);
        if (change === undefined) return;
        c.field(Field.A).get(A).i32(1).get(B).op(Op.SHL);
        if (change === Op.AND) c.i32(-1).op(Op.XOR);
        c.op(change).access(Op.STORE);
      };
    found[`${name} r,i`] = handler((c) => c.field(Field.B));
    found[`${name} r,r`] = handler((c) => c.register(Field.B));
  }
  return found;
}

/** Changes CF and leaves the others. @param push CF as it shall be, 0 or 1 */
function carry(push: Emit): Emit {
  return (c) => {
    push(c);
    c.set(A).i32(0).set(B);
    test(c);
  };
}

/** What setArithmeticFlags of cpu/flags.ts does with AH, but OF stays. */
const storeFlags: Emit = (c) => {
  c.i32(EAX * 4)
    .access(Op.LOAD8_U, 1)
    .set(A);
  // R: the carries. CF xor OF is from the new and the old.
  c.get(A).i32(31).op(Op.SHL).set(B);
  c.slot(CARRIES).tee(T).get(T).i32(1).op(Op.SHL, Op.XOR).get(B).op(Op.XOR).i32(1).op(Op.SHR_U).i32(0x4000_0000);
  c.op(Op.AND).get(B).op(Op.OR).get(A).i32(Eflags.AF).op(Op.AND).i32(1).op(Op.SHR_U, Op.OR).set(R);
  // B: whether the parity is odd.
  c.get(A).i32(Eflags.PF).op(Op.AND, Op.EQZ).set(B);
  c.get(A).i32(Eflags.ZF).op(Op.AND, Op.EQZ).if();
  c.setSlot(RESULT, () => c.get(A).i32(Eflags.SF).op(Op.AND).i32(24).op(Op.SHL).i32(0x100).get(B).op(Op.OR, Op.OR));
  c.setCarries(() => c.get(R));
  c.else();
  c.setSlot(RESULT, () => c.i32(0));
  c.setCarries(() => c.get(R).get(B).i32(8).op(Op.SHL).get(A).i32(7).op(Op.SHR_U, Op.OR, Op.OR));
  c.end();
};

export const bits: Readonly<Record<string, Emit>> = {
  ...tests(),
  'BSF r,r': search(ofRegister, lowest),
  'BSF r,m': search(ofMemory, lowest),
  'BSR r,r': search(ofRegister, highest),
  'BSR r,m': search(ofMemory, highest),
  'SAHF ': storeFlags,
  'CLC ': carry((c) => c.i32(0)),
  'STC ': carry((c) => c.i32(1)),
  'CMC ': carry((c) => c.slot(CARRIES).i32(31).op(Op.SHR_U).i32(1).op(Op.XOR)),
};

/**
 * Shifts, rotates, bit tests and scans; the counterpart of cpu/execute/bits.ts. 32-bit operands, and shifts of narrower
 * ones by immediate counts.
 */
import type { Instruction } from '../cpu/instruction.ts';
import { Kind } from '../cpu/instruction.ts';
import { ECX } from '../cpu/registers.ts';
import { Op } from './code.ts';
import type { Emit } from './emit.ts';
import { isMemory, type Emitter } from './emitter.ts';
import { Carry } from './lazy-flags.ts';
import { FLAG_A, RESULT_LOCAL, VALUE0, VALUE1, VALUE2 } from './locals.ts';

const CF_AND_NEXT = 0xc000_0000 | 0;
const BIT31 = 0x8000_0000 | 0;

type Shift = 'SHL' | 'SHR' | 'SAR';

const SHIFT_OPS = { SHL: Op.SHL, SHR: Op.SHR_U, SAR: Op.SHR_S } as const;
const SHIFT_CARRIES = { SHL: Carry.SHL, SHR: Carry.SHR, SAR: Carry.SAR } as const;

/** A count in CL: 0 leaves destination and flags alone. */
function byCl(e: Emitter, i: Instruction, operation: number, shift: () => void): void {
  const { code } = e;
  if (e.flagsDead) {
    // WebAssembly's counts are modulo 32, too.
    code.get(VALUE0).get(ECX).op(operation).set(VALUE2);
    e.writeOperand0(i, VALUE2);
    return;
  }
  e.pushCarries();
  code.set(FLAG_A);
  e.setFlags(Carry.VECTOR);
  code.get(ECX).i32(31).op(Op.AND).tee(VALUE1).if();
  shift();
  e.writeOperand0(i, VALUE2);
  code.end();
}

/** The carry of a shift by VALUE1 (1 to 31) in bit 31 of the value pushed; VALUE0 is the operand. */
function pushShiftCarry(e: Emitter, shift: Shift): void {
  const { code } = e;
  code.get(VALUE0);
  if (shift === 'SHL') code.get(VALUE1).i32(1).op(Op.SUB, Op.SHL);
  else code.i32(32).get(VALUE1).op(Op.SUB, Op.SHL);
}

function shift(name: Shift): Emit {
  return (e, i) => {
    const { code } = e;
    const bits = i.size * 8;
    e.readOperand0(i, VALUE0, true);
    if (i.kind1 === Kind.IMMEDIATE) {
      const count = i.index1 & 31;
      if (count === 0) return;
      if (name === 'SAR' && i.size !== 4)
        code
          .get(VALUE0)
          .op(i.size === 1 ? Op.EXTEND8_S : Op.EXTEND16_S)
          .set(VALUE0);
      code.get(VALUE0).i32(count).op(SHIFT_OPS[name]).set(VALUE2);
      e.writeOperand0(i, VALUE2);
      code.get(VALUE2);
      e.setResult(i.size);
      code.get(VALUE0);
      if (name === 'SHL') {
        if (i.size !== 4) code.i32(32 - bits).op(Op.SHL);
        code.i32(count - 1).op(Op.SHL);
      } else code.i32(32 - count).op(Op.SHL);
      code.set(FLAG_A);
      if (name !== 'SHR' || i.size === 4) {
        e.setFlags(SHIFT_CARRIES[name]);
        return;
      }
      // CF in bit 31; the bit beside it is CF xor OF, and OF the difference of the result's two highest bits.
      code.get(FLAG_A).i32(BIT31).op(Op.AND);
      code.get(FLAG_A).i32(1).op(Op.SHR_U);
      code
        .get(VALUE2)
        .i32(31 - bits)
        .op(Op.SHL)
        .get(VALUE2)
        .i32(32 - bits)
        .op(Op.SHL, Op.XOR, Op.XOR);
      code.i32(0x4000_0000).op(Op.AND, Op.OR).set(FLAG_A);
      e.setFlags(Carry.VECTOR);
      return;
    }
    byCl(e, i, SHIFT_OPS[name], () => {
      code.get(VALUE0).get(VALUE1).op(SHIFT_OPS[name]).tee(VALUE2).set(RESULT_LOCAL);
      pushShiftCarry(e, name);
      code.tee(FLAG_A).i32(BIT31).op(Op.AND);
      if (name === 'SHL') code.get(RESULT_LOCAL).i32(1).op(Op.SHR_U);
      else {
        code.get(FLAG_A).i32(1).op(Op.SHR_U);
        if (name === 'SHR') code.get(RESULT_LOCAL).op(Op.XOR).get(RESULT_LOCAL).i32(1).op(Op.SHR_U, Op.XOR);
      }
      code.i32(0x4000_0000).op(Op.AND, Op.OR).set(FLAG_A);
    });
  };
}

/** ROL and ROR of 32 bits change CF and OF and nothing else. */
function rotate(left: boolean): Emit {
  return (e, i) => {
    const { code } = e;
    const operation = left ? Op.ROTL : Op.ROTR;
    const turn = (): void => {
      code.op(operation).set(VALUE2);
      if (e.flagsDead) return;
      // AF stays. CF is the result's lowest (highest) bit, OF its difference to the highest (next).
      e.pushCarries();
      code.i32(8).op(Op.AND);
      if (left) {
        code.get(VALUE2).i32(31).op(Op.SHL).get(VALUE2).i32(1).op(Op.SHR_U).i32(0x4000_0000).op(Op.AND, Op.OR);
      } else code.get(VALUE2).i32(CF_AND_NEXT).op(Op.AND);
      code.op(Op.OR).set(FLAG_A);
      e.setFlags(Carry.VECTOR);
    };
    e.readOperand0(i, VALUE0, true);
    if (i.kind1 === Kind.IMMEDIATE) {
      const count = i.index1 & 31;
      if (count === 0) return;
      code.get(VALUE0).i32(count);
      turn();
      e.writeOperand0(i, VALUE2);
      return;
    }
    byCl(e, i, operation, () => {
      code.get(VALUE0).get(VALUE1);
      turn();
    });
  };
}

/** SHLD and SHRD by an immediate; OF is whether the sign changed. */
function doubleShift(left: boolean): Emit {
  return (e, i) => {
    const { code } = e;
    const count = i.index2 & 31;
    e.readOperand1(i, VALUE1);
    e.readOperand0(i, VALUE0, true);
    if (count === 0) return;
    code
      .get(VALUE0)
      .i32(count)
      .op(left ? Op.SHL : Op.SHR_U);
    code
      .get(VALUE1)
      .i32(32 - count)
      .op(left ? Op.SHR_U : Op.SHL, Op.OR)
      .set(VALUE2);
    e.writeOperand0(i, VALUE2);
    code.get(VALUE2).set(RESULT_LOCAL);
    code
      .get(VALUE0)
      .i32(left ? count - 1 : 32 - count)
      .op(Op.SHL)
      .tee(FLAG_A)
      .i32(BIT31)
      .op(Op.AND);
    code.get(FLAG_A).get(VALUE0).op(Op.XOR).get(VALUE2).op(Op.XOR).i32(1).op(Op.SHR_U);
    code.i32(0x4000_0000).op(Op.AND, Op.OR).set(FLAG_A);
    e.setFlags(Carry.VECTOR);
  };
}

/** The bit goes to CF, the other flags stay. A bit string in memory, indexed by a register, is the interpreter's. */
function bitTest(change: number | undefined): Emit {
  return (e, i) => {
    const { code } = e;
    if (i.kind1 === Kind.IMMEDIATE) code.i32(i.index1 & 31).set(VALUE1);
    else code.get(i.index1).set(VALUE1);
    e.readOperand0(i, VALUE0, change !== undefined);
    e.pushCarries();
    // Bits 31 and 30 turn over where CF changes, which leaves OF as it was.
    code.tee(FLAG_A).i32(31).op(Op.SHR_U);
    code.get(VALUE0).get(VALUE1).op(Op.SHR_U).i32(1).op(Op.AND, Op.XOR);
    code.set(VALUE2).i32(0).get(VALUE2).op(Op.SUB).i32(CF_AND_NEXT).op(Op.AND);
    code.get(FLAG_A).op(Op.XOR).set(FLAG_A);
    e.setFlags(Carry.VECTOR);
    if (change === undefined) return;
    code
      .get(VALUE0)
      .i32(change === Op.AND ? -2 : 1)
      .get(VALUE1);
    code.op(change === Op.AND ? Op.ROTL : Op.SHL, change).set(VALUE2);
    e.writeOperand0(i, VALUE2);
  };
}

/** A source of 0 is the interpreter's. Otherwise ZF is cleared and the other flags stay. */
function scan(forward: boolean): Emit {
  return (e, i) => {
    const { code } = e;
    e.readOperand1(i, VALUE0);
    code.get(VALUE0).op(Op.EQZ);
    e.exitIf();
    e.pushCarries();
    code.set(FLAG_A);
    e.setFlags(Carry.VECTOR);
    // SF as it was, PF by a low byte of 0 or 1, and a bit that is not 0 between them.
    code.get(RESULT_LOCAL).i32(BIT31).op(Op.AND).i32(0x100).op(Op.OR);
    code.get(RESULT_LOCAL).i32(0xff).op(Op.AND, Op.POPCNT).i32(1).op(Op.AND, Op.OR).set(RESULT_LOCAL);
    if (forward) code.get(VALUE0).op(Op.CTZ);
    else code.i32(31).get(VALUE0).op(Op.CLZ, Op.SUB);
    code.set(i.index0);
  };
}

export function canEmitBits(i: Instruction): boolean {
  const { mnemonic } = i.row;
  if (mnemonic === 'SHL' || mnemonic === 'SAL' || mnemonic === 'SHR' || mnemonic === 'SAR') {
    return i.size === 4 || i.kind1 === Kind.IMMEDIATE;
  }
  if (i.size !== 4) return false;
  if (mnemonic === 'SHLD' || mnemonic === 'SHRD') return i.kind2 === Kind.IMMEDIATE;
  return !(mnemonic.startsWith('BT') && isMemory(i.kind0) && i.kind1 !== Kind.IMMEDIATE);
}

export const bits: Readonly<Record<string, Emit>> = {
  SHL: shift('SHL'),
  SAL: shift('SHL'),
  SHR: shift('SHR'),
  SAR: shift('SAR'),
  ROL: rotate(true),
  ROR: rotate(false),
  SHLD: doubleShift(true),
  SHRD: doubleShift(false),
  BT: bitTest(undefined),
  BTS: bitTest(Op.OR),
  BTR: bitTest(Op.AND),
  BTC: bitTest(Op.XOR),
  BSF: scan(true),
  BSR: scan(false),
};

/**
 * The six arithmetic flags inside a region: instead of RESULT and CARRIES (cpu/flags.ts) its locals hold the operands
 * of the last operation, and CARRIES is computed only where it is wanted, which is mostly nowhere.
 *
 *   RESULT_LOCAL    RESULT
 *   FLAG_A, FLAG_B  what the row of `Carry` says; they give CF, and with RESULT the rest of CARRIES
 *   rest            whether INC or DEC has set all flags but CF since then
 *
 * What is known when code is emitted costs nothing at run time. Where paths meet, FLAG_KIND holds carry | rest << 4.
 *
 * Invariant: CARRIES never has bits 0 and 8-15 set here: a region is not entered with them (translator.ts).
 */
import { CARRY_BITS } from '../cpu/flags.ts';
import { Op, type Code } from './code.ts';
import { FLAG_A, FLAG_B, FLAG_KIND, RESULT_LOCAL, VALUE2 } from './locals.ts';

/** What FLAG_A and FLAG_B hold. Narrow operands are zero-extended. */
export const Carry = {
  /** CARRIES; nothing. */
  VECTOR: 0,
  /** Anything: CARRIES is 0. */
  LOGIC: 1,
  /** The operands of a sum, by size. */
  ADD4: 2,
  SUB4: 3,
  ADD2: 4,
  SUB2: 5,
  ADD1: 6,
  SUB1: 7,
  /** The carry in bit 31; nothing. OF by the rules of each. */
  SHL: 8,
  SHR: 9,
  SAR: 10,
  /** What of the product is lost: CF and OF say whether it is 0. */
  MUL: 11,
} as const;

export const Rest = { SAME: 0, INC: 1, DEC: 2 } as const;

/** undefined: known at run time only; FLAG_KIND then holds both. */
export interface FlagState {
  readonly carry: number | undefined;
  readonly rest: number | undefined;
}

export const DYNAMIC: FlagState = { carry: undefined, rest: undefined };

const CF_AND_NEXT = 0xc000_0000 | 0;
const BIT30 = 0x4000_0000;
const BIT31 = 0x8000_0000 | 0;

/** carries(kind, result, a, b): CARRIES for a kind known at run time. */
const HELPER_PARAMETERS = { kind: 0, result: 1, a: 2, b: 3 } as const;

interface Places {
  readonly result: number;
  readonly a: number;
  readonly b: number;
}

const IN_REGION: Places = { result: RESULT_LOCAL, a: FLAG_A, b: FLAG_B };

export function isStatic(flags: FlagState): boolean {
  return flags.carry !== undefined && flags.rest !== undefined;
}

/** Sets FLAG_KIND for a place where paths meet. */
export function emitKind(code: Code, flags: FlagState): void {
  if (flags.carry !== undefined && flags.rest !== undefined) code.i32(flags.carry | (flags.rest << 4)).set(FLAG_KIND);
}

/** Pushes CARRIES. @param helper index of the function `carriesHelper` */
export function pushCarries(code: Code, flags: FlagState, helper: number): void {
  if (flags.carry === undefined || flags.rest === undefined) {
    code.get(FLAG_KIND).get(RESULT_LOCAL).get(FLAG_A).get(FLAG_B).call(helper);
  } else pushStaticCarries(code, flags.carry, flags.rest, IN_REGION);
}

/** Pushes CF as 0 or 1. */
export function pushCarry(code: Code, flags: FlagState, helper: number): void {
  if (flags.carry === undefined) {
    pushCarries(code, DYNAMIC, helper);
    code.i32(31).op(Op.SHR_U);
  } else pushStaticCarry(code, flags.carry, IN_REGION);
}

function pushStaticCarry(code: Code, carry: number, { a, b }: Places): void {
  switch (carry) {
    case Carry.LOGIC:
      code.i32(0);
      break;
    case Carry.ADD4:
      code.get(a).get(b).op(Op.ADD).get(a).op(Op.LT_U);
      break;
    case Carry.ADD2:
    case Carry.ADD1:
      code.get(a).get(b).op(Op.ADD);
      code.i32(carry === Carry.ADD2 ? 16 : 8).op(Op.SHR_U);
      break;
    case Carry.SUB4:
    case Carry.SUB2:
    case Carry.SUB1:
      code.get(a).get(b).op(Op.LT_U);
      break;
    case Carry.MUL:
      code.get(a).i32(0).op(Op.NE);
      break;
    default:
      code.get(a).i32(31).op(Op.SHR_U);
  }
}

/** (x & y) | ((x | y) & ~z): the carries of a sum x + y = z; of a difference z - y = x, its borrows. */
function pushVector(code: Code, x: number, y: number, z: number): void {
  code.get(x).get(y).op(Op.AND);
  code.get(x).get(y).op(Op.OR).get(z).i32(-1).op(Op.XOR, Op.AND, Op.OR);
}

function pushStaticCarries(code: Code, carry: number, rest: number, places: Places): void {
  const { result, a, b } = places;
  if (rest !== Rest.SAME) {
    // CF in bit 31, CF xor OF in bit 30, AF in bit 3.
    code.i32(0);
    pushStaticCarry(code, carry, places);
    code.op(Op.SUB).i32(CF_AND_NEXT).op(Op.AND);
    code
      .get(result)
      .i32(rest === Rest.INC ? BIT31 : 0x7fff_ffff)
      .op(Op.EQ)
      .i32(30)
      .op(Op.SHL, Op.XOR);
    code
      .get(result)
      .i32(15)
      .op(Op.AND)
      .i32(rest === Rest.INC ? 0 : 15)
      .op(Op.EQ)
      .i32(3)
      .op(Op.SHL, Op.OR);
    return;
  }
  switch (carry) {
    case Carry.VECTOR:
      code.get(a);
      break;
    case Carry.LOGIC:
      code.i32(0);
      break;
    case Carry.ADD4:
      pushVector(code, a, b, result);
      code.i32(CARRY_BITS).op(Op.AND);
      break;
    case Carry.SUB4:
      pushVector(code, result, b, a);
      code.i32(CARRY_BITS).op(Op.AND);
      break;
    case Carry.ADD2:
    case Carry.ADD1:
    case Carry.SUB2:
    case Carry.SUB1: {
      const push = (): void => {
        if (carry === Carry.ADD2 || carry === Carry.ADD1) pushVector(code, a, b, result);
        else pushVector(code, result, b, a);
      };
      push();
      code
        .i32(carry === Carry.ADD2 || carry === Carry.SUB2 ? 16 : 24)
        .op(Op.SHL)
        .i32(CF_AND_NEXT)
        .op(Op.AND);
      push();
      code.i32(8).op(Op.AND, Op.OR);
      break;
    }
    case Carry.SHL:
      code.get(a).i32(BIT31).op(Op.AND).get(result).i32(1).op(Op.SHR_U).i32(BIT30).op(Op.AND, Op.OR);
      break;
    case Carry.SHR:
      code.get(a).i32(BIT31).op(Op.AND);
      code.get(a).i32(1).op(Op.SHR_U).get(result).op(Op.XOR).get(result).i32(1).op(Op.SHR_U, Op.XOR);
      code.i32(BIT30).op(Op.AND, Op.OR);
      break;
    case Carry.SAR:
      code.get(a).i32(BIT31).op(Op.AND).get(a).i32(1).op(Op.SHR_U).i32(BIT30).op(Op.AND, Op.OR);
      break;
    default:
      code.get(a).i32(0).op(Op.NE).i32(31).op(Op.SHL);
  }
}

/** Body of carries(kind, result, a, b): CARRIES. Falls out of one block for every pair. */
export function carriesHelper(code: Code): void {
  const carries = Object.values(Carry);
  for (const rest of Object.values(Rest)) {
    for (const carry of carries) {
      code
        .get(HELPER_PARAMETERS.kind)
        .i32(carry | (rest << 4))
        .op(Op.EQ)
        .if();
      pushStaticCarries(code, carry, rest, HELPER_PARAMETERS);
      code.op(Op.RETURN).end();
    }
  }
  code.op(Op.UNREACHABLE);
}

/** Pushes 0 or 1 for a condition code. SDM Vol. 1, "EFLAGS Condition Codes". */
export function pushCondition(code: Code, flags: FlagState, condition: number, helper: number): void {
  pushEvenCondition(code, flags, condition >> 1, helper);
  if ((condition & 1) !== 0) code.op(Op.EQZ);
}

function pushEvenCondition(code: Code, flags: FlagState, pair: number, helper: number): void {
  const carry = flags.rest === Rest.SAME ? flags.carry : undefined;
  const difference = carry === Carry.SUB4 || carry === Carry.SUB2 || carry === Carry.SUB1;
  switch (pair) {
    case 0:
      pushCarries(code, flags, helper);
      code.tee(VALUE2).get(VALUE2).i32(1).op(Op.SHL, Op.XOR).i32(31).op(Op.SHR_U);
      return;
    case 1:
      pushCarry(code, flags, helper);
      return;
    case 2:
      code.get(RESULT_LOCAL).op(Op.EQZ);
      return;
    case 3:
      if (difference) code.get(FLAG_A).get(FLAG_B).op(Op.LE_U);
      else if (carry === Carry.LOGIC) code.get(RESULT_LOCAL).op(Op.EQZ);
      else {
        pushCarry(code, flags, helper);
        code.get(RESULT_LOCAL).op(Op.EQZ, Op.OR);
      }
      return;
    case 4:
      code.get(RESULT_LOCAL).i32(0).op(Op.LT_S);
      return;
    case 5:
      code.get(RESULT_LOCAL).i32(0xff).op(Op.AND, Op.POPCNT).i32(1).op(Op.AND, Op.EQZ);
      return;
    case 6:
      if (difference) pushSignedOperands(code, carry).op(Op.LT_S);
      else pushLess(code, flags, helper);
      return;
    default:
      if (difference) pushSignedOperands(code, carry).op(Op.LE_S);
      else if (carry === Carry.LOGIC) code.get(RESULT_LOCAL).i32(0).op(Op.LE_S);
      else {
        pushLess(code, flags, helper);
        code.get(RESULT_LOCAL).op(Op.EQZ, Op.OR);
      }
  }
}

function pushSignedOperands(code: Code, carry: number): Code {
  if (carry === Carry.SUB4) return code.get(FLAG_A).get(FLAG_B);
  const shift = carry === Carry.SUB2 ? 16 : 24;
  return code.get(FLAG_A).i32(shift).op(Op.SHL).get(FLAG_B).i32(shift).op(Op.SHL);
}

/** SF ≠ OF. */
function pushLess(code: Code, flags: FlagState, helper: number): void {
  if (flags.rest === Rest.INC || flags.rest === Rest.DEC) {
    code.get(RESULT_LOCAL).i32(0).op(Op.LT_S);
    code
      .get(RESULT_LOCAL)
      .i32(flags.rest === Rest.INC ? BIT31 : 0x7fff_ffff)
      .op(Op.EQ, Op.XOR);
  } else if (flags.carry === Carry.LOGIC && flags.rest === Rest.SAME) {
    code.get(RESULT_LOCAL).i32(0).op(Op.LT_S);
  } else {
    pushCarries(code, flags, helper);
    code.tee(VALUE2).get(VALUE2).i32(1).op(Op.SHL, Op.XOR);
    code.get(RESULT_LOCAL).op(Op.XOR).i32(31).op(Op.SHR_U);
  }
}

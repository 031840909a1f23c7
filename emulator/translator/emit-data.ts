/**
 * Moves, stack and conditional transfers; the counterpart of cpu/execute/data.ts, on a 32-bit stack.
 */
import type { Instruction } from '../cpu/instruction.ts';
import { Kind } from '../cpu/instruction.ts';
import { CPL, CR0, EAX, EBP, EBX, ECX, EDI, EDX, EFLAGS, ESI, ESP, Eflags, ZERO } from '../cpu/registers.ts';
import { CONDITIONS } from '../cpu/execute/data.ts';
import { Op } from './code.ts';
import type { Emit } from './emit.ts';
import { isMemory, sizeOfKind, type Emitter } from './emitter.ts';
import { Carry } from './lazy-flags.ts';
import { FLAG_A, RESULT_LOCAL, VALUE0, VALUE1, VALUE2 } from './locals.ts';

/** The order of PUSHA. */
const PUSHA_ORDER = [EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI] as const;

/** MOV r32,CRn. At another CPL than 0 it is the interpreter's #GP(0). */
function readControl(e: Emitter, i: Instruction): void {
  e.code.i32(0).access(Op.LOAD, CPL * 4);
  e.exitIf();
  e.code.i32(0).access(Op.LOAD, (CR0 + (i.index1 === 0 ? 0 : i.index1 - 1)) * 4);
  e.code.set(i.index0);
}

const mov: Emit = (e, i) => {
  if (i.kind1 === Kind.CONTROL) {
    readControl(e, i);
    return;
  }
  if (i.kind0 === Kind.REG32) {
    // Straight to the register: no value is needed twice.
    if (isMemory(i.kind1)) {
      e.pushAt(e.checkOperand(i, 4, false), 4);
    } else if (i.kind1 === Kind.REG32) {
      e.setToSum(i.index0, i.index1, 0);
      return;
    } else if (i.kind1 === Kind.IMMEDIATE) e.code.i32(i.index1);
    else e.pushRegister(i.kind1, i.index1);
    e.code.set(i.index0);
    return;
  }
  e.readOperand1(i, VALUE0);
  e.checkOperand0(i, true);
  e.writeOperand0(i, VALUE0);
};

function extend(signed: boolean): Emit {
  return (e, i) => {
    e.readOperand1(i, VALUE0);
    if (signed)
      e.code
        .get(VALUE0)
        .op(sizeOfKind(i.kind1) === 1 ? Op.EXTEND8_S : Op.EXTEND16_S)
        .set(VALUE0);
    e.writeOperand0(i, VALUE0);
  };
}

/** Pushes a dword, which `pushValue` puts on WebAssembly's stack. */
export function pushDword(e: Emitter, pushValue: () => void): void {
  const place = e.checkBase(ESP, -4, 4, true);
  e.code.get(place.local);
  pushValue();
  e.storeAt(place, 4);
  moveStack(e, -4);
}

/** Moves ESP by a constant. */
export function moveStack(e: Emitter, bytes: number): void {
  e.setToSum(ESP, ESP, bytes);
}

const push: Emit = (e, i) => {
  const { code } = e;
  if (isMemory(i.kind0)) {
    e.pushAt(e.checkOperand(i, 4, false), 4);
    code.set(VALUE0);
  }
  pushDword(e, () => {
    if (isMemory(i.kind0)) code.get(VALUE0);
    else if (i.kind0 === Kind.IMMEDIATE) code.i32(i.index0);
    else code.get(i.index0);
  });
};

const pop: Emit = (e, i) => {
  const { code } = e;
  e.pushAt(e.checkBase(ESP, 0, 4, false), 4);
  if (!isMemory(i.kind0)) {
    moveStack(e, 4);
    code.set(i.index0);
    return;
  }
  code.set(VALUE0);
  // An address that uses ESP is computed after the increment, and ESP stays if the write faults.
  const place = e.checkOperand(i, 4, true, i.base === ESP ? 4 : 0);
  code.get(place.local).get(VALUE0);
  e.storeAt(place, 4);
  moveStack(e, 4);
};

const pusha: Emit = (e) => {
  const { code } = e;
  const place = e.checkBase(ESP, -32, 32, true);
  PUSHA_ORDER.forEach((register, index) => {
    code.get(place.local).get(register);
    e.storeAt(place, 4, 28 - index * 4);
  });
  moveStack(e, -32);
};

const popa: Emit = (e) => {
  const { code } = e;
  const place = e.checkBase(ESP, 0, 32, false);
  PUSHA_ORDER.forEach((register, index) => {
    if (register === ESP) return;
    e.pushAt(place, 4, 28 - index * 4);
    code.set(register);
  });
  moveStack(e, 32);
};

function eflagsBit(set: boolean): Emit {
  return (e) => {
    const { code } = e;
    code
      .i32(0)
      .i32(0)
      .access(Op.LOAD, EFLAGS * 4);
    code
      .i32(set ? Eflags.DF : ~Eflags.DF)
      .op(set ? Op.OR : Op.AND)
      .access(Op.STORE, EFLAGS * 4);
  };
}

/** A ZF that SF or PF do not go with has no RESULT of its own: it is the interpreter's. */
const sahf: Emit = (e) => {
  const { code } = e;
  code.get(EAX).i32(8).op(Op.SHR_U).tee(VALUE0).i32(Eflags.ZF).op(Op.AND, Op.EQZ, Op.EQZ);
  code
    .get(VALUE0)
    .i32(Eflags.SF | Eflags.PF)
    .op(Op.AND)
    .i32(Eflags.PF)
    .op(Op.NE, Op.AND);
  e.exitIf();
  // CF in bit 31, CF xor OF, which stays, in bit 30, AF in bit 3.
  code.get(VALUE0).i32(31).op(Op.SHL).tee(VALUE1);
  e.pushCarries();
  code.tee(VALUE2).get(VALUE2).i32(1).op(Op.SHL, Op.XOR).get(VALUE1).op(Op.XOR);
  code.i32(1).op(Op.SHR_U).i32(0x4000_0000).op(Op.AND, Op.OR);
  code.get(VALUE0).i32(Eflags.AF).op(Op.AND).i32(1).op(Op.SHR_U, Op.OR).set(FLAG_A);
  code.i32(0);
  code
    .get(VALUE0)
    .i32(24)
    .op(Op.SHL)
    .i32(0x8000_0000 | 0)
    .op(Op.AND)
    .i32(0x100)
    .op(Op.OR);
  code.get(VALUE0).i32(2).op(Op.SHR_U).i32(1).op(Op.AND).i32(1).op(Op.XOR, Op.OR);
  code.get(VALUE0).i32(Eflags.ZF).op(Op.AND, Op.SELECT).set(RESULT_LOCAL);
  e.setFlags(Carry.VECTOR);
};

function forEachCondition(prefix: string, make: (condition: number) => Emit): Record<string, Emit> {
  return Object.fromEntries(CONDITIONS.map((name, condition) => [prefix + name, make(condition)]));
}

export function canEmitData(i: Instruction): boolean {
  switch (i.row.mnemonic) {
    case 'PUSH':
    case 'POP':
      return i.size === 4;
    case 'PUSHA':
    case 'POPA':
    case 'LEAVE':
    case 'CBW':
    case 'CWD':
    case 'BSWAP':
    case 'LEA':
      return i.size === 4;
    case 'MOV':
      return i.kind0 < Kind.SEGMENT && (i.kind1 < Kind.SEGMENT || i.kind1 === Kind.CONTROL);
    default:
      return true;
  }
}

export const data: Readonly<Record<string, Emit>> = {
  MOV: mov,
  MOVZX: extend(false),
  MOVSX: extend(true),
  LEA: (e, i) => {
    if (i.index === ZERO && i.base !== ZERO) e.setToSum(i.index0, i.base, i.displacement);
    else {
      e.pushAddress(i);
      e.code.set(i.index0);
    }
  },
  XCHG: (e, i) => {
    e.readOperand1(i, VALUE1);
    e.readOperand0(i, VALUE0, true);
    e.writeOperand0(i, VALUE1);
    e.code.get(VALUE0);
    e.setRegister(i.kind1, i.index1);
  },
  BSWAP: (e, i) => {
    const { code } = e;
    code.get(i.index0).i32(8).op(Op.ROTL).i32(0x00ff_00ff).op(Op.AND);
    code
      .get(i.index0)
      .i32(8)
      .op(Op.ROTR)
      .i32(0xff00_ff00 | 0)
      .op(Op.AND, Op.OR)
      .set(i.index0);
  },
  PUSH: push,
  POP: pop,
  PUSHA: pusha,
  POPA: popa,
  LEAVE: (e) => {
    const place = e.checkBase(EBP, 0, 4, false);
    e.setToSum(ESP, EBP, 4);
    e.pushAt(place, 4);
    e.code.set(EBP);
  },
  CBW: (e) => {
    e.code.get(EAX).op(Op.EXTEND16_S).set(EAX);
  },
  CWD: (e) => {
    e.code.get(EAX).i32(31).op(Op.SHR_S).set(EDX);
  },
  SAHF: sahf,
  CLD: eflagsBit(false),
  STD: eflagsBit(true),
  NOP: () => undefined,
  ...forEachCondition('SET', (condition) => (e, i) => {
    e.checkOperand0(i, true);
    e.pushCondition(condition);
    e.code.set(VALUE0);
    e.writeOperand0(i, VALUE0);
  }),
  ...forEachCondition('CMOV', (condition) => (e, i) => {
    // The source is read, and may fault, in either case.
    e.readOperand1(i, VALUE1);
    e.pushRegister(i.kind0, i.index0);
    e.code.set(VALUE0);
    e.code.get(VALUE1).get(VALUE0);
    e.pushCondition(condition);
    e.code.op(Op.SELECT).set(VALUE0);
    e.writeOperand0(i, VALUE0);
  }),
};

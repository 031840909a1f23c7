/**
 * Segment registers, and what makes the TLB forget. Helpers that regions have too do the common case; where they decline, the
 * record is given back. The counterpart of translator/emit-segments.ts and emit-paging.ts.
 */
import { CPL, CR2, CS, ESP, SELECTOR, SS } from '../cpu/registers.ts';
import { Op } from '../translator/code.ts';
import { LEFT_SLOT } from '../translator/locals.ts';
import {
  A,
  HOST,
  INVALIDATE_FUNCTION,
  RELOAD_FUNCTION,
  SEGMENT_FUNCTION,
  T,
  type Emit,
  type HandlerCode,
} from './handler-code.ts';
import { Field } from './records.ts';

/** The selector in a segment register. */
function selector(c: HandlerCode, field: number): HandlerCode {
  return c
    .field(field)
    .i32(2)
    .op(Op.SHL)
    .access(Op.LOAD, SELECTOR * 4);
}

/** Loads the segment register that field A names, other than CS and SS, with the selector in A. */
function load(c: HandlerCode): void {
  c.field(Field.A).i32(CS).op(Op.EQ).field(Field.A).i32(SS).op(Op.EQ, Op.OR).outIf();
  c.field(Field.A).i32(2).op(Op.SHL).get(A).call(SEGMENT_FUNCTION).op(Op.EQZ).outIf();
}

export const system: Readonly<Record<string, Emit>> = {
  'MOV r,s': (c) => selector(c.field(Field.A), Field.B).access(Op.STORE),
  'MOV w,s': (c) => selector(c.field(Field.A), Field.B).access(Op.STORE16),
  'MOV v,s': (c) => selector(c.operand(2, true).get(HOST), Field.B).access(Op.STORE16),
  'MOV s,w': (c) => {
    c.field(Field.B).access(Op.LOAD16_U).set(A);
    load(c);
  },
  'MOV s,v': (c) => {
    c.operand(2).get(HOST).access(Op.LOAD16_U).set(A);
    load(c);
  },
  'PUSH s': (c) => c.push(() => selector(c, Field.A)),
  'POP s': (c) => {
    c.slot(ESP).stack(false).get(HOST).access(Op.LOAD16_U).set(A);
    load(c);
    c.moveStack(4);
  },
  'INVLPG M': (c) => {
    c.effectiveAddress().behindEip().call(INVALIDATE_FUNCTION).op(Op.EQZ).outIf();
  },
  'MOV r,c': (c) => {
    c.slot(CPL).field(Field.B).i32(2).op(Op.NE, Op.OR).outIf();
    c.field(Field.A).slot(CR2).access(Op.STORE);
  },
};

/** Goes on with another block itself, since its page may be another one now. */
export const systemTransfers: Readonly<Record<string, Emit>> = {
  'MOV c,r': (c) => {
    c.field(Field.A).i32(3).op(Op.NE).outIf();
    c.register(Field.B).behindEip().slot(LEFT_SLOT).call(RELOAD_FUNCTION).op(Op.EQZ).outIf();
    c.behindEip().set(T).jump();
  },
};

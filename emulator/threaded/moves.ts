/** Moves, the stack, and NOP. The counterpart of cpu/fast/moves.ts and parts of control.ts. */
import { EAX, EBP, EDX, ESP } from '../cpu/registers.ts';
import { Op } from '../translator/code.ts';
import { A, HOST, type Emit } from './handler-code.ts';
import { Field } from './records.ts';

export const moves: Readonly<Record<string, Emit>> = {
  'NOP ': () => undefined,
  'MOV r,r': (c) => c.field(Field.A).register(Field.B).access(Op.STORE),
  'MOV r,i': (c) => c.field(Field.A).field(Field.B).access(Op.STORE),
  'MOV r,m': (c) => c.operand(4).field(Field.A).get(HOST).access(Op.LOAD).access(Op.STORE),
  'MOV m,r': (c) => c.operand(4, true).get(HOST).register(Field.B).access(Op.STORE),
  'MOV m,i': (c) => c.operand(4, true).get(HOST).field(Field.B).access(Op.STORE),
  'MOV b,b': (c) => c.field(Field.A).register8(Field.B).access(Op.STORE8),
  'MOV b,i': (c) => c.field(Field.A).field(Field.B).access(Op.STORE8),
  'MOV b,n': (c) => c.operand(1).field(Field.A).get(HOST).access(Op.LOAD8_U).access(Op.STORE8),
  'MOV n,b': (c) => c.operand(1, true).get(HOST).register8(Field.B).access(Op.STORE8),
  'MOV n,i': (c) => c.operand(1, true).get(HOST).field(Field.B).access(Op.STORE8),
  'LEA r,M': (c) => c.field(Field.A).effectiveAddress().access(Op.STORE),
  'MOVZX r,b': (c) => c.field(Field.A).register8(Field.B).access(Op.STORE),
  'MOVZX r,n': (c) => c.operand(1).field(Field.A).get(HOST).access(Op.LOAD8_U).access(Op.STORE),
  'MOVZX r,w': (c) => c.field(Field.A).field(Field.B).access(Op.LOAD16_U).access(Op.STORE),
  'MOVZX r,v': (c) => c.operand(2).field(Field.A).get(HOST).access(Op.LOAD16_U).access(Op.STORE),
  'MOVSX r,b': (c) => c.field(Field.A).field(Field.B).access(Op.LOAD8_S).access(Op.STORE),
  'MOVSX r,n': (c) => c.operand(1).field(Field.A).get(HOST).access(Op.LOAD8_S).access(Op.STORE),
  'XCHG r,r': (c) => {
    c.register(Field.A).set(A).field(Field.A).register(Field.B).access(Op.STORE);
    c.field(Field.B).get(A).access(Op.STORE);
  },
  'BSWAP r': (c) => {
    c.register(Field.A).set(A).field(Field.A);
    c.get(A).i32(8).op(Op.ROTL).i32(0x00ff_00ff).op(Op.AND);
    c.get(A)
      .i32(8)
      .op(Op.ROTR)
      .i32(0xff00_ff00 | 0)
      .op(Op.AND, Op.OR)
      .access(Op.STORE);
  },
  'CWD ': (c) => c.setSlot(EDX, () => c.slot(EAX).i32(31).op(Op.SHR_S)),
  'PUSH r': (c) => c.push(() => c.register(Field.A)),
  'PUSH i': (c) => c.push(() => c.field(Field.A)),
  'PUSH m': (c) => {
    c.operand(4).get(HOST).access(Op.LOAD).set(A);
    c.push(() => c.get(A));
  },
  'POP r': (c) => {
    c.slot(ESP).stack(false).get(HOST).access(Op.LOAD).set(A);
    // POP ESP: what was popped stays.
    c.moveStack(4).field(Field.A).get(A).access(Op.STORE);
  },
  'LEAVE ': (c) => {
    c.slot(EBP).stack(false);
    c.setSlot(ESP, () => c.slot(EBP).i32(4).op(Op.ADD));
    c.setSlot(EBP, () => c.get(HOST).access(Op.LOAD));
  },
};

/** Moves, the stack, and NOP. The counterpart of cpu/fast/moves.ts and parts of control.ts. */
import { EAX, EBP, EDX, EFLAGS, ESP, Eflags } from '../cpu/registers.ts';
import { Op } from '../translator/code.ts';
import { A, HOST, type Emit } from './handler-code.ts';
import { Field } from './records.ts';

/** Of the general registers. */
const ALL_BYTES = 32;

//               register, memory, bytes, loads and store
// prettier-ignore
const WIDTHS = [
  ['b', 'n', 1, Op.LOAD8_U, Op.LOAD8_S, Op.STORE8],
  ['w', 'v', 2, Op.LOAD16_U, Op.LOAD16_S, Op.STORE16],
  ['r', 'm', 4, Op.LOAD, Op.LOAD, Op.STORE],
] as const;

function sized(): Record<string, Emit> {
  const found: Record<string, Emit> = {};
  for (const [register, memory, bytes, load, loadSigned, store] of WIDTHS) {
    found[`MOV ${register},${register}`] = (c) => c.field(Field.A).field(Field.B).access(load).access(store);
    found[`MOV ${register},i`] = (c) => c.field(Field.A).field(Field.B).access(store);
    found[`MOV ${register},${memory}`] = (c) => c.operand(bytes).field(Field.A).get(HOST).access(load).access(store);
    found[`MOV ${memory},${register}`] = (c) =>
      c.operand(bytes, true).get(HOST).field(Field.B).access(load).access(store);
    found[`MOV ${memory},i`] = (c) => c.operand(bytes, true).get(HOST).field(Field.B).access(store);
    for (const [wide, , wideBytes, , , wideStore] of WIDTHS) {
      if (wideBytes <= bytes) continue;
      for (const [name, extend] of [
        ['MOVZX', load],
        ['MOVSX', loadSigned],
      ] as const) {
        found[`${name} ${wide},${register}`] = (c) => c.field(Field.A).field(Field.B).access(extend).access(wideStore);
        found[`${name} ${wide},${memory}`] = (c) =>
          c.operand(bytes).field(Field.A).get(HOST).access(extend).access(wideStore);
      }
    }
  }
  return found;
}

export const moves: Readonly<Record<string, Emit>> = {
  'NOP ': () => undefined,
  ...sized(),
  'LEA r,M': (c) => c.field(Field.A).effectiveAddress().access(Op.STORE),
  'XCHG r,r': (c) => {
    c.register(Field.A).set(A).field(Field.A).register(Field.B).access(Op.STORE);
    c.field(Field.B).get(A).access(Op.STORE);
  },
  'XCHG m,r': (c) => {
    c.operand(4, true).get(HOST).access(Op.LOAD).set(A);
    c.get(HOST).register(Field.B).access(Op.STORE);
    c.field(Field.B).get(A).access(Op.STORE);
  },
  'CLD ': (c) => c.setSlot(EFLAGS, () => c.slot(EFLAGS).i32(~Eflags.DF).op(Op.AND)),
  'STD ': (c) => c.setSlot(EFLAGS, () => c.slot(EFLAGS).i32(Eflags.DF).op(Op.OR)),
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
  'CBW ': (c) => c.setSlot(EAX, () => c.slot(EAX).op(Op.EXTEND16_S)),
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
  'PUSHA ': (c) => {
    c.slot(ESP).i32(ALL_BYTES).op(Op.SUB).stack(true, ALL_BYTES);
    for (let register = 0; register < 8; register++) {
      c.get(HOST)
        .slot(register)
        .access(Op.STORE, ALL_BYTES - 4 - register * 4);
    }
    c.moveStack(-ALL_BYTES);
  },
  'POPA ': (c) => {
    c.slot(ESP).stack(false, ALL_BYTES);
    for (let register = 0; register < 8; register++) {
      if (register === ESP) continue;
      c.setSlot(register, () => c.get(HOST).access(Op.LOAD, ALL_BYTES - 4 - register * 4));
    }
    c.moveStack(ALL_BYTES);
  },
  'LEAVE ': (c) => {
    c.slot(EBP).stack(false);
    c.setSlot(ESP, () => c.slot(EBP).i32(4).op(Op.ADD));
    c.setSlot(EBP, () => c.get(HOST).access(Op.LOAD));
  },
};

/**
 * Moves to, from and by way of segment registers; the counterpart of cpu/execute/data.ts. Loads of ES, DS, FS and GS with
 * a flat segment are done by a helper (segment-load.ts), all others by the interpreter.
 */
import type { Instruction } from '../cpu/instruction.ts';
import { Kind } from '../cpu/instruction.ts';
import { CS, ESP, SELECTOR, SS } from '../cpu/registers.ts';
import { Op } from './code.ts';
import { moveStack, pushDword } from './emit-data.ts';
import type { Emit } from './emit.ts';
import { SEGMENT_LOAD_HELPER, type Emitter } from './emitter.ts';
import { VALUE0 } from './locals.ts';

function load(e: Emitter, segment: number): void {
  e.code
    .i32(segment * 4)
    .get(VALUE0)
    .call(SEGMENT_LOAD_HELPER)
    .op(Op.EQZ);
  e.exitIf();
}

function pushSelector(e: Emitter, segment: number): void {
  e.code.i32(0).access(Op.LOAD, (SELECTOR + segment) * 4);
}

/** MOV Sreg,r/m16 and MOV r32,Sreg. */
const mov: Emit = (e, i) => {
  if (i.kind0 === Kind.SEGMENT) {
    e.readOperand1(i, VALUE0);
    load(e, i.index0);
  } else {
    pushSelector(e, i.index1);
    e.code.set(i.index0);
  }
};

const push: Emit = (e, i) => {
  pushDword(e, () => pushSelector(e, i.index0));
};

const pop: Emit = (e, i) => {
  e.pushAt(e.checkBase(ESP, 0, 4, false), 4);
  e.code.i32(0xffff).op(Op.AND).set(VALUE0);
  load(e, i.index0);
  moveStack(e, 4);
};

const bySegment: Readonly<Record<string, Emit>> = { MOV: mov, PUSH: push, POP: pop };

/** The emitter of an instruction with a segment register among its operands; undefined where there is none. */
export function segmentEmitterOf(i: Instruction): Emit | undefined {
  const { mnemonic } = i.row;
  const loads = i.kind0 === Kind.SEGMENT && mnemonic !== 'PUSH';
  if (loads && (i.index0 === SS || i.index0 === CS)) return undefined;
  if (mnemonic === 'MOV' ? !loads && i.kind0 !== Kind.REG32 : i.size !== 4) return undefined;
  return bySegment[mnemonic];
}

/**
 * Jumps, calls and returns with 32-bit operands; the counterpart of cpu/execute/control.ts. They end a block.
 * Segments are flat in a region, so no target lies beyond CS.limit.
 */
import { CONDITIONS } from '../cpu/execute/data.ts';
import type { Instruction } from '../cpu/instruction.ts';
import { Kind } from '../cpu/instruction.ts';
import { ECX, ESP } from '../cpu/registers.ts';
import { Op } from './code.ts';
import { moveStack, pushDword } from './emit-data.ts';
import { isMemory, type Emitter } from './emitter.ts';
import { TARGET } from './locals.ts';

/** Where control may go; the region's code knows how. */
export interface Flow {
  /** To a known address. Nothing is emitted after it on this path. */
  to(eip: number): void;
  /** To the address in TARGET. */
  indirect(): void;
}

/** @param start EIP of the block's first instruction */
export type EmitJump = (e: Emitter, i: Instruction, start: number, flow: Flow) => void;

function relativeTarget(i: Instruction, start: number): number {
  return (start + i.end + i.index0) | 0;
}

/** Goes on by the condition on the stack. */
function branch(e: Emitter, i: Instruction, start: number, flow: Flow): void {
  const { flags } = e;
  e.code.if();
  flow.to(relativeTarget(i, start));
  e.code.else();
  e.flags = flags;
  flow.to((start + i.end) | 0);
  e.code.end();
}

function conditional(condition: number): EmitJump {
  return (e, i, start, flow) => {
    e.pushCondition(condition);
    branch(e, i, start, flow);
  };
}

/** @param condition also needed to go on: E, NE, or none */
function loop(condition: number | undefined): EmitJump {
  return (e, i, start, flow) => {
    e.code.get(ECX).i32(1).op(Op.SUB).tee(ECX);
    if (condition !== undefined) {
      e.code.i32(0).op(Op.NE);
      e.pushCondition(condition);
      e.code.op(Op.AND);
    }
    branch(e, i, start, flow);
  };
}

/** Leaves the target of an indirect transfer in TARGET. */
function readTarget(e: Emitter, i: Instruction): void {
  if (isMemory(i.kind0)) {
    e.pushAt(e.checkOperand(i, 4, false), 4);
  } else e.code.get(i.index0);
  e.code.set(TARGET);
}

const jmp: EmitJump = (e, i, start, flow) => {
  if (i.kind0 === Kind.RELATIVE) {
    flow.to(relativeTarget(i, start));
    return;
  }
  readTarget(e, i);
  flow.indirect();
};

const call: EmitJump = (e, i, start, flow) => {
  if (i.kind0 !== Kind.RELATIVE) readTarget(e, i);
  pushDword(e, () => e.code.i32((start + i.end) | 0));
  if (i.kind0 === Kind.RELATIVE) flow.to(relativeTarget(i, start));
  else flow.indirect();
};

const ret: EmitJump = (e, i, _, flow) => {
  e.pushAt(e.checkBase(ESP, 0, 4, false), 4);
  e.code.set(TARGET);
  moveStack(e, 4 + i.index0);
  flow.indirect();
};

export const jumps: Readonly<Record<string, EmitJump>> = {
  JMP: jmp,
  CALL: call,
  RET: ret,
  LOOP: loop(undefined),
  LOOPE: loop(4),
  LOOPNE: loop(5),
  JCXZ: (e, i, start, flow) => {
    e.code.get(ECX).op(Op.EQZ);
    branch(e, i, start, flow);
  },
  ...Object.fromEntries(CONDITIONS.map((name, condition) => [`J${name}`, conditional(condition)])),
};

/** Known addresses the instruction may go to that may be part of the same region; a call's is not. */
export function staticTargets(i: Instruction, start: number): readonly number[] {
  if (i.row.mnemonic === 'JMP') return i.kind0 === Kind.RELATIVE ? [relativeTarget(i, start)] : [];
  if (i.row.mnemonic === 'CALL' || i.row.mnemonic === 'RET') return [];
  if (!i.row.jump) return [(start + i.end) | 0];
  return [relativeTarget(i, start), (start + i.end) | 0];
}

/**
 * INVLPG and MOV CR3, which end a block and go on with the next instruction; the counterpart of cpu/execute/system.ts and
 * cpu/control-registers.ts. Helpers (tlb-forget.ts) do the common case.
 */
import type { Instruction } from '../cpu/instruction.ts';
import { Kind } from '../cpu/instruction.ts';
import { Op } from './code.ts';
import type { EmitJump } from './emit-control.ts';
import { TLB_INVALIDATE_HELPER, TLB_RELOAD_HELPER } from './emitter.ts';
import { isFlatOperand } from './flat.ts';
import { LEFT, VALUE0 } from './locals.ts';
import { RELOAD } from './tlb-forget.ts';

const invlpg: EmitJump = (e, i, start, flow) => {
  const next = (start + i.end) | 0;
  e.pushAddress(i);
  e.code.i32(next).call(TLB_INVALIDATE_HELPER).op(Op.EQZ);
  e.exitIf();
  flow.to(next);
};

const loadCr3: EmitJump = (e, i, start, flow) => {
  const { code } = e;
  const next = (start + i.end) | 0;
  code.get(i.index1).i32(next).get(LEFT).call(TLB_RELOAD_HELPER).tee(VALUE0).op(Op.EQZ);
  e.exitIf();
  code.get(VALUE0).i32(RELOAD.LEAVE).op(Op.EQ);
  code.brIf(code.depth + e.coldStub(next, 0));
  flow.to(next);
};

/** undefined where it is another instruction, or a form for the interpreter. */
export function pagingEmitterOf(i: Instruction): EmitJump | undefined {
  const { mnemonic } = i.row;
  if (mnemonic === 'INVLPG') return i.addressMask === -1 && isFlatOperand(i) ? invlpg : undefined;
  return mnemonic === 'MOV' && i.kind0 === Kind.CONTROL && i.index0 === 3 ? loadCr3 : undefined;
}

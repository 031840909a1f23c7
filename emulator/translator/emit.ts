/**
 * What regions can do without the interpreter: an emitter for each mnemonic, in files named as those of cpu/execute/,
 * and which forms of it they know. Everything else is executed by the interpreter, one instruction, from the state of
 * that very instruction.
 */
import { Kind, type Instruction } from '../cpu/instruction.ts';
import { arithmetic } from './emit-arithmetic.ts';
import { bits, canEmitBits } from './emit-bits.ts';
import { jumps, type EmitJump } from './emit-control.ts';
import { canEmitData, data } from './emit-data.ts';
import { pagingEmitterOf } from './emit-paging.ts';
import { segmentEmitterOf } from './emit-segments.ts';
import { canEmitX87, x87 } from './emit-x87.ts';
import { isMemory, type Emitter } from './emitter.ts';
import { isFlatOperand } from './flat.ts';

export type Emit = (e: Emitter, i: Instruction) => void;

const straight = new Map<string, Emit>(Object.entries({ ...arithmetic, ...bits, ...data }));
const floating = new Map<string, Emit>(Object.entries(x87));
const transfers = new Map<string, EmitJump>(Object.entries(jumps));

/** Arithmetic that is known for 32-bit operands only. */
const WIDE_ONLY = new Set(['MUL', 'IMUL', 'DIV', 'IDIV']);

/** The emitter of an instruction that goes on with the next; undefined where there is none for its form. */
export function emitterOf(i: Instruction): Emit | undefined {
  const { mnemonic } = i.row;
  if (i.kind0 === Kind.SEGMENT || i.kind1 === Kind.SEGMENT) return operandsKnown(i) ? segmentEmitterOf(i) : undefined;
  const emitX87 = floating.get(mnemonic);
  if (emitX87 !== undefined) return canEmitX87(i) ? emitX87 : undefined;
  const emit = i.row.endsBlock ? undefined : straight.get(mnemonic);
  if (emit === undefined || !operandsKnown(i)) return undefined;
  if (WIDE_ONLY.has(mnemonic) && i.size !== 4) return undefined;
  if (mnemonic in bits && !canEmitBits(i)) return undefined;
  if (mnemonic in data && !canEmitData(i)) return undefined;
  return emit;
}

/** The emitter of a jump, call or return, or of what else ends a block. */
export function jumpEmitterOf(i: Instruction): EmitJump | undefined {
  const emitPaging = pagingEmitterOf(i);
  if (emitPaging !== undefined) return emitPaging;
  if (i.size !== 4 || i.addressMask !== -1 || !operandsKnown(i)) return undefined;
  return transfers.get(i.row.mnemonic);
}

function operandsKnown(i: Instruction): boolean {
  const memory = isMemory(i.kind0) || isMemory(i.kind1);
  if (memory && !isFlatOperand(i)) return false;
  if (i.kind0 === Kind.MEM || i.kind1 === Kind.MEM) return i.row.mnemonic === 'LEA' && i.addressMask === -1;
  return i.kind0 !== Kind.STRING && i.kind0 !== Kind.FAR;
}

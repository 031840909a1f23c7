/**
 * FXSAVE, FXRSTOR, MXCSR and the fences. Intel SDM Vol. 2, one instruction a function.
 */
import { read32, segmentToLinear, write32 } from '../../access.ts';
import type { Core } from '../../core.ts';
import { Feature } from '../../cpuid.ts';
import { AC, GP, NM, UD, raise } from '../../exception.ts';
import { FXSAVE_BYTES, MXCSR_MASK, readFxsave, writeFxsave } from '../../fpu-state.ts';
import type { Handler, Instruction } from '../../instruction.ts';
import { effectiveAddress } from '../../operands.ts';
import { CR0, CR4, Cr0, Cr4, MXCSR } from '../../registers.ts';
import { checkPart } from '../../wide-access.ts';
import { beginSse, checkAlignment16 } from './unit.ts';

const MXCSR_WORD = 6;
const XMM_WORD = 40;
const WORDS = 72;
const OPERAND_BYTES = 16;

/** @returns the image's offset, all of whose 512 bytes may be accessed, or those of the operands that are */
function beginFxsave(core: Core, i: Instruction, write: boolean): number {
  if ((core.features & Feature.FXSR) === 0) raise(UD);
  if ((core.i32[CR0] & (Cr0.EM | Cr0.TS)) !== 0) raise(NM);
  const offset = effectiveAddress(core, i);
  // SDM Vol. 2, FXSAVE, leaves open which misalignments are #AC where that is enabled, instead of #GP.
  const linear = segmentToLinear(core, i.segment, offset, 4, false);
  if (core.alignmentCheck && (linear & 3) !== 0) raise(AC, 0);
  checkAlignment16(core, i, offset);
  // The processors we asked (test/conformance/host) look at the last byte first.
  checkPart(core, i, offset + FXSAVE_BYTES - 1, 1, write);
  for (let at = 0; at < imageWords(core) * 4; at += OPERAND_BYTES)
    checkPart(core, i, offset + at, OPERAND_BYTES, write);
  return offset;
}

/** How much of the image is accessed. */
function imageWords(core: Core): number {
  return hasSse(core) ? WORDS : XMM_WORD;
}

/** Whether XMM registers and MXCSR are part of the image. */
function hasSse(core: Core): boolean {
  return (core.i32[CR4] & Cr4.OSFXSR) !== 0;
}

function fxsave(core: Core, i: Instruction): void {
  const offset = beginFxsave(core, i, true);
  const image = readFxsave(core);
  const words = imageWords(core);
  for (let word = 0; word < words; word++) {
    if (words === XMM_WORD && (word === MXCSR_WORD || word === MXCSR_WORD + 1)) continue;
    write32(core, i.segment, (offset + word * 4) & i.addressMask, image[word]);
  }
}

function fxrstor(core: Core, i: Instruction): void {
  const offset = beginFxsave(core, i, false);
  const image = readFxsave(core);
  const words = imageWords(core);
  for (let word = 0; word < words; word++) {
    const value = read32(core, i.segment, (offset + word * 4) & i.addressMask);
    if (word === MXCSR_WORD && words === XMM_WORD) continue;
    image[word] = value;
  }
  if ((image[MXCSR_WORD] & ~MXCSR_MASK) !== 0) raise(GP, 0);
  writeFxsave(core, image);
}

function ldmxcsr(core: Core, i: Instruction): void {
  const m = beginSse(core, Feature.SSE);
  const value = read32(core, i.segment, effectiveAddress(core, i));
  if ((value & ~MXCSR_MASK) !== 0) raise(GP, 0);
  m[MXCSR] = value;
}

function stmxcsr(core: Core, i: Instruction): void {
  const m = beginSse(core, Feature.SSE);
  write32(core, i.segment, effectiveAddress(core, i), m[MXCSR]);
}

/** Memory is always in order here. */
function fence(feature: number): Handler {
  return (core) => {
    if ((core.features & feature) === 0) raise(UD);
  };
}

export const simdState = {
  FXSAVE: fxsave,
  FXRSTOR: fxrstor,
  LDMXCSR: ldmxcsr,
  STMXCSR: stmxcsr,
  SFENCE: fence(Feature.SSE),
  LFENCE: fence(Feature.SSE2),
  MFENCE: fence(Feature.SSE2),
} as const satisfies Record<string, Handler>;

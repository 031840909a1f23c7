/**
 * What MMX and SSE instructions do before and after their work: whether they exist and may run, where operands come
 * from, and what MMX does to the x87's stack. Intel SDM Vol. 1, "MMX Instructions and the x87 FPU Tag Word"; Vol. 3A,
 * "System Programming for Instruction Set Extensions".
 *
 * Invariant: an instruction that faults has changed nothing.
 */
import { read32, write32 } from '../../access.ts';
import type { Core } from '../../core.ts';
import { Feature } from '../../cpuid.ts';
import { GP, NM, UD, raise } from '../../exception.ts';
import type { Instruction } from '../../instruction.ts';
import { Kind } from '../../instruction.ts';
import { effectiveAddress } from '../../operands.ts';
import { BASE, CR0, CR4, Cr0, Cr4, FPU_EMPTY, FPU_TOP, OPERAND } from '../../registers.ts';
import { readWords, writeWords } from '../../wide-access.ts';
import { waitForPending } from '../x87/unit.ts';

/** @param feature the unit's bit of `Feature` */
export function beginMmx(core: Core, feature: number = Feature.MMX): Int32Array {
  const m = core.i32;
  if ((core.features & feature) === 0 || (m[CR0] & Cr0.EM) !== 0) raise(UD);
  if ((m[CR0] & Cr0.TS) !== 0) raise(NM);
  waitForPending(core);
  return m;
}

/** All registers are in use and R0 is on top. */
export function enterMmx(m: Int32Array): void {
  m[FPU_TOP] = 0;
  m[FPU_EMPTY] = 0;
}

/** After a write to an MMX register: sign and exponent of the x87 register are ones. */
export function writtenMmx(m: Int32Array, register: number): void {
  m[register + 2] = 0xffff;
}

/** @param feature SSE or SSE2 */
export function beginSse(core: Core, feature: number): Int32Array {
  const m = core.i32;
  if ((core.features & feature) === 0 || (m[CR0] & Cr0.EM) !== 0 || (m[CR4] & Cr4.OSFXSR) === 0) raise(UD);
  if ((m[CR0] & Cr0.TS) !== 0) raise(NM);
  return m;
}

/**
 * Slot of operand 1: the register, or what was read from memory into OPERAND.
 * @param words how many 32-bit words the operand has
 * @param aligned whether 16 bytes must be aligned (#GP)
 */
export function source(core: Core, i: Instruction, words: number, aligned = false): number {
  if (i.kind1 !== Kind.MEM) return i.index1;
  load(core, i, words, aligned, OPERAND);
  return OPERAND;
}

export function load(core: Core, i: Instruction, words: number, aligned: boolean, out: number): void {
  const offset = effectiveAddress(core, i);
  if (aligned) checkAlignment16(core, i, offset);
  if (words === 1) core.i32[out] = read32(core, i.segment, offset);
  else readWords(core, i.segment, offset, words, out);
}

export function store(core: Core, i: Instruction, words: number, aligned: boolean, from: number): void {
  const offset = effectiveAddress(core, i);
  if (aligned) checkAlignment16(core, i, offset);
  if (words === 1) write32(core, i.segment, offset, core.i32[from]);
  else writeWords(core, i.segment, offset, words, from);
}

export function checkAlignment16(core: Core, i: Instruction, offset: number): void {
  if (((core.i32[BASE + i.segment] + offset) & 15) !== 0) raise(GP, 0);
}

export function copyWords(m: Int32Array, from: number, to: number, words: number): void {
  for (let word = 0; word < words; word++) m[to + word] = m[from + word];
}

/** Segments of 4 GiB from 0, as handlers and translated code take CS, SS, DS and ES to be. */
import type { Core } from '../cpu/core.ts';
import type { Instruction } from '../cpu/instruction.ts';
import { BASE, CS, DS, ES, FETCH_END, FS, GS, READ_END, SS, WRITE_END } from '../cpu/registers.ts';

// What the derived slots of registers.ts hold for them.
/** READ_END and WRITE_END. */
export const END_4G = 0xffff_fffd | 0;
export const FETCH_END_4G = 0xffff_f001 | 0;

/** Whether CS, SS, DS and ES are flat, and accesses of any alignment allowed. */
export function isFlat(core: Core): boolean {
  const m = core.i32;
  return (
    (m[BASE + CS] | m[BASE + SS] | m[BASE + DS] | m[BASE + ES]) === 0 &&
    m[FETCH_END] === FETCH_END_4G &&
    (m[READ_END + SS] & m[READ_END + DS] & m[READ_END + ES]) === END_4G &&
    (m[WRITE_END + SS] & m[WRITE_END + DS] & m[WRITE_END + ES]) === END_4G &&
    !core.alignmentCheck
  );
}

/** Whether a memory operand lies in one of them; of CS only code is known to. */
export function isFlatOperand(i: Instruction): boolean {
  return i.addressMask === -1 && i.segment !== CS && i.segment !== FS && i.segment !== GS;
}

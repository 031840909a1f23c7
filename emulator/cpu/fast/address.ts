/** The effective address of a memory operand with 32-bit address size. */
import type { Instruction } from '../instruction.ts';

export function address(m: Int32Array, i: Instruction): number {
  return (m[i.base] + (m[i.index] << i.scale) + i.displacement) | 0;
}

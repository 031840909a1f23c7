/**
 * Flags that nobody sees: the next instructions of the block write all of them, read none, and cannot be left between.
 * Intel SDM Vol. 1, "EFLAGS Cross-Reference and Condition Codes".
 *
 * Invariant: an instruction that is not in these tables, or touches memory, sees the flags.
 */
import { Kind, type Instruction } from '../cpu/instruction.ts';
import { isMemory } from './emitter.ts';

/** They write all six arithmetic flags and read none. */
const WRITE_ALL = new Set(['ADD', 'SUB', 'CMP', 'AND', 'OR', 'XOR', 'TEST', 'NEG']);
/** They read none, write some or none, and never leave a region. */
const BLIND = new Set([
  'MOV',
  'MOVZX',
  'MOVSX',
  'LEA',
  'NOT',
  'BSWAP',
  'ROL',
  'ROR',
  'SHL',
  'SAL',
  'SHR',
  'SAR',
  'NOP',
]);

function isRegister(kind: number): boolean {
  return kind === Kind.REG8 || kind === Kind.REG16 || kind === Kind.REG32;
}

/** Whether nothing sees the flags as they are after instruction `index`. */
export function flagsAreDead(ops: readonly Instruction[], index: number): boolean {
  for (let next = index + 1; next < ops.length; next++) {
    const i = ops[next];
    const { mnemonic } = i.row;
    if (isMemory(i.kind0) || isMemory(i.kind1)) return false;
    if (mnemonic !== 'NOP' && !isRegister(i.kind0)) return false;
    if (i.kind1 === Kind.SEGMENT || i.kind1 === Kind.CONTROL) return false;
    if (WRITE_ALL.has(mnemonic)) return true;
    if (!BLIND.has(mnemonic)) return false;
  }
  return false;
}

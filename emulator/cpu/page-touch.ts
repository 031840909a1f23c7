/**
 * Brings the page that an instruction accesses into the TLB before it runs, or says that it cannot. Handlers and translated
 * code leave at such an instruction; with its page there the latter goes on at once, and a page fault is delivered without
 * being thrown, which would cost more than all the rest of it.
 * Intel SDM Vol. 3A, "Page-Fault Exception (#PF)".
 *
 * Invariant: what it does is the first thing that the instruction would do. So it is for instructions with one memory
 * operand that raise no other exception before that access, and is called only where the instruction then runs.
 */
import type { Core } from './core.ts';
import type { Instruction } from './instruction.ts';
import { Kind } from './instruction.ts';
import { TLB_LIST_ENTRIES } from '../memory/layout.ts';
import { fill } from './paging.ts';
import { BASE, EIP, MISSED_AT, READ_END, TLB_ENTRIES, WRITE_END } from './registers.ts';

/** Values of `Instruction.touch`. */
export const TOUCH_NOTHING = 0;
const TOUCH_READS = 1;
const TOUCH_WRITES = 2;

/** Mnemonics that write their first operand, having read it or not; and those that only read their operands. */
const WRITING = new Set(['MOV', 'ADD', 'OR', 'ADC', 'SBB', 'AND', 'SUB', 'XOR', 'INC', 'DEC', 'NOT', 'NEG']);
const READING = new Set(['CMP', 'TEST', 'MOVZX', 'MOVSX']);

function isMemory(kind: number): boolean {
  return kind === Kind.MEM8 || kind === Kind.MEM16 || kind === Kind.MEM32;
}

/** How an instruction accesses its memory operand. */
export function touchOf(i: Instruction): number {
  const { mnemonic } = i.row;
  const reads = READING.has(mnemonic);
  const segments = i.kind0 === Kind.SEGMENT || i.kind1 === Kind.SEGMENT;
  if (segments || (!reads && !WRITING.has(mnemonic))) return TOUCH_NOTHING;
  if (isMemory(i.kind0)) return reads ? TOUCH_READS : TOUCH_WRITES;
  return isMemory(i.kind1) ? TOUCH_READS : TOUCH_NOTHING;
}

/** @returns false when the access raises the page fault in `core.pageFaultCode` and `core.pageFaultAddress` */
export function touch(core: Core, i: Instruction): boolean {
  const m = core.i32;
  const write = i.touch === TOUCH_WRITES;
  const offset = (m[i.base] + (m[i.index] << i.scale) + i.displacement) & i.addressMask;
  const linear = (m[BASE + i.segment] + offset) | 0;
  if (m[(write ? core.writeTable : core.readTable) + (linear >>> 12)] !== 0) return true;
  // A limit, an alignment or a second page to look at is the instruction's.
  if (offset >>> 0 >= m[(write ? WRITE_END : READ_END) + i.segment] >>> 0) return true;
  if ((linear & 0xfff) > 0xffc || core.alignmentCheck) return true;
  // And what has the code found anew after the instruction: the block that runs it ends there.
  if (linear >>> 12 === core.fetchLinearPage >>> 12 || m[TLB_ENTRIES] === TLB_LIST_ENTRIES) return true;
  m[MISSED_AT] = m[EIP];
  return fill(core, linear, write, core.cpl === 3) !== 0;
}

/**
 * Memory operands of 8 and 16 bytes: one access each, whose limit, alignment and pages are checked as a whole. A 16-bit
 * address wraps where such an operand begins, and nowhere inside it. Images of many operands, as FNSAVE writes them.
 * Intel SDM Vol. 3A, "Limit Checking", "Alignment Check Exception (#AC)".
 *
 * Invariant: an access that faults has changed nothing, also when it crosses a page.
 */
import { probeLinear, readLinear, segmentToLinear, writeLinear } from './access.ts';
import type { Core } from './core.ts';
import { AC, raise } from './exception.ts';
import type { Instruction } from './instruction.ts';
import { BASE, READ_END, WRITE_END } from './registers.ts';

/** Reads 2 or 4 words into slots from `out` on. */
export function readWords(core: Core, segment: number, offset: number, words: number, out: number): void {
  const m = core.i32;
  const host = hostOfWords(core, segment, offset, words, READ_END, core.readTable);
  if (host >= 0) {
    for (let word = 0; word < words; word++) m[out + word] = m[(host >> 2) + word];
    return;
  }
  const linear = checkWide(core, segment, offset, words * 4, false);
  for (let word = 0; word < words; word++) m[out + word] = readLinear(core, (linear + word * 4) | 0, 4, core.cpl === 3);
}

/** Writes 2 or 4 words from slots from `from` on. */
export function writeWords(core: Core, segment: number, offset: number, words: number, from: number): void {
  const m = core.i32;
  const host = hostOfWords(core, segment, offset, words, WRITE_END, core.writeTable);
  if (host >= 0) {
    for (let word = 0; word < words; word++) m[(host >> 2) + word] = m[from + word];
    return;
  }
  const linear = checkWide(core, segment, offset, words * 4, true);
  for (let word = 0; word < words; word++)
    writeLinear(core, (linear + word * 4) | 0, 4, m[from + word], core.cpl === 3);
}

/** As `writeWords`, of a value. */
export function write64(core: Core, segment: number, offset: number, high: number, low: number): void {
  const m = core.i32;
  const host = hostOfWords(core, segment, offset, 2, WRITE_END, core.writeTable);
  if (host >= 0) {
    m[host >> 2] = low;
    m[(host >> 2) + 1] = high;
    return;
  }
  const linear = checkWide(core, segment, offset, 8, true);
  writeLinear(core, linear, 4, low, core.cpl === 3);
  writeLinear(core, (linear + 4) | 0, 4, high, core.cpl === 3);
}

/**
 * Raises every exception that accessing an operand of 2, 4, 8 or 16 bytes would raise.
 * @returns the linear address
 */
export function checkWide(core: Core, segment: number, offset: number, bytes: number, write: boolean): number {
  const linear = segmentToLinear(core, segment, offset, bytes, write);
  if (core.alignmentCheck && (linear & (bytes - 1)) !== 0) raise(AC, 0);
  probeLinear(core, linear, bytes, core.cpl === 3, write);
  return linear;
}

/**
 * Raises what accessing an operand inside an image would raise; alignment is the first one's affair.
 * @param offset may lie beyond what addresses of the instruction reach
 * @returns the linear address
 */
export function checkPart(core: Core, i: Instruction, offset: number, bytes: number, write: boolean): number {
  const linear = segmentToLinear(core, i.segment, offset & i.addressMask, bytes, write);
  probeLinear(core, linear, bytes, core.cpl === 3, write);
  return linear;
}

/** Host offset of an operand that is aligned to words, in one page of the table and inside the segment, or -1. */
function hostOfWords(core: Core, segment: number, offset: number, words: number, ends: number, table: number): number {
  const m = core.i32;
  const bytes = words * 4;
  if ((offset >>> 0) + bytes - 4 >= m[ends + segment] >>> 0 || core.alignmentCheck) return -1;
  const linear = (m[BASE + segment] + offset) | 0;
  if ((linear & 3) !== 0 || (linear & 0xfff) > 0x1000 - bytes) return -1;
  const addend = m[(linear >>> 12) + table];
  return addend === 0 ? -1 : (linear + addend) | 0;
}

/**
 * Instructions that are kept, by what they are: programs say the same things again and again, so that one object serves
 * many places.
 *
 * Invariant: an instruction that ends a block is never shared: its place in the block is part of it (instruction.ts).
 */
import type { Instruction } from './instruction.ts';

const SLOTS_BITS = 14;

export class SharedInstructions {
  /** The last one of each hash. */
  readonly #slots = new Array<Instruction | undefined>(1 << SLOTS_BITS).fill(undefined);

  /** @returns an instruction that equals `i` and was kept before, or `i`, which is kept now */
  find(i: Instruction): Instruction {
    const operands = i.index0 ^ Math.imul(i.index1, 0x1f) ^ (i.base << 8) ^ (i.index << 12);
    const mixed = Math.imul(
      operands ^ Math.imul(i.displacement ^ Math.imul(i.form.number, 0x85eb_ca6b), 0xc2b2_ae35),
      0x9e37_79b1,
    );
    const slot = (mixed ^ (mixed >>> 15)) >>> (32 - SLOTS_BITS);
    const found = this.#slots[slot];
    if (found !== undefined && isSame(found, i)) return found;
    this.#slots[slot] = i;
    return i;
  }
}

function isSame(a: Instruction, b: Instruction): boolean {
  return (
    a.form === b.form &&
    a.displacement === b.displacement &&
    a.index0 === b.index0 &&
    a.index1 === b.index1 &&
    a.index2 === b.index2 &&
    a.base === b.base &&
    a.index === b.index &&
    a.scale === b.scale &&
    a.segment === b.segment &&
    a.length === b.length
  );
}

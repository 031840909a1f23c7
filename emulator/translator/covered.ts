/**
 * Which instructions of a page regions hold, to know an entry that is none of the program's: an instruction in the middle of
 * a block that is translated already, at which regions are left because its page is not in the TLB. What is made for it is
 * a bridge, a few instructions that go on to the next place of the kind, or to where the program itself goes on: whole
 * regions for each of a block's accesses would be as many copies of its rest.
 *
 * Invariant: it decides how code is cut, and nothing else.
 */
import type { Block } from '../cpu/block.ts';
import { isMemory } from './emitter.ts';
import type { Region } from './region.ts';

const NONE = 0;
const INSIDE = 1;
/** Where a block of a region begins, or a jump of one goes. */
const START = 2;

/** Instructions after which a bridge ends at the next access. */
const BRIDGE_MIN = 8;

export class Covered {
  /** By physical page, then by offset. */
  readonly #pages = new Map<number, Uint8Array>();

  add(region: Region): void {
    const page = region.entry.block.physical >>> 12;
    let kinds = this.#pages.get(page);
    if (kinds === undefined) this.#pages.set(page, (kinds = new Uint8Array(0x1000)));
    for (const { eip, block, ops, targets } of region.nodes) {
      for (let index = 1; index < ops.length; index++) {
        const offset = (eip + block.starts[index]) & 0xfff;
        if (kinds[offset] === NONE) kinds[offset] = INSIDE;
      }
      kinds[eip & 0xfff] = START;
      for (const target of targets) if ((target ^ eip) >>> 12 === 0) kinds[target & 0xfff] = START;
    }
  }

  /** How many instructions of a block whose first was missed a bridge has; undefined: it is for a whole region. */
  bridgeOf({ physical, ops, starts }: Block): number | undefined {
    const kinds = this.#pages.get(physical >>> 12);
    const offset = physical & 0xfff;
    if (kinds?.[offset] !== INSIDE) return undefined;
    let count = 1;
    for (; count < ops.length; count++) {
      if (kinds[offset + starts[count]] === START) break;
      if (count >= BRIDGE_MIN && (isMemory(ops[count].kind0) || isMemory(ops[count].kind1))) break;
    }
    return count;
  }

  drop(page: number): void {
    this.#pages.delete(page);
  }
}

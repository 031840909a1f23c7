/**
 * Decoded blocks, cached by the physical address of their first byte and the mode they were decoded in.
 * A block is a run of instructions in one page (or a single one that crosses into the next) that ends at the first
 * instruction after which anything but the next instruction may follow.
 *
 * Invariant: a cached block equals what decoding its bytes now would give. Every byte it was decoded from is marked,
 * and a write to a marked byte drops all blocks of that page, the running one included.
 */
import { PageFlag } from '../memory/layout.ts';
import { Mode, type Core } from './core.ts';
import { Instruction } from './instruction.ts';
import { interceptWrites } from './paging.ts';
import { invalidForm } from './specialise.ts';
import type { Translation } from '../translator/translator.ts';

const SLOTS = 0x1_0000;
/** Past this many blocks all are dropped, which bounds memory. Never seen by the guest. */
const BLOCKS_MAX = 0x1_0000;
/** Index in `marks` of whether a block begins at the first byte. */
const SEEN = 0x1000;
/** No block has it. */
const NO_MODE = -1;
/** Heat of a block that is not kept, so that it is never translated; and `thread` of one that gets no records. */
export const FROZEN = -0x4000_0000;

export class Block {
  // Only the block of code that is not kept ever changes (`BlockCache.passing`).
  /** Physical address of the first byte as an int32. */
  physical: number;
  mode: number;
  readonly ops: readonly Instruction[];
  /** Bytes before each instruction, and before what follows the last. */
  readonly starts: readonly number[];
  /** How many of `ops` there are. */
  length: number;
  bytes: number;
  /** Whether the last instruction has set EIP when it returns. */
  setsEip: boolean;
  /** Whether a probe may stand at the first instruction. */
  probed: boolean;
  /** Physical page of the second part of an instruction that crosses a page, or -1. */
  readonly secondPage: number;
  next: Block | undefined = undefined;
  /** How often the interpreter has executed it, and what it has become since; translator/translator.ts. */
  heat = 0;
  /** How often its translation could not even begin. */
  stuck = 0;
  translation: Translation | undefined = undefined;
  /** Number of the record where its handlers begin (threaded/thread.ts); 0: none yet; below 0: in so many runs. */
  thread = FROZEN;
  /** What handlers have done and `heat` does not know of. */
  threadHeat = 0;

  constructor(
    physical: number,
    mode: number,
    ops: readonly Instruction[],
    starts: readonly number[],
    probed: boolean,
    secondPage: number,
  ) {
    this.physical = physical;
    this.mode = mode;
    this.ops = ops;
    this.starts = starts;
    this.length = ops.length;
    this.bytes = starts[ops.length];
    this.setsEip = ops[ops.length - 1].row.jump;
    this.probed = probed;
    this.secondPage = secondPage;
  }
}

interface CodePage {
  blocks: Block[];
  /** Whether one of them is of `Mode.PROBED`. */
  hasProbed: boolean;
  /** One byte per byte of the page, whether a block was decoded from it; then as many, whether one was that begins there. */
  readonly marks: Uint8Array;
}

export class BlockCache {
  readonly #core: Core;
  /** By hash, blocks linked by `next`; last comes one that is never found, so that whoever looks sees an end each time. */
  readonly #slots: Block[];
  readonly #pages = new Map<number, CodePage>();
  /** Marks of pages that are gone, all 0. */
  readonly #spareMarks: Uint8Array[] = [];
  #passing: Block | undefined;
  /** Where blocks are decoded to; those of the block that is not kept stay here. */
  readonly ops: Instruction[] = [];
  readonly starts: number[] = [0];
  /** By place in the block, what instructions are decoded into that are not kept. */
  readonly spares: (Instruction | undefined)[] = [];
  #count = 0;
  /** Blocks decoded since the CPU was made; a measure for tests and statistics. */
  decoded = 0;
  /** Whether blocks are kept the first time already, as for engines that do not wait. */
  keepsAll = false;
  /** `thread` of a block that is new. */
  unthreaded = FROZEN;
  /** Called after the blocks of a physical page were dropped. */
  dropped: (pageNumber: number) => void = () => undefined;
  /** Called with the blocks that are dropped. */
  forgotten: (blocks: readonly Block[]) => void = () => undefined;

  constructor(core: Core) {
    this.#core = core;
    const last = new Block(0, NO_MODE, [new Instruction(invalidForm)], [0, 0], false, -1);
    this.#slots = new Array<Block>(SLOTS).fill(last);
  }

  find(physical: number, mode: number): Block | undefined {
    let block: Block | undefined = this.#slots[slotOf(physical)];
    do {
      if (block.physical === physical && block.mode === mode) return block;
      block = block.next;
    } while (block !== undefined);
    return undefined;
  }

  /**
   * Whether a block that is about to be decoded is worth keeping: most code of a program that starts runs once, and what
   * is kept costs more than decoding it.
   * @returns whether `passing` was called for the address before, and its page has not changed since
   */
  seen(physical: number): boolean {
    if (this.keepsAll) return true;
    const page = this.#pages.get(physical >>> 12);
    return page !== undefined && page.marks[SEEN + (physical & 0xfff)] !== 0;
  }

  /**
   * The one block for code that is not kept: the first `length` of `ops`, until others are decoded. Its bytes are marked
   * all the same.
   */
  passing(physical: number, mode: number, length: number, probed: boolean): Block {
    this.decoded++;
    const block = (this.#passing ??= new Block(physical, mode, this.ops, this.starts, probed, -1));
    block.physical = physical;
    block.mode = mode;
    block.length = length;
    block.bytes = this.starts[length];
    block.setsEip = this.ops[length - 1].row.jump;
    block.probed = probed;
    block.heat = FROZEN;
    block.thread = FROZEN;
    block.stuck = 0;
    const offset = physical & 0xfff;
    const { marks } = this.#markedPage(physical >>> 12);
    marks.fill(1, offset, offset + block.bytes);
    marks[SEEN + offset] = 1;
    return block;
  }

  add(block: Block): void {
    if (this.#count >= BLOCKS_MAX) this.dropAll();
    this.#count++;
    this.decoded++;
    block.thread = this.unthreaded;
    const slot = slotOf(block.physical);
    block.next = this.#slots[slot];
    this.#slots[slot] = block;
    const offset = block.physical & 0xfff;
    const inPage = Math.min(block.bytes, 0x1000 - offset);
    this.#mark(block, block.physical >>> 12, offset, inPage);
    if (block.secondPage !== -1) this.#mark(block, block.secondPage, 0, block.bytes - inPage);
  }

  /** Bytes of a page with PageFlag.CODE are about to be, or were, written. They lie in one page. */
  written(physical: number, bytes: number): void {
    const page = this.#pages.get(physical >>> 12);
    if (page === undefined) return;
    const offset = physical & 0xfff;
    for (let at = offset; at < offset + bytes; at++) {
      if (page.marks[at] !== 0) {
        this.#dropPage(physical >>> 12);
        return;
      }
    }
  }

  /** Drops one block. */
  drop(block: Block): void {
    this.#unlink(block);
  }

  dropAll(): void {
    for (const page of [...this.#pages.keys()]) this.#dropPage(page);
  }

  /** Drops the pages with blocks that end before probes, but not before one at this offset of a page; or start there. */
  dropProbed(pageOffset: number): void {
    for (const [number, page] of [...this.#pages]) {
      if (page.hasProbed && page.blocks.some((block) => mustEndAt(block, pageOffset))) this.#dropPage(number);
    }
  }

  #mark(block: Block, pageNumber: number, offset: number, bytes: number): void {
    const page = this.#markedPage(pageNumber);
    page.blocks.push(block);
    if ((block.mode & Mode.PROBED) !== 0) page.hasProbed = true;
    page.marks.fill(1, offset, offset + bytes);
  }

  #markedPage(pageNumber: number): CodePage {
    let page = this.#pages.get(pageNumber);
    if (page === undefined) {
      page = { blocks: [], hasProbed: false, marks: this.#spareMarks.pop() ?? new Uint8Array(2 * SEEN) };
      this.#pages.set(pageNumber, page);
      this.#core.memory.pageFlags[pageNumber] |= PageFlag.CODE;
      interceptWrites(this.#core, pageNumber);
    }
    return page;
  }

  #dropPage(pageNumber: number): void {
    const page = this.#pages.get(pageNumber);
    if (page === undefined) return;
    this.#pages.delete(pageNumber);
    this.#core.memory.pageFlags[pageNumber] &= ~PageFlag.CODE;
    for (const block of page.blocks) {
      this.#unlink(block);
      if (block === this.#core.block) this.#core.blockEnd = 0;
    }
    if (this.#core.block === this.#passing) this.#core.blockEnd = 0;
    this.forgotten(page.blocks);
    page.marks.fill(0);
    this.#spareMarks.push(page.marks);
    this.dropped(pageNumber);
  }

  #unlink(block: Block): void {
    const slot = slotOf(block.physical);
    let at: Block | undefined = this.#slots[slot];
    if (at === block) {
      this.#slots[slot] = block.next!;
      this.#count--;
      return;
    }
    while (at !== undefined) {
      if (at.next === block) {
        at.next = block.next;
        this.#count--;
        return;
      }
      at = at.next;
    }
  }
}

/** Whether a probe at this offset of its page would be at an instruction of a block that heeds probes. */
function mustEndAt({ mode, physical, starts, bytes }: Block, pageOffset: number): boolean {
  const start = physical & 0xfff;
  return (
    (mode & Mode.PROBED) !== 0 && starts.some((before) => before < bytes && ((start + before) & 0xfff) === pageOffset)
  );
}

function slotOf(physical: number): number {
  return (physical ^ (physical >>> 16)) & (SLOTS - 1);
}

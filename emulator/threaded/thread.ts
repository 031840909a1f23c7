/**
 * Runs kept blocks by the handlers of handlers.ts, from block to block, until something is TypeScript's.
 *
 * Invariant: a record that stands in memory equals its block's instruction, and every entry of the chain a block that is
 * kept, at an address that leads to it as long as the page's addend is the same.
 */
import { FROZEN, type Block } from '../cpu/block.ts';
import { Mode, type Core } from '../cpu/core.ts';
import { EIP, TLB_CHANGED } from '../cpu/registers.ts';
import { layout } from '../memory/layout.ts';
import { isFlat } from '../translator/flat.ts';
import { LEFT_SLOT } from '../translator/locals.ts';
import { hasHandler, writeRecords } from './block-records.ts';
import { CHAIN_ADDEND, CHAIN_ENTRIES, CHAIN_ENTRY_SHIFT, CHAIN_RECORD } from './chain.ts';
import { instantiateHandlers } from './handler-table.ts';
import { Field, READ_TABLE_SLOT, RECORDS_MAX, RECORD_BYTES, WRITE_TABLE_SLOT } from './records.ts';

/** Instructions a block executes before the run loop looks at it again. */
const BUDGET = 2000;
/** What they are worth in instructions that the interpreter's functions execute, which take three times as long. */
const BUDGET_HEAT = 700;
/** Runs of a block before it gets records: they take as long as a few runs. */
const RUNS = 8;

const RECORDS = layout.records / 4;
const CHAIN = layout.chain / 4;
const RECORD_SLOTS = RECORD_BYTES / 4;
const ENTRY_SLOTS = (1 << CHAIN_ENTRY_SHIFT) / 4;
/** No page's: an entry that has it leads nowhere, whatever address is asked for. */
const NO_ADDEND = 1;

export interface ThreadOptions {
  /** Runs of a block in the interpreter's functions before it gets records. */
  readonly runs?: number;
  /** Instructions that it then executes before the run loop looks at it again; a whole run at least. */
  readonly budget?: number;
}

export class Thread {
  readonly #core: Core;
  readonly #budget: number;
  readonly #enter: (record: number) => number;
  /** By record, its block's header. */
  readonly #headers = new Int32Array(RECORDS_MAX);
  /** By header. */
  readonly #blocks: (Block | undefined)[] = [];
  #end = 1;
  /** Index in its block of what `run` came back with. */
  index = 0;
  /** Instructions that handlers have executed. */
  executed = 0;

  constructor(core: Core, { budget = BUDGET }: ThreadOptions = {}) {
    this.#core = core;
    this.#budget = budget;
    this.#enter = instantiateHandlers(core.memory.wasm);
    this.unchain();
  }

  /** `Block.thread` of a block that is new. */
  static unthreaded({ runs = RUNS }: ThreadOptions): number {
    return 0 - runs;
  }

  /** Whether a block that waits for nothing can be run here, now: 32-bit code over flat segments, at whose start no probe is. */
  takes({ mode, length, probed }: Block): boolean {
    const core = this.#core;
    const plain = (mode & ~Mode.PROBED) === (Mode.CODE32 | Mode.STACK32);
    return plain && !probed && core.left >= length && isFlat(core);
  }

  /**
   * @param block what EIP leads to
   * @returns the block that TypeScript is to go on with, at `index`; undefined to look at EIP. Then `core.left` is exact, else
   * as at the block's start
   */
  run(block: Block): Block | undefined {
    if (block.thread === 0) this.#make(block);
    if (block.thread < 0) {
      this.index = 0;
      return block;
    }
    const core = this.#core;
    const m = core.i32;
    const eip = m[EIP];
    const header = block.thread;
    const at = layout.records + header * RECORD_BYTES;
    const entry = CHAIN + (eip & (CHAIN_ENTRIES - 1)) * ENTRY_SLOTS;
    m[entry] = eip;
    m[entry + CHAIN_RECORD / 4] = at;
    const addend = m[(eip >>> 12) + core.readTable];
    m[entry + CHAIN_ADDEND / 4] = addend === 0 ? NO_ADDEND : addend;
    m[RECORDS + header * RECORD_SLOTS + Field.B / 4] = Math.max(this.#budget, block.length);
    m[LEFT_SLOT] = core.left;
    m[READ_TABLE_SLOT] = core.readTable * 4;
    m[WRITE_TABLE_SLOT] = core.writeTable * 4;
    const left = this.#enter(at);
    this.executed += core.left - m[LEFT_SLOT];
    core.left = m[LEFT_SLOT];
    if (m[TLB_CHANGED] !== 0) {
      m[TLB_CHANGED] = 0;
      core.fetchLinearPage = -1;
    }
    return left === 0 ? undefined : this.#leftAt((left - layout.records) / RECORD_BYTES);
  }

  #leftAt(record: number): Block | undefined {
    const core = this.#core;
    const header = this.#headers[record];
    const block = this.#blocks[header]!;
    // The page that runs is this one's.
    core.fetchLinearPage = core.i32[EIP] & ~0xfff;
    core.fetchPhysicalPage = block.physical & ~0xfff;
    core.fetchProbed = block.mode & Mode.PROBED;
    if (record !== header) {
      core.left += block.length;
      this.executed -= block.length;
      block.threadHeat += block.length;
      this.index = record - header - 1;
      return block;
    }
    this.index = 0;
    // The slice ends in it, or its budget is used up.
    if (core.left < block.length) return core.left > 0 ? block : undefined;
    block.threadHeat += BUDGET_HEAT;
    return undefined;
  }

  /** Blocks are dropped. */
  forget(blocks: readonly Block[]): void {
    const m = this.#core.i32;
    for (const block of blocks) {
      if (block.thread > 0) {
        const at = layout.records + block.thread * RECORD_BYTES;
        // Of a linear address only the offset in its page is known.
        for (let index = block.physical & 0xfff; index < CHAIN_ENTRIES; index += 0x1000) {
          const entry = CHAIN + index * ENTRY_SLOTS;
          if (m[entry + CHAIN_RECORD / 4] === at) m[entry + CHAIN_ADDEND / 4] = NO_ADDEND;
        }
        this.#blocks[block.thread] = undefined;
      }
      block.thread = 0;
    }
  }

  /** Every jump comes back to the run loop once. */
  unchain(): void {
    const m = this.#core.i32;
    for (let entry = 0; entry < CHAIN_ENTRIES; entry++) {
      m[CHAIN + entry * ENTRY_SLOTS + CHAIN_ADDEND / 4] = NO_ADDEND;
    }
  }

  #make(block: Block): void {
    const { ops, length } = block;
    // An instruction over a page's end, a block that is not kept, or one that would come back at once.
    if (block.secondPage !== -1 || block.heat <= FROZEN || !hasHandler(ops[0])) {
      block.thread = FROZEN;
      return;
    }
    if (this.#end + length + 2 > RECORDS_MAX) this.#dropAll();
    const header = this.#end;
    block.thread = header;
    this.#blocks[header] = block;
    this.#headers.fill(header, header, header + length + 2);
    writeRecords(this.#core.i32, header, block);
    this.#end = header + length + 2;
  }

  #dropAll(): void {
    for (const block of this.#blocks) if (block !== undefined) block.thread = 0;
    this.#blocks.length = 0;
    this.#end = 1;
    this.unchain();
  }
}

/**
 * Runs kept blocks by the handlers of handlers.ts, from block to block, until something is TypeScript's.
 *
 * Invariant: a record that stands in memory equals its block's instruction, and every entry of the chain a block that is
 * kept, at an address that leads to it as long as the page's addend is the same.
 */
import type { Block } from '../cpu/block.ts';
import { Mode, type Core } from '../cpu/core.ts';
import { formOf } from '../cpu/fast/index.ts';
import { Kind, type Instruction } from '../cpu/instruction.ts';
import { BASE, CS, EIP, FETCH_END } from '../cpu/registers.ts';
import { layout } from '../memory/layout.ts';
import { FETCH_END_4G } from '../translator/flat.ts';
import { LEFT_SLOT } from '../translator/locals.ts';
import { CHAIN_BYTES, CHAIN_ENTRIES } from './chain.ts';
import { HEADER, ONWARD, OUT } from './control.ts';
import { compileHandlers, handlerNumber } from './handlers.ts';
import { READ_TABLE_SLOT, RECORDS_MAX, RECORD_BYTES, WRITE_TABLE_SLOT } from './records.ts';

/** Instructions a block executes before the run loop looks at it again. */
const BUDGET = 2000;
const HEADER_NUMBER = handlerNumber(HEADER)!;
const ONWARD_NUMBER = handlerNumber(ONWARD)!;
const OUT_NUMBER = handlerNumber(OUT)!;

export class Thread {
  readonly #core: Core;
  readonly #enter: (record: number) => number;
  readonly #base = layout.records / 4;
  /** By record, its block's header. */
  readonly #headers = new Int32Array(RECORDS_MAX);
  /** By header. */
  readonly #blocks: (Block | undefined)[] = [];
  #end = 1;
  /** Index in its block of what `run` came back with. */
  index = 0;
  enters = 0;

  constructor(core: Core) {
    this.#core = core;
    this.#enter = compileHandlers(core.memory.wasm);
  }

  /** Whether a block can be run here, now. */
  takes(block: Block): boolean {
    const core = this.#core;
    const m = core.i32;
    return (
      block.thread >= 0 &&
      block.mode === (Mode.CODE32 | Mode.STACK32) &&
      m[FETCH_END] === FETCH_END_4G &&
      m[BASE + CS] === 0 &&
      !core.alignmentCheck
    );
  }

  /**
   * @param block what EIP leads to
   * @returns the block that TypeScript is to go on with, at `index`; undefined to look at EIP. `core.left` is exact for its start.
   */
  run(block: Block): Block | undefined {
    const core = this.#core;
    const m = core.i32;
    if (block.thread === 0) this.#make(block);
    if (block.thread <= 0) {
      this.index = 0;
      return block;
    }
    const header = block.thread;
    const eip = m[EIP];
    const entry = (layout.chain >> 2) + (eip & (CHAIN_ENTRIES - 1)) * 4;
    m[entry] = eip;
    m[entry + 1] = layout.records + header * RECORD_BYTES;
    m[entry + 2] = m[(eip >>> 12) + core.readTable];
    m[this.#base + header * 8 + 2] = BUDGET;
    m[LEFT_SLOT] = core.left;
    m[READ_TABLE_SLOT] = core.readTable * 4;
    m[WRITE_TABLE_SLOT] = core.writeTable * 4;
    this.enters++;
    const at = this.#enter(layout.records + header * RECORD_BYTES);
    core.left = m[LEFT_SLOT];
    if (at === 0) return undefined;
    const record = (at - layout.records) / RECORD_BYTES;
    const found = this.#headers[record];
    const left = this.#blocks[found]!;
    if (found !== record) {
      core.left += left.length;
      this.index = record - found - 1;
    } else this.index = 0;
    if (left !== block || m[EIP] !== eip) {
      core.fetchLinearPage = m[EIP] & ~0xfff;
      core.fetchPhysicalPage = left.physical & ~0xfff;
      core.fetchProbed = 0;
    }
    if (found !== record) return left;
    // Its budget is used up, or the slice is.
    if (core.left < left.length) return core.left > 0 ? left : undefined;
    left.extraHeat += BUDGET;
    return undefined;
  }

  /** Blocks were dropped. */
  forget(blocks: readonly Block[]): void {
    let any = false;
    for (const block of blocks) {
      if (block.thread > 0) any = true;
      block.thread = 0;
    }
    if (any) this.unchain();
  }

  unchain(): void {
    this.#core.i32.fill(0, layout.chain >> 2, (layout.chain + CHAIN_BYTES) >> 2);
  }

  #make(block: Block): void {
    if (block.secondPage !== -1 || block.heat < -0x1000_0000) {
      block.thread = -1;
      return;
    }
    const { ops, length } = block;
    if (this.#end + length + 2 > RECORDS_MAX) this.#dropAll();
    const header = this.#end;
    const m = this.#core.i32;
    let at = this.#base + header * 8;
    m[at] = HEADER_NUMBER;
    m[at + 1] = length;
    m[at + 2] = BUDGET;
    this.#headers[header] = header;
    this.#blocks[header] = block;
    for (let n = 0; n < length; n++) {
      at += 8;
      this.#headers[header + 1 + n] = header;
      const i = ops[n];
      const number = numberFor(i);
      m[at] = number;
      if (number === OUT_NUMBER) continue;
      m[at + 1] = operand(i.kind0, i.index0);
      m[at + 2] = i.end !== 0 ? i.end : operand(i.kind1, i.index1);
      m[at + 3] = i.base * 4;
      m[at + 4] = i.index * 4;
      m[at + 5] = i.scale;
      m[at + 6] = i.displacement;
      m[at + 7] = i.segment * 4;
      if (i.kind2 === Kind.IMMEDIATE) {
        if (i.kind1 === Kind.REG32) m[at + 6] = i.index2;
        else m[at + 2] = i.index2;
      }
    }
    let end = header + 1 + length;
    if (!block.setsEip) {
      at += 8;
      m[at] = ONWARD_NUMBER;
      m[at + 2] = block.bytes;
      this.#headers[end] = header;
      end++;
    }
    block.thread = m[this.#base + header * 8 + 8] === OUT_NUMBER ? -1 : header;
    if (block.thread > 0) this.#end = end;
  }

  #dropAll(): void {
    for (const block of this.#blocks) if (block !== undefined) block.thread = 0;
    this.#blocks.length = 0;
    this.#end = 1;
    this.unchain();
  }
}

const numbers = new WeakMap<object, number>();

function numberFor(i: Instruction): number {
  let number = numbers.get(i.form);
  if (number === undefined) {
    const name = formOf(i);
    number = (name === undefined ? undefined : handlerNumber(name)) ?? OUT_NUMBER;
    numbers.set(i.form, number);
  }
  return number;
}

function operand(kind: number, index: number): number {
  if (kind === Kind.REG32) return index * 4;
  if (kind === Kind.REG16) return index * 2;
  return index;
}

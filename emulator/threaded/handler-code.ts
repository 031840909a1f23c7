/**
 * What handlers are written with: fields of their record, operands, flags, and the ways on and out.
 *
 * A handler is a function of its record (local 0) that gives a record back: the one that TypeScript is to go on with, or 0
 * to look at EIP. It gives its own back before it has changed anything.
 */
import { CARRIES, EIP, ESP, RESULT } from '../cpu/registers.ts';
import { layout } from '../memory/layout.ts';
import { Code, Op } from '../translator/code.ts';
import { ACCESS_SIZE_SHIFT, ACCESS_USER, ACCESS_WRITES } from '../translator/tlb-fill.ts';
import type { FunctionBody } from '../translator/wasm-module.ts';
import { CHAIN_ADDEND, CHAIN_ENTRIES, CHAIN_ENTRY_SHIFT, CHAIN_RECORD } from './chain.ts';
import { Field, READ_TABLE_SLOT, RECORD_BYTES, WRITE_TABLE_SLOT } from './records.ts';

/** Type of every handler: one parameter, one result. */
export const TYPE_HANDLER = 0;
export const TYPE_THREE = 1;
export const TYPE_TWO = 2;
/** Indices of helpers that regions have too: tlbWalk, loadSegment, tlbInvalidate, tlbReload. */
export const WALK_FUNCTION = 0;
export const SEGMENT_FUNCTION = 1;
export const INVALIDATE_FUNCTION = 2;
export const RELOAD_FUNCTION = 3;
/** And those of translator/x87/helpers.ts, in their order. */
export const X87_FUNCTION = 4;

// Locals.
const RECORD = 0;
/** Operands and result of arithmetic. */
export const A = 1;
export const B = 2;
export const R = 3;
/** Scratch; where a jump goes. */
export const T = 4;
/** The host's address of an operand in memory. */
export const HOST = 5;
/** Of 64 bits. */
export const WIDE = 6;
export const HANDLER_LOCALS: FunctionBody['locals'] = [
  { count: 5, wide: false },
  { count: 1, wide: true },
];

export type Emit = (c: HandlerCode) => void;

export class HandlerCode extends Code {
  /** Bytes from the handler's record to the one whose fields are meant. */
  #ahead = 0;

  /** Fields are those of the next record from here on. */
  advance(): this {
    this.#ahead += RECORD_BYTES;
    return this;
  }

  /** A field of the record. */
  field(offset: number): this {
    return this.get(RECORD).access(Op.LOAD, this.#ahead + offset);
  }

  /** The 32-bit register that a field names. */
  register(offset: number): this {
    return this.field(offset).access(Op.LOAD);
  }

  register8(offset: number): this {
    return this.field(offset).access(Op.LOAD8_U);
  }

  /** Stores R into the register that field A names. */
  storeResult(): this {
    return this.field(Field.A).get(R).access(Op.STORE);
  }

  slot(index: number): this {
    return this.i32(0).access(Op.LOAD, index * 4);
  }

  setSlot(index: number, value: () => void): this {
    this.i32(0);
    value();
    return this.access(Op.STORE, index * 4);
  }

  /** The result that ZF, SF and PF come from: R. */
  setResult(): this {
    return this.setSlot(RESULT, () => this.get(R));
  }

  setCarries(value: () => void): this {
    return this.setSlot(CARRIES, value);
  }

  /** EIP of what follows a block whose last instruction this is, and no jump. */
  behindEip(): this {
    return this.slot(EIP)
      .field(RECORD_BYTES + Field.B)
      .op(Op.ADD);
  }

  /** EIP of the next instruction of a block that ends here. */
  nextEip(): this {
    return this.slot(EIP).field(Field.B).op(Op.ADD);
  }

  // Memory.

  effectiveAddress(): this {
    this.register(Field.BASE).register(Field.INDEX).field(Field.SCALE).op(Op.SHL, Op.ADD);
    return this.field(Field.DISPLACEMENT).op(Op.ADD);
  }

  /**
   * HOST is where the memory operand is; clobbers T.
   * @param walks false: what the page tables say is not looked at here, since something else may come before the access
   */
  operand(bytes: number, write = false, walks = true): this {
    return this.effectiveAddress().#find(bytes, write, walks);
  }

  /** The same of the stack segment, at the offset on the stack. */
  stack(write: boolean, bytes = 4): this {
    return this.#find(bytes, write, true);
  }

  /** From a linear address on the stack: segments are flat. */
  #find(bytes: number, write: boolean, walks: boolean): this {
    this.set(HOST).#addend(write).tee(T).op(Op.EQZ);
    if (bytes > 1)
      this.get(HOST)
        .i32(0xfff)
        .op(Op.AND)
        .i32(0x1000 - bytes)
        .op(Op.GT_U, Op.OR);
    if (walks) this.if().#walk(bytes, write).outIf().#addend(write).set(T).end();
    else this.outIf();
    return this.get(HOST).get(T).op(Op.ADD).set(HOST);
  }

  /** The addend of the page of the linear address in HOST; 0: it is not in the fast table. */
  #addend(write: boolean): this {
    return this.get(HOST)
      .#pageEntry()
      .slot(write ? WRITE_TABLE_SLOT : READ_TABLE_SLOT)
      .op(Op.ADD)
      .access(Op.LOAD);
  }

  /** Pushes 0 if the page of HOST is in the fast table now, and the access within it. */
  #walk(bytes: number, write: boolean): this {
    const access = (write ? ACCESS_WRITES : 0) | (bytes << ACCESS_SIZE_SHIFT);
    this.get(HOST).slot(READ_TABLE_SLOT).i32(layout.readUser).op(Op.EQ);
    this.i32(31 - Math.clz32(ACCESS_USER))
      .op(Op.SHL)
      .i32(access)
      .op(Op.OR);
    return this.slot(EIP).call(WALK_FUNCTION).op(Op.EQZ);
  }

  /** Where a table has the page of the address on the stack. */
  #pageEntry(): this {
    return this.i32(12).op(Op.SHR_U).i32(2).op(Op.SHL);
  }

  /** Pushes a dword; `value` uses neither T nor HOST. */
  push(value: () => void): this {
    this.slot(ESP).i32(4).op(Op.SUB).stack(true).get(HOST);
    value();
    return this.access(Op.STORE).moveStack(-4);
  }

  moveStack(bytes: number): this {
    return this.setSlot(ESP, () => this.slot(ESP).i32(bytes).op(Op.ADD));
  }

  // Ways on and out.

  outIf(): this {
    return this.if().get(RECORD).op(Op.RETURN).end();
  }

  /** On to the next record. */
  next(): this {
    this.get(RECORD).i32(RECORD_BYTES).op(Op.ADD);
    return this.field(RECORD_BYTES + Field.HANDLER).returnCallIndirect(TYPE_HANDLER);
  }

  /** To the block at the address in T, which becomes EIP, if it is in the chain and its page where it was. */
  jump(): this {
    this.setSlot(EIP, () => this.get(T));
    return this.#findNext().get(A).#goOn();
  }

  /**
   * The same for an address that is always as far away. Where that is in the same page, `link` remembers the header: blocks
   * of a page are dropped together, and are nowhere else.
   */
  jumpBy(link: number): this {
    // 0 in the same page.
    this.slot(EIP).get(T).op(Op.XOR).i32(12).op(Op.SHR_U).set(B);
    this.setSlot(EIP, () => this.get(T));
    this.field(link).tee(A).if().get(A).#goOn().end();
    this.#findNext();
    this.get(B)
      .op(Op.EQZ)
      .if()
      .get(RECORD)
      .get(A)
      .access(Op.STORE, this.#ahead + link)
      .end();
    return this.get(A).#goOn();
  }

  /** To the header on the stack, which A holds. */
  #goOn(): this {
    return this.get(A).access(Op.LOAD, Field.HANDLER).returnCallIndirect(TYPE_HANDLER);
  }

  /** A is the header of the block at the address in T. */
  #findNext(): this {
    this.get(T)
      .i32(CHAIN_ENTRIES - 1)
      .op(Op.AND)
      .i32(CHAIN_ENTRY_SHIFT)
      .op(Op.SHL)
      .tee(A);
    this.access(Op.LOAD, layout.chain).get(T).op(Op.NE);
    this.#lookIf();
    this.slot(READ_TABLE_SLOT).get(T).#pageEntry().op(Op.ADD).access(Op.LOAD);
    this.get(A)
      .access(Op.LOAD, layout.chain + CHAIN_ADDEND)
      .op(Op.NE);
    this.#lookIf();
    return this.get(A)
      .access(Op.LOAD, layout.chain + CHAIN_RECORD)
      .set(A);
  }

  #lookIf(): void {
    this.if().i32(0).op(Op.RETURN).end();
  }
}

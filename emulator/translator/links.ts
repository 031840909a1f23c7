/**
 * From one region to the next without the run loop: a cell for every known target, and a cache for the others.
 *
 *   links       one Int32 a target: index of its function in the table, 0 while there is none
 *   jumpCache   twice 4096 entries of 16 bytes, for CPL 3 and for the others: linear address, addend of its page,
 *               index of the function
 *
 * The privilege level, the segments and the page tables do not change while regions run, but a target on another page
 * may be mapped elsewhere than when it was translated: the addend in the read table is compared.
 *
 * Invariant: an index here is that of a function in the table.
 */
import type { Core } from '../cpu/core.ts';
import { layout } from '../memory/layout.ts';
import { Op, type Code } from './code.ts';
import { HOST } from './locals.ts';

const ENTRIES = 0x1000;
const ENTRY_BYTES = 16;
const CELLS = 0x1_0000;

const CACHE = layout.jumpCache / 4;
const CELLS_AT = layout.links / 4;

/** What identifies translated code: where it runs, at which privilege, and the addend of its page. */
export interface Place {
  readonly eip: number;
  readonly user: boolean;
  readonly addend: number;
  /** See `Region.unguarded`; a place of its own. */
  readonly unguarded: boolean;
}

export interface Link {
  /** Byte offset of the cell. */
  readonly offset: number;
  /** The read table's entry that must hold `value`; undefined where nothing can have changed. */
  readonly check: { readonly offset: number; readonly value: number } | undefined;
}

export interface Linker {
  /** undefined where it is not known how the target's page is mapped, or there is no cell left. */
  linkTo(eip: number, unguarded?: boolean): Link | undefined;
  /** Leaves the host address of the entry for the linear address in `target` in HOST. */
  pushCacheEntry(code: Code, target: number): void;
  pushCacheMiss(code: Code, target: number): void;
  pushMappingDiffers(code: Code, target: number, readTable: number): void;
  pushCachedIndex(code: Code): void;
}

/**
 * Pushes the index that the cache has for the linear address in `target`, 0 if none, without code of its own for each level.
 * @param bits the bit of local `mode` that is set at CPL 3; @param entry a local to use
 */
export function pushCacheHit(code: Code, target: number, mode: number, bits: number, entry: number): void {
  const user = (): Code => code.get(mode).i32(bits).op(Op.AND, Op.EQZ, Op.EQZ);
  code.get(target).get(target).i32(12).op(Op.SHR_U, Op.XOR);
  code.i32(ENTRIES - 1).op(Op.AND);
  user().i32(Math.log2(ENTRIES)).op(Op.SHL, Op.OR).i32(Math.log2(ENTRY_BYTES)).op(Op.SHL).tee(entry);
  code.access(Op.LOAD, layout.jumpCache + 8).i32(0);
  code.get(entry).access(Op.LOAD, layout.jumpCache).get(target).op(Op.EQ);
  code.get(target).i32(12).op(Op.SHR_U);
  user().i32(20).op(Op.SHL, Op.OR).i32(2).op(Op.SHL).access(Op.LOAD, layout.readSupervisor);
  code
    .get(entry)
    .access(Op.LOAD, layout.jumpCache + 4)
    .op(Op.EQ, Op.AND, Op.SELECT);
}

function keyOf({ eip, user, addend, unguarded }: Place): string {
  return `${eip}:${addend}:${user ? 'user' : 'supervisor'}${unguarded ? ' unguarded' : ''}`;
}

function slotOf(eip: number): number {
  return (eip ^ (eip >>> 12)) & (ENTRIES - 1);
}

export class Links {
  readonly #core: Core;
  readonly #cells = new Map<string, number>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** Whether more code should not be translated before everything is dropped. */
  get full(): boolean {
    return this.#cells.size > CELLS - 0x1000;
  }

  /** For a region that is being translated at `place`. */
  linkerFor(place: Place): Linker {
    const core = this.#core;
    const { user } = place;
    const readTable = user ? layout.readUser : layout.readSupervisor;
    const cache = layout.jumpCache + (user ? ENTRIES * ENTRY_BYTES : 0);
    return {
      linkTo: (eip, unguarded = false) => {
        const samePage = ((eip ^ place.eip) & ~0xfff) === 0;
        const offset = readTable + (eip >>> 12) * 4;
        const addend = samePage ? place.addend : core.i32[offset / 4];
        if (addend === 0) return undefined;
        const cell = this.#cellOf({ eip, user, addend, unguarded });
        if (cell === undefined) return undefined;
        return { offset: (CELLS_AT + cell) * 4, check: samePage ? undefined : { offset, value: addend } };
      },
      pushCacheEntry: (code, target) => {
        code.get(target).get(target).i32(12).op(Op.SHR_U, Op.XOR);
        code
          .i32(ENTRIES - 1)
          .op(Op.AND)
          .i32(4)
          .op(Op.SHL)
          .set(HOST);
      },
      pushCacheMiss: (code, target) => {
        code.get(HOST).access(Op.LOAD, cache).get(target).op(Op.NE);
      },
      pushMappingDiffers: (code, target) => {
        code.get(target).i32(12).op(Op.SHR_U).i32(2).op(Op.SHL).access(Op.LOAD, readTable);
        code
          .get(HOST)
          .access(Op.LOAD, cache + 4)
          .op(Op.NE);
      },
      pushCachedIndex: (code) => {
        code.get(HOST).access(Op.LOAD, cache + 8);
      },
    };
  }

  /** Code for `place` is function `index` of the table now; 0: nothing is. */
  link(place: Place, index: number): void {
    const cell = index === 0 ? this.#cells.get(keyOf(place)) : this.#cellOf(place);
    if (cell !== undefined) this.#core.i32[CELLS_AT + cell] = index;
    if (index === 0 && !place.unguarded) this.#forget(place);
  }

  /** Makes indirect jumps find `place`. */
  remember({ eip, user, addend }: Place, index: number): void {
    const m = this.#core.i32;
    const entry = entryOf(eip, user);
    m[entry] = eip;
    m[entry + 1] = addend;
    m[entry + 2] = index;
  }

  /** Forgets everything, targets without code included. */
  clear(): void {
    const m = this.#core.i32;
    this.#cells.clear();
    m.fill(0, CELLS_AT, CELLS_AT + CELLS);
    // Key 0 belongs to slot 0 alone; slot 0 itself is given a key of another slot.
    m.fill(0, CACHE, CACHE + 2 * ENTRIES * (ENTRY_BYTES / 4));
    m[entryOf(0, false)] = 1;
    m[entryOf(0, true)] = 1;
  }

  #forget({ eip, user }: Place): void {
    const m = this.#core.i32;
    const entry = entryOf(eip, user);
    // A key that belongs to another slot is never asked for here.
    if (m[entry] === eip) m[entry] = slotOf(eip) ^ 1;
  }

  #cellOf(place: Place): number | undefined {
    const key = keyOf(place);
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      if (this.#cells.size >= CELLS) return undefined;
      cell = this.#cells.size;
      this.#cells.set(key, cell);
    }
    return cell;
  }
}

function entryOf(eip: number, user: boolean): number {
  return CACHE + ((user ? ENTRIES : 0) + slotOf(eip)) * (ENTRY_BYTES / 4);
}

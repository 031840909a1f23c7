/**
 * Loads of ES, DS, FS and GS without the interpreter: the helper that regions call for a selector of a flat, writable data
 * segment whose descriptor is at hand. The counterpart of `quickLoadData` (cpu/quick-transfers.ts).
 * Intel SDM Vol. 3A, "Segment Descriptors"; Vol. 2, MOV and POP.
 *
 * Invariant: it does all of it and returns 1, or nothing and returns 0. DS and ES stay flat, as regions take them to be.
 */
import {
  ATTRIBUTES,
  BASE,
  CPL,
  CR0,
  Cr0,
  GDTR_BASE,
  GDTR_LIMIT,
  LIMIT,
  READ_END,
  SELECTOR,
  WRITE_END,
} from '../cpu/registers.ts';
import { layout } from '../memory/layout.ts';
import { Op, type Code } from './code.ts';
import { END_4G } from './flat.ts';

// Parameters and locals.
/** Byte offset of the segment's slot from that of ES. */
const SLOT = 0;
const SELECTOR_LOCAL = 1;
const ADDRESS = 2;
const HIGH = 3;

export const SEGMENT_LOAD_PARAMETERS = 2;
export const SEGMENT_LOAD_LOCALS = 2;

/** Low dword: limit FFFF, base 0. */
const FLAT_LOW = 0xffff;
/** High dword: base and limit, G, P, S, type; that is data, upwards, writable, accessed. D/B, L, AVL, DPL are open. */
const FLAT_HIGH_BITS = 0xff8f_9fff | 0;
const FLAT_HIGH = 0x008f_9300;

export function segmentLoadHelper(code: Code): void {
  const register = (slot: number): Code => code.i32(0).access(Op.LOAD, slot * 4);
  const unless = (): Code => code.if().i32(0).op(Op.RETURN).end();

  register(CR0).i32(Cr0.PE).op(Op.AND, Op.EQZ);
  unless();
  // Null, in the LDT, or beyond the limit.
  code.get(SELECTOR_LOCAL).i32(0xfffc).op(Op.AND, Op.EQZ).get(SELECTOR_LOCAL).i32(4).op(Op.AND, Op.OR);
  code.get(SELECTOR_LOCAL).i32(7).op(Op.OR);
  register(GDTR_LIMIT).op(Op.GT_S, Op.OR);
  unless();

  register(GDTR_BASE).get(SELECTOR_LOCAL).i32(0xfff8).op(Op.AND, Op.ADD).tee(ADDRESS);
  code.i32(12).op(Op.SHR_U).i32(2).op(Op.SHL).access(Op.LOAD, layout.readSupervisor).tee(HIGH).op(Op.EQZ);
  code.get(ADDRESS).i32(3).op(Op.AND, Op.OR);
  code.get(ADDRESS).i32(0xfff).op(Op.AND).i32(0xff8).op(Op.GT_U, Op.OR);
  unless();
  code.get(ADDRESS).get(HIGH).op(Op.ADD).tee(ADDRESS);
  code.access(Op.LOAD, 4).tee(HIGH).i32(FLAT_HIGH_BITS).op(Op.AND).i32(FLAT_HIGH).op(Op.NE);
  code.get(ADDRESS).access(Op.LOAD).i32(FLAT_LOW).op(Op.NE, Op.OR);
  unless();

  // ADDRESS is the DPL from here on: neither RPL nor CPL may be above it.
  code.get(SELECTOR_LOCAL).i32(3).op(Op.AND);
  code.get(HIGH).i32(13).op(Op.SHR_U).i32(3).op(Op.AND).tee(ADDRESS).op(Op.GT_U);
  register(CPL).get(ADDRESS).op(Op.GT_U, Op.OR);
  unless();

  const set = (slot: number): Code => code.access(Op.STORE, slot * 4);
  code.get(SLOT).get(SELECTOR_LOCAL);
  set(SELECTOR);
  code.get(SLOT).get(HIGH).i32(8).op(Op.SHR_U).i32(0xf0ff).op(Op.AND);
  set(ATTRIBUTES);
  for (const [slot, value] of [
    [BASE, 0],
    [LIMIT, -1],
    [READ_END, END_4G],
    [WRITE_END, END_4G],
  ] as const) {
    code.get(SLOT).i32(value);
    set(slot);
  }
  code.i32(1);
}

/**
 * What makes the TLB forget, without leaving WebAssembly: INVLPG and loads of CR3 at CPL 0, the counterparts of
 * `invalidatePage` and `flushTlb` (cpu/paging.ts), and of `loadCr3` (cpu/control-registers.ts). Large pages, PAE and what a
 * debugger wants to be told of are declined.
 * Intel SDM Vol. 3A, "Operations that Invalidate TLBs and Paging-Structure Caches".
 *
 * Invariant: translated code goes on in its page only where the page is, in the TLB, what it was.
 */
import { CPL, CR0, CR3, CR4, Cr4, EVENT_STOPS, LARGE_ENTRIES, TLB_CHANGED, TLB_ENTRIES } from '../cpu/registers.ts';
import { layout } from '../memory/layout.ts';
import { Op, type Code } from './code.ts';
import { ACCESS_SIZE_SHIFT } from './tlb-fill.ts';

export const TLB_RELOAD_LOCALS = 6;

/** What `tlbReload` returns. */
export const RELOAD = { DECLINED: 0, GO_ON: 1, LEAVE: 2 } as const;

const TABLES = [layout.tlb, layout.readSupervisor, layout.readUser, layout.writeSupervisor, layout.writeUser] as const;

function slot(code: Code, index: number): Code {
  return code.i32(0).access(Op.LOAD, index * 4);
}

/** @param page a local: the byte offset of the page in each table */
function forget(code: Code, page: number): void {
  for (const table of TABLES) code.get(page).i32(0).access(Op.STORE, table);
}

function noteChange(code: Code): void {
  code
    .i32(0)
    .i32(1)
    .access(Op.STORE, TLB_CHANGED * 4);
}

/** Body of tlbInvalidate(linear, next): 1, or 0 and nothing is done. `next` is the address of the next instruction. */
export function tlbInvalidateHelper(code: Code): void {
  const LINEAR = 0;
  const NEXT = 1;
  slot(code, CPL);
  slot(code, LARGE_ENTRIES).op(Op.OR);
  code.get(LINEAR).get(NEXT).op(Op.XOR).i32(12).op(Op.SHR_U, Op.EQZ, Op.OR);
  code.if().i32(0).op(Op.RETURN).end();
  code.get(LINEAR).i32(12).op(Op.SHR_U).i32(2).op(Op.SHL).set(LINEAR);
  forget(code, LINEAR);
  noteChange(code);
  code.i32(1);
}

/**
 * Body of tlbReload(value, next, left): loads CR3, and fetches the next instruction's page if there are instructions left.
 * @param walk index of tlbWalk
 */
export function tlbReloadHelper(code: Code, walk: number): void {
  const VALUE = 0;
  const NEXT = 1;
  const LEFT = 2;
  const NEXT_PAGE = 3;
  const ADDEND = 4;
  const END = 5;
  const AT = 6;
  const KEPT = 7;
  const PAGE = 8;

  code.get(NEXT).i32(12).op(Op.SHR_U).i32(2).op(Op.SHL).tee(NEXT_PAGE);
  code.access(Op.LOAD, layout.readSupervisor).tee(ADDEND).op(Op.EQZ);
  slot(code, CPL).op(Op.OR);
  slot(code, EVENT_STOPS).op(Op.OR);
  slot(code, CR0).i32(0).op(Op.GE_S, Op.OR);
  slot(code, CR4).i32(Cr4.PAE).op(Op.AND, Op.OR);
  code.if().i32(RELOAD.DECLINED).op(Op.RETURN).end();

  code
    .i32(0)
    .get(VALUE)
    .access(Op.STORE, CR3 * 4);
  noteChange(code);
  // VALUE: bits of an entry that keep it.
  slot(code, CR4).i32(Cr4.PGE).op(Op.AND).i32(1).op(Op.SHL).set(VALUE);
  // Byte offsets into the list.
  slot(code, TLB_ENTRIES).i32(2).op(Op.SHL).set(END);
  code.block().loop();
  code.get(AT).get(END).op(Op.EQ).brIf(1);
  code.get(AT).access(Op.LOAD, layout.tlbList).i32(2).op(Op.SHL).set(PAGE);
  code.get(PAGE).access(Op.LOAD, layout.tlb).get(VALUE).op(Op.AND).if();
  code.get(KEPT).get(PAGE).i32(2).op(Op.SHR_U).access(Op.STORE, layout.tlbList);
  code.get(KEPT).i32(4).op(Op.ADD).set(KEPT);
  code.else();
  forget(code, PAGE);
  code.end();
  code.get(AT).i32(4).op(Op.ADD).set(AT);
  code.br(0).end().end();
  code
    .i32(0)
    .get(KEPT)
    .i32(2)
    .op(Op.SHR_U)
    .access(Op.STORE, TLB_ENTRIES * 4);
  code.get(KEPT).op(Op.EQZ).if();
  code
    .i32(0)
    .i32(0)
    .access(Op.STORE, LARGE_ENTRIES * 4);
  code.end();

  // Fetched is what is executed; a global page is there still.
  code.get(LEFT).i32(0).op(Op.LE_S);
  code.if().i32(RELOAD.LEAVE).op(Op.RETURN).end();
  code.get(NEXT_PAGE).access(Op.LOAD, layout.readSupervisor).op(Op.EQZ).if();
  code
    .get(NEXT)
    .i32(1 << ACCESS_SIZE_SHIFT)
    .get(NEXT)
    .call(walk)
    .op(Op.DROP)
    .end();
  code.i32(RELOAD.GO_ON).i32(RELOAD.LEAVE);
  code.get(NEXT_PAGE).access(Op.LOAD, layout.readSupervisor).get(ADDEND).op(Op.EQ, Op.SELECT);
}

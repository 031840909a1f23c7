/**
 * TLB misses of translated code without leaving WebAssembly: the page walk, for 32-bit paging over tables in plain RAM.
 * The counterpart of `fill` (cpu/paging.ts) and `walk32` (cpu/page-walk.ts). Page faults, PAE, devices, probes, a full list
 * and writes to pages with decoded code are declined.
 * Intel SDM Vol. 3A, "32-Bit Paging", "Accessed and Dirty Flags".
 *
 * Invariant: it does all that the access would do before it touches memory, and returns 1, or nothing and returns 0. So it
 * is for an instruction that then is executed, and whose first effect the access is.
 */
import { Pte } from '../cpu/paging.ts';
import {
  A20_MASKED,
  CR0,
  CR3,
  CR4,
  Cr0,
  Cr4,
  LARGE_ENTRIES,
  MISSED_AT,
  TLB_CHANGED,
  TLB_ENTRIES,
} from '../cpu/registers.ts';
import { PageFlag, TLB_LIST_ENTRIES, layout } from '../memory/layout.ts';
import { Op, type Code } from './code.ts';
import { pushCacheHit } from './links.ts';

/** The parameter `access`: these, and the bytes accessed from bit 8 on. */
export const ACCESS_WRITES = 2;
export const ACCESS_USER = 4;
export const ACCESS_SIZE_SHIFT = 8;

export const TLB_WALK_LOCALS = 8;
export const TLB_FILL_LOCALS = 1;

// Parameters and locals of `tlbWalk`.
const LINEAR = 0;
const ACCESS = 1;
const EIP = 2;
/** Byte offset of the linear page in each of the tables. */
const PAGE = 3;
const OLD = 4;
const PDE_AT = 5;
const PDE = 6;
const PTE_AT = 7;
const PTE = 8;
/** Those of all levels; the entry in the end. */
const RIGHTS = 9;
/** Of the physical page. */
const FLAGS = 10;

/** Of a 4-MByte PDE: reserved, or address bits 35:32. */
const LARGE_DECLINED = 0x3f_e000;

const TABLES = [layout.readSupervisor, layout.readUser, layout.writeSupervisor, layout.writeUser] as const;

function slot(code: Code, index: number): Code {
  return code.i32(0).access(Op.LOAD, index * 4);
}

function setSlot(code: Code, index: number, value: number): void {
  code
    .i32(0)
    .i32(value)
    .access(Op.STORE, index * 4);
}

/** Returns 0 if the top of the stack is not 0. */
function declineIf(code: Code): void {
  code.if().i32(0).op(Op.RETURN).end();
}

/** Pushes whether not all of `bits` of a local are set. */
function pushLacks(code: Code, local: number, bits: number): void {
  code.get(local).i32(bits).op(Op.AND, Op.EQZ);
}

/** Pushes whether rights do not allow the access; `permits` of cpu/page-walk.ts. */
function pushForbids(code: Code, rights: number): void {
  const user = (): Code => code.get(ACCESS).i32(2).op(Op.SHR_U).i32(1).op(Op.AND);
  user();
  pushLacks(code, rights, Pte.U);
  code.op(Op.AND);
  // A write without W is allowed to a supervisor without WP alone.
  code.get(ACCESS).i32(ACCESS_WRITES).op(Op.AND);
  code.get(rights).i32(-1).op(Op.XOR, Op.AND);
  user();
  slot(code, CR0).i32(Cr0.WP).op(Op.AND, Op.OR, Op.EQZ, Op.EQZ).i32(1).op(Op.SHL, Op.AND, Op.OR);
}

/** Sets FLAGS to those of the physical page at the address on the stack. */
function readFlags(code: Code): void {
  code.i32(12).op(Op.SHR_U).access(Op.LOAD8_U, layout.pageFlags).set(FLAGS);
}

/** Reads the entry at the physical address on the stack, which is to be present, in RAM without any page flags. */
function readEntry(code: Code, at: number, entry: number): void {
  code.tee(at);
  readFlags(code);
  code.get(FLAGS);
  declineIf(code);
  code.get(at).access(Op.LOAD, layout.ram).set(entry);
  pushLacks(code, entry, Pte.P);
  declineIf(code);
}

/** Sets A in an entry, and D if the access writes. */
function mark(code: Code, at: number, entry: number, dirties: boolean): void {
  code.get(at).get(entry).i32(Pte.A).op(Op.OR);
  // The write flag, five bits to the left.
  if (dirties) code.get(ACCESS).i32(ACCESS_WRITES).op(Op.AND).i32(5).op(Op.SHL, Op.OR);
  code.access(Op.STORE, layout.ram);
}

/** Declines what could not be in the fast tables afterwards. FLAGS are the physical page's. */
function declineUnlessPlain(code: Code): void {
  code
    .get(FLAGS)
    .i32(PageFlag.WINDOW | PageFlag.PROBED)
    .op(Op.AND);
  code.get(ACCESS).i32(ACCESS_WRITES).op(Op.AND, Op.EQZ, Op.EQZ);
  code.get(FLAGS).i32(PageFlag.CODE).op(Op.AND, Op.AND, Op.OR);
  declineIf(code);
}

/** Body of tlbWalk(linear, access, eip): whether the page is in the fast table for the access now. */
export function tlbWalkHelper(code: Code): void {
  // Paging on, by bit 31; no PAE.
  slot(code, CR0).i32(0).op(Op.GE_S);
  slot(code, CR4).i32(Cr4.PAE).op(Op.AND, Op.OR);
  slot(code, A20_MASKED).op(Op.OR);
  code.get(LINEAR).i32(12).op(Op.SHR_U).access(Op.LOAD8_U, layout.linearFlags);
  code.i32(PageFlag.PROBED).op(Op.AND, Op.OR);
  // In one page.
  code.get(LINEAR).i32(0xfff).op(Op.AND);
  code.get(ACCESS).i32(ACCESS_SIZE_SHIFT).op(Op.SHR_U, Op.ADD).i32(0x1000).op(Op.GT_U, Op.OR);
  declineIf(code);

  code.get(LINEAR).i32(12).op(Op.SHR_U).i32(2).op(Op.SHL).tee(PAGE);
  code.access(Op.LOAD, layout.tlb).tee(OLD).if();
  // Where the old entry would do, it is another check that has failed, or the page is kept out of the fast tables.
  pushForbids(code, OLD);
  code.get(ACCESS).i32(ACCESS_WRITES).op(Op.AND).i32(5).op(Op.SHL);
  code.get(OLD).i32(-1).op(Op.XOR).i32(Pte.D).op(Op.AND, Op.AND, Op.OR, Op.EQZ);
  // The code that runs is to be found anew where its page's entry is replaced.
  code.get(LINEAR).get(EIP).op(Op.XOR).i32(12).op(Op.SHR_U, Op.EQZ, Op.OR);
  declineIf(code);
  code.else();
  slot(code, TLB_ENTRIES).i32(TLB_LIST_ENTRIES).op(Op.EQ);
  declineIf(code);
  code.end();

  slot(code, CR3).i32(~0xfff).op(Op.AND);
  code.get(LINEAR).i32(20).op(Op.SHR_U).i32(0xffc).op(Op.AND, Op.OR);
  readEntry(code, PDE_AT, PDE);
  code.get(PDE).i32(Pte.PS).op(Op.AND);
  slot(code, CR4).i32(Cr4.PSE).op(Op.AND, Op.EQZ, Op.EQZ).i32(7).op(Op.SHL, Op.AND).if();
  walkLarge(code);
  code.else();
  walkSmall(code);
  code.end();
  fillEntry(code);
  code.i32(1);
}

function walkLarge(code: Code): void {
  code.get(PDE).i32(LARGE_DECLINED).op(Op.AND);
  pushForbids(code, PDE);
  code.op(Op.OR);
  declineIf(code);
  code
    .get(PDE)
    .i32(0xffc0_0000 | 0)
    .op(Op.AND);
  code.get(LINEAR).i32(0x3f_f000).op(Op.AND, Op.OR).tee(PTE);
  readFlags(code);
  declineUnlessPlain(code);
  mark(code, PDE_AT, PDE, true);
  code.get(PDE).set(RIGHTS);
  code.get(PTE).i32(Pte.PS).op(Op.OR).set(PTE);
  setSlot(code, LARGE_ENTRIES, 1);
}

function walkSmall(code: Code): void {
  code.get(PDE).i32(~0xfff).op(Op.AND);
  code.get(LINEAR).i32(10).op(Op.SHR_U).i32(0xffc).op(Op.AND, Op.OR);
  readEntry(code, PTE_AT, PTE);
  code
    .get(PTE)
    .get(PDE)
    .i32(~(Pte.W | Pte.U))
    .op(Op.OR, Op.AND)
    .set(RIGHTS);
  pushForbids(code, RIGHTS);
  declineIf(code);
  code.get(PTE);
  readFlags(code);
  declineUnlessPlain(code);
  mark(code, PDE_AT, PDE, false);
  mark(code, PTE_AT, PTE, true);
  code.get(PTE).i32(~0xfff).op(Op.AND).set(PTE);
}

/** From the physical page, with PS, in PTE, and RIGHTS: the TLB's entry, and the fast tables. */
function fillEntry(code: Code): void {
  code.get(OLD).if();
  for (const table of TABLES) code.get(PAGE).i32(0).access(Op.STORE, table);
  setSlot(code, TLB_CHANGED, 1);
  code.else();
  slot(code, TLB_ENTRIES).i32(2).op(Op.SHL);
  code.get(PAGE).i32(2).op(Op.SHR_U).access(Op.STORE, layout.tlbList);
  code.i32(0);
  slot(code, TLB_ENTRIES)
    .i32(1)
    .op(Op.ADD)
    .access(Op.STORE, TLB_ENTRIES * 4);
  code.end();

  code.get(PAGE).get(RIGHTS);
  code.i32(Pte.P | Pte.W | Pte.U | Pte.D);
  slot(code, CR4).i32(Cr4.PGE).op(Op.AND).i32(1).op(Op.SHL, Op.OR, Op.AND);
  code.get(ACCESS).i32(ACCESS_WRITES).op(Op.AND).i32(5).op(Op.SHL, Op.OR);
  code.get(PTE).op(Op.OR).tee(RIGHTS).access(Op.STORE, layout.tlb);

  // The addend, in PTE.
  code.get(PTE).i32(~0xfff).op(Op.AND).get(PAGE).i32(10).op(Op.SHL, Op.SUB).i32(layout.ram).op(Op.ADD).set(PTE);
  const set = (table: number): void => {
    code.get(PAGE).get(PTE).access(Op.STORE, table);
  };
  set(layout.readSupervisor);
  code.get(RIGHTS).i32(Pte.U).op(Op.AND).if();
  set(layout.readUser);
  code.end();
  code.get(FLAGS).op(Op.EQZ).get(RIGHTS).i32(Pte.D).op(Op.AND).i32(6).op(Op.SHR_U, Op.AND).if();
  pushLacks(code, RIGHTS, Pte.W);
  slot(code, CR0).i32(Cr0.WP).op(Op.AND, Op.EQZ, Op.EQZ, Op.AND, Op.EQZ).if();
  set(layout.writeSupervisor);
  code.end();
  code
    .get(RIGHTS)
    .i32(Pte.W | Pte.U)
    .op(Op.AND)
    .i32(Pte.W | Pte.U)
    .op(Op.EQ)
    .if();
  set(layout.writeUser);
  code.end();
  code.end();
}

/**
 * Body of tlbFill(linear, access, eip, cell): the index of the function that goes on at `eip`, the instruction whose access
 * did not find its page, in one of its fast tables; 0: there is none. Where nothing was to be filled, it is what `cell` holds.
 * @param walk index of tlbWalk
 */
export function tlbFillHelper(code: Code, walk: number): void {
  const CELL = 3;
  const ENTRY = 4;
  code
    .i32(0)
    .get(EIP)
    .access(Op.STORE, MISSED_AT * 4);
  code.get(LINEAR).get(ACCESS).get(EIP).call(walk).op(Op.EQZ);
  code.if().get(CELL).access(Op.LOAD).op(Op.RETURN).end();
  pushCacheHit(code, EIP, ACCESS, ACCESS_USER, ENTRY);
}

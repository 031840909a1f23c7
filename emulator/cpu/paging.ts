/**
 * Linear to physical: the TLB and the fast tables; page-walk.ts fills it.
 * Intel SDM Vol. 3A, "Caching Translation Information".
 *
 * Invariant: `tlb` alone is architectural: what it holds depends on nothing but the instructions executed, and it is
 * saved with the machine. The four addend tables are derived from it and from the page flags, and may be emptied at
 * any time without being noticed.
 */
import { PageFlag, TLB_LIST_ENTRIES, layout } from '../memory/layout.ts';
import type { Core } from './core.ts';
import { raisePageFault } from './exception.ts';
import { permits, walk } from './page-walk.ts';
import { CR0, CR4, Cr0, Cr4, LARGE_ENTRIES, TLB_ENTRIES } from './registers.ts';

/** Bits of a PDE, a PTE and (combined over both) of a TLB entry. */
export const Pte = { P: 1, W: 2, U: 4, A: 0x20, D: 0x40, PS: 0x80, G: 0x100 } as const;

const TLB = layout.tlb / 4;
const TLB_LIST = layout.tlbList / 4;
const READ_SUPERVISOR = layout.readSupervisor / 4;
const READ_USER = layout.readUser / 4;
const WRITE_SUPERVISOR = layout.writeSupervisor / 4;
const WRITE_USER = layout.writeUser / 4;

/**
 * Translates one linear address and fills the TLB; sets A and D bits.
 * @param user whether the access counts as one from CPL 3
 * @returns physical address as an int32
 * @throws CpuException #PF and nothing else
 */
export function translate(core: Core, linear: number, write: boolean, user: boolean): number {
  const entry = fill(core, linear, write, user);
  if (entry === 0) raisePageFault(core.pageFaultCode, core.pageFaultAddress);
  return (entry & core.a20Mask & ~0xfff) | (linear & 0xfff);
}

/** The same without an exception. @returns the TLB entry; 0: the page fault in `core.pageFault…` is to be raised */
export function fill(core: Core, linear: number, write: boolean, user: boolean): number {
  const m = core.i32;
  const page = linear >>> 12;
  let entry = m[TLB + page];
  if (entry === 0 || !permits(core, entry, write, user) || (write && (entry & Pte.D) === 0)) {
    const walked = walk(core, linear, write, user);
    if (walked === 0) return 0;
    if (entry === 0) rememberPage(core, page);
    else replace(core, page);
    entry = walked;
    m[TLB + page] = entry;
    if ((entry & Pte.PS) !== 0) m[LARGE_ENTRIES] = 1;
  }
  fillTables(core, page, entry);
  return entry;
}

/** Makes the fast paths take `page` where its entry and the flags of its physical page allow. */
function fillTables(core: Core, page: number, entry: number): void {
  const m = core.i32;
  const physical = entry & core.a20Mask & ~0xfff;
  const flags = core.memory.pageFlags[physical >>> 12] | (core.u8[layout.linearFlags + page] & PageFlag.PROBED);
  if ((flags & (PageFlag.WINDOW | PageFlag.PROBED)) !== 0) return;
  const addend = (layout.ram + physical - (page << 12)) | 0;
  const userPage = (entry & Pte.U) !== 0;
  m[READ_SUPERVISOR + page] = addend;
  if (userPage) m[READ_USER + page] = addend;
  if (flags !== 0 || (entry & Pte.D) === 0) return;
  const writable = (entry & Pte.W) !== 0;
  if (writable || (m[CR0] & Cr0.WP) === 0) m[WRITE_SUPERVISOR + page] = addend;
  if (writable && userPage) m[WRITE_USER + page] = addend;
}

function rememberPage(core: Core, page: number): void {
  if (core.i32[TLB_ENTRIES] === TLB_LIST_ENTRIES) flushTlb(core, false);
  core.i32[TLB_LIST + core.i32[TLB_ENTRIES]++] = page;
}

/** The entry is about to be another: code that runs there is found anew, as it would be after any cut of the run. */
function replace(core: Core, page: number): void {
  forget(core, page);
  if (core.fetchLinearPage >>> 12 === page) refetch(core);
}

function refetch(core: Core): void {
  core.fetchLinearPage = -1;
  core.blockEnd = 0;
}

function forget(core: Core, page: number): void {
  core.i32[TLB + page] = 0;
  interceptLinear(core, page);
}

/** Drops all translations, or (a load of CR3 with CR4.PGE) all but the global ones. */
export function flushTlb(core: Core, keepGlobal: boolean): void {
  const m = core.i32;
  let kept = 0;
  for (let index = 0; index < m[TLB_ENTRIES]; index++) {
    const page = m[TLB_LIST + index];
    const entry = m[TLB + page];
    if (keepGlobal && (entry & Pte.G) !== 0) m[TLB_LIST + kept++] = page;
    else if (entry !== 0) forget(core, page);
  }
  m[TLB_ENTRIES] = kept;
  if (kept === 0) m[LARGE_ENTRIES] = 0;
  refetch(core);
}

/** INVLPG. A large page is held as 4-KByte entries, and loses them all, whichever address in it is named. */
export function invalidatePage(core: Core, linear: number): void {
  const m = core.i32;
  const page = linear >>> 12;
  forget(core, page);
  core.fetchLinearPage = -1;
  if (m[LARGE_ENTRIES] === 0) return;
  const pages = (m[CR4] & Cr4.PAE) !== 0 ? 0x200 : 0x400;
  const first = page - (page % pages);
  for (let other = first; other < first + pages; other++) {
    if ((m[TLB + other] & Pte.PS) !== 0) forget(core, other);
  }
}

/** Empties the fast tables and leaves the TLB: after the A20 mask has changed. */
export function dropFastTables(core: Core): void {
  for (let index = 0; index < core.i32[TLB_ENTRIES]; index++) interceptLinear(core, core.i32[TLB_LIST + index]);
  core.fetchLinearPage = -1;
}

/** Sends writes to a physical page through the slow path from now on. */
export function interceptWrites(core: Core, physicalPage: number): void {
  const m = core.i32;
  for (let index = 0; index < m[TLB_ENTRIES]; index++) {
    const page = m[TLB_LIST + index];
    if ((m[TLB + page] & core.a20Mask) >>> 12 === physicalPage) {
      m[WRITE_SUPERVISOR + page] = 0;
      m[WRITE_USER + page] = 0;
    }
  }
}

/** Sends all accesses to a physical page through the slow path from now on. */
export function interceptPhysical(core: Core, physicalPage: number): void {
  const m = core.i32;
  for (let index = 0; index < m[TLB_ENTRIES]; index++) {
    const page = m[TLB_LIST + index];
    if ((m[TLB + page] & core.a20Mask) >>> 12 === physicalPage) interceptLinear(core, page);
  }
}

/** Sends all accesses to a linear page through the slow path from now on. */
export function interceptLinear(core: Core, page: number): void {
  const m = core.i32;
  m[READ_SUPERVISOR + page] = 0;
  m[READ_USER + page] = 0;
  m[WRITE_SUPERVISOR + page] = 0;
  m[WRITE_USER + page] = 0;
}

/** The TLB as [linear page, entry] pairs in order of arrival, entries that were invalidated as 0. */
export function saveTlb(core: Core): number[] {
  const m = core.i32;
  const saved: number[] = [];
  for (let index = 0; index < m[TLB_ENTRIES]; index++) {
    const page = m[TLB_LIST + index];
    saved.push(page, m[TLB + page]);
  }
  return saved;
}

export function restoreTlb(core: Core, saved: readonly number[]): void {
  flushTlb(core, false);
  const m = core.i32;
  m[TLB_ENTRIES] = saved.length / 2;
  for (let index = 0; index < m[TLB_ENTRIES]; index++) {
    const page = saved[index * 2];
    m[TLB_LIST + index] = page;
    m[TLB + page] = saved[index * 2 + 1];
    if ((m[TLB + page] & Pte.PS) !== 0) m[LARGE_ENTRIES] = 1;
  }
}

/** Reads RAM or a window; never crosses a page. @returns 8 and 16 bits zero-extended, 32 bits as an int32 */
export function readPhysical(core: Core, physical: number, size: 1 | 2 | 4): number {
  if ((core.memory.pageFlags[physical >>> 12] & PageFlag.WINDOW) !== 0) {
    return core.bus.readMmio(physical >>> 0, size) | 0;
  }
  const host = layout.ram + physical;
  if (size === 4) return core.view.getInt32(host, true);
  return size === 2 ? core.view.getUint16(host, true) : core.u8[host];
}

/** Writes RAM or a window; never crosses a page. Drops decoded code that the bytes belong to. */
export function writePhysical(core: Core, physical: number, size: 1 | 2 | 4, value: number): void {
  const flags = core.memory.pageFlags[physical >>> 12];
  if (flags !== 0) {
    if ((flags & PageFlag.WINDOW) !== 0) {
      const masked = size === 4 ? value >>> 0 : value & (size === 2 ? 0xffff : 0xff);
      core.bus.writeMmio(physical >>> 0, size, masked);
      return;
    }
    core.blocks.written(physical, size);
  }
  const host = layout.ram + physical;
  if (size === 4) core.view.setInt32(host, value, true);
  else if (size === 2) core.view.setUint16(host, value, true);
  else core.u8[host] = value;
}

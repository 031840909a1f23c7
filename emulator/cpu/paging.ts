/**
 * Linear to physical: the page walk and the TLB.
 * Intel SDM Vol. 3A, "Paging" (32-bit paging with 4-MByte pages), "Accessed and Dirty Flags", "Page-Fault Exceptions",
 * "Caching Translation Information".
 *
 * Invariant: `tlb` alone is architectural: what it holds depends on nothing but the instructions executed, and it is
 * saved with the machine. The four addend tables are derived from it and from the page flags, and may be emptied at
 * any time without being noticed.
 */
import { PageFlag, TLB_LIST_ENTRIES, layout } from '../memory/layout.ts';
import type { Core } from './core.ts';
import { raisePageFault } from './exception.ts';
import { CR0, CR3, CR4, Cr0, Cr4 } from './registers.ts';

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
  const m = core.i32;
  const page = linear >>> 12;
  let entry = m[TLB + page];
  if (entry === 0 || !permits(core, entry, write, user) || (write && (entry & Pte.D) === 0)) {
    const walked = walk(core, linear, write, user);
    if (entry === 0) rememberPage(core, page);
    else replace(core, page);
    entry = walked;
    m[TLB + page] = entry;
  }
  fillTables(core, page, entry);
  return (entry & ~0xfff) | (linear & 0xfff);
}

function permits(core: Core, entry: number, write: boolean, user: boolean): boolean {
  if (user) return (entry & Pte.U) !== 0 && (!write || (entry & Pte.W) !== 0);
  return !write || (entry & Pte.W) !== 0 || (core.i32[CR0] & Cr0.WP) === 0;
}

/** @returns a TLB entry: physical page | P, W and U of both levels | D | G */
function walk(core: Core, linear: number, write: boolean, user: boolean): number {
  const m = core.i32;
  if ((m[CR0] & Cr0.PG) === 0) return (linear & ~0xfff) | Pte.P | Pte.W | Pte.U | Pte.D;

  const access = (write ? 2 : 0) | (user ? 4 : 0);
  const pdeAddress = (m[CR3] & ~0xfff) | ((linear >>> 20) & 0xffc);
  const pde = readPhysical(core, pdeAddress, 4);
  if ((pde & Pte.P) === 0) raisePageFault(access, linear >>> 0);

  const globalPages = (m[CR4] & Cr4.PGE) !== 0;
  if ((pde & Pte.PS) !== 0 && (m[CR4] & Cr4.PSE) !== 0) {
    // SDM Vol. 3A, "32-Bit Paging": without PSE-36, bits 21:13 of a 4-MByte PDE are reserved.
    if ((pde & 0x3f_e000) !== 0) raisePageFault(access | 9, linear >>> 0);
    if (!permits(core, pde, write, user)) raisePageFault(access | 1, linear >>> 0);
    setBits(core, pdeAddress, pde, Pte.A | (write ? Pte.D : 0));
    const flags = (pde & (Pte.P | Pte.W | Pte.U | Pte.D)) | (write ? Pte.D : 0) | (globalPages ? pde & Pte.G : 0);
    return (pde & 0xffc0_0000) | (linear & 0x3f_f000) | flags;
  }

  const pteAddress = (pde & ~0xfff) | ((linear >>> 10) & 0xffc);
  const pte = readPhysical(core, pteAddress, 4);
  if ((pte & Pte.P) === 0) raisePageFault(access, linear >>> 0);
  const both = pte & (pde | ~(Pte.W | Pte.U));
  if (!permits(core, both, write, user)) raisePageFault(access | 1, linear >>> 0);
  setBits(core, pdeAddress, pde, Pte.A);
  setBits(core, pteAddress, pte, Pte.A | (write ? Pte.D : 0));
  const flags = (both & (Pte.P | Pte.W | Pte.U | Pte.D)) | (write ? Pte.D : 0) | (globalPages ? pte & Pte.G : 0);
  return (pte & ~0xfff) | flags;
}

function setBits(core: Core, address: number, old: number, bits: number): void {
  if ((old & bits) !== bits) writePhysical(core, address, 4, old | bits);
}

/** Makes the fast paths take `page` where its entry and the flags of its physical page allow. */
function fillTables(core: Core, page: number, entry: number): void {
  const m = core.i32;
  let flags = core.memory.pageFlags[entry >>> 12];
  if (core.dataProbed) flags |= core.probes.data.flagsOf(page);
  if ((flags & (PageFlag.WINDOW | PageFlag.PROBED)) !== 0) return;
  const addend = (layout.ram + (entry & ~0xfff) - (page << 12)) | 0;
  const userPage = (entry & Pte.U) !== 0;
  m[READ_SUPERVISOR + page] = addend;
  if (userPage) m[READ_USER + page] = addend;
  if (flags !== 0 || (entry & Pte.D) === 0) return;
  const writable = (entry & Pte.W) !== 0;
  if (writable || (m[CR0] & Cr0.WP) === 0) m[WRITE_SUPERVISOR + page] = addend;
  if (writable && userPage) m[WRITE_USER + page] = addend;
}

function rememberPage(core: Core, page: number): void {
  if (core.tlbEntries === TLB_LIST_ENTRIES) flushTlb(core, false);
  core.i32[TLB_LIST + core.tlbEntries++] = page;
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
  for (let index = 0; index < core.tlbEntries; index++) {
    const page = m[TLB_LIST + index];
    const entry = m[TLB + page];
    if (keepGlobal && (entry & Pte.G) !== 0) m[TLB_LIST + kept++] = page;
    else if (entry !== 0) forget(core, page);
  }
  core.tlbEntries = kept;
  refetch(core);
}

/** INVLPG. A 4-MByte page is held as 4-KByte entries, and loses them all. */
export function invalidatePage(core: Core, linear: number): void {
  forget(core, linear >>> 12);
  core.fetchLinearPage = -1;
}

/** Sends writes to a physical page through the slow path from now on. */
export function interceptWrites(core: Core, physicalPage: number): void {
  const m = core.i32;
  for (let index = 0; index < core.tlbEntries; index++) {
    const page = m[TLB_LIST + index];
    if (m[TLB + page] >>> 12 === physicalPage) {
      m[WRITE_SUPERVISOR + page] = 0;
      m[WRITE_USER + page] = 0;
    }
  }
}

/** Sends all accesses to a physical page through the slow path from now on. */
export function interceptPhysical(core: Core, physicalPage: number): void {
  const m = core.i32;
  for (let index = 0; index < core.tlbEntries; index++) {
    const page = m[TLB_LIST + index];
    if (m[TLB + page] >>> 12 === physicalPage) interceptLinear(core, page);
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
  for (let index = 0; index < core.tlbEntries; index++) {
    const page = m[TLB_LIST + index];
    saved.push(page, m[TLB + page]);
  }
  return saved;
}

export function restoreTlb(core: Core, saved: readonly number[]): void {
  flushTlb(core, false);
  const m = core.i32;
  core.tlbEntries = saved.length / 2;
  for (let index = 0; index < core.tlbEntries; index++) {
    const page = saved[index * 2];
    m[TLB_LIST + index] = page;
    m[TLB + page] = saved[index * 2 + 1];
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

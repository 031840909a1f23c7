/**
 * The page walk: from CR3 through the tables to a TLB entry.
 * Intel SDM Vol. 3A, "32-Bit Paging" (with 4-MByte pages and PSE-36), "PAE Paging", "Page-Fault Exceptions",
 * "Accessed and Dirty Flags". Physical addresses have 36 bits; those beyond 4 GiB belong to nobody.
 *
 * Invariant: accessed and dirty bits are written only once nothing can fault any more.
 */
import type { Core } from './core.ts';
import { GP, raise } from './exception.ts';
import { Pte, readPhysical, writePhysical } from './paging.ts';
import { CR0, CR3, CR4, Cr0, Cr4, PDPTE } from './registers.ts';

/** A page without RAM or device, in the place of all pages beyond 4 GiB: reads are ones, writes are lost. */
const NOWHERE = 0xfeff_f000 | 0;
/** Reserved: what the 36 bits of an address leave of an entry's high half. Without NX, bit 63 is among them. */
const HIGH_RESERVED = ~0xf;
/** Of a 4-MByte PDE: bits 16:13 are address bits 35:32 (PSE-36), bits 21:17 are reserved. */
const PSE36_RESERVED = 0x3e_0000;
/** Of a PAE PDE for 2 MBytes, bits 20:13. */
const PAE_LARGE_RESERVED = 0x1f_e000;
/** Of a PAE page-directory-pointer-table entry, bits 8:5 and 2:1. */
const PDPTE_RESERVED = 0x1e6;

const RESERVED = 8;
const PRESENT = 1;

/** Whether rights (of an entry, or combined ones) allow an access. */
export function permits(core: Core, rights: number, write: boolean, user: boolean): boolean {
  if (user) return (rights & Pte.U) !== 0 && (!write || (rights & Pte.W) !== 0);
  return !write || (rights & Pte.W) !== 0 || (core.i32[CR0] & Cr0.WP) === 0;
}

/** @returns a TLB entry: physical page | P, W and U of all levels | D | G | PS for a part of a large page; 0 after `fault` */
export function walk(core: Core, linear: number, write: boolean, user: boolean): number {
  const m = core.i32;
  if ((m[CR0] & Cr0.PG) === 0) return (linear & ~0xfff) | Pte.P | Pte.W | Pte.U | Pte.D;
  return (m[CR4] & Cr4.PAE) !== 0 ? walkPae(core, linear, write, user) : walk32(core, linear, write, user);
}

/** Leaves a page fault for who has to raise it. */
function fault(core: Core, code: number, linear: number): 0 {
  core.pageFaultCode = code;
  core.pageFaultAddress = linear >>> 0;
  return 0;
}

function walk32(core: Core, linear: number, write: boolean, user: boolean): number {
  const m = core.i32;
  const access = (write ? 2 : 0) | (user ? 4 : 0);
  const pdeAddress = (m[CR3] & ~0xfff) | ((linear >>> 20) & 0xffc);
  const pde = readEntry(core, pdeAddress);
  if ((pde & Pte.P) === 0) return fault(core, access, linear);
  if ((pde & Pte.PS) !== 0 && (m[CR4] & Cr4.PSE) !== 0) {
    if ((pde & PSE36_RESERVED) !== 0) return fault(core, access | RESERVED | PRESENT, linear);
    if (!permits(core, pde, write, user)) return fault(core, access | PRESENT, linear);
    setBits(core, pdeAddress, pde, Pte.A | (write ? Pte.D : 0));
    const page = (pde & 0x1_e000) === 0 ? (pde & 0xffc0_0000) | (linear & 0x3f_f000) : NOWHERE;
    return page | Pte.PS | flagsOf(core, pde, write);
  }
  const pteAddress = (pde & ~0xfff) | ((linear >>> 10) & 0xffc);
  const pte = readEntry(core, pteAddress);
  if ((pte & Pte.P) === 0) return fault(core, access, linear);
  const both = pte & (pde | ~(Pte.W | Pte.U));
  if (!permits(core, both, write, user)) return fault(core, access | PRESENT, linear);
  setBits(core, pdeAddress, pde, Pte.A);
  setBits(core, pteAddress, pte, Pte.A | (write ? Pte.D : 0));
  return (pte & ~0xfff) | flagsOf(core, both, write);
}

function walkPae(core: Core, linear: number, write: boolean, user: boolean): number {
  const m = core.i32;
  const access = (write ? 2 : 0) | (user ? 4 : 0);
  const index = linear >>> 30;
  const pdpte = m[PDPTE + index * 2];
  if ((pdpte & Pte.P) === 0) return fault(core, access, linear);

  const inRam = m[PDPTE + index * 2 + 1] === 0;
  const pdeAddress = (pdpte & ~0xfff) | ((linear >>> 18) & 0xff8);
  const pde = inRam ? readEntry(core, pdeAddress) : -1;
  const pdeHigh = inRam ? readEntry(core, pdeAddress + 4) : -1;
  if ((pde & Pte.P) === 0) return fault(core, access, linear);
  const large = (pde & Pte.PS) !== 0;
  if ((pdeHigh & HIGH_RESERVED) !== 0 || (large && (pde & PAE_LARGE_RESERVED) !== 0)) {
    return fault(core, access | RESERVED | PRESENT, linear);
  }
  if (large) {
    if (!permits(core, pde, write, user)) return fault(core, access | PRESENT, linear);
    setBits(core, pdeAddress, pde, Pte.A | (write ? Pte.D : 0));
    const page = pdeHigh === 0 ? (pde & 0xffe0_0000) | (linear & 0x1f_f000) : NOWHERE;
    return page | Pte.PS | flagsOf(core, pde, write);
  }
  const pteAddress = (pde & ~0xfff) | ((linear >>> 9) & 0xff8);
  const pte = pdeHigh === 0 ? readEntry(core, pteAddress) : -1;
  const pteHigh = pdeHigh === 0 ? readEntry(core, pteAddress + 4) : -1;
  if ((pte & Pte.P) === 0) return fault(core, access, linear);
  if ((pteHigh & HIGH_RESERVED) !== 0) return fault(core, access | RESERVED | PRESENT, linear);
  const both = pte & (pde | ~(Pte.W | Pte.U));
  if (!permits(core, both, write, user)) return fault(core, access | PRESENT, linear);
  setBits(core, pdeAddress, pde, Pte.A);
  setBits(core, pteAddress, pte, Pte.A | (write ? Pte.D : 0));
  return (pteHigh === 0 ? pte & ~0xfff : NOWHERE) | flagsOf(core, both, write);
}

/** P, W, U, D and G of a TLB entry. */
function flagsOf(core: Core, rights: number, write: boolean): number {
  const global = (core.i32[CR4] & Cr4.PGE) !== 0 ? Pte.G : 0;
  return (rights & (Pte.P | Pte.W | Pte.U | Pte.D | global)) | (write ? Pte.D : 0);
}

/**
 * The four page-directory-pointer-table entries at `cr3` as [low, high] pairs. SDM Vol. 3A, "PDPTE Registers".
 * @throws CpuException #GP(0) when a present one has a reserved bit set
 */
export function readPdptes(core: Core, cr3: number): number[] {
  const entries = Array.from({ length: 8 }, (_, n) => readEntry(core, (cr3 & ~0x1f) + n * 4));
  for (let n = 0; n < 8; n += 2) {
    const reserved = (entries[n] & PDPTE_RESERVED) !== 0 || (entries[n + 1] & HIGH_RESERVED) !== 0;
    if ((entries[n] & Pte.P) !== 0 && reserved) raise(GP, 0);
  }
  return entries;
}

function readEntry(core: Core, address: number): number {
  return readPhysical(core, address & core.a20Mask, 4);
}

function setBits(core: Core, address: number, old: number, bits: number): void {
  if ((old & bits) !== bits) writePhysical(core, address & core.a20Mask, 4, old | bits);
}

/**
 * Translation without a trace, for debuggers: no TLB, no accessed or dirty bits, no faults.
 * Intel SDM Vol. 3A, "Paging" (32-bit paging with 4-MByte pages); `walk` in paging.ts is the guest's own.
 *
 * Invariant: reads guest RAM and changes nothing.
 */
import type { GuestMemory } from '../memory/guest-memory.ts';
import { Pte } from './paging.ts';
import { Cr0, Cr4 } from './registers.ts';

/** What decides a translation. */
export interface PagingRegisters {
  readonly cr0: number;
  readonly cr3: number;
  readonly cr4: number;
}

/** One level of a walk: where the entry stands, and its value; both unsigned. */
export interface WalkEntry {
  readonly address: number;
  readonly value: number;
}

export interface Walk {
  readonly pde: WalkEntry;
  /** Absent when the PDE is not present or maps 4 MBytes. */
  readonly pte: WalkEntry | undefined;
  readonly largePage: boolean;
  /** Physical address, unsigned; undefined when a level is not present. */
  readonly physical: number | undefined;
  /** Rights of both levels together. */
  readonly writable: boolean;
  readonly user: boolean;
}

/** Both levels for one linear address in the address space of `cr3`. */
export function walk(memory: GuestMemory, cr3: number, linear: number, pageSizeExtension = true): Walk {
  const pdeAddress = ((cr3 & ~0xfff) | ((linear >>> 20) & 0xffc)) >>> 0;
  const pde = { address: pdeAddress, value: memory.readPhysical32(pdeAddress) };
  const present = (pde.value & Pte.P) !== 0;
  const largePage = present && pageSizeExtension && (pde.value & Pte.PS) !== 0;
  if (!present || largePage) {
    const physical = largePage ? ((pde.value & 0xffc0_0000) | (linear & 0x3f_ffff)) >>> 0 : undefined;
    return { pde, pte: undefined, largePage, physical, ...rightsOf(pde.value) };
  }
  const pteAddress = ((pde.value & ~0xfff) | ((linear >>> 10) & 0xffc)) >>> 0;
  const pte = { address: pteAddress, value: memory.readPhysical32(pteAddress) };
  const physical = (pte.value & Pte.P) !== 0 ? ((pte.value & ~0xfff) | (linear & 0xfff)) >>> 0 : undefined;
  return { pde, pte, largePage, physical, ...rightsOf(pde.value & pte.value) };
}

function rightsOf(value: number): { writable: boolean; user: boolean } {
  return { writable: (value & Pte.W) !== 0, user: (value & Pte.U) !== 0 };
}

export type PeekFault = 'page-directory-entry-not-present' | 'page-table-entry-not-present';

export type PeekResult = { readonly physical: number } | { readonly fault: PeekFault };

/** @param cr3 another address space than the current one */
export function peekTranslate(
  memory: GuestMemory,
  registers: PagingRegisters,
  linear: number,
  cr3: number = registers.cr3,
): PeekResult {
  if ((registers.cr0 & Cr0.PG) === 0) return { physical: linear >>> 0 };
  const { pte, physical } = walk(memory, cr3, linear, (registers.cr4 & Cr4.PSE) !== 0);
  if (physical !== undefined) return { physical };
  return { fault: pte === undefined ? 'page-directory-entry-not-present' : 'page-table-entry-not-present' };
}

/**
 * CR0-CR4 and DR0-DR7 as instructions see them. Intel SDM Vol. 3A, "Control Registers"; Vol. 3B, "Debug Registers".
 *
 * Invariant: whatever depends on a bit (TLB, segment ends, alignment checks) is brought up to date here.
 */
import type { Core } from './core.ts';
import { Feature } from './cpuid.ts';
import { EventStop } from './events.ts';
import { GP, UD, raise, raiseDebug } from './exception.ts';
import { readPdptes } from './page-walk.ts';
import { flushTlb } from './paging.ts';
import { CR0, CR4, Cr0, Cr4, CR3, DR, DR7_GD, PDPTE } from './registers.ts';
import { updateAllEnds } from './segments.ts';

const CR0_DEFINED = Cr0.PE | Cr0.MP | Cr0.EM | Cr0.TS | Cr0.NE | Cr0.WP | Cr0.AM | Cr0.NW | Cr0.CD | Cr0.PG;
/** Bits of CR4 for features CPUID reports; the others are reserved. */
const CR4_DEFINED = Cr4.TSD | Cr4.DE | Cr4.PSE | Cr4.PAE | Cr4.PGE | Cr4.PCE;

function cr4Defined(core: Core): number {
  const fxsr = (core.features & Feature.FXSR) !== 0 ? Cr4.OSFXSR : 0;
  return CR4_DEFINED | fxsr | ((core.features & Feature.SSE) !== 0 ? Cr4.OSXMMEXCPT : 0);
}

const DR6_ONES = 0xffff_0ff0 | 0;
const DR7_ONES = 0x400;
const DR7_ZEROS = 0xd800;
const DR6_BD = 0x2000;

export function requireCpl0(core: Core): void {
  if (core.cpl !== 0) raise(GP, 0);
}

export function readControlRegister(core: Core, register: number): number {
  requireCpl0(core);
  return core.i32[CR0 + (register === 0 ? 0 : register - 1)];
}

export function writeControlRegister(core: Core, register: number, value: number): void {
  requireCpl0(core);
  if (register === 0) writeCr0(core, value);
  else if (register === 3) {
    const old = core.i32[CR3];
    loadCr3(core, value);
    noteControlWrite(core, 'cr3', old);
  } else if (register === 4) writeCr4(core, value);
  else core.i32[CR0 + register - 1] = value;
}

/** @throws CpuException #GP(0) for paging without protection, or NW without CD */
export function writeCr0(core: Core, value: number): void {
  if ((value & Cr0.PG) !== 0 && (value & Cr0.PE) === 0) raise(GP, 0);
  if ((value & Cr0.NW) !== 0 && (value & Cr0.CD) === 0) raise(GP, 0);
  const old = core.i32[CR0];
  // SDM Vol. 3A, "PDPTE Registers": changes of these bits load them, and a load that faults changes nothing.
  if ((value & Cr0.PG) !== 0 && ((old ^ value) & (Cr0.CD | Cr0.NW | Cr0.PG)) !== 0)
    loadPdptes(core, core.i32[CR3], core.i32[CR4]);
  setCr0(core, value);
  noteControlWrite(core, 'cr0', old);
}

function loadPdptes(core: Core, cr3: number, cr4: number): void {
  if ((cr4 & Cr4.PAE) === 0) return;
  core.i32.set(readPdptes(core, cr3), PDPTE);
}

/** @throws CpuException #GP(0) for reserved bits in a PDPTE; then nothing has changed */
export function loadCr3(core: Core, value: number): void {
  if ((core.i32[CR0] & Cr0.PG) !== 0) loadPdptes(core, value, core.i32[CR4]);
  setCr3(core, value);
}

export function noteControlWrite(core: Core, register: 'cr0' | 'cr3', old: number): void {
  if (core.eventStops === 0) return;
  const value = core.i32[register === 'cr0' ? CR0 : CR3] >>> 0;
  const stop = register === 'cr0' ? EventStop.CR0 : EventStop.CR3;
  core.note(stop, { kind: 'control', register, old: old >>> 0, value, eip: core.instructionEip >>> 0 });
}

/** Takes any value, for task switches, LMSW and the debugger. ET reads as 1. */
export function setCr0(core: Core, value: number): void {
  const m = core.i32;
  const old = m[CR0];
  m[CR0] = (value & CR0_DEFINED) | Cr0.ET;
  const changed = old ^ m[CR0];
  if ((changed & (Cr0.PG | Cr0.PE | Cr0.WP)) !== 0) flushTlb(core, false);
  if ((changed & Cr0.PE) !== 0) {
    if ((value & Cr0.PE) === 0) core.setCpl(0);
    updateAllEnds(core);
  }
  core.updateAlignmentCheck();
  core.fetchLinearPage = -1;
}

export function setCr3(core: Core, value: number): void {
  core.i32[CR3] = value;
  flushTlb(core, (core.i32[CR4] & Cr4.PGE) !== 0);
}

function writeCr4(core: Core, value: number): void {
  if ((value & ~cr4Defined(core)) !== 0) raise(GP, 0);
  const changed = core.i32[CR4] ^ value;
  if ((core.i32[CR0] & Cr0.PG) !== 0 && (changed & (Cr4.PSE | Cr4.PGE | Cr4.PAE)) !== 0)
    loadPdptes(core, core.i32[CR3], value);
  setCr4(core, value);
}

export function setCr4(core: Core, value: number): void {
  const changed = core.i32[CR4] ^ value;
  core.i32[CR4] = value;
  if ((changed & (Cr4.PSE | Cr4.PGE | Cr4.PAE)) !== 0) flushTlb(core, false);
  if ((changed & Cr4.DE) !== 0) core.breakpoints.update();
}

/** DR4 and DR5 are other names of DR6 and DR7 unless CR4.DE is set. */
function debugRegister(core: Core, register: number): number {
  if (register !== 4 && register !== 5) return register;
  if ((core.i32[CR4] & Cr4.DE) !== 0) raise(UD);
  return register + 2;
}

function checkDebugAccess(core: Core): void {
  requireCpl0(core);
  if ((core.i32[DR + 7] & DR7_GD) !== 0) raiseDebug(DR6_BD);
}

export function readDebugRegister(core: Core, register: number): number {
  const actual = debugRegister(core, register);
  checkDebugAccess(core);
  return core.i32[DR + actual];
}

export function writeDebugRegister(core: Core, register: number, value: number): void {
  const actual = debugRegister(core, register);
  checkDebugAccess(core);
  setDebugRegister(core, actual, value);
}

export function setDebugRegister(core: Core, register: number, value: number): void {
  let stored = value;
  if (register === 6) stored = (value & 0xe00f) | DR6_ONES;
  else if (register === 7) stored = (value & ~DR7_ZEROS) | DR7_ONES;
  core.i32[DR + register] = stored;
  if (register !== 6) core.breakpoints.update();
}

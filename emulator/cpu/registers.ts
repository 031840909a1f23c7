/**
 * Where each register stands, as an index into the Int32Array over the machine's memory.
 * Intel SDM Vol. 1, "Basic Program Execution Registers"; hidden parts of segment registers as in Vol. 3A,
 * "Segment Registers".
 *
 * Invariant: slot ZERO always holds 0. Memory operands without base or index point there, so that an effective
 * address is always base + (index << scale) + displacement.
 */
export const EAX = 0;
export const ECX = 1;
export const EDX = 2;
export const EBX = 3;
export const ESP = 4;
export const EBP = 5;
export const ESI = 6;
export const EDI = 7;
export const ZERO = 8;
/** While a block runs: the address of its first instruction. */
export const EIP = 9;
/** All bits of EFLAGS but the six arithmetic flags, which stand in RESULT and CARRIES (flags.ts). */
export const EFLAGS = 10;
export const RESULT = 11;
export const CARRIES = 12;

// Segment numbers, as in the reg field of MOV Sreg; LDTR and TR follow so that they share the hidden-part arrays.
export const ES = 0;
export const CS = 1;
export const SS = 2;
export const DS = 3;
export const FS = 4;
export const GS = 5;
export const LDTR = 6;
export const TR = 7;

// One slot per segment number each.
export const SELECTOR = 16;
export const BASE = 24;
export const LIMIT = 32;
/** Bits 8-23 of the descriptor's high half: type, S, DPL, P in the low byte, AVL, D/B, G in bits 12-15. */
export const ATTRIBUTES = 40;
/** Offsets below this may be read (written) with up to four bytes without any further check; 0: never. */
export const READ_END = 48;
export const WRITE_END = 56;

export const CR0 = 64;
export const CR2 = 65;
export const CR3 = 66;
export const CR4 = 67;
export const GDTR_BASE = 68;
export const GDTR_LIMIT = 69;
export const IDTR_BASE = 70;
export const IDTR_LIMIT = 71;
export const DR = 72;
/** DR6: which of DR0 to DR3 were hit. */
export const DR6_HITS = 15;
export const DR7_GD = 0x2000;
/** A block may start at offsets below this without checking CS.limit; 0: always check. */
export const FETCH_END = 80;
/** The four PDPTE registers of PAE paging, low and high half each. */
export const PDPTE = 88;
/** End of the slots that a reset clears. */
export const SLOTS_END = 96;
/** `Core.cpl` once more, for translated code. Slot 96 is translator/locals.ts's. */
export const CPL = 97;
/** How many pages the TLB's list holds. */
export const TLB_ENTRIES = 98;
/** 1: the TLB may hold parts of large pages. */
export const LARGE_ENTRIES = 99;
/** 1: A20 is masked. */
export const A20_MASKED = 100;
/** `Core.eventStops`. */
export const EVENT_STOPS = 101;
/** 1: translated code has changed entries of the TLB since the run loop has looked; no part of the state. */
export const TLB_CHANGED = 102;
/** Address of the last instruction with a page that translated code did not find; no part of the state. */
export const MISSED_AT = 103;

// The FPU and SIMD units; execute/x87/unit.ts and execute/sse/unit.ts say what the fields mean.
/** Physical registers R0 to R7, four slots each: low half, high half, sign and exponent (16 bits), unused. */
export const FPU = 256;
/** XMM0 to XMM7, four slots each. */
export const XMM = 288;
export const FPU_CONTROL = 320;
/** The status word without TOP. */
export const FPU_STATUS = 321;
export const FPU_TOP = 322;
/** Bit n: physical register Rn is empty. */
export const FPU_EMPTY = 323;
export const FPU_IP = 324;
export const FPU_CS = 325;
export const FPU_DP = 326;
export const FPU_DS = 327;
/** Low three bits of the first opcode byte and the ModRM byte of the last instruction that was not a control one. */
export const FPU_OPCODE = 328;
export const MXCSR = 329;
/** Scratch values of the running instruction, in the form of an FPU register; no part of the state. */
export const OPERAND = 332;
export const RESULT_VALUE = 336;
export const SCRATCH = 340;

export const Cr0 = {
  PE: 1,
  MP: 2,
  EM: 4,
  TS: 8,
  ET: 0x10,
  NE: 0x20,
  WP: 0x1_0000,
  AM: 0x4_0000,
  NW: 0x2000_0000,
  CD: 0x4000_0000,
  PG: 0x8000_0000 | 0,
} as const;

export const Cr4 = {
  VME: 1,
  PVI: 2,
  TSD: 4,
  DE: 8,
  PSE: 0x10,
  PAE: 0x20,
  PGE: 0x80,
  PCE: 0x100,
  OSFXSR: 0x200,
  OSXMMEXCPT: 0x400,
} as const;

export const Eflags = {
  CF: 1,
  PF: 4,
  AF: 0x10,
  ZF: 0x40,
  SF: 0x80,
  TF: 0x100,
  IF: 0x200,
  DF: 0x400,
  OF: 0x800,
  IOPL: 0x3000,
  NT: 0x4000,
  RF: 0x1_0000,
  VM: 0x2_0000,
  AC: 0x4_0000,
  ID: 0x20_0000,
} as const;

/** Bits of ATTRIBUTES. */
export const Attribute = {
  ACCESSED: 1,
  /** Data: writable. Code: readable. */
  RW: 2,
  /** Data: expand-down. Code: conforming. */
  DOWN_OR_CONFORMING: 4,
  CODE: 8,
  /** Code or data, not a system segment. */
  S: 0x10,
  P: 0x80,
  /** D of a code segment, B of a stack segment. */
  BIG: 0x4000,
  G: 0x8000,
} as const;

export function dplOf(attributes: number): number {
  return (attributes >> 5) & 3;
}

/**
 * The six arithmetic flags, kept as the last result and its carries and put together only when read.
 * Intel SDM Vol. 1, "Status Flags".
 *
 *   RESULT   the result, sign-extended to 32 bits: ZF (is 0), SF (bit 31), PF (low byte)
 *   CARRIES  bit 31 CF · bit 30 CF xor OF · bit 3 AF · bits 8-15 xor-ed into the byte that gives PF · bit 0 into SF
 *
 * Invariant: every combination of the six flags has a pair, so POPF and SAHF need no second representation.
 */
import type { Core } from './core.ts';
import { CARRIES, EFLAGS, Eflags, RESULT } from './registers.ts';

/** The bits of a 32-bit carry vector that CARRIES keeps. */
export const CARRY_BITS = 0xc000_0008 | 0;

export const ARITHMETIC_FLAGS = Eflags.CF | Eflags.PF | Eflags.AF | Eflags.ZF | Eflags.SF | Eflags.OF;

export function carryFlag(core: Core): number {
  return core.i32[CARRIES] >>> 31;
}

export function zeroFlag(core: Core): boolean {
  return core.i32[RESULT] === 0;
}

export function signFlag(core: Core): boolean {
  return (core.i32[RESULT] ^ (core.i32[CARRIES] << 31)) < 0;
}

export function overflowFlag(core: Core): boolean {
  const carries = core.i32[CARRIES];
  return (carries ^ (carries << 1)) < 0;
}

export function parityFlag(core: Core): boolean {
  const byte = core.i32[RESULT] ^ (core.i32[CARRIES] >> 8);
  return ((0x6996 >> ((byte ^ (byte >> 4)) & 15)) & 1) === 0;
}

/** SF ≠ OF: the "less" of signed comparison. */
export function lessFlag(core: Core): boolean {
  const carries = core.i32[CARRIES];
  return (core.i32[RESULT] ^ carries ^ (carries << 1) ^ (carries << 31)) < 0;
}

export function auxiliaryFlag(core: Core): boolean {
  return (core.i32[CARRIES] & 8) !== 0;
}

/** EFLAGS as PUSHF would show it, with VM and RF. */
export function readEflags(core: Core): number {
  return core.i32[EFLAGS] | arithmeticFlags(core);
}

export function arithmeticFlags(core: Core): number {
  return (
    carryFlag(core) |
    (parityFlag(core) ? Eflags.PF : 0) |
    (auxiliaryFlag(core) ? Eflags.AF : 0) |
    (zeroFlag(core) ? Eflags.ZF : 0) |
    (signFlag(core) ? Eflags.SF : 0) |
    (overflowFlag(core) ? Eflags.OF : 0)
  );
}

/** Sets the six flags from the bits of `flags`. */
export function setArithmeticFlags(core: Core, flags: number): void {
  const cf = (flags & Eflags.CF) << 31;
  const carries = cf | ((cf >>> 1) ^ ((flags & Eflags.OF) !== 0 ? 0x4000_0000 : 0)) | ((flags & Eflags.AF) >> 1);
  const odd = (flags & Eflags.PF) === 0;
  if ((flags & Eflags.ZF) === 0) {
    // A result that has them says it all: translated code knows no other carries.
    core.i32[RESULT] = ((flags & Eflags.SF) << 24) | 0x100 | (odd ? 1 : 0);
    core.i32[CARRIES] = carries;
  } else {
    core.i32[RESULT] = 0;
    core.i32[CARRIES] = carries | (odd ? 0x100 : 0) | ((flags & Eflags.SF) >> 7);
  }
}

/** Changes CF and leaves the other five. */
export function setCarryFlag(core: Core, carry: boolean | number): void {
  const old = core.i32[CARRIES];
  if (old < 0 !== Boolean(carry)) core.i32[CARRIES] = old ^ (0xc000_0000 | 0);
}

export function setOverflowFlag(core: Core, overflow: boolean): void {
  if (overflowFlag(core) !== overflow) core.i32[CARRIES] ^= 0x4000_0000;
}

/** Changes ZF and leaves the other five. */
export function setZeroFlag(core: Core, zero: boolean): void {
  setArithmeticFlags(core, (arithmeticFlags(core) & ~Eflags.ZF) | (zero ? Eflags.ZF : 0));
}

/** Flags of a result whose carry vector is `carries`; both right-aligned, `size` in bytes. */
export function setFlags(core: Core, size: number, result: number, carries: number): void {
  const m = core.i32;
  if (size === 4) {
    m[RESULT] = result;
    m[CARRIES] = carries & CARRY_BITS;
  } else {
    const shift = 32 - size * 8;
    m[RESULT] = (result << shift) >> shift;
    m[CARRIES] = ((carries << shift) & (0xc000_0000 | 0)) | (carries & 8);
  }
}

/** Flags of a logical result: CF, OF and AF are clear. */
export function setLogicFlags(core: Core, size: number, result: number): void {
  const shift = 32 - size * 8;
  core.i32[RESULT] = (result << shift) >> shift;
  core.i32[CARRIES] = 0;
}

/** SF, ZF, PF of `result` with CF, OF given and AF clear. */
export function setShiftFlags(core: Core, size: number, result: number, carry: number, overflow: number): void {
  const shift = 32 - size * 8;
  core.i32[RESULT] = (result << shift) >> shift;
  core.i32[CARRIES] = ((carry & 1) << 31) | (((carry ^ overflow) & 1) << 30);
}

/** Condition codes in the order of the opcodes' low four bits. SDM Vol. 1, "EFLAGS Condition Codes". */
export function condition(core: Core, code: number): boolean {
  switch (code >> 1) {
    case 0:
      return overflowFlag(core) !== ((code & 1) !== 0);
    case 1:
      return core.i32[CARRIES] < 0 !== ((code & 1) !== 0);
    case 2:
      return zeroFlag(core) !== ((code & 1) !== 0);
    case 3:
      return (core.i32[CARRIES] < 0 || zeroFlag(core)) !== ((code & 1) !== 0);
    case 4:
      return signFlag(core) !== ((code & 1) !== 0);
    case 5:
      return parityFlag(core) !== ((code & 1) !== 0);
    case 6:
      return lessFlag(core) !== ((code & 1) !== 0);
    default:
      return (lessFlag(core) || zeroFlag(core)) !== ((code & 1) !== 0);
  }
}

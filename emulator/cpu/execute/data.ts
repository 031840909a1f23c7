/**
 * Moves, exchanges, stack and flag transfers. Intel SDM Vol. 2, one instruction a function.
 */
import { probeWrite, read16, read32, read8, write16, write32 } from '../access.ts';
import {
  readControlRegister,
  readDebugRegister,
  writeControlRegister,
  writeDebugRegister,
} from '../control-registers.ts';
import type { Core } from '../core.ts';
import { Attention } from '../core.ts';
import { GP, raise } from '../exception.ts';
import {
  ARITHMETIC_FLAGS,
  arithmeticFlags,
  condition,
  overflowFlag,
  readEflags,
  setArithmeticFlags,
  setOverflowFlag,
  setZeroFlag,
} from '../flags.ts';
import type { Handler, Instruction } from '../instruction.ts';
import { Kind } from '../instruction.ts';
import { effectiveAddress, read0, read1, readForWrite0, write0, writeRegister, writeRegister1 } from '../operands.ts';
import { EAX, EBP, EBX, ECX, EDI, EDX, EFLAGS, ES, ESI, ESP, Eflags, DS, FS, GS, OPERAND, SS } from '../registers.ts';
import { loadSegment } from '../segments.ts';
import { below, peekStack, pop, push, setStackPointer, stackMask } from '../stack.ts';
import { checkWide, readWords, write64 } from '../wide-access.ts';

export const CONDITIONS = [
  'O',
  'NO',
  'B',
  'AE',
  'E',
  'NE',
  'BE',
  'A',
  'S',
  'NS',
  'P',
  'NP',
  'L',
  'GE',
  'LE',
  'G',
] as const;
export type Condition = (typeof CONDITIONS)[number];

/** One handler per condition code, named `prefix` + condition. */
export function forEachCondition<P extends string>(
  prefix: P,
  make: (code: number) => Handler,
): { readonly [K in `${P}${Condition}`]: Handler } {
  const entries = CONDITIONS.map((name, code) => [`${prefix}${name}`, make(code)] as const);
  return Object.fromEntries(entries) as { readonly [K in `${P}${Condition}`]: Handler };
}

function mov(core: Core, i: Instruction): void {
  if (i.kind0 === Kind.SEGMENT) {
    loadSegment(core, i.index0, read1(core, i));
    if (i.index0 === SS) core.attend(Attention.SHADOW | Attention.TRAP_SHADOW);
  } else if (i.kind0 === Kind.CONTROL) writeControlRegister(core, i.index0, core.i32[i.index1]);
  else if (i.kind1 === Kind.CONTROL) core.i32[i.index0] = readControlRegister(core, i.index1);
  else if (i.kind0 === Kind.DEBUG) writeDebugRegister(core, i.index0, core.i32[i.index1]);
  else if (i.kind1 === Kind.DEBUG) core.i32[i.index0] = readDebugRegister(core, i.index1);
  else write0(core, i, read1(core, i));
}

function popOperand(core: Core, i: Instruction): void {
  const size = i.size === 4 ? 4 : 2;
  if (i.kind0 === Kind.SEGMENT) {
    // What POP SS loads does not yet say whether ESP or SP is incremented.
    const mask = stackMask(core);
    const old = core.i32[ESP];
    loadSegment(core, i.index0, peekStack(core, size, 0) & 0xffff);
    core.i32[ESP] = (old & ~mask) | ((old + size) & mask);
    if (i.index0 === SS) core.attend(Attention.SHADOW | Attention.TRAP_SHADOW);
    return;
  }
  const value = peekStack(core, size, 0);
  if (i.kind0 === Kind.REG32 || i.kind0 === Kind.REG16) {
    setStackPointer(core, core.i32[ESP] + size);
    write0(core, i, value);
    return;
  }
  // SDM Vol. 2, POP: an address that uses ESP is computed after the increment. ESP stays if the write faults.
  const old = core.i32[ESP];
  setStackPointer(core, old + size);
  const next = core.i32[ESP];
  const offset = effectiveAddress(core, i);
  core.i32[ESP] = old;
  if (size === 4) write32(core, i.segment, offset, value);
  else write16(core, i.segment, offset, value);
  core.i32[ESP] = next;
}

const PUSHA_ORDER = [EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI] as const;

/** Pushes one by one: what was written before a fault stays written, as on hardware. ESP does not move. */
function pusha(core: Core, i: Instruction): void {
  const size = i.size === 4 ? 4 : 2;
  PUSHA_ORDER.forEach((register, index) => {
    const offset = below(core, size * (index + 1));
    if (size === 4) write32(core, SS, offset, core.i32[register]);
    else write16(core, SS, offset, core.i32[register] & 0xffff);
  });
  setStackPointer(core, below(core, size * 8));
}

/** Pops one by one: registers loaded before a fault keep their values, as on hardware. */
function popa(core: Core, i: Instruction): void {
  const size = i.size === 4 ? 4 : 2;
  for (let index = 7; index >= 0; index--) {
    const register = PUSHA_ORDER[index];
    const value = peekStack(core, size, size * (7 - index));
    if (register !== ESP) writeRegister(core, register, size, value);
  }
  setStackPointer(core, core.i32[ESP] + size * 8);
}

function enter(core: Core, i: Instruction): void {
  const size = i.size === 4 ? 4 : 2;
  const mask = stackMask(core);
  const level = i.index1 & 31;
  let sp = (core.i32[ESP] - size) & mask;
  const write = (offset: number, value: number): void => {
    if (size === 4) write32(core, SS, offset, value);
    else write16(core, SS, offset, value & 0xffff);
  };
  write(sp, core.i32[EBP]);
  const frame = size === 4 ? (core.i32[ESP] & ~mask) | sp : sp;
  if (level > 0) {
    let bp = core.i32[EBP];
    for (let index = 1; index < level; index++) {
      bp = (bp - size) | 0;
      const offset = bp & mask;
      const value = size === 4 ? read32(core, SS, offset) : read16(core, SS, offset);
      sp = (sp - size) & mask;
      write(sp, value);
    }
    sp = (sp - size) & mask;
    write(sp, frame);
  }
  sp = (sp - i.index0) & mask;
  // SDM Vol. 2, ENTER: the new top of stack must be writable.
  probeWrite(core, SS, sp, size);
  if (size === 4) core.i32[EBP] = frame;
  else core.u16[EBP * 2] = frame;
  setStackPointer(core, sp);
}

function leave(core: Core, i: Instruction): void {
  const size = i.size === 4 ? 4 : 2;
  const mask = stackMask(core);
  const bp = core.i32[EBP] & mask;
  const value = size === 4 ? read32(core, SS, bp) : read16(core, SS, bp);
  setStackPointer(core, bp + size);
  if (size === 4) core.i32[EBP] = value;
  else core.u16[EBP * 2] = value;
}

function loadFarPointer(segment: number): Handler {
  return (core, i) => {
    const size = i.size === 4 ? 4 : 2;
    const offset = effectiveAddress(core, i);
    const value = size === 4 ? read32(core, i.segment, offset) : read16(core, i.segment, offset);
    const selector = read16(core, i.segment, (offset + size) & i.addressMask);
    loadSegment(core, segment, selector);
    write0(core, i, value);
  };
}

function xchg(core: Core, i: Instruction): void {
  const a = readForWrite0(core, i);
  const b = read1(core, i);
  write0(core, i, b);
  writeRegister1(core, i, a);
}

function pushf(core: Core, i: Instruction): void {
  if (core.virtual8086 && core.iopl < 3) raise(GP, 0);
  // VM and RF are pushed as 0.
  push(core, i.size === 4 ? 4 : 2, readEflags(core) & ~(Eflags.VM | Eflags.RF));
}

/** What POPF can change: VM, VIF, VIP and RF stay. */
const POPF_MASK =
  ARITHMETIC_FLAGS | Eflags.TF | Eflags.IF | Eflags.DF | Eflags.IOPL | Eflags.NT | Eflags.AC | Eflags.ID;

function popf(core: Core, i: Instruction): void {
  if (core.virtual8086 && core.iopl < 3) raise(GP, 0);
  const flags = pop(core, i.size === 4 ? 4 : 2);
  setEflags(core, flags, i.size === 4 ? POPF_MASK : POPF_MASK & 0xffff);
  if (i.size === 4) core.i32[EFLAGS] &= ~Eflags.RF;
}

/**
 * Takes the bits of `mask` from `flags`, IF and IOPL only where the privilege level allows.
 * SDM Vol. 2, POPF: IOPL changes at CPL 0 only, IF at CPL ≤ IOPL; otherwise they stay, silently.
 */
export function setEflags(core: Core, flags: number, mask: number): void {
  let allowed = mask;
  if (core.cpl !== 0) allowed &= ~Eflags.IOPL;
  if (core.cpl > core.iopl) allowed &= ~Eflags.IF;
  const system = allowed & ~ARITHMETIC_FLAGS;
  core.i32[EFLAGS] = (core.i32[EFLAGS] & ~system) | (flags & system) | 2;
  setArithmeticFlags(core, flags);
  core.updateAlignmentCheck();
  core.updateAttention();
}

function cmpxchg8b(core: Core, i: Instruction): void {
  const m = core.i32;
  const offset = effectiveAddress(core, i);
  // SDM Vol. 2, CMPXCHG8B: the destination is written in either case.
  checkWide(core, i.segment, offset, 8, true);
  readWords(core, i.segment, offset, 2, OPERAND);
  const [low0, high0] = [m[OPERAND], m[OPERAND + 1]];
  const equal = low0 === m[EAX] && high0 === m[EDX];
  write64(core, i.segment, offset, equal ? m[ECX] : high0, equal ? m[EBX] : low0);
  if (!equal) {
    m[EAX] = low0;
    m[EDX] = high0;
  }
  setZeroFlag(core, equal);
}

export const data = {
  MOV: mov,
  MOVZX: (core, i) => {
    write0(core, i, read1(core, i));
  },
  MOVSX: (core, i) => {
    const shift = i.kind1 === Kind.REG8 || i.kind1 === Kind.MEM8 ? 24 : 16;
    write0(core, i, (read1(core, i) << shift) >> shift);
  },
  LEA: (core, i) => {
    write0(core, i, effectiveAddress(core, i));
  },
  XCHG: xchg,
  BSWAP: (core, i) => {
    // A 16-bit operand is undefined; processors clear it.
    const value = i.size === 4 ? core.i32[i.index0] : 0;
    const swapped = (value << 24) | ((value & 0xff00) << 8) | ((value >> 8) & 0xff00) | (value >>> 24);
    write0(core, i, swapped);
  },
  XLAT: (core, i) => {
    core.u8[0] = read8(core, i.segment, (core.i32[EBX] + core.u8[0]) & i.addressMask);
  },
  PUSH: (core, i) => {
    push(core, i.size === 4 ? 4 : 2, read0(core, i));
  },
  POP: popOperand,
  PUSHA: pusha,
  POPA: popa,
  PUSHF: pushf,
  POPF: popf,
  ENTER: enter,
  LEAVE: leave,
  LES: loadFarPointer(ES),
  LDS: loadFarPointer(DS),
  LFS: loadFarPointer(FS),
  LGS: loadFarPointer(GS),
  LSS: loadFarPointer(SS),
  CBW: (core, i) => {
    if (i.size === 4) core.i32[EAX] = (core.i32[EAX] << 16) >> 16;
    else core.u16[EAX] = (core.u8[EAX] << 24) >> 24;
  },
  CWD: (core, i) => {
    if (i.size === 4) core.i32[EDX] = core.i32[EAX] >> 31;
    else core.u16[EDX * 2] = (core.i32[EAX] << 16) >> 31;
  },
  SAHF: (core) => {
    const kept = overflowFlag(core);
    setArithmeticFlags(core, core.u8[1]);
    setOverflowFlag(core, kept);
  },
  LAHF: (core) => {
    core.u8[1] = (arithmeticFlags(core) & 0xd5) | 2;
  },
  CLD: (core) => {
    core.i32[EFLAGS] &= ~Eflags.DF;
  },
  STD: (core) => {
    core.i32[EFLAGS] |= Eflags.DF;
  },
  NOP: () => undefined,
  CMPXCHG8B: cmpxchg8b,
  ...forEachCondition('SET', (code) => (core, i) => {
    write0(core, i, condition(core, code) ? 1 : 0);
  }),
  ...forEachCondition('CMOV', (code) => (core, i) => {
    // The source is read, and may fault, in either case.
    const value = read1(core, i);
    if (condition(core, code)) write0(core, i, value);
  }),
} as const satisfies Record<string, Handler>;

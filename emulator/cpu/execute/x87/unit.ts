/**
 * The x87 FPU around its arithmetic: when an instruction may begin, the register stack with its tags, and how
 * exceptions are recorded. Intel SDM Vol. 1, "Programming with the x87 FPU"; Vol. 3A, "x87 FPU … Device-Not-Available".
 *
 * Invariant: FPU_STATUS holds ES and B exactly while an exception flag is set that the control word does not mask.
 */
import type { Core } from '../../core.ts';
import { MF, NM, RETRY, raise } from '../../exception.ts';
import { INVALID, ROUNDED_UP, X87_CONTROL, setIndefinite } from '../../float/format.ts';
import type { Instruction } from '../../instruction.ts';
import {
  CR0,
  CS,
  Cr0,
  EFLAGS,
  Eflags,
  FPU,
  FPU_CONTROL,
  FPU_CS,
  FPU_DP,
  FPU_DS,
  FPU_EMPTY,
  FPU_IP,
  FPU_OPCODE,
  FPU_STATUS,
  FPU_TOP,
  SELECTOR,
} from '../../registers.ts';

/** Bits of the status word. */
export const Status = {
  EXCEPTIONS: 0x3f,
  SF: 0x40,
  ES: 0x80,
  C0: 0x100,
  C1: 0x200,
  C2: 0x400,
  C3: 0x4000,
  B: 0x8000,
} as const;

export const CONDITION_CODES = Status.C0 | Status.C2 | Status.C3;
const INITIAL_CONTROL = 0x37f;
/** The control word's bits there are, and those that are always 1. */
export const CONTROL_BITS = 0x1f3f;
export const CONTROL_ONES = 0x40;

/** Index of ST(i). */
export function st(m: Int32Array, i: number): number {
  return FPU + (((m[FPU_TOP] + i) & 7) << 2);
}

export function isEmpty(m: Int32Array, i: number): boolean {
  return ((m[FPU_EMPTY] >> ((m[FPU_TOP] + i) & 7)) & 1) !== 0;
}

/** Of an instruction that does not wait for pending exceptions. */
export function beginWithoutWaiting(core: Core): void {
  if ((core.i32[CR0] & (Cr0.EM | Cr0.TS)) !== 0) raise(NM);
}

/** @throws CpuException #NM, or #MF for an exception of an earlier instruction */
export function begin(core: Core): Int32Array {
  const m = core.i32;
  if ((m[CR0] & (Cr0.EM | Cr0.TS)) !== 0) raise(NM);
  if ((m[FPU_STATUS] & Status.ES) !== 0) pending(core);
  return m;
}

/** For MMX instructions, which wait too. */
export function waitForPending(core: Core): void {
  if ((core.i32[FPU_STATUS] & Status.ES) !== 0) pending(core);
}

/** WAIT. SDM Vol. 2: #NM only when MP and TS are both set. */
export function wait(core: Core): void {
  const m = core.i32;
  if ((m[CR0] & (Cr0.MP | Cr0.TS)) === (Cr0.MP | Cr0.TS)) raise(NM);
  if ((m[FPU_STATUS] & Status.ES) !== 0) pending(core);
}

/**
 * SDM Vol. 1, "Native Mode", "MS-DOS Compatibility Sub-mode": without CR0.NE the processor asserts FERR#, and waits for the
 * interrupt that the board makes of it.
 * Deviation: where that interrupt cannot be taken, the instruction goes on as if IGNNE# were held, instead of for ever.
 */
function pending(core: Core): void {
  if ((core.i32[CR0] & Cr0.NE) !== 0) raise(MF);
  core.bus.floatingPointError?.();
  if (core.interruptLine && (core.i32[EFLAGS] & Eflags.IF) !== 0) raise(RETRY);
}

/** Where the instruction stands; call when it can no longer fault. Control instructions do not. */
export function record(core: Core, i: Instruction): void {
  const m = core.i32;
  m[FPU_IP] = core.instructionEip;
  m[FPU_CS] = m[SELECTOR + CS];
  m[FPU_OPCODE] = i.fpuOpcode;
}

export function recordOperand(core: Core, i: Instruction, offset: number): void {
  record(core, i);
  core.i32[FPU_DP] = offset;
  core.i32[FPU_DS] = core.i32[SELECTOR + i.segment];
}

/** Records the flags of an operation. C1 becomes whether it was rounded up. */
export function report(m: Int32Array, flags: number): void {
  const status = (m[FPU_STATUS] & ~Status.C1) | (flags & (Status.EXCEPTIONS | ROUNDED_UP));
  m[FPU_STATUS] = (flags & ~m[FPU_CONTROL] & Status.EXCEPTIONS) !== 0 ? status | Status.ES | Status.B : status;
}

/** Brings ES and B in line with flags and masks after either was loaded. */
export function updateSummary(m: Int32Array): void {
  const pendingNow = (m[FPU_STATUS] & ~m[FPU_CONTROL] & Status.EXCEPTIONS) !== 0;
  m[FPU_STATUS] = (m[FPU_STATUS] & ~(Status.ES | Status.B)) | (pendingNow ? Status.ES | Status.B : 0);
}

/**
 * #IS. @param overflow C1: 1 for overflow
 * @returns whether it is masked, so that the masked response is to be written
 */
export function stackFault(m: Int32Array, overflow: boolean): boolean {
  report(m, INVALID | (overflow ? ROUNDED_UP : 0));
  m[FPU_STATUS] |= Status.SF;
  return (m[FPU_CONTROL] & INVALID) !== 0;
}

/** A missing operand, with the indefinite as the masked result in ST(i). @returns as `stackFault` */
export function underflow(m: Int32Array, i: number): boolean {
  const masked = stackFault(m, false);
  if (masked) {
    setIndefinite(m, st(m, i));
    markUsed(m, i);
  }
  return masked;
}

export function markUsed(m: Int32Array, i: number): void {
  m[FPU_EMPTY] &= ~(1 << ((m[FPU_TOP] + i) & 7));
}

export function markEmpty(m: Int32Array, i: number): void {
  m[FPU_EMPTY] |= 1 << ((m[FPU_TOP] + i) & 7);
}

export function pop(m: Int32Array): void {
  m[FPU_EMPTY] |= 1 << m[FPU_TOP];
  m[FPU_TOP] = (m[FPU_TOP] + 1) & 7;
}

/**
 * Makes room for a value on top of the stack.
 * @returns where it goes; -1 after an overflow (the indefinite is pushed when it is masked)
 */
export function push(m: Int32Array): number {
  const top = (m[FPU_TOP] - 1) & 7;
  if (((m[FPU_EMPTY] >> top) & 1) === 0) {
    if (stackFault(m, true)) {
      m[FPU_TOP] = top;
      setIndefinite(m, FPU + (top << 2));
    }
    return -1;
  }
  m[FPU_TOP] = top;
  m[FPU_EMPTY] &= ~(1 << top);
  return FPU + (top << 2);
}

/** The masked response to a stack fault of an instruction with two results: both are the indefinite. */
export function pushIndefinitePair(m: Int32Array): void {
  m[FPU_TOP] = (m[FPU_TOP] - 1) & 7;
  for (let i = 0; i < 2; i++) {
    setIndefinite(m, st(m, i));
    markUsed(m, i);
  }
}

/** The control word as the arithmetic takes it. */
export function controlOf(m: Int32Array): number {
  return m[FPU_CONTROL] & X87_CONTROL;
}

export function setConditions(m: Int32Array, codes: number): void {
  m[FPU_STATUS] = (m[FPU_STATUS] & ~CONDITION_CODES) | codes;
}

export function statusWord(m: Int32Array): number {
  return m[FPU_STATUS] | (m[FPU_TOP] << 11);
}

export function setStatusWord(m: Int32Array, value: number): void {
  m[FPU_STATUS] = value & 0x47ff;
  m[FPU_TOP] = (value >> 11) & 7;
  updateSummary(m);
}

/** Bit 6 reads as 1, the reserved ones above as 0. */
export function setControlWord(m: Int32Array, value: number): void {
  m[FPU_CONTROL] = (value & CONTROL_BITS) | CONTROL_ONES;
  updateSummary(m);
}

/** FNINIT. SDM Vol. 3A, "Processor State After Reset": the registers keep their values. */
export function initialise(m: Int32Array): void {
  m[FPU_CONTROL] = INITIAL_CONTROL;
  m[FPU_STATUS] = 0;
  m[FPU_TOP] = 0;
  m[FPU_EMPTY] = 0xff;
  m[FPU_IP] = 0;
  m[FPU_CS] = 0;
  m[FPU_DP] = 0;
  m[FPU_DS] = 0;
  m[FPU_OPCODE] = 0;
}

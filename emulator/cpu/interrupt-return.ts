/**
 * IRET and IRETD in every mode. Intel SDM Vol. 2, IRET/IRETD: its pseudocode.
 *
 * Invariant: everything is popped and checked before anything is committed.
 */
import type { Size } from './access.ts';
import type { Core } from './core.ts';
import { Mode } from './core.ts';
import { fetchDescriptor, isCode, isConforming, isNull, markAccessed, raiseSelector } from './descriptors.ts';
import { GP, NP, raise } from './exception.ts';
import { ARITHMETIC_FLAGS, setArithmeticFlags } from './flags.ts';
import { CS, DS, EFLAGS, EIP, ES, ESP, Eflags, FS, GS, LIMIT, SS } from './registers.ts';
import {
  checkStackSegment,
  dropInnerSegments,
  setCodeSegment,
  setFromDescriptor,
  setParagraph,
  updateAllEnds,
} from './segments.ts';
import { quickInterruptReturn } from './quick-transfers.ts';
import { StackCursor } from './stack-cursor.ts';
import { returnToPreviousTask } from './tasks.ts';

/** Bits any IRET may change; IF, IOPL and VM depend on the privilege level. */
const ALWAYS = ARITHMETIC_FLAGS | Eflags.TF | Eflags.DF | Eflags.NT;
const WIDE_ONLY = Eflags.RF | Eflags.AC | Eflags.ID;

export function interruptReturn(core: Core, size: Size, returnEip: number): void {
  const m = core.i32;
  if (!core.protectedMode) {
    returnToParagraph(core, size, Eflags.IF | Eflags.IOPL);
    return;
  }
  if (core.virtual8086) {
    // SDM Vol. 3B, "Sensitive Instructions": IRET needs IOPL 3 in virtual-8086 mode, and leaves IOPL alone.
    if (core.iopl < 3) raise(GP, 0);
    returnToParagraph(core, size, Eflags.IF);
    return;
  }
  if ((m[EFLAGS] & Eflags.NT) !== 0) {
    returnToPreviousTask(core, returnEip);
    return;
  }
  if (size === 4) {
    const privileged = privilegedFlags(core);
    const popped = quickInterruptReturn(core);
    if (popped !== -1) {
      takeFlags(core, 4, popped, privileged);
      return;
    }
  }
  const stack = StackCursor.current(core);
  // The manual leaves open which word of the frame faults first; processors (test/conformance/host) begin with EFLAGS.
  stack.peek(size, 2 * size);
  stack.peek(size, size);
  const eip = stack.pop(size);
  const selector = stack.pop(size) & 0xffff;
  const eflags = stack.pop(size);
  if (size === 4 && (eflags & Eflags.VM) !== 0 && core.cpl === 0) {
    returnToVirtual8086(core, stack, eip, selector, eflags);
    return;
  }
  returnToProtected(core, size, stack, eip, selector, eflags);
}

/** SDM Vol. 2, IRET: IOPL changes at CPL 0 only, IF at CPL ≤ IOPL; both by the CPL before the return. */
function privilegedFlags(core: Core): number {
  return (core.cpl === 0 ? Eflags.IOPL : 0) | (core.cpl <= core.iopl ? Eflags.IF : 0);
}

function takeFlags(core: Core, size: Size, eflags: number, privileged: number): void {
  const m = core.i32;
  const mask = ALWAYS | privileged | (size === 4 ? WIDE_ONLY : 0);
  const system = mask & ~ARITHMETIC_FLAGS;
  m[EFLAGS] = (m[EFLAGS] & ~system) | (eflags & system) | 2;
  setArithmeticFlags(core, eflags);
  core.updateAlignmentCheck();
  core.updateAttention();
}

function returnToParagraph(core: Core, size: Size, privileged: number): void {
  const m = core.i32;
  const stack = StackCursor.current(core);
  const eip = stack.pop(size);
  const selector = stack.pop(size) & 0xffff;
  const eflags = stack.pop(size);
  if (eip >>> 0 > m[LIMIT + CS] >>> 0) raise(GP, 0);
  m[ESP] = stack.sp;
  setParagraph(core, CS, selector);
  m[EIP] = eip;
  takeFlags(core, size, eflags, privileged);
}

function returnToVirtual8086(core: Core, stack: StackCursor, eip: number, selector: number, eflags: number): void {
  const m = core.i32;
  const esp = stack.pop(4);
  const ss = stack.pop(4) & 0xffff;
  const others = [ES, DS, FS, GS].map((segment) => ({ segment, selector: stack.pop(4) & 0xffff }));
  if (eip >>> 0 > 0xffff) raise(GP, 0);
  m[EFLAGS] |= Eflags.VM;
  updateAllEnds(core);
  setParagraph(core, CS, selector);
  setParagraph(core, SS, ss);
  for (const other of others) setParagraph(core, other.segment, other.selector);
  m[ESP] = esp;
  m[EIP] = eip & 0xffff;
  core.setCpl(3);
  takeFlags(core, 4, eflags, Eflags.IF | Eflags.IOPL | Eflags.VM);
}

function returnToProtected(
  core: Core,
  size: Size,
  stack: StackCursor,
  eip: number,
  selector: number,
  eflags: number,
): void {
  const m = core.i32;
  const cpl = selector & 3;
  // As for RETF: the outer stack is read first.
  if (cpl !== core.cpl) {
    stack.peek(size, size);
    stack.peek(size, 0);
  }
  if (isNull(selector)) raise(GP, 0);
  const code = fetchDescriptor(core, selector);
  const allowed = isConforming(code) ? code.dpl <= cpl : code.dpl === cpl;
  if (!isCode(code) || cpl < core.cpl || !allowed) raiseSelector(GP, selector);
  if (!code.present) raiseSelector(NP, selector);
  const privileged = privilegedFlags(core);

  if (cpl === core.cpl) {
    if (eip >>> 0 > code.limit) raise(GP, 0);
    m[ESP] = stack.sp;
    setCodeSegment(core, selector, code, cpl);
  } else {
    const esp = stack.pop(size);
    const ss = stack.pop(size) & 0xffff;
    const stackSegment = checkStackSegment(core, ss, cpl, GP);
    if (eip >>> 0 > code.limit) raise(GP, 0);
    markAccessed(core, stackSegment);
    setCodeSegment(core, selector, code, cpl);
    setFromDescriptor(core, SS, ss, stackSegment);
    setOuterStackPointer(core, esp, size);
    dropInnerSegments(core);
  }
  m[EIP] = eip;
  takeFlags(core, size, eflags, privileged);
}

/** A 16-bit stack segment, or a 16-bit return, takes SP only. */
export function setOuterStackPointer(core: Core, esp: number, size: Size): void {
  const m = core.i32;
  if ((core.mode & Mode.STACK32) !== 0) m[ESP] = size === 4 ? esp : esp & 0xffff;
  else m[ESP] = (m[ESP] & 0xffff_0000) | (esp & 0xffff);
}

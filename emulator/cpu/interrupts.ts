/**
 * Delivery of one interrupt or exception through the IDT (or, in real mode, the vector table).
 * Intel SDM Vol. 2, INT n: its pseudocode; Vol. 3A, "Interrupt and Exception Handling".
 *
 * Invariant: a fault during delivery leaves registers as they were before it (a task gate excepted; tasks.ts).
 */
import type { Size } from './access.ts';
import { readLinear } from './access.ts';
import { Attention, type Core } from './core.ts';
import {
  SystemType,
  fetchDescriptor,
  isCode,
  isConforming,
  isNull,
  markAccessed,
  raiseSelector,
} from './descriptors.ts';
import { CpuException, DB, GP, NP, TS, raise, withExt } from './exception.ts';
import { readEflags } from './flags.ts';
import {
  CS,
  DR,
  DR6_HITS,
  DR7_GD,
  DS,
  EFLAGS,
  EIP,
  ES,
  ESP,
  Eflags,
  FS,
  GS,
  IDTR_BASE,
  IDTR_LIMIT,
  SELECTOR,
  SS,
} from './registers.ts';
import { quickInterrupt } from './quick-transfers.ts';
import {
  checkStackSegment,
  setCodeSegment,
  setFromDescriptor,
  setNull,
  setParagraph,
  updateAllEnds,
} from './segments.ts';
import { StackCursor } from './stack-cursor.ts';
import { checkTss, innerStack, switchTask } from './tasks.ts';

/** `int` is the instruction INT n; `int3`, `into` and `int1` theirs; `event` an exception or a hardware interrupt. */
export type InterruptKind = 'int' | 'int3' | 'into' | 'int1' | 'event';

interface Interrupt {
  readonly vector: number;
  readonly errorCode: number | undefined;
  readonly kind: InterruptKind;
  /** EIP and EFLAGS that the handler finds on its stack. */
  readonly returnEip: number;
  readonly eflags: number;
}

/** INT n, INT3, INTO, INT1. @throws CpuException; also when a debugger asked to stop at this exception */
export function softwareInterrupt(core: Core, vector: number, returnEip: number, kind: InterruptKind): void {
  if (kind !== 'int') {
    if (core.stopsAt(vector)) throwReported(vector);
    core.exceptionsMet++;
  }
  // SDM Vol. 3B, "Software Interrupt Handling in Virtual-8086 Mode": INT n needs IOPL 3, INT3 and INTO do not.
  if (kind === 'int' && core.virtual8086 && core.iopl < 3) raise(GP, 0);
  // MOV SS and POP SS put off a data breakpoint's trap; it comes before the handler's first instruction.
  const hits = core.debugTrap & DR6_HITS;
  try {
    interrupt(core, vector, undefined, kind, returnEip, readEflags(core));
  } catch (fault) {
    // SDM Vol. 2, "INT n/INTO/INT3/INT1": EXT is set for INT1 alone.
    throw kind === 'int1' && fault instanceof CpuException ? withExt(fault) : fault;
  }
  core.exceptionsMet = 0;
  if (hits !== 0) {
    core.debugTrap |= hits;
    core.attend(Attention.DEBUG_TRAP);
  }
}

function throwReported(vector: number): never {
  throw new CpuException(vector);
}

/** @param returnEip, eflags what the handler finds on its stack */
export function interrupt(
  core: Core,
  vector: number,
  errorCode: number | undefined,
  kind: InterruptKind,
  returnEip: number,
  eflags: number,
): void {
  core.cancelTraps();
  if (core.protectedMode) {
    if (!quickInterrupt(core, vector, errorCode, isSoftware(kind), returnEip, eflags))
      protectedInterrupt(core, { vector, errorCode, kind, returnEip, eflags });
  } else realInterrupt(core, { vector, errorCode, kind, returnEip, eflags });
  // SDM Vol. 3B, "Debug Control Register (DR7)": the processor clears GD on entering the debug exception's handler.
  if (vector === DB && kind !== 'int') core.i32[DR + 7] &= ~DR7_GD;
}

/** Whether the gate's DPL is checked. */
function isSoftware(kind: InterruptKind): boolean {
  return kind === 'int' || kind === 'int3' || kind === 'into';
}

function realInterrupt(core: Core, { vector, returnEip, eflags }: Interrupt): void {
  const m = core.i32;
  const at = vector * 4;
  if (at + 3 > m[IDTR_LIMIT]) raise(GP, vector * 8 + 2);
  const offset = readLinear(core, (m[IDTR_BASE] + at) | 0, 2, false);
  const selector = readLinear(core, (m[IDTR_BASE] + at + 2) | 0, 2, false);
  const stack = StackCursor.current(core);
  stack.push(2, eflags);
  stack.push(2, m[SELECTOR + CS]);
  stack.push(2, returnEip);
  m[ESP] = stack.sp;
  m[EFLAGS] &= ~(Eflags.IF | Eflags.TF | Eflags.AC | Eflags.RF);
  setParagraph(core, CS, selector);
  m[EIP] = offset;
  core.updateAlignmentCheck();
  core.updateAttention();
}

function protectedInterrupt(core: Core, event: Interrupt): void {
  const m = core.i32;
  const idtError = event.vector * 8 + 2;
  if (event.vector * 8 + 7 > m[IDTR_LIMIT]) raise(GP, idtError);
  const at = (m[IDTR_BASE] + event.vector * 8) | 0;
  const low = readLinear(core, at, 4, false);
  const high = readLinear(core, (at + 4) | 0, 4, false);
  const type = (high >> 8) & 0x1f;
  const known =
    type === SystemType.TASK_GATE ||
    type === SystemType.INTERRUPT_GATE16 ||
    type === SystemType.TRAP_GATE16 ||
    type === SystemType.INTERRUPT_GATE32 ||
    type === SystemType.TRAP_GATE32;
  if (!known) raise(GP, idtError);
  if (isSoftware(event.kind) && ((high >> 13) & 3) < core.cpl) raise(GP, idtError);
  if ((high & 0x8000) === 0) raise(NP, idtError);
  const selector = low >>> 16;
  if (type === SystemType.TASK_GATE) {
    switchTask(core, checkTss(core, selector), 'call', event.returnEip, event);
    return;
  }
  const size: Size = (type & 8) !== 0 ? 4 : 2;
  const offset = size === 4 ? (high & 0xffff_0000) | (low & 0xffff) : low & 0xffff;
  throughGate(core, event, selector, offset, size, (type & 1) === 0);
}

function throughGate(
  core: Core,
  event: Interrupt,
  selector: number,
  offset: number,
  size: Size,
  disableInterrupts: boolean,
): void {
  const m = core.i32;
  if (isNull(selector)) raise(GP, 0);
  const code = fetchDescriptor(core, selector);
  if (!isCode(code) || code.dpl > core.cpl) raiseSelector(GP, selector);
  if (!code.present) raiseSelector(NP, selector);
  const inner = !isConforming(code) && code.dpl < core.cpl;
  const virtual = core.virtual8086;
  if (virtual && !(inner && code.dpl === 0)) raiseSelector(GP, selector);
  const cpl = inner ? code.dpl : core.cpl;

  let stack = StackCursor.current(core);
  let stackSegment: { selector: number; descriptor: ReturnType<typeof checkStackSegment> } | undefined;
  if (inner) {
    const top = innerStack(core, cpl);
    const descriptor = checkStackSegment(core, top.selector, cpl, TS);
    stackSegment = { selector: top.selector, descriptor };
    stack = new StackCursor(core, descriptor, top.sp, cpl === 3, top.selector & 0xfffc);
    if (virtual) for (const segment of [GS, FS, DS, ES]) stack.push(size, m[SELECTOR + segment]);
    stack.push(size, m[SELECTOR + SS]);
    stack.push(size, m[ESP]);
  }
  stack.push(size, event.eflags);
  stack.push(size, m[SELECTOR + CS]);
  stack.push(size, event.returnEip);
  if (event.errorCode !== undefined) stack.push(size, event.errorCode);
  if (offset >>> 0 > code.limit) raise(GP, 0);

  if (stackSegment !== undefined) markAccessed(core, stackSegment.descriptor);
  markAccessed(core, code);
  m[EFLAGS] &= ~(Eflags.TF | Eflags.NT | Eflags.VM | Eflags.RF | (disableInterrupts ? Eflags.IF : 0));
  if (virtual) {
    updateAllEnds(core);
    for (const segment of [GS, FS, DS, ES]) setNull(core, segment, 0);
  }
  setCodeSegment(core, selector, code, cpl);
  if (stackSegment !== undefined) setFromDescriptor(core, SS, stackSegment.selector, stackSegment.descriptor);
  // With a 16-bit stack segment only SP is the new stack's.
  m[ESP] = stack.sp;
  m[EIP] = offset;
  core.updateAttention();
}

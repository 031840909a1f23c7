/**
 * Far jumps, calls and returns: segments, call gates, task gates and TSSs.
 * Intel SDM Vol. 2, JMP, CALL, RET: their pseudocode; Vol. 3A, "Privilege Checking When Transferring Control".
 *
 * Invariant: everything is checked and pushed before CS, SS, ESP and EIP change.
 */
import type { Size } from './access.ts';
import type { Core } from './core.ts';
import type { Descriptor } from './descriptors.ts';
import {
  SystemType,
  fetchDescriptor,
  isCode,
  isConforming,
  isNull,
  markAccessed,
  raiseSelector,
} from './descriptors.ts';
import { GP, NP, TS, raise } from './exception.ts';
import { setOuterStackPointer } from './interrupt-return.ts';
import { CS, EIP, ESP, LIMIT, SELECTOR, SS } from './registers.ts';
import {
  checkCodeSegment,
  checkStackSegment,
  dropInnerSegments,
  setCodeSegment,
  setFromDescriptor,
  setParagraph,
} from './segments.ts';
import { StackCursor } from './stack-cursor.ts';
import { checkTss, innerStack, switchTask } from './tasks.ts';

export function farJump(core: Core, selector: number, offset: number, returnEip: number): void {
  const m = core.i32;
  if (core.paragraphSegments) {
    if (offset >>> 0 > m[LIMIT + CS] >>> 0) raise(GP, 0);
    setParagraph(core, CS, selector);
    m[EIP] = offset;
    return;
  }
  if (isNull(selector)) raise(GP, 0);
  const target = fetchDescriptor(core, selector);
  if (target.codeOrData) {
    const code = checkCodeSegment(core, selector, core.cpl);
    enter(core, selector, code, offset);
    return;
  }
  checkGatePrivilege(core, selector, target);
  if (isCallGate(target)) {
    const { code, codeSelector, entry } = openGate(core, target);
    if (isConforming(code) ? code.dpl > core.cpl : code.dpl !== core.cpl) raiseSelector(GP, codeSelector);
    if (!code.present) raiseSelector(NP, codeSelector);
    enter(core, codeSelector, code, entry);
    return;
  }
  switchTask(core, taskOf(core, target), 'jump', returnEip);
}

export function farCall(core: Core, selector: number, offset: number, size: Size, returnEip: number): void {
  const m = core.i32;
  if (core.paragraphSegments) {
    if (offset >>> 0 > m[LIMIT + CS] >>> 0) raise(GP, 0);
    const stack = pushReturn(core, StackCursor.current(core), size, returnEip);
    m[ESP] = stack.sp;
    setParagraph(core, CS, selector);
    m[EIP] = offset;
    return;
  }
  if (isNull(selector)) raise(GP, 0);
  const target = fetchDescriptor(core, selector);
  if (target.codeOrData) {
    const code = checkCodeSegment(core, selector, core.cpl);
    const stack = pushReturn(core, StackCursor.current(core), size, returnEip);
    enter(core, selector, code, offset);
    m[ESP] = stack.sp;
    return;
  }
  checkGatePrivilege(core, selector, target);
  if (isCallGate(target)) callThroughGate(core, target, returnEip);
  else switchTask(core, taskOf(core, target), 'call', returnEip);
}

function pushReturn(core: Core, stack: StackCursor, size: Size, returnEip: number): StackCursor {
  stack.push(size, core.i32[SELECTOR + CS]);
  stack.push(size, returnEip);
  return stack;
}

function enter(core: Core, selector: number, code: Descriptor, offset: number): void {
  if (offset >>> 0 > code.limit) raise(GP, 0);
  setCodeSegment(core, selector, code, core.cpl);
  core.i32[EIP] = offset;
}

/** Gates and TSSs named by a far JMP or CALL. */
function checkGatePrivilege(core: Core, selector: number, target: Descriptor): void {
  const known =
    isCallGate(target) ||
    target.type === SystemType.TASK_GATE ||
    target.type === SystemType.TSS16 ||
    target.type === SystemType.TSS32;
  if (!known || target.dpl < core.cpl || target.dpl < (selector & 3)) raiseSelector(GP, selector);
  if (!target.present) raiseSelector(NP, selector);
}

function isCallGate(target: Descriptor): boolean {
  return target.type === SystemType.CALL_GATE16 || target.type === SystemType.CALL_GATE32;
}

function taskOf(core: Core, target: Descriptor): Descriptor {
  return target.type === SystemType.TASK_GATE ? checkTss(core, target.low >>> 16) : target;
}

function openGate(core: Core, gate: Descriptor): { code: Descriptor; codeSelector: number; entry: number } {
  const codeSelector = gate.low >>> 16;
  if (isNull(codeSelector)) raise(GP, 0);
  const code = fetchDescriptor(core, codeSelector);
  if (!isCode(code) || code.dpl > core.cpl) raiseSelector(GP, codeSelector);
  const wide = gate.type === SystemType.CALL_GATE32;
  const entry = wide ? (gate.high & 0xffff_0000) | (gate.low & 0xffff) : gate.low & 0xffff;
  return { code, codeSelector, entry };
}

function callThroughGate(core: Core, gate: Descriptor, returnEip: number): void {
  const m = core.i32;
  const size = gate.type === SystemType.CALL_GATE32 ? 4 : 2;
  const { code, codeSelector, entry } = openGate(core, gate);
  if (!code.present) raiseSelector(NP, codeSelector);
  if (isConforming(code) || code.dpl === core.cpl) {
    const stack = pushReturn(core, StackCursor.current(core), size, returnEip);
    enter(core, codeSelector, code, entry);
    m[ESP] = stack.sp;
    return;
  }
  const cpl = code.dpl;
  const top = innerStack(core, cpl);
  const stackSegment = checkStackSegment(core, top.selector, cpl, TS);
  const outer = StackCursor.current(core);
  const parameters = Array.from({ length: gate.high & 31 }, () => outer.pop(size));
  const stack = new StackCursor(core, stackSegment, top.sp, cpl === 3, top.selector & 0xfffc);
  stack.push(size, m[SELECTOR + SS]);
  stack.push(size, m[ESP]);
  for (const parameter of parameters.reverse()) stack.push(size, parameter);
  pushReturn(core, stack, size, returnEip);
  if (entry >>> 0 > code.limit) raise(GP, 0);
  markAccessed(core, stackSegment);
  setCodeSegment(core, codeSelector, code, cpl);
  setFromDescriptor(core, SS, top.selector, stackSegment);
  m[ESP] = stack.sp;
  m[EIP] = entry;
}

/** RETF. @param release bytes of parameters to drop */
export function farReturn(core: Core, size: Size, release: number): void {
  const m = core.i32;
  const stack = StackCursor.current(core);
  // The manual leaves open which word of the frame faults first; processors (test/conformance/host) begin with CS.
  stack.peek(size, size);
  const eip = stack.pop(size);
  const selector = stack.pop(size) & 0xffff;
  if (core.paragraphSegments) {
    if (eip >>> 0 > m[LIMIT + CS] >>> 0) raise(GP, 0);
    stack.skip(release);
    m[ESP] = stack.sp;
    setParagraph(core, CS, selector);
    m[EIP] = eip;
    return;
  }
  const cpl = selector & 3;
  // So do they read the outer stack before they look at the selector of another ring.
  if (cpl !== core.cpl) {
    stack.peek(size, release + size);
    stack.peek(size, release);
  }
  if (isNull(selector)) raise(GP, 0);
  const code = fetchDescriptor(core, selector);
  const allowed = isConforming(code) ? code.dpl <= cpl : code.dpl === cpl;
  if (!isCode(code) || cpl < core.cpl || !allowed) raiseSelector(GP, selector);
  if (!code.present) raiseSelector(NP, selector);
  stack.skip(release);
  if (cpl === core.cpl) {
    if (eip >>> 0 > code.limit) raise(GP, 0);
    m[ESP] = stack.sp;
    setCodeSegment(core, selector, code, cpl);
    m[EIP] = eip;
    return;
  }
  const esp = stack.pop(size);
  const ss = stack.pop(size) & 0xffff;
  const stackSegment = checkStackSegment(core, ss, cpl, GP);
  if (eip >>> 0 > code.limit) raise(GP, 0);
  markAccessed(core, stackSegment);
  setCodeSegment(core, selector, code, cpl);
  setFromDescriptor(core, SS, ss, stackSegment);
  setOuterStackPointer(core, esp, size);
  // The parameters lie on the outer stack too.
  const outer = StackCursor.current(core);
  outer.skip(release);
  m[ESP] = outer.sp;
  m[EIP] = eip;
  dropInnerSegments(core);
}

/**
 * The task state segment: inner stacks and the hardware task switch.
 * Intel SDM Vol. 3A, "Task Management", "Task Switching".
 *
 * Invariant: until the new task's registers are loaded, a fault belongs to the old task and leaves it as it was;
 * from then on it belongs to the new one, whose EIP is already in place.
 */
import type { Size } from './access.ts';
import { probeLinear, readLinear, writeLinear } from './access.ts';
import { noteControlWrite, loadCr3, setCr0 } from './control-registers.ts';
import type { Core } from './core.ts';
import { Attention } from './core.ts';
import type { Descriptor } from './descriptors.ts';
import {
  SystemType,
  changeType,
  fetchDescriptor,
  isCode,
  isConforming,
  isNull,
  isReadable,
  isWritableData,
  markAccessed,
  raiseSelector,
  readDescriptorAt,
  descriptorAddress,
  tryDescriptor,
} from './descriptors.ts';
import { GP, NP, SS_FAULT, TS, raise } from './exception.ts';
import { readEflags, setArithmeticFlags, ARITHMETIC_FLAGS } from './flags.ts';
import {
  ATTRIBUTES,
  BASE,
  CR0,
  CR3,
  CS,
  Cr0,
  DR,
  DS,
  EAX,
  EFLAGS,
  EIP,
  ES,
  ESP,
  Eflags,
  FS,
  GS,
  LDTR,
  LIMIT,
  SELECTOR,
  SS,
  TR,
} from './registers.ts';
import {
  loadDataSegment,
  setCodeSegment,
  setFromDescriptor,
  setHidden,
  setNull,
  setParagraph,
  updateAllEnds,
} from './segments.ts';
import { StackCursor } from './stack-cursor.ts';

interface TssFormat {
  readonly size: Size & (2 | 4);
  readonly limitMin: number;
  readonly cr3: number | undefined;
  readonly eip: number;
  readonly eflags: number;
  readonly general: number;
  readonly segments: number;
  readonly segmentCount: number;
  readonly segmentStep: number;
  readonly ldt: number;
  readonly trap: number | undefined;
}

// prettier-ignore
const TSS32: TssFormat = {
  size: 4, limitMin: 0x67, cr3: 0x1c, eip: 0x20, eflags: 0x24, general: 0x28,
  segments: 0x48, segmentCount: 6, segmentStep: 4, ldt: 0x60, trap: 0x64,
};
// prettier-ignore
const TSS16: TssFormat = {
  size: 2, limitMin: 0x2b, cr3: undefined, eip: 0x0e, eflags: 0x10, general: 0x12,
  segments: 0x22, segmentCount: 4, segmentStep: 2, ldt: 0x2a, trap: undefined,
};

const IS_32 = 8;
const BUSY = 2;
const DR7_LOCAL = 0x155;
/** Of an image: all but VIF and VIP, which CPUID does not announce, and what is reserved. */
const EFLAGS_LOADED = 0x27_7fd5;

/** SS and ESP for an inner ring, from the current TSS. @throws CpuException #TS(TR) when it is too short */
export function innerStack(core: Core, ring: number): { selector: number; sp: number } {
  const m = core.i32;
  const wide = (m[ATTRIBUTES + TR] & IS_32) !== 0;
  const offset = wide ? 4 + ring * 8 : 2 + ring * 4;
  const size = wide ? 4 : 2;
  if (offset + size + 1 > m[LIMIT + TR] >>> 0) raiseSelector(TS, m[SELECTOR + TR]);
  const at = (m[BASE + TR] + offset) | 0;
  return { sp: readLinear(core, at, size, false), selector: readLinear(core, (at + size) | 0, 2, false) };
}

export type TaskSwitchSource = 'jump' | 'call' | 'iret';

/** The TSS a JMP, CALL or task gate names. @throws CpuException #GP, #NP */
export function checkTss(core: Core, selector: number, vector: number = GP): Descriptor {
  if (isNull(selector) || (selector & 4) !== 0) raiseSelector(vector, selector);
  const descriptor = fetchDescriptor(core, selector, vector);
  const available =
    !descriptor.codeOrData && (descriptor.type === SystemType.TSS16 || descriptor.type === SystemType.TSS32);
  if (!available) raiseSelector(vector, selector);
  if (!descriptor.present) raiseSelector(NP, selector);
  return descriptor;
}

/**
 * @param returnEip what the old task resumes with. `call` is also what task gates do.
 * @param event of a task gate: what is pushed in the new task, and the EFLAGS that the old task resumes with
 */
export function switchTask(
  core: Core,
  target: Descriptor,
  source: TaskSwitchSource,
  returnEip: number,
  event?: { readonly errorCode: number | undefined; readonly eflags: number },
): void {
  const m = core.i32;
  const format = (target.type & IS_32) !== 0 ? TSS32 : TSS16;
  if (target.limit < format.limitMin) raiseSelector(TS, target.selector);
  const oldFormat = (m[ATTRIBUTES + TR] & IS_32) !== 0 ? TSS32 : TSS16;
  const oldBase = m[BASE + TR];

  // SDM Vol. 3A, "Accessed and Dirty Flags": a page is dirty once it is written to, which of the new TSS only the link is.
  const saved = oldFormat.segments + oldFormat.segmentCount * oldFormat.segmentStep - oldFormat.eip;
  probeLinear(core, (oldBase + oldFormat.eip) | 0, saved, false, true);
  probeLinear(core, target.base, format.limitMin + 1, false, false);
  if (source === 'call') probeLinear(core, target.base, 2, false, true);
  const next = readTask(core, target.base, format);

  const oldFlags = (event?.eflags ?? readEflags(core)) & (source === 'iret' ? ~Eflags.NT : -1);
  const oldSelector = m[SELECTOR + TR];
  if (source !== 'call') setBusy(core, oldSelector, false);
  saveTask(core, oldBase, oldFormat, returnEip, oldFlags);
  if (source === 'call') writeLinear(core, target.base, 2, oldSelector, false);
  if (source !== 'iret') changeType(core, target, BUSY);

  const attributes = target.attributes | BUSY;
  setHidden(core, TR, target.selector, target.base, target.limit, attributes);
  setCr0(core, m[CR0] | Cr0.TS);
  // SDM Vol. 3B, "Debug Control Register (DR7)": a task switch clears the local enable bits.
  if ((m[DR + 7] & DR7_LOCAL) !== 0) {
    m[DR + 7] &= ~DR7_LOCAL;
    core.breakpoints.update();
  }
  core.block = undefined;
  loadTask(core, format, next, source === 'call');

  if (event?.errorCode !== undefined) {
    const stack = StackCursor.current(core);
    stack.push(format.size, event.errorCode);
    m[ESP] = stack.sp;
  }
  // SDM Vol. 2, INT n, "TASK-GATE": the limit is checked once the error code has been pushed.
  if (m[EIP] >>> 0 > m[LIMIT + CS] >>> 0) raise(GP, 0);
  if ((next.trap & 1) !== 0) {
    core.debugTrap |= 0x8000;
    core.attend(Attention.DEBUG_TRAP);
  }
}

interface TaskImage {
  readonly cr3: number;
  readonly eip: number;
  readonly eflags: number;
  readonly general: readonly number[];
  readonly segments: readonly number[];
  readonly ldt: number;
  readonly trap: number;
}

function readTask(core: Core, base: number, format: TssFormat): TaskImage {
  const read = (offset: number, size: Size): number => readLinear(core, (base + offset) | 0, size, false);
  const general = Array.from({ length: 8 }, (_, n) => {
    const value = read(format.general + n * format.size, format.size);
    return format.size === 4 ? value : value | (0xffff_0000 | 0);
  });
  const segments = Array.from({ length: 6 }, (_, n) =>
    n < format.segmentCount ? read(format.segments + n * format.segmentStep, 2) : 0,
  );
  return {
    cr3: format.cr3 === undefined ? 0 : read(format.cr3, 4),
    eip: read(format.eip, format.size),
    eflags: read(format.eflags, format.size),
    general,
    segments,
    ldt: read(format.ldt, 2),
    trap: format.trap === undefined ? 0 : read(format.trap, 2),
  };
}

function saveTask(core: Core, base: number, format: TssFormat, eip: number, eflags: number): void {
  const m = core.i32;
  const write = (offset: number, size: Size, value: number): void => {
    writeLinear(core, (base + offset) | 0, size, value, false);
  };
  write(format.eip, format.size, eip);
  write(format.eflags, format.size, eflags);
  for (let n = 0; n < 8; n++) write(format.general + n * format.size, format.size, m[EAX + n]);
  for (let n = 0; n < format.segmentCount; n++) {
    write(format.segments + n * format.segmentStep, 2, m[SELECTOR + n]);
  }
}

function setBusy(core: Core, selector: number, busy: boolean): void {
  const address = descriptorAddress(core, selector);
  if (address === undefined) return;
  changeType(core, readDescriptorAt(core, selector, address), busy ? BUSY : 0, busy ? 0 : BUSY);
}

/** Loads the registers, then the segments; faults from here on are the new task's. */
function loadTask(core: Core, format: TssFormat, next: TaskImage, nested: boolean): void {
  const m = core.i32;
  if (format.cr3 !== undefined && (m[CR0] & Cr0.PG) !== 0 && m[CR3] !== next.cr3) {
    const old = m[CR3];
    loadCr3(core, next.cr3);
    noteControlWrite(core, 'cr3', old);
  }
  m[EIP] = next.eip;
  const eflags = next.eflags | (nested ? Eflags.NT : 0);
  const kept = format.size === 2 ? m[EFLAGS] & 0xffff_0000 & ~(Eflags.VM | Eflags.RF) : 0;
  m[EFLAGS] = kept | (eflags & EFLAGS_LOADED & ~ARITHMETIC_FLAGS) | 2;
  setArithmeticFlags(core, eflags);
  for (let n = 0; n < 8; n++) m[EAX + n] = next.general[n];
  // Selectors first, all unusable: a fault while loading one leaves the rest as the manual says.
  for (let segment = ES; segment <= GS; segment++) setHidden(core, segment, next.segments[segment], 0, 0, 0);
  setHidden(core, LDTR, next.ldt, 0, 0, 0);
  updateAllEnds(core);
  const virtual = core.virtual8086;
  core.setCpl(virtual ? 3 : next.segments[CS] & 3);
  core.updateAttention();
  loadTaskSegments(core, next, virtual);
}

/**
 * SDM Vol. 3A, Table "Exception Conditions Checked During a Task Switch": its order "is the order used in the P6 family
 * processors", and of two bad selectors it decides which one the error code names.
 */
function loadTaskSegments(core: Core, { ldt, segments }: TaskImage, virtual: boolean): void {
  const ldtPresent = loadLdt(core, ldt);
  if (!virtual) {
    checkTaskCodePrivilege(core, segments[CS]);
    loadTaskStack(core, segments[SS]);
  }
  if (!ldtPresent) raiseSelector(TS, ldt);
  if (virtual) {
    for (let segment = ES; segment <= GS; segment++) setParagraph(core, segment, segments[segment]);
    core.setCpl(3);
    return;
  }
  loadTaskCode(core, segments[CS]);
  if ((segments[SS] & 3) !== core.cpl) raiseSelector(TS, segments[SS]);
  for (const segment of [DS, ES, FS, GS]) loadTaskData(core, segment, segments[segment]);
}

/** "Code segment DPL matches segment selector RPL": asked before whether there is such a segment at all. */
function checkTaskCodePrivilege(core: Core, selector: number): void {
  const descriptor = tryDescriptor(core, selector);
  if (descriptor === undefined || !isCode(descriptor)) return;
  const rpl = selector & 3;
  if (isConforming(descriptor) ? descriptor.dpl > rpl : descriptor.dpl !== rpl) raiseSelector(TS, selector);
}

function loadTaskStack(core: Core, selector: number): void {
  if (isNull(selector)) raise(TS, 0);
  const descriptor = fetchDescriptor(core, selector, TS);
  if (!isWritableData(descriptor)) raiseSelector(TS, selector);
  if (!descriptor.present) raiseSelector(SS_FAULT, selector);
  if (descriptor.dpl !== core.cpl) raiseSelector(TS, selector);
  markAccessed(core, descriptor);
  setFromDescriptor(core, SS, selector, descriptor);
}

function loadTaskCode(core: Core, selector: number): void {
  if (isNull(selector)) raise(TS, 0);
  const descriptor = fetchDescriptor(core, selector, TS);
  if (!isCode(descriptor)) raiseSelector(TS, selector);
  if (!descriptor.present) raiseSelector(NP, selector);
  setCodeSegment(core, selector, descriptor, selector & 3);
}

/** Unlike MOV, a task switch looks at the P bit before the privilege level. */
function loadTaskData(core: Core, segment: number, selector: number): void {
  if (!isNull(selector)) {
    const descriptor = fetchDescriptor(core, selector, TS);
    if (isReadable(descriptor) && !descriptor.present) raiseSelector(NP, selector);
  }
  loadDataSegment(core, segment, selector, TS);
}

/** @returns whether the LDT, if there is one, is present; if not, it cannot be used */
function loadLdt(core: Core, selector: number): boolean {
  setNull(core, LDTR, selector);
  if (isNull(selector)) return true;
  if ((selector & 4) !== 0) raiseSelector(TS, selector);
  const descriptor = fetchDescriptor(core, selector, TS);
  if (descriptor.codeOrData || descriptor.type !== SystemType.LDT) raiseSelector(TS, selector);
  if (descriptor.present) setFromDescriptor(core, LDTR, selector, descriptor);
  return descriptor.present;
}

/** IRET with NT set: back to the task whose selector stands in the link field. */
export function returnToPreviousTask(core: Core, returnEip: number): void {
  const selector = readLinear(core, core.i32[BASE + TR], 2, false);
  if ((selector & 4) !== 0 || isNull(selector)) raiseSelector(TS, selector);
  const descriptor = fetchDescriptor(core, selector, TS);
  const busy =
    !descriptor.codeOrData && (descriptor.type === SystemType.TSS16_BUSY || descriptor.type === SystemType.TSS32_BUSY);
  if (!busy) raiseSelector(TS, selector);
  if (!descriptor.present) raiseSelector(NP, selector);
  switchTask(core, descriptor, 'iret', returnEip);
}

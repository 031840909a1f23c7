/**
 * Segment registers and their hidden parts. Intel SDM Vol. 3A, "Segment Registers", "Segment Loading"; Vol. 2, MOV.
 *
 * Invariant: READ_END, WRITE_END and FETCH_END follow from base, limit, attributes and mode; `setHidden` and
 * `updateAllEnds` alone write them.
 */
import type { Core } from './core.ts';
import type { Descriptor } from './descriptors.ts';
import {
  fetchDescriptor,
  isCode,
  isConforming,
  isNull,
  isReadable,
  isWritableData,
  markAccessed,
  raiseSelector,
} from './descriptors.ts';
import { GP, NP, SS_FAULT, raise } from './exception.ts';
import { quickLoadData } from './quick-transfers.ts';
import {
  ATTRIBUTES,
  Attribute,
  BASE,
  CS,
  DS,
  ES,
  FETCH_END,
  FS,
  GS,
  LIMIT,
  READ_END,
  SELECTOR,
  SS,
  WRITE_END,
} from './registers.ts';

const DATA_RW_ACCESSED = 0x93;
const V86_ATTRIBUTES = 0xf3;
const DATA_SEGMENTS = [ES, DS, FS, GS] as const;

export function setHidden(
  core: Core,
  segment: number,
  selector: number,
  base: number,
  limit: number,
  attributes: number,
): void {
  const m = core.i32;
  m[SELECTOR + segment] = selector;
  m[BASE + segment] = base;
  m[LIMIT + segment] = limit;
  m[ATTRIBUTES + segment] = attributes;
  updateEnds(core, segment);
  if (segment === CS || segment === SS) core.updateMode();
  if (segment === CS) core.fetchLinearPage = -1;
}

function updateEnds(core: Core, segment: number): void {
  const m = core.i32;
  const attributes = m[ATTRIBUTES + segment];
  const limit = m[LIMIT + segment] >>> 0;
  const end = limit >= 3 ? limit - 2 : 0;
  if (core.paragraphSegments) {
    m[READ_END + segment] = end;
    m[WRITE_END + segment] = end;
  } else {
    const code = (attributes & Attribute.CODE) !== 0;
    const rw = (attributes & Attribute.RW) !== 0;
    const expandDown = !code && (attributes & Attribute.DOWN_OR_CONFORMING) !== 0;
    const usable = (attributes & Attribute.P) !== 0 && !expandDown;
    m[READ_END + segment] = usable && (!code || rw) ? end : 0;
    m[WRITE_END + segment] = usable && !code && rw ? end : 0;
  }
  if (segment === CS) m[FETCH_END] = limit >= 0xfff ? limit - 0xffe : 0;
}

/** After CR0.PE or EFLAGS.VM changed. */
export function updateAllEnds(core: Core): void {
  for (let segment = ES; segment <= GS; segment++) updateEnds(core, segment);
  core.updateMode();
}

export function setFromDescriptor(core: Core, segment: number, selector: number, descriptor: Descriptor): void {
  const attributes = descriptor.attributes | (descriptor.codeOrData ? Attribute.ACCESSED : 0);
  setHidden(core, segment, selector, descriptor.base, descriptor.limit, attributes);
}

/** Makes a data segment register unusable until it is loaded again. */
export function setNull(core: Core, segment: number, selector: number): void {
  setHidden(core, segment, selector, 0, 0, 0);
}

/** Loads CS after every check was made; the selector's RPL becomes the CPL. */
export function setCodeSegment(core: Core, selector: number, descriptor: Descriptor, cpl: number): void {
  markAccessed(core, descriptor);
  setFromDescriptor(core, CS, (selector & 0xfffc) | cpl, descriptor);
  core.setCpl(cpl);
}

/** A paragraph: real and virtual-8086 mode. SDM Vol. 3B, "Real-Address Mode Operation": limits are left as they were. */
export function setParagraph(core: Core, segment: number, selector: number): void {
  const m = core.i32;
  if (core.virtual8086) {
    setHidden(core, segment, selector, selector << 4, 0xffff, V86_ATTRIBUTES);
    return;
  }
  const old = m[ATTRIBUTES + segment];
  const attributes = segment === CS ? old : (old & 0xff00) | DATA_RW_ACCESSED;
  setHidden(core, segment, selector, selector << 4, m[LIMIT + segment], attributes);
}

/**
 * MOV, POP and LxS to a data or stack segment register.
 * @throws CpuException #GP, #NP, #SS with the selector, or #PF from the descriptor table
 */
export function loadSegment(core: Core, segment: number, selector: number): void {
  if (core.paragraphSegments) {
    setParagraph(core, segment, selector);
    return;
  }
  if (segment === SS) {
    loadStackSegment(core, selector);
    return;
  }
  if (!quickLoadData(core, segment, selector)) loadDataSegment(core, segment, selector, GP);
}

/** @param vector #GP for instructions, #TS for a task switch */
export function loadDataSegment(core: Core, segment: number, selector: number, vector: number): void {
  if (isNull(selector)) {
    setNull(core, segment, selector);
    return;
  }
  const descriptor = fetchDescriptor(core, selector, vector);
  if (!isReadable(descriptor)) raiseSelector(vector, selector);
  if (!isConforming(descriptor) && ((selector & 3) > descriptor.dpl || core.cpl > descriptor.dpl)) {
    raiseSelector(vector, selector);
  }
  if (!descriptor.present) raiseSelector(NP, selector);
  markAccessed(core, descriptor);
  setFromDescriptor(core, segment, selector, descriptor);
}

function loadStackSegment(core: Core, selector: number): void {
  const descriptor = checkStackSegment(core, selector, core.cpl, GP);
  markAccessed(core, descriptor);
  setFromDescriptor(core, SS, selector, descriptor);
}

/**
 * The checks of a stack segment for code of privilege `cpl`.
 * @param vector #GP for loads and returns, #TS for stacks from a TSS
 */
export function checkStackSegment(core: Core, selector: number, cpl: number, vector: number): Descriptor {
  if (isNull(selector)) raise(vector, 0);
  const descriptor = fetchDescriptor(core, selector, vector);
  if ((selector & 3) !== cpl || descriptor.dpl !== cpl || !isWritableData(descriptor)) {
    raiseSelector(vector, selector);
  }
  if (!descriptor.present) raiseSelector(SS_FAULT, selector);
  return descriptor;
}

/** On a return to an outer ring, data segments the new CPL may not use become null. SDM Vol. 2, RET. */
export function dropInnerSegments(core: Core): void {
  const m = core.i32;
  for (const segment of DATA_SEGMENTS) {
    const attributes = m[ATTRIBUTES + segment];
    // What became null on the last return mostly still is.
    if ((attributes | m[SELECTOR + segment] | m[LIMIT + segment] | m[BASE + segment]) === 0) continue;
    const conforming =
      (attributes & (Attribute.CODE | Attribute.DOWN_OR_CONFORMING)) ===
      (Attribute.CODE | Attribute.DOWN_OR_CONFORMING);
    if (!conforming && ((attributes >> 5) & 3) < core.cpl) setNull(core, segment, 0);
  }
}

/** @returns the descriptor of a code segment a far transfer names. @throws #GP(selector), #NP(selector) */
export function checkCodeSegment(core: Core, selector: number, cpl: number): Descriptor {
  if (isNull(selector)) raise(GP, 0);
  const descriptor = fetchDescriptor(core, selector);
  if (!isCode(descriptor)) raiseSelector(GP, selector);
  if (isConforming(descriptor)) {
    if (descriptor.dpl > cpl) raiseSelector(GP, selector);
  } else if ((selector & 3) > cpl || descriptor.dpl !== cpl) {
    raiseSelector(GP, selector);
  }
  if (!descriptor.present) raiseSelector(NP, selector);
  return descriptor;
}

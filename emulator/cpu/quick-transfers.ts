/**
 * The common cases of interrupts, IRET and segment loads, without descriptor objects: 32-bit gates and segments, every
 * table and stack in one page each that the fast tables hold, nothing to mark as accessed. Pages with data probes are in no
 * fast table.
 * Intel SDM Vol. 2, INT n and IRET/IRETD: their pseudocode; Vol. 3A, "Segment Descriptors".
 *
 * Invariant: each function either does what interrupts.ts, interrupt-return.ts or segments.ts would do, or returns false
 * and has changed nothing. No fault is raised here. test/unit/cpu/quick-transfers.test.ts compares them.
 */
import { layout } from '../memory/layout.ts';
import { Mode, type Core } from './core.ts';
import {
  ATTRIBUTES,
  BASE,
  CS,
  EFLAGS,
  EIP,
  ESP,
  Eflags,
  GDTR_BASE,
  GDTR_LIMIT,
  IDTR_BASE,
  IDTR_LIMIT,
  LIMIT,
  READ_END,
  SELECTOR,
  SS,
  TR,
  WRITE_END,
} from './registers.ts';
import { dropInnerSegments, setHidden } from './segments.ts';

const READ_SUPERVISOR = layout.readSupervisor / 4;
const WRITE_SUPERVISOR = layout.writeSupervisor / 4;

// The high dword of descriptors and gates: which bits are compared, and what they have to be.
/** P, and the type without its lowest bit: a 32-bit interrupt or trap gate. */
const GATE_BITS = 0x9e00;
const GATE = 0x8e00;
const TRAP_GATE = 0x100;
/** P, S, code, not conforming, accessed. */
const CODE_BITS = 0x9d00;
const CODE = 0x9900;
/** P, S, data, upwards, writable, accessed; B. */
const STACK_BITS = 0x40_9f00;
const STACK = 0x40_9300;
/** P, S, data, accessed. */
const DATA_BITS = 0x9900;
const DATA = 0x9100;
/** In the attributes of TR: a 32-bit TSS. */
const TSS_32 = 8;

/** Index in `i32` of two dwords that the supervisor may read without a look at the page tables; 0: not so. */
function quadAt(core: Core, linear: number): number {
  const addend = core.i32[READ_SUPERVISOR + (linear >>> 12)];
  return addend === 0 || (linear & 3) !== 0 || (linear & 0xfff) > 0xff8 ? 0 : (linear + addend) >> 2;
}

/** The same for a descriptor in the GDT. */
function descriptorAt(core: Core, selector: number): number {
  const m = core.i32;
  if ((selector & 0xfffc) === 0 || (selector & 4) !== 0 || ((selector & 0xffff) | 7) > m[GDTR_LIMIT]) return 0;
  return quadAt(core, (m[GDTR_BASE] + (selector & 0xfff8)) | 0);
}

function dplOf(high: number): number {
  return (high >> 13) & 3;
}

/** In bytes, unsigned. */
function limitOf(low: number, high: number): number {
  const raw = (low & 0xffff) | (high & 0xf_0000);
  return (high & 0x80_0000) !== 0 ? ((raw << 12) | 0xfff) >>> 0 : raw;
}

function setSegment(core: Core, segment: number, selector: number, low: number, high: number): void {
  const base = ((high & 0xff) << 16) | (high & 0xff00_0000) | (low >>> 16);
  setHidden(core, segment, selector, base, limitOf(low, high), (high >>> 8) & 0xf0ff);
}

/** MOV, POP and LxS to ES, DS, FS, GS in protected mode: a data segment that is accessed already. */
export function quickLoadData(core: Core, segment: number, selector: number): boolean {
  const at = descriptorAt(core, selector);
  if (at === 0) return false;
  const high = core.i32[at + 1];
  if ((high & DATA_BITS) !== DATA || (selector & 3) > dplOf(high) || core.cpl > dplOf(high)) return false;
  setSegment(core, segment, selector, core.i32[at], high);
  return true;
}

/**
 * An interrupt or exception in protected mode through a 32-bit gate, to the same or an inner ring.
 * @param software whether the gate's DPL is checked; @param returnEip, eflags what is pushed
 */
export function quickInterrupt(
  core: Core,
  vector: number,
  errorCode: number | undefined,
  software: boolean,
  returnEip: number,
  eflags: number,
): boolean {
  const m = core.i32;
  if ((m[EFLAGS] & Eflags.VM) !== 0 || vector * 8 + 7 > m[IDTR_LIMIT]) return false;
  const gate = quadAt(core, (m[IDTR_BASE] + vector * 8) | 0);
  if (gate === 0) return false;
  const gateHigh = m[gate + 1];
  const { cpl } = core;
  if ((gateHigh & GATE_BITS) !== GATE || (software && dplOf(gateHigh) < cpl)) return false;
  const selector = m[gate] >>> 16;
  const offset = (gateHigh & 0xffff_0000) | (m[gate] & 0xffff);
  const code = descriptorAt(core, selector);
  if (code === 0) return false;
  const codeLow = m[code];
  const codeHigh = m[code + 1];
  const ring = dplOf(codeHigh);
  if ((codeHigh & CODE_BITS) !== CODE || ring > cpl || offset >>> 0 > limitOf(codeLow, codeHigh)) return false;

  const inner = ring < cpl;
  let bytes = errorCode === undefined ? 12 : 16;
  let sp = m[ESP];
  let base = m[BASE + SS];
  let stackSelector = 0;
  let stack = 0;
  if (inner) {
    const top = 4 + ring * 8;
    if ((m[ATTRIBUTES + TR] & TSS_32) === 0 || top + 5 > m[LIMIT + TR] >>> 0) return false;
    const tss = quadAt(core, (m[BASE + TR] + top) | 0);
    if (tss === 0) return false;
    sp = m[tss];
    stackSelector = m[tss + 1] & 0xffff;
    stack = descriptorAt(core, stackSelector);
    if (stack === 0) return false;
    const low = m[stack];
    const high = m[stack + 1];
    if ((high & STACK_BITS) !== STACK || dplOf(high) !== ring || (stackSelector & 3) !== ring) return false;
    if ((sp - 1) >>> 0 > limitOf(low, high)) return false;
    base = ((high & 0xff) << 16) | (high & 0xff00_0000) | (low >>> 16);
    bytes += 8;
  } else if ((core.mode & Mode.STACK32) === 0 || (sp - 4) >>> 0 >= m[WRITE_END + SS] >>> 0) return false;

  // All that is pushed lies in one page, and above offset 0.
  if (sp >>> 0 < bytes) return false;
  const linear = (base + sp - bytes) | 0;
  const addend = m[(inner ? WRITE_SUPERVISOR : core.writeTable) + (linear >>> 12)];
  if (addend === 0 || (linear & 3) !== 0 || (linear & 0xfff) + bytes > 0x1000) return false;
  let at = (linear + addend) >> 2;
  if (errorCode !== undefined) m[at++] = errorCode;
  m[at] = returnEip;
  m[at + 1] = m[SELECTOR + CS];
  m[at + 2] = eflags;
  if (inner) {
    m[at + 3] = m[ESP];
    m[at + 4] = m[SELECTOR + SS];
  }
  m[EFLAGS] &= ~(Eflags.TF | Eflags.NT | Eflags.RF | ((gateHigh & TRAP_GATE) === 0 ? Eflags.IF : 0));
  setSegment(core, CS, (selector & 0xfffc) | ring, codeLow, codeHigh);
  core.setCpl(ring);
  if (inner) setSegment(core, SS, stackSelector, m[stack], m[stack + 1]);
  m[ESP] = sp - bytes;
  m[EIP] = offset;
  core.updateAttention();
  return true;
}

/**
 * IRETD in protected mode, to the same or an outer ring, with everything but the flags.
 * @returns EFLAGS as popped, or -1 and nothing has changed; bit 31 is no flag
 */
export function quickInterruptReturn(core: Core): number {
  const m = core.i32;
  const esp = m[ESP];
  // The frame of an outer ring is longer; a shorter one near the end of a page is left to the general way too.
  if ((core.mode & Mode.STACK32) === 0 || (esp + 16) >>> 0 < 16) return -1;
  if ((esp + 16) >>> 0 >= m[READ_END + SS] >>> 0) return -1;
  const linear = (m[BASE + SS] + esp) | 0;
  const addend = m[core.readTable + (linear >>> 12)];
  if (addend === 0 || (linear & 3) !== 0 || (linear & 0xfff) > 0x1000 - 20) return -1;
  const at = (linear + addend) >> 2;
  const eip = m[at];
  const selector = m[at + 1] & 0xffff;
  const eflags = m[at + 2];
  const cpl = selector & 3;
  if (eflags < 0 || (eflags & Eflags.VM) !== 0 || cpl < core.cpl) return -1;
  const code = descriptorAt(core, selector);
  if (code === 0) return -1;
  const codeLow = m[code];
  const codeHigh = m[code + 1];
  if ((codeHigh & CODE_BITS) !== CODE || dplOf(codeHigh) !== cpl || eip >>> 0 > limitOf(codeLow, codeHigh)) return -1;
  if (cpl === core.cpl) {
    setSegment(core, CS, selector, codeLow, codeHigh);
    core.setCpl(cpl);
    m[ESP] = esp + 12;
  } else {
    const outerEsp = m[at + 3];
    const stackSelector = m[at + 4] & 0xffff;
    const stack = descriptorAt(core, stackSelector);
    if (stack === 0) return -1;
    const high = m[stack + 1];
    if ((high & STACK_BITS) !== STACK || dplOf(high) !== cpl || (stackSelector & 3) !== cpl) return -1;
    setSegment(core, CS, selector, codeLow, codeHigh);
    core.setCpl(cpl);
    setSegment(core, SS, stackSelector, m[stack], high);
    m[ESP] = outerEsp;
    dropInnerSegments(core);
  }
  m[EIP] = eip;
  return eflags;
}

/**
 * Segment descriptors and gates in the GDT, LDT and IDT. Intel SDM Vol. 3A, "Segment Descriptors", "System Descriptor
 * Types", "Call Gates".
 *
 * Invariant: tables are read and written as the supervisor, whatever the CPL.
 */
import { readLinear, writeLinear } from './access.ts';
import type { Core } from './core.ts';
import { GP, raise } from './exception.ts';
import { ATTRIBUTES, Attribute, BASE, GDTR_BASE, GDTR_LIMIT, LDTR, LIMIT } from './registers.ts';

export interface Descriptor {
  readonly selector: number;
  /** Linear address of the descriptor itself. */
  readonly address: number;
  readonly low: number;
  readonly high: number;
  readonly base: number;
  /** In bytes, unsigned, granularity applied. */
  readonly limit: number;
  /** As in the ATTRIBUTES slots (registers.ts). */
  readonly attributes: number;
  readonly dpl: number;
  readonly present: boolean;
  /** Code or data; false for gates, TSSs and LDTs. */
  readonly codeOrData: boolean;
  readonly type: number;
}

/** Types of system descriptors. SDM Vol. 3A, Table "System-Segment and Gate-Descriptor Types". */
export const SystemType = {
  TSS16: 1,
  LDT: 2,
  TSS16_BUSY: 3,
  CALL_GATE16: 4,
  TASK_GATE: 5,
  INTERRUPT_GATE16: 6,
  TRAP_GATE16: 7,
  TSS32: 9,
  TSS32_BUSY: 11,
  CALL_GATE32: 12,
  INTERRUPT_GATE32: 14,
  TRAP_GATE32: 15,
} as const;

export function isNull(selector: number): boolean {
  return (selector & 0xfffc) === 0;
}

/** Raises a fault whose error code names a selector; the RPL bits are not part of it. */
export function raiseSelector(vector: number, selector: number): never {
  raise(vector, selector & 0xfffc);
}

/** @returns linear address, or undefined when the index is beyond the table's limit or there is no LDT */
export function descriptorAddress(core: Core, selector: number): number | undefined {
  const m = core.i32;
  const offset = selector & 0xfff8;
  if ((selector & 4) !== 0) {
    const valid = (m[ATTRIBUTES + LDTR] & Attribute.P) !== 0 && offset + 7 <= m[LIMIT + LDTR] >>> 0;
    return valid ? (m[BASE + LDTR] + offset) | 0 : undefined;
  }
  return offset + 7 <= m[GDTR_LIMIT] ? (m[GDTR_BASE] + offset) | 0 : undefined;
}

export function parseDescriptor(selector: number, address: number, low: number, high: number): Descriptor {
  const rawLimit = (low & 0xffff) | (high & 0xf_0000);
  const attributes = (high >>> 8) & 0xf0ff;
  return {
    selector,
    address,
    low,
    high,
    base: ((high & 0xff) << 16) | (high & 0xff00_0000) | (low >>> 16),
    limit: (attributes & Attribute.G) !== 0 ? ((rawLimit << 12) | 0xfff) >>> 0 : rawLimit,
    attributes,
    dpl: (attributes >> 5) & 3,
    present: (attributes & Attribute.P) !== 0,
    codeOrData: (attributes & Attribute.S) !== 0,
    type: attributes & 15,
  };
}

export function readDescriptorAt(core: Core, selector: number, address: number): Descriptor {
  const low = readLinear(core, address, 4, false);
  const high = readLinear(core, (address + 4) | 0, 4, false);
  return parseDescriptor(selector, address, low, high);
}

/** @throws CpuException `vector`(selector) when the selector is outside its table */
export function fetchDescriptor(core: Core, selector: number, vector: number = GP): Descriptor {
  const address = descriptorAddress(core, selector);
  if (address === undefined) raiseSelector(vector, selector);
  return readDescriptorAt(core, selector, address);
}

/** For LAR, LSL, VERR, VERW: no descriptor is no fault. */
export function tryDescriptor(core: Core, selector: number): Descriptor | undefined {
  if (isNull(selector)) return undefined;
  const address = descriptorAddress(core, selector);
  return address === undefined ? undefined : readDescriptorAt(core, selector, address);
}

/** Sets (and, for the busy bit of a TSS, clears) bits of the type field in memory. */
export function changeType(core: Core, descriptor: Descriptor, set: number, clear = 0): void {
  const at = (descriptor.address + 4) | 0;
  const high = readLinear(core, at, 4, false, true);
  writeLinear(core, at, 4, (high & ~(clear << 8)) | (set << 8), false);
}

export function markAccessed(core: Core, descriptor: Descriptor): void {
  if ((descriptor.attributes & Attribute.ACCESSED) === 0) changeType(core, descriptor, Attribute.ACCESSED);
}

export function isCode(descriptor: Descriptor): boolean {
  return descriptor.codeOrData && (descriptor.type & Attribute.CODE) !== 0;
}

export function isConforming(descriptor: Descriptor): boolean {
  return isCode(descriptor) && (descriptor.type & Attribute.DOWN_OR_CONFORMING) !== 0;
}

export function isWritableData(descriptor: Descriptor): boolean {
  return descriptor.codeOrData && (descriptor.type & (Attribute.CODE | Attribute.RW)) === Attribute.RW;
}

export function isReadable(descriptor: Descriptor): boolean {
  return descriptor.codeOrData && ((descriptor.type & Attribute.CODE) === 0 || (descriptor.type & Attribute.RW) !== 0);
}

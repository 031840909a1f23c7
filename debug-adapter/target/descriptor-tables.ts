/**
 * Segment descriptors, gates and task state segments as the CPU reads them.
 * Intel SDM Vol. 3A, "Segment Descriptors", "System Descriptor Types", "IDT Descriptors", "Task-State Segment (TSS)".
 */
import { PHYSICAL_SPACE, type LinearAddress, type Target } from './target.ts';

export interface Descriptor {
  /** Selector with RPL 0, or vector for the IDT. */
  readonly index: number;
  readonly present: boolean;
  /** `code32 readable`, `data expand-up writable`, `TSS32 busy`, `interrupt gate 32`, … */
  readonly type: string;
  readonly dpl: number;
  /** Segments: base and limit in bytes, granularity applied. */
  readonly base?: number;
  readonly limit?: number;
  /** Gates: where they lead. */
  readonly selector?: number;
  readonly offset?: number;
}

//  type  SDM Vol. 3A, "System-Segment and Gate-Descriptor Types"
const SYSTEM_TYPES: readonly (readonly [name: string, kind: 'segment' | 'gate' | 'reserved'])[] = [
  ['reserved', 'reserved'],
  ['TSS16 available', 'segment'],
  ['LDT', 'segment'],
  ['TSS16 busy', 'segment'],
  ['call gate 16', 'gate'],
  ['task gate', 'gate'],
  ['interrupt gate 16', 'gate'],
  ['trap gate 16', 'gate'],
  ['reserved', 'reserved'],
  ['TSS32 available', 'segment'],
  ['reserved', 'reserved'],
  ['TSS32 busy', 'segment'],
  ['call gate 32', 'gate'],
  ['reserved', 'reserved'],
  ['interrupt gate 32', 'gate'],
  ['trap gate 32', 'gate'],
];

const DESCRIPTOR_BYTES = 8;
const ENTRIES_MAX = 8192;

/** @returns undefined for an entry of zeros */
export function decodeDescriptor(index: number, low: number, high: number): Descriptor | undefined {
  if (low === 0 && high === 0) return undefined;
  const access = (high >>> 8) & 0xff;
  const common = { index, present: (access & 0x80) !== 0, dpl: (access >> 5) & 3 };
  if (access & 0x10) return { ...common, type: segmentType(access, high), ...extent(low, high) };
  const [type, kind] = SYSTEM_TYPES[access & 0xf]!;
  if (kind === 'segment') return { ...common, type, ...extent(low, high) };
  if (kind === 'reserved') return { ...common, type };
  const offset = type.endsWith('16') ? low & 0xffff : ((high & 0xffff0000) | (low & 0xffff)) >>> 0;
  return { ...common, type, selector: low >>> 16, ...(type === 'task gate' ? {} : { offset }) };
}

function extent(low: number, high: number): { base: number; limit: number } {
  const raw = (high & 0xf0000) | (low & 0xffff);
  const base = ((high & 0xff000000) | ((high & 0xff) << 16) | (low >>> 16)) >>> 0;
  // G: the limit counts pages of 4 KiB.
  return { base, limit: high & 0x800000 ? ((raw << 12) | 0xfff) >>> 0 : raw };
}

function segmentType(access: number, high: number): string {
  const big = (high & 0x400000) !== 0;
  if (access & 8)
    return `code${big ? 32 : 16}${access & 4 ? ' conforming' : ''}${access & 2 ? ' readable' : ' execute-only'}`;
  return `data${big ? '32' : '16'}${access & 4 ? ' expand-down' : ''}${access & 2 ? ' writable' : ' read-only'}`;
}

/** All entries of a table that are not zero. What is not mapped is left out. */
export function readDescriptorTable(target: Target, base: LinearAddress, limit: number, step: 1 | 8): Descriptor[] {
  const count = Math.min(Math.floor((limit + 1) / DESCRIPTOR_BYTES), ENTRIES_MAX);
  const bytes = target.read(target.space, base, count * DESCRIPTOR_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const descriptors: Descriptor[] = [];
  for (let i = 0; (i + 1) * DESCRIPTOR_BYTES <= bytes.length; i++) {
    const low = view.getUint32(i * DESCRIPTOR_BYTES, true);
    const high = view.getUint32(i * DESCRIPTOR_BYTES + 4, true);
    const descriptor = decodeDescriptor(i * step, low, high);
    if (descriptor) descriptors.push(descriptor);
  }
  return descriptors;
}

export const readGdt = (target: Target): Descriptor[] =>
  readDescriptorTable(target, target.readRegister('gdtrBase'), target.readRegister('gdtrLimit'), 8);

/** In real mode there is a vector table instead, which is not read as gates. */
export const readIdt = (target: Target): Descriptor[] =>
  readDescriptorTable(target, target.readRegister('idtrBase'), target.readRegister('idtrLimit'), 1);

export function readLdt(target: Target): Descriptor[] {
  const selector = target.readRegister('ldtr') & ~7;
  const ldt = selector === 0 ? undefined : readGdt(target).find((d) => d.index === selector && d.type === 'LDT');
  return ldt?.base === undefined ? [] : readDescriptorTable(target, ldt.base, ldt.limit ?? 0, 8);
}

//  offset  size  SDM Vol. 3A, "32-Bit Task-State Segment (TSS)"
const TSS_FIELDS: readonly (readonly [offset: number, size: 2 | 4, name: string])[] = [
  [0, 2, 'link'],
  [4, 4, 'esp0'],
  [8, 2, 'ss0'],
  [12, 4, 'esp1'],
  [16, 2, 'ss1'],
  [20, 4, 'esp2'],
  [24, 2, 'ss2'],
  [28, 4, 'cr3'],
  [32, 4, 'eip'],
  [36, 4, 'eflags'],
  [40, 4, 'eax'],
  [44, 4, 'ecx'],
  [48, 4, 'edx'],
  [52, 4, 'ebx'],
  [56, 4, 'esp'],
  [60, 4, 'ebp'],
  [64, 4, 'esi'],
  [68, 4, 'edi'],
  [72, 2, 'es'],
  [76, 2, 'cs'],
  [80, 2, 'ss'],
  [84, 2, 'ds'],
  [88, 2, 'fs'],
  [92, 2, 'gs'],
  [96, 2, 'ldt'],
  [102, 2, 'ioMapBase'],
];

export interface TaskStateSegment {
  readonly selector: number;
  readonly base: LinearAddress;
  readonly fields: readonly { readonly name: string; readonly value: number }[];
}

/** The TSS that TR names; undefined where TR is null, its descriptor is no 32-bit TSS, or its memory is not mapped. */
export function readTss(target: Target): TaskStateSegment | undefined {
  const selector = target.readRegister('tr') & ~7;
  const descriptor = selector === 0 ? undefined : readGdt(target).find((d) => d.index === selector);
  if (!descriptor?.type.startsWith('TSS32') || descriptor.base === undefined) return undefined;
  const bytes = target.read(target.space, descriptor.base, 104);
  if (bytes.length < 104) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields = TSS_FIELDS.map(([offset, size, name]) => ({
    name,
    value: size === 2 ? view.getUint16(offset, true) : view.getUint32(offset, true),
  }));
  return { selector, base: descriptor.base, fields };
}

const hex = (value: number): string => '0x' + (value >>> 0).toString(16).padStart(8, '0');

/** One line: what the entry is, whose it is, where it leads. */
export function describeDescriptor(d: Descriptor): string {
  const where =
    d.selector !== undefined
      ? ` -> 0x${d.selector.toString(16).padStart(4, '0')}${d.offset === undefined ? '' : `:${hex(d.offset)}`}`
      : d.base !== undefined
        ? ` base ${hex(d.base)} limit ${hex(d.limit ?? 0)}`
        : '';
  return `${d.type} DPL ${d.dpl}${d.present ? '' : ' not present'}${where}`;
}

/** Whether the CPU translates linear addresses at all. */
export const pagingOn = (target: Target): boolean => target.space !== PHYSICAL_SPACE;

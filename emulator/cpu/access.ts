/**
 * Memory as instructions see it: segment, offset, size. The exported read8 … write32 hold the fast path (limit that
 * needs no second look, aligned, page in the TLB); everything else goes through `slow…`.
 * Intel SDM Vol. 3A, "Limit Checking", "Type Checking", "Alignment Checking".
 *
 * Invariant: an access that faults has changed nothing, also when it crosses a page.
 */
import { layout } from '../memory/layout.ts';
import type { Core } from './core.ts';
import { AC, GP, SS_FAULT, raise } from './exception.ts';
import { readPhysical, translate, writePhysical } from './paging.ts';
import { ATTRIBUTES, Attribute, BASE, LIMIT, READ_END, SS, WRITE_END } from './registers.ts';

export type Size = 1 | 2 | 4;

const READ_SUPERVISOR = layout.readSupervisor / 4;
const READ_USER = layout.readUser / 4;
const WRITE_SUPERVISOR = layout.writeSupervisor / 4;
const WRITE_USER = layout.writeUser / 4;

export function read8(core: Core, segment: number, offset: number): number {
  const m = core.i32;
  if (offset >>> 0 < m[READ_END + segment] >>> 0) {
    const linear = (m[BASE + segment] + offset) | 0;
    const addend = m[(linear >>> 12) + core.readTable];
    if (addend !== 0) return core.u8[(linear + addend) | 0];
  }
  return slowRead(core, segment, offset, 1);
}

export function read16(core: Core, segment: number, offset: number): number {
  const m = core.i32;
  if (offset >>> 0 < m[READ_END + segment] >>> 0) {
    const linear = (m[BASE + segment] + offset) | 0;
    if ((linear & 1) === 0) {
      const addend = m[(linear >>> 12) + core.readTable];
      if (addend !== 0) return core.u16[(linear + addend) >> 1];
    }
  }
  return slowRead(core, segment, offset, 2);
}

export function read32(core: Core, segment: number, offset: number): number {
  const m = core.i32;
  if (offset >>> 0 < m[READ_END + segment] >>> 0) {
    const linear = (m[BASE + segment] + offset) | 0;
    if ((linear & 3) === 0) {
      const addend = m[(linear >>> 12) + core.readTable];
      if (addend !== 0) return m[(linear + addend) >> 2];
    }
  }
  return slowRead(core, segment, offset, 4);
}

export function write8(core: Core, segment: number, offset: number, value: number): void {
  const m = core.i32;
  if (offset >>> 0 < m[WRITE_END + segment] >>> 0) {
    const linear = (m[BASE + segment] + offset) | 0;
    const addend = m[(linear >>> 12) + core.writeTable];
    if (addend !== 0) {
      core.u8[(linear + addend) | 0] = value;
      return;
    }
  }
  slowWrite(core, segment, offset, 1, value);
}

export function write16(core: Core, segment: number, offset: number, value: number): void {
  const m = core.i32;
  if (offset >>> 0 < m[WRITE_END + segment] >>> 0) {
    const linear = (m[BASE + segment] + offset) | 0;
    if ((linear & 1) === 0) {
      const addend = m[(linear >>> 12) + core.writeTable];
      if (addend !== 0) {
        core.u16[(linear + addend) >> 1] = value;
        return;
      }
    }
  }
  slowWrite(core, segment, offset, 2, value);
}

export function write32(core: Core, segment: number, offset: number, value: number): void {
  const m = core.i32;
  if (offset >>> 0 < m[WRITE_END + segment] >>> 0) {
    const linear = (m[BASE + segment] + offset) | 0;
    if ((linear & 3) === 0) {
      const addend = m[(linear >>> 12) + core.writeTable];
      if (addend !== 0) {
        m[(linear + addend) >> 2] = value;
        return;
      }
    }
  }
  slowWrite(core, segment, offset, 4, value);
}

/**
 * Host offset of an aligned dword that may be read and written at once, or -1: then read it with `readForUpdate`
 * and write it with `write32`.
 */
export function hostForUpdate32(core: Core, segment: number, offset: number): number {
  const m = core.i32;
  if (offset >>> 0 < m[WRITE_END + segment] >>> 0 && offset >>> 0 < m[READ_END + segment] >>> 0) {
    const linear = (m[BASE + segment] + offset) | 0;
    if ((linear & 3) === 0) {
      const addend = m[(linear >>> 12) + core.writeTable];
      if (addend !== 0) return (linear + addend) | 0;
    }
  }
  return -1;
}

/** Reads what the same instruction is going to write: every fault of the write is raised here. */
export function readForUpdate(core: Core, segment: number, offset: number, size: Size): number {
  const linear = segmentToLinear(core, segment, offset, size, true);
  // A writable segment is readable. A code segment is neither, and has raised #GP.
  checkAlignment(core, linear, size);
  return readLinear(core, linear, size, core.cpl === 3, true);
}

/** Raises every fault that writing would raise, and writes nothing. */
export function probeWrite(core: Core, segment: number, offset: number, size: number): void {
  const linear = segmentToLinear(core, segment, offset, size, true);
  if (size <= 4) checkAlignment(core, linear, size);
  probeLinear(core, linear, size, core.cpl === 3, true);
}

export function slowRead(core: Core, segment: number, offset: number, size: Size): number {
  const linear = segmentToLinear(core, segment, offset, size, false);
  checkAlignment(core, linear, size);
  return readLinear(core, linear, size, core.cpl === 3);
}

export function slowWrite(core: Core, segment: number, offset: number, size: Size, value: number): void {
  const linear = segmentToLinear(core, segment, offset, size, true);
  checkAlignment(core, linear, size);
  writeLinear(core, linear, size, value, core.cpl === 3);
}

function checkAlignment(core: Core, linear: number, size: number): void {
  if (core.alignmentCheck && (linear & (size - 1)) !== 0) raise(AC, 0);
}

/**
 * Checks type and limit of `size` bytes at an offset.
 * @throws CpuException #SS(0) for the stack segment, #GP(0) for the others
 */
export function segmentToLinear(core: Core, segment: number, offset: number, size: number, write: boolean): number {
  const m = core.i32;
  const attributes = m[ATTRIBUTES + segment];
  if (!core.paragraphSegments) {
    const code = (attributes & Attribute.CODE) !== 0;
    const rw = (attributes & Attribute.RW) !== 0;
    const usable = (attributes & Attribute.P) !== 0 && (write ? !code && rw : !code || rw);
    if (!usable) raise(segment === SS ? SS_FAULT : GP, 0);
  }
  if (!insideLimit(attributes, m[LIMIT + segment] >>> 0, offset >>> 0, size)) raise(segment === SS ? SS_FAULT : GP, 0);
  return (m[BASE + segment] + offset) | 0;
}

/** Whether `size` bytes from `offset` lie inside a segment. All unsigned. */
export function insideLimit(attributes: number, limit: number, offset: number, size: number): boolean {
  const last = offset + size - 1;
  const expandDown = (attributes & (Attribute.CODE | Attribute.DOWN_OR_CONFORMING)) === Attribute.DOWN_OR_CONFORMING;
  if (expandDown) return offset > limit && last <= ((attributes & Attribute.BIG) !== 0 ? 0xffff_ffff : 0xffff);
  // SDM Vol. 3A, "Limit Checking": over the top of a segment of 4 GiB an access may fault or not; the processors we
  // asked (test/conformance/host) raise the exception.
  return last <= limit;
}

/** The table of addends that an access of this kind goes by, whatever the current privilege level is. */
function tableOf(user: boolean, write: boolean): number {
  if (user) return write ? WRITE_USER : READ_USER;
  return write ? WRITE_SUPERVISOR : READ_SUPERVISOR;
}

/** @param forWrite whether to check and report the access as a write */
export function readLinear(core: Core, linear: number, size: Size, user: boolean, forWrite = false): number {
  const inPage = 0x1000 - (linear & 0xfff);
  const addend = core.i32[tableOf(user, forWrite) + (linear >>> 12)];
  if (addend !== 0 && size <= inPage) {
    const host = (linear + addend) | 0;
    if (size === 4) return core.view.getInt32(host, true);
    return size === 2 ? core.view.getUint16(host, true) : core.u8[host];
  }
  const first = translate(core, linear, forWrite, user);
  if (size <= inPage) {
    if (core.dataProbed) core.probes.data.accessed(linear, first, size, false);
    return readPhysical(core, first, size);
  }
  const second = translate(core, (linear + inPage) | 0, forWrite, user);
  if (core.dataProbed) {
    core.probes.data.accessed(linear, first, inPage, false);
    core.probes.data.accessed((linear + inPage) | 0, second, size - inPage, false);
  }
  let value = 0;
  for (let index = 0; index < size; index++) {
    const byte = readPhysical(core, index < inPage ? first + index : second + index - inPage, 1);
    value |= byte << (index * 8);
  }
  return value;
}

export function writeLinear(core: Core, linear: number, size: Size, value: number, user: boolean): void {
  const inPage = 0x1000 - (linear & 0xfff);
  const addend = core.i32[tableOf(user, true) + (linear >>> 12)];
  if (addend !== 0 && size <= inPage) {
    const host = (linear + addend) | 0;
    if (size === 4) core.view.setInt32(host, value, true);
    else if (size === 2) core.view.setUint16(host, value, true);
    else core.u8[host] = value;
    return;
  }
  const first = translate(core, linear, true, user);
  if (size <= inPage) {
    if (core.dataProbed) core.probes.data.accessed(linear, first, size, true);
    writePhysical(core, first, size, value);
    return;
  }
  const second = translate(core, (linear + inPage) | 0, true, user);
  if (core.dataProbed) {
    core.probes.data.accessed(linear, first, inPage, true);
    core.probes.data.accessed((linear + inPage) | 0, second, size - inPage, true);
  }
  for (let index = 0; index < size; index++) {
    writePhysical(core, index < inPage ? first + index : second + index - inPage, 1, (value >> (index * 8)) & 0xff);
  }
}

/** Raises the page faults of an access to `size` (at most 4096) bytes. */
export function probeLinear(core: Core, linear: number, size: number, user: boolean, write: boolean): void {
  translate(core, linear, write, user);
  if ((linear & 0xfff) + size > 0x1000) translate(core, ((linear & ~0xfff) + 0x1000) | 0, write, user);
}

/** Host offset of a linear address that is in the read (write) table of the current privilege, or 0. */
export function hostOf(core: Core, linear: number, write: boolean): number {
  const addend = core.i32[(linear >>> 12) + (write ? core.writeTable : core.readTable)];
  return addend === 0 ? 0 : (linear + addend) | 0;
}

export const RAM_OFFSET = layout.ram;

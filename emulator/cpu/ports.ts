/**
 * Port accesses and who may make them. Intel SDM Vol. 1, "I/O Privilege Level", "I/O Permission Bit Map".
 */
import type { Size } from './access.ts';
import { readLinear } from './access.ts';
import type { Core } from './core.ts';
import { GP, raise } from './exception.ts';
import { ATTRIBUTES, BASE, LIMIT, TR } from './registers.ts';

const IO_MAP_BASE = 0x66;
/** Bit 3 of a TSS descriptor's type: 32-bit. */
const TYPE_32 = 8;

/** @throws CpuException #GP(0) when neither IOPL nor the bit map of the TSS allows the access */
export function checkPort(core: Core, port: number, size: Size): void {
  if (!core.protectedMode || (!core.virtual8086 && core.cpl <= core.iopl)) return;
  const m = core.i32;
  const attributes = m[ATTRIBUTES + TR];
  const limit = m[LIMIT + TR] >>> 0;
  if ((attributes & 0x80) === 0 || (attributes & TYPE_32) === 0 || limit < IO_MAP_BASE + 1) raise(GP, 0);
  const base = m[BASE + TR];
  const mapOffset = readLinear(core, (base + IO_MAP_BASE) | 0, 2, false);
  const byteOffset = mapOffset + (port >> 3);
  // Two bytes are always read, so that a map needs a last byte of ones.
  if (byteOffset + 1 > limit) raise(GP, 0);
  const bits = readLinear(core, (base + byteOffset) | 0, 2, false) >> (port & 7);
  if ((bits & ((1 << size) - 1)) !== 0) raise(GP, 0);
}

export function portIn(core: Core, port: number, size: Size): number {
  if (core.breakpoints.onPorts) core.breakpoints.portAccessed(port, size);
  return core.bus.readPort(port, size) | 0;
}

export function portOut(core: Core, port: number, size: Size, value: number): void {
  if (core.breakpoints.onPorts) core.breakpoints.portAccessed(port, size);
  core.bus.writePort(port, size, size === 4 ? value >>> 0 : value & (size === 2 ? 0xffff : 0xff));
}

/**
 * PUSH and POP on the current stack. Intel SDM Vol. 1, "Procedure Stack"; the B flag of SS chooses ESP or SP.
 *
 * Invariant: ESP changes only after the access succeeded.
 */
import type { Size } from './access.ts';
import { read16, read32, write16, write32 } from './access.ts';
import type { Core } from './core.ts';
import { Mode } from './core.ts';
import { ESP, SS } from './registers.ts';

/** Bits of ESP that are the stack pointer: all, or SP. */
export function stackMask(core: Core): number {
  return (core.mode & Mode.STACK32) !== 0 ? -1 : 0xffff;
}

export function setStackPointer(core: Core, value: number): void {
  const mask = stackMask(core);
  core.i32[ESP] = (core.i32[ESP] & ~mask) | (value & mask);
}

/** Offset in SS `bytes` below the stack pointer. */
export function below(core: Core, bytes: number): number {
  return (core.i32[ESP] - bytes) & stackMask(core);
}

export function push(core: Core, size: Size, value: number): void {
  const offset = below(core, size);
  if (size === 4) write32(core, SS, offset, value);
  else write16(core, SS, offset, value);
  setStackPointer(core, offset);
}

export function pop(core: Core, size: Size): number {
  const value = peekStack(core, size, 0);
  setStackPointer(core, core.i32[ESP] + size);
  return value;
}

/** The value `bytes` above the stack pointer; moves nothing. */
export function peekStack(core: Core, size: Size, bytes: number): number {
  const offset = (core.i32[ESP] + bytes) & stackMask(core);
  return size === 4 ? read32(core, SS, offset) : read16(core, SS, offset);
}

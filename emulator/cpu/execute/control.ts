/**
 * Control transfers: jumps, calls, returns, loops, interrupts by instruction. Intel SDM Vol. 2.
 *
 * Invariant: each of these sets EIP before it returns, and only once nothing can fault any more.
 */
import type { Size } from '../access.ts';
import { probeWrite, read16, read32 } from '../access.ts';
import type { Core } from '../core.ts';
import { BP, BR, DB, GP, OF, raise } from '../exception.ts';
import { condition, overflowFlag, zeroFlag } from '../flags.ts';
import { farCall, farJump, farReturn } from '../far-transfer.ts';
import { interruptReturn } from '../interrupt-return.ts';
import type { Handler, Instruction } from '../instruction.ts';
import { Kind } from '../instruction.ts';
import { softwareInterrupt } from '../interrupts.ts';
import { effectiveAddress, read0 } from '../operands.ts';
import { CS, ECX, EIP, ESP, FETCH_END, LIMIT, SS } from '../registers.ts';
import { below, peekStack, push, setStackPointer } from '../stack.ts';
import { forEachCondition } from './data.ts';

export function nextEip(core: Core, i: Instruction): number {
  return (core.i32[EIP] + i.end) | 0;
}

/** @throws CpuException #GP(0) when `target` lies beyond CS.limit */
export function checkTarget(core: Core, target: number): void {
  const m = core.i32;
  if (target >>> 0 >= m[FETCH_END] >>> 0 && target >>> 0 > m[LIMIT + CS] >>> 0) raise(GP, 0);
}

/**
 * The target of a near CALL. Faults of the push come before that of the target: processors (test/conformance/host) do
 * so; the manual leaves it open.
 */
export function checkCallTarget(core: Core, target: number, size: Size): void {
  if (target >>> 0 > core.i32[LIMIT + CS] >>> 0) probeWrite(core, SS, below(core, size), size);
  checkTarget(core, target);
}

/** The target of a relative transfer; IP wraps at 64 KiB with a 16-bit operand size. */
export function relativeTarget(core: Core, i: Instruction): number {
  const target = (core.i32[EIP] + i.end + i.index0) | 0;
  return i.size === 4 ? target : target & 0xffff;
}

function jumpRelative(core: Core, i: Instruction): void {
  const target = relativeTarget(core, i);
  checkTarget(core, target);
  core.i32[EIP] = target;
}

function jumpIf(core: Core, i: Instruction, taken: boolean): void {
  if (taken) jumpRelative(core, i);
  else core.i32[EIP] += i.end;
}

function jmp(core: Core, i: Instruction): void {
  if (i.kind0 === Kind.RELATIVE) {
    jumpRelative(core, i);
    return;
  }
  const target = read0(core, i);
  checkTarget(core, target);
  core.i32[EIP] = target;
}

function call(core: Core, i: Instruction): void {
  const target = i.kind0 === Kind.RELATIVE ? relativeTarget(core, i) : read0(core, i);
  checkCallTarget(core, target, i.size === 4 ? 4 : 2);
  push(core, i.size === 4 ? 4 : 2, nextEip(core, i));
  core.i32[EIP] = target;
}

function ret(core: Core, i: Instruction): void {
  const size = i.size === 4 ? 4 : 2;
  const target = peekStack(core, size, 0);
  checkTarget(core, target);
  setStackPointer(core, core.i32[ESP] + size + i.index0);
  core.i32[EIP] = target;
}

function loop(core: Core, i: Instruction, goOn: boolean): void {
  const m = core.i32;
  const count = (m[ECX] - 1) & i.addressMask;
  const taken = count !== 0 && goOn;
  const target = taken ? relativeTarget(core, i) : nextEip(core, i);
  if (taken) checkTarget(core, target);
  m[ECX] = (m[ECX] & ~i.addressMask) | count;
  m[EIP] = target;
}

/** Offset and selector of an m16:16 or m16:32, or of the pointer in the instruction. */
function farPointer(core: Core, i: Instruction): { offset: number; selector: number } {
  if (i.kind0 === Kind.FAR) return { offset: i.index0, selector: i.selector };
  const at = effectiveAddress(core, i);
  const offset = i.size === 4 ? read32(core, i.segment, at) : read16(core, i.segment, at);
  const selector = read16(core, i.segment, (at + (i.size === 4 ? 4 : 2)) & i.addressMask);
  return { offset, selector };
}

function bound(core: Core, i: Instruction): void {
  const at = effectiveAddress(core, i);
  const wide = i.size === 4;
  const read = (offset: number): number =>
    wide ? read32(core, i.segment, offset) : (read16(core, i.segment, offset) << 16) >> 16;
  const lower = read(at);
  const upper = read((at + (wide ? 4 : 2)) & i.addressMask);
  const index = wide ? read0(core, i) : (read0(core, i) << 16) >> 16;
  if (index < lower || index > upper) raise(BR);
}

export const control = {
  JMP: jmp,
  CALL: call,
  RET: ret,
  ...forEachCondition('J', (code) => (core, i) => {
    jumpIf(core, i, condition(core, code));
  }),
  JCXZ: (core, i) => {
    jumpIf(core, i, (core.i32[ECX] & i.addressMask) === 0);
  },
  LOOP: (core, i) => {
    loop(core, i, true);
  },
  LOOPE: (core, i) => {
    loop(core, i, zeroFlag(core));
  },
  LOOPNE: (core, i) => {
    loop(core, i, !zeroFlag(core));
  },
  JMPF: (core, i) => {
    const { offset, selector } = farPointer(core, i);
    farJump(core, selector, offset, nextEip(core, i));
  },
  CALLF: (core, i) => {
    const { offset, selector } = farPointer(core, i);
    farCall(core, selector, offset, i.size === 4 ? 4 : 2, nextEip(core, i));
  },
  RETF: (core, i) => {
    farReturn(core, i.size === 4 ? 4 : 2, i.index0);
  },
  IRET: (core, i) => {
    interruptReturn(core, i.size === 4 ? 4 : 2, nextEip(core, i));
  },
  INT: (core, i) => {
    softwareInterrupt(core, i.index0, nextEip(core, i), 'int');
  },
  INT3: (core, i) => {
    softwareInterrupt(core, BP, nextEip(core, i), 'int3');
  },
  INTO: (core, i) => {
    if (overflowFlag(core)) softwareInterrupt(core, OF, nextEip(core, i), 'into');
    else core.i32[EIP] += i.end;
  },
  INT1: (core, i) => {
    softwareInterrupt(core, DB, nextEip(core, i), 'int1');
  },
  BOUND: bound,
} as const satisfies Record<string, Handler>;

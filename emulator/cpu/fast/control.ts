/**
 * Conditional and near jumps with 32-bit operand size, calls and returns on a 32-bit stack.
 * The conditions are those of flags.ts, written out so that each jump compiles to a test and a store.
 *
 * Invariant: EIP is set once nothing can fault any more.
 */
import { read32, write32 } from '../access.ts';
import type { Core } from '../core.ts';
import { checkCallTarget, checkTarget } from '../execute/control.ts';
import { parityFlag } from '../flags.ts';
import type { Handler, Instruction } from '../instruction.ts';
import { CARRIES, EBP, EIP, ESP, FETCH_END, RESULT, SS } from '../registers.ts';
import { address } from './address.ts';

function jump(core: Core, m: Int32Array, target: number): void {
  if (target >>> 0 >= m[FETCH_END] >>> 0) checkTarget(core, target);
  m[EIP] = target;
}

/** Relative jump or fall through. */
function jumpIf(core: Core, m: Int32Array, i: Instruction, taken: boolean): void {
  if (taken) jump(core, m, (m[EIP] + i.end + i.index0) | 0);
  else m[EIP] += i.end;
}

export const jumps: Readonly<Record<string, Handler>> = {
  'JO j': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    jumpIf(core, m, i, (c ^ (c << 1)) < 0);
  },
  'JNO j': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    jumpIf(core, m, i, (c ^ (c << 1)) >= 0);
  },
  'JB j': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    jumpIf(core, m, i, c < 0);
  },
  'JAE j': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    jumpIf(core, m, i, c >= 0);
  },
  'JE j': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    jumpIf(core, m, i, r === 0);
  },
  'JNE j': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    jumpIf(core, m, i, r !== 0);
  },
  'JBE j': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    jumpIf(core, m, i, c < 0 || r === 0);
  },
  'JA j': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    jumpIf(core, m, i, c >= 0 && r !== 0);
  },
  'JS j': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    jumpIf(core, m, i, (r ^ (c << 31)) < 0);
  },
  'JNS j': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    jumpIf(core, m, i, (r ^ (c << 31)) >= 0);
  },
  'JP j': (core, i) => {
    const m = core.i32;
    jumpIf(core, m, i, parityFlag(core));
  },
  'JNP j': (core, i) => {
    const m = core.i32;
    jumpIf(core, m, i, !parityFlag(core));
  },
  'JL j': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    jumpIf(core, m, i, (r ^ c ^ (c << 1) ^ (c << 31)) < 0);
  },
  'JGE j': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    jumpIf(core, m, i, (r ^ c ^ (c << 1) ^ (c << 31)) >= 0);
  },
  'JLE j': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    jumpIf(core, m, i, r === 0 || (r ^ c ^ (c << 1) ^ (c << 31)) < 0);
  },
  'JG j': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    jumpIf(core, m, i, r !== 0 && (r ^ c ^ (c << 1) ^ (c << 31)) >= 0);
  },
  'JMP j': (core, i) => {
    const m = core.i32;
    jump(core, m, (m[EIP] + i.end + i.index0) | 0);
  },
  'JMP r': (core, i) => {
    const m = core.i32;
    jump(core, m, m[i.index0]);
  },
  'JMP m': (core, i) => {
    const m = core.i32;
    jump(core, m, read32(core, i.segment, address(m, i)));
  },
};

function call(core: Core, m: Int32Array, i: Instruction, target: number): void {
  if (target >>> 0 >= m[FETCH_END] >>> 0) checkCallTarget(core, target, 4);
  const sp = (m[ESP] - 4) | 0;
  write32(core, SS, sp, (m[EIP] + i.end) | 0);
  m[ESP] = sp;
  m[EIP] = target;
}

/** What a stack segment with B set allows: ESP as it is. */
export const stack32: Readonly<Record<string, Handler>> = {
  'CALL j': (core, i) => {
    const m = core.i32;
    call(core, m, i, (m[EIP] + i.end + i.index0) | 0);
  },
  'CALL r': (core, i) => {
    const m = core.i32;
    call(core, m, i, m[i.index0]);
  },
  'CALL m': (core, i) => {
    const m = core.i32;
    call(core, m, i, read32(core, i.segment, address(m, i)));
  },
  'RET ': (core) => {
    const m = core.i32;
    const target = read32(core, SS, m[ESP]);
    jump(core, m, target);
    m[ESP] += 4;
  },
  'RET i': (core, i) => {
    const m = core.i32;
    const target = read32(core, SS, m[ESP]);
    jump(core, m, target);
    m[ESP] += 4 + i.index0;
  },
  'PUSH i': (core, i) => {
    const m = core.i32;
    const sp = (m[ESP] - 4) | 0;
    write32(core, SS, sp, i.index0);
    m[ESP] = sp;
  },
  'PUSH m': (core, i) => {
    const m = core.i32;
    const value = read32(core, i.segment, address(m, i));
    const sp = (m[ESP] - 4) | 0;
    write32(core, SS, sp, value);
    m[ESP] = sp;
  },
  'LEAVE ': (core) => {
    const m = core.i32;
    const frame = m[EBP];
    m[EBP] = read32(core, SS, frame);
    m[ESP] = frame + 4;
  },
};

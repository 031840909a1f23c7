/**
 * Moves and shifts with 32-bit operands; conditional moves and sets.
 *
 * Invariant: same results and flags as execute/.
 */
import { read16, read32, read8, write32, write8 } from '../access.ts';
import { signedMultiplyHigh } from '../execute/arithmetic.ts';
import { parityFlag } from '../flags.ts';
import type { Handler } from '../instruction.ts';
import { CARRIES, EAX, EDX, RESULT } from '../registers.ts';
import { address } from './address.ts';

/** CF and OF from a shift, in the places of CARRIES. */
function shiftFlags(m: Int32Array, result: number, carry: number, overflow: number): number {
  m[RESULT] = result;
  m[CARRIES] = ((carry & 1) << 31) | (((carry ^ overflow) & 1) << 30);
  return result;
}

function multiply(m: Int32Array, a: number, b: number): number {
  const low = Math.imul(a, b);
  m[RESULT] = low;
  // CF and OF: the product does not fit. A double holds it exactly when both factors are small.
  m[CARRIES] = signedMultiplyHigh(a, b) === low >> 31 ? 0 : 0x8000_0000;
  return low;
}

export const moves: Readonly<Record<string, Handler>> = {
  'MOV r,i': (core, i) => {
    core.i32[i.index0] = i.index1;
  },
  'MOV m,i': (core, i) => {
    write32(core, i.segment, address(core.i32, i), i.index1);
  },
  'LEA r,M': (core, i) => {
    const m = core.i32;
    m[i.index0] = address(m, i);
  },
  'MOVZX r,b': (core, i) => {
    core.i32[i.index0] = core.u8[i.index1];
  },
  'MOVZX r,n': (core, i) => {
    const m = core.i32;
    m[i.index0] = read8(core, i.segment, address(m, i));
  },
  'MOVZX r,w': (core, i) => {
    core.i32[i.index0] = core.u16[i.index1];
  },
  'MOVZX r,v': (core, i) => {
    const m = core.i32;
    m[i.index0] = read16(core, i.segment, address(m, i));
  },
  'MOVSX r,b': (core, i) => {
    core.i32[i.index0] = (core.u8[i.index1] << 24) >> 24;
  },
  'MOVSX r,n': (core, i) => {
    const m = core.i32;
    m[i.index0] = (read8(core, i.segment, address(m, i)) << 24) >> 24;
  },
  'XCHG r,r': (core, i) => {
    const m = core.i32;
    const a = m[i.index0];
    m[i.index0] = m[i.index1];
    m[i.index1] = a;
  },
  'CWD ': (core) => {
    const m = core.i32;
    m[EDX] = m[EAX] >> 31;
  },
  'SHL r,i': (core, i) => {
    const m = core.i32;
    const count = i.index1 & 31;
    if (count === 0) return;
    const a = m[i.index0];
    const result = a << count;
    const carry = a >>> (32 - count);
    m[i.index0] = shiftFlags(m, result, carry, carry ^ (result >>> 31));
  },
  'SHR r,i': (core, i) => {
    const m = core.i32;
    const count = i.index1 & 31;
    if (count === 0) return;
    const a = m[i.index0];
    const result = (a >>> count) | 0;
    m[i.index0] = shiftFlags(m, result, a >>> (count - 1), ((result << 1) ^ result) >>> 31);
  },
  'SAR r,i': (core, i) => {
    const m = core.i32;
    const count = i.index1 & 31;
    if (count === 0) return;
    const a = m[i.index0];
    m[i.index0] = shiftFlags(m, a >> count, a >> (count - 1), 0);
  },
  'IMUL r,r': (core, i) => {
    const m = core.i32;
    m[i.index0] = multiply(m, m[i.index0], m[i.index1]);
  },
  'IMUL r,m': (core, i) => {
    const m = core.i32;
    const b = read32(core, i.segment, address(m, i));
    m[i.index0] = multiply(m, m[i.index0], b);
  },
  'IMUL r,r,i': (core, i) => {
    const m = core.i32;
    m[i.index0] = multiply(m, m[i.index1], i.index2);
  },
  'IMUL r,m,i': (core, i) => {
    const m = core.i32;
    const a = read32(core, i.segment, address(m, i));
    m[i.index0] = multiply(m, a, i.index2);
  },
};

export const conditionals: Readonly<Record<string, Handler>> = {
  'SETO b': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    core.u8[i.index0] = (c ^ (c << 1)) < 0 ? 1 : 0;
  },
  'SETO n': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    write8(core, i.segment, address(m, i), (c ^ (c << 1)) < 0 ? 1 : 0);
  },
  'CMOVO r,r': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    if ((c ^ (c << 1)) < 0) m[i.index0] = m[i.index1];
  },
  'SETNO b': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    core.u8[i.index0] = (c ^ (c << 1)) >= 0 ? 1 : 0;
  },
  'SETNO n': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    write8(core, i.segment, address(m, i), (c ^ (c << 1)) >= 0 ? 1 : 0);
  },
  'CMOVNO r,r': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    if ((c ^ (c << 1)) >= 0) m[i.index0] = m[i.index1];
  },
  'SETB b': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    core.u8[i.index0] = c < 0 ? 1 : 0;
  },
  'SETB n': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    write8(core, i.segment, address(m, i), c < 0 ? 1 : 0);
  },
  'CMOVB r,r': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    if (c < 0) m[i.index0] = m[i.index1];
  },
  'SETAE b': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    core.u8[i.index0] = c >= 0 ? 1 : 0;
  },
  'SETAE n': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    write8(core, i.segment, address(m, i), c >= 0 ? 1 : 0);
  },
  'CMOVAE r,r': (core, i) => {
    const m = core.i32;
    const c = m[CARRIES];
    if (c >= 0) m[i.index0] = m[i.index1];
  },
  'SETE b': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    core.u8[i.index0] = r === 0 ? 1 : 0;
  },
  'SETE n': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    write8(core, i.segment, address(m, i), r === 0 ? 1 : 0);
  },
  'CMOVE r,r': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    if (r === 0) m[i.index0] = m[i.index1];
  },
  'SETNE b': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    core.u8[i.index0] = r !== 0 ? 1 : 0;
  },
  'SETNE n': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    write8(core, i.segment, address(m, i), r !== 0 ? 1 : 0);
  },
  'CMOVNE r,r': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    if (r !== 0) m[i.index0] = m[i.index1];
  },
  'SETBE b': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    core.u8[i.index0] = c < 0 || r === 0 ? 1 : 0;
  },
  'SETBE n': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    write8(core, i.segment, address(m, i), c < 0 || r === 0 ? 1 : 0);
  },
  'CMOVBE r,r': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    if (c < 0 || r === 0) m[i.index0] = m[i.index1];
  },
  'SETA b': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    core.u8[i.index0] = c >= 0 && r !== 0 ? 1 : 0;
  },
  'SETA n': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    write8(core, i.segment, address(m, i), c >= 0 && r !== 0 ? 1 : 0);
  },
  'CMOVA r,r': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    if (c >= 0 && r !== 0) m[i.index0] = m[i.index1];
  },
  'SETS b': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    core.u8[i.index0] = (r ^ (c << 31)) < 0 ? 1 : 0;
  },
  'SETS n': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    write8(core, i.segment, address(m, i), (r ^ (c << 31)) < 0 ? 1 : 0);
  },
  'CMOVS r,r': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    if ((r ^ (c << 31)) < 0) m[i.index0] = m[i.index1];
  },
  'SETNS b': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    core.u8[i.index0] = (r ^ (c << 31)) >= 0 ? 1 : 0;
  },
  'SETNS n': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    write8(core, i.segment, address(m, i), (r ^ (c << 31)) >= 0 ? 1 : 0);
  },
  'CMOVNS r,r': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    if ((r ^ (c << 31)) >= 0) m[i.index0] = m[i.index1];
  },
  'SETP b': (core, i) => {
    core.u8[i.index0] = parityFlag(core) ? 1 : 0;
  },
  'SETP n': (core, i) => {
    const m = core.i32;
    write8(core, i.segment, address(m, i), parityFlag(core) ? 1 : 0);
  },
  'CMOVP r,r': (core, i) => {
    const m = core.i32;
    if (parityFlag(core)) m[i.index0] = m[i.index1];
  },
  'SETNP b': (core, i) => {
    core.u8[i.index0] = !parityFlag(core) ? 1 : 0;
  },
  'SETNP n': (core, i) => {
    const m = core.i32;
    write8(core, i.segment, address(m, i), !parityFlag(core) ? 1 : 0);
  },
  'CMOVNP r,r': (core, i) => {
    const m = core.i32;
    if (!parityFlag(core)) m[i.index0] = m[i.index1];
  },
  'SETL b': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    core.u8[i.index0] = (r ^ c ^ (c << 1) ^ (c << 31)) < 0 ? 1 : 0;
  },
  'SETL n': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    write8(core, i.segment, address(m, i), (r ^ c ^ (c << 1) ^ (c << 31)) < 0 ? 1 : 0);
  },
  'CMOVL r,r': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    if ((r ^ c ^ (c << 1) ^ (c << 31)) < 0) m[i.index0] = m[i.index1];
  },
  'SETGE b': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    core.u8[i.index0] = (r ^ c ^ (c << 1) ^ (c << 31)) >= 0 ? 1 : 0;
  },
  'SETGE n': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    write8(core, i.segment, address(m, i), (r ^ c ^ (c << 1) ^ (c << 31)) >= 0 ? 1 : 0);
  },
  'CMOVGE r,r': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    if ((r ^ c ^ (c << 1) ^ (c << 31)) >= 0) m[i.index0] = m[i.index1];
  },
  'SETLE b': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    core.u8[i.index0] = r === 0 || (r ^ c ^ (c << 1) ^ (c << 31)) < 0 ? 1 : 0;
  },
  'SETLE n': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    write8(core, i.segment, address(m, i), r === 0 || (r ^ c ^ (c << 1) ^ (c << 31)) < 0 ? 1 : 0);
  },
  'CMOVLE r,r': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    if (r === 0 || (r ^ c ^ (c << 1) ^ (c << 31)) < 0) m[i.index0] = m[i.index1];
  },
  'SETG b': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    core.u8[i.index0] = r !== 0 && (r ^ c ^ (c << 1) ^ (c << 31)) >= 0 ? 1 : 0;
  },
  'SETG n': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    write8(core, i.segment, address(m, i), r !== 0 && (r ^ c ^ (c << 1) ^ (c << 31)) >= 0 ? 1 : 0);
  },
  'CMOVG r,r': (core, i) => {
    const m = core.i32;
    const r = m[RESULT];
    const c = m[CARRIES];
    if (r !== 0 && (r ^ c ^ (c << 1) ^ (c << 31)) >= 0) m[i.index0] = m[i.index1];
  },
};

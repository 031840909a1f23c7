/**
 * Two-operand arithmetic and logic on 32 bits, one function per operation and form, so that each compiles to straight
 * code. Memory forms leave everything but an aligned dword in the TLB to the general handler.
 * Forms: r register, m memory, i immediate; the destination first.
 *
 * Invariant: same results and flags as execute/; test/unit/cpu/fast.test.ts compares them.
 */
import { hostForUpdate32, read32 } from '../access.ts';
import { CARRY_BITS } from '../flags.ts';
import { execute } from '../execute/index.ts';
import type { Handler } from '../instruction.ts';
import { CARRIES, RESULT } from '../registers.ts';
import { address } from './address.ts';

function add(m: Int32Array, a: number, b: number): number {
  const result = (a + b) | 0;
  m[RESULT] = result;
  m[CARRIES] = ((a & b) | ((a | b) & ~result)) & CARRY_BITS;
  return result;
}

function adc(m: Int32Array, a: number, b: number): number {
  const result = (a + b + (m[CARRIES] >>> 31)) | 0;
  m[RESULT] = result;
  m[CARRIES] = ((a & b) | ((a | b) & ~result)) & CARRY_BITS;
  return result;
}

function sub(m: Int32Array, a: number, b: number): number {
  const result = (a - b) | 0;
  m[RESULT] = result;
  m[CARRIES] = ((~a & b) | (~(a ^ b) & result)) & CARRY_BITS;
  return result;
}

function sbb(m: Int32Array, a: number, b: number): number {
  const result = (a - b - (m[CARRIES] >>> 31)) | 0;
  m[RESULT] = result;
  m[CARRIES] = ((~a & b) | (~(a ^ b) & result)) & CARRY_BITS;
  return result;
}

function logic(m: Int32Array, result: number): number {
  m[RESULT] = result;
  m[CARRIES] = 0;
  return result;
}

function inc(m: Int32Array, a: number): number {
  const result = (a + 1) | 0;
  const carry = m[CARRIES] & 0x8000_0000;
  m[RESULT] = result;
  m[CARRIES] =
    (carry ^ ((carry >>> 1) ^ (result === (0x8000_0000 | 0) ? 0x4000_0000 : 0))) | ((result & 15) === 0 ? 8 : 0);
  return result;
}

function dec(m: Int32Array, a: number): number {
  const result = (a - 1) | 0;
  const carry = m[CARRIES] & 0x8000_0000;
  m[RESULT] = result;
  m[CARRIES] = (carry ^ ((carry >>> 1) ^ (result === 0x7fff_ffff ? 0x4000_0000 : 0))) | ((a & 15) === 0 ? 8 : 0);
  return result;
}

export const alu: Readonly<Record<string, Handler>> = {
  'ADD r,m': (core, i) => {
    const m = core.i32;
    const b = read32(core, i.segment, address(m, i));
    m[i.index0] = add(m, m[i.index0], b);
  },
  'ADD m,r': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = add(m, m[host >> 2], m[i.index1]);
    else execute.ADD(core, i);
  },
  'ADD m,i': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = add(m, m[host >> 2], i.index1);
    else execute.ADD(core, i);
  },
  'OR r,r': (core, i) => {
    const m = core.i32;
    m[i.index0] = logic(m, m[i.index0] | m[i.index1]);
  },
  'OR r,i': (core, i) => {
    const m = core.i32;
    m[i.index0] = logic(m, m[i.index0] | i.index1);
  },
  'OR r,m': (core, i) => {
    const m = core.i32;
    const b = read32(core, i.segment, address(m, i));
    m[i.index0] = logic(m, m[i.index0] | b);
  },
  'OR m,r': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = logic(m, m[host >> 2] | m[i.index1]);
    else execute.OR(core, i);
  },
  'OR m,i': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = logic(m, m[host >> 2] | i.index1);
    else execute.OR(core, i);
  },
  'ADC r,r': (core, i) => {
    const m = core.i32;
    m[i.index0] = adc(m, m[i.index0], m[i.index1]);
  },
  'ADC r,i': (core, i) => {
    const m = core.i32;
    m[i.index0] = adc(m, m[i.index0], i.index1);
  },
  'ADC r,m': (core, i) => {
    const m = core.i32;
    const b = read32(core, i.segment, address(m, i));
    m[i.index0] = adc(m, m[i.index0], b);
  },
  'ADC m,r': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = adc(m, m[host >> 2], m[i.index1]);
    else execute.ADC(core, i);
  },
  'ADC m,i': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = adc(m, m[host >> 2], i.index1);
    else execute.ADC(core, i);
  },
  'SBB r,r': (core, i) => {
    const m = core.i32;
    m[i.index0] = sbb(m, m[i.index0], m[i.index1]);
  },
  'SBB r,i': (core, i) => {
    const m = core.i32;
    m[i.index0] = sbb(m, m[i.index0], i.index1);
  },
  'SBB r,m': (core, i) => {
    const m = core.i32;
    const b = read32(core, i.segment, address(m, i));
    m[i.index0] = sbb(m, m[i.index0], b);
  },
  'SBB m,r': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = sbb(m, m[host >> 2], m[i.index1]);
    else execute.SBB(core, i);
  },
  'SBB m,i': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = sbb(m, m[host >> 2], i.index1);
    else execute.SBB(core, i);
  },
  'AND r,r': (core, i) => {
    const m = core.i32;
    m[i.index0] = logic(m, m[i.index0] & m[i.index1]);
  },
  'AND r,i': (core, i) => {
    const m = core.i32;
    m[i.index0] = logic(m, m[i.index0] & i.index1);
  },
  'AND r,m': (core, i) => {
    const m = core.i32;
    const b = read32(core, i.segment, address(m, i));
    m[i.index0] = logic(m, m[i.index0] & b);
  },
  'AND m,r': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = logic(m, m[host >> 2] & m[i.index1]);
    else execute.AND(core, i);
  },
  'AND m,i': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = logic(m, m[host >> 2] & i.index1);
    else execute.AND(core, i);
  },
  'SUB r,r': (core, i) => {
    const m = core.i32;
    m[i.index0] = sub(m, m[i.index0], m[i.index1]);
  },
  'SUB r,m': (core, i) => {
    const m = core.i32;
    const b = read32(core, i.segment, address(m, i));
    m[i.index0] = sub(m, m[i.index0], b);
  },
  'SUB m,r': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = sub(m, m[host >> 2], m[i.index1]);
    else execute.SUB(core, i);
  },
  'SUB m,i': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = sub(m, m[host >> 2], i.index1);
    else execute.SUB(core, i);
  },
  'XOR r,r': (core, i) => {
    const m = core.i32;
    m[i.index0] = logic(m, m[i.index0] ^ m[i.index1]);
  },
  'XOR r,i': (core, i) => {
    const m = core.i32;
    m[i.index0] = logic(m, m[i.index0] ^ i.index1);
  },
  'XOR r,m': (core, i) => {
    const m = core.i32;
    const b = read32(core, i.segment, address(m, i));
    m[i.index0] = logic(m, m[i.index0] ^ b);
  },
  'XOR m,r': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = logic(m, m[host >> 2] ^ m[i.index1]);
    else execute.XOR(core, i);
  },
  'XOR m,i': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = logic(m, m[host >> 2] ^ i.index1);
    else execute.XOR(core, i);
  },
  'CMP r,r': (core, i) => {
    const m = core.i32;
    sub(m, m[i.index0], m[i.index1]);
  },
  'CMP m,r': (core, i) => {
    const m = core.i32;
    const a = read32(core, i.segment, address(m, i));
    sub(m, a, m[i.index1]);
  },
  'CMP m,i': (core, i) => {
    const m = core.i32;
    const a = read32(core, i.segment, address(m, i));
    sub(m, a, i.index1);
  },
  'CMP r,m': (core, i) => {
    const m = core.i32;
    const b = read32(core, i.segment, address(m, i));
    sub(m, m[i.index0], b);
  },
  'TEST r,r': (core, i) => {
    const m = core.i32;
    logic(m, m[i.index0] & m[i.index1]);
  },
  'TEST r,i': (core, i) => {
    const m = core.i32;
    logic(m, m[i.index0] & i.index1);
  },
  'TEST m,r': (core, i) => {
    const m = core.i32;
    const a = read32(core, i.segment, address(m, i));
    logic(m, a & m[i.index1]);
  },
  'TEST m,i': (core, i) => {
    const m = core.i32;
    const a = read32(core, i.segment, address(m, i));
    logic(m, a & i.index1);
  },
  'INC r': (core, i) => {
    const m = core.i32;
    m[i.index0] = inc(m, m[i.index0]);
  },
  'INC m': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = inc(m, m[host >> 2]);
    else execute.INC(core, i);
  },
  'DEC r': (core, i) => {
    const m = core.i32;
    m[i.index0] = dec(m, m[i.index0]);
  },
  'DEC m': (core, i) => {
    const m = core.i32;
    const host = hostForUpdate32(core, i.segment, address(m, i));
    if (host >= 0) m[host >> 2] = dec(m, m[host >> 2]);
    else execute.DEC(core, i);
  },
  'NEG r': (core, i) => {
    const m = core.i32;
    m[i.index0] = sub(m, 0, m[i.index0]);
  },
  'NOT r': (core, i) => {
    const m = core.i32;
    m[i.index0] = ~m[i.index0];
  },
};

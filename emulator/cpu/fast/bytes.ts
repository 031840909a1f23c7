/**
 * The frequent operations on bytes. Forms: b register, n memory, i immediate; the destination first.
 *
 * Invariant: same results and flags as execute/.
 */
import { read8, write8 } from '../access.ts';
import type { Handler } from '../instruction.ts';
import { CARRIES, RESULT } from '../registers.ts';
import { address } from './address.ts';

/** CF and its neighbour stand in bits 7 and 6 of an 8-bit carry vector. */
const HIGH_CARRIES = 0xc000_0000 | 0;

function add8(m: Int32Array, a: number, b: number): number {
  const result = (a + b) | 0;
  const carries = (a & b) | ((a | b) & ~result);
  m[RESULT] = (result << 24) >> 24;
  m[CARRIES] = ((carries << 24) & HIGH_CARRIES) | (carries & 8);
  return result;
}

function sub8(m: Int32Array, a: number, b: number): number {
  const result = (a - b) | 0;
  const borrows = (~a & b) | (~(a ^ b) & result);
  m[RESULT] = (result << 24) >> 24;
  m[CARRIES] = ((borrows << 24) & HIGH_CARRIES) | (borrows & 8);
  return result;
}

function logic8(m: Int32Array, result: number): number {
  m[RESULT] = (result << 24) >> 24;
  m[CARRIES] = 0;
  return result;
}

export const bytes: Readonly<Record<string, Handler>> = {
  'ADD b,b': (core, i) => {
    const m = core.i32;
    core.u8[i.index0] = add8(m, core.u8[i.index0], core.u8[i.index1]);
  },
  'ADD b,i': (core, i) => {
    const m = core.i32;
    core.u8[i.index0] = add8(m, core.u8[i.index0], i.index1);
  },
  'ADD b,n': (core, i) => {
    const m = core.i32;
    const b = read8(core, i.segment, address(m, i));
    core.u8[i.index0] = add8(m, core.u8[i.index0], b);
  },
  'SUB b,b': (core, i) => {
    const m = core.i32;
    core.u8[i.index0] = sub8(m, core.u8[i.index0], core.u8[i.index1]);
  },
  'SUB b,i': (core, i) => {
    const m = core.i32;
    core.u8[i.index0] = sub8(m, core.u8[i.index0], i.index1);
  },
  'SUB b,n': (core, i) => {
    const m = core.i32;
    const b = read8(core, i.segment, address(m, i));
    core.u8[i.index0] = sub8(m, core.u8[i.index0], b);
  },
  'AND b,b': (core, i) => {
    const m = core.i32;
    core.u8[i.index0] = logic8(m, core.u8[i.index0] & core.u8[i.index1]);
  },
  'AND b,i': (core, i) => {
    const m = core.i32;
    core.u8[i.index0] = logic8(m, core.u8[i.index0] & i.index1);
  },
  'AND b,n': (core, i) => {
    const m = core.i32;
    const b = read8(core, i.segment, address(m, i));
    core.u8[i.index0] = logic8(m, core.u8[i.index0] & b);
  },
  'OR b,b': (core, i) => {
    const m = core.i32;
    core.u8[i.index0] = logic8(m, core.u8[i.index0] | core.u8[i.index1]);
  },
  'OR b,i': (core, i) => {
    const m = core.i32;
    core.u8[i.index0] = logic8(m, core.u8[i.index0] | i.index1);
  },
  'OR b,n': (core, i) => {
    const m = core.i32;
    const b = read8(core, i.segment, address(m, i));
    core.u8[i.index0] = logic8(m, core.u8[i.index0] | b);
  },
  'XOR b,b': (core, i) => {
    const m = core.i32;
    core.u8[i.index0] = logic8(m, core.u8[i.index0] ^ core.u8[i.index1]);
  },
  'XOR b,i': (core, i) => {
    const m = core.i32;
    core.u8[i.index0] = logic8(m, core.u8[i.index0] ^ i.index1);
  },
  'XOR b,n': (core, i) => {
    const m = core.i32;
    const b = read8(core, i.segment, address(m, i));
    core.u8[i.index0] = logic8(m, core.u8[i.index0] ^ b);
  },
  'CMP b,b': (core, i) => {
    const m = core.i32;
    sub8(m, core.u8[i.index0], core.u8[i.index1]);
  },
  'CMP b,i': (core, i) => {
    const m = core.i32;
    sub8(m, core.u8[i.index0], i.index1);
  },
  'CMP n,b': (core, i) => {
    const m = core.i32;
    const a = read8(core, i.segment, address(m, i));
    sub8(m, a, core.u8[i.index1]);
  },
  'CMP n,i': (core, i) => {
    const m = core.i32;
    const a = read8(core, i.segment, address(m, i));
    sub8(m, a, i.index1);
  },
  'CMP b,n': (core, i) => {
    const m = core.i32;
    const b = read8(core, i.segment, address(m, i));
    sub8(m, core.u8[i.index0], b);
  },
  'TEST b,b': (core, i) => {
    const m = core.i32;
    logic8(m, core.u8[i.index0] & core.u8[i.index1]);
  },
  'TEST b,i': (core, i) => {
    const m = core.i32;
    logic8(m, core.u8[i.index0] & i.index1);
  },
  'TEST n,b': (core, i) => {
    const m = core.i32;
    const a = read8(core, i.segment, address(m, i));
    logic8(m, a & core.u8[i.index1]);
  },
  'TEST n,i': (core, i) => {
    const m = core.i32;
    const a = read8(core, i.segment, address(m, i));
    logic8(m, a & i.index1);
  },
  'MOV b,b': (core, i) => {
    core.u8[i.index0] = core.u8[i.index1];
  },
  'MOV b,i': (core, i) => {
    core.u8[i.index0] = i.index1;
  },
  'MOV b,n': (core, i) => {
    core.u8[i.index0] = read8(core, i.segment, address(core.i32, i));
  },
  'MOV n,b': (core, i) => {
    write8(core, i.segment, address(core.i32, i), core.u8[i.index1]);
  },
  'MOV n,i': (core, i) => {
    write8(core, i.segment, address(core.i32, i), i.index1);
  },
};

/**
 * The inner loop: executes one block. The forms that make up three quarters of all instructions executed (measured on
 * the guest's programs, compiled without optimisation as they are for debugging) stand here in full, because a call
 * through a handler costs as much as their work; all others are called.
 *
 * Invariant: each case does what execute/ does; test/unit/cpu/fast.test.ts compares them.
 */
import { read32, write32 } from './access.ts';
import type { Block } from './block.ts';
import type { Core } from './core.ts';
import { address } from './fast/address.ts';
import { CARRY_BITS } from './flags.ts';
import { CARRIES, ESP, RESULT, SS } from './registers.ts';

// Values of `Instruction.inline`. Plain constants: the bundler puts their values into the switch.
export const CALL_HANDLER = 0;
const LOAD = 1;
const STORE = 2;
const MOVE = 3;
const PUSH = 4;
const POP = 5;
const ADD_IMMEDIATE = 6;
const SUBTRACT_IMMEDIATE = 7;
const ADD = 8;
const COMPARE_IMMEDIATE = 9;

/** `MNEMONIC forms`, as in form-name.ts, of the inlined instructions. */
export const inlineForms: Readonly<Record<string, number>> = {
  'MOV r,m': LOAD,
  'MOV m,r': STORE,
  'MOV r,r': MOVE,
  'ADD r,i': ADD_IMMEDIATE,
  'SUB r,i': SUBTRACT_IMMEDIATE,
  'ADD r,r': ADD,
  'CMP r,i': COMPARE_IMMEDIATE,
};

/** Those that need a 32-bit stack. */
export const inlineStack32Forms: Readonly<Record<string, number>> = {
  'PUSH r': PUSH,
  'POP r': POP,
};

/**
 * @param length how many instructions to run at most
 * @returns how many ran: fewer when something asked to be looked at (`Core.attend`)
 * @throws CpuException of the instruction at `core.position`
 */
export function runBlock(core: Core, block: Block, length: number, from = 0): number {
  const m = core.i32;
  const ops = block.ops;
  core.block = block;
  core.blockEnd = length;
  let index = from;
  do {
    core.position = index;
    const i = ops[index];
    switch (i.inline) {
      case LOAD:
        m[i.index0] = read32(core, i.segment, address(m, i));
        break;
      case STORE:
        write32(core, i.segment, address(m, i), m[i.index1]);
        break;
      case MOVE:
        m[i.index0] = m[i.index1];
        break;
      case PUSH: {
        const sp = (m[ESP] - 4) | 0;
        write32(core, SS, sp, m[i.index0]);
        m[ESP] = sp;
        break;
      }
      case POP: {
        const value = read32(core, SS, m[ESP]);
        m[ESP] += 4;
        m[i.index0] = value;
        break;
      }
      case ADD_IMMEDIATE: {
        const a = m[i.index0];
        const b = i.index1;
        const result = (a + b) | 0;
        m[i.index0] = result;
        m[RESULT] = result;
        m[CARRIES] = ((a & b) | ((a | b) & ~result)) & CARRY_BITS;
        break;
      }
      case SUBTRACT_IMMEDIATE: {
        const a = m[i.index0];
        const b = i.index1;
        const result = (a - b) | 0;
        m[i.index0] = result;
        m[RESULT] = result;
        m[CARRIES] = ((~a & b) | (~(a ^ b) & result)) & CARRY_BITS;
        break;
      }
      case ADD: {
        const a = m[i.index0];
        const b = m[i.index1];
        const result = (a + b) | 0;
        m[i.index0] = result;
        m[RESULT] = result;
        m[CARRIES] = ((a & b) | ((a | b) & ~result)) & CARRY_BITS;
        break;
      }
      case COMPARE_IMMEDIATE: {
        const a = m[i.index0];
        const b = i.index1;
        const result = (a - b) | 0;
        m[RESULT] = result;
        m[CARRIES] = ((~a & b) | (~(a ^ b) & result)) & CARRY_BITS;
        break;
      }
      default: {
        const { run } = i;
        run(core, i);
      }
    }
    index++;
  } while (index < core.blockEnd);
  return index;
}

/**
 * Threaded handlers against the general ones: same registers, flags and memory, on random encodings and values; where a
 * handler gives its record back, nothing has changed.
 */
import { expect, test } from 'vitest';
import { Block } from '../../../emulator/cpu/block.ts';
import type { Core } from '../../../emulator/cpu/core.ts';
import { CpuException } from '../../../emulator/cpu/exception.ts';
import { execute } from '../../../emulator/cpu/execute/index.ts';
import { arithmeticFlags, setArithmeticFlags } from '../../../emulator/cpu/flags.ts';
import type { Instruction } from '../../../emulator/cpu/instruction.ts';
import { EAX, EDX, EIP } from '../../../emulator/cpu/registers.ts';
import { handlerNumber } from '../../../emulator/threaded/handler-table.ts';
import { handlerNames } from '../../../emulator/threaded/handlers.ts';
import { Thread } from '../../../emulator/threaded/thread.ts';
import { MODE, copy, findForms, newCore, randomise, randomiseFpu, stateSlots, value } from '../cpu/form-kit.ts';
import { Random } from '../cpu/random.ts';

const ROUNDS = 40;
const START = 0x1000;
/** What needs descriptors or paging: test/unit/translator/segments.test.ts and tlb.test.ts. */
const SYSTEM = ['POP s', 'MOV s,w', 'MOV s,v', 'MOV c,r', 'MOV r,c', 'INVLPG M'];

/** What execute/ leaves; EIP as after a block. Memory that is not there is not compared. */
function general(core: Core, i: Instruction): boolean {
  try {
    execute[i.row.mnemonic as keyof typeof execute](core, i);
  } catch (thrown) {
    if (!(thrown instanceof CpuException)) throw thrown;
    return false;
  }
  if (!i.row.jump) core.i32[EIP] += i.length;
  return true;
}

const stateOf = (core: Core): unknown => [...stateSlots(core).map((slots) => [...slots]), arithmeticFlags(core)];

test('every handler does what the general one does, or nothing', () => {
  const random = new Random(0x74ead);
  const forms = findForms(random, 6, (form) => handlerNumber(form) !== undefined);
  const ours = handlerNames.filter((name) => !name.startsWith('('));
  expect([...forms.keys()].sort()).toEqual([...ours].sort());
  const [threaded, reference] = [newCore(), newCore()];
  const thread = new Thread(threaded);
  for (const [form, instructions] of forms) {
    if (SYSTEM.includes(form)) continue;
    let done = 0;
    for (const i of instructions) {
      // Near its base, where there is memory more often.
      i.displacement &= 0x7ff;
      const block = new Block(0, MODE, [i], [0, i.length], false, -1);
      block.thread = 0;
      randomise(threaded, random);
      for (let round = 0; round < ROUNDS; round++) {
        copy(threaded, reference);
        const before = stateOf(threaded);
        const context = `${form}, ${random.seedText}`;
        threaded.left = 100;
        if (thread.run(block) === undefined) {
          done++;
          expect(general(reference, i), context).toBe(true);
          expect(stateOf(threaded), context).toEqual(stateOf(reference));
          expect(threaded.left).toBe(99);
        } else {
          expect(stateOf(threaded), context).toEqual(before);
          // Its page is in the TLB then, where there is one.
          general(threaded, i);
          general(reference, i);
        }
        for (let register = 0; register < 8; register++) {
          // An address that even eight times lies in memory, or anything.
          if (random.below(3) === 0)
            threaded.i32[register] = random.below(2) === 0 ? random.below(0x1800) : value(random);
        }
        randomiseFpu(threaded, random);
        // As before a division.
        if (random.below(3) === 0) threaded.i32[EDX] = threaded.i32[EAX] >> 31;
        setArithmeticFlags(threaded, random.int32());
        threaded.i32[EIP] = START;
      }
      expect(Buffer.compare(threaded.memory.ram, reference.memory.ram), form).toBe(0);
    }
    expect(done, form).toBeGreaterThan(0);
  }
}, 120_000);

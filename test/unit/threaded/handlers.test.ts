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
function general(core: Core, instructions: readonly Instruction[]): boolean {
  for (const i of instructions) {
    try {
      execute[i.row.mnemonic as keyof typeof execute](core, i);
    } catch (thrown) {
      if (!(thrown instanceof CpuException)) throw thrown;
      return false;
    }
  }
  if (!instructions.at(-1)!.row.jump) core.i32[EIP] += bytesOf(instructions);
  return true;
}

const bytesOf = (instructions: readonly Instruction[]): number =>
  instructions.reduce((bytes, { length }) => bytes + length, 0);
const stateOf = (core: Core): unknown => [...stateSlots(core).map((slots) => [...slots]), arithmeticFlags(core)];

/** For the next round: some registers are others, some equal to another. */
function vary(core: Core, random: Random): void {
  const m = core.i32;
  for (let register = 0; register < 8; register++) {
    // An address that even eight times lies in memory, or anything.
    if (random.below(3) === 0) m[register] = random.below(2) === 0 ? random.below(0x1800) : value(random);
    if (random.below(6) === 0) m[register] = m[random.below(8)];
  }
  randomiseFpu(core, random);
  // As before a division.
  if (random.below(3) === 0) m[EDX] = m[EAX] >> 31;
  setArithmeticFlags(core, random.int32());
  m[EIP] = START;
}

const machines = (): { threaded: Core; reference: Core; thread: Thread } => {
  const threaded = newCore();
  return { threaded, reference: newCore(), thread: new Thread(threaded) };
};

/** @returns how often handlers did all of it */
function compare(
  { threaded, reference, thread }: ReturnType<typeof machines>,
  of: Instruction[],
  random: Random,
): number {
  let done = 0;
  const starts = [0, ...of.map((_, n) => bytesOf(of.slice(0, n + 1)))];
  const block = new Block(0, MODE, of, starts, false, -1);
  block.thread = 0;
  randomise(threaded, random);
  for (let round = 0; round < ROUNDS; round++) {
    copy(threaded, reference);
    const before = stateOf(threaded);
    threaded.left = 100;
    if (thread.run(block) === undefined) {
      done++;
      expect(general(reference, of), random.seedText).toBe(true);
      expect(stateOf(threaded), random.seedText).toEqual(stateOf(reference));
      expect(threaded.left).toBe(100 - of.length);
    } else {
      expect(stateOf(threaded), random.seedText).toEqual(before);
      // Its page is in the TLB then, where there is one.
      general(threaded, of);
      general(reference, of);
    }
    vary(threaded, random);
  }
  expect(Buffer.compare(threaded.memory.ram, reference.memory.ram)).toBe(0);
  return done;
}

/** `MNEMONIC forms` of handlers, or two of them together. */
const names = handlerNames.filter((name) => !name.startsWith('('));
const isFused = (name: string): boolean => name.split(' ').length > 2;

test('every handler does what the general one does, or nothing', () => {
  const random = new Random(0x74ead);
  const forms = findForms(random, 6, (form) => handlerNumber(form) !== undefined);
  expect([...forms.keys()].sort()).toEqual(names.filter((name) => !isFused(name)).sort());
  const both = machines();
  for (const [form, instructions] of forms) {
    if (SYSTEM.includes(form)) continue;
    let done = 0;
    for (const i of instructions) {
      // Near its base, where there is memory more often.
      i.displacement &= 0x7ff;
      done += compare(both, [i], random);
    }
    expect(done, form).toBeGreaterThan(0);
  }
}, 120_000);

test('a comparison and a jump together do what the general ones do, or nothing', () => {
  const random = new Random(0xf05ed);
  const forms = findForms(random, 3, (form) => /^(CMP|TEST|J[A-Z]+) /.test(form));
  const both = machines();
  const fused = names.filter(isFused);
  expect(fused.length).toBeGreaterThan(100);
  for (const name of fused) {
    const [mnemonic, operands, jump] = name.split(' ');
    const [last] = forms.get(`${jump} j`)!;
    let done = 0;
    for (const i of forms.get(`${mnemonic} ${operands}`)!) {
      i.displacement &= 0x7ff;
      last.end = i.length + last.length;
      done += compare(both, [i, last], random);
    }
    expect(done, name).toBeGreaterThan(0);
  }
}, 120_000);

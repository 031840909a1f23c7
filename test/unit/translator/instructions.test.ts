/**
 * Every form that is translated against the interpreter, alone and behind one or two others: same registers, flags,
 * memory and faults, on random values. A jump ends the block, so that all of it is translated.
 */
import { expect, test } from 'vitest';
import { Decoder } from '../../../emulator/cpu/decoder.ts';
import type { Instruction } from '../../../emulator/cpu/instruction.ts';
import { emitterOf } from '../../../emulator/translator/emit.ts';
import { Random } from '../cpu/random.ts';
import { newCpu, setFlat } from './flat-cpu.ts';
import { randomInstruction } from './random-code.ts';
import { INTERPRETER, TRANSLATED } from '../cpu/engines.ts';

const CODE = 0xf000;
const ROUNDS = 24;
const EDGES = [0, 1, 2, -1, 0x7fff_ffff, 0x8000_0000 | 0, 0xff, 0x80, 0x7f, 0x8000, 0xffff, 0x1f, 0x20];
const NAMES = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;

function value(random: Random): number {
  const kind = random.below(3);
  return kind === 0 ? EDGES[random.below(EDGES.length)] : kind === 1 ? random.below(CODE - 0x200) : random.int32();
}

function formOf(i: Instruction): string {
  return `${i.row.opcode} ${i.kind0} ${i.kind1} ${i.kind2} ${i.size}`;
}

const plain = newCpu(INTERPRETER);
const translated = newCpu(TRANSLATED);

/** Runs the instructions on the same random values both ways. @returns how many the regions executed */
function compare(random: Random, instructions: readonly { bytes: Uint8Array; i: Instruction }[]): number {
  const code = instructions.flatMap(({ bytes }) => [...bytes]);
  code.push(0xeb, 0x10);
  const data = Uint8Array.from({ length: CODE }, () => random.byte());
  const before = translated.cpu.translator!.executed;
  const name = instructions.map(({ i }) => `${i.row.mnemonic} (${formOf(i)})`).join('; ');
  for (const { memory } of [plain, translated]) {
    memory.load(0, data);
    memory.load(CODE, Uint8Array.from(code));
  }
  for (let round = 0; round < ROUNDS; round++) {
    const start = NAMES.map((register) => [register, value(random) >>> 0] as const);
    const flags = (random.int32() & 0x8d5) | 2;
    const outcomes = [plain, translated].map(({ cpu }) => {
      const { registers } = cpu;
      for (const [register, number] of start) registers[register] = number;
      registers.eflags = flags;
      registers.eip = CODE;
      // A null selector may have been loaded.
      setFlat(cpu);
      cpu.exceptionStops = -1;
      const stop = cpu.run(cpu.instructionCount + instructions.length + 1);
      return {
        stop,
        registers: NAMES.map((register) => registers[register]),
        eip: registers.eip,
        flags: registers.eflags,
      };
    });
    expect(outcomes[1], `${name}, round ${round}, ${random.seedText}`).toEqual(outcomes[0]);
  }
  expect(Buffer.compare(plain.memory.ram, translated.memory.ram), name).toBe(0);
  return translated.cpu.translator!.executed - before;
}

test('each form alone', () => {
  const random = new Random(0x7a5e);
  const decoder = new Decoder();
  const forms = new Map<string, { bytes: Uint8Array; i: Instruction }[]>();
  for (let n = 0; n < 40_000; n++) {
    const found = randomInstruction(random, decoder);
    if (emitterOf(found.i) === undefined) continue;
    const form = formOf(found.i);
    const list = forms.get(form) ?? [];
    if (list.length < 2) forms.set(form, [...list, found]);
  }
  let executed = 0;
  for (const list of forms.values()) for (const found of list) executed += compare(random, [found]);
  expect(forms.size).toBeGreaterThan(300);
  expect(executed / (forms.size * 2 * ROUNDS)).toBeGreaterThan(0.5);
}, 120_000);

test('two and three in a row', () => {
  const random = new Random(0xf1a65);
  const decoder = new Decoder();
  for (let n = 0; n < 1200; n++) {
    compare(
      random,
      Array.from({ length: 2 + random.below(2) }, () => randomInstruction(random, decoder)).filter(
        ({ i }) => emitterOf(i) !== undefined,
      ),
    );
  }
}, 120_000);

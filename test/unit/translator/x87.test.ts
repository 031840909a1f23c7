/**
 * Floating point by translated code and by the interpreter: the same values, flags, tags, pointers and memory, on operands
 * of every class, on results at the borders of rounding, for every control word, with stack faults and pending exceptions.
 */
import { expect, test } from 'vitest';
import { x87State } from '../../conformance/host/x87.ts';
import { fillOperand } from '../../conformance/host/values.ts';
import { Random } from '../cpu/random.ts';
import { newCpu } from './flat-cpu.ts';
import { INTERPRETER, TRANSLATED } from '../cpu/engines.ts';

const CODE = 0xf000;
const DATA = 0x4000;
const DATA_BYTES = 160;
const OPERAND = 32;
const ROUNDS = 12;
const EBX = 3;
const FNSTSW_AX = [0xdf, 0xe0];
const SAHF = 0x9e;
/** More of those with arithmetic. */
const REGISTER_OPCODES = [0xd8, 0xd8, 0xdc, 0xd9, 0xd9, 0xde, 0xde, 0xda, 0xdb, 0xdd, 0xdf];
const WITHOUT_FISTTP = new Set([0xdb, 0xdd, 0xdf]);

const plain = newCpu(INTERPRETER);
const translated = newCpu(TRANSLATED);

/** @param common whether to choose among what is translated */
function instruction(random: Random, common: boolean): number[] {
  if (random.below(8) === 0) return [...FNSTSW_AX, SAHF];
  const opcode = 0xd8 + random.below(8);
  if (random.below(2) === 0) {
    let register = random.below(64);
    // Few registers, so that those that are empty are not met at once.
    if (random.below(4) !== 0) register &= 0x3b;
    return [common ? REGISTER_OPCODES[random.below(REGISTER_OPCODES.length)] : opcode, 0xc0 | register];
  }
  const first = 0xd8 + random.below(8);
  let operation = random.below(8);
  if (WITHOUT_FISTTP.has(first) && operation === 1) operation = 0;
  return [first, 0x40 | (operation << 3) | EBX, OPERAND + (random.below(3) === 0 ? random.below(32) : 0)];
}

/** Numbers of about the same size in all registers, all exceptions masked: nothing but the arithmetic differs. */
function tame(random: Random, fxsave: Uint8Array): void {
  const view = new DataView(fxsave.buffer);
  view.setUint16(0, view.getUint16(0, true) | 0x3f, true);
  view.setUint16(2, view.getUint16(2, true) & 0x7f7f, true);
  const spread = 1 + random.below(80);
  for (let n = 0; n < 8; n++) {
    const at = 32 + n * 16;
    // Few bits now and then, so that results are exact, or ties.
    const keep = random.below(2) === 0 ? -1 : -1 << random.below(32);
    view.setInt32(at, random.below(2) === 0 ? random.int32() & keep : 0, true);
    view.setInt32(at + 4, (random.int32() & keep) | (0x8000_0000 | 0), true);
    view.setUint16(at + 8, (random.int32() & 0x8000) | (0x3fff - (spread >> 1) + random.below(spread)), true);
    if (random.below(10) === 0) fxsave.fill(0, at, at + 9);
  }
}

/** Runs one program on several states both ways. @returns how many instructions the regions executed */
function compare(random: Random, tamed: boolean): number {
  const program = Array.from({ length: 1 + random.below(7) }, () => instruction(random, tamed));
  // FNSTSW and SAHF are two.
  const count = program.reduce((sum, bytes) => sum + (bytes.length === 3 && bytes[2] === SAHF ? 2 : 1), 0);
  const code = Uint8Array.from([...program.flat(), 0xeb, 0x10]);
  const before = translated.cpu.translator!.executed;
  for (const { memory } of [plain, translated]) memory.load(CODE, code);
  for (let round = 0; round < ROUNDS; round++) {
    const fxsave = x87State(random);
    if (tamed) tame(random, fxsave);
    const data = new Uint8Array(DATA_BYTES);
    fillOperand(random, data);
    const eax = random.int32() >>> 0;
    const eflags = (random.int32() & 0x8d5) | 2;
    const length = random.below(3) === 0 ? 1 + random.below(count + 1) : count + 1;
    const cr0 = 0x31 | (random.below(16) === 0 ? 4 + random.below(2) * 4 : 0);
    const outcomes = [plain, translated].map(({ cpu, memory }) => {
      memory.load(DATA, data);
      const { registers } = cpu;
      registers.cr0 = cr0;
      registers.eax = eax;
      registers.ebx = DATA;
      registers.eflags = eflags;
      registers.eip = CODE;
      cpu.fxsave = new Int32Array(fxsave.buffer);
      cpu.exceptionStops = -1;
      const stop = cpu.run(cpu.instructionCount + length);
      return {
        stop,
        eip: registers.eip,
        eax: registers.eax,
        flags: registers.eflags,
        fxsave: [...cpu.fxsave],
        memory: Buffer.from(memory.ram.subarray(DATA - 0x100, DATA + 0x200)).toString('hex'),
      };
    });
    const text = Buffer.from(code).toString('hex');
    const state = Buffer.from(fxsave.subarray(0, 160)).toString('hex');
    expect(outcomes[1], `${text}, round ${round}, ${random.seedText}, ${state}`).toEqual(outcomes[0]);
  }
  return translated.cpu.translator!.executed - before;
}

test.each([
  ['all instructions on anything', false, 900, 0.1],
  ['what is translated, on numbers', true, 900, 0.4],
])(
  '%s',
  (_, tamed, programs, share) => {
    const random = new Random(0x87 + programs);
    let executed = 0;
    for (let n = 0; n < programs; n++) executed += compare(random, tamed);
    expect(executed / (programs * ROUNDS)).toBeGreaterThan(share);
  },
  120_000,
);

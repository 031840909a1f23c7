/**
 * Quick handlers against the general ones: same registers, flags, memory and faults, on random encodings and values.
 * Which flags and operands an instruction touches is compared with iced-x86.
 */
import { Decoder as IcedDecoder, DecoderOptions, RflagsBits } from 'iced-x86';
import { expect, test } from 'vitest';
import { Block } from '../../../emulator/cpu/block.ts';
import type { Core } from '../../../emulator/cpu/core.ts';
import { Decoder, NEED_MORE } from '../../../emulator/cpu/decoder.ts';
import { CpuException } from '../../../emulator/cpu/exception.ts';
import { execute } from '../../../emulator/cpu/execute/index.ts';
import { fastForms } from '../../../emulator/cpu/fast/index.ts';
import { arithmeticFlags, setArithmeticFlags } from '../../../emulator/cpu/flags.ts';
import type { Handler, Instruction } from '../../../emulator/cpu/instruction.ts';
import { rows } from '../../../emulator/cpu/opcodes.ts';
import { EIP } from '../../../emulator/cpu/registers.ts';
import { inlineForms, inlineStack32Forms, runBlock } from '../../../emulator/cpu/run-block.ts';
import { MODE, copy, findForms, newCore, randomise, value } from './form-kit.ts';
import { Random } from './random.ts';

const ROUNDS = 40;

function outcome(core: Core, i: Instruction, run: Handler): unknown {
  let fault: unknown = 'none';
  try {
    run(core, i);
  } catch (thrown) {
    if (!(thrown instanceof CpuException)) throw thrown;
    fault = [thrown.vector, thrown.errorCode, thrown.cr2];
  }
  return { fault, registers: [...core.i32.subarray(0, 10)], flags: arithmeticFlags(core) };
}

test('every quick handler and every inlined form does what the general handler does', () => {
  const random = new Random(0xfa57);
  const forms = findForms(
    random,
    6,
    (_, i) => i.inline !== 0 || i.run !== execute[i.row.mnemonic as keyof typeof execute],
  );
  const expected = [...fastForms, ...Object.keys(inlineForms), ...Object.keys(inlineStack32Forms)];
  expect([...forms.keys()].sort()).toEqual(expected.sort());
  const quick = newCore();
  const general = newCore();
  for (const [form, instructions] of forms) {
    for (const i of instructions) {
      if (i.row.mnemonic === 'INVALID') continue;
      const block = new Block(0, MODE, [i], [0, i.length], false, -1);
      const runQuick: Handler = (core) => {
        runBlock(core, block, 1);
      };
      randomise(quick, random);
      for (let round = 0; round < ROUNDS; round++) {
        copy(quick, general);
        const mine = outcome(quick, i, runQuick);
        expect(mine, `${form}, ${random.seedText}`).toEqual(outcome(general, i, execute[i.row.mnemonic]));
        for (let register = 0; register < 8; register++) {
          if (random.below(3) === 0) quick.i32[register] = value(random);
        }
        setArithmeticFlags(quick, random.int32());
        quick.i32[EIP] = 0x1000;
      }
      expect(Buffer.compare(quick.memory.ram, general.memory.ram), form).toBe(0);
    }
  }
}, 120_000);

//  letter  RFLAGS bit
const FLAG_LETTERS: readonly (readonly [string, RflagsBits])[] = [
  ['o', RflagsBits.OF],
  ['s', RflagsBits.SF],
  ['z', RflagsBits.ZF],
  ['a', RflagsBits.AF],
  ['p', RflagsBits.PF],
  ['c', RflagsBits.CF],
];

function letters(bits: number): string {
  return FLAG_LETTERS.filter(([, bit]) => (bits & (bit as number)) !== 0)
    .map(([letter]) => letter)
    .join('');
}

function sorted(flags: string): string {
  return FLAG_LETTERS.filter(([letter]) => flags.includes(letter))
    .map(([letter]) => letter)
    .join('');
}

test('the table names the flags that iced-x86 names', () => {
  const decoder = new Decoder();
  const random = new Random(0xf1a6);
  const differences = new Set<string>();
  const seen = new Set<unknown>();
  for (let n = 0; n < 100_000; n++) {
    const bytes = Uint8Array.from({ length: 16 }, () => random.byte());
    // Half of it two-byte opcodes, most of them with a mandatory prefix; a sixth x87.
    if (n % 6 === 0) bytes[0] = 0x0f;
    else if (n % 3 === 0) bytes.set([[0x66, 0xf2, 0xf3][random.below(3)], 0x0f]);
    else if (n % 3 === 1 && n % 2 === 0) bytes[0] = 0xd8 | random.below(8);
    const i = decoder.decode(bytes, 0, 16, MODE);
    if (i === NEED_MORE || i.row.mnemonic === 'INVALID' || seen.has(i.row)) continue;
    const icedDecoder = new IcedDecoder(32, bytes, DecoderOptions.None);
    const instruction = icedDecoder.decode();
    // A shift by an immediate 0 touches no flags; the table speaks of the others.
    const count = i.row.opcode.startsWith('0F') ? i.index2 : i.index1;
    const nothing = (count & 31) === 0 && /^(C[01]|0F A4|0F AC)/.test(i.row.opcode);
    if (instruction.length !== i.length || nothing) continue;
    seen.add(i.row);
    const written = letters(instruction.rflagsModified as number);
    const read = letters(instruction.rflagsRead as number);
    const { opcode, mnemonic, flagsWritten, flagsRead } = i.row;
    if (sorted(flagsWritten) !== written)
      differences.add(`${opcode} ${mnemonic} writes ${flagsWritten}, iced ${written}`);
    if (sorted(flagsRead) !== read) differences.add(`${opcode} ${mnemonic} reads ${flagsRead}, iced ${read}`);
  }
  expect([...differences].sort()).toEqual([]);
  expect(seen.size).toBeGreaterThan(rows.length * 0.9);
});

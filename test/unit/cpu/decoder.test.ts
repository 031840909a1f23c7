/**
 * The decoder against iced-x86: its own vectors where they are at hand, and random bytes always.
 * Compared are validity, length, memory operand and immediates of every instruction that a P6 has.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instruction as IcedInstruction } from 'iced-x86';
import { Code, CpuidFeature, Decoder as IcedDecoder, DecoderOptions, OpKind, Register } from 'iced-x86';
import { describe, expect, test } from 'vitest';
import { Decoder, NEED_MORE } from '../../../emulator/cpu/decoder.ts';
import type { Instruction } from '../../../emulator/cpu/instruction.ts';
import { Kind } from '../../../emulator/cpu/instruction.ts';
import { ZERO } from '../../../emulator/cpu/registers.ts';
import { Random } from './random.ts';

/** Everything this processor has; the rest must be invalid here. */
const FEATURES: readonly number[] = [
  CpuidFeature.INTEL8086,
  CpuidFeature.INTEL8086_ONLY,
  CpuidFeature.INTEL186,
  CpuidFeature.INTEL286,
  CpuidFeature.INTEL386,
  CpuidFeature.INTEL486,
  CpuidFeature.CPUID,
  CpuidFeature.TSC,
  CpuidFeature.MSR,
  CpuidFeature.CX8,
  CpuidFeature.CMOV,
  CpuidFeature.MULTIBYTENOP,
  CpuidFeature.PAUSE,
  CpuidFeature.RDPMC,
  CpuidFeature.CET_IBT,
  CpuidFeature.FPU,
  CpuidFeature.FPU287,
  CpuidFeature.FPU387,
  CpuidFeature.MMX,
  CpuidFeature.FXSR,
  CpuidFeature.SSE,
  CpuidFeature.SSE2,
];

/** Valid for iced, and rightly refused here. */
const REFUSED = new Set<Code>([
  // Opcodes of single processors before the P6.
  Code.Rsm,
  Code.Umov_rm8_r8,
  Code.Umov_rm16_r16,
  Code.Umov_rm32_r32,
  Code.Umov_r8_rm8,
  Code.Umov_r16_rm16,
  Code.Umov_r32_rm32,
]);

/** Later instructions in the place of hint opcodes (NOPs), or behind a prefix that was ignored before. */
const AS_BEFORE = /^(Prefetch|Cldemote|Reservednop|Bnd|Lzcnt|Tzcnt|Wbnoinvd|Rdssp|Endbr)/;

const SEGMENTS = [Register.ES, Register.CS, Register.SS, Register.DS, Register.FS, Register.GS];
const GENERAL32 = [
  Register.EAX,
  Register.ECX,
  Register.EDX,
  Register.EBX,
  Register.ESP,
  Register.EBP,
  Register.ESI,
  Register.EDI,
];
const GENERAL16 = [
  Register.AX,
  Register.CX,
  Register.DX,
  Register.BX,
  Register.SP,
  Register.BP,
  Register.SI,
  Register.DI,
];

type Decoded = { readonly valid: false } | { readonly valid: true; readonly length: number; readonly memory: string };

const decoder = new Decoder();

function ours(bytes: Uint8Array, bitness: 16 | 32): { decoded: Decoded; instruction: Instruction | undefined } {
  const i = decoder.decode(bytes, 0, bytes.length, bitness === 32 ? 3 : 0);
  if (i === NEED_MORE || i.row.mnemonic === 'INVALID' || i.row.mnemonic.startsWith('UD')) {
    return { decoded: { valid: false }, instruction: undefined };
  }
  return { decoded: { valid: true, length: i.length, memory: memoryOf(i) }, instruction: i };
}

function memoryOf(i: Instruction): string {
  const memory = [i.kind0, i.kind1].some((kind) => kind >= Kind.MEM8 && kind <= Kind.MEM);
  if (!memory) return '';
  const name = (register: number): string => (register === ZERO ? '-' : String(register));
  const mask = i.addressMask >>> 0;
  const index = i.index === ZERO ? '' : `+${name(i.index)}*${String(1 << i.scale)}`;
  return `${String(i.segment)}:${name(i.base)}${index}+${((i.displacement & mask) >>> 0).toString(16)}`;
}

function icedMemoryOf(i: IcedInstruction): string {
  const memory = Array.from({ length: i.opCount }, (_, n) => i.opKind(n)).includes(OpKind.Memory);
  // XLAT has its operand built in here.
  if (!memory || i.code === Code.Xlat_m8) return '';
  const name = (register: Register): string => {
    if (register === Register.None) return '-';
    const index = GENERAL32.indexOf(register);
    return String(index >= 0 ? index : GENERAL16.indexOf(register));
  };
  const segment = SEGMENTS.indexOf(i.memorySegment);
  const { memoryIndex, memoryIndexScale } = i;
  const index = memoryIndex === Register.None ? '' : `+${name(memoryIndex)}*${String(memoryIndexScale)}`;
  const mask = isWide(i) ? 0xffff_ffff : 0xffff;
  const displacement = (Number(i.memoryDisplacement & 0xffff_ffffn) & mask) >>> 0;
  return `${String(segment)}:${name(i.memoryBase)}${index}+${displacement.toString(16)}`;
}

/** Whether the addresses of an instruction are 32 bits wide. */
function isWide(i: IcedInstruction): boolean {
  if (GENERAL16.includes(i.memoryBase) || GENERAL16.includes(i.memoryIndex)) return false;
  if (GENERAL32.includes(i.memoryBase) || GENERAL32.includes(i.memoryIndex)) return true;
  return i.memoryDisplSize !== 2;
}

function iced(bytes: Uint8Array, bitness: 16 | 32): { decoded: Decoded; text: string } {
  const icedDecoder = new IcedDecoder(bitness, bytes, DecoderOptions.None);
  const i = icedDecoder.decode();
  const refused =
    i.code === Code.INVALID ||
    REFUSED.has(i.code) ||
    Code[i.code].startsWith('Ud') ||
    !(AS_BEFORE.test(Code[i.code]) || [...i.cpuidFeatures()].every((feature) => FEATURES.includes(feature)));
  const decoded: Decoded = refused ? { valid: false } : { valid: true, length: i.length, memory: icedMemoryOf(i) };
  const text = Code[i.code];
  i.free();
  icedDecoder.free();
  return { decoded, text };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe.each([16, 32] as const)('%i-bit code', (bitness) => {
  test('random bytes decode as iced-x86 decodes them', () => {
    const random = new Random(0x1ced + bitness);
    const differences: string[] = [];
    for (let n = 0; n < 60_000; n++) {
      const bytes = randomInstruction(random);
      const mine = ours(bytes, bitness);
      const theirs = iced(bytes, bitness);
      if (JSON.stringify(mine.decoded) !== JSON.stringify(theirs.decoded)) {
        differences.push(
          `${hexOf(bytes)} ${theirs.text}: ${JSON.stringify(mine.decoded)}, iced ${JSON.stringify(theirs.decoded)}`,
        );
      }
    }
    expect(differences.slice(0, 20), random.seedText).toEqual([]);
  });
});

/** Prefixes, then an opcode that is as often in the second table as in the first. */
function randomInstruction(random: Random): Uint8Array {
  const bytes = new Uint8Array(20);
  for (let at = 0; at < bytes.length; at++) bytes[at] = random.byte();
  const prefixes = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
  let at = 0;
  while (random.below(3) === 0 && at < 4) bytes[at++] = prefixes[random.below(prefixes.length)];
  if (random.below(2) === 0) bytes[at] = 0x0f;
  return bytes;
}

const vectors = join(import.meta.dirname, '../../../../shared/conformance/iced');

/** Hex digits of the first column, blanks removed. */
function bytesOfLine(line: string): Uint8Array {
  return Uint8Array.from(Buffer.from(line.split(',')[0].replaceAll(' ', ''), 'hex'));
}

function linesOf(file: string): string[] {
  return readFileSync(join(vectors, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('decopt='));
}

describe.each([16, 32] as const)('iced-x86 vectors for %i-bit code', (bitness) => {
  test('lengths and validity', ({ skip }) => {
    if (!existsSync(vectors)) skip(`${vectors} is not here`);
    const differences: string[] = [];
    let compared = 0;
    for (const line of linesOf(`DecoderTest${String(bitness)}.txt`)) {
      const bytes = bytesOfLine(line);
      const mine = ours(bytes, bitness);
      const theirs = iced(bytes, bitness);
      compared++;
      if (JSON.stringify(mine.decoded) !== JSON.stringify(theirs.decoded)) {
        differences.push(`${line}: ${JSON.stringify(mine.decoded)}, iced ${JSON.stringify(theirs.decoded)}`);
      }
    }
    expect(differences.slice(0, 20)).toEqual([]);
    expect(compared).toBeGreaterThan(19_000);
  });

  test('effective addresses', ({ skip }) => {
    if (!existsSync(vectors)) skip(`${vectors} is not here`);
    const differences: string[] = [];
    for (const line of linesOf(`MemoryTest${String(bitness)}.txt`)) {
      const bytes = bytesOfLine(line);
      const mine = ours(bytes, bitness);
      const theirs = iced(bytes, bitness);
      if (JSON.stringify(mine.decoded) !== JSON.stringify(theirs.decoded)) differences.push(line);
    }
    expect(differences).toEqual([]);
  });
});

/**
 * What CPUID announces is there, and everything else is #UD: each one- and two-byte opcode with each ModRM reg, executed,
 * against what iced-x86 says the encoding needs. Intel SDM Vol. 2, CPUID; Vol. 3A, "Interrupt 6—Invalid Opcode Exception".
 */
import { Code, CpuidFeature, Decoder as IcedDecoder, DecoderOptions } from 'iced-x86';
import { expect, test } from 'vitest';
import { Feature, featuresWith } from '../../../emulator/cpu/cpuid.ts';
import { INTERPRETER } from './engines.ts';
import { at, machine, type TestMachine } from './test-machine.ts';

const UD = 6;
const OSFXSR = 0x200;

/** What an instruction of iced-x86's needs beyond an i486, and the bits of CPUID leaf 1, EDX, that announce it. */
// prettier-ignore
const ANNOUNCED_BY = new Map<number, number>([
  [CpuidFeature.INTEL8086,      0],
  [CpuidFeature.INTEL8086_ONLY, 0],
  [CpuidFeature.INTEL186,       0],
  [CpuidFeature.INTEL286,       0],
  [CpuidFeature.INTEL386,       0],
  [CpuidFeature.INTEL486,       0],
  // By family 6, and by CPUID being there at all.
  [CpuidFeature.CPUID,          0],
  [CpuidFeature.MULTIBYTENOP,   0],
  [CpuidFeature.RDPMC,          0],
  // A hint: F3 before NOP.
  [CpuidFeature.PAUSE,          0],
  [CpuidFeature.FPU,            Feature.FPU],
  [CpuidFeature.FPU287,         Feature.FPU],
  [CpuidFeature.FPU387,         Feature.FPU],
  [CpuidFeature.TSC,            Feature.TSC],
  [CpuidFeature.MSR,            Feature.MSR],
  [CpuidFeature.CX8,            Feature.CX8],
  [CpuidFeature.CMOV,           Feature.CMOV],
  [CpuidFeature.MMX,            Feature.MMX],
  [CpuidFeature.FXSR,           Feature.FXSR],
  [CpuidFeature.SSE,            Feature.SSE],
  [CpuidFeature.SSE2,           Feature.SSE2],
]);

/** Later instructions in the place of hints, or behind a prefix that was ignored before. */
const AS_BEFORE = /^(Prefetch|Cldemote|Reservednop|Bnd|Lzcnt|Tzcnt|Wbnoinvd|Rdssp|Endbr)/;
/** #UD by definition, or of single processors before the P6. */
const REFUSED = /^(INVALID|Ud|Rsm$|Umov)/;

/** SDM Vol. 1, "SSE2 64-Bit and 128-Bit SIMD Integer Instructions"; iced-x86 takes it for MMX. */
const SSE2_ON_MMX = /^Paddq_mm/;

interface Needs {
  readonly text: string;
  /** Bits of CPUID; undefined: no processor of this kind has it. */
  readonly bits: number | undefined;
}

function needs(bytes: Uint8Array): Needs {
  const decoder = new IcedDecoder(32, bytes, DecoderOptions.None);
  const instruction = decoder.decode();
  const text = Code[instruction.code];
  let bits: number | undefined = 0;
  if (REFUSED.test(text)) bits = undefined;
  else if (!AS_BEFORE.test(text)) {
    for (const feature of instruction.cpuidFeatures()) {
      const announced = ANNOUNCED_BY.get(feature);
      bits = announced === undefined || bits === undefined ? undefined : bits | announced;
    }
  }
  if (bits !== undefined && SSE2_ON_MMX.test(text)) bits |= Feature.SSE2;
  instruction.free();
  decoder.free();
  return { text, bits };
}

const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;

/**
 * Executes any one instruction at CPL 3, its operands all in the data page, with the registers as they were at first.
 * @returns for the bytes of one, whether it is #UD
 */
function undefinedOn(m: TestMachine): (bytes: Uint8Array) => boolean {
  const { registers } = m.cpu;
  const segments = SEGMENTS.map((name) => ({ name, value: { ...registers.segments[name] } }));
  m.cpu.exceptionStops = -1;
  return (bytes) => {
    for (const { name, value } of segments) registers.segments[name] = value;
    for (const name of ['eax', 'ecx', 'edx', 'ebx', 'ebp', 'esi', 'edi'] as const) registers[name] = at.data + 0x800;
    registers.esp = at.stack3 - 0x100;
    registers.eip = at.code;
    registers.eflags = 2;
    m.memory.load(at.code, bytes);
    const stop = m.step();
    return stop.reason === 'exception' && stop.vector === UD;
  };
}

/** Memory at [EBX] and a register, with every reg field. */
const REG = Array.from({ length: 8 }, (_, reg) => [(reg << 3) | 3, 0xc0 | (reg << 3)]).flat();
/** Where the rm field of a register form is more opcode. */
const REG_AND_RM = [...REG.filter((modrm) => modrm < 0xc0), ...Array.from({ length: 64 }, (_, n) => 0xc0 | n)];
const wide = (escape: boolean, opcode: number): boolean =>
  escape ? opcode === 0x01 || opcode === 0xae || opcode === 0xc7 : opcode >= 0xd8 && opcode <= 0xdf;

/** What follows ModRM is an offset into the data page, as displacement or immediate value. */
function* encodings(): Generator<Uint8Array> {
  for (const prefix of [[], [0x66], [0xf2], [0xf3]]) {
    for (const escape of [false, true]) {
      // Of one-byte opcodes a prefix changes none into another instruction but NOP.
      if (prefix.length > 0 && !escape) continue;
      for (let opcode = 0; opcode < 256; opcode++) {
        const head = [...prefix, ...(escape ? [0x0f] : []), opcode];
        const tail = [0x00, 0x08, 0x02, 0x00, 0x00, 0x08, 0x02, 0x00];
        for (const modrm of wide(escape, opcode) ? REG_AND_RM : REG) yield Uint8Array.from([...head, modrm, ...tail]);
      }
    }
  }
}

test.each([
  { processor: 'the default processor', simd: undefined },
  { processor: 'one with SSE', simd: 'sse' },
  { processor: 'one with SSE2', simd: 'sse2' },
] as const)('what CPUID does not announce is #UD: $processor', ({ simd }) => {
  const features = featuresWith(simd);
  const differences: string[] = [];
  const m = machine({ cpl: 3, features, engine: INTERPRETER });
  if ((features & Feature.FXSR) !== 0) m.cpu.registers.cr4 |= OSFXSR;
  const isUndefined = undefinedOn(m);
  let count = 0;
  for (const bytes of encodings()) {
    count++;
    const { text, bits } = needs(bytes);
    const announced = bits !== undefined && (bits & ~features) === 0;
    if (isUndefined(bytes) === announced) {
      differences.push(`${Buffer.from(bytes).toString('hex')} ${text}: ${announced ? 'announced' : 'not announced'}`);
    }
  }
  expect(differences.slice(0, 20)).toEqual([]);
  expect(count).toBe(21_600);
});

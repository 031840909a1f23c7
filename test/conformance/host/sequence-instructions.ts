/**
 * The instructions of sequences, from the opcode table: every row in every operand form, with prefixes that matter and
 * prefixes that do not.
 */
import { Mode } from '../../../emulator/cpu/core.ts';
import { Decoder, NEED_MORE } from '../../../emulator/cpu/decoder.ts';
import { mmxRows } from '../../../emulator/cpu/opcodes-mmx.ts';
import { sse2Rows, sseRows } from '../../../emulator/cpu/opcodes-sse.ts';
import { x87Rows } from '../../../emulator/cpu/opcodes-x87.ts';
import { rows } from '../../../emulator/cpu/opcodes.ts';
import { emitterOf, jumpEmitterOf } from '../../../emulator/translator/emit.ts';
import type { Random } from '../../unit/cpu/random.ts';
import { DATA_LINEAR } from './sequence-host.ts';
import { ANY_SELECTORS, afterPrefixes, offset, value } from './sequence-values.ts';
import { pick } from './values.ts';
import { TRANSCENDENTAL } from './x87.ts';

/** What the host's kernel answers in the processor's stead (CR4.UMIP), or what differs from machine to machine. */
const NOT_COMPARABLE = new Set(['SGDT', 'SIDT', 'SLDT', 'STR', 'SMSW', 'CPUID', 'RDTSC', 'RDPMC']);
const integerCount = rows.length - x87Rows.length - mmxRows.length - sseRows.length - sse2Rows.length;

export type Unit = 'integer' | 'x87' | 'mmx' | 'sse';

export interface Template {
  readonly unit: Unit;
  readonly words: readonly string[];
  /** The prefix that belongs to the opcode; 0 where none must stand. */
  readonly mandatory: number | undefined;
  readonly mnemonic: string;
  readonly operands: readonly string[];
  readonly lock: boolean;
  readonly repeats: boolean;
}

const MANDATORY: Readonly<Record<string, number>> = { NP: 0, '66': 0x66, F3: 0xf3, F2: 0xf2 };

function templatesOf(unit: Unit, of: readonly (readonly string[])[]): Template[] {
  return of.map(([opcode, text, , , notes = '']) => {
    const [mnemonic = '', operands = ''] = text.split(' ');
    const noted = notes.split(' ');
    const words = opcode.split(' ');
    const mandatory = unit === 'mmx' || unit === 'sse' ? MANDATORY[words[0]] : undefined;
    return {
      unit,
      words: mandatory === undefined ? words : words.slice(1),
      mandatory,
      mnemonic,
      operands: operands.split(','),
      lock: noted.includes('lock'),
      repeats: noted.includes('rep'),
    };
  });
}

/**
 * Beside what depends on the machine: results within an error that the manual allows, from which other results would
 * follow; images with the pointers to the last instruction, which AMD's processors store while an exception is pending
 * alone; a random MXCSR, with AMD's bit 17; masked bytes at the ends of pages.
 */
const ONE_BY_ONE =
  /^(F2XM1|FYL2X|FYL2XP1|FPTAN|FPATAN|FSIN|FCOS|FSINCOS|RCP[PS]S|RSQRT[PS]S|FNSTENV|FNSAVE|FXSAVE|FXRSTOR|LDMXCSR|MASKMOV.*)$/;

/** All instructions of a unit. */
export const templates: Readonly<Record<Unit, readonly Template[]>> = {
  integer: templatesOf('integer', rows.slice(0, integerCount))
    // AMD APM Vol. 3, PREFETCH: a register is #UD there, and a NOP on Intel's processors.
    .filter(({ mnemonic, words }) => !NOT_COMPARABLE.has(mnemonic) && !(words[0] === '0F' && words[1] === '0D')),
  x87: templatesOf('x87', x87Rows).filter(({ mnemonic }) => !ONE_BY_ONE.test(mnemonic)),
  mmx: templatesOf('mmx', mmxRows),
  sse: templatesOf('sse', [...sseRows, ...sse2Rows]).filter(({ mnemonic }) => !ONE_BY_ONE.test(mnemonic)),
};

/** Faults always at CPL 3, or leaves the sequence: once in a while is enough. */
const ENDING =
  /^(HLT|CLI|STI|IN|OUT|INS|OUTS|LGDT|LIDT|LLDT|LTR|LMSW|INVLPG|CLTS|INVD|WBINVD|RDMSR|WRMSR|UD\d|INT\d?|RETF?|IRET|JMPF|CALLF)$/;

/** What hardly ever faults on random values, or makes all that follows fault. */
const GENTLE_EXCLUDES =
  /^(I?DIV|BOUND|CALL|JMP|L[EDFGS]S|LEAVE|ENTER|POPA|POPF|XLAT|AAM|INTO|FWAIT|MOVS|CMPS|SCAS|LODS|STOS|FLDENV|FRSTOR|FLDCW)$/;

function steadyOf(unit: Unit): Template[] {
  return templates[unit].filter(
    (one) => !ENDING.test(one.mnemonic) && !one.operands.some((name) => /^[CD]d$/.test(name)),
  );
}

/** What a sequence may go on after. */
export const steady: Readonly<Record<Unit, readonly Template[]>> = {
  integer: steadyOf('integer'),
  x87: steadyOf('x87'),
  mmx: steadyOf('mmx'),
  sse: steadyOf('sse'),
};

function gentleOf(unit: Unit): Template[] {
  return steady[unit].filter(
    (one) => !GENTLE_EXCLUDES.test(one.mnemonic) && !/Sw|[EDSFG]S$/.test(one.operands.join(',')),
  );
}

/** And after which it mostly does. */
export const gentlest: Readonly<Record<Unit, readonly Template[]>> = {
  integer: gentleOf('integer'),
  x87: gentleOf('x87'),
  mmx: gentleOf('mmx'),
  sse: gentleOf('sse'),
};

const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
/** Where a sequence runs. */
export interface Place {
  readonly code32: boolean;
  /** DS is flat. */
  readonly flatData: boolean;
  /** Avoids faults, so that the sequence goes on. */
  readonly gentle: boolean;
  /** Mostly instructions that translated code can have. */
  readonly translated: boolean;
}

class Writer {
  readonly bytes: number[] = [];
  put(...bytes: readonly number[]): void {
    for (const byte of bytes) this.bytes.push(byte & 0xff);
  }
  wide(value: number, size: number): void {
    for (let n = 0; n < size; n++) this.put(value >>> (n * 8));
  }
}

function prefixes(random: Random, one: Template, gentle: boolean, out: Writer): { operand: boolean; address: boolean } {
  // In front of an opcode of MMX or SSE it would be part of it.
  const operand = random.below(one.mandatory === undefined ? 4 : 100) === 0;
  const address = random.below(gentle ? 30 : 5) === 0;
  const list: number[] = [];
  if (operand) list.push(0x66);
  if (address) list.push(0x67);
  if (random.below(gentle ? 30 : 6) === 0) list.push(pick(random, SEGMENT_PREFIXES));
  if (random.below(one.repeats ? 2 : one.mandatory === undefined ? 40 : 400) === 0)
    list.push(random.below(2) === 0 ? 0xf2 : 0xf3);
  // With LOCK, MOV CR0 is MOV CR8 on AMD's processors.
  const control = one.operands.some((name) => /^[CD]d$/.test(name));
  if (!control && random.below(one.lock ? (gentle ? 30 : 8) : gentle ? 1000 : 100) === 0) list.push(0xf0);
  if (random.below(60) === 0)
    for (let n = random.below(13); n > 0; n--) list.push(pick(random, list.length > 0 ? list : [0x3e]));
  for (let n = list.length - 1; n > 0; n--) {
    const other = random.below(n + 1);
    [list[n], list[other]] = [list[other], list[n]];
  }
  out.put(...list);
  return { operand, address };
}

/** As the opcode table has them: of one form only. */
const MEMORY_ONLY = /^M/;
const REGISTER_ONLY = /^(Rd|Nq|Ux)$/;

/** Most operands of SSE have to be aligned. */
function operandOffset(random: Random, one: Template): number {
  return offset(random) & (one.unit === 'sse' && random.below(8) !== 0 ? ~15 : -1);
}

/** @param field the reg field, or undefined for any */
function modrm(
  random: Random,
  one: Template,
  address16: boolean,
  field: number | undefined,
  place: Place,
  out: Writer,
): void {
  const memoryOnly = one.operands.some((operand) => MEMORY_ONLY.test(operand));
  const registerOnly = one.operands.some((operand) => REGISTER_ONLY.test(operand));
  let mod = registerOnly || (!memoryOnly && random.below(2) === 0) ? 3 : random.below(3);
  if (memoryOnly && random.below(30) === 0) mod = 3;
  if (place.gentle && !memoryOnly && random.below(2) === 0) mod = 3;
  const reg = field ?? random.below(8);
  let rm = random.below(8);
  // Gently: an address that does not depend on registers.
  if (place.gentle && mod !== 3) [mod, rm] = [0, address16 ? 6 : 5];
  out.put((mod << 6) | (reg << 3) | rm);
  if (mod === 3) return;
  const near = (): number => (random.below(2) === 0 ? random.below(64) - 32 : random.int32());
  if (address16) {
    if (mod === 0 && rm === 6) out.wide(operandOffset(random, one), 2);
    else if (mod === 1) out.put(near());
    else if (mod === 2) out.wide(random.below(3) === 0 ? random.int32() : near(), 2);
    return;
  }
  let base = rm;
  if (rm === 4) {
    const sib = random.byte();
    // No index in a third, so that a pointer in the base is one.
    const byte = random.below(3) === 0 ? (sib & 0xc7) | 0x20 : sib;
    out.put(byte);
    base = byte & 7;
  }
  if (mod === 0 && base === 5)
    out.wide((place.flatData !== (random.below(20) === 0) ? DATA_LINEAR : 0) + operandOffset(random, one), 4);
  else if (mod === 1) out.put(near());
  else if (mod === 2) out.wide(random.below(8) === 0 ? random.int32() : random.below(256) - 128, 4);
}

function immediate(random: Random, code: string, size: number, address16: boolean, out: Writer): void {
  switch (code) {
    case 'Ib':
    case 'Ibs':
      out.put(random.below(2) === 0 ? random.byte() : random.below(40));
      break;
    case 'Iw':
      out.wide(random.below(2) === 0 ? random.below(64) : random.int32(), 2);
      break;
    case 'Iz':
      out.wide(value(random), size);
      break;
    case 'Jb':
      out.put(0x78);
      break;
    case 'Jz':
      // Never into the code: there could be undefined flags in the middle of an instruction.
      out.wide(random.below(3) === 0 ? 0x200 + random.below(0xee00) : 0x180, size);
      break;
    case 'Ap':
      out.wide(0x300 + random.below(0x100), size);
      out.wide(pick(random, ANY_SELECTORS), 2);
      break;
    case 'Ob':
    case 'Ov':
      out.wide(
        address16 ? offset(random) : pick(random, [0, DATA_LINEAR, DATA_LINEAR]) + offset(random),
        address16 ? 2 : 4,
      );
      break;
    default:
  }
}

/** Instructions the host has under a prefix that an i686 ignores, and results that nobody defines. */
function vendorSpecific(one: Template, bytes: readonly number[], size: number): boolean {
  // The row is FNSTENV's and its neighbours', with a register.
  const [first, second] = afterPrefixes(bytes);
  if (first === 0xd9 && TRANSCENDENTAL.has(second)) return true;
  switch (one.mnemonic) {
    case 'BSF':
    case 'BSR':
      // LZCNT and TZCNT.
      return bytes.includes(0xf3);
    case 'LOOPE':
    case 'LOOPNE':
      // AMD's processors take the condition from a repeat prefix.
      return bytes.includes(0xf2) || bytes.includes(0xf3);
    case 'VERR':
    case 'VERW':
    case 'LAR':
    case 'LSL':
      // AMD's processors read the operand before they refuse LOCK.
      return bytes.includes(0xf0);
    case 'SHLD':
    case 'SHRD':
      // SDM Vol. 2, SHLD: undefined if the count is greater than the operand size.
      return size === 2 && (one.operands[2] === 'CL' || (bytes[bytes.length - 1] & 31) > 16);
    default:
      return false;
  }
}

const decoder = new Decoder();
const MODE32 = Mode.CODE32 | Mode.STACK32;

/** Whether translated code can have an instruction of 32-bit code. */
export function isTranslated(bytes: readonly number[]): boolean {
  const i = decoder.decode(Uint8Array.from(bytes), 0, bytes.length, MODE32);
  return i !== NEED_MORE && (emitterOf(i) ?? jumpEmitterOf(i)) !== undefined;
}

/** The bytes of one instruction. */
export function instruction(random: Random, one: Template, place: Place): number[] {
  for (;;) {
    const { bytes, size } = encode(random, one, place);
    if (!vendorSpecific(one, bytes, size)) return bytes;
  }
}

function encode(random: Random, one: Template, place: Place): { bytes: number[]; size: number } {
  const { code32 } = place;
  const out = new Writer();
  const changed = prefixes(random, one, place.gentle, out);
  const size = code32 !== changed.operand ? 4 : 2;
  const address16 = code32 === changed.address;
  const words = [...one.words];
  const field = words.at(-1)?.startsWith('/') === true ? words.pop() : undefined;
  if (one.mandatory !== undefined && one.mandatory !== 0) out.put(one.mandatory);
  for (const word of words) {
    const register = /\+[ri]$/.test(word) ? random.below(8) - (parseInt(word, 16) & 7) : 0;
    out.put(parseInt(word, 16) + register);
  }
  if (words.at(-1) === '91+r') out.bytes[out.bytes.length - 1] |= 1;
  if (field !== undefined) {
    const reg = field === '/r' ? (one.operands.includes('Sw') ? random.below(7) : undefined) : Number(field[1]);
    modrm(random, one, address16, reg, place, out);
  }
  for (const operand of one.operands) immediate(random, operand, size, address16, out);
  if (one.mnemonic === 'INT') {
    // 80h enters the host's kernel; 3 and 4 have instructions of their own.
    const vector = out.bytes[out.bytes.length - 1];
    if (vector === 0x80 || vector === 3 || vector === 4) out.bytes[out.bytes.length - 1] = 0x21;
  }
  return { bytes: out.bytes, size };
}

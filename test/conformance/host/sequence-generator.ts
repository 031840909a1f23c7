/**
 * Random sequences of integer instructions and the state they begin in, from the opcode table: every row equally
 * often, in every operand form, with prefixes that matter and prefixes that do not.
 */
import { mmxRows } from '../../../emulator/cpu/opcodes-mmx.ts';
import { sse2Rows, sseRows } from '../../../emulator/cpu/opcodes-sse.ts';
import { x87Rows } from '../../../emulator/cpu/opcodes-x87.ts';
import { rows } from '../../../emulator/cpu/opcodes.ts';
import type { Random } from '../../unit/cpu/random.ts';
import type { SequenceCase } from './sequence-host.ts';
import { CASE_CODE_BYTES, CODE_LINEAR, DATA_LINEAR } from './sequence-host.ts';
import { undefinedMask, UNDEFINABLE } from './undefined-flags.ts';
import { pick } from './values.ts';

/** What the host's kernel answers in the processor's stead (CR4.UMIP), or what differs from machine to machine. */
const NOT_COMPARABLE = new Set(['SGDT', 'SIDT', 'SLDT', 'STR', 'SMSW', 'CPUID', 'RDTSC', 'RDPMC']);
const integerCount = rows.length - x87Rows.length - mmxRows.length - sseRows.length - sse2Rows.length;

interface Template {
  readonly words: readonly string[];
  readonly mnemonic: string;
  readonly operands: readonly string[];
  readonly lock: boolean;
  readonly repeats: boolean;
}

const templates: readonly Template[] = rows
  .slice(0, integerCount)
  .map(([opcode, text, , , notes = '']: readonly string[]) => {
    const [mnemonic = '', operands = ''] = text.split(' ');
    const noted = notes.split(' ');
    const words = opcode.split(' ');
    return {
      words,
      mnemonic,
      operands: operands.split(','),
      lock: noted.includes('lock'),
      repeats: noted.includes('rep'),
    };
  })
  // AMD APM Vol. 3, PREFETCH: a register is #UD there, and a NOP on Intel's processors.
  .filter(({ mnemonic, words }) => !NOT_COMPARABLE.has(mnemonic) && !(words[0] === '0F' && words[1] === '0D'));

/** Faults always at CPL 3, or leaves the sequence: once in a while is enough. */
const ENDING =
  /^(HLT|CLI|STI|IN|OUT|INS|OUTS|LGDT|LIDT|LLDT|LTR|LMSW|INVLPG|CLTS|INVD|WBINVD|RDMSR|WRMSR|UD\d|INT\d?|RETF?|IRET|JMPF|CALLF)$/;
const steady = templates.filter(
  (one) => !ENDING.test(one.mnemonic) && !one.operands.some((name) => /^[CD]d$/.test(name)),
);

/** What hardly ever faults on random values. */
const gentlest = steady.filter(
  (one) =>
    !/^(I?DIV|BOUND|CALL|JMP|L[EDFGS]S|LEAVE|ENTER|POPA|POPF|XLAT|AAM|INTO|FWAIT|MOVS|CMPS|SCAS|LODS|STOS)$/.test(
      one.mnemonic,
    ) && !/Sw|[EDSFG]S$/.test(one.operands.join(',')),
);

const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
/** LDT entries as selectors of RPL 3. */
const ldt = (index: number): number => index * 8 + 7;
const FLAT_CODE = 0x23;
const FLAT_DATA = 0x2b;
const CODE_SELECTORS_32 = [FLAT_CODE, FLAT_CODE, ldt(5), ldt(4)];
const CODE_SELECTORS_16 = [ldt(3), ldt(11), ldt(12)];
const DATA_SELECTORS = [
  FLAT_DATA, FLAT_DATA, FLAT_DATA, ldt(0), ldt(0), ldt(1), ldt(2), ldt(3), ldt(5), ldt(6), ldt(6), ldt(8), ldt(9),
  ldt(10), ldt(13), 0, FLAT_CODE,
]; // prettier-ignore
const STACK_SELECTORS = [
  FLAT_DATA,
  FLAT_DATA,
  FLAT_DATA,
  ldt(0),
  ldt(6),
  ldt(6),
  ldt(8),
  ldt(2),
  ldt(9),
  ldt(10),
  ldt(13),
];
/** For loads and far transfers: of every kind, valid or not. 30h-33h, the host's 64-bit segment, is not among them. */
const ANY_SELECTORS = [
  0, 1, 3, 0x08, 0x0b, 0x18, 0x20, 0x23, 0x28, 0x2b, 0x50, 0x60, 0x63, 0x83, 0xfffb, 0xffff, 0x77,
  ...Array.from({ length: 16 }, (_, n) => ldt(n)), ...Array.from({ length: 6 }, (_, n) => ldt(n) & ~1),
]; // prettier-ignore

const EDGES = [0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000,
  0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff]; // prettier-ignore

function value(random: Random): number {
  switch (random.below(4)) {
    case 0:
      return pick(random, EDGES);
    case 1:
      return random.byte();
    default:
      return random.int32() >>> 0;
  }
}

/** An offset that is often inside the data pages, and often near an edge of them. */
function offset(random: Random): number {
  const edge = pick(random, [0, 0x7fc, 0x800, 0xffc, 0x1000, 0x1ffc, 0x2000, 0x2ffc, 0x3000]);
  switch (random.below(5)) {
    case 0:
      return Math.max(0, edge + random.below(16) - 8);
    case 1:
      return random.below(0x2ff0);
    default:
      return random.below(0x1e00) & (random.below(2) === 0 ? ~3 : -1);
  }
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
  const operand = random.below(4) === 0;
  const address = random.below(gentle ? 30 : 5) === 0;
  const list: number[] = [];
  if (operand) list.push(0x66);
  if (address) list.push(0x67);
  if (random.below(gentle ? 30 : 6) === 0) list.push(pick(random, SEGMENT_PREFIXES));
  if (random.below(one.repeats ? 2 : 40) === 0) list.push(random.below(2) === 0 ? 0xf2 : 0xf3);
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

/** @param field the reg field, or undefined for any */
function modrm(
  random: Random,
  one: Template,
  address16: boolean,
  field: number | undefined,
  place: Place,
  out: Writer,
): void {
  const memoryOnly = one.operands.includes('M');
  const registerOnly = one.operands.includes('Rd');
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
    if (mod === 0 && rm === 6) out.wide(offset(random), 2);
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
    out.wide((place.flatData !== (random.below(20) === 0) ? DATA_LINEAR : 0) + offset(random), 4);
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

/** Where a sequence runs. */
interface Place {
  readonly code32: boolean;
  /** DS is flat. */
  readonly flatData: boolean;
  /** Avoids faults, so that the sequence goes on. */
  readonly gentle: boolean;
}

function instruction(random: Random, one: Template, place: Place): number[] {
  for (;;) {
    const { bytes, size } = encode(random, one, place);
    if (!vendorSpecific(one, bytes, size)) return bytes;
  }
}

/** The bytes of one instruction. */
function encode(random: Random, one: Template, place: Place): { bytes: number[]; size: number } {
  const { code32 } = place;
  const out = new Writer();
  const changed = prefixes(random, one, place.gentle, out);
  const size = code32 !== changed.operand ? 4 : 2;
  const address16 = code32 === changed.address;
  const words = [...one.words];
  const field = words.at(-1)?.startsWith('/') === true ? words.pop() : undefined;
  for (const word of words) {
    out.put(parseInt(word, 16) + (word.endsWith('+r') ? random.below(8) - (parseInt(word, 16) & 7) : 0));
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

function general(random: Random, flatData: boolean): number {
  switch (random.below(8)) {
    case 0:
      return pick(random, EDGES);
    case 1:
      return random.int32() >>> 0;
    case 2:
      return random.below(40);
    case 3:
      if (random.below(2) === 0) return (flatData ? DATA_LINEAR : 0) + offset(random);
      return (flatData ? CODE_LINEAR : 0) + 0x300 + random.below(0x100);
    case 4:
      return pick(random, ANY_SELECTORS) + (random.below(2) === 0 ? 0 : random.below(0x10000) * 0x10000);
    default:
      return (flatData ? DATA_LINEAR : 0) + offset(random);
  }
}

export const SEQUENCE_MAX = 20;

interface Sequence {
  readonly bytes: readonly number[];
  /** Flags that are undefined before the instruction at an offset. */
  readonly undefinedAt: ReadonlyMap<number, number>;
}

/** Where flags are undefined, the next instruction defines them all, so that nothing can come to depend on them. */
function sequence(random: Random, place: Place): Sequence {
  const { code32, gentle } = place;
  const bytes: number[] = [];
  const undefinedAt = new Map<number, number>();
  const starts: number[] = [];
  const jumps: { readonly end: number; readonly size: number }[] = [];
  const length = 1 + random.below(SEQUENCE_MAX);
  for (let n = 0; n < length; n++) {
    const last = n === length - 1 || random.below(100) === 0;
    const one = pick(random, last ? templates : gentle && random.below(20) !== 0 ? gentlest : steady);
    const next = instruction(random, one, place);
    if (bytes.length + next.length > CASE_CODE_BYTES - 32) break;
    const start = bytes.length;
    starts.push(start);
    bytes.push(...next);
    const size = one.operands.includes('Jb')
      ? 1
      : one.operands.includes('Jz')
        ? code32 !== next.includes(0x66)
          ? 4
          : 2
        : 0;
    if (size !== 0) jumps.push({ end: bytes.length, size });
    const mask = undefinedMask(one.mnemonic);
    if (mask === 0) continue;
    // #DE leaves them undefined too.
    undefinedAt.set(start, mask | (undefinedAt.get(start) ?? 0));
    undefinedAt.set(bytes.length, mask);
    bytes.push(0x39, 0xc0 | random.below(64));
  }
  starts.push(bytes.length);
  // What runs out of step, from the middle of an instruction, may leave any of them undefined.
  for (const offset of bytes.keys())
    if (!starts.includes(offset) && !undefinedAt.has(offset)) undefinedAt.set(offset, UNDEFINABLE);
  // Jumps lead to instructions, mostly forwards, or far away.
  for (const { end, size } of jumps) {
    if (random.below(10) === 0) continue;
    const ahead = starts.filter((start) => start >= end);
    const target = pick(random, random.below(10) === 0 ? starts : ahead);
    let distance = target - end;
    if (distance < -128 || distance > 127) distance = 0;
    for (let n = 0; n < size; n++) bytes[end - size + n] = (distance >> (n * 8)) & 0xff;
  }
  return { bytes, undefinedAt };
}

/** CMP EAX, ECX and a jump to what follows: translated code begins only with flags that a result explains. */
const PLAIN_FLAGS = [0x39, 0xc8, 0xeb, 0x00];

/** @param allFlat 32-bit code and flat segments, AC and TF clear: what a translator takes */
export function sequenceCase(random: Random, allFlat = false): SequenceCase {
  const code32 = allFlat || random.below(5) < 3;
  const cs = allFlat ? FLAT_CODE : pick(random, code32 ? CODE_SELECTORS_32 : CODE_SELECTORS_16);
  const flat = allFlat || (random.below(code32 ? 4 : 2) !== 0 && code32);
  const segments = [cs, flat ? FLAT_DATA : pick(random, STACK_SELECTORS)];
  for (let n = 0; n < 4; n++) {
    const selector = flat && n < 2 ? FLAT_DATA : pick(random, DATA_SELECTORS);
    segments.push(selector === FLAT_CODE && n < 2 ? FLAT_DATA : selector);
  }
  if (allFlat) segments.splice(2, 2, FLAT_DATA, FLAT_DATA);
  const flatData = segments[2] === FLAT_DATA;
  const registers = Array.from({ length: 8 }, () => general(random, flatData));
  const flatStack = segments[1] === FLAT_DATA;
  if (random.below(20) !== 0) registers[4] = (flatStack ? DATA_LINEAR : 0) + offset(random);
  if (random.below(4) !== 0) registers[5] = (flatStack ? DATA_LINEAR : 0) + offset(random);
  if (random.below(3) === 0) registers[1] = (registers[1] & 0xffff_0000) * random.below(2) + random.below(40);
  for (const pointer of [6, 7]) {
    const at = (segments[pointer - 4] === FLAT_DATA ? DATA_LINEAR : 0) + offset(random);
    if (random.below(4) !== 0) registers[pointer] = at;
  }
  const made = sequence(random, { code32, flatData, gentle: random.below(3) !== 0 });
  const before = allFlat ? PLAIN_FLAGS : [];
  const bytes = [...before, ...made.bytes];
  // Sometimes right before the end of the page, behind which nothing is mapped.
  const codeAt =
    random.below(12) === 0 && cs !== ldt(12) ? 0x1000 - CASE_CODE_BYTES : random.below(8) === 0 ? 0x200 : 0x100;
  const code = new Uint8Array(CASE_CODE_BYTES).fill(0xcc);
  const atEnd = codeAt === 0x1000 - CASE_CODE_BYTES;
  const start = atEnd ? CASE_CODE_BYTES - Math.max(1, bytes.length - random.below(3)) : 0;
  code.set(bytes.slice(0, CASE_CODE_BYTES - start), start);
  const eip = codeAt + start + (cs === FLAT_CODE ? CODE_LINEAR : 0);
  // Of EFLAGS: the arithmetic ones and DF; rarely TF and AC.
  let eflags = (random.int32() & 0xcd5) | 0x202;
  if (random.below(3) !== 0) eflags &= ~0x400;
  if (!allFlat && random.below(25) === 0) eflags |= 0x100;
  if (!allFlat && random.below(12) === 0) eflags |= 0x4_0000;
  const undefinedFrom = new Map([...made.undefinedAt].map(([offset, mask]) => [offset + before.length + start, mask]));
  return { code, codeAt, registers, eip, eflags, segments, undefinedAt: undefinedFrom };
}

/** Data of every look: small numbers, selectors, addresses, random bits. */
export function dataImage(random: Random, bytes: number): Uint8Array {
  const words = new Uint32Array(bytes / 4);
  for (let n = 0; n < words.length; n++) {
    words[n] = pick(random, [
      () => random.int32() >>> 0,
      () => value(random),
      () => DATA_LINEAR + offset(random),
      () => CODE_LINEAR + 0x300 + random.below(0x100),
      () => (0x300 + random.below(0x100)) | (pick(random, ANY_SELECTORS) << 16),
      () => pick(random, ANY_SELECTORS) | ((0x300 + random.below(0x100)) << 16),
    ])();
  }
  return new Uint8Array(words.buffer);
}

/**
 * Random sequences of instructions and the state they begin in: integer instructions alone, or mixed with those of the
 * x87, of MMX and of SSE.
 */
import type { Random } from '../../unit/cpu/random.ts';
import { fpuState } from './sequence-fpu.ts';
import type { SequenceCase } from './sequence-host.ts';
import { CASE_CODE_BYTES, CODE_LINEAR, DATA_LINEAR, FPU_BYTES } from './sequence-host.ts';
import {
  gentlest,
  instruction,
  isTranslated,
  steady,
  templates,
  type Place,
  type Template,
  type Unit,
} from './sequence-instructions.ts';
import { ANY_SELECTORS, EDGES, afterPrefixes, ldt, offset, value } from './sequence-values.ts';
import { undefinedMask, UNDEFINABLE } from './undefined-flags.ts';
import { fillOperand, pick } from './values.ts';

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
  /** Offsets of instructions before which the x87's C1 is what processors differ in. */
  readonly c1UndefinedAt: ReadonlySet<number>;
}

/** Units beside the integer one whose instructions a sequence has; they share registers, or nothing. */
const MIXES: readonly (readonly Unit[])[] = [
  [], [], [], ['x87'], ['x87'], ['x87'], ['sse'], ['sse'], ['mmx'], ['x87', 'mmx', 'sse'],
]; // prettier-ignore

const FTST = [0xd9, 0xe4];

/** SDM Vol. 2, FCOMI: "C1 set to 0"; AMD's processors leave it. */
function leavesC1(bytes: readonly number[]): boolean {
  const [first, modrm] = afterPrefixes(bytes);
  return (first === 0xdb || first === 0xdf) && modrm >= 0xe8 && modrm < 0xf8;
}

function draw(random: Random, from: readonly Template[], place: Place): { one: Template; next: number[] } {
  for (;;) {
    const one = pick(random, from);
    const next = instruction(random, one, place);
    if (!place.translated || random.below(10) === 0 || isTranslated(next)) return { one, next };
  }
}

/** Where flags are undefined, the next instruction defines them all, so that nothing can come to depend on them. */
function sequence(random: Random, place: Place, mix: readonly Unit[]): Sequence {
  const { code32, gentle } = place;
  const bytes: number[] = [];
  const undefinedAt = new Map<number, number>();
  const c1UndefinedAt = new Set<number>();
  const starts: number[] = [];
  const jumps: { readonly end: number; readonly size: number }[] = [];
  const length = 1 + random.below(SEQUENCE_MAX);
  for (let n = 0; n < length; n++) {
    const last = n === length - 1 || random.below(100) === 0;
    const unit = mix.length > 0 && random.below(3) !== 0 ? pick(random, mix) : 'integer';
    const { one, next } = draw(
      random,
      (last ? templates : gentle && random.below(20) !== 0 ? gentlest : steady)[unit],
      place,
    );
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
    if (leavesC1(next)) {
      c1UndefinedAt.add(bytes.length);
      bytes.push(...FTST);
      continue;
    }
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
  return { bytes, undefinedAt, c1UndefinedAt };
}

/** CMP EAX, ECX and a jump to what follows: translated code begins only with flags that a result explains. */
const PLAIN_FLAGS = [0x39, 0xc8, 0xeb, 0x00];

/** After FNINIT, with MXCSR's default. */
export const PLAIN_FPU = Uint8Array.from({ length: FPU_BYTES }, (_, n) => [0x7f, 0x03][n] ?? [0x80, 0x1f][n - 24] ?? 0);

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
  const mix = pick(random, MIXES);
  const gentle = random.below(3) !== 0;
  const made = sequence(random, { code32, flatData, gentle, translated: allFlat && random.below(4) !== 0 }, mix);
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
  const shift = before.length + start;
  return {
    code,
    codeAt,
    registers,
    eip,
    eflags,
    segments,
    fpu: mix.length === 0 ? PLAIN_FPU : fpuState(random, gentle),
    undefinedAt: new Map([...made.undefinedAt].map(([at, mask]) => [at + shift, mask])),
    c1UndefinedAt: new Set([...made.c1UndefinedAt].map((at) => at + shift)),
  };
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
  const image = new Uint8Array(words.buffer);
  // Numbers for the FPU and the SIMD units in a third.
  for (let at = 0; at < bytes; at += 64) if (random.below(3) === 0) fillOperand(random, image.subarray(at, at + 64));
  return image;
}

/**
 * Random x87 instructions for the host's processor and the emulated one, and what is compared of their outcomes.
 *
 * Not compared, because processors differ or the manual leaves it open: the pointers to the last instruction while no
 * exception is pending (AMD's processors do not save them then), the selectors in them (ours save 0), and what `masksOf` says.
 */
import { Random } from '../../unit/cpu/random.ts';
import { memoryIndex, withoutForm } from './edges.ts';
import type { HostCase, HostOutcome } from './host-cpu.ts';
import { DATA_ADDRESS } from './host-cpu.ts';
import { extended, fillOperand, pick } from './values.ts';

export const X87_MEMORY_BYTES = 160;
const OPERAND_OFFSET = 32;
const EBX = 3;
const ESP = 4;
/** Offsets in an FXSAVE image. */
const FOP = 6;
const FIP = 8;
const FDP = 16;
const MXCSR = 24;
const MXCSR_MASK = 28;
/** In the status word: an exception is pending. */
const ES = 0x80;

export interface Choice {
  /** First byte, and ModRM bytes to choose from; all by default. */
  readonly opcodes?: readonly number[];
  readonly modrm?: (random: Random) => number;
}

export function x87Case(random: Random, choice: Choice = {}): HostCase {
  const opcode = pick(random, choice.opcodes ?? [0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf]);
  // [EBX] as the only form of a memory operand: addressing has tests of its own.
  const register = random.below(2) === 0;
  let modrm = register ? 0xc0 | random.below(64) : (random.below(8) << 3) | EBX;
  if (choice.modrm !== undefined) modrm = choice.modrm(random);
  const prefix = random.below(16) === 0 ? [0x66] : [];
  const memory = new Uint8Array(X87_MEMORY_BYTES);
  fillOperand(random, memory);
  const registers = Array.from({ length: 8 }, () => random.int32() >>> 0);
  registers[ESP] = DATA_ADDRESS + X87_MEMORY_BYTES;
  registers[EBX] = DATA_ADDRESS + OPERAND_OFFSET;
  const fxsave = x87State(random);
  // FISTTP came with SSE3.
  if ([0xdb, 0xdd, 0xdf].includes(opcode) && modrm < 0xc0 && modrm >> 3 === 1) modrm |= 0x38;
  if (opcode === 0xd9 && modrm < 0xc0 && modrm >> 3 === 5) memory[OPERAND_OFFSET + 1] &= 0x1f;
  return {
    code: Uint8Array.from([...prefix, opcode, modrm]),
    registers,
    eflags: random.int32() & 0x8d5,
    fxsave,
    memory,
  };
}

/** Registers, tags and control word; a pending exception now and then. */
export function x87State(random: Random): Uint8Array {
  const fxsave = new Uint8Array(512);
  const view = new DataView(fxsave.buffer);
  const masks = random.below(3) === 0 ? random.below(64) : 0x3f;
  const precision = pick(random, [0, 0x200, 0x300, 0x300, 0x300]);
  const rounding = random.below(2) === 0 ? 0 : random.below(4) << 10;
  view.setUint16(0, 0x40 | masks | precision | rounding, true);
  const flags = random.below(8) === 0 ? random.below(128) & (random.below(4) === 0 ? 0x7f : masks | 0x40) : 0;
  const pending = (flags & ~masks & 0x3f) !== 0 ? 0x8080 : 0;
  view.setUint16(2, (random.int32() & 0x4700) | (random.below(8) << 11) | flags | pending, true);
  fxsave[4] = random.below(3) === 0 ? random.byte() : pick(random, [0xff, 0x7f, 0xfe, 0x0f, 0xf0, 0xef]);
  if (random.below(3) !== 0) fxsave[4] = emptySome(random, (view.getUint16(2, true) >> 11) & 7);
  if (pending !== 0) {
    // Else AMD's processors lose them when the kernel comes in between.
    view.setUint16(FOP, random.int32() & 0x7ff, true);
    view.setInt32(FIP, random.int32(), true);
    view.setInt32(FDP, random.int32(), true);
  }
  view.setUint32(24, 0x1f80, true);
  for (let n = 0; n < 8; n++) fxsave.set(extended(random), 32 + n * 16);
  if (random.below(4) === 0) relate(random, fxsave);
  return fxsave;
}

/** The lower registers used, the upper ones empty, as programs have it. */
function emptySome(random: Random, top: number): number {
  const used = 2 + random.below(6);
  let tags = 0;
  for (let n = 0; n < used; n++) tags |= 1 << ((top + n) & 7);
  return tags;
}

/** ST(1) becomes ST(0) with a small difference. */
function relate(random: Random, fxsave: Uint8Array): void {
  fxsave.copyWithin(48, 32, 42);
  const view = new DataView(fxsave.buffer);
  view.setBigUint64(48, BigInt.asUintN(64, view.getBigUint64(48, true) + BigInt(random.below(5) - 2)), true);
  if (random.below(2) === 0) fxsave[57] ^= 0x80;
  if (random.below(3) === 0) view.setUint16(56, (view.getUint16(56, true) + random.below(130) - 65) & 0xffff, true);
}

/** Bits of the status word that are not compared after an instruction, and units in the last place a result may differ. */
export interface Masks {
  readonly status: number;
  readonly ulps: number;
}

export const C0 = 0x100;
export const C1 = 0x200;
export const C2 = 0x400;
export const C3 = 0x4000;

/** ModRM bytes behind D9. */
export const TRANSCENDENTAL = new Set([0xf0, 0xf1, 0xf2, 0xf3, 0xf9, 0xfb, 0xfe, 0xff]);
const EXACT: Masks = { status: 0, ulps: 0 };

export function masksOf(code: Uint8Array): Masks {
  const at = code[0] === 0x66 ? 1 : 0;
  const [opcode, modrm] = [code[at], code[at + 1]];
  if (opcode === 0x0f) return EXACT;
  // SDM Vol. 1, "Transcendental Instruction Accuracy": within one unit; C1 and #P follow the last bit.
  if (opcode === 0xd9 && TRANSCENDENTAL.has(modrm)) return { status: C1, ulps: 1 };
  // SDM Vol. 2, FCOMI: "C1 set to 0"; AMD leaves it.
  if ((opcode === 0xdb || opcode === 0xdf) && modrm >= 0xe8 && modrm < 0xf8) return { status: C1, ulps: 0 };
  return EXACT;
}

/** @returns what differs, one line each */
export function x87Differences(one: HostCase, mine: HostOutcome, theirs: HostOutcome): string[] {
  const differences: string[] = [];
  const same = (what: string, a: number, b: number): void => {
    if (a !== b) differences.push(`${what} ${(a >>> 0).toString(16)}, host ${(b >>> 0).toString(16)}`);
  };
  const masks = masksOf(withoutForm(one.code));
  same('vector', mine.vector, theirs.vector);
  same('eip', mine.eip, theirs.eip);
  mine.registers.forEach((value, n) => {
    same(`register ${n}`, value, theirs.registers[n]);
  });
  same('eflags', mine.eflags & 0x8d5, theirs.eflags & 0x8d5);
  const a = new DataView(mine.fxsave.buffer, mine.fxsave.byteOffset);
  const b = new DataView(theirs.fxsave.buffer, theirs.fxsave.byteOffset);
  same('control', a.getUint16(0, true), b.getUint16(0, true));
  same('status', a.getUint16(2, true) & ~masks.status, b.getUint16(2, true) & ~masks.status);
  same('tags', a.getUint8(4), b.getUint8(4));
  if ((b.getUint16(2, true) & ES) !== 0) {
    same('fop', a.getUint16(FOP, true), b.getUint16(FOP, true));
    same('fip', a.getUint32(FIP, true), b.getUint32(FIP, true));
    same('fdp', a.getUint32(FDP, true), b.getUint32(FDP, true));
  }
  for (let n = 0; n < 8; n++) {
    const at = 32 + n * 16;
    const [x, y] = [a.getBigUint64(at, true), b.getBigUint64(at, true)];
    const [xe, ye] = [a.getUint16(at + 8, true), b.getUint16(at + 8, true)];
    if (x === y && xe === ye) continue;
    if (masks.ulps > 0 && distance(x, xe, y, ye) <= BigInt(masks.ulps)) continue;
    differences.push(`st${n} ${text(x, xe)}, host ${text(y, ye)}`);
  }
  if (Buffer.compare(mine.memory, theirs.memory) === 0) return differences;
  const skipped = pointersStored(one);
  const at = mine.memory.findIndex((byte, n) => byte !== theirs.memory[n] && !skipped(n));
  if (at >= 0) {
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(at, at + 32)).toString('hex');
    differences.push(`memory from ${at.toString(16)} ${hex(mine.memory)}, host ${hex(theirs.memory)}`);
  }
  return differences;
}

/** Where FXSAVE stores its mask of MXCSR, and pointers with no exception pending. */
function pointersStored(one: HostCase): (at: number) => boolean {
  const [opcode, second, modrm] = withoutForm(one.code);
  if (opcode !== 0x0f || second !== 0xae || modrm >> 3 !== 0) return () => false;
  const pending = (one.fxsave[2] & ES) !== 0;
  const places = Array.from({ length: 32 }, (_, n) => n)
    .filter((n) => n >= MXCSR_MASK || (!pending && n >= FOP && n < MXCSR))
    .map((n) => memoryIndex(one, n));
  return (at) => places.includes(at);
}

function text(mantissa: bigint, signExponent: number): string {
  return `${signExponent.toString(16).padStart(4, '0')}.${mantissa.toString(16).padStart(16, '0')}`;
}

/** In units of the last place; far for values of different sign. */
function distance(x: bigint, xe: number, y: bigint, ye: number): bigint {
  if (((xe ^ ye) & 0x8000) !== 0) return 1n << 70n;
  const place = (mantissa: bigint, exponent: number): bigint =>
    (BigInt(exponent & 0x7fff) << 63n) + (mantissa & 0x7fff_ffff_ffff_ffffn);
  const d = place(x, xe) - place(y, ye);
  return d < 0n ? -d : d;
}

/** What went in, for a report. */
export function describeCase(one: HostCase): string {
  const view = new DataView(one.fxsave.buffer, one.fxsave.byteOffset);
  const value = (n: number): string => text(view.getBigUint64(32 + n * 16, true), view.getUint16(40 + n * 16, true));
  const words = [view.getUint16(0, true), view.getUint16(2, true), view.getUint8(4)].map((word) => word.toString(16));
  const operand = Buffer.from(one.memory.subarray(OPERAND_OFFSET, OPERAND_OFFSET + 16)).toString('hex');
  return `${Buffer.from(one.code).toString('hex')} cw ${words[0]} sw ${words[1]} tags ${words[2]} st0 ${value(0)} st1 ${value(1)} memory ${operand}`;
}

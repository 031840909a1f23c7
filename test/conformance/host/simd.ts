/** Random MMX, SSE and SSE2 instructions, made from the rows of the opcode table. */
import type { Row } from '../../../emulator/cpu/opcodes.ts';
import type { Random } from '../../unit/cpu/random.ts';
import { withoutForm } from './edges.ts';
import type { HostCase, HostOutcome } from './host-cpu.ts';
import { DATA_ADDRESS } from './host-cpu.ts';
import { fillOperand, pick } from './values.ts';
import { x87Differences, x87State } from './x87.ts';

export const SIMD_MEMORY_BYTES = 640;
const OPERAND_OFFSET = 64;
const EBX = 3;
const ESP = 4;
const EDI = 7;
const MXCSR = 24;
const XMM = 160;

const PREFIX_BYTES: Readonly<Record<string, number>> = { '66': 0x66, F3: 0xf3, F2: 0xf2 };

function encode(random: Random, [opcode, instruction]: Row): number[] {
  const words = opcode.split(' ');
  const bytes: number[] = [];
  const prefix = PREFIX_BYTES[words[0]];
  if (prefix !== undefined) bytes.push(prefix);
  if (words[1] === '0F') words.shift();
  const [, second, field = ''] = words;
  bytes.push(0x0f, parseInt(second, 16));
  const operands = instruction.split(' ')[1]?.split(',') ?? [];
  if (field === '') return bytes;
  const memoryOnly = operands.some((operand) => operand.startsWith('M'));
  const registerOnly = operands.some((operand) => operand === 'Nq' || operand === 'Ux') || field.endsWith('+i');
  const register = registerOnly || (!memoryOnly && random.below(2) === 0);
  const reg = field.startsWith('/') && field !== '/r' ? Number(field[1]) : random.below(8);
  if (field.endsWith('+i')) bytes.push(parseInt(field, 16) + random.below(8));
  else bytes.push((register ? 0xc0 | random.below(8) : EBX) | (reg << 3));
  if (operands.includes('Ib')) bytes.push(random.below(2) === 0 ? random.below(70) : random.byte());
  return bytes;
}

export function simdCase(random: Random, rows: readonly Row[]): HostCase {
  const row = pick(random, rows);
  const fxsave = x87State(random);
  const view = new DataView(fxsave.buffer);
  // Pending x87 exceptions stop MMX: now and then is enough.
  if (random.below(8) !== 0) {
    fxsave[0] |= 0x3f;
    view.setUint16(2, view.getUint16(2, true) & 0x7f00, true);
  }
  const masks = random.below(3) === 0 ? random.below(64) << 7 : 0x1f80;
  const modes =
    random.below(2) === 0 ? 0 : (random.below(4) << 13) | (random.below(4) === 0 ? random.int32() & 0x8040 : 0);
  const flags = random.below(8) === 0 ? random.below(64) : 0;
  view.setUint32(MXCSR, masks | modes | flags, true);
  fillOperand(random, fxsave.subarray(XMM, XMM + 128));
  if (random.below(4) === 0) fxsave.copyWithin(XMM, XMM + 16, XMM + 32);
  const memory = new Uint8Array(SIMD_MEMORY_BYTES);
  fillOperand(random, memory);
  const registers = Array.from({ length: 8 }, () => random.int32() >>> 0);
  registers[ESP] = DATA_ADDRESS + SIMD_MEMORY_BYTES;
  registers[EBX] = DATA_ADDRESS + OPERAND_OFFSET + (random.below(4) === 0 ? random.below(16) : 0);
  registers[EDI] = DATA_ADDRESS + 256 + random.below(32);
  const offset = registers[EBX] - DATA_ADDRESS;
  if (/^(LDMXCSR|FXRSTOR)/.test(row[1])) {
    if (row[1].startsWith('F')) memory.set(x87State(random), offset);
    // Bit 17 is AMD's own.
    const at = offset + (row[1].startsWith('F') ? MXCSR : 0);
    new DataView(memory.buffer).setUint32(at, random.int32() & (random.below(4) === 0 ? 0xff_dffff : 0xffff), true);
  }
  return { code: Uint8Array.from(encode(random, row)), registers, eflags: random.int32() & 0x8d5, fxsave, memory };
}

export function simdDifferences(one: HostCase, mine: HostOutcome, theirs: HostOutcome): string[] {
  const differences = x87Differences(one, mine, theirs);
  const words = (outcome: HostOutcome): DataView => new DataView(outcome.fxsave.buffer, outcome.fxsave.byteOffset);
  const [a, b] = [words(mine), words(theirs)];
  const hex = (value: number): string => value.toString(16).padStart(8, '0');
  if (a.getUint32(MXCSR, true) !== b.getUint32(MXCSR, true)) {
    differences.push(`mxcsr ${hex(a.getUint32(MXCSR, true))}, host ${hex(b.getUint32(MXCSR, true))}`);
  }
  const approximate = isApproximation(withoutForm(one.code));
  for (let n = 0; n < 8; n++) {
    const value = (view: DataView): string =>
      [12, 8, 4, 0].map((at) => hex(view.getUint32(XMM + n * 16 + at, true))).join('.');
    if (value(a) === value(b) || (approximate && isNear(a, b, XMM + n * 16))) continue;
    differences.push(`xmm${n} ${value(a)}, host ${value(b)}`);
  }
  return differences;
}

/** RSQRTPS, RCPPS and their scalar forms: SDM Vol. 2 promises a relative error of at most 1.5 * 2^-12. */
function isApproximation(code: Uint8Array): boolean {
  const at = code[0] === 0x0f ? 0 : 1;
  return code[at + 1] === 0x52 || code[at + 1] === 0x53;
}

function isNear(a: DataView, b: DataView, at: number): boolean {
  return [0, 4, 8, 12].every((lane) => {
    if (a.getUint32(at + lane, true) === b.getUint32(at + lane, true)) return true;
    const [x, y] = [a.getFloat32(at + lane, true), b.getFloat32(at + lane, true)];
    // Next to the smallest normal number either may have become zero.
    return Math.abs(x - y) <= Math.max(3 * 2 ** -12 * Math.abs(y), 2 ** -125);
  });
}

export function describeSimd(one: HostCase): string {
  const words = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex');
  const mxcsr = words(one.fxsave.subarray(MXCSR, MXCSR + 4));
  const modrm = one.code[(one.code[0] === 0x0f ? 0 : 1) + 2];
  const [reg, rm] = [(modrm >> 3) & 7, modrm & 7];
  const xmm = (n: number): string => words(one.fxsave.subarray(XMM + n * 16, XMM + n * 16 + 16));
  const memory = words(one.memory.subarray(OPERAND_OFFSET, OPERAND_OFFSET + 16));
  const ebx = (one.registers[EBX] & 15).toString(16);
  return `${Buffer.from(one.code).toString('hex')} mxcsr ${mxcsr} reg ${xmm(reg)} rm ${xmm(rm)} memory ${memory} ebx …${ebx}`;
}

/** The instruction's bytes without ModRM's operands. */
export function kindOfSimd({ code }: HostCase): string {
  const at = code[0] === 0x0f ? 0 : 1;
  const memory = code[at + 2] < 0xc0 ? ' memory' : '';
  return Buffer.from(code.subarray(0, at + 2)).toString('hex') + memory;
}

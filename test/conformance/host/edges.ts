/**
 * Cases of x87.ts and simd.ts with their memory operand moved to where something begins or ends: a page, a segment, 64
 * KiB, an aligned address; in segments of the LDT too, by 16-bit addresses, with EFLAGS.AC set now and then.
 */
import { Random } from '../../unit/cpu/random.ts';
import type { HostCase, HostOutcome } from './host-cpu.ts';
import { COMPLETED, DATA_ADDRESS, FS_SEGMENTS, PAGE_BYTES, WRAP_ADDRESS } from './host-cpu.ts';
import { pick } from './values.ts';

export const EDGE_MEMORY_BYTES = 3 * PAGE_BYTES;
const EBX = 3;
/** ModRM.rm of [BX], where addresses have 16 bits. */
const RM_BX = 7;
const FS_OVERRIDE = 0x64;
const ADDRESS_SIZE = 0x67;
const AC = 0x4_0000;
const ALIGNED_MAX = 16;
/** Where a page begins that is mapped, or one that is not. */
const LINEAR_EDGES = [DATA_ADDRESS, DATA_ADDRESS + PAGE_BYTES, DATA_ADDRESS + 2 * PAGE_BYTES];
/** The same in an FS_SEGMENTS, and where one ends. */
const NARROW_EDGES = [0, 0x1000, 0xf000, 0xf800, 0x1_0000, 0x1_0000];
const WIDE_EDGES = [...NARROW_EDGES, 0x1_0800, 0x1_1000];
/** What no operand was copied over. Bits that other processors have in MXCSR and in control words are clear in it. */
const BACKGROUND = Uint8Array.from({ length: EDGE_MEMORY_BYTES }, backgroundByte(new Random(1)));

function backgroundByte(random: Random): () => number {
  return () => random.byte() & 0x1d;
}

/** @param modrmAt index of ModRM in the code */
export function toEdge(random: Random, one: HostCase, modrmAt: number): HostCase {
  const { segmented, narrow } = pick(random, FORMS);
  const edge = pick(random, !segmented ? LINEAR_EDGES : narrow ? NARROW_EDGES : WIDE_EDGES);
  const place = edge - distance(random);
  const offset = narrow ? ((place & 0xffff) | (random.int32() << 16)) >>> 0 : place >>> 0;
  const code = [...one.code];
  if (narrow) code[modrmAt] = (code[modrmAt] & ~7) | RM_BX;
  if (narrow) code.unshift(ADDRESS_SIZE);
  if (segmented) code.unshift(FS_OVERRIDE);
  const registers = [...one.registers];
  const from = registers[EBX] - DATA_ADDRESS;
  registers[EBX] = offset;
  const memory = BACKGROUND.slice();
  const linear = segmented ? WRAP_ADDRESS + (narrow ? offset & 0xffff : place) : place;
  one.memory.subarray(from).forEach((byte, n) => {
    const at = indexOf(linear + n);
    if (at >= 0) memory[at] = byte;
  });
  const eflags = one.eflags | (random.below(3) === 0 ? AC : 0);
  return {
    ...one,
    code: Uint8Array.from(code),
    registers,
    eflags,
    memory,
    fs: segmented ? pick(random, SELECTORS) : 0,
  };
}

const FORMS = [
  { segmented: false, narrow: false },
  { segmented: true, narrow: false },
  { segmented: true, narrow: true },
];
const SELECTORS = FS_SEGMENTS.map(({ selector }) => selector);

/** How far before an edge an operand begins: often inside the smallest, at times inside an FXSAVE image. */
function distance(random: Random): number {
  const bytes = random.below(pick(random, [20, 20, 20, 120, 530])) - 3;
  return random.below(4) === 0 ? bytes & -ALIGNED_MAX : bytes;
}

/** Where a linear address is in the memory of a case, or -1. */
function indexOf(linear: number): number {
  const inWrap = linear - WRAP_ADDRESS;
  if (inWrap >= 0 && inWrap < PAGE_BYTES) return 2 * PAGE_BYTES + inWrap;
  const inData = linear - DATA_ADDRESS;
  return inData >= 0 && inData < 2 * PAGE_BYTES ? inData : -1;
}

/** The instruction without what `toEdge` put before it. */
export function withoutForm(code: Uint8Array): Uint8Array {
  return code.subarray((code[0] === FS_OVERRIDE ? 1 : 0) + (isNarrow(code) ? 1 : 0));
}

function isNarrow(code: Uint8Array): boolean {
  return code[0] === FS_OVERRIDE && code[1] === ADDRESS_SIZE;
}

/** Where in the memory of a case the byte is that an operand at [EBX] or [BX] has at `displacement`, or -1. */
export function memoryIndex({ code, registers, fs = 0 }: HostCase, displacement: number): number {
  const offset = registers[EBX] + displacement;
  const base = fs === 0 ? 0 : WRAP_ADDRESS;
  return indexOf((base + (isNarrow(code) ? offset & 0xffff : offset)) % 2 ** 32);
}

/** What an exception says beside its vector. */
export function exceptionDifferences(mine: HostOutcome, theirs: HostOutcome): string[] {
  const text = ({ errorCode, cr2 }: HostOutcome): string => `error code ${errorCode} cr2 ${cr2.toString(16)}`;
  if (mine.vector !== theirs.vector || mine.vector < 8 || text(mine) === text(theirs)) return [];
  return [`${text(mine)}, host ${text(theirs)}`];
}

/**
 * Whether an image of the x87's state wraps at 64 KiB and an operand behind the wrap has faulted: AMD's processors have
 * loaded or stored a part of it by then.
 */
export function isPartial({ code }: HostCase, theirs: HostOutcome): boolean {
  const bare = withoutForm(code);
  const [opcode, modrm] = bare[0] === 0x66 ? bare.subarray(1) : bare;
  const isImage = (opcode === 0xd9 || opcode === 0xdd) && (modrm >> 3 === 4 || modrm >> 3 === 6);
  return isImage && isNarrow(code) && theirs.vector !== COMPLETED;
}

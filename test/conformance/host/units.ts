/** The units that are compared with the host's, and how a case of each is made and judged. */
import { mmxRows } from '../../../emulator/cpu/opcodes-mmx.ts';
import { sse2Rows, sseRows } from '../../../emulator/cpu/opcodes-sse.ts';
import type { Row } from '../../../emulator/cpu/opcodes.ts';
import type { Random } from '../../unit/cpu/random.ts';
import { EDGE_MEMORY_BYTES, exceptionDifferences, isPartial, toEdge, withoutForm } from './edges.ts';
import type { HostCase, HostOutcome } from './host-cpu.ts';
import { SIMD_MEMORY_BYTES, describeSimd, kindOfSimd, simdCase, simdDifferences } from './simd.ts';
import { X87_MEMORY_BYTES, describeCase, x87Case, x87Differences } from './x87.ts';

export interface Unit {
  readonly name: string;
  readonly memoryBytes: number;
  readonly make: (random: Random) => HostCase;
  readonly differences: (one: HostCase, mine: HostOutcome, theirs: HostOutcome) => string[];
  readonly describe: (one: HostCase) => string;
  /** A name for instructions that belong together, for reports. */
  readonly kindOf: (one: HostCase) => string;
}

function simd(name: string, rows: readonly Row[]): Unit {
  return {
    name,
    memoryBytes: SIMD_MEMORY_BYTES,
    make: (random) => simdCase(random, rows),
    differences: simdDifferences,
    describe: describeSimd,
    kindOf: kindOfSimd,
  };
}

/** The same instructions with memory operands at edges. */
function atEdges(unit: Unit, modrmAt: (code: Uint8Array) => number): Unit {
  const make = (random: Random): HostCase => {
    for (;;) {
      const one = unit.make(random);
      const at = modrmAt(one.code);
      if (at < one.code.length && one.code[at] < 0xc0) return toEdge(random, one, at);
    }
  };
  return {
    ...unit,
    name: `${unit.name} at edges`,
    memoryBytes: EDGE_MEMORY_BYTES,
    make,
    differences: (one, mine, theirs) => {
      const differences = exceptionDifferences(mine, theirs);
      if (mine.vector === theirs.vector && isPartial(one, theirs)) return differences;
      return [...unit.differences(one, mine, theirs), ...differences];
    },
    kindOf: (one) => unit.kindOf({ ...one, code: withoutForm(one.code) }),
    describe: ({ code, registers, fs, eflags }) =>
      `${Buffer.from(code).toString('hex')} ebx ${registers[3].toString(16)} fs ${String(fs)} eflags ${eflags.toString(16)}`,
  };
}

const modrmOfX87 = (code: Uint8Array): number => (code[0] === 0x66 ? 2 : 1);
const modrmOfSimd = (code: Uint8Array): number => (code[0] === 0x0f ? 2 : 3);

const x87: Unit = {
  name: 'x87',
  memoryBytes: X87_MEMORY_BYTES,
  make: (random) => x87Case(random),
  differences: x87Differences,
  describe: describeCase,
  kindOf: ({ code }) => {
    const at = code[0] === 0x66 ? 1 : 0;
    const modrm = code[at + 1];
    const field = modrm < 0xc0 ? `/${String((modrm >> 3) & 7)}` : modrm.toString(16);
    return `${code[at].toString(16)} ${field}`;
  },
};
const mmx = simd('mmx', mmxRows);
const sse = simd('sse', sseRows);
const sse2 = simd('sse2', sse2Rows);

export const units: readonly Unit[] = [
  x87,
  mmx,
  sse,
  sse2,
  atEdges(x87, modrmOfX87),
  ...[mmx, sse, sse2].map((unit) => atEdges(unit, modrmOfSimd)),
];

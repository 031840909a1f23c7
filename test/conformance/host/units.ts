/** The units that are compared with the host's, and how a case of each is made and judged. */
import { mmxRows } from '../../../emulator/cpu/opcodes-mmx.ts';
import { sse2Rows, sseRows } from '../../../emulator/cpu/opcodes-sse.ts';
import type { Row } from '../../../emulator/cpu/opcodes.ts';
import type { Random } from '../../unit/cpu/random.ts';
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

export const units: readonly Unit[] = [
  {
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
  },
  simd('mmx', mmxRows),
  simd('sse', sseRows),
  simd('sse2', sse2Rows),
];

/**
 * Vectors that are not expected to pass, and why. Nothing is dropped silently: a runner reports how many records each
 * row explains.
 */
import type { HwVector } from './hwvec.ts';
import type { Sst286Vector } from './sst286.ts';

export interface Deviation<V> {
  readonly reason: string;
  readonly explains: (vector: V, differences: readonly string[]) => boolean;
}

/** The reason a failed vector is excused by, if any. */
export function explain<V>(
  deviations: readonly Deviation<V>[],
  vector: V,
  differences: readonly string[],
): string | undefined {
  return deviations.find((deviation) => deviation.explains(vector, differences))?.reason;
}

function onlyIn(differences: readonly string[], names: readonly string[]): boolean {
  return differences.every((line) => names.includes(line.split(' is ', 1)[0]));
}

const PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0xf0, 0xf2, 0xf3];

function prefixesAndOpcode(hex: string): { prefixes: number[]; rest: number[] } {
  const bytes = (hex.match(/../g) ?? []).map((byte) => parseInt(byte, 16));
  const first = bytes.findIndex((byte) => !PREFIXES.includes(byte));
  return { prefixes: bytes.slice(0, first), rest: bytes.slice(first) };
}

const STRING_OPCODES = [0x6c, 0x6d, 0x6e, 0x6f, 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf];

export const hwvecDeviations: readonly Deviation<HwVector>[] = [
  {
    // LEAVE with a wild EBP that hit memory of the capturing process, which its README says is not there.
    reason: 'the capturing process had zeros mapped at EBP, where the vectors promise nothing',
    explains: (vector) => vector.c === 'c9' && [0xebdb8c2f, 0xf2bfb01a].includes(vector.r[5]),
  },
];

export const sst286Deviations: readonly Deviation<Sst286Vector>[] = [
  {
    reason: 'the 80286 takes LOCK before any instruction; since the 80386 most are #UD',
    explains: (vector) => prefixesAndOpcode(vector.c).prefixes.includes(0xf0),
  },
  {
    reason: 'the 80286 raises an exception after 10 bytes of one instruction, later processors after 15',
    explains: (vector) => vector.c.length / 2 - 1 > 10,
  },
  {
    reason: 'IP of the 80286 wraps behind a HLT at FFFF; EIP of later processors goes on',
    explains: (_, differences) => differences.length === 1 && differences[0] === 'ip is 10000, expected 0',
  },
  {
    reason: 'a string instruction that ran over its segment leaves SI, DI and CX advanced on the 80286',
    explains: (vector, differences) =>
      vector.x?.[0] === 13 &&
      STRING_OPCODES.includes(prefixesAndOpcode(vector.c).rest[0]) &&
      onlyIn(differences, ['si', 'di', 'cx']),
  },
  {
    reason: 'FS and GS came with the 80386',
    explains: (vector) => {
      const { rest } = prefixesAndOpcode(vector.c);
      const register = (rest[1] >> 3) & 7;
      return (rest[0] === 0x8c || rest[0] === 0x8e) && (register === 4 || register === 5);
    },
  },
  {
    reason: 'POP to memory that faults leaves SP advanced on the 80286',
    explains: (vector) => vector.op === '8F' && vector.x?.[0] === 13,
  },
  {
    reason: 'AAM 0: the flags that #DE pushes are undefined; the 80286 has changed them already',
    explains: (vector, differences) => vector.op === 'D4' && vector.x?.[0] === 0 && differences.length <= 3,
  },
];

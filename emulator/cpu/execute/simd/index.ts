/** The handlers of MMX, SSE and SSE2. Intel SDM Vol. 1, "Intel MMX Technology", "Intel SSE", "Intel SSE2". */
import type { Handler } from '../../instruction.ts';
import { simdArithmetic } from './arithmetic.ts';
import { simdConvert } from './convert.ts';
import { simdMoves } from './moves.ts';
import { packedInteger } from './packed.ts';
import { simdShuffle } from './shuffle.ts';
import { simdState } from './state.ts';

export const simd = {
  ...packedInteger,
  ...simdMoves,
  ...simdShuffle,
  ...simdArithmetic,
  ...simdConvert,
  ...simdState,
} as const satisfies Record<string, Handler>;

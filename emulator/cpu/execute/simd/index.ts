/** The handlers of MMX, SSE and SSE2. Intel SDM Vol. 1, "Intel MMX Technology", "SSE", "SSE2". */
import type { Handler } from '../../instruction.ts';
import { simdMoves } from './moves.ts';
import { packedInteger } from './packed.ts';

export const simd = { ...packedInteger, ...simdMoves } as const satisfies Record<string, Handler>;

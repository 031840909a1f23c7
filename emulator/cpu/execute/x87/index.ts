/** The handlers of the x87 FPU. Intel SDM Vol. 1, "x87 FPU Instruction Set". */
import type { Handler } from '../../instruction.ts';
import { x87Arithmetic } from './arithmetic.ts';
import { x87Compare } from './compare.ts';
import { x87Environment } from './environment.ts';
import { x87Moves } from './moves.ts';
import { x87Transcendental } from './transcendental.ts';
import { wait } from './unit.ts';

export const x87 = {
  ...x87Arithmetic,
  ...x87Compare,
  ...x87Environment,
  ...x87Moves,
  ...x87Transcendental,
  FWAIT: wait,
} as const satisfies Record<string, Handler>;

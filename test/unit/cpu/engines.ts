/** What may run the code of a test, by itself or before the others. */
import type { CpuOptions } from '../../../emulator/cpu/cpu.ts';

export type Engine = Pick<CpuOptions, 'translate' | 'threaded'>;

/** The interpreter's functions alone: what the others are compared with. */
export const INTERPRETER: Engine = { translate: false, threaded: false };
/** Handlers from the first run on, and back to the run loop often. */
export const THREADED: Engine = { translate: false, threaded: { runs: 0, budget: 20 } };
/** Regions as soon as a block has run. */
export const TRANSLATED: Engine = { translate: { hotness: 1, batch: 1 }, threaded: false };
/** Regions after a while, and handlers before. */
export const MIXED: Engine = { translate: { hotness: 40, batch: 3 }, threaded: { runs: 0, budget: 30 } };
export const WITHOUT_TAIL_CALLS: Engine = { translate: { hotness: 1, batch: 1, tailCalls: false }, threaded: false };

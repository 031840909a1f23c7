/** What V8 is told about memory once a run has turned out to be long. Decision 0044; V8, flag-definitions.h. */
import { setFlagsFromString } from 'node:v8';

const FLAGS = [
  // Asked for at each decision about the heap's growth.
  '--optimize-for-size',
  // The young generation grows no more, or again once it has shrunk: V8 doubles it up to twice 16 MB.
  '--semi-space-growth-factor=1',
];

export function expectLongRun(): void {
  // Bytecode that is written at the end holds for the flags at the start.
  if (process.env.RINGSIDE_BYTECODE === undefined) for (const flag of FLAGS) setFlagsFromString(flag);
}

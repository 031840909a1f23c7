/**
 * How V8 is to compile the adapter; imported first, since a flag holds for what is compiled after it. Decision 0044.
 * V8, flag-definitions.h: `--always-sparkplug`, `--interrupt-budget`.
 */
import { setFlagsFromString } from 'node:v8';

const FLAGS = [
  // Machine code without optimisation at a function's first call: nothing runs in the bytecode interpreter.
  '--always-sparkplug',
  // Bytes of bytecode a function runs through before it is optimised; V8's own is 66 KiB (Node 20).
  '--interrupt-budget=500000',
];

for (const flag of FLAGS) setFlagsFromString(flag);

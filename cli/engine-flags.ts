/**
 * How V8 is to treat the command line; imported first, since a flag holds for what is compiled after it. Decision 0044.
 * V8, flag-definitions.h and tiering-manager.cc.
 */
import { setFlagsFromString } from 'node:v8';

const FLAGS = [
  // Functions are optimised when they have run through the interrupt budget a few times: V8 has 66 KiB, three times and
  // once more for each 150 bytes of the function, and at once where those are few. Most runs end while it optimises small
  // functions, and the large ones of the interpreter wait longest.
  '--interrupt-budget=100000',
  '--bytecode-size-allowance-per-tick=1000',
  '--max-bytecode-size-for-early-opt=20',
];

for (const flag of FLAGS) setFlagsFromString(flag);

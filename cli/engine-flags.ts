/**
 * How V8 is to treat the command line's memory; imported first. Decision 0044.
 * V8, flag-definitions.h: `--optimize-for-size`, which V8 asks at each decision about the heap's growth.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--optimize-for-size');

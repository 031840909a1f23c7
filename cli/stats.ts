/** `--stats`: what a run took. Counts are exact and the same on every machine; only the speed is of this one. */
import type { Machine } from '../emulator/machine/machine.ts';
import { hex, thousands } from './report.ts';

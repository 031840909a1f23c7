/**
 * The processors that the tests ask. Where processors may differ, the tables of this folder say what AMD's do; those of
 * other vendors have not been asked yet. The commands (README.md) ask any.
 */
import { cpus } from 'node:os';

interface Missing {
  readonly missing: string;
}

/** @returns what `open` gives, or why this machine's processor is not asked */
export function ofKnownProcessor<T>(open: () => T | Missing): T | Missing {
  const model = cpus()[0]?.model ?? 'an unknown processor';
  return model.startsWith('AMD') ? open() : { missing: `${model} is none of AMD's, whose differences are known` };
}

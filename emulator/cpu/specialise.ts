/**
 * Chooses the handler of a decoded instruction: a quick one for the form it has, or the general one.
 */
import { Mode } from './core.ts';
import { UD, raise } from './exception.ts';
import { execute } from './execute/index.ts';
import { fastHandler } from './fast/index.ts';
import type { Instruction } from './instruction.ts';

function invalidOpcode(): void {
  raise(UD);
}

export function specialise(i: Instruction, mode: number): void {
  const { mnemonic } = i.row;
  if (mnemonic === 'INVALID') i.run = invalidOpcode;
  else i.run = fastHandler(i, (mode & Mode.STACK32) !== 0) ?? execute[mnemonic];
}

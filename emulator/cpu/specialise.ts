/**
 * Chooses the handler of a decoded instruction: a quick one for the form it has, or the general one.
 */
import { UD, raise } from './exception.ts';
import { execute } from './execute/index.ts';
import type { Instruction } from './instruction.ts';

export function invalidOpcode(): void {
  raise(UD);
}

export function specialise(i: Instruction, mode: number): void {
  const { mnemonic } = i.row;
  void mode;
  i.run = mnemonic === 'INVALID' ? invalidOpcode : execute[mnemonic];
}

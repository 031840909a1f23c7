/**
 * Chooses how a decoded instruction is executed: in the inner loop itself, by a quick handler for the form it has, or by
 * the general handler.
 */
import { Mode } from './core.ts';
import { UD, raise } from './exception.ts';
import { execute } from './execute/index.ts';
import { fastHandler, formOf } from './fast/index.ts';
import type { Instruction } from './instruction.ts';
import { CALL_HANDLER, inlineForms, inlineStack32Forms } from './run-block.ts';

function invalidOpcode(): void {
  raise(UD);
}

export function specialise(i: Instruction, mode: number): void {
  const { mnemonic } = i.row;
  if (mnemonic === 'INVALID') {
    i.run = invalidOpcode;
    return;
  }
  i.run = execute[mnemonic];
  const form = formOf(i);
  if (form === undefined) return;
  const stack32 = (mode & Mode.STACK32) !== 0;
  i.inline =
    (inlineForms[form] as number | undefined) ?? (stack32 ? inlineStack32Forms[form] : undefined) ?? CALL_HANDLER;
  i.run = fastHandler(form, stack32) ?? i.run;
}

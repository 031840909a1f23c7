/**
 * Chooses how a decoded instruction is executed: in the inner loop itself, by a quick handler for the form it has, or by
 * the general handler.
 */
import { Mode } from './core.ts';
import { UD, raise } from './exception.ts';
import { execute } from './execute/index.ts';
import { fastHandler, formOf } from './fast/index.ts';
import type { Handler, Instruction } from './instruction.ts';
import { TOUCH_NOTHING, touchOf } from './page-touch.ts';
import { CALL_HANDLER, inlineForms, inlineStack32Forms } from './run-block.ts';

interface Choice {
  readonly run: Handler;
  readonly inline: number;
  readonly touch: number;
}

export function invalidOpcode(): void {
  raise(UD);
}

export class Specialiser {
  /** By row and shape of the operands: there are few, and decoding is what a boot spends its time on. */
  readonly #choices = new Map<number, Choice>();

  /** @param mode bits of Mode */
  specialise(i: Instruction, mode: number): void {
    const stack32 = (mode & Mode.STACK32) !== 0;
    const kinds = i.kind0 | (i.kind1 << 5) | (i.kind2 << 10);
    const shape = kinds | (i.size << 15) | (i.addressMask === -1 ? 0x4_0000 : 0) | (stack32 ? 0x8_0000 : 0);
    const key = i.row.number * 0x10_0000 + shape;
    let choice = this.#choices.get(key);
    if (choice === undefined) {
      choice = choose(i, stack32);
      this.#choices.set(key, choice);
    }
    i.run = choice.run;
    i.inline = choice.inline;
    i.touch = choice.touch;
  }
}

function choose(i: Instruction, stack32: boolean): Choice {
  const { mnemonic } = i.row;
  if (mnemonic === 'INVALID') return { run: invalidOpcode, inline: CALL_HANDLER, touch: TOUCH_NOTHING };
  const form = formOf(i);
  const touch = touchOf(i);
  if (form === undefined) return { run: execute[mnemonic], inline: CALL_HANDLER, touch };
  const inline = (inlineForms[form] as number | undefined) ?? (stack32 ? inlineStack32Forms[form] : undefined);
  return { run: fastHandler(form, stack32) ?? execute[mnemonic], inline: inline ?? CALL_HANDLER, touch };
}

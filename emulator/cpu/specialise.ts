/**
 * Chooses how decoded instructions are executed: in the inner loop itself, by a quick handler for the form they have, or
 * by the general handler.
 *
 * Invariant: two instructions of one form differ in nothing but registers, addresses, immediates and length.
 */
import { Mode } from './core.ts';
import { UD, raise } from './exception.ts';
import { execute } from './execute/index.ts';
import { fastHandler } from './fast/index.ts';
import { formOf } from './form-name.ts';
import { Form, Instruction, Kind, Repeat } from './instruction.ts';
import { invalidRow, type OpcodeRow } from './opcodes.ts';
import { touchOf } from './page-touch.ts';
import { CALL_HANDLER, inlineForms, inlineStack32Forms } from './run-block.ts';

function invalidOpcode(): void {
  raise(UD);
}

export const invalidForm = new Form(0, invalidRow, 4, -1, Kind.NONE, Repeat.NONE, invalidOpcode);

export class Specialiser {
  /** By row, size, repeat prefix and kinds of operands. */
  readonly #forms = new Map<number, Form>();

  /** @param kinds of the three operands, five bits each; @param mode bits of Mode */
  form(row: OpcodeRow, size: 1 | 2 | 4, addressMask: number, kinds: number, repeat: number, mode: number): Form {
    const stack32 = (mode & Mode.STACK32) !== 0;
    const sizes = (size << 15) | (addressMask === -1 ? 0x4_0000 : 0) | (stack32 ? 0x8_0000 : 0);
    const key = (row.number * 4 + repeat) * 0x10_0000 + (kinds | sizes);
    let form = this.#forms.get(key);
    if (form === undefined) {
      form = new Form(this.#forms.size + 1, row, size, addressMask, kinds, repeat, invalidOpcode);
      choose(form, stack32);
      this.#forms.set(key, form);
    }
    return form;
  }
}

function choose(form: Form, stack32: boolean): void {
  const { mnemonic } = form.row;
  if (mnemonic === 'INVALID') return;
  const i = new Instruction(form);
  const name = formOf(i);
  form.touch = touchOf(i);
  form.run = (name === undefined ? undefined : fastHandler(name, stack32)) ?? execute[mnemonic];
  if (name === undefined) return;
  const inline = (inlineForms[name] as number | undefined) ?? (stack32 ? inlineStack32Forms[name] : undefined);
  form.inline = inline ?? CALL_HANDLER;
}

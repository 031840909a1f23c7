/**
 * Quick handlers for the forms that make up nearly all instructions executed, keyed `MNEMONIC forms`; the letters of
 * the forms are those of ../form-name.ts. Only for 32-bit operand size (or bytes) and 32-bit addresses.
 */
import type { Handler } from '../instruction.ts';
import { alu } from './alu.ts';
import { bytes } from './bytes.ts';
import { jumps, stack32 } from './control.ts';
import { conditionals, moves } from './moves.ts';

const anyStack = new Map<string, Handler>(Object.entries({ ...alu, ...bytes, ...moves, ...conditionals, ...jumps }));
const wideStack = new Map<string, Handler>(Object.entries(stack32));

/** Every `MNEMONIC forms` there is a quick handler for. */
export const fastForms: readonly string[] = [...anyStack.keys(), ...wideStack.keys()];

export function fastHandler(form: string, stackIs32: boolean): Handler | undefined {
  return anyStack.get(form) ?? (stackIs32 ? wideStack.get(form) : undefined);
}

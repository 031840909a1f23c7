/**
 * Quick handlers for the forms that make up nearly all instructions executed, keyed `MNEMONIC forms`; the letters of
 * the forms are those of `FORM_LETTERS`. Only for 32-bit operand size (or bytes) and 32-bit addresses.
 */
import type { Handler, Instruction } from '../instruction.ts';
import { Kind, MemoryFormat } from '../instruction.ts';
import { alu } from './alu.ts';
import { bytes } from './bytes.ts';
import { jumps, stack32 } from './control.ts';
import { conditionals, moves } from './moves.ts';

const anyStack = new Map<string, Handler>(Object.entries({ ...alu, ...bytes, ...moves, ...conditionals, ...jumps }));
const wideStack = new Map<string, Handler>(Object.entries(stack32));

/** Every `MNEMONIC forms` there is a quick handler for. */
export const fastForms: readonly string[] = [...anyStack.keys(), ...wideStack.keys()];

const FORM_LETTERS: Readonly<Record<number, string>> = {
  [Kind.REG8]: 'b',
  [Kind.REG16]: 'w',
  [Kind.REG32]: 'r',
  [Kind.MEM8]: 'n',
  [Kind.MEM16]: 'v',
  [Kind.MEM32]: 'm',
  [Kind.MEM]: 'M',
  [Kind.IMMEDIATE]: 'i',
  [Kind.SEGMENT]: 's',
  [Kind.CONTROL]: 'c',
  [Kind.ST]: 't',
  [Kind.RELATIVE]: 'j',
};

/** Of Kind.MEM, by what stands in memory. */
const FORMAT_LETTERS: Readonly<Record<number, string>> = {
  [MemoryFormat.SINGLE]: 'f',
  [MemoryFormat.DOUBLE]: 'd',
  [MemoryFormat.EXTENDED]: 'e',
  [MemoryFormat.INT16]: 'h',
  [MemoryFormat.INT32]: 'l',
  [MemoryFormat.INT64]: 'q',
};

/** `MNEMONIC forms` of an instruction that a quick handler could do; undefined where they do not tell its sizes. */
export function formOf(i: Instruction): string | undefined {
  if (i.addressMask !== -1) return undefined;
  const forms = [i.kind0, i.kind1, i.kind2].filter((kind) => kind !== Kind.NONE);
  if (i.size === 2 && !forms.some((kind) => kind === Kind.REG16 || kind === Kind.MEM16)) return undefined;
  const letters = forms.map((kind) => FORM_LETTERS[kind]).join(',');
  const format = i.kind0 === Kind.MEM ? FORMAT_LETTERS[i.index0] : undefined;
  return `${i.row.mnemonic} ${format ?? letters}`;
}

export function fastHandler(form: string, stackIs32: boolean): Handler | undefined {
  return anyStack.get(form) ?? (stackIs32 ? wideStack.get(form) : undefined);
}

/** Names of forms, by which instructions have quick handlers (fast/) and threaded ones (../threaded/). */
import { Kind, MemoryFormat, type Instruction } from './instruction.ts';

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

/** `MNEMONIC forms` of an instruction that a handler of one form could do; undefined where they do not tell its sizes. */
export function formOf(i: Instruction): string | undefined {
  if (i.addressMask !== -1) return undefined;
  const forms = [i.kind0, i.kind1, i.kind2].filter((kind) => kind !== Kind.NONE);
  if (i.size === 2 && !forms.some((kind) => kind === Kind.REG16 || kind === Kind.MEM16)) return undefined;
  const letters = forms.map((kind) => FORM_LETTERS[kind]).join(',');
  const format = i.kind0 === Kind.MEM ? FORMAT_LETTERS[i.index0] : undefined;
  return `${i.row.mnemonic} ${format ?? letters}`;
}

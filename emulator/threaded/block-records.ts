/** Writes a block's records. Which handler an instruction has is found once for each form. */
import type { Block } from '../cpu/block.ts';
import { formOf } from '../cpu/form-name.ts';
import { Kind, MemoryFormat, type Form, type Instruction } from '../cpu/instruction.ts';
import { layout } from '../memory/layout.ts';
import { isFlatOperand } from '../translator/flat.ts';
import { HEADER, ONWARD, OUT, fusedName } from './handler-names.ts';
import { handlerNumber } from './handler-table.ts';
import { Field, RECORD_BYTES } from './records.ts';

const HEADER_NUMBER = handlerNumber(HEADER)!;
const ONWARD_NUMBER = handlerNumber(ONWARD)!;
const OUT_NUMBER = handlerNumber(OUT)!;
const RECORDS = layout.records / 4;
const RECORD_SLOTS = RECORD_BYTES / 4;
const FPU_REGISTER_BYTES = 16;

export function hasHandler(i: Instruction): boolean {
  return numberOf(i) !== OUT_NUMBER;
}

/** @param header the number of its first record, of which there are two more than instructions */
export function writeRecords(m: Int32Array, header: number, { ops, starts, length, setsEip, bytes }: Block): void {
  let at = RECORDS + header * RECORD_SLOTS;
  m[at] = HEADER_NUMBER;
  m[at + Field.A / 4] = length;
  for (let n = 0; n < length; n++) {
    at += RECORD_SLOTS;
    writeRecord(m, at, ops[n], starts[n]);
  }
  if (length > 1) {
    const together = fusedNumber(ops[length - 2], ops[length - 1]);
    if (together !== undefined) m[at - RECORD_SLOTS] = together;
  }
  if (setsEip) return;
  at += RECORD_SLOTS;
  m[at] = ONWARD_NUMBER;
  m[at + Field.B / 4] = bytes;
  m[at + Field.TAKEN / 4] = 0;
}

/** By form and, of memory operands that can be more than one thing, what is there. */
const numbers = new WeakMap<Form, number[]>();

function numberOf(i: Instruction): number {
  if ((isMemory(i.kind0) || isMemory(i.kind1)) && !isFlatOperand(i)) return OUT_NUMBER;
  const format = i.kind0 === Kind.MEM ? i.index0 : MemoryFormat.NONE;
  let ofForm = numbers.get(i.form);
  if (ofForm === undefined) numbers.set(i.form, (ofForm = []));
  return (ofForm[format] ??= findNumber(i));
}

function isMemory(kind: number): boolean {
  return kind >= Kind.MEM8 && kind <= Kind.MEM;
}

function findNumber(i: Instruction): number {
  const name = formOf(i);
  return (name === undefined ? undefined : handlerNumber(name)) ?? OUT_NUMBER;
}

const fusedNumbers = new WeakMap<Form, Map<Form, number | undefined>>();

/** What does both at once, a comparison and a jump. */
function fusedNumber(first: Instruction, last: Instruction): number | undefined {
  if (!last.row.jump || numberOf(first) === OUT_NUMBER || numberOf(last) === OUT_NUMBER) return undefined;
  let byLast = fusedNumbers.get(first.form);
  if (byLast === undefined) fusedNumbers.set(first.form, (byLast = new Map<Form, number | undefined>()));
  if (!byLast.has(last.form)) byLast.set(last.form, handlerNumber(fusedName(formOf(first)!, formOf(last)!)));
  return byLast.get(last.form);
}

/** @param offset where in its block it begins */
function writeRecord(m: Int32Array, at: number, i: Instruction, offset: number): void {
  const number = numberOf(i);
  m[at] = number;
  if (number === OUT_NUMBER) return;
  m[at + Field.A / 4] = operand(i.kind0, i.index0);
  m[at + Field.B / 4] = i.row.jump ? i.end : operand(i.kind1, i.index1);
  m[at + Field.BASE / 4] = i.base * 4;
  m[at + Field.INDEX / 4] = i.index * 4;
  m[at + Field.SCALE / 4] = i.scale;
  m[at + Field.DISPLACEMENT / 4] = i.displacement;
  m[at + Field.SEGMENT / 4] = i.segment * 4;
  if (i.kind0 === Kind.RELATIVE) m[at + Field.TAKEN / 4] = m[at + Field.NOT_TAKEN / 4] = 0;
  // The mnemonics of the x87 begin with F, and no other's that has a handler.
  else if (i.row.mnemonic.startsWith('F')) writeFpuFields(m, at, i, offset);
  else if (i.kind2 === Kind.IMMEDIATE) m[at + (i.kind1 === Kind.REG32 ? Field.DISPLACEMENT : Field.B) / 4] = i.index2;
}

function writeFpuFields(m: Int32Array, at: number, i: Instruction, offset: number): void {
  m[at + Field.FPU / 4] = (offset << 16) | i.fpuOpcode;
  if (i.kind0 === Kind.ST) m[at + Field.ST0 / 4] = i.index0 * FPU_REGISTER_BYTES;
  if (i.kind1 === Kind.ST) m[at + Field.ST1 / 4] = i.index1 * FPU_REGISTER_BYTES;
}

/** Registers as byte offsets; an immediate as it is. */
function operand(kind: number, index: number): number {
  if (kind === Kind.REG32) return index * 4;
  return kind === Kind.REG16 ? index * 2 : index;
}

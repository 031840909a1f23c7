/** Instructions read by patterns, and shared ones, against decoding the same bytes anew. Intel SDM Vol. 2, "Instruction Format". */
import { expect, test } from 'vitest';
import { Decoder, NEED_MORE } from '../../../emulator/cpu/decoder.ts';
import type { Instruction } from '../../../emulator/cpu/instruction.ts';
import { Random } from './random.ts';

/** Bytes with which the interesting cases begin: prefixes, two-byte opcodes, groups by ModRM, the FPU. */
const BEGINNINGS = [0x66, 0x0f, 0x66, 0xf3, 0x2e, 0xf6, 0xf7, 0x80, 0x81, 0xd9, 0xdf, 0xc7, 0x8b, 0x8e] as const;
const MODES = [0, 1, 2, 3] as const;

function described({ form, run, ...fields }: Instruction): string {
  const { row, run: formRun, ...formFields } = form;
  if (run !== formRun) expect(run).toBe(formRun);
  return `${row.opcode} ${row.mnemonic} ${run.name} ${JSON.stringify([fields, formFields])}`;
}

test('what is read by a pattern, or shared, is what decoding its bytes gives', () => {
  const random = new Random(4711);
  const decoder = new Decoder();
  const bytes = new Uint8Array(16);
  let shared = 0;
  for (let n = 0; n < 200_000; n++) {
    // Few different bytes, so that instructions and beginnings of instructions come again.
    for (let at = 0; at < 16; at++) bytes[at] = random.below(3) === 0 ? random.byte() : random.below(4) * 0x41;
    if (random.below(2) === 0) bytes[0] = BEGINNINGS[random.below(BEGINNINGS.length)];
    const mode = MODES[random.below(4)];
    const i = decoder.decode(bytes, 0, 16, mode);
    const anew = decoder.decodeAnew(bytes, 0, 16, mode);
    if (i === NEED_MORE || anew === NEED_MORE) continue;
    const text = described(i);
    if (text !== described(anew)) expect(text).toBe(described(anew));
    const short = decoder.decode(bytes, 0, i.length - 1, mode);
    if (i.row.mnemonic !== 'INVALID' && short !== NEED_MORE) expect(described(short)).toBe(text);
    if (i.row.endsBlock) continue;
    const same = decoder.shared.find(i);
    if (same !== i) shared++;
    if (described(same) !== text) expect(described(same)).toBe(text);
  }
  expect(shared).toBeGreaterThan(10_000);
});

test('an instruction that ends its block is no other one', () => {
  const decoder = new Decoder();
  const ret = Uint8Array.from({ length: 16 }, () => 0xc3);
  const first = decoder.decode(ret, 0, 16, 3);
  expect(decoder.decode(ret, 0, 16, 3)).not.toBe(first);
  const nop = Uint8Array.from({ length: 16 }, () => 0x90);
  decoder.decode(nop, 0, 16, 3);
  expect(decoder.decode(nop, 0, 16, 3)).toBe(decoder.decode(nop, 0, 16, 3));
});

test('a pattern is learned once, though the end of a page is always decoded by the table', () => {
  const decoder = new Decoder();
  const nop = Uint8Array.from({ length: 16 }, () => 0x90);
  decoder.decode(nop, 0, 16, 3);
  const known = decoder.decode(nop, 0, 16, 3);
  decoder.decode(nop, 0, 3, 3);
  decoder.decodeAnew(nop, 0, 16, 3);
  expect(decoder.decode(nop, 0, 16, 3)).toBe(known);
});

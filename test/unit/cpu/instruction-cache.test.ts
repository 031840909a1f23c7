/** Instructions found by their bytes, against decoding the same bytes. Intel SDM Vol. 2, "Instruction Format". */
import { expect, test } from 'vitest';
import { Decoder, NEED_MORE } from '../../../emulator/cpu/decoder.ts';
import type { Instruction } from '../../../emulator/cpu/instruction.ts';
import { CACHED_BYTES } from '../../../emulator/cpu/instruction-cache.ts';
import { Random } from './random.ts';

/** Bytes with which the interesting cases begin: prefixes, two-byte opcodes, groups by ModRM, the FPU. */
const BEGINNINGS = [0x66, 0x0f, 0x66, 0xf3, 0x2e, 0xf6, 0xf7, 0x80, 0x81, 0xd9, 0xdf, 0xc7, 0x8b, 0x8e] as const;
const MODES = [0, 1, 2, 3] as const;

function described({ row, run, ...fields }: Instruction): string {
  return `${row.opcode} ${row.mnemonic} ${run.name} ${JSON.stringify(fields)}`;
}

test('what is found by bytes is what decoding them gives', () => {
  const random = new Random(4711);
  const decoder = new Decoder();
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  let found = 0;
  for (let n = 0; n < 200_000; n++) {
    // Few different bytes, so that instructions and beginnings of instructions come again.
    for (let at = 0; at < 16; at++) bytes[at] = random.below(3) === 0 ? random.byte() : random.below(4) * 0x41;
    if (random.below(2) === 0) bytes[0] = BEGINNINGS[random.below(BEGINNINGS.length)];
    const mode = MODES[random.below(4)];
    const known = decoder.cache.find(view, 0, mode);
    const i = decoder.decode(bytes, 0, 16, mode);
    if (i === NEED_MORE) {
      expect(known).toBeUndefined();
      continue;
    }
    if (known !== undefined) {
      found++;
      if (described(known) !== described(i)) expect(described(known)).toBe(described(i));
    }
    decoder.cache.keep(view, 0, mode, i);
    const kept = decoder.cache.find(view, 0, mode);
    if (kept !== undefined && kept !== i) expect(described(kept)).toBe(described(i));
    if (i.row.endsBlock || i.length > CACHED_BYTES) expect(kept).toBeUndefined();
  }
  expect(found).toBeGreaterThan(10_000);
});

/**
 * Reserved encodings of announced opcodes have the operands of the rest: where bytes of those are missing, the fault is
 * the fetch's, not #UD. Each stands at the end of the code's page, asked of this machine's processor.
 */
import { Code, Decoder as IcedDecoder } from 'iced-x86';
import { expect, test } from 'vitest';
import { Decoder, NEED_MORE } from '../../../emulator/cpu/decoder.ts';
import { opcodeEntry } from '../../../emulator/cpu/opcodes.ts';
import { ofKnownProcessor } from './known-processor.ts';
import { PLAIN_FPU } from './sequence-generator.ts';
import { INTERPRETER } from '../../unit/cpu/engines.ts';
import { SequenceCpu } from './sequence-emulated.ts';
import {
  CASE_CODE_BYTES,
  CODE_LINEAR,
  DATA_LINEAR,
  IMAGE_BYTES,
  openSequenceHost,
  type SequenceCase,
} from './sequence-host.ts';

const PAGE = 0x1000;
const MODE32 = 3;
const UD = 6;
const PF = 14;
/** LES and LDS of registers, and POP of a register, are VEX and XOP prefixes on the host; 0F 01 has more of its instructions. */
const HOSTS_OWN = new Set([0x8f, 0xc4, 0xc5, 0x101]);

/** All that this emulator decodes as reserved, up to the ModRM byte: with disp32, and with a register. */
function reservedEncodings(): Uint8Array[] {
  const decoder = new Decoder();
  const found: Uint8Array[] = [];
  for (const prefixes of [[], [0x66], [0xf3], [0xf2]]) {
    for (let opcode = 0; opcode < 0x200; opcode++) {
      if (opcodeEntry(opcode) === undefined || HOSTS_OWN.has(opcode)) continue;
      for (let reg = 0; reg < 8; reg++) {
        for (const modrm of [0x05 | (reg << 3), 0xc0 | (reg << 3)]) {
          const lead = Uint8Array.of(...prefixes, ...(opcode >= 0x100 ? [0x0f] : []), opcode & 0xff, modrm);
          const bytes = new Uint8Array(16);
          bytes.set(lead);
          const i = decoder.decodeAnew(bytes, 0, 16, MODE32);
          if (i !== NEED_MORE && i.row.mnemonic === 'INVALID' && !isKnown(bytes)) found.push(lead);
        }
      }
    }
  }
  return found;
}

/** Whether it is an instruction of some processor. */
function isKnown(bytes: Uint8Array): boolean {
  const decoder = new IcedDecoder(32, bytes, 0);
  const decoded = decoder.decode();
  const known = decoded.code !== Code.INVALID;
  decoded.free();
  decoder.free();
  return known;
}

function atPageEnd(bytes: Uint8Array): SequenceCase {
  const code = new Uint8Array(CASE_CODE_BYTES).fill(0xcc);
  code.set(bytes, CASE_CODE_BYTES - bytes.length);
  return {
    code,
    codeAt: PAGE - CASE_CODE_BYTES,
    registers: [0, 0, 0, 0, DATA_LINEAR + PAGE, 0, 0, 0],
    eip: CODE_LINEAR + PAGE - bytes.length,
    eflags: 2,
    segments: [0x23, 0x2b, 0x2b, 0x2b, 0, 0],
    fpu: PLAIN_FPU,
    undefinedAt: new Map(),
    c1UndefinedAt: new Set(),
  };
}

test('a reserved encoding fetches its operand before #UD, as on this machine’s processor', () => {
  const opened = ofKnownProcessor(openSequenceHost);
  if ('missing' in opened) {
    console.log(`not compared: ${opened.missing}`);
    return;
  }
  const encodings = reservedEncodings();
  const cases = encodings.map(atPageEnd);
  const image = new Uint8Array(IMAGE_BYTES);
  const cpu = new SequenceCpu(INTERPRETER);
  cpu.image = image;
  const counts = new Map<number, number>();
  const differences = opened.host(image, cases).flatMap(({ vector }, n) => {
    const mine = cpu.run(cases[n]).vector;
    counts.set(mine, (counts.get(mine) ?? 0) + 1);
    return mine === vector ? [] : [`${Buffer.from(encodings[n]).toString('hex')}: ${mine}, host ${vector}`];
  });
  expect(differences).toEqual([]);
  expect(counts.get(PF)).toBeGreaterThan(1000);
  expect(counts.get(UD)).toBeGreaterThan(100);
});

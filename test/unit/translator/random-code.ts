/**
 * Machines that run random code for as long as one likes: blocks of instructions that decode, joined by jumps, calls and
 * returns; registers that mostly point at memory of some interesting kind; and a handler that begins anew after each
 * fault.
 */
import { createHash } from 'node:crypto';
import { Decoder, NEED_MORE } from '../../../emulator/cpu/decoder.ts';
import type { Instruction } from '../../../emulator/cpu/instruction.ts';
import { emitterOf } from '../../../emulator/translator/emit.ts';
import type { Engine } from '../cpu/engines.ts';
import { CODE0, CODE3, DATA3, TestMachine, at } from '../cpu/test-machine.ts';
import { Random } from '../cpu/random.ts';

const MODE32 = 3;
const HANDLER = at.handlers + 0x100;
const DEVICE = 0x41_0000;

/** Linear addresses worth accessing. */
const ADDRESSES = [
  at.data,
  at.data + 0x10,
  at.data + 0x801,
  at.data + 0xffe, // crosses into a page beside it
  0x40_0000, // read only
  0x40_0ffd, // crosses into one that is not there
  0x40_2ffc, // crosses into one that is elsewhere in RAM
  0x40_4100, // the code, by another name
  at.code + 0x900, // the page of the code
  DEVICE,
  0x50_0000, // nothing
] as const;

const PAGES = [
  { linear: 0x40_0000, physical: 0x60000, flags: 'P U' },
  { linear: 0x40_2000, physical: 0x61000, flags: 'P W U' },
  { linear: 0x40_3000, physical: 0x66000, flags: 'P W U' },
  { linear: 0x40_4000, physical: at.code, flags: 'P W U' },
  { linear: DEVICE, physical: 0xa0000, flags: 'P W U' },
] as const;

/** Any instruction that is not a transfer, mostly one that is translated. */
export function randomInstruction(random: Random, decoder: Decoder): { bytes: Uint8Array; i: Instruction } {
  for (;;) {
    const bytes = Uint8Array.from({ length: 16 }, () => random.byte());
    if (random.below(4) === 0) bytes[0] = 0x0f;
    // Memory operands of one base register and a short displacement, so that accesses group.
    if (random.below(2) === 0) bytes[1] = (bytes[1] & 0x3f) | 0x40;
    const i = decoder.decode(bytes, 0, 16, MODE32);
    if (i === NEED_MORE || i.row.mnemonic === 'INVALID' || i.row.jump) continue;
    if (emitterOf(i) === undefined && random.below(12) !== 0) continue;
    if (i.row.mnemonic === 'HLT') continue;
    return { bytes: bytes.slice(0, i.length), i };
  }
}

function dword(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff];
}

const moveImmediate = (register: number, value: number): number[] => [0xb8 + register, ...dword(value)];

function randomBlock(random: Random, decoder: Decoder): number[] {
  const bytes: number[] = [];
  for (let n = random.below(3); n > 0; n--) {
    const register = random.below(8);
    if (register === 4) continue;
    bytes.push(...moveImmediate(register, ADDRESSES[random.below(ADDRESSES.length)] + random.below(8)));
  }
  for (let n = 1 + random.below(9); n > 0; n--) bytes.push(...randomInstruction(random, decoder).bytes);
  return bytes;
}

/** Of two bytes. */
// prettier-ignore
//                    cmp ecx, eax  cmp al, 5     cmp eax, [ebx] cmp [edi], al test ecx, [esi]
const COMPARISONS = [[0x39, 0xc1], [0x3c, 0x05], [0x3b, 0x03], [0x38, 0x07], [0x85, 0x0e]];

/** Bytes from `at.code` on. Each block ends by going to another, in one of all ways. */
function randomProgram(random: Random): Uint8Array {
  const decoder = new Decoder();
  const blocks = Array.from({ length: 3 + random.below(6) }, () => randomBlock(random, decoder));
  const TAIL_BYTES = 16;
  const starts: number[] = [];
  let end = 0;
  for (const block of blocks) {
    starts.push(end);
    end += block.length + TAIL_BYTES;
  }
  const bytes = new Uint8Array(end).fill(0x90);
  blocks.forEach((block, index) => {
    bytes.set(block, starts[index]);
    const from = starts[index] + block.length;
    const target = starts[random.below(starts.length)];
    const relative = (length: number): number[] => dword(target - from - length);
    const register = random.below(4);
    const tails = [
      [0x0f, 0x80 + random.below(16), ...relative(6)],
      [...COMPARISONS[random.below(COMPARISONS.length)], 0x0f, 0x80 + random.below(16), ...relative(8)],
      [0xe9, ...relative(5)],
      [0xe8, ...relative(5)],
      [0xc3],
      [...moveImmediate(register, at.code + target), 0xff, 0xe0 + register],
      [0xcd, 0x30],
      [],
    ];
    bytes.set(tails[random.below(tails.length)], from);
  });
  // The last falls through to the first.
  return Uint8Array.from([...bytes, 0xe9, ...dword(-(end + 5))]);
}

export function randomMachine(seed: number, engine: Engine): TestMachine {
  const random = new Random(seed * 7919);
  const cpl = random.below(2) === 0 ? 0 : 3;
  const answers = new Random(seed);
  const m: TestMachine = new TestMachine({
    cpl,
    pages: PAGES,
    eflags: 0x202,
    engine,
    ports: {
      readPort: () => answers.int32() >>> 0,
      readMmio: () => answers.int32() >>> 0,
      writeMmio: (_, __, value) => {
        m.cpu.interruptLine = (value & 3) === 3;
      },
      acknowledgeInterrupt: () => {
        m.cpu.interruptLine = false;
        return 0x20;
      },
    },
  });
  for (let offset = 0; offset < 0x4000; offset++) m.memory.ram[at.data + offset] = random.byte();
  for (let vector = 0; vector < 0x40; vector++) m.gate(vector, CODE0, HANDLER, vector === 0x30 ? 0xee : 0x8e);
  const registers = [0, 1, 2, 3, 5, 6, 7].flatMap((register) =>
    moveImmediate(register, ADDRESSES[random.below(ADDRESSES.length)]),
  );
  const again =
    cpl === 3
      ? [DATA3, at.stack3, 0x202, CODE3, at.code].flatMap((value) => [0x68, ...dword(value)]).concat(0xcf)
      : [0x68, ...dword(0x202), 0x9d, 0xb8, ...dword(at.code), 0xff, 0xe0];
  m.memory.load(HANDLER, Uint8Array.from([...moveImmediate(4, at.stack0), ...registers, ...again]));
  m.memory.load(at.code, randomProgram(random));
  return m;
}

export function cpuState(m: TestMachine): string {
  return JSON.stringify(m.cpu.save());
}

export function ramHash(m: TestMachine): string {
  return createHash('sha1').update(m.memory.ram).digest('hex');
}

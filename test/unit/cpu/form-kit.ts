/** Machines and instructions to compare handlers of single forms with: random registers, flags and memory. */
import { Core } from '../../../emulator/cpu/core.ts';
import { Decoder, NEED_MORE } from '../../../emulator/cpu/decoder.ts';
import { formOf } from '../../../emulator/cpu/form-name.ts';
import { setArithmeticFlags } from '../../../emulator/cpu/flags.ts';
import type { Instruction } from '../../../emulator/cpu/instruction.ts';
import { EIP, FPU, FPU_CONTROL, FPU_EMPTY, FPU_OPCODE, FPU_STATUS, FPU_TOP } from '../../../emulator/cpu/registers.ts';
import { setHidden } from '../../../emulator/cpu/segments.ts';
import { GuestMemory } from '../../../emulator/memory/guest-memory.ts';
import type { Random } from './random.ts';

const RAM_BYTES = 0x10000;
export const MODE = 3;

/** Flat memory of 64 KiB without paging; addresses beyond it are a window that reads all ones. */
export function newCore(): Core {
  const core = new Core(new GuestMemory(RAM_BYTES, []), {
    readPort: () => 0,
    writePort: () => undefined,
    readMmio: () => 0xffff_ffff,
    writeMmio: () => undefined,
    acknowledgeInterrupt: () => 0,
  });
  core.i32[64] = 1;
  for (let segment = 0; segment < 6; segment++) {
    setHidden(core, segment, 8, 0, 0xffff_ffff | 0, segment === 1 ? 0xc09b : 0xc093);
  }
  return core;
}

const EDGES = [0, 1, 2, -1, 0x7fff_ffff, 0x8000_0000 | 0, 0xff, 0x80, 0x7f, 0x8000, 0xffff];

export function value(random: Random): number {
  return random.below(3) === 0 ? EDGES[random.below(EDGES.length)] : random.int32();
}

export function randomise(core: Core, random: Random): void {
  for (let register = 0; register < 8; register++) {
    core.i32[register] = random.below(2) === 0 ? random.below(RAM_BYTES - 64) : value(random);
  }
  core.i32[EIP] = 0x1000;
  setArithmeticFlags(core, random.int32());
  for (let at = 0; at < RAM_BYTES; at += 4)
    core.memory.view.setInt32(core.memory.ram.byteOffset + at, value(random), true);
}

/** The unit as programs have it: exceptions masked, some registers in use, with numbers near 1 and others. */
export function randomiseFpu({ i32 }: Core, random: Random): void {
  i32[FPU_CONTROL] = 0x7f | ([0, 2, 3][random.below(3)] << 8) | (random.below(4) << 10);
  i32[FPU_STATUS] = random.int32() & 0x4700;
  i32[FPU_TOP] = random.below(8);
  i32[FPU_EMPTY] = random.byte() & random.byte();
  if (random.below(3) === 0) i32[FPU_EMPTY] ^= 0xff;
  for (let at = FPU; at < FPU + 32; at += 4) {
    const kind = random.below(12);
    const exponent = kind === 0 ? random.below(0x8000) : 0x3fff - 20 + random.below(40);
    i32[at] = random.below(3) === 0 ? 0 : random.int32();
    i32[at + 1] = random.below(3) === 0 ? 0x8000_0000 | 0 : random.int32() | 0x8000_0000;
    i32[at + 2] = exponent | (random.below(2) << 15);
    if (kind === 1) i32.fill(0, at, at + 3);
  }
}

/** The part of the state that instructions without segments have: registers, EFLAGS apart, and the FPU. */
export function stateSlots({ i32 }: Core): Int32Array[] {
  return [i32.subarray(0, 10), i32.subarray(FPU, FPU_OPCODE + 1)];
}

export function copy(from: Core, to: Core): void {
  to.i32.set(from.i32.subarray(0, 16));
  to.i32.set(from.i32.subarray(FPU, FPU_OPCODE + 1), FPU);
  to.memory.ram.set(from.memory.ram);
}

/** `MNEMONIC forms` → instructions of that form. */
export function findForms(
  random: Random,
  perForm: number,
  isWanted: (form: string, i: Instruction) => boolean,
): Map<string, Instruction[]> {
  const decoder = new Decoder();
  const found = new Map<string, Instruction[]>();
  for (let n = 0; n < 300_000; n++) {
    const bytes = Uint8Array.from({ length: 16 }, () => random.byte());
    // Prefixes that chance sets too seldom: another operand size, and the second table.
    let at = 0;
    if (n % 4 < 2) bytes[at++] = 0x66;
    if (n % 2 === 0) bytes[at] = 0x0f;
    // The x87's: an eighth, and mostly its registers.
    if (n % 8 === 3) bytes[0] = 0xd8 + random.below(8);
    const i = decoder.decode(bytes, 0, 16, MODE);
    if (i === NEED_MORE || i.row.mnemonic === 'INVALID') continue;
    const form = formOf(i);
    if (form === undefined || !isWanted(form, i)) continue;
    i.end = i.length;
    const list = found.get(form) ?? [];
    if (list.length < perForm) found.set(form, [...list, i]);
  }
  return found;
}

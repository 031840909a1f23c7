/**
 * Packs a kernel, its modules and its boot information into one Multiboot ELF, for loaders that pass no modules: v86's
 * gives no memory size, and a module no name. The memory is as our own loader fills it; a stub then enters the kernel.
 * Multiboot Specification 0.6.96, "OS image format" and "Machine state"; System V ABI, "ELF Header", "Program Header".
 */
import { BOOT_MAGIC, loadMultiboot, type BootOptions } from '../../../emulator/machine/multiboot-loader.ts';

/** Free until the kernel runs: below the PC's device memory, far from the boot information. */
const STUB = 0x80000;
const HEADER_MAGIC = 0x1badb002;
const ELF_HEADER_BYTES = 52;
const PROGRAM_HEADER_BYTES = 32;
const SECTION_HEADER_BYTES = 40;
const PT_LOAD = 1;

export function bootElf(options: BootOptions): Uint8Array {
  const image = loadMultiboot(options);
  if (!image.ok) throw new Error(image.failure.cause);
  const { entry, information } = image.value;
  const pieces = [{ physical: STUB, bytes: stub(entry, information) }, ...image.value.pieces];

  const headers = ELF_HEADER_BYTES + pieces.length * PROGRAM_HEADER_BYTES;
  const offsets = [headers];
  for (const { bytes } of pieces) offsets.push((offsets.at(-1)! + bytes.length + 3) & ~3);
  const file = new Uint8Array(offsets.at(-1)!);
  const view = new DataView(file.buffer);

  // ELFCLASS32, ELFDATA2LSB, EV_CURRENT; ET_EXEC, EM_386.
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  words16(view, 16, [2, 3]);
  words32(view, 20, [1, STUB + HEADER_WORDS * 4, ELF_HEADER_BYTES, 0, 0]);
  words16(view, 40, [ELF_HEADER_BYTES, PROGRAM_HEADER_BYTES, pieces.length, SECTION_HEADER_BYTES, 0, 0]);
  pieces.forEach(({ physical, bytes }, i) => {
    const row = [PT_LOAD, offsets[i]!, physical, physical, bytes.length, bytes.length, 7, 4];
    words32(view, ELF_HEADER_BYTES + i * PROGRAM_HEADER_BYTES, row);
    file.set(bytes, offsets[i]);
  });
  return file;
}

const HEADER_WORDS = 3;

/** The Multiboot header, and behind it: mov ebx, information; mov eax, magic; mov ecx, entry; jmp ecx. */
function stub(entry: number, information: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_WORDS * 4 + 17);
  const view = new DataView(bytes.buffer);
  words32(view, 0, [HEADER_MAGIC, 0, -HEADER_MAGIC]);
  const code = HEADER_WORDS * 4;
  [
    [0xbb, information],
    [0xb8, BOOT_MAGIC],
    [0xb9, entry],
  ].forEach(([opcode, value], i) => {
    bytes[code + i * 5] = opcode!;
    view.setUint32(code + i * 5 + 1, value!, true);
  });
  bytes.set([0xff, 0xe1], code + 15);
  return bytes;
}

function words16(view: DataView, at: number, values: readonly number[]): void {
  values.forEach((value, i) => view.setUint16(at + i * 2, value, true));
}

function words32(view: DataView, at: number, values: readonly number[]): void {
  values.forEach((value, i) => view.setUint32(at + i * 4, value, true));
}

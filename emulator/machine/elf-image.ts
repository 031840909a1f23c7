/**
 * The part of ELF a boot loader needs: where a file's segments go in physical memory, and where it starts.
 * System V ABI, "Object Files", "Program Loading"; e_machine values from its list of machines.
 *
 * Whatever the file holds, the answer is a `Result`: no byte of it is believed before it is checked against the length.
 */
import { failure, success, type Failure, type Result } from '../result.ts';

export interface ElfSegment {
  readonly physical: number;
  readonly virtual: number;
  /** The bytes in the file; the rest up to `memoryBytes` is zero. */
  readonly bytes: Uint8Array;
  readonly memoryBytes: number;
}

export interface ElfImage {
  /** Physical address of the first instruction. */
  readonly entry: number;
  /** PT_LOAD segments that take memory, by physical address. */
  readonly segments: readonly ElfSegment[];
}

const EM_386 = 3;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;
const EHDR_BYTES = 52;
const PHDR_BYTES = 32;

const MACHINES: Readonly<Record<number, string>> = {
  2: 'SPARC',
  3: 'i386',
  4: 'Motorola 68000',
  8: 'MIPS',
  20: 'PowerPC',
  21: '64-bit PowerPC',
  22: 'S/390',
  40: 'ARM',
  42: 'SuperH',
  43: 'SPARC V9',
  50: 'Itanium',
  62: 'x86-64',
  183: 'AArch64',
  243: 'RISC-V',
  247: 'BPF',
  258: 'LoongArch',
};

const FILE_TYPES: Readonly<Record<number, string>> = { 1: 'a relocatable object file', 4: 'a core dump' };

/** What other files begin with. */
const OTHER_FORMATS: readonly (readonly [magic: readonly number[], name: string])[] = [
  [[0x1f, 0x8b], 'a gzip archive'],
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive'],
  [[0x4d, 0x5a], 'a DOS or Windows executable'],
  [[0x23, 0x21], 'a script'],
  [[0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e], 'a static library'],
  [[0xcf, 0xfa, 0xed, 0xfe], 'a 64-bit Mach-O file'],
  [[0xfd, 0x37, 0x7a, 0x58], 'an xz archive'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'a zstd archive'],
];

export function isElf(file: Uint8Array): boolean {
  return startsWith(file, [0x7f, 0x45, 0x4c, 0x46]);
}

/** What a file that is not ELF seems to be. */
export function describeFormat(file: Uint8Array): string {
  const known = OTHER_FORMATS.find(([magic]) => startsWith(file, magic))?.[1];
  if (known) return `It is ${known}`;
  const first = [...file.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `It begins with ${first} instead of 7f 45 4c 46`;
}

/** @param name how messages call the file */
export function readElfImage(file: Uint8Array, name: string): Result<ElfImage> {
  const remedy = 'Give a 32-bit i386 ELF executable (gcc -m32 -static, ld -m elf_i386, or an i686 Rust target).';
  const no = (id: string, cause: string, other = remedy): Result<never> => failure(id, { cause, remedy: other });
  if (file.length === 0) return no('file-empty', `${name} is empty.`);
  if (!isElf(file)) return no('not-elf', `${name} is not an ELF file. ${describeFormat(file)}.`);
  if (file.length < EHDR_BYTES) return truncated(name, EHDR_BYTES, file.length, 'its ELF header');

  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const bigEndian = file[5] === 2;
  const machine = view.getUint16(18, !bigEndian);
  const machineName = MACHINES[machine] ?? `machine number ${machine}`;
  if (machine !== EM_386 || bigEndian) return no('other-machine', `${name} is built for ${machineName}, not for i386.`);
  if (file[4] !== 1) return no('elf-64-bit', `${name} is a 64-bit ELF file; this machine is a 32-bit PC.`);
  const type = view.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN) {
    const what = FILE_TYPES[type] ?? `of ELF type ${type}`;
    return no('not-executable', `${name} is ${what}, not an executable.`, 'Link it first, and give the linked file.');
  }
  return readSegments(view, name);
}

function readSegments(view: DataView, name: string): Result<ElfImage> {
  const entry = view.getUint32(24, true);
  const tableOffset = view.getUint32(28, true);
  const entryBytes = view.getUint16(42, true);
  const count = view.getUint16(44, true);
  if (count > 0 && entryBytes < PHDR_BYTES) {
    const cause = `${name} has program headers of ${entryBytes} bytes; ELF32 needs ${PHDR_BYTES}.`;
    return failure('elf-corrupt', { cause, remedy: 'Link the file again.' });
  }
  const tableEnd = tableOffset + count * entryBytes;
  if (tableEnd > view.byteLength) return truncated(name, tableEnd, view.byteLength, 'its program headers');

  const segments: ElfSegment[] = [];
  let physicalEntry = entry;
  for (let i = 0; i < count; i++) {
    const at = tableOffset + i * entryBytes;
    const field = (offset: number): number => view.getUint32(at + offset, true);
    const [offset, virtual, physical, fileBytes, memoryBytes] = [4, 8, 12, 16, 20].map(field) as [
      number, number, number, number, number,
    ]; // prettier-ignore
    if (field(0) !== PT_LOAD || memoryBytes === 0) continue;
    if (offset + fileBytes > view.byteLength)
      return truncated(name, offset + fileBytes, view.byteLength, `segment ${segments.length}`);
    if (fileBytes > memoryBytes) {
      const cause = `${name}: segment ${segments.length} has ${fileBytes} bytes in the file but ${memoryBytes} in memory.`;
      return failure('elf-corrupt', { cause, remedy: 'Link the file again.' });
    }
    // As QEMU: a virtual entry point inside a segment whose physical address differs is moved along with it.
    if (entry >= virtual && entry < virtual + memoryBytes && virtual !== physical)
      physicalEntry = entry - virtual + physical;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, fileBytes);
    segments.push({ physical, virtual, bytes, memoryBytes });
  }
  if (segments.length === 0) {
    const remedy = 'Link it with a linker script that puts .text and .data into PT_LOAD segments.';
    return failure('elf-nothing-to-load', { cause: `${name} has no segment to load.`, remedy });
  }
  segments.sort((a, b) => a.physical - b.physical);
  return success({ entry: physicalEntry, segments });
}

function truncated(name: string, needed: number, length: number, what: string): Result<never> {
  const cause = `${name} is truncated: ${what} ends at byte ${needed}, but the file has ${length} bytes.`;
  return failure('elf-truncated', { cause, remedy: 'Build or copy the file again.' } satisfies Omit<Failure, 'id'>);
}

function startsWith(file: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => file[i] === byte);
}

/**
 * Boots a Multiboot 1 kernel with its modules. Multiboot Specification 0.6.96, "Machine state", "Boot information format".
 * Where the specification is silent, QEMU's `-kernel` and `-initrd` are the model (hw/i386/multiboot.c): memory map at
 * 9000h, information at 9500h; after the kernel a page with module table and strings, then the modules, page by page.
 *
 * Invariant: nothing that is loaded overlaps, and all of it lies in RAM; otherwise there is no image but a `Failure`.
 */
import { failure, success, type Result } from '../result.ts';
import { readElfImage } from './elf-image.ts';
import { findMultibootHeader, type LoadAddresses } from './multiboot-header.ts';

export interface BootFile {
  /** First word of the module's string. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The rest of the module's string. */
  readonly commandLine?: string;
}

export interface BootOptions {
  readonly memoryBytes: number;
  readonly kernel: Uint8Array;
  readonly kernelName?: string;
  readonly commandLine?: string;
  readonly modules?: readonly BootFile[];
}

export interface BootImage {
  /** What to put into memory; the rest is zero. */
  readonly pieces: readonly Piece[];
  /** Physical address of the kernel's first instruction. */
  readonly entry: number;
  /** Physical address of the Multiboot information, for EBX. */
  readonly information: number;
}

interface Piece {
  readonly physical: number;
  readonly bytes: Uint8Array;
}

interface Kernel {
  readonly pieces: readonly Piece[];
  readonly entry: number;
  /** Physical bounds, including .bss. */
  readonly low: number;
  readonly high: number;
}

/** EAX at the kernel's first instruction. */
export const BOOT_MAGIC = 0x2badb002;
const BOOT_LOADER_NAME = 'Ringside';
const MEMORY_MAP = 0x9000;
const INFORMATION = 0x9500;
const INFORMATION_END = 0xa000;
const LOWER_MEMORY_END = 0x9fc00;
const UPPER_MEMORY = 0x100000;
/** QEMU keeps the last 128 KiB for ACPI tables; a kernel that prints its memory prints the same here. */
const RESERVED_AT_END = 0x20000;
const BOOT_DEVICE = 0x8000ffff;

const MEMORY_BYTES_MIN = 2 << 20;
const MEMORY_BYTES_MAX = 1 << 30;

/** "flags" of the information: which fields are valid. */
const VALID = {
  memory: 1 << 0,
  bootDevice: 1 << 1,
  commandLine: 1 << 2,
  modules: 1 << 3,
  memoryMap: 1 << 6,
  loaderName: 1 << 9,
};

const hex = (value: number): string => '0x' + value.toString(16);
const mebibytes = (bytes: number): string => `${+(bytes / 2 ** 20).toFixed(1)} MiB`;
const pageAlign = (value: number): number => Math.ceil(value / 4096) * 4096;

export function loadMultiboot(options: BootOptions): Result<BootImage> {
  const { memoryBytes, modules = [] } = options;
  const name = options.kernelName ?? 'kernel';
  if (!Number.isInteger(memoryBytes / 4096) || memoryBytes < MEMORY_BYTES_MIN || memoryBytes > MEMORY_BYTES_MAX) {
    return failure('memory-size', {
      cause: `${memoryBytes} bytes of memory is not a size this machine can have.`,
      remedy: `Choose whole pages of 4 KiB, from ${mebibytes(MEMORY_BYTES_MIN)} to ${mebibytes(MEMORY_BYTES_MAX)}.`,
    });
  }
  const kernel = loadKernel(options.kernel, name);
  if (!kernel.ok) return kernel;
  const wrong = misplaced(kernel.value, name, memoryBytes);
  if (wrong) return wrong;

  const strings = [...modules.map(moduleString), `${name} ${options.commandLine ?? ''}`, BOOT_LOADER_NAME].map(
    zeroTerminated,
  );
  const table = pageAlign(kernel.value.high);
  const tableBytes = modules.length * 16;
  const stringAddresses = running(
    table + tableBytes,
    strings.map((string) => string.length),
  );
  let free = pageAlign(stringAddresses[strings.length]);

  const pieces: Piece[] = [...kernel.value.pieces];
  strings.forEach((bytes, i) => pieces.push({ physical: stringAddresses[i], bytes }));
  const moduleTable = new DataView(new ArrayBuffer(tableBytes));
  for (const [i, { bytes }] of modules.entries()) {
    pieces.push({ physical: free, bytes });
    const row = [free, free + bytes.length, stringAddresses[i], 0];
    row.forEach((word, column) => moduleTable.setUint32(i * 16 + column * 4, word, true));
    free = pageAlign(free + bytes.length);
  }
  pieces.push({ physical: table, bytes: new Uint8Array(moduleTable.buffer) });

  const map = memoryMap(memoryBytes);
  const upperMemoryEnd = memoryBytes - RESERVED_AT_END;
  if (free > upperMemoryEnd) {
    const size = mebibytes(free);
    return failure('memory-too-small', {
      cause: `${name} and ${modules.length} modules end at ${hex(free)}, but usable memory ends at ${hex(upperMemoryEnd)}.`,
      remedy: `Give the machine more memory than ${size}, or load fewer modules.`,
    });
  }
  const words: Readonly<Record<number, number>> = {
    0: VALID.memory | VALID.bootDevice | VALID.commandLine | VALID.modules | VALID.memoryMap | VALID.loaderName,
    4: Math.floor(LOWER_MEMORY_END / 1024),
    8: (upperMemoryEnd - UPPER_MEMORY) / 1024,
    12: BOOT_DEVICE,
    16: stringAddresses[modules.length],
    20: modules.length,
    24: table,
    44: map.length,
    48: MEMORY_MAP,
    64: stringAddresses[modules.length + 1],
  };
  const information = new DataView(new ArrayBuffer(88));
  for (const [offset, word] of Object.entries(words)) information.setUint32(Number(offset), word, true);
  pieces.push({ physical: MEMORY_MAP, bytes: map });
  pieces.push({ physical: INFORMATION, bytes: new Uint8Array(information.buffer) });
  return success({ pieces, entry: kernel.value.entry, information: INFORMATION });
}

function loadKernel(file: Uint8Array, name: string): Result<Kernel> {
  const header = findMultibootHeader(file, name);
  if (!header.ok) return header;
  if (header.value.addresses) return loadFlat(file, name, header.value.offset, header.value.addresses);
  const elf = readElfImage(file, name);
  if (!elf.ok) return elf;
  const { segments, entry } = elf.value;
  for (const [i, segment] of segments.entries()) {
    const before = segments[i - 1];
    if (before && before.physical + before.memoryBytes > segment.physical) {
      return failure('kernel-overlapping', {
        cause: `${name}: the segments at ${hex(before.physical)} and ${hex(segment.physical)} overlap in physical memory.`,
        remedy: 'Give each segment its own load address (AT> in the linker script).',
      });
    }
  }
  const last = segments[segments.length - 1];
  return success({
    pieces: segments.map(({ physical, bytes }) => ({ physical, bytes })),
    entry,
    low: segments[0].physical,
    high: last.physical + last.memoryBytes,
  });
}

/** "The address fields of the Multiboot header": the file as it is, from the header's place on. */
function loadFlat(file: Uint8Array, name: string, headerOffset: number, at: LoadAddresses): Result<Kernel> {
  const corrupt = (cause: string): Result<never> =>
    failure('multiboot-addresses', {
      cause: `${name}: ${cause}`,
      remedy: 'Correct the address fields of its Multiboot header.',
    });
  const fileOffset = headerOffset - (at.header - at.load);
  if (at.header < at.load) return corrupt(`header_addr ${hex(at.header)} is below load_addr ${hex(at.load)}.`);
  if (fileOffset < 0) return corrupt(`load_addr ${hex(at.load)} lies before the beginning of the file.`);
  const loadEnd = at.loadEnd === 0 ? at.load + file.length - fileOffset : at.loadEnd;
  const high = at.bssEnd === 0 ? loadEnd : at.bssEnd;
  if (loadEnd < at.load) return corrupt(`load_end_addr ${hex(loadEnd)} is below load_addr ${hex(at.load)}.`);
  if (high < loadEnd) return corrupt(`bss_end_addr ${hex(high)} is below the load end ${hex(loadEnd)}.`);
  const fileEnd = fileOffset + loadEnd - at.load;
  if (fileEnd > file.length) {
    const cause = `${name} is truncated: its Multiboot header loads up to byte ${fileEnd}, but the file has ${file.length} bytes.`;
    return failure('kernel-truncated', { cause, remedy: 'Build or copy the file again.' });
  }
  const bytes = file.subarray(fileOffset, fileEnd);
  return success({ pieces: [{ physical: at.load, bytes }], entry: at.entry, low: at.load, high });
}

function misplaced({ low, high, entry, pieces }: Kernel, name: string, memoryBytes: number): Result<never> | undefined {
  const usableEnd = memoryBytes - RESERVED_AT_END;
  if (high > usableEnd) {
    const outside = low >= usableEnd;
    return failure(outside ? 'kernel-outside-memory' : 'memory-too-small', {
      cause: `${name} loads at ${hex(low)} to ${hex(high)}, but usable memory ends at ${hex(usableEnd)}.`,
      remedy: outside
        ? 'Link it to a physical address inside RAM, such as 0x100000 (AT> in the linker script).'
        : `Give the machine more memory than ${mebibytes(high)}.`,
    });
  }
  for (const { physical, bytes } of pieces) {
    const end = physical + bytes.length;
    const overlaps = (first: number, last: number): boolean => physical < last && end > first;
    if (overlaps(MEMORY_MAP, INFORMATION_END) || overlaps(LOWER_MEMORY_END, UPPER_MEMORY)) {
      return failure('kernel-overlapping', {
        cause: `${name} loads at ${hex(physical)} to ${hex(end)}, over the boot information (0x9000) or the PC's device memory (0x9fc00 to 0x100000).`,
        remedy:
          'Link it to a physical address from 0x100000 on. If it is, the linker put the ELF headers before it: link with -n (--nmagic).',
      });
    }
  }
  if (entry < low || entry >= high) {
    return failure('kernel-entry', {
      cause: `${name} starts at ${hex(entry)}, outside of what it loads (${hex(low)} to ${hex(high)}).`,
      remedy: 'Name the entry point in the linker script (ENTRY), as a physical or a mapped virtual address.',
    });
  }
  return undefined;
}

/** Entries of 24 bytes, "size" first; regions as SeaBIOS reports them. */
function memoryMap(memoryBytes: number): Uint8Array {
  const [usable, reserved] = [1, 2];
  const regions: readonly (readonly [start: number, end: number, type: number])[] = [
    [0, LOWER_MEMORY_END, usable],
    [LOWER_MEMORY_END, 0xa0000, reserved],
    [0xf0000, UPPER_MEMORY, reserved],
    [UPPER_MEMORY, memoryBytes - RESERVED_AT_END, usable],
    [memoryBytes - RESERVED_AT_END, memoryBytes, reserved],
    [0xfffc0000, 0x100000000, reserved],
  ];
  const map = new DataView(new ArrayBuffer(regions.length * 24));
  for (const [i, [start, end, type]] of regions.entries()) {
    [20, start, 0, end - start, 0, type].forEach((word, column) => map.setUint32(i * 24 + column * 4, word, true));
  }
  return new Uint8Array(map.buffer);
}

const moduleString = ({ name, commandLine }: BootFile): string => (commandLine ? `${name} ${commandLine}` : name);

/** UTF-8 by hand: this folder sees no TextEncoder. */
function zeroTerminated(text: string): Uint8Array {
  const escaped = unescapeUtf8(encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd')));
  return Uint8Array.from([...escaped, 0]);
}

function unescapeUtf8(escaped: string): number[] {
  return [...escaped.matchAll(/%([0-9A-F]{2})|[^]/g)].map(([whole, code]) =>
    code === undefined ? whole.charCodeAt(0) : Number.parseInt(code, 16),
  );
}

/** Addresses of things that follow each other from `start` on, and the end. */
function running(start: number, sizes: readonly number[]): number[] {
  const addresses = [start];
  for (const size of sizes) addresses.push(addresses[addresses.length - 1] + size);
  return addresses;
}

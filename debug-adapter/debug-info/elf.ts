/**
 * ELF files: System V gABI, chapters 4 ("Object Files") and 5; the i386 psABI for the machine.
 *
 * Invariant: every offset is checked against the file before it is used; a file that breaks the rules gives a failure,
 * and a single bad section or symbol a warning.
 */
import type { ElfFile, ElfSection, ElfSegment, ElfSymbol, Warning } from './api.ts';
import { Allowance } from './allowance.ts';
import { ByteReader, CorruptData, attempt, stringAt } from './bytes.ts';
import { demangle } from './demangle.ts';
import { inflateZlib } from './inflate.ts';
import { failure, success } from './result.ts';
import type { Result } from './result.ts';
import { SymbolTable } from './symbols.ts';

const EM_386 = 3;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHT_DYNSYM = 11;
const SHF_COMPRESSED = 0x800;
const READ_BYTES_MAX = 1 << 28;
/** Debug sections compress to a third or less; this is far from what zlib can claim, 1032 times. */
const INFLATED_PER_BYTE = 64;
/** Linkers let names share their ends, so that a table gives more text than it has bytes. */
const NAMES_PER_BYTE = 16;

const machines: ReadonlyMap<number, string> = new Map([
  [2, 'SPARC'],
  [8, 'MIPS'],
  [20, 'PowerPC'],
  [21, 'PowerPC64'],
  [40, 'ARM'],
  [62, 'x86-64'],
  [183, 'AArch64'],
  [243, 'RISC-V'],
]);

const rebuild = 'Build the file again, and check that it was copied as a whole.';

/** Reads the headers. Sections' contents, symbols and their demangled names are read when first asked for. */
export function parseElf(bytes: Uint8Array): Result<ElfFile> {
  const wrong = wrongKind(bytes);
  if (wrong !== undefined) return wrong;
  return attempt('elf-corrupt', 'The ELF file cannot be read', rebuild, () => new Elf32(bytes));
}

function wrongKind(bytes: Uint8Array): ReturnType<typeof failure> | undefined {
  if (bytes.length < 4 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) {
    return failure('elf-not-elf', {
      cause:
        bytes.length === 0 ? 'The file is empty.' : 'The file is not an ELF file: it does not begin with 7f 45 4c 46.',
      remedy: 'Name the linked ELF file of the program, not a raw binary, an archive or a source file.',
    });
  }
  if (bytes.length < 52) {
    return failure('elf-truncated', {
      cause: `The ELF file ends after ${bytes.length} bytes, inside its header.`,
      remedy: rebuild,
    });
  }
  const machine = bytes[18]! | (bytes[19]! << 8);
  const is32 = bytes[4] === 1;
  const isLittle = bytes[5] === 1;
  if (!is32 || !isLittle || (machine !== EM_386 && machine !== 6)) {
    const name = machines.get(isLittle ? machine : (machine >> 8) | ((machine & 255) << 8)) ?? `machine ${machine}`;
    return failure('elf-wrong-machine', {
      cause: `The ELF file is for ${name}, ${is32 ? '32' : '64'} bits, ${isLittle ? 'little' : 'big'} endian.`,
      remedy: 'Build it for i386: 32 bits, little endian (gcc -m32, or a Rust target for i686).',
    });
  }
  return undefined;
}

class Elf32 implements ElfFile {
  readonly bytes: Uint8Array;
  readonly machine: number;
  readonly type: number;
  readonly entry: number;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  readonly warnings: Warning[] = [];
  #table: SymbolTable | undefined;
  readonly #contents = new Map<string, Result<Uint8Array>>();
  readonly #links: number[] = [];
  /** Sections may overlap, so it is all of them together that the file's size bounds. */
  readonly #inflated: Allowance;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#inflated = new Allowance('compressed data', INFLATED_PER_BYTE * bytes.length);
    const header = new ByteReader(bytes, 16);
    this.type = header.u16();
    this.machine = header.u16();
    header.u32();
    this.entry = header.u32();
    const programOffset = header.u32();
    const sectionOffset = header.u32();
    header.u32();
    header.u16();
    const programSize = header.u16();
    const programCount = header.u16();
    const sectionSize = header.u16();
    let sectionCount = header.u16();
    let namesIndex = header.u16();

    // gABI, "Sections": counts that do not fit stand in section 0.
    if (sectionOffset !== 0 && sectionSize >= 40 && sectionOffset + 40 <= bytes.length) {
      const zero = new ByteReader(bytes, sectionOffset + 20);
      const size = zero.u32();
      const link = zero.u32();
      if (sectionCount === 0) sectionCount = size;
      if (namesIndex === 0xffff) namesIndex = link;
    }
    this.segments = this.#readSegments(programOffset, programSize, programCount);
    this.sections = this.#readSections(sectionOffset, sectionSize, sectionCount, namesIndex);
  }

  #warn(id: string, cause: string): void {
    if (this.warnings.length < 100) this.warnings.push({ id, cause, remedy: rebuild });
  }

  #readSegments(offset: number, entrySize: number, count: number): ElfSegment[] {
    const segments: ElfSegment[] = [];
    if (offset === 0 || count === 0) return segments;
    if (entrySize < 32 || offset + count * entrySize > this.bytes.length) {
      this.#warn('elf-segments', `The program headers (${count} at offset ${offset}) are not inside the file.`);
      return segments;
    }
    for (let index = 0; index < count; index++) {
      const reader = new ByteReader(this.bytes, offset + index * entrySize);
      const [type, fileOffset, virtualAddress, physicalAddress, fileSizeBytes, memorySizeBytes, flags] = [
        reader.u32(),
        reader.u32(),
        reader.u32(),
        reader.u32(),
        reader.u32(),
        reader.u32(),
        reader.u32(),
      ];
      if (fileOffset + fileSizeBytes > this.bytes.length) {
        this.#warn('elf-segment-truncated', `Program header ${index} names bytes past the end of the file.`);
      }
      segments.push({
        type,
        flags,
        virtualAddress,
        physicalAddress,
        offset: fileOffset,
        fileSizeBytes,
        memorySizeBytes,
      });
    }
    return segments;
  }

  #readSections(offset: number, entrySize: number, count: number, namesIndex: number): ElfSection[] {
    if (offset === 0 || count === 0) return [];
    if (entrySize < 40 || offset + count * entrySize > this.bytes.length) {
      this.#warn('elf-sections', `The section headers (${count} at offset ${offset}) are not inside the file.`);
      return [];
    }
    const raw: { nameOffset: number; section: ElfSection }[] = [];
    for (let index = 0; index < count; index++) {
      const reader = new ByteReader(this.bytes, offset + index * entrySize);
      const nameOffset = reader.u32();
      const [type, flags, address, fileOffset, sizeBytes, link] = [
        reader.u32(),
        reader.u32(),
        reader.u32(),
        reader.u32(),
        reader.u32(),
        reader.u32(),
      ];
      this.#links.push(link);
      raw.push({ nameOffset, section: { name: '', type, flags, address, offset: fileOffset, sizeBytes } });
    }
    const names = raw[namesIndex]?.section;
    const nameBytes = names && this.#fileBytes(names);
    const allowance = new Allowance('section names', NAMES_PER_BYTE * (nameBytes?.length ?? 0));
    return raw.map(({ nameOffset, section }) => ({
      ...section,
      name: (nameBytes && stringAt(nameBytes, nameOffset, allowance)) ?? '',
    }));
  }

  #fileBytes(section: ElfSection): Uint8Array | undefined {
    if (section.type === SHT_NOBITS || section.offset + section.sizeBytes > this.bytes.length) return undefined;
    return this.bytes.subarray(section.offset, section.offset + section.sizeBytes);
  }

  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  sectionBytes(name: string): Result<Uint8Array> | undefined {
    const known = this.#contents.get(name);
    if (known !== undefined) return known;
    const plain = this.section(name);
    const zname = name.startsWith('.debug_') ? `.z${name.slice(1)}` : undefined;
    const section = plain ?? (zname === undefined ? undefined : this.section(zname));
    if (section === undefined) return undefined;
    const contents = this.#read(section, plain === undefined);
    this.#contents.set(name, contents);
    return contents;
  }

  #read(section: ElfSection, gnuCompressed: boolean): Result<Uint8Array> {
    if (section.type === SHT_NOBITS) return success(new Uint8Array(0));
    const bytes = this.#fileBytes(section);
    if (bytes === undefined) {
      return failure('elf-section-truncated', {
        cause: `Section ${section.name} reaches past the end of the file.`,
        remedy: rebuild,
      });
    }
    const compressed = (section.flags & SHF_COMPRESSED) !== 0;
    if (!compressed && !gnuCompressed) return success(bytes);
    if (compressed && bytes.length >= 12 && bytes[0] !== 1) {
      return failure('elf-section-compression', {
        cause: `Section ${section.name} is compressed with a method other than zlib.`,
        remedy: 'Link with --compress-debug-sections=zlib or --compress-debug-sections=none.',
      });
    }
    return attempt('elf-section-corrupt', `Section ${section.name} cannot be decompressed`, rebuild, () => {
      if (bytes.length < 12) throw new CorruptData('it is shorter than the header of compressed data');
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      // gABI, "Compression Header"; `.zdebug_*` has "ZLIB" and a big-endian size instead.
      const size = gnuCompressed ? view.getUint32(8) : view.getUint32(4, true);
      this.#inflated.take(size);
      return inflateZlib(bytes.subarray(12), size);
    });
  }

  get #symbolTable(): SymbolTable {
    return (this.#table ??= new SymbolTable(this.sections, this.#readSymbols()));
  }

  #readSymbols(): ElfSymbol[] {
    let index = this.sections.findIndex((section) => section.type === SHT_SYMTAB);
    if (index < 0) index = this.sections.findIndex((section) => section.type === SHT_DYNSYM);
    const section = this.sections[index];
    const strings = this.sections[this.#links[index] ?? 0];
    if (section === undefined || strings === undefined) return [];
    const bytes = this.#fileBytes(section);
    const names = this.#fileBytes(strings);
    if (bytes === undefined || names === undefined) {
      this.#warn('elf-symbols', 'The symbol table or its strings reach past the end of the file.');
      return [];
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const symbols: ElfSymbol[] = [];
    const allowance = new Allowance('symbol names', NAMES_PER_BYTE * names.length);
    const read = attempt('elf-symbols', 'The symbol table cannot be read to the end', rebuild, () => {
      this.#addSymbols(view, names, allowance, symbols);
    });
    if (!read.ok) this.#warn(read.failure.id, read.failure.cause);
    return symbols;
  }

  #addSymbols(view: DataView, names: Uint8Array, allowance: Allowance, symbols: ElfSymbol[]): void {
    for (let offset = 16; offset + 16 <= view.byteLength; offset += 16) {
      const info = view.getUint8(offset + 12);
      symbols.push(
        new Symbol32(
          stringAt(names, view.getUint32(offset, true), allowance) ?? '',
          view.getUint32(offset + 4, true),
          view.getUint32(offset + 8, true),
          symbolKinds[info & 15] ?? 'other',
          symbolBindings[info >> 4] ?? 'other',
          view.getUint16(offset + 14, true),
        ),
      );
    }
  }

  get symbols(): readonly ElfSymbol[] {
    return this.#symbolTable.symbols;
  }

  symbolAt(address: number): ElfSymbol | undefined {
    return this.#symbolTable.at(address);
  }

  symbolNamed(name: string): ElfSymbol | undefined {
    return this.#symbolTable.named(name);
  }

  readLoaded(address: number, sizeBytes: number): Uint8Array | undefined {
    for (const segment of this.segments) {
      if (segment.type !== 1) continue;
      const from = address - segment.virtualAddress;
      if (from < 0 || from + sizeBytes > segment.memorySizeBytes) continue;
      const start = segment.offset + from;
      const inFile = Math.max(0, Math.min(sizeBytes, segment.fileSizeBytes - from, this.bytes.length - start));
      if (inFile === sizeBytes) return this.bytes.subarray(start, start + sizeBytes);
      if (sizeBytes > READ_BYTES_MAX) return undefined;
      const result = new Uint8Array(sizeBytes);
      if (inFile > 0) result.set(this.bytes.subarray(start, start + inFile));
      return result;
    }
    return undefined;
  }
}

const symbolKinds = ['other', 'object', 'function', 'section', 'file'] as const;
const symbolBindings = ['local', 'global', 'weak'] as const;

/** The demangled name is worked out on first use: most are never shown. */
class Symbol32 implements ElfSymbol {
  readonly name: string;
  readonly address: number;
  readonly sizeBytes: number;
  readonly kind: ElfSymbol['kind'];
  readonly binding: ElfSymbol['binding'];
  readonly sectionIndex: number;
  #demangled: string | undefined;

  constructor(
    name: string,
    address: number,
    sizeBytes: number,
    kind: ElfSymbol['kind'],
    binding: ElfSymbol['binding'],
    sectionIndex: number,
  ) {
    this.name = name;
    this.address = address;
    this.sizeBytes = sizeBytes;
    this.kind = kind;
    this.binding = binding;
    this.sectionIndex = sectionIndex;
  }

  get demangled(): string {
    return (this.#demangled ??= demangle(this.name));
  }
}

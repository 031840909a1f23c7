/**
 * Units of .debug_info and .debug_types: DWARF 5 §7.5.1, "Unit Headers", and the bases their root entries set up.
 *
 * Invariant: a DIE is named by one number over the whole file (`DieId`): its offset in .debug_info, or its offset in
 * .debug_types plus 2^32.
 */
import type { AddressRange, ElfFile, Language, Warning } from './api.ts';
import { AbbrevTables } from './abbrevs.ts';
import type { Abbrev } from './abbrevs.ts';
import { Allowance } from './allowance.ts';
import { ByteReader, CorruptData, describeCorruption, stringAt } from './bytes.ts';
import { AT, FORM, languages } from './dwarf-constants.ts';
import { Die, readDie } from './dies.ts';

export type DieId = number;
export const TYPES_BIAS = 2 ** 32;

const remedy = 'Build the file again with the same compiler and linker; if it stays, report the file and its compiler.';

//  what is counted      for each byte, and of which sections
const allowances = {
  // An entry of a list has three bytes at least; each is kept for the unit, the function or the block.
  'address ranges': { perByte: 3, of: ['.debug_ranges', '.debug_rnglists'] },
  // Each is read once.
  'line programs': { perByte: 2, of: ['.debug_line'] },
  // A file has six bytes in a header of DWARF 5, and a path of any length.
  'text in paths': { perByte: 64, of: ['.debug_line'] },
  // Each is read once; linkers let strings share their ends.
  strings: { perByte: 16, of: ['.debug_str', '.debug_line_str'] },
} as const;

type AllowanceName = keyof typeof allowances;

/** The debug sections of one file, decompressed on first use; an unusable one is empty and leaves a warning. */
export class DwarfSections {
  readonly elf: ElfFile;
  readonly warnings: Warning[] = [];
  readonly #allowances = new Map<AllowanceName, Allowance>();
  readonly #sections = new Map<string, Uint8Array>();
  readonly #strings = new Map<number, string>();
  readonly #lineStrings = new Map<number, string>();
  readonly #warned = new Set<string>();

  constructor(elf: ElfFile) {
    this.elf = elf;
  }

  allowance(name: AllowanceName): Allowance {
    let allowance = this.#allowances.get(name);
    if (allowance === undefined) {
      const { perByte, of } = allowances[name];
      const sizeBytes = of.reduce((sum, section) => sum + this.get(section).length, 0);
      this.#allowances.set(name, (allowance = new Allowance(name, perByte * sizeBytes)));
    }
    return allowance;
  }

  get(name: string): Uint8Array {
    let bytes = this.#sections.get(name);
    if (bytes === undefined) {
      const read = this.elf.sectionBytes(name);
      if (read !== undefined && !read.ok) this.warn(read.failure.id, read.failure.cause, read.failure.remedy);
      bytes = read?.ok === true ? read.value : new Uint8Array(0);
      this.#sections.set(name, bytes);
    }
    return bytes;
  }

  warn(id: string, cause: string, how = remedy): void {
    if (this.#warned.has(cause) || this.warnings.length >= 200) return;
    this.#warned.add(cause);
    this.warnings.push({ id, cause, remedy: how });
  }

  /** Runs `read`; what bad data throws becomes a warning that begins with `what`. */
  guard<T>(id: string, what: () => string, fallback: T, read: () => T): T {
    try {
      return read();
    } catch (error) {
      this.warn(id, `${what()}: ${describeCorruption(error)}.`);
      return fallback;
    }
  }

  /** A string of .debug_str. */
  string(offset: number): string {
    let text = this.#strings.get(offset);
    if (text === undefined) {
      text = stringAt(this.get('.debug_str'), offset, this.allowance('strings'));
      if (text === undefined) throw new CorruptData('it names a string past the end of .debug_str');
      this.#strings.set(offset, text);
    }
    return text;
  }

  /** A string of .debug_line_str. */
  lineString(offset: number): string {
    let text = this.#lineStrings.get(offset);
    if (text === undefined) {
      text = stringAt(this.get('.debug_line_str'), offset, this.allowance('strings'));
      if (text === undefined) throw new CorruptData('it names a string past the end of .debug_line_str');
      this.#lineStrings.set(offset, text);
    }
    return text;
  }
}

export type UnitKind = 'compile' | 'type' | 'partial' | 'skeleton';

export class Unit {
  readonly sections: DwarfSections;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** For `readDie` alone. */
  readonly cursor: ByteReader;
  readonly bias: number;
  readonly offset: number;
  readonly end: number;
  readonly version: number;
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
  readonly firstDie: number;
  readonly kind: UnitKind;
  readonly abbrevs: readonly (Abbrev | undefined)[];
  /** 4-byte offsets and addresses: attribute sizes may be taken from the abbreviation. */
  readonly plain: boolean;
  readonly typeSignature: bigint;
  readonly typeOffset: number;

  name = '';
  compDir = '';
  language: Language = 'other';
  producer = '';
  lineProgram: number | undefined;
  lowPc: number | undefined;
  strOffsetsBase = 0;
  addrBase = 0;
  rnglistsBase = 0;
  loclistsBase = 0;
  /** GCC 4's split DWARF only. */
  rangesBase = 0;
  /** Range lists by their offset, as `rangesOf` gives them. */
  readonly rangeLists = new Map<number, readonly AddressRange[]>();
  split: string | undefined;

  constructor(sections: DwarfSections, header: UnitHeader, abbrevs: readonly (Abbrev | undefined)[]) {
    this.sections = sections;
    this.bytes = header.bytes;
    this.cursor = new ByteReader(header.bytes, header.firstDie, header.end);
    this.view = this.cursor.view;
    this.bias = header.bias;
    this.offset = header.offset;
    this.end = header.end;
    this.version = header.version;
    this.offsetSize = header.offsetSize;
    this.addressSize = header.addressSize;
    this.firstDie = header.firstDie;
    this.kind = header.kind;
    this.typeSignature = header.typeSignature;
    this.typeOffset = header.typeOffset;
    this.abbrevs = abbrevs;
    this.plain = header.offsetSize === 4 && header.addressSize === 4;
    // DWARF 5 §7.26 to §7.29: without a base attribute, offsets count from the end of the section's first header.
    if (this.version >= 5) {
      this.strOffsetsBase = this.offsetSize === 4 ? 8 : 16;
      this.addrBase = this.strOffsetsBase;
      this.rnglistsBase = this.loclistsBase = this.offsetSize === 4 ? 12 : 20;
    }
    this.#readRoot();
  }

  #readRoot(): void {
    const die = new Die(this);
    readDie(die, this.firstDie);
    this.strOffsetsBase = die.number(AT.str_offsets_base) ?? this.strOffsetsBase;
    this.addrBase = die.number(AT.addr_base) ?? die.number(AT.GNU_addr_base) ?? this.addrBase;
    this.rnglistsBase = die.number(AT.rnglists_base) ?? this.rnglistsBase;
    this.loclistsBase = die.number(AT.loclists_base) ?? this.loclistsBase;
    this.rangesBase = die.number(AT.GNU_ranges_base) ?? 0;
    this.lineProgram = die.number(AT.stmt_list);
    this.language = languages.get(die.number(AT.language) ?? -1) ?? 'other';
    this.split = die.string(AT.dwo_name) ?? die.string(AT.GNU_dwo_name);
    this.name = die.string(AT.name) ?? '';
    this.compDir = die.string(AT.comp_dir) ?? '';
    this.producer = die.string(AT.producer) ?? '';
    this.lowPc = die.address(AT.low_pc);
  }

  get id(): DieId {
    return this.offset + this.bias;
  }

  /** A DIE of this unit by its offset in the section. */
  die(offset: number): Die {
    const die = new Die(this);
    readDie(die, offset);
    if (die.tag === 0) throw new CorruptData(`it refers to offset 0x${offset.toString(16)}, where there is no entry`);
    return die;
  }

  get root(): Die {
    return this.die(this.firstDie);
  }

  /** An entry of .debug_addr. */
  indexedAddress(index: number): number {
    const bytes = this.sections.get('.debug_addr');
    return new ByteReader(bytes, this.addrBase + index * this.addressSize).unsigned(this.addressSize);
  }

  /** A string by its index in .debug_str_offsets. */
  indexedString(index: number): string {
    const bytes = this.sections.get('.debug_str_offsets');
    const offset = new ByteReader(bytes, this.strOffsetsBase + index * this.offsetSize).unsigned(this.offsetSize);
    return this.sections.string(offset);
  }
}

interface UnitHeader {
  readonly bytes: Uint8Array;
  readonly bias: number;
  readonly offset: number;
  readonly end: number;
  readonly version: number;
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
  readonly abbrevOffset: number;
  readonly firstDie: number;
  readonly kind: UnitKind;
  readonly typeSignature: bigint;
  readonly typeOffset: number;
}

//              DW_UT_*     what it is here
const unitTypes: ReadonlyMap<number, UnitKind> = new Map<number, UnitKind>([
  [1, 'compile'],
  [2, 'type'],
  [3, 'partial'],
  [4, 'skeleton'],
  [5, 'compile'], // split_compile
  [6, 'type'], // split_type
]);

/** All units of a file: headers are read at once, roots when a unit is first used. */
export class UnitTable {
  readonly sections: DwarfSections;
  readonly #headers: UnitHeader[] = [];
  readonly #units = new Map<UnitHeader, Unit | undefined>();
  readonly #abbrevs: AbbrevTables;
  #signatures: Map<bigint, UnitHeader> | undefined;

  constructor(sections: DwarfSections) {
    this.sections = sections;
    this.#abbrevs = new AbbrevTables(sections.get('.debug_abbrev'));
    this.#readHeaders('.debug_info', 0);
    this.#readHeaders('.debug_types', TYPES_BIAS);
  }

  get count(): number {
    return this.#headers.length;
  }

  #readHeaders(section: string, bias: number): void {
    const bytes = this.sections.get(section);
    let next = 0;
    while (next < bytes.length) {
      const offset = next;
      const what = (): string => `The unit at offset 0x${offset.toString(16)} of ${section} cannot be read`;
      const known = this.sections.guard('dwarf-unit', what, false, () => {
        const reader = new ByteReader(bytes, offset);
        const { length, offsetSize } = reader.initialLength();
        const end = reader.offset + length;
        if (end > bytes.length) throw new CorruptData('it reaches past the end of the section');
        next = end;
        if (length === 0) return true;
        const header = readUnitHeader(reader, bias, offset, end, offsetSize);
        if (header !== undefined) this.#headers.push(header);
        return true;
      });
      if (!known && next === offset) return;
    }
  }

  #open(header: UnitHeader): Unit | undefined {
    if (this.#units.has(header)) return this.#units.get(header);
    const what = (): string => `The unit at offset 0x${header.offset.toString(16)} cannot be read`;
    const unit = this.sections.guard('dwarf-unit', what, undefined, () => {
      return new Unit(this.sections, header, this.#abbrevs.at(header.abbrevOffset));
    });
    this.#units.set(header, unit);
    if (unit?.split !== undefined) {
      this.sections.warn(
        'dwarf-split',
        `The debug information of ${unit.name === '' ? 'a unit' : unit.name} is in a separate file, ${unit.split}, which is not read.`,
        'Build without -gsplit-dwarf (Rust: split-debuginfo = "off").',
      );
    }
    return unit;
  }

  /** Units with code, in the file's order, but for those at `except`. */
  *compileUnits(except?: ReadonlySet<number>): Generator<Unit> {
    for (const header of this.#headers) {
      if (header.kind === 'type' || except?.has(header.offset) === true) continue;
      const unit = this.#open(header);
      if (unit !== undefined) yield unit;
    }
  }

  /** The unit whose header is at `offset` of .debug_info. */
  compileUnitAt(offset: number): Unit | undefined {
    let low = 0;
    let high = this.#headers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const header = this.#headers[middle]!;
      if (header.offset + header.bias <= offset) low = middle + 1;
      else high = middle;
    }
    const header = this.#headers[low - 1];
    return header?.offset === offset && header.kind !== 'type' ? this.#open(header) : undefined;
  }

  *typeUnits(): Generator<Unit> {
    for (const header of this.#headers) {
      if (header.kind !== 'type') continue;
      const unit = this.#open(header);
      if (unit !== undefined) yield unit;
    }
  }

  /** @throws CorruptData where no unit holds `id` */
  unitOf(id: DieId): Unit {
    let low = 0;
    let high = this.#headers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const header = this.#headers[middle]!;
      if (header.offset + header.bias <= id) low = middle + 1;
      else high = middle;
    }
    const header = this.#headers[low - 1];
    if (header === undefined || id - header.bias < header.firstDie || id - header.bias >= header.end) {
      throw new CorruptData(`it refers to an entry at 0x${id.toString(16)}, where there is none`);
    }
    const unit = this.#open(header);
    if (unit === undefined) throw new CorruptData('it refers to a unit that cannot be read');
    return unit;
  }

  /** @throws CorruptData */
  die(id: DieId): Die {
    const unit = this.unitOf(id);
    return unit.die(id - unit.bias);
  }

  /** The type a DW_FORM_ref_sig8 means; `undefined` where the file does not have its unit. */
  typeOfSignature(signature: bigint): DieId | undefined {
    if (this.#signatures === undefined) {
      this.#signatures = new Map();
      for (const header of this.#headers) {
        if (header.kind === 'type') this.#signatures.set(header.typeSignature, header);
      }
    }
    const header = this.#signatures.get(signature);
    return header && header.offset + header.bias + header.typeOffset;
  }

  /** What a reference attribute points at. Follows nothing further. */
  reference(die: Die, attribute: number): DieId | undefined {
    const index = die.find(attribute);
    if (index < 0) return undefined;
    const form = die.forms[index]!;
    const value = die.values[index]!;
    switch (form) {
      case FORM.ref1:
      case FORM.ref2:
      case FORM.ref4:
      case FORM.ref8:
      case FORM.ref_udata:
        return die.unit.offset + die.unit.bias + value;
      case FORM.ref_addr:
        return value;
      case FORM.ref_sig8:
        return this.typeOfSignature(die.unit.view.getBigUint64(die.positions[index]!, true));
      default:
        this.sections.warn(
          'dwarf-supplementary',
          'Some entries refer to a supplementary debug file, which is not read.',
          'Use the file as the linker wrote it, before dwz.',
        );
        return undefined;
    }
  }
}

function readUnitHeader(
  reader: ByteReader,
  bias: number,
  offset: number,
  end: number,
  offsetSize: 4 | 8,
): UnitHeader | undefined {
  const version = reader.u16();
  if (version < 2 || version > 5) throw new CorruptData(`it has DWARF version ${version}; versions 2 to 5 are read`);
  let kind: UnitKind | undefined = bias === 0 ? 'compile' : 'type';
  let addressSize: number;
  let abbrevOffset: number;
  if (version >= 5) {
    const type = reader.u8();
    addressSize = reader.u8();
    abbrevOffset = reader.unsigned(offsetSize);
    kind = unitTypes.get(type);
    if (kind === undefined) return undefined;
    if (type === 4 || type === 5) reader.skip(8);
  } else {
    abbrevOffset = reader.unsigned(offsetSize);
    addressSize = reader.u8();
  }
  if (addressSize !== 4 && addressSize !== 8) throw new CorruptData(`it has addresses of ${addressSize} bytes`);
  let typeSignature = 0n;
  let typeOffset = 0;
  if (kind === 'type') {
    typeSignature = reader.u64();
    typeOffset = reader.unsigned(offsetSize);
  }
  if (reader.offset >= end) throw new CorruptData('it has no entries');
  return {
    bytes: reader.bytes,
    bias,
    offset,
    end,
    version,
    offsetSize,
    addressSize,
    abbrevOffset,
    firstDie: reader.offset,
    kind,
    typeSignature,
    typeOffset,
  };
}

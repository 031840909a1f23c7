/**
 * Line number programs: DWARF 5 §6.2, "Line Number Information", and DWARF 4 §6.2.4 for the older header.
 *
 * Invariant: one row costs at least one byte of the program, and programs that overlap share an allowance, so time and
 * memory are bounded by the section's size.
 */
import { ByteReader, CorruptData } from './bytes.ts';
import { FORM } from './dwarf-constants.ts';
import { joinPath } from './paths.ts';
import type { DwarfSections } from './units.ts';

export const ROW_STATEMENT = 1;
export const ROW_END_SEQUENCE = 2;
export const ROW_PROLOGUE_END = 4;
export const ROW_EPILOGUE_BEGIN = 8;

export interface LineHeader {
  readonly offset: number;
  readonly version: number;
  readonly programStart: number;
  readonly end: number;
  readonly minimumInstruction: number;
  readonly maximumOperations: number;
  readonly defaultIsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly operandCounts: readonly number[];
  readonly addressSize: number;
  readonly compDir: string;
  readonly directories: readonly string[];
  /** By file number: from 1 before DWARF 5 (entry 0 is then the unit's own name), from 0 since. */
  readonly files: string[];
}

/** Rows as parallel columns, in the order of the program. */
export class LineRows {
  addresses = new Uint32Array(256);
  files = new Uint16Array(256);
  lines = new Uint32Array(256);
  columns = new Uint16Array(256);
  flags = new Uint8Array(256);
  count = 0;

  push(address: number, file: number, line: number, column: number, flags: number): void {
    const index = this.count++;
    if (index === this.addresses.length) this.#grow();
    this.addresses[index] = address;
    this.files[index] = file;
    this.lines[index] = line;
    this.columns[index] = column;
    this.flags[index] = flags;
  }

  #grow(): void {
    const size = this.addresses.length * 2;
    const grown = <T extends Uint32Array | Uint16Array | Uint8Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.addresses = grown(new Uint32Array(size), this.addresses);
    this.files = grown(new Uint16Array(size), this.files);
    this.lines = grown(new Uint32Array(size), this.lines);
    this.columns = grown(new Uint16Array(size), this.columns);
    this.flags = grown(new Uint8Array(size), this.flags);
  }
}

/** @throws CorruptData */
export function readLineHeader(
  sections: DwarfSections,
  offset: number,
  unit: { readonly compDir: string; readonly name: string; readonly addressSize: number },
): LineHeader {
  const bytes = sections.get('.debug_line');
  if (offset >= bytes.length) throw new CorruptData('its line program is past the end of .debug_line');
  const first = new ByteReader(bytes, offset);
  const { length, offsetSize } = first.initialLength();
  const end = first.offset + length;
  if (end > bytes.length) throw new CorruptData('its line program reaches past the end of .debug_line');
  const reader = new ByteReader(bytes, first.offset, end);
  sections.allowance('line programs').take(end - offset);
  const version = reader.u16();
  if (version < 2 || version > 5)
    throw new CorruptData(`its line program has version ${version}; versions 2 to 5 are read`);
  let { addressSize } = unit;
  if (version >= 5) {
    addressSize = reader.u8();
    reader.u8();
  }
  const headerLength = reader.unsigned(offsetSize);
  const programStart = reader.offset + headerLength;
  if (programStart > end) throw new CorruptData('its line program header is longer than the program');
  const minimumInstruction = reader.u8();
  const maximumOperations = version >= 4 ? reader.u8() : 1;
  const defaultIsStatement = reader.u8() !== 0;
  const lineBase = reader.i8();
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  if (lineRange === 0) throw new CorruptData('its line program has a line range of 0');
  const operandCounts = [0];
  for (let opcode = 1; opcode < opcodeBase; opcode++) operandCounts.push(reader.u8());

  const directories: string[] = [];
  const files: string[] = [];
  const joined = (base: string, path: string): string => {
    sections.allowance('text in paths').take(base.length + path.length);
    return joinPath(base, path);
  };
  let { compDir } = unit;
  if (version >= 5) {
    const rawDirectories = readEntries(sections, reader, offsetSize, programStart);
    const top = rawDirectories[0]?.path;
    if (compDir === '' && top !== undefined) compDir = top;
    for (const entry of rawDirectories) directories.push(joined(compDir, entry.path));
    for (const entry of readEntries(sections, reader, offsetSize, programStart)) {
      files.push(joined(directories[entry.directory] ?? compDir, entry.path));
    }
  } else {
    directories.push(joined('', compDir));
    for (let path = reader.cstring(); path !== ''; path = reader.cstring()) directories.push(joined(compDir, path));
    files.push(joined(compDir, unit.name));
    for (let path = reader.cstring(); path !== ''; path = reader.cstring()) {
      files.push(joined(directories[reader.uleb()] ?? compDir, path));
      reader.skipLeb();
      reader.skipLeb();
    }
  }
  return {
    offset,
    version,
    programStart,
    end,
    minimumInstruction,
    maximumOperations,
    defaultIsStatement,
    lineBase,
    lineRange,
    opcodeBase,
    operandCounts,
    addressSize,
    compDir,
    directories,
    files,
  };
}

/** DWARF 5 §6.2.4.1: entries described by a list of content types and forms. */
function readEntries(
  sections: DwarfSections,
  reader: ByteReader,
  offsetSize: 4 | 8,
  limit: number,
): { path: string; directory: number }[] {
  const formats: { content: number; form: number }[] = [];
  for (let count = reader.u8(); count > 0; count--) formats.push({ content: reader.uleb(), form: reader.uleb() });
  const count = reader.uleb();
  if (count > 0 && formats.length === 0) throw new CorruptData('its line program has files without a format');
  if (count > limit - reader.offset) throw new CorruptData('its line program has more files than bytes');
  const entries: { path: string; directory: number }[] = [];
  for (let index = 0; index < count; index++) {
    let path = '';
    let directory = 0;
    for (const { content, form } of formats) {
      const value = readEntryValue(sections, reader, form, offsetSize);
      if (content === 1 && typeof value === 'string') path = value;
      else if (content === 2 && typeof value === 'number') directory = value;
    }
    entries.push({ path, directory });
  }
  return entries;
}

function readEntryValue(
  sections: DwarfSections,
  reader: ByteReader,
  form: number,
  offsetSize: 4 | 8,
): string | number | undefined {
  switch (form) {
    case FORM.string:
      return reader.cstring();
    case FORM.line_strp: {
      return sections.lineString(reader.unsigned(offsetSize));
    }
    case FORM.strp:
      return sections.string(reader.unsigned(offsetSize));
    case FORM.strp_sup:
      reader.skip(offsetSize);
      return '';
    case FORM.udata:
      return reader.uleb();
    case FORM.data1:
      return reader.u8();
    case FORM.data2:
      return reader.u16();
    case FORM.data4:
      return reader.u32();
    case FORM.data8:
      reader.skip(8);
      return undefined;
    case FORM.data16:
      reader.skip(16);
      return undefined;
    case FORM.block: {
      reader.skip(reader.uleb());
      return undefined;
    }
    default:
      throw new CorruptData(`its line program uses form 0x${form.toString(16)}, which is not known there`);
  }
}

const STANDARD = {
  copy: 1,
  advance_pc: 2,
  advance_line: 3,
  set_file: 4,
  set_column: 5,
  negate_stmt: 6,
  set_basic_block: 7,
  const_add_pc: 8,
  fixed_advance_pc: 9,
  set_prologue_end: 10,
  set_epilogue_begin: 11,
  set_isa: 12,
} as const;

/**
 * Runs the program of `header` and appends its rows; what was read before a corrupt opcode is kept.
 * @throws CorruptData
 */
export function runLineProgram(sections: DwarfSections, header: LineHeader, rows: LineRows): void {
  const bytes = sections.get('.debug_line');
  const reader = new ByteReader(bytes, header.programStart, header.end);
  const { minimumInstruction, maximumOperations, lineBase, lineRange, opcodeBase } = header;
  const initialFlags = header.defaultIsStatement ? ROW_STATEMENT : 0;
  let address = 0;
  let operation = 0;
  let file = 1;
  let line = 1;
  let column = 0;
  let flags = initialFlags;

  const advance = (count: number): void => {
    if (maximumOperations <= 1) address = (address + count * minimumInstruction) >>> 0;
    else {
      const total = operation + count;
      address = (address + minimumInstruction * Math.floor(total / maximumOperations)) >>> 0;
      operation = total % maximumOperations;
    }
  };
  const emit = (): void => {
    rows.push(address, file, line, column, flags);
    flags &= ROW_STATEMENT;
  };

  while (reader.offset < header.end) {
    const opcode = reader.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      advance(Math.floor(adjusted / lineRange));
      line = (line + lineBase + (adjusted % lineRange)) >>> 0;
      emit();
      continue;
    }
    switch (opcode) {
      case 0: {
        const length = reader.uleb();
        const start = reader.offset;
        if (length === 0) break;
        const extended = reader.u8();
        if (extended === 1) {
          flags |= ROW_END_SEQUENCE;
          emit();
          address = operation = column = 0;
          file = line = 1;
          flags = initialFlags;
        } else if (extended === 2) {
          address = reader.unsigned(length - 1 === 8 ? 8 : header.addressSize) % 2 ** 32;
          operation = 0;
        } else if (extended === 3) {
          const name = reader.cstring();
          const folder = header.directories[reader.uleb()] ?? header.compDir;
          sections.allowance('text in paths').take(folder.length + name.length);
          header.files.push(joinPath(folder, name));
        }
        reader.offset = start;
        reader.skip(length);
        break;
      }
      case STANDARD.copy:
        emit();
        break;
      case STANDARD.advance_pc:
        advance(reader.uleb());
        break;
      case STANDARD.advance_line:
        line = (line + reader.sleb()) >>> 0;
        break;
      case STANDARD.set_file:
        file = reader.uleb();
        break;
      case STANDARD.set_column:
        column = reader.uleb();
        break;
      case STANDARD.negate_stmt:
        flags ^= ROW_STATEMENT;
        break;
      case STANDARD.set_basic_block:
        break;
      case STANDARD.const_add_pc:
        advance(Math.floor((255 - opcodeBase) / lineRange));
        break;
      case STANDARD.fixed_advance_pc:
        address = (address + reader.u16()) >>> 0;
        operation = 0;
        break;
      case STANDARD.set_prologue_end:
        flags |= ROW_PROLOGUE_END;
        break;
      case STANDARD.set_epilogue_begin:
        flags |= ROW_EPILOGUE_BEGIN;
        break;
      case STANDARD.set_isa:
        reader.skipLeb();
        break;
      default:
        for (let count = header.operandCounts[opcode] ?? 0; count > 0; count--) reader.skipLeb();
    }
  }
}

/**
 * Questions to line programs: which line is at an address, which addresses are on a line.
 * DWARF 5 §6.2.2, "State Machine Registers", for what a row means.
 *
 * Invariant: a program is run when one of its addresses or files is asked for, once. Rows of line 0 (code no line stands
 * for) belong to the row before them, so that a stack trace has a line and a step does not stop there.
 */
import type { AddressRange, LinePosition } from './api.ts';
import {
  ROW_END_SEQUENCE,
  ROW_PROLOGUE_END,
  ROW_STATEMENT,
  LineRows,
  readLineHeader,
  runLineProgram,
} from './line-program.ts';
import type { LineHeader } from './line-program.ts';
import { isAbsolute, normalisePath, sharedSuffix } from './paths.ts';
import type { InImage } from './range-lists.ts';
import type { Unit, UnitTable } from './units.ts';

/** Rows `from` to `to` (the end row), ascending by address. */
interface Sequence {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/** A statement row: where a breakpoint may stand. */
export interface StatementRow {
  readonly address: number;
  readonly line: number;
  readonly column: number;
}

export class LineTable {
  readonly header: LineHeader;
  readonly #rows: () => { rows: LineRows; sequences: Sequence[] };
  #content: { rows: LineRows; sequences: Sequence[] } | undefined;

  constructor(header: LineHeader, run: () => { rows: LineRows; sequences: Sequence[] }) {
    this.header = header;
    this.#rows = run;
  }

  get content(): { rows: LineRows; sequences: Sequence[] } {
    return (this.#content ??= this.#rows());
  }

  file(index: number): string | undefined {
    return this.header.files[index];
  }

  lineOf(address: number): LinePosition | undefined {
    const { rows, sequences } = this.content;
    const sequence = findSequence(sequences, address);
    if (sequence === undefined) return undefined;
    let low = sequence.from;
    let high = sequence.to;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows.addresses[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    let row = statementAt(rows, sequence, low - 1);
    while (row > sequence.from && rows.lines[row] === 0) row--;
    const line = rows.lines[row]!;
    const file = this.file(rows.files[row]!);
    if (line === 0 || file === undefined) return undefined;
    return {
      address: rows.addresses[row]!,
      file,
      line,
      column: rows.columns[row]!,
      isStatement: (rows.flags[row]! & ROW_STATEMENT) !== 0,
      range: lineRange(rows, sequence, row),
    };
  }

  /** Statement rows of a file between two lines, in the program's order. */
  statements(file: string, fromLine: number, toLine: number, visit: (row: StatementRow) => void): void {
    const { files } = this.header;
    if (!files.includes(file)) return;
    const { rows, sequences } = this.content;
    for (const { from, to } of sequences) {
      for (let index = from; index < to; index++) {
        const line = rows.lines[index]!;
        if (line < fromLine || line > toLine || files[rows.files[index]!] !== file) continue;
        if ((rows.flags[index]! & ROW_STATEMENT) === 0 || line === 0) continue;
        visit({ address: rows.addresses[index]!, line, column: rows.columns[index]! });
      }
    }
  }

  /** Where the body of a function begins, as far as rows tell. */
  afterPrologue(entry: number, end: number): { marked: number | undefined; second: number | undefined } {
    const { rows, sequences } = this.content;
    const sequence = findSequence(sequences, entry);
    let second: number | undefined;
    if (sequence === undefined) return { marked: undefined, second };
    for (let index = sequence.from; index < sequence.to; index++) {
      const address = rows.addresses[index]!;
      if (address < entry) continue;
      if (address >= end) break;
      if ((rows.flags[index]! & ROW_PROLOGUE_END) !== 0) return { marked: address, second };
      if (
        second === undefined &&
        address > entry &&
        rows.lines[index] !== 0 &&
        (rows.flags[index]! & ROW_STATEMENT) !== 0
      ) {
        second = address;
      }
    }
    return { marked: undefined, second };
  }
}

/** Of several rows at one address the last counts; a statement before the rest of an earlier one (GCC, -O2). */
function statementAt(rows: LineRows, sequence: Sequence, last: number): number {
  const address = rows.addresses[last]!;
  for (let row = last; row >= sequence.from && rows.addresses[row] === address; row--) {
    if ((rows.flags[row]! & ROW_STATEMENT) !== 0 && rows.lines[row] !== 0) return row;
  }
  return last;
}

function findSequence(sequences: readonly Sequence[], address: number): Sequence | undefined {
  let low = 0;
  let high = sequences.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sequences[middle]!.start <= address) low = middle + 1;
    else high = middle;
  }
  const sequence = sequences[low - 1];
  return sequence !== undefined && address < sequence.end ? sequence : undefined;
}

function lineRange(rows: LineRows, sequence: Sequence, row: number): AddressRange {
  const line = rows.lines[row]!;
  const file = rows.files[row]!;
  const same = (index: number): boolean =>
    rows.lines[index] === 0 || (rows.lines[index] === line && rows.files[index] === file);
  let first = row;
  while (first > sequence.from && same(first - 1)) first--;
  let last = row + 1;
  while (last < sequence.to && same(last)) last++;
  // Rows that share an address with the next row hold no code.
  const start = rows.addresses[first]!;
  return { start, end: Math.max(rows.addresses[last]!, start + 1) };
}

export class LineTables {
  readonly #units: UnitTable;
  readonly #inImage: InImage;
  readonly #tables = new Map<number, LineTable | undefined>();
  #all: LineTable[] | undefined;
  #files: readonly string[] | undefined;
  #usedFiles: readonly string[] | undefined;
  readonly #matches = new Map<string, string | undefined>();

  constructor(units: UnitTable, inImage: InImage) {
    this.#units = units;
    this.#inImage = inImage;
  }

  tableOf(unit: Unit): LineTable | undefined {
    const offset = unit.lineProgram;
    if (offset === undefined) return undefined;
    if (this.#tables.has(offset)) return this.#tables.get(offset);
    const { sections } = this.#units;
    const what = (): string => `The line table of ${unit.name === '' ? 'a unit' : unit.name} cannot be read`;
    const table = sections.guard('dwarf-lines', what, undefined, () => {
      const header = readLineHeader(sections, offset, unit);
      return new LineTable(header, () => this.#run(header, what));
    });
    this.#tables.set(offset, table);
    return table;
  }

  #run(header: LineHeader, what: () => string): { rows: LineRows; sequences: Sequence[] } {
    const rows = new LineRows();
    const { sections } = this.#units;
    sections.guard('dwarf-lines', what, undefined, () => runLineProgram(sections, header, rows));
    return { rows, sequences: splitSequences(rows, this.#inImage) };
  }

  /** Tables of all units; headers only, until asked for rows. */
  all(): readonly LineTable[] {
    if (this.#all === undefined) {
      const seen = new Set<LineTable>();
      for (const unit of this.#units.compileUnits()) {
        const table = this.tableOf(unit);
        if (table !== undefined) seen.add(table);
      }
      this.#all = [...seen];
    }
    return this.#all;
  }

  /** Every file a header names; some have no code. */
  namedFiles(): readonly string[] {
    return (this.#files ??= [...new Set(this.all().flatMap((table) => table.header.files))]);
  }

  filesWithCode(): readonly string[] {
    if (this.#usedFiles === undefined) {
      const used = new Set<string>();
      for (const table of this.all()) {
        const { rows, sequences } = table.content;
        const seen = new Set<number>();
        for (const { from, to } of sequences) for (let index = from; index < to; index++) seen.add(rows.files[index]!);
        for (const index of seen) {
          const file = table.file(index);
          if (file !== undefined && file !== '') used.add(file);
        }
      }
      this.#usedFiles = [...used].sort();
    }
    return this.#usedFiles;
  }

  /**
   * The file a path of the user's means. Whole paths have to agree as far as the shorter one goes; two absolute paths
   * of one file on two machines have to share three segments, since every crate has a `src/main.rs`.
   */
  match(path: string): string | undefined {
    if (this.#matches.has(path)) return this.#matches.get(path);
    const wanted = normalisePath(path);
    const wantedParts = segments(wanted);
    let best: string | undefined;
    let bestShared = 0;
    for (const file of this.namedFiles()) {
      if (file === wanted) {
        best = file;
        break;
      }
      const shared = sharedSuffix(file, wanted);
      const whole = (!isAbsolute(file) && shared === segments(file)) || (!isAbsolute(wanted) && shared === wantedParts);
      if (shared > bestShared && (whole || shared >= 3)) {
        best = file;
        bestShared = shared;
      }
    }
    this.#matches.set(path, best);
    return best;
  }
}

function segments(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}

function splitSequences(rows: LineRows, inImage: InImage): Sequence[] {
  const sequences: Sequence[] = [];
  let from = 0;
  for (let index = 0; index < rows.count; index++) {
    if ((rows.flags[index]! & ROW_END_SEQUENCE) === 0) continue;
    if (index > from) {
      sortRows(rows, from, index);
      const start = rows.addresses[from]!;
      const end = rows.addresses[index]!;
      if (start < end && inImage(start)) sequences.push({ start, end, from, to: index });
    }
    from = index + 1;
  }
  return sequences.sort((a, b) => a.start - b.start || a.end - b.end);
}

/** "Addresses only increase within a sequence": put right where a producer did not keep to it. */
function sortRows(rows: LineRows, from: number, to: number): void {
  let sorted = true;
  for (let index = from + 1; sorted && index < to; index++)
    sorted = rows.addresses[index]! >= rows.addresses[index - 1]!;
  if (sorted) return;
  const order = Array.from({ length: to - from }, (_, index) => from + index);
  order.sort((a, b) => rows.addresses[a]! - rows.addresses[b]! || a - b);
  for (const column of [rows.addresses, rows.files, rows.lines, rows.columns, rows.flags]) {
    const copy = order.map((index) => column[index]!);
    column.set(copy, from);
  }
}

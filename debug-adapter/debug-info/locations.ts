/**
 * Where breakpoints belong: the places a line or a function name stands for. As gdb ("Setting Breakpoints") and lldb
 * choose them: one per function or inlined body, its first statement, past the prologue.
 *
 * Invariant: results are sorted by address, and no address occurs twice.
 */
import type { BreakpointLocation } from './api.ts';
import type { Dwarf } from './dwarf.ts';
import type { DwarfFunction } from './functions.ts';
import type { StatementRow } from './line-table.ts';
import type { NameIndex } from './name-index.ts';
import { endsWithPath, splitPath } from './name-paths.ts';
import { peekRanges } from './range-lists.ts';
import { AT } from './dwarf-constants.ts';

type FunctionAt = (address: number) => DwarfFunction | undefined;

/** @param file one of the line tables' own names */
export function lineLocations(
  dwarf: Dwarf,
  functionAt: FunctionAt,
  file: string,
  line: number,
  column: number | undefined,
): BreakpointLocation[] {
  const actual = nextLineWithCode(dwarf, file, line);
  if (actual === undefined) return [];
  let rows = statements(dwarf, file, actual, actual);
  if (column !== undefined && actual === line) {
    // The statement that begins at the column, or the last one before it.
    const columns = [...new Set(rows.map((row) => row.column))].sort((a, b) => a - b);
    const wanted = columns.filter((candidate) => candidate <= column).pop() ?? columns[0];
    rows = rows.filter((row) => row.column === wanted);
  }
  rows.sort((a, b) => a.address - b.address);
  const first = new Map<number, { row: StatementRow; holder: DwarfFunction | undefined }>();
  for (const row of rows) {
    const holder = functionAt(row.address);
    const key = holder?.blockIdAt(row.address) ?? -1 - row.address;
    if (!first.has(key)) first.set(key, { row, holder });
  }
  const locations = new Map<number, BreakpointLocation>();
  for (const { row, holder } of first.values()) {
    const location =
      holder !== undefined && row.address === holder.entry ? atFunction(dwarf, holder) : locationOf(row, file);
    if (!locations.has(location.address)) locations.set(location.address, location);
  }
  return [...locations.values()].sort((a, b) => a.address - b.address);
}

function locationOf(row: StatementRow, file: string): BreakpointLocation {
  return { address: row.address, file, line: row.line, column: row.column };
}

function nextLineWithCode(dwarf: Dwarf, file: string, line: number): number | undefined {
  let best = Infinity;
  for (const table of dwarf.lines.all()) {
    table.statements(file, line, best, (row) => {
      if (row.line < best) best = row.line;
    });
  }
  return best === Infinity ? undefined : best;
}

function statements(dwarf: Dwarf, file: string, fromLine: number, toLine: number): StatementRow[] {
  const rows: StatementRow[] = [];
  for (const table of dwarf.lines.all()) table.statements(file, fromLine, toLine, (row) => rows.push(row));
  return rows;
}

function atFunction(dwarf: Dwarf, holder: DwarfFunction): BreakpointLocation {
  const address = holder.breakpointAddress;
  const position = dwarf.lines.tableOf(holder.unit)?.lineOf(address);
  return {
    address,
    file: position?.file ?? holder.file ?? '',
    line: position?.line ?? holder.line,
    column: position?.column ?? 0,
  };
}

export function breakpointLocations(
  dwarf: Dwarf,
  file: string,
  fromLine: number,
  toLine: number,
): BreakpointLocation[] {
  const best = new Map<string, BreakpointLocation>();
  for (const row of statements(dwarf, file, fromLine, toLine)) {
    const key = `${row.line}:${row.column}`;
    const known = best.get(key);
    if (known === undefined || row.address < known.address) best.set(key, locationOf(row, file));
  }
  return [...best.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

export function functionLocations(
  dwarf: Dwarf,
  names: NameIndex,
  functions: readonly DwarfFunction[],
  name: string,
): BreakpointLocation[] {
  const locations = new Map<number, BreakpointLocation>();
  for (const holder of functions) {
    const location = atFunction(dwarf, holder);
    locations.set(location.address, location);
  }
  const wanted = splitPath(name);
  for (const entry of names.inlined(wanted[wanted.length - 1] ?? '')) {
    dwarf.sections.guard(
      'dwarf-function',
      () => `Where ${name} was inlined cannot be read`,
      undefined,
      () => {
        const die = entry.unit.die(entry.offset);
        const origins = dwarf.origins(die);
        if (!endsWithPath(splitPath(dwarf.qualifiedName(origins[origins.length - 1]!)), wanted)) return;
        const ranges = peekRanges(die, dwarf.inImage);
        const address = die.address(AT.entry_pc) ?? die.address(AT.low_pc) ?? ranges[0]?.start;
        if (address === undefined || ranges.length === 0 || locations.has(address)) return;
        const position = dwarf.lines.tableOf(entry.unit)?.lineOf(address);
        if (position !== undefined)
          locations.set(address, { address, file: position.file, line: position.line, column: position.column });
      },
    );
  }
  return [...locations.values()].sort((a, b) => a.address - b.address);
}

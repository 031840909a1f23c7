/** Line tables against llvm-dwarfdump and gdb, on every fixture and the guest's own files. */
import { describe, expect, test } from 'vitest';
import { debugInfo, elfPath, fixtureNames, guestNames, hasTool, run } from './kit.ts';

const hasDwarfdump = hasTool('llvm-dwarfdump');
const hasGdb = hasTool('gdb');
const names = [...fixtureNames, ...guestNames];

interface Row {
  address: number;
  line: number;
  column: number;
  file: number;
  flags: string;
}

/** `llvm-dwarfdump --debug-line`: sequences of rows, per line program. */
function dumpedSequences(name: string): Row[][] {
  const sequences: Row[][] = [];
  let current: Row[] = [];
  for (const text of run('llvm-dwarfdump', '--debug-line', elfPath(name)).split('\n')) {
    const row = /^0x([0-9a-f]{8,16})\s+(\d+)\s+(\d+)\s+(\d+)\s+\d+\s+(?:\d+\s+)?(\S.*)?$/.exec(text);
    if (row === null) continue;
    const flags = row[5] ?? '';
    current.push({
      address: parseInt(row[1]!, 16),
      line: Number(row[2]),
      column: Number(row[3]),
      file: Number(row[4]),
      flags,
    });
    if (flags.includes('end_sequence')) {
      sequences.push(current);
      current = [];
    }
  }
  return sequences;
}

describe.runIf(hasDwarfdump)('llvm-dwarfdump --debug-line', () => {
  test.each(names)('%s: every address has the line of the last row at or before it', (name) => {
    const info = debugInfo(name);
    const loadedRanges = info.elf.sections.filter((section) => (section.flags & 2) !== 0 && section.sizeBytes > 0);
    let compared = 0;
    const wrong: string[] = [];
    for (const sequence of dumpedSequences(name)) {
      const start = sequence[0]!.address;
      if (!loadedRanges.some((range) => start >= range.address && start < range.address + range.sizeBytes)) continue;
      sequence.forEach((row, index) => {
        const next = sequence[index + 1];
        // Rows of line 0 belong to the row before them here.
        if (next === undefined || next.address === row.address || row.line === 0) return;
        // Where rows share an address, a statement is preferred.
        const here = sequence.slice(0, index + 1).filter((other) => other.address === row.address && other.line !== 0);
        if (!row.flags.includes('is_stmt') && here.some((other) => other.flags.includes('is_stmt'))) return;
        compared++;
        const position = info.lineOf(next.address - 1);
        if (position?.line !== row.line || position.column !== row.column || position.address !== row.address) {
          wrong.push(
            `${(next.address - 1).toString(16)}: ${row.line}:${row.column}, not ${position?.line}:${position?.column}`,
          );
        }
        if (position !== undefined && position.isStatement !== row.flags.includes('is_stmt'))
          wrong.push(`${row.address.toString(16)}: is_stmt`);
      });
    }
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(compared).toBeGreaterThan(20);
  });
});

describe.runIf(hasGdb)('gdb', () => {
  test.each(fixtureNames)('%s: a breakpoint on any line stands where gdb puts it', (name) => {
    const info = debugInfo(name);
    const sources = name.startsWith('c') ? ['shapes.c', 'shapes.h', 'leave.c'] : ['main.rs', 'kinds.rs', 'heap.rs'];
    const places: { file: string; line: number }[] = [];
    for (const path of info.sourceFiles()) {
      const file = path.split('/').pop()!;
      if (!sources.includes(file)) continue;
      for (const { line } of info.breakpointLocations(path, 1, 1000)) {
        if (!places.some((place) => place.file === file && place.line === line)) places.push({ file, line });
      }
    }
    expect(places.length).toBeGreaterThan(5);
    const output = run(
      'gdb',
      '-nx',
      '-batch',
      ...places.flatMap(({ file, line }) => ['-ex', `echo @${file}:${line}\\n`, '-ex', `break ${file}:${line}`]),
      '-ex',
      'info breakpoints',
      elfPath(name),
    );
    const table = output.slice(output.indexOf('Num     Type'));
    const byNumber = new Map<number, number[]>();
    for (const text of table.split('\n')) {
      const row = /^(\d+)(?:\.\d+)?\s+.*?(0x[0-9a-f]{8})/.exec(text);
      if (row !== null) byNumber.set(Number(row[1]), [...(byNumber.get(Number(row[1])) ?? []), parseInt(row[2]!, 16)]);
    }
    const numbers = [...output.matchAll(/^@(.*)\n(?:Note.*\n)*Breakpoint (\d+) at/gm)];
    expect(numbers.length).toBe(places.length);
    const different: string[] = [];
    for (const match of numbers) {
      const [file, line] = match[1]!.split(':') as [string, string];
      const expected = [...new Set(byNumber.get(Number(match[2])) ?? [])].sort((a, b) => a - b);
      const actual = info.addressesOf(file, Number(line)).map((location) => location.address);
      if (JSON.stringify(actual) !== JSON.stringify(expected)) {
        different.push(
          `${match[1]!}: gdb ${expected.map((a) => a.toString(16)).join()}; here ${actual.map((a) => a.toString(16)).join()}`,
        );
      }
    }
    // gdb gives a `for` of Rust a second place in its inner block, and leaves out optimised statements that share their
    // address with a later one; here a statement's first address counts.
    const differMax = name.endsWith('O0') ? 0 : name.startsWith('rust') ? 2 : 12;
    expect(different.length, different.join('\n')).toBeLessThanOrEqual(differMax);
  });
});

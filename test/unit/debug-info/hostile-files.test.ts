/**
 * Files that no compiler writes, each made to cost far more than its size. Each gets an answer with a warning or a typed
 * failure, soon and in little memory. The tests are named after what such a file did before, or would do.
 */
import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { demangle } from '../../../debug-adapter/debug-info/index.ts';
import type { DebugInfo, Type } from '../../../debug-adapter/debug-info/index.ts';
import { collectGarbage } from '../../kit/collect-garbage.ts';
import { countReads, openFile } from './ask-everything.ts';
import { abbrev, elfWith, FIRST_ENTRY, half, TEXT_ADDRESS, text, times, uleb, unit, word } from './elf-writer.ts';

const AT = { name: 3, byteSize: 0x0b, stmtList: 0x10, lowPc: 0x11, highPc: 0x12, type: 0x49, ranges: 0x55 };
const FORM = { addr: 1, data4: 6, string: 8, data1: 0x0b, sdata: 0x0d, strp: 0x0e, ref4: 0x13, secOffset: 0x17 };
const TAG = { array: 1, enumeration: 4, parameter: 5, pointer: 0x0f, compileUnit: 0x11, structure: 0x13 };
const [SUBROUTINE_TYPE, TYPEDEF, BASE_TYPE, SUBPROGRAM, NAMESPACE] = [0x15, 0x16, 0x24, 0x2e, 0x39] as const;
const ROOT = abbrev(1, TAG.compileUnit, true);
/** Where entries begin when the root is one byte. */
const FIRST_CHILD = FIRST_ENTRY + 1;

function open(sections: Parameters<typeof elfWith>[0]): DebugInfo {
  return openFile(elfWith(sections))!;
}

/** The type named T, whose entry is the last of a unit. */
function typeNamedT(abbrevs: readonly number[], entries: readonly number[]): Type {
  const root = unit([1, ...entries, 0]);
  return open({ '.debug_abbrev': [...ROOT, ...abbrevs, 0], '.debug_info': root }).typeNamed('T')!;
}

const warningsOf = (info: DebugInfo): string => info.warnings.map(({ cause }) => cause).join('\n');

/** Bytes that this process holds more than before, once what nobody refers to any more is collected. */
function heldBy(work: () => void): number {
  const held = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  };
  const before = held();
  work();
  return held() - before;
}

test('a section that claims to hold gigabytes is refused, and nothing is allocated for it', () => {
  const swollen = {
    bytes: [...word(1), ...word(0xffffffff), ...word(1), ...deflateSync(Buffer.alloc(100))],
    flags: 0x800,
  };
  const info = open({ '.debug_info': swollen });
  expect(heldBy(() => info.elf.sectionBytes('.debug_info'))).toBeLessThan(1 << 20);
  expect(warningsOf(info)).toMatch(/more compressed data than its size allows/);
});

test('sections that each swell a thousandfold are refused together, since none is too large alone', () => {
  const zeros = deflateSync(Buffer.alloc(1 << 24), { level: 9 });
  const swollen = { bytes: [...word(1), ...word(1 << 24), ...word(1), ...zeros], flags: 0x800 };
  const names = times(40, () => [0]).map((_, index) => `.debug_${index}`);
  const { elf } = open(Object.fromEntries(names.map((name) => [name, swollen])));
  const read = names.map((name) => elf.sectionBytes(name)!).filter((contents) => contents.ok);
  const total = read.reduce((sum, contents) => sum + (contents.ok ? contents.value.length : 0), 0);
  expect(total).toBeLessThanOrEqual(64 * elf.bytes.length + 65_536);
  expect(read.length).toBeLessThan(names.length);
});

test('a compressed section too short for its header is a failure, not a RangeError', () => {
  for (const [name, flags] of [
    ['.debug_info', 0x800],
    ['.zdebug_info', 0],
  ] as const) {
    const contents = open({ [name]: { bytes: [1, 2, 3], flags } }).elf.sectionBytes('.debug_info')!;
    expect(contents.ok).toBe(false);
  }
});

test('symbols whose names all run to the end of one long string do not fill the memory', () => {
  const count = 20_000;
  const symbols = times(count, (index) => [...word(index), ...word(TEXT_ADDRESS), ...word(1), 2, 0, ...half(1)]);
  const info = open({
    '.symtab': { bytes: symbols, type: 2, link: 3 },
    '.strtab': { bytes: [...Array<number>(count).fill(0x61), 0], type: 3 },
  });
  expect(heldBy(() => info.elf.symbols.length)).toBeLessThan(32 << 20);
  expect(warningsOf(info)).toMatch(/symbol table cannot be read to the end: it has more symbol names/);
});

test('entries whose names overlap do not fill the memory', () => {
  const count = 20_000;
  const entries = times(count, (index) => [2, ...word(index)]);
  const info = open({
    '.debug_abbrev': [...ROOT, ...abbrev(2, BASE_TYPE, false, AT.name, FORM.strp), 0],
    '.debug_info': unit([1, ...entries, 0]),
    '.debug_str': [...Array<number>(count).fill(0x61), 0],
  });
  expect(heldBy(() => info.typeNamed('x'))).toBeLessThan(32 << 20);
  expect(warningsOf(info)).toMatch(/more strings than its size allows/);
});

test('an abbreviation numbered a million, for each unit anew, does not fill the memory', () => {
  const sparse = [...uleb(1_000_000), TAG.compileUnit, 0, 0, 0];
  const count = 200;
  const info = open({
    '.debug_abbrev': times(count, () => sparse),
    '.debug_info': times(count, (index) => unit(uleb(1_000_000), index * sparse.length)),
  });
  expect(heldBy(() => info.functions())).toBeLessThan(32 << 20);
  expect(warningsOf(info)).toMatch(/more abbreviations than its size allows/);
});

test('functions that all name the same long range list do not fill the memory', () => {
  const [functions, ranges] = [5000, 5000];
  const info = open({
    '.debug_abbrev': [...ROOT, ...abbrev(2, SUBPROGRAM, false, AT.ranges, FORM.secOffset), 0],
    '.debug_info': unit([1, ...times(functions, () => [2, ...word(0)]), 0]),
    '.debug_ranges': [
      ...times(ranges, () => [...word(TEXT_ADDRESS), ...word(TEXT_ADDRESS + 4)]),
      ...word(0),
      ...word(0),
    ],
  });
  expect(heldBy(() => info.functionAt(TEXT_ADDRESS))).toBeLessThan(32 << 20);
  expect(warningsOf(info)).toMatch(/more address ranges than its size allows/);
});

test('sets of .debug_aranges that do not end are read no further than they reach', () => {
  const set = [...word(8), ...half(2), ...word(0), 4, 0];
  const info = open({
    '.debug_abbrev': [...ROOT, 0],
    '.debug_info': unit([1, 0]),
    '.debug_aranges': times(10_000, () => set),
  });
  expect(countReads(() => info.functionAt(TEXT_ADDRESS))).toBeLessThan(200_000);
});

test('line programs that overlap are read until their bytes are used up, not once for each unit', () => {
  const program = [...word(20_000), ...half(4), ...word(20), 1, 1, 1, 0, 1, 13, ...Array<number>(12).fill(0), 0, 0];
  const line = times(400, () => program);
  const count = 400;
  const info = open({
    '.debug_abbrev': [...abbrev(1, TAG.compileUnit, false, AT.stmtList, FORM.secOffset), 0],
    '.debug_info': times(count, (index) => unit([1, ...word(index * program.length)])),
    '.debug_line': [...line, ...Array<number>(30_000).fill(0x40)],
  });
  expect(countReads(() => info.sourceFiles())).toBeLessThan(20 * line.length);
  expect(warningsOf(info)).toMatch(/more line programs than its size allows/);
});

test('pointers to pointers to pointers, ten thousand of them, have a name', () => {
  const count = 10_000;
  const to = (index: number): number[] => word(FIRST_CHILD + 5 * index);
  const entries = [...times(count, (index) => [2, ...to(index + 1)]), 3, ...text('T'), ...to(0)];
  const abbrevs = [
    ...abbrev(2, TAG.pointer, false, AT.type, FORM.ref4),
    ...abbrev(3, TYPEDEF, false, AT.name, FORM.string, AT.type, FORM.ref4),
  ];
  const type = typeNamedT(abbrevs, entries);
  expect(type.kind === 'typedef' && type.target?.name).toMatch(/^….*\*$/);
});

test('typedefs of typedefs, ten thousand of them, have a size', () => {
  const count = 10_000;
  const abbrevs = abbrev(2, TYPEDEF, false, AT.name, FORM.string, AT.type, FORM.ref4);
  const entries = times(count, (index) => [2, ...text('T'), ...word(FIRST_CHILD + 7 * (index + 1))]);
  expect(typeNamedT(abbrevs, entries).sizeBytes).toBe(0);
});

test('a function that returns itself, and an array of itself, have a name', () => {
  for (const tag of [SUBROUTINE_TYPE, TAG.array]) {
    const abbrevs = [
      ...abbrev(2, tag, false, AT.type, FORM.ref4),
      ...abbrev(3, TYPEDEF, false, AT.name, FORM.string, AT.type, FORM.ref4),
    ];
    const itself = word(FIRST_CHILD);
    const type = typeNamedT(abbrevs, [2, ...itself, 3, ...text('T'), ...itself]);
    expect(type.kind === 'typedef' && type.target?.name).toMatch(/…/);
  }
});

test('functions of functions, whose names double with each, have a name of bounded length', () => {
  const abbrevs = [
    ...abbrev(2, SUBROUTINE_TYPE, true),
    ...abbrev(3, TAG.parameter, false, AT.type, FORM.ref4),
    ...abbrev(4, TYPEDEF, false, AT.name, FORM.string, AT.type, FORM.ref4),
  ];
  // Each has two parameters of the type before it; each takes 12 bytes.
  const count = 60;
  const before = (index: number): number[] => word(FIRST_CHILD + 12 * Math.max(0, index - 1));
  const entries = times(count, (index) => [2, 3, ...before(index), 3, ...before(index), 0]);
  const type = typeNamedT(abbrevs, [...entries, 4, ...text('T'), ...before(count)]);
  expect(type.kind === 'typedef' && type.target!.name.length).toBeLessThan(200_000);
});

test('an enum of four gigabytes with a negative value is no RangeError', () => {
  const abbrevs = [
    ...abbrev(2, TAG.enumeration, true, AT.name, FORM.string, AT.byteSize, FORM.data4),
    ...abbrev(3, 0x28, false, AT.name, FORM.string, 0x1c, FORM.sdata),
  ];
  const type = typeNamedT(abbrevs, [2, ...text('T'), ...word(0xffffffff), 3, ...text('minus'), 0x7f, 0]);
  expect(type).toMatchObject({ kind: 'enum', sizeBytes: 0 });
  expect(type.kind === 'enum' && type.enumerators.length).toBe(1);
});

test('a struct of minus five bytes has a size that can be allocated', () => {
  const abbrevs = abbrev(2, TAG.structure, false, AT.name, FORM.string, AT.byteSize, FORM.sdata);
  expect(typeNamedT(abbrevs, [2, ...text('T'), 0x7b]).sizeBytes).toBe(0);
});

test('types that name each other by signature end', () => {
  const typeUnit = (signature: number, other: number): number[] => {
    const body = [
      ...half(4),
      ...word(0),
      4,
      ...word(signature),
      ...word(0),
      ...word(23),
      1,
      ...word(other),
      ...word(0),
    ];
    return [...word(body.length), ...body];
  };
  const info = open({
    '.debug_abbrev': [...abbrev(1, TAG.structure, false, 0x69, 0x20), ...abbrev(2, TAG.compileUnit, false), 0],
    '.debug_types': [...typeUnit(1, 2), ...typeUnit(2, 1)],
    '.debug_info': unit([2]),
  });
  expect(info.typeNamed('T')).toBeUndefined();
});

test('namespaces in namespaces, ten thousand of them, give a name of bounded length', () => {
  const depth = 10_000;
  const info = open({
    '.debug_abbrev': [
      ...ROOT,
      ...abbrev(2, NAMESPACE, true, AT.name, FORM.string),
      ...abbrev(3, SUBPROGRAM, false, AT.name, FORM.string, AT.lowPc, FORM.addr, AT.highPc, FORM.data4),
      0,
    ],
    '.debug_info': unit([
      1,
      ...times(depth, () => [2, ...text('n')]),
      3,
      ...text('f'),
      ...word(TEXT_ADDRESS),
      ...word(4),
    ]),
  });
  expect(info.functionAt(TEXT_ADDRESS)?.qualifiedName).toMatch(/^(n::){64}f$/);
});

test('an indirect form of an indirect form of … is damage, not a stack overflow', () => {
  const info = open({
    '.debug_abbrev': [...ROOT, ...abbrev(2, 0x34, false, AT.name, 0x16), 0],
    '.debug_info': unit([1, ...Array<number>(100_000).fill(2).fill(0x16, 1), 0]),
  });
  info.statics();
  expect(warningsOf(info)).toMatch(/indirect form/);
});

test('call frame instructions without end are given up, and the frame pointer is used', () => {
  const cie = [...word(0xffffffff), 1, 0, 1, 0x7c, 8, 0x0c, 4, 4];
  // remember_state, a rule for another register, restore_state …
  const program = times(60_000, (index) => [0x0a, 0x05, ...uleb(index), 1, 0x0b]);
  const fde = [...word(0), ...word(TEXT_ADDRESS), ...word(64), ...program];
  const info = open({ '.debug_frame': [...word(cie.length), ...cie, ...word(fde.length), ...fde] });
  expect(info.unwindRowAt(TEXT_ADDRESS)).toBeUndefined();
  expect(warningsOf(info)).toMatch(/too many call frame instructions/);
});

/** A function with a parameter at this expression and this frame base, in a unit of its own. */
function located(expression: readonly number[], frameBase: readonly number[]): string {
  const block = (bytes: readonly number[]): number[] => [...half(bytes.length), ...bytes];
  const info = open({
    '.debug_abbrev': [
      ...ROOT,
      ...abbrev(2, SUBPROGRAM, true, AT.lowPc, FORM.addr, AT.highPc, FORM.data4, 0x40, 3),
      ...abbrev(3, TAG.parameter, false, AT.name, FORM.string, 2, 3),
      0,
    ],
    '.debug_info': unit([
      ...[1, 2, ...word(TEXT_ADDRESS), ...word(64), ...block(frameBase), 3, ...text('x'), ...block(expression), 0, 0],
    ]),
  });
  const [variable] = info.functionAt(TEXT_ADDRESS)!.parameters;
  const frame = {
    pc: TEXT_ADDRESS,
    register: () => 0x1000,
    readMemory: (_: number, size: number) => new Uint8Array(size),
  };
  let cause = '';
  const reads = countReads(() => {
    const result = variable!.locate(frame);
    cause = result.ok ? '' : result.failure.cause;
  });
  expect(reads).toBeLessThan(50_000);
  return cause;
}

test('an expression that asks for a long frame base again and again ends', () => {
  const nops = Array<number>(5000).fill(0x96);
  expect(
    located(
      times(5000, () => [0x91, 0, 0x13]),
      [...nops, 0x30],
    ),
  ).toMatch(/does not end/);
});

test('an expression that jumps back for ever ends', () => {
  expect(located([0x2f, ...half(0x10000 - 3)], [0x55])).toMatch(/does not end/);
});

test('names with brackets in brackets are looked up without a stack overflow', () => {
  const info = open({ '.debug_abbrev': [...ROOT, 0], '.debug_info': unit([1, 0]) });
  expect(info.functionsNamed(`${'<'.repeat(50_000)}a::b${'>'.repeat(50_000)}::c`)).toEqual([]);
});

test('a punycode identifier whose numbers run to infinity comes back unchanged', () => {
  const digits = `${'9'.repeat(400)}a`;
  const name = `_RCu${digits.length}_${digits}`;
  expect(demangle(name)).toBe(name);
});

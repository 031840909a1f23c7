/** ELF headers, sections, symbols and names, against readelf, node's zlib and c++filt. */
import { execFileSync } from 'node:child_process';
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { demangle, loadDebugInfo, parseElf } from '../../../debug-adapter/debug-info/index.ts';
import { inflateZlib } from '../../../debug-adapter/debug-info/inflate.ts';
import { debugInfo, elf, elfBytes, elfPath, fixtureNames, guestNames, hasTool, run } from './kit.ts';

describe.runIf(hasTool('readelf'))('readelf', () => {
  test.each([...fixtureNames, ...guestNames])('%s: the same sections and symbols', (name) => {
    const file = elf(name);
    const sections = [
      ...run('readelf', '-SW', elfPath(name)).matchAll(
        /^\s+\[\s*\d+\] (\S*)\s+\S+\s+([0-9a-f]{8}) ([0-9a-f]{6}) ([0-9a-f]{6})/gm,
      ),
    ];
    expect(sections.length).toBeGreaterThan(5);
    expect(
      file.sections.slice(1).map((section) => [section.name, section.address, section.offset, section.sizeBytes]),
    ).toEqual(
      sections
        .slice(1)
        .map((match) => [match[1], parseInt(match[2]!, 16), parseInt(match[3]!, 16), parseInt(match[4]!, 16)]),
    );
    const symbols = [
      ...run('readelf', '-sW', elfPath(name)).matchAll(
        /^\s+\d+: ([0-9a-f]{8})\s+(\S+) (\w+)\s+(\w+)\s+\w+\s+\S+ ?(.*)$/gm,
      ),
    ].slice(1);
    expect(
      file.symbols
        .filter((symbol) => symbol.kind !== 'section')
        .map((symbol) => [symbol.address, symbol.sizeBytes, symbol.name]),
    ).toEqual(
      symbols
        .filter((match) => match[3] !== 'SECTION')
        .map((match) => [parseInt(match[1]!, 16), Number(match[2]), match[5]]),
    );
  });
});

describe.runIf(hasTool('c++filt'))('c++filt', () => {
  test.each(['rust4', 'rust4-O2', ...guestNames])('%s: the same demangled names', (name) => {
    const names = [
      ...new Set(
        elf(name)
          .symbols.map((symbol) => symbol.name)
          .filter((symbol) => symbol.startsWith('_R')),
      ),
    ];
    const expected = execFileSync('c++filt', ['-s', 'rust'], { input: names.join('\n'), encoding: 'utf8' })
      .trimEnd()
      .split('\n');
    // c++filt shows crate hashes and the types of constants; a name is no better for them.
    const plain = (text: string): string =>
      text.replace(/\[[0-9a-f]{1,16}\]/g, '').replace(/: (?:[iu](?:8|16|32|64|128|size)|bool|char)(?=[,>\]])/g, '');
    const different = names.flatMap((mangled, index) => {
      const ours = demangle(mangled);
      return plain(expected[index]!) === ours ? [] : [`${mangled}: ${ours}, c++filt ${plain(expected[index]!)}`];
    });
    expect(different.slice(0, 5)).toEqual([]);
    expect(names.length).toBeGreaterThan(50);
  });
});

test.each([
  ['_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE', 'core::fmt::Formatter::write_str'],
  [
    '_ZN60_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$3fmt17h0123456789abcdefE',
    '<alloc::string::String as core::fmt::Display>::fmt',
  ],
  ['_ZN9wikipedia7article6formatE', '_ZN9wikipedia7article6formatE'],
  ['_RNvC6_123foo3bar', '123foo::bar'],
  ['_RINbNbCskIICzLVDPPb_5alloc5alloc8box_freeDINbNiB4_5boxed5FnBoxuEp6OutputuEL_ECs1iopQbuBiw2_3std', undefined],
  ['_RNCNCNgCs6DXkGYLi8lr_2cc5spawn00B5_', 'cc::spawn::{closure#0}::{closure#0}'],
  ['_RNvC7mycrateu8gdel_5qa', 'mycrate::gödel'],
  ['_RNvC1a4main.llvm.1234', 'a::main'],
  ['_RMC0', '_RMC0'],
  ['_RNvB_1a', '_RNvB_1a'],
  ['printf', 'printf'],
  ['', ''],
])('demangles %s', (mangled, expected) => {
  if (expected === undefined) expect(typeof demangle(mangled)).toBe('string');
  else expect(demangle(mangled)).toBe(expected);
});

test('back references cannot make a name explode', () => {
  const bomb = `_RNvC1aINvC1a1b${'TB8_B8_B8_B8_E'.repeat(40)}E`;
  const started = performance.now();
  demangle(bomb);
  demangle(`_RC${'M'.repeat(5000)}`);
  demangle(`_R${'INvC1a1b'.repeat(3000)}`);
  expect(performance.now() - started).toBeLessThan(500);
});

test('inflates what zlib deflates, and nothing else', () => {
  for (const size of [0, 1, 100, 70_000]) {
    for (const level of [0, 1, 9]) {
      const data = Uint8Array.from({ length: size }, (_, index) => (index * index) & (index % 3 === 0 ? 255 : 7));
      expect(inflateZlib(new Uint8Array(deflateSync(data, { level })), size)).toEqual(data);
    }
  }
  const packed = new Uint8Array(deflateSync(new Uint8Array(1000)));
  expect(() => inflateZlib(packed, 999)).toThrow('more than it says');
  expect(() => inflateZlib(packed, 1001)).toThrow('less than it says');
  expect(() => inflateZlib(packed.subarray(0, 8), 1000)).toThrow('ends too early');
  expect(() => inflateZlib(packed, 2 ** 31)).toThrow('impossible');
});

test('compressed sections give the same lines as plain ones', () => {
  expect(debugInfo('c5-types-zlib').sourceFiles()).toEqual(debugInfo('c4-types').sourceFiles());
});

describe('bad input', () => {
  const good = elfBytes('c4-O0');
  const patched = (offset: number, ...bytes: number[]): Uint8Array => {
    const copy = good.slice();
    copy.set(bytes, offset);
    return copy;
  };
  test.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'elf-not-elf'],
    ['a text file', new TextEncoder().encode('int main(void) {}'), 'elf-not-elf'],
    ['random bytes', Uint8Array.from({ length: 500 }, (_, index) => (index * 7919) & 255), 'elf-not-elf'],
    ['a truncated header', good.slice(0, 40), 'elf-truncated'],
    ['an x86-64 file', patched(4, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 62), 'elf-wrong-machine'],
    ['an ARM file', patched(18, 40), 'elf-wrong-machine'],
    ['a big-endian file', patched(5, 2), 'elf-wrong-machine'],
  ])('%s', (_, bytes, id) => {
    const parsed = parseElf(bytes);
    expect(parsed.ok ? '' : parsed.failure.id).toBe(id);
    expect(parsed.ok ? '' : parsed.failure.remedy).toMatch(/^[A-Z].*\.$/);
  });

  test('a file cut in the middle loads with warnings that say so', () => {
    const parsed = parseElf(good.slice(0, good.length >> 1));
    if (!parsed.ok) throw new Error(parsed.failure.cause);
    expect(parsed.value.warnings.map((warning) => warning.id)).toContain('elf-sections');
    const info = loadDebugInfo(parsed.value);
    expect(info.ok && info.value.hasDwarf).toBe(false);
    expect(info.ok && info.value.warnings.map((warning) => warning.id)).toContain('debug-info-missing');
  });
});

import { expect, test } from 'vitest';
import {
  mappedRanges,
  translatePage,
  walkPageTables,
  type PhysicalReader,
} from '../../../debug-adapter/target/page-tables.ts';

/** Physical memory as address → word; everything else is zero. */
function memory(words: Record<number, number>, largePages = true): PhysicalReader {
  return { word: (address) => words[address] ?? 0, largePages, pae: false };
}

const P = 1, W = 2, U = 4, PS = 0x80; // prettier-ignore
const DIRECTORY = 0x1000;
const TABLE = 0x2000;

test('a walk shows both entries and where the address leads', () => {
  const reader = memory({ [DIRECTORY + 8]: TABLE | P | W | U, [TABLE + 4]: 0x5000 | P | U });
  const walk = walkPageTables(reader, DIRECTORY, 0x00801234);
  expect(walk.physical).toBe(0x5234);
  expect(walk.levels).toEqual([
    { level: 'PDE', entryAddress: DIRECTORY + 8, value: TABLE | P | W | U, flags: 'P W U' },
    { level: 'PTE', entryAddress: TABLE + 4, value: 0x5000 | P | U, flags: 'P U' },
  ]);
});

test('a walk ends at the level that is not present', () => {
  const walk = walkPageTables(memory({ [DIRECTORY]: TABLE | P }), DIRECTORY, 0x3000);
  expect(walk.physical).toBeUndefined();
  expect(walk.levels.map((l) => l.level)).toEqual(['PDE', 'PTE']);
});

test('a large page maps 4 MiB, but only with CR4.PSE', () => {
  const words = { [DIRECTORY + 0x3c0 * 4]: P | W | PS };
  expect(walkPageTables(memory(words), DIRECTORY, 0xf0123456).physical).toBe(0x123456);
  expect(walkPageTables(memory(words, false), DIRECTORY, 0xf0123456).physical).toBeUndefined();
});

test('neighbouring pages with neighbouring frames and equal flags are one range; rights need both levels', () => {
  const reader = memory({
    [DIRECTORY]: TABLE | P | U,
    [TABLE]: 0x8000 | P | W | U,
    [TABLE + 4]: 0x9000 | P | W | U,
    [TABLE + 8]: 0xb000 | P | U,
    [TABLE + 12]: 0xc000 | P,
    [DIRECTORY + 0x3c0 * 4]: P | W | PS,
    [DIRECTORY + 0x3c1 * 4]: 0x400000 | P | W | PS,
  });
  expect(mappedRanges(reader, DIRECTORY, 0, 2 ** 32, 100)).toEqual([
    { start: 0x0000, sizeBytes: 0x2000, physical: 0x8000, flags: 'P U', pageBytes: 4096 },
    { start: 0x2000, sizeBytes: 0x1000, physical: 0xb000, flags: 'P U', pageBytes: 4096 },
    { start: 0x3000, sizeBytes: 0x1000, physical: 0xc000, flags: 'P', pageBytes: 4096 },
    { start: 0xf0000000, sizeBytes: 0x800000, physical: 0, flags: 'P W PS', pageBytes: 4194304 },
  ]);
  expect(mappedRanges(reader, DIRECTORY, 0, 2 ** 32, 2)).toHaveLength(2);
});

test('a walk with PAE shows three levels; what an entry maps past 4 GiB leads nowhere', () => {
  const pdpt = 0x1020;
  const reader: PhysicalReader = {
    largePages: false,
    pae: true,
    word: (address) =>
      ({
        [pdpt + 24]: 0x2000 | P,
        [0x2008]: 0x3000 | P | W | U,
        [0x3010]: 0x7000 | P | W,
        [0x2010]: 0x400000 | P | W | PS,
        [0x2018]: 0x400000 | P | W | PS,
        [0x201c]: 1,
      })[address] ?? 0,
  };
  const walk = walkPageTables(reader, pdpt, 0xc0202123);
  expect(walk.physical).toBe(0x7123);
  expect(walk.levels.map(({ level, entryAddress }) => [level, entryAddress])).toEqual([
    ['PDPTE', pdpt + 24],
    ['PDE', 0x2008],
    ['PTE', 0x3010],
  ]);
  expect(walkPageTables(reader, pdpt, 0xc0412345).physical).toBe(0x412345);
  expect(walkPageTables(reader, pdpt, 0xc0612345).physical).toBeUndefined();
  expect(mappedRanges(reader, pdpt, 0, 2 ** 32, 10)).toEqual([
    { start: 0xc0202000, sizeBytes: 0x1000, physical: 0x7000, flags: 'P W', pageBytes: 4096 },
    { start: 0xc0400000, sizeBytes: 0x200000, physical: 0x400000, flags: 'P W PS', pageBytes: 2097152 },
  ]);
});

test('PSE-36: a large page past 4 GiB leads nowhere', () => {
  expect(walkPageTables(memory({ [DIRECTORY]: P | W | PS | 0x2000 }), DIRECTORY, 0x1234).physical).toBeUndefined();
});

test('a page is found where its walk leads, whatever the tables hold', () => {
  let seed = 1;
  const random = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0);
  for (let round = 0; round < 2000; round++) {
    // Few tables, so that most walks stay within them; every flag at random, and words outside RAM.
    const words: Record<number, number> = {};
    const word = (): number => ((random() & 0x3000) | (random() >>> 20) | (random() & 0x100 ? P : 0)) >>> 0;
    const linear = random();
    words[DIRECTORY + (linear >>> 22) * 4] = word();
    for (const table of [0, 0x1000, 0x2000, 0x3000]) words[table + ((linear >>> 12) & 0x3ff) * 4] = word();
    const reader: PhysicalReader = {
      word: (address) => (address >= 0x3800 ? undefined : (words[address] ?? 0)),
      largePages: (random() & 0x100) !== 0,
      pae: (random() & 0x700) === 0,
    };
    expect(translatePage(reader, DIRECTORY, linear)).toBe(walkPageTables(reader, DIRECTORY, linear).physical);
  }
});

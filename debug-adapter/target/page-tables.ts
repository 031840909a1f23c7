/**
 * i386 page tables as data: one address's walk, and all that a directory maps. Reads physical memory only.
 * Intel SDM Vol. 3A, "32-Bit Paging"; large pages as CR4.PSE says.
 */
import type { MappedRange, PageWalk, PageWalkLevel, PhysicalAddress } from './target.ts';

export interface PhysicalReader {
  /** A little-endian word, or undefined outside RAM. */
  word(address: PhysicalAddress): number | undefined;
  /** CR4.PSE: directory entries may map 4 MiB. */
  readonly largePages: boolean;
}

const PAGE_BYTES = 4096 as const;
const LARGE_PAGE_BYTES = 4194304 as const;
const ENTRIES = 1024;

//  bit  letter   SDM Vol. 3A, "Format of a 32-Bit Page-Table Entry"
const FLAGS = [
  [0, 'P'],
  [1, 'W'],
  [2, 'U'],
  [3, 'PWT'],
  [4, 'PCD'],
  [5, 'A'],
  [6, 'D'],
  [7, 'PS'],
  [8, 'G'],
] as const;
const PRESENT = 1;
const WRITABLE = 2;
const USER = 4;
const LARGE = 0x80;

/** Bit 7 is PS in the directory; in a table it is PAT, and maps nothing larger. */
export function describeEntry(value: number, level: 'PDE' | 'PTE'): string {
  return FLAGS.filter(([bit]) => value & (1 << bit))
    .map(([, letter]) => (letter === 'PS' && level === 'PTE' ? 'PAT' : letter))
    .join(' ');
}

export function walkPageTables(reader: PhysicalReader, directory: PhysicalAddress, linear: number): PageWalk {
  const levels: PageWalkLevel[] = [];
  const take = (level: 'PDE' | 'PTE', entryAddress: PhysicalAddress): number | undefined => {
    const value = reader.word(entryAddress);
    if (value !== undefined) levels.push({ level, entryAddress, value, flags: describeEntry(value, level) });
    return value;
  };
  const pde = take('PDE', directory + (linear >>> 22) * 4);
  if (pde === undefined || !(pde & PRESENT)) return { levels, physical: undefined };
  if (pde & LARGE && reader.largePages) {
    return { levels, physical: (largeBase(pde) + (linear & (LARGE_PAGE_BYTES - 1))) >>> 0 };
  }
  const pte = take('PTE', (pde & ~0xfff) + ((linear >>> 12) & 0x3ff) * 4);
  if (pte === undefined || !(pte & PRESENT)) return { levels, physical: undefined };
  return { levels, physical: ((pte & ~0xfff) | (linear & 0xfff)) >>> 0 };
}

/** As `walkPageTables`, without the story. */
export function translatePage(
  reader: PhysicalReader,
  directory: PhysicalAddress,
  linear: number,
): PhysicalAddress | undefined {
  const pde = reader.word(directory + (linear >>> 22) * 4);
  if (pde === undefined || !(pde & PRESENT)) return undefined;
  if (pde & LARGE && reader.largePages) return (largeBase(pde) + (linear & (LARGE_PAGE_BYTES - 1))) >>> 0;
  const pte = reader.word((pde & ~0xfff) + ((linear >>> 12) & 0x3ff) * 4);
  if (pte === undefined || !(pte & PRESENT)) return undefined;
  return ((pte & ~0xfff) | (linear & 0xfff)) >>> 0;
}

/** Neighbouring pages with neighbouring frames and equal flags become one range. */
export function mappedRanges(
  reader: PhysicalReader,
  directory: PhysicalAddress,
  start: number,
  end: number,
  rangesMax: number,
): MappedRange[] {
  const ranges: { -readonly [K in keyof MappedRange]: MappedRange[K] }[] = [];
  const add = (linear: number, physical: number, flags: string, pageBytes: MappedRange['pageBytes']): boolean => {
    const last = ranges.at(-1);
    const joins =
      last &&
      last.start + last.sizeBytes === linear &&
      last.physical + last.sizeBytes === physical &&
      last.flags === flags &&
      last.pageBytes === pageBytes;
    if (joins) last.sizeBytes += pageBytes;
    else if (ranges.length >= rangesMax) return false;
    else ranges.push({ start: linear, sizeBytes: pageBytes, physical, flags, pageBytes });
    return true;
  };
  for (let linear = start - (start % PAGE_BYTES); linear < end;) {
    const pde = reader.word(directory + Math.floor(linear / LARGE_PAGE_BYTES) * 4);
    const nextTable = (Math.floor(linear / LARGE_PAGE_BYTES) + 1) * LARGE_PAGE_BYTES;
    if (pde === undefined || !(pde & PRESENT)) {
      linear = nextTable;
      continue;
    }
    if (pde & LARGE && reader.largePages) {
      const base = nextTable - LARGE_PAGE_BYTES;
      if (!add(base, largeBase(pde), describeEntry(pde, 'PDE'), LARGE_PAGE_BYTES)) return ranges;
      linear = nextTable;
      continue;
    }
    for (
      let index = Math.floor(linear / PAGE_BYTES) % ENTRIES;
      index < ENTRIES && linear < end;
      index++, linear += PAGE_BYTES
    ) {
      const pte = reader.word((pde & ~0xfff) + index * 4);
      if (pte === undefined || !(pte & PRESENT)) continue;
      // SDM Vol. 3A, "Determination of Access Rights": both levels have to allow a write or a user access.
      const effective = (pte & ~(WRITABLE | USER)) | (pte & pde & (WRITABLE | USER));
      if (!add(linear, (pte & ~0xfff) >>> 0, describeEntry(effective, 'PTE'), PAGE_BYTES)) return ranges;
    }
  }
  return ranges;
}

/** SDM Vol. 3A, "Format of a 32-Bit Page-Directory Entry that Maps a 4-MByte Page": bits 31:22. */
const largeBase = (pde: number): number => (pde & 0xffc00000) >>> 0;

/**
 * i386 page tables as data: one address's walk, and all that a directory maps. Reads physical memory only.
 * Intel SDM Vol. 3A, "32-Bit Paging", "PAE Paging"; large pages as CR4.PSE says. Physical addresses past 4 GiB lead nowhere.
 */
import type { MappedRange, PageWalk, PageWalkLevel, PhysicalAddress } from './target.ts';

export interface PhysicalReader {
  /** A little-endian word, or undefined outside RAM. */
  word(address: PhysicalAddress): number | undefined;
  /** CR4.PSE: directory entries may map 4 MiB. */
  readonly largePages: boolean;
  /** CR4.PAE: three levels of 64-bit entries. The first level is read from memory; the processor has it in registers. */
  readonly pae: boolean;
}

const PAGE_BYTES = 4096 as const;
const LARGE_PAGE_BYTES = 4194304 as const;
const PAE_PAGE_BYTES = 2097152 as const;
type LargePageBytes = typeof LARGE_PAGE_BYTES | typeof PAE_PAGE_BYTES;
/** SDM Vol. 3A, "Format of a 32-Bit Page-Directory Entry that Maps a 4-MByte Page": address bits 35:32. */
const PSE36_ADDRESS = 0x1e000;

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
export function describeEntry(value: number, level: PageWalkLevel['level']): string {
  return FLAGS.filter(([bit]) => value & (1 << bit))
    .map(([, letter]) => (letter === 'PS' && level === 'PTE' ? 'PAT' : letter))
    .join(' ');
}

/** What to do at each level: index of the linear address, and how many pages of 4 KiB an entry that maps one covers. */
interface Level {
  readonly level: PageWalkLevel['level'];
  readonly shift: number;
  readonly indexBits: number;
  readonly largeBytes: LargePageBytes | undefined;
}

// prettier-ignore
const LEVELS_32: readonly Level[] = [
  { level: 'PDE', shift: 22, indexBits: 10, largeBytes: LARGE_PAGE_BYTES },
  { level: 'PTE', shift: 12, indexBits: 10, largeBytes: undefined },
];
// prettier-ignore
const LEVELS_PAE: readonly Level[] = [
  { level: 'PDPTE', shift: 30, indexBits: 2, largeBytes: undefined },
  { level: 'PDE', shift: 21, indexBits: 9, largeBytes: PAE_PAGE_BYTES },
  { level: 'PTE', shift: 12, indexBits: 9, largeBytes: undefined },
];

interface Leaf {
  readonly physical: PhysicalAddress | undefined;
  /** Bytes the last entry that was read covers. */
  readonly coveredBytes: number;
  /** Flags of the last entry, W and U as all levels allow them; undefined when it is not present. */
  readonly entry: number | undefined;
  readonly pageBytes: MappedRange['pageBytes'];
  readonly level: PageWalkLevel['level'];
}

function descend(
  reader: PhysicalReader,
  directory: PhysicalAddress,
  linear: number,
  visit?: (level: PageWalkLevel['level'], entryAddress: PhysicalAddress, value: number) => void,
): Leaf {
  const levels = reader.pae ? LEVELS_PAE : LEVELS_32;
  const entryBytes = reader.pae ? 8 : 4;
  let table: number = reader.pae ? (directory & ~0x1f) >>> 0 : (directory & ~0xfff) >>> 0;
  let rights = WRITABLE | USER;
  for (const { level, shift, indexBits, largeBytes } of levels) {
    const entryAddress = table + ((linear >>> shift) & ((1 << indexBits) - 1)) * entryBytes;
    const value = reader.word(entryAddress);
    const high = reader.pae ? (reader.word(entryAddress + 4) ?? 0) : 0;
    if (value !== undefined) visit?.(level, entryAddress, value);
    const coveredBytes = 2 ** shift;
    const missing = { physical: undefined, coveredBytes, entry: undefined, pageBytes: PAGE_BYTES, level } as const;
    if (value === undefined || !(value & PRESENT)) return missing;
    // SDM Vol. 3A, "Determination of Access Rights": every level has to allow a write or a user access. PDPTEs have no say.
    if (level !== 'PDPTE') rights &= value;
    const entry = (value & ~(WRITABLE | USER)) | rights;
    const large = largeBytes !== undefined && (value & LARGE) !== 0 && (reader.pae || reader.largePages);
    if (large) {
      const beyond = reader.pae ? high !== 0 : (value & PSE36_ADDRESS) !== 0;
      const base = (value & ~(largeBytes - 1)) >>> 0;
      const physical = beyond ? undefined : (base + (linear & (largeBytes - 1))) >>> 0;
      return { physical, coveredBytes, entry, pageBytes: largeBytes, level };
    }
    if (high !== 0) return missing;
    table = (value & ~0xfff) >>> 0;
    if (level === 'PTE')
      return { physical: table + (linear & 0xfff), coveredBytes, entry, pageBytes: PAGE_BYTES, level };
  }
  throw new Error('a walk ends at a PTE');
}

export function walkPageTables(reader: PhysicalReader, directory: PhysicalAddress, linear: number): PageWalk {
  const levels: PageWalkLevel[] = [];
  const { physical } = descend(reader, directory, linear, (level, entryAddress, value) => {
    levels.push({ level, entryAddress, value, flags: describeEntry(value, level) });
  });
  return { levels, physical };
}

/** As `walkPageTables`, without the story: conditions do this at every hit, so 32-bit paging with small pages is quick. */
export function translatePage(
  reader: PhysicalReader,
  directory: PhysicalAddress,
  linear: number,
): PhysicalAddress | undefined {
  if (reader.pae) return descend(reader, directory, linear).physical;
  const entry = reader.word(((directory & ~0xfff) >>> 0) + (linear >>> 22) * 4);
  if (entry === undefined || !(entry & PRESENT)) return undefined;
  if (entry & LARGE) return descend(reader, directory, linear).physical;
  const page = reader.word(((entry & ~0xfff) >>> 0) + ((linear >>> 12) & 0x3ff) * 4);
  return page === undefined || !(page & PRESENT) ? undefined : ((page & ~0xfff) >>> 0) + (linear & 0xfff);
}

/** The last entry that a walk reads, its low half; undefined where the directory is outside RAM. */
export function lastEntry(reader: PhysicalReader, directory: PhysicalAddress, linear: number): number | undefined {
  if (reader.pae) {
    let last: number | undefined;
    descend(reader, directory, linear, (_level, _address, value) => (last = value));
    return last;
  }
  const entry = reader.word(((directory & ~0xfff) >>> 0) + (linear >>> 22) * 4);
  if (entry === undefined || !(entry & PRESENT) || (entry & LARGE && reader.largePages)) return entry;
  return reader.word(((entry & ~0xfff) >>> 0) + ((linear >>> 12) & 0x3ff) * 4) ?? entry;
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
    const { physical, coveredBytes, entry, pageBytes, level } = descend(reader, directory, linear);
    const first = linear - (linear % coveredBytes);
    if (entry !== undefined && physical !== undefined) {
      if (!add(first, physical - (linear - first), describeEntry(entry, level), pageBytes)) return ranges;
    }
    linear = first + coveredBytes;
  }
  return ranges;
}

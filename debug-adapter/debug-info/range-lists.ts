/**
 * Address ranges of entries: DWARF 5 §2.17, "Code Addresses, Ranges and Base Addresses"; .debug_ranges of DWARF 4 §2.17.3
 * and .debug_rnglists of DWARF 5 §7.25.
 *
 * Invariant: what is returned is not empty, ascending within each range, and inside code that was linked in: what the
 * linker dropped is left at address 0, 1 or near 2^32, and is filtered here.
 */
import type { AddressRange } from './api.ts';
import { ByteReader, CorruptData } from './bytes.ts';
import { AT, FORM } from './dwarf-constants.ts';
import type { Die } from './dies.ts';
import type { Unit } from './units.ts';

const ENTRIES_MAX = 100_000;
const SHF_ALLOC = 2;

//             DW_RLE_*
const RLE = {
  end_of_list: 0,
  base_addressx: 1,
  startx_endx: 2,
  startx_length: 3,
  offset_pair: 4,
  base_address: 5,
  start_end: 6,
  start_length: 7,
} as const;

/** Says whether an address is in a section that was loaded. */
export type InImage = (address: number) => boolean;

export function imageTest(sections: readonly { flags: number; address: number; sizeBytes: number }[]): InImage {
  const loaded = merged(
    sections
      .filter((section) => (section.flags & SHF_ALLOC) !== 0 && section.sizeBytes > 0)
      .map((section) => ({ start: section.address, end: section.address + section.sizeBytes }))
      .sort((a, b) => a.start - b.start),
  );
  if (loaded.length === 0) return (address) => address !== 0;
  return (address) => {
    let low = 0;
    let high = loaded.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (loaded[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    return low > 0 && address < loaded[low - 1]!.end;
  };
}

/**
 * The ranges of an entry, from DW_AT_low_pc and DW_AT_high_pc or DW_AT_ranges; empty where it has none. For whoever keeps
 * them: a list counts against the file's allowance each time, since any number of entries may name the same one.
 * @throws CorruptData
 */
export function rangesOf(die: Die, inImage: InImage): readonly AddressRange[] {
  const ranges = peekRanges(die, inImage);
  if (ranges.length > 1) die.unit.sections.allowance('address ranges').take(ranges.length);
  return ranges;
}

/** The same, for a look only. @throws CorruptData */
export function peekRanges(die: Die, inImage: InImage): readonly AddressRange[] {
  const { unit } = die;
  const listForm = die.form(AT.ranges);
  if (listForm !== undefined) {
    const value = die.number(AT.ranges);
    if (value === undefined) throw new CorruptData('it has ranges of a form that is not known');
    const indexed = listForm === FORM.rnglistx;
    const key = indexed ? -1 - value : value;
    let ranges = unit.rangeLists.get(key);
    if (ranges === undefined) {
      const all = unit.version >= 5 ? readRangeList(unit, value, indexed) : readRanges(unit, value + unit.rangesBase);
      unit.sections.allowance('address ranges').take(all.length);
      ranges = all.filter((range) => range.start < range.end && inImage(range.start));
      unit.rangeLists.set(key, ranges);
    }
    return ranges;
  }
  const low = die.address(AT.low_pc);
  if (low === undefined) return [];
  const high = die.address(AT.high_pc) ?? low + (die.number(AT.high_pc) ?? 0);
  return low < high && inImage(low) ? [{ start: low, end: high }] : [];
}

function readRanges(unit: Unit, offset: number): AddressRange[] {
  const bytes = unit.sections.get('.debug_ranges');
  if (offset >= bytes.length) throw new CorruptData('it names ranges past the end of .debug_ranges');
  const reader = new ByteReader(bytes, offset);
  const size = unit.addressSize;
  const largest = size === 4 ? 0xffffffff : Number(0xffffffffffffffffn);
  const ranges: AddressRange[] = [];
  let base = unit.lowPc ?? 0;
  for (let count = 0; count < ENTRIES_MAX; count++) {
    const start = reader.unsigned(size);
    const end = reader.unsigned(size);
    if (start === 0 && end === 0) break;
    if (start === largest) base = end;
    else ranges.push({ start: (start + base) % 2 ** 32, end: (end + base) % 2 ** 32 });
  }
  return ranges;
}

function readRangeList(unit: Unit, value: number, indexed: boolean): AddressRange[] {
  const bytes = unit.sections.get('.debug_rnglists');
  let offset = value;
  if (indexed) {
    const entry = unit.rnglistsBase + value * unit.offsetSize;
    offset = unit.rnglistsBase + new ByteReader(bytes, entry).unsigned(unit.offsetSize);
  }
  if (offset >= bytes.length) throw new CorruptData('it names ranges past the end of .debug_rnglists');
  const reader = new ByteReader(bytes, offset);
  const size = unit.addressSize;
  const ranges: AddressRange[] = [];
  let base = unit.lowPc ?? 0;
  for (let count = 0; count < ENTRIES_MAX; count++) {
    const kind = reader.u8();
    let start: number;
    switch (kind) {
      case RLE.end_of_list:
        return ranges;
      case RLE.base_addressx:
        base = unit.indexedAddress(reader.uleb());
        break;
      case RLE.startx_endx:
        start = unit.indexedAddress(reader.uleb());
        ranges.push({ start, end: unit.indexedAddress(reader.uleb()) });
        break;
      case RLE.startx_length:
        start = unit.indexedAddress(reader.uleb());
        ranges.push({ start, end: start + reader.uleb() });
        break;
      case RLE.offset_pair:
        start = base + reader.uleb();
        ranges.push({ start, end: base + reader.uleb() });
        break;
      case RLE.base_address:
        base = reader.unsigned(size);
        break;
      case RLE.start_end:
        start = reader.unsigned(size);
        ranges.push({ start, end: reader.unsigned(size) });
        break;
      case RLE.start_length:
        start = reader.unsigned(size);
        ranges.push({ start, end: start + reader.uleb() });
        break;
      default:
        throw new CorruptData(`its range list has an entry of the unknown kind ${kind}`);
    }
  }
  return ranges;
}

export function covers(ranges: readonly AddressRange[], address: number): boolean {
  for (const range of ranges) if (address >= range.start && address < range.end) return true;
  return false;
}

/** The fewest ranges that cover the same addresses. @param ranges ascending by start; they may overlap and touch */
export function merged(ranges: readonly AddressRange[]): AddressRange[] {
  const result: { start: number; end: number }[] = [];
  for (const { start, end } of ranges) {
    const last = result.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else result.push({ start, end });
  }
  return result;
}

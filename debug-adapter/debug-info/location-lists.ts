/**
 * Which expression holds at an address: DWARF 5 §7.29 (.debug_loclists) and DWARF 4 §2.6.2 (.debug_loc).
 *
 * Invariant: reading stops at the entry that covers the address; a list is bounded by its section.
 */
import { ByteReader, CorruptData } from './bytes.ts';
import type { Unit } from './units.ts';

const ENTRIES_MAX = 100_000;

//                      DW_LLE_*
const LLE = {
  end_of_list: 0,
  base_addressx: 1,
  startx_endx: 2,
  startx_length: 3,
  offset_pair: 4,
  default_location: 5,
  base_address: 6,
  start_end: 7,
  start_length: 8,
  GNU_view_pair: 9,
} as const;

/**
 * @param value offset of the list, or its index for DW_FORM_loclistx
 * @returns `undefined` where no entry covers `pc`: the object has no location there
 * @throws CorruptData
 */
export function locationAt(unit: Unit, value: number, indexed: boolean, pc: number): Uint8Array | undefined {
  return unit.version >= 5 ? locationAt5(unit, value, indexed, pc) : locationAt4(unit, value, pc);
}

function locationAt4(unit: Unit, offset: number, pc: number): Uint8Array | undefined {
  const bytes = unit.sections.get('.debug_loc');
  if (offset >= bytes.length) throw new CorruptData('it names a location list past the end of .debug_loc');
  const reader = new ByteReader(bytes, offset);
  const size = unit.addressSize;
  let base = unit.lowPc ?? 0;
  for (let count = 0; count < ENTRIES_MAX; count++) {
    const start = reader.unsigned(size);
    const end = reader.unsigned(size);
    if (start === 0 && end === 0) return undefined;
    if (start === (size === 4 ? 0xffffffff : Number(0xffffffffffffffffn))) {
      base = end;
      continue;
    }
    const expression = reader.block(reader.u16());
    if (pc >= (base + start) % 2 ** 32 && pc < (base + end) % 2 ** 32) return expression;
  }
  return undefined;
}

function locationAt5(unit: Unit, value: number, indexed: boolean, pc: number): Uint8Array | undefined {
  const bytes = unit.sections.get('.debug_loclists');
  let offset = value;
  if (indexed) {
    const entry = unit.loclistsBase + value * unit.offsetSize;
    offset = unit.loclistsBase + new ByteReader(bytes, entry).unsigned(unit.offsetSize);
  }
  if (offset >= bytes.length) throw new CorruptData('it names a location list past the end of .debug_loclists');
  const reader = new ByteReader(bytes, offset);
  const size = unit.addressSize;
  let base = unit.lowPc ?? 0;
  let fallback: Uint8Array | undefined;
  for (let count = 0; count < ENTRIES_MAX; count++) {
    const kind = reader.u8();
    let start: number;
    let end: number;
    switch (kind) {
      case LLE.end_of_list:
        return fallback;
      case LLE.base_addressx:
        base = unit.indexedAddress(reader.uleb());
        continue;
      case LLE.base_address:
        base = reader.unsigned(size);
        continue;
      case LLE.GNU_view_pair:
        reader.uleb();
        reader.uleb();
        continue;
      case LLE.default_location:
        fallback = reader.block(reader.uleb());
        continue;
      case LLE.startx_endx:
        start = unit.indexedAddress(reader.uleb());
        end = unit.indexedAddress(reader.uleb());
        break;
      case LLE.startx_length:
        start = unit.indexedAddress(reader.uleb());
        end = start + reader.uleb();
        break;
      case LLE.offset_pair:
        start = base + reader.uleb();
        end = base + reader.uleb();
        break;
      case LLE.start_end:
        start = reader.unsigned(size);
        end = reader.unsigned(size);
        break;
      case LLE.start_length:
        start = reader.unsigned(size);
        end = start + reader.uleb();
        break;
      default:
        throw new CorruptData(`its location list has an entry of the unknown kind ${kind}`);
    }
    const expression = reader.block(reader.uleb());
    if (pc >= start && pc < end) return expression;
  }
  return fallback;
}

/**
 * Debugging information entries and their attributes: DWARF 5 §7.5.5 and §7.5.6, "Classes and Forms", "Form Encodings".
 *
 * Invariant: a `Die` may be reused for the next entry (`walk` does so); what must outlive that is copied out of it.
 */
import type { Abbrev } from './abbrevs.ts';
import { ByteReader, CorruptData, decodeUtf8 } from './bytes.ts';
import { AT, FORM, SIZE_OF_ADDRESS, SIZE_OF_OFFSET, SIZE_OF_REF_ADDR, formSizes } from './dwarf-constants.ts';
import type { Unit } from './units.ts';

const noAttributes: readonly number[] = [];

export class Die {
  readonly unit: Unit;
  /** In the unit's section. */
  offset = 0;
  /** 0: the end of a list of siblings. */
  tag = 0;
  hasChildren = false;
  /** Offset after the attributes. */
  next = 0;
  attributes: readonly number[] = noAttributes;
  forms: readonly number[] | number[] = noAttributes;
  /** Numbers, offsets, indexes; for blocks their length. */
  readonly values: number[] = [];
  /** Offset of the value in the section; for blocks and strings of their first byte. */
  readonly positions: number[] = [];

  constructor(unit: Unit) {
    this.unit = unit;
  }

  get id(): number {
    return this.offset + this.unit.bias;
  }

  /** Index of an attribute, or -1. */
  find(attribute: number): number {
    return this.attributes.indexOf(attribute);
  }

  has(attribute: number): boolean {
    return this.attributes.includes(attribute);
  }

  /** An unsigned or signed constant, an offset or an index as it stands. `undefined` where missing or a block. */
  number(attribute: number): number | undefined {
    const index = this.find(attribute);
    if (index < 0 || isBlock(this.forms[index]!)) return undefined;
    return this.values[index]!;
  }

  flag(attribute: number): boolean {
    const index = this.find(attribute);
    return index >= 0 && this.values[index] !== 0;
  }

  /** A constant of up to 16 bytes, exact. Fixed-size forms are read as unsigned. */
  bigint(attribute: number): bigint | undefined {
    const index = this.find(attribute);
    if (index < 0) return undefined;
    const position = this.positions[index]!;
    const { bytes, view } = this.unit;
    switch (this.forms[index]!) {
      case FORM.data8:
        return view.getBigUint64(position, true);
      case FORM.data16:
        return view.getBigUint64(position, true) | (view.getBigUint64(position + 8, true) << 64n);
      case FORM.udata:
        return new ByteReader(bytes, position).ulebBig();
      case FORM.sdata:
        return new ByteReader(bytes, position).slebBig();
      case FORM.data1:
      case FORM.data2:
      case FORM.data4:
      case FORM.implicit_const:
      case FORM.flag:
      case FORM.flag_present:
        return BigInt(this.values[index]!);
      default: {
        const block = this.block(attribute);
        if (block === undefined || block.length > 16) return undefined;
        let value = 0n;
        for (let at = block.length - 1; at >= 0; at--) value = (value << 8n) | BigInt(block[at]!);
        return value;
      }
    }
  }

  string(attribute: number): string | undefined {
    const index = this.find(attribute);
    if (index < 0) return undefined;
    const { unit } = this;
    const value = this.values[index]!;
    switch (this.forms[index]!) {
      case FORM.string:
        return decodeUtf8(unit.bytes, this.positions[index]!, this.positions[index]! + value);
      case FORM.strp:
        return unit.sections.string(value);
      case FORM.line_strp:
        return unit.sections.lineString(value);
      case FORM.strx:
      case FORM.strx1:
      case FORM.strx2:
      case FORM.strx3:
      case FORM.strx4:
      case FORM.GNU_str_index:
        return unit.indexedString(value);
      default:
        return undefined;
    }
  }

  /** An attribute of class address; `undefined` for another class. */
  address(attribute: number): number | undefined {
    const index = this.find(attribute);
    if (index < 0) return undefined;
    const value = this.values[index]!;
    switch (this.forms[index]!) {
      case FORM.addr:
        return value;
      case FORM.addrx:
      case FORM.addrx1:
      case FORM.addrx2:
      case FORM.addrx3:
      case FORM.addrx4:
      case FORM.GNU_addr_index:
        return this.unit.indexedAddress(value);
      default:
        return undefined;
    }
  }

  /** A block or expression, as a view of the section. */
  block(attribute: number): Uint8Array | undefined {
    const index = this.find(attribute);
    if (index < 0) return undefined;
    const form = this.forms[index]!;
    const position = this.positions[index]!;
    if (form === FORM.data16) return this.unit.bytes.subarray(position, position + 16);
    return isBlock(form) ? this.unit.bytes.subarray(position, position + this.values[index]!) : undefined;
  }

  form(attribute: number): number | undefined {
    const index = this.find(attribute);
    return index < 0 ? undefined : this.forms[index];
  }
}

function isBlock(form: number): boolean {
  return (
    form === FORM.exprloc || form === FORM.block1 || form === FORM.block || form === FORM.block2 || form === FORM.block4
  );
}

/** Reads the entry at `offset` into `die`. */
export function readDie(die: Die, offset: number): void {
  const { unit } = die;
  // Reading one entry calls nothing that reads another, so one reader per unit is enough, and half the time.
  const reader = unit.cursor;
  reader.offset = offset;
  const abbrev = readAbbrev(unit, reader);
  die.offset = offset;
  if (abbrev === undefined) {
    die.tag = 0;
    die.hasChildren = false;
    die.attributes = noAttributes;
    die.forms = noAttributes;
    die.next = reader.offset;
    return;
  }
  die.tag = abbrev.tag;
  die.hasChildren = abbrev.hasChildren;
  die.attributes = abbrev.attributes;
  die.forms = abbrev.forms;
  const { forms } = abbrev;
  for (let index = 0; index < forms.length; index++)
    readValue(die, index, forms[index]!, abbrev.constants[index]!, reader);
  if (reader.offset > unit.end) throw new CorruptData('it has an entry that reaches past its end');
  die.next = reader.offset;
}

function readAbbrev(unit: Unit, reader: ByteReader): Abbrev | undefined {
  const code = reader.uleb();
  if (code === 0) return undefined;
  const abbrev = unit.abbrevs[code];
  if (abbrev === undefined) throw unknownAbbrev(reader.offset - 1, code);
  return abbrev;
}

function unknownAbbrev(offset: number, code: number): CorruptData {
  return new CorruptData(`its entry at 0x${offset.toString(16)} uses abbreviation ${code}, which is not in its table`);
}

function readValue(die: Die, index: number, form: number, constant: number, reader: ByteReader): void {
  const { unit, values, positions } = die;
  positions[index] = reader.offset;
  switch (form) {
    case FORM.addr:
      values[index] = reader.unsigned(unit.addressSize);
      return;
    case FORM.data1:
    case FORM.ref1:
    case FORM.flag:
    case FORM.strx1:
    case FORM.addrx1:
      values[index] = reader.u8();
      return;
    case FORM.data2:
    case FORM.ref2:
    case FORM.strx2:
    case FORM.addrx2:
      values[index] = reader.u16();
      return;
    case FORM.strx3:
    case FORM.addrx3:
      values[index] = reader.u24();
      return;
    case FORM.data4:
    case FORM.ref4:
    case FORM.strx4:
    case FORM.addrx4:
    case FORM.ref_sup4:
      values[index] = reader.u32();
      return;
    case FORM.data8:
    case FORM.ref8:
    case FORM.ref_sig8:
    case FORM.ref_sup8:
      values[index] = reader.u32() + reader.u32() * 2 ** 32;
      return;
    case FORM.sec_offset:
    case FORM.strp:
    case FORM.line_strp:
    case FORM.strp_sup:
    case FORM.GNU_ref_alt:
    case FORM.GNU_strp_alt:
      values[index] = reader.unsigned(unit.offsetSize);
      return;
    case FORM.ref_addr:
      values[index] = reader.unsigned(unit.version <= 2 ? unit.addressSize : unit.offsetSize);
      return;
    case FORM.udata:
    case FORM.ref_udata:
    case FORM.strx:
    case FORM.addrx:
    case FORM.loclistx:
    case FORM.rnglistx:
    case FORM.GNU_addr_index:
    case FORM.GNU_str_index:
      values[index] = reader.uleb();
      return;
    case FORM.sdata:
      values[index] = reader.sleb();
      return;
    case FORM.implicit_const:
      values[index] = constant;
      return;
    case FORM.flag_present:
      values[index] = 1;
      return;
    case FORM.string:
      reader.skipString();
      values[index] = reader.offset - 1 - positions[index];
      return;
    case FORM.data16:
      values[index] = 16;
      reader.skip(16);
      return;
    case FORM.exprloc:
    case FORM.block:
    case FORM.block1:
    case FORM.block2:
    case FORM.block4: {
      const length =
        form === FORM.block1
          ? reader.u8()
          : form === FORM.block2
            ? reader.u16()
            : form === FORM.block4
              ? reader.u32()
              : reader.uleb();
      positions[index] = reader.offset;
      values[index] = length;
      reader.skip(length);
      return;
    }
    case FORM.indirect: {
      const actual = directForm(reader);
      die.forms = die.forms.slice();
      (die.forms as number[])[index] = actual;
      readValue(die, index, actual, actual === FORM.implicit_const ? reader.sleb() : 0, reader);
      return;
    }
    default:
      throw new CorruptData(`it uses form 0x${form.toString(16)}, which is not known`);
  }
}

/** The form that stands before a value of DW_FORM_indirect. */
function directForm(reader: ByteReader): number {
  const actual = reader.uleb();
  if (actual === FORM.indirect) throw new CorruptData('it has an indirect form of an indirect form');
  return actual;
}

/** Offset after one form's value. */
function skipValue(unit: Unit, form: number, reader: ByteReader): void {
  const size = formSizes.get(form);
  if (size !== undefined) {
    if (size >= 0) reader.offset += size;
    else if (size === SIZE_OF_OFFSET) reader.offset += unit.offsetSize;
    else if (size === SIZE_OF_ADDRESS) reader.offset += unit.addressSize;
    else if (size === SIZE_OF_REF_ADDR) reader.offset += unit.version <= 2 ? unit.addressSize : unit.offsetSize;
    return;
  }
  switch (form) {
    case FORM.string:
      reader.skipString();
      return;
    case FORM.block1:
      reader.skip(reader.u8());
      return;
    case FORM.block2:
      reader.skip(reader.u16());
      return;
    case FORM.block4:
      reader.skip(reader.u32());
      return;
    case FORM.block:
    case FORM.exprloc:
      reader.skip(reader.uleb());
      return;
    case FORM.indirect: {
      const actual = directForm(reader);
      if (actual === FORM.implicit_const) reader.skipLeb();
      else skipValue(unit, actual, reader);
      return;
    }
    case FORM.udata:
    case FORM.sdata:
    case FORM.ref_udata:
    case FORM.strx:
    case FORM.addrx:
    case FORM.loclistx:
    case FORM.rnglistx:
    case FORM.GNU_addr_index:
    case FORM.GNU_str_index:
      reader.skipLeb();
      return;
    default:
      throw new CorruptData(`it uses form 0x${form.toString(16)}, which is not known`);
  }
}

/**
 * Visits the entry at `start` (depth 0) and what is below it, in order. `visit` says whether to go into an entry's
 * children. One Die is reused for all.
 * @returns the offset after the last entry
 * @throws CorruptData
 */
export function walk(unit: Unit, start: number, visit: (die: Die, depth: number) => boolean): number {
  const die = new Die(unit);
  let depth = 0;
  let offset = start;
  while (offset < unit.end) {
    readDie(die, offset);
    offset = die.next;
    if (die.tag === 0) {
      if (--depth <= 0) return offset;
      continue;
    }
    const { hasChildren } = die;
    const sibling = die.number(AT.sibling);
    if (!visit(die, depth)) {
      if (hasChildren) offset = skipChildren(unit, offset, sibling);
    } else if (hasChildren) {
      depth++;
      continue;
    }
    if (depth === 0) return offset;
  }
  return offset;
}

/** Visits the direct children of `parent`. */
export function forEachChild(parent: Die, visit: (die: Die) => void): void {
  if (!parent.hasChildren) return;
  walk(parent.unit, parent.offset, (die, depth) => {
    if (depth === 0) return true;
    visit(die);
    return false;
  });
}

function skipChildren(unit: Unit, offset: number, sibling: number | undefined): number {
  if (sibling !== undefined) {
    const target = unit.offset + sibling;
    if (target > offset && target <= unit.end) return target;
  }
  const reader = new ByteReader(unit.bytes, offset, unit.end);
  let depth = 1;
  while (depth > 0 && reader.offset < unit.end) {
    const abbrev = readAbbrev(unit, reader);
    if (abbrev === undefined) {
      depth--;
      continue;
    }
    skipAttributes(unit, abbrev, reader);
    if (abbrev.hasChildren) depth++;
  }
  return reader.offset;
}

function skipAttributes(unit: Unit, abbrev: Abbrev, reader: ByteReader): void {
  if (abbrev.fixedSize >= 0 && unit.plain) {
    reader.offset += abbrev.fixedSize;
    return;
  }
  for (const form of abbrev.forms) skipValue(unit, form, reader);
}

/**
 * What `scan` does with an entry: hand it over with its attributes, or without them; or pass over it; and, for `skip`,
 * over its children too.
 */
export type Interest = 'read' | 'note' | 'pass' | 'skip';

export interface ScannedEntry {
  readonly offset: number;
  readonly abbrev: Abbrev;
  /** Offset of DW_AT_name in .debug_str, where the abbreviation says where it stands; else -1. */
  readonly nameOffset: number;
  /** Holds the attributes where they were read; reused for the next entry. */
  readonly die: Die;
}

/**
 * Goes over all entries of a unit, reading the attributes only of those of interest: several times faster than `walk`
 * where most are types. `leave` is called after the last child of each entry that was not skipped.
 * The loop calls nothing for most entries, since it runs once, before the JIT compiler has seen it.
 * @throws CorruptData
 */
export function scan(
  unit: Unit,
  interest: (abbrev: Abbrev) => Interest,
  visit: (entry: ScannedEntry) => void,
  leave: (wasVisited: boolean, end: number) => void,
): void {
  const { abbrevs, bytes, end, plain, view } = unit;
  const die = new Die(unit);
  const entry = { offset: 0, abbrev: undefined as unknown as Abbrev, nameOffset: -1, die };
  const reader = new ByteReader(bytes, unit.firstDie, end);
  const interests: (Interest | undefined)[] = [];
  const visited: boolean[] = [];
  let position = unit.firstDie;
  while (position < end) {
    const offset = position;
    let code = bytes[position++]!;
    if (code >= 0x80) {
      reader.offset = offset;
      code = reader.uleb();
      position = reader.offset;
    }
    if (code === 0) {
      const wasVisited = visited.pop();
      if (wasVisited === undefined) return;
      if (wasVisited) leave(true, position);
      if (visited.length === 0) return;
      continue;
    }
    const abbrev = abbrevs[code];
    if (abbrev === undefined) throw unknownAbbrev(offset, code);
    const attributes = position;
    const how = (interests[code] ??= interest(abbrev));
    if (how === 'read') {
      readDie(die, offset);
      position = die.next;
    } else if (plain && abbrev.fixedSize >= 0) position += abbrev.fixedSize;
    else {
      reader.offset = position;
      skipAttributes(unit, abbrev, reader);
      position = reader.offset;
    }
    if (how === 'read' || how === 'note') {
      entry.offset = offset;
      entry.abbrev = abbrev;
      entry.nameOffset =
        plain && abbrev.nameAt >= 0 && position <= end ? view.getUint32(attributes + abbrev.nameAt, true) : -1;
      visit(entry);
    }
    if (!abbrev.hasChildren) continue;
    if (how === 'skip') position = skipChildren(unit, position, undefined);
    else visited.push(how !== 'pass');
  }
}

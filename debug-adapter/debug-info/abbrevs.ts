/**
 * Abbreviation tables: DWARF 5 §7.5.3, "Abbreviations Tables".
 *
 * Invariant: a table is parsed once per offset in .debug_abbrev, and all tables together are bounded by an allowance.
 */
import { Allowance } from './allowance.ts';
import { ByteReader, CorruptData } from './bytes.ts';
import { AT, FORM, SIZE_OF_ADDRESS, SIZE_OF_OFFSET, SIZE_OF_REF_ADDR, formSizes } from './dwarf-constants.ts';

export interface Abbrev {
  readonly code: number;
  readonly tag: number;
  readonly hasChildren: boolean;
  /** Attribute, form; parallel arrays. */
  readonly attributes: readonly number[];
  readonly forms: readonly number[];
  /** By attribute index, for DW_FORM_implicit_const. */
  readonly constants: readonly number[];
  /** Size of all attributes in a unit with 4-byte offsets and addresses, or -1 where it depends on their values. */
  readonly fixedSize: number;
  /** Where DW_AT_name stands among the attributes, if it is a DW_FORM_strp after attributes of fixed size; else -1. */
  readonly nameAt: number;
}

const CODE_MAX = 1 << 20;
/** Slots, abbreviations and attributes for each byte of the section; an abbreviation has three bytes at least. */
const PER_BYTE = 4;

export class AbbrevTables {
  readonly #bytes: Uint8Array;
  readonly #tables = new Map<number, readonly (Abbrev | undefined)[]>();
  readonly #allowance: Allowance;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#allowance = new Allowance('abbreviations', PER_BYTE * bytes.length);
  }

  /** @throws CorruptData */
  at(offset: number): readonly (Abbrev | undefined)[] {
    const known = this.#tables.get(offset);
    if (known !== undefined) return known;
    if (offset >= this.#bytes.length)
      throw new CorruptData(`it names abbreviations at 0x${offset.toString(16)}, past their section`);
    const table = this.#parse(offset);
    this.#tables.set(offset, table);
    return table;
  }

  #parse(offset: number): (Abbrev | undefined)[] {
    const reader = new ByteReader(this.#bytes, offset);
    const table: (Abbrev | undefined)[] = [undefined];
    while (!reader.atEnd) {
      const code = reader.uleb();
      if (code === 0) break;
      if (code > CODE_MAX) throw new CorruptData(`it has abbreviation number ${code}`);
      const tag = reader.uleb();
      const hasChildren = reader.u8() !== 0;
      const attributes: number[] = [];
      const forms: number[] = [];
      const constants: number[] = [];
      let fixedSize = 0;
      let nameAt = -1;
      for (;;) {
        const attribute = reader.uleb();
        const form = reader.uleb();
        if (attribute === 0 && form === 0) break;
        this.#allowance.take(1);
        attributes.push(attribute);
        forms.push(form);
        constants.push(form === FORM.implicit_const ? reader.sleb() : 0);
        if (attribute === AT.name && form === FORM.strp) nameAt = fixedSize;
        const size = formSizes.get(form);
        if (size === undefined) fixedSize = -1;
        else if (fixedSize >= 0) {
          fixedSize += size === SIZE_OF_OFFSET || size === SIZE_OF_ADDRESS || size === SIZE_OF_REF_ADDR ? 4 : size;
        }
      }
      // Numbers may have gaps, and an offset into the middle of a table gives another table.
      this.#allowance.take(1 + Math.max(0, code - table.length));
      while (table.length < code) table.push(undefined);
      table[code] ??= { code, tag, hasChildren, attributes, forms, constants, fixedSize, nameAt };
    }
    return table;
  }
}

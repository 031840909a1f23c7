/**
 * The DWARF of one file as a whole: its units, what each of them has, and the names of entries.
 * DWARF 5 §2.13.2 ("Declarations Completing Non-Defining Declarations") and §3.3.8 ("Inlinable and Inlined Subprograms")
 * for where an entry's name is found.
 *
 * Invariant: nothing is read before it is asked for, and nothing is read twice.
 */
import type { AddressRange, ElfFile } from './api.ts';
import { ByteReader, CorruptData } from './bytes.ts';
import { Cfi } from './call-frame.ts';
import { demangle } from './demangle.ts';
import type { Die } from './dies.ts';
import { AT, TAG } from './dwarf-constants.ts';
import { LineTables } from './line-table.ts';
import { imageTest, merged, rangesOf } from './range-lists.ts';
import type { InImage } from './range-lists.ts';
import { TypeGraph } from './type-graph.ts';
import { enclosing, functionCovering, indexUnit } from './unit-index.ts';
import type { FunctionEntry, UnitIndex } from './unit-index.ts';
import { DwarfSections, UnitTable } from './units.ts';
import type { DieId, Unit } from './units.ts';

/** How many links from a concrete entry to its declaration are followed. */
const ORIGINS_MAX = 16;

interface UnitRange extends AddressRange {
  readonly unitOffset: number;
}

export class Dwarf {
  readonly elf: ElfFile;
  readonly sections: DwarfSections;
  readonly units: UnitTable;
  readonly inImage: InImage;
  readonly lines: LineTables;
  readonly types: TypeGraph;
  readonly cfi: Cfi;
  readonly #indexes = new Map<Unit, UnitIndex>();
  #unitRanges: readonly UnitRange[] | undefined;
  readonly #names = new Map<DieId, string>();

  constructor(elf: ElfFile) {
    this.elf = elf;
    this.sections = new DwarfSections(elf);
    this.inImage = imageTest(elf.sections);
    this.units = new UnitTable(this.sections);
    this.lines = new LineTables(this.units, this.inImage);
    this.types = new TypeGraph(this);
    this.cfi = new Cfi(this.sections);
  }

  index(unit: Unit): UnitIndex {
    let index = this.#indexes.get(unit);
    if (index === undefined) {
      index = indexUnit(unit, this.inImage);
      this.#indexes.set(unit, index);
    }
    return index;
  }

  /** The unit whose code holds `address`. */
  unitAt(address: number): Unit | undefined {
    const ranges = (this.#unitRanges ??= this.#readUnitRanges());
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ranges[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    // Ranges of two units overlap only where a producer erred; the nearest start wins.
    for (let index = low - 1; index >= 0 && index >= low - 8; index--) {
      if (address < ranges[index]!.end) return this.units.compileUnitAt(ranges[index]!.unitOffset);
    }
    return undefined;
  }

  #readUnitRanges(): UnitRange[] {
    const all: UnitRange[] = [];
    const described = this.#readAranges(all);
    for (const unit of this.units.compileUnits(described)) {
      if (unit.kind === 'partial') continue;
      const what = (): string => `The address ranges of ${unit.name} cannot be read`;
      let ranges = this.sections.guard<readonly AddressRange[]>('dwarf-ranges', what, [], () =>
        rangesOf(unit.root, this.inImage),
      );
      // A unit need not say its ranges: then its functions do.
      if (ranges.length === 0) ranges = merged(this.index(unit).code);
      for (const range of ranges) all.push({ ...range, unitOffset: unit.offset });
    }
    return all.sort((a, b) => a.start - b.start || b.end - a.end);
  }

  /**
   * DWARF 5 §6.1.2, "Lookup by Address": saves opening every unit to find the one that holds an address.
   * @returns offsets of the units it describes
   */
  #readAranges(all: UnitRange[]): Set<number> {
    const described = new Set<number>();
    const bytes = this.sections.get('.debug_aranges');
    const reader = new ByteReader(bytes);
    this.sections.guard(
      'dwarf-ranges',
      () => 'Section .debug_aranges cannot be read to the end',
      undefined,
      () => {
        while (!reader.atEnd) {
          const start = reader.offset;
          const { length, offsetSize } = reader.initialLength();
          const end = reader.offset + length;
          if (end > bytes.length) throw new CorruptData('a set reaches past its end');
          reader.u16();
          const unitOffset = reader.unsigned(offsetSize);
          const addressSize = reader.u8();
          if (reader.u8() !== 0) throw new CorruptData('it has segments');
          // Tuples are aligned to their own size, counted from the start of the set.
          reader.offset = start + Math.ceil((reader.offset - start) / (2 * addressSize)) * 2 * addressSize;
          while (reader.offset < end) {
            const low = reader.unsigned(addressSize);
            const size = reader.unsigned(addressSize);
            if (low === 0 && size === 0) break;
            if (size > 0 && this.inImage(low)) all.push({ start: low, end: low + size, unitOffset });
            described.add(unitOffset);
          }
          reader.offset = end;
        }
      },
    );
    return described;
  }

  /** The function entry whose code holds `address`: the innermost where functions nest. */
  functionEntryAt(address: number): FunctionEntry | undefined {
    const unit = this.unitAt(address);
    return unit && functionCovering(this.index(unit), address);
  }

  /** The entry itself, then the ones it completes or is an instance of: DW_AT_abstract_origin, DW_AT_specification. */
  origins(die: Die): Die[] {
    const chain = [die];
    let current = die;
    while (chain.length < ORIGINS_MAX) {
      const next = this.units.reference(current, AT.abstract_origin) ?? this.units.reference(current, AT.specification);
      if (next === undefined) break;
      current = this.units.die(next);
      chain.push(current);
    }
    return chain;
  }

  /** With namespaces and enclosing types. */
  qualifiedName(die: Die): string {
    const known = this.#names.get(die.id);
    if (known !== undefined) return known;
    const chain = this.origins(die);
    let name = '';
    let linkage: string | undefined;
    for (const origin of chain) {
      if (name === '') name = origin.string(AT.name) ?? '';
      linkage ??= origin.string(AT.linkage_name) ?? origin.string(AT.MIPS_linkage_name);
    }
    const declaration = chain[chain.length - 1]!;
    const scope = this.scopeName(declaration.unit, declaration.offset);
    let qualified = scope === '' ? name : `${scope}::${name}`;
    // rustc names an impl block `{impl#3}`; the symbol names its type.
    if (linkage !== undefined && (name === '' || qualified.includes('{impl#') || qualified.includes('{closure_env#'))) {
      const demangled = demangle(linkage);
      if (demangled !== linkage) qualified = demangled;
      else if (name === '') qualified = linkage;
    }
    this.#names.set(die.id, qualified);
    return qualified;
  }

  /** `kernel::env` for what stands in that namespace; empty at the top. */
  scopeName(unit: Unit, offset: number): string {
    const parts: string[] = [];
    for (const scope of enclosing(this.index(unit), offset)) {
      switch (scope.tag) {
        case TAG.namespace:
        case TAG.module:
        case TAG.structure_type:
        case TAG.class_type:
        case TAG.union_type:
        case TAG.interface_type:
        case TAG.enumeration_type: {
          const name = unit.die(scope.offset).string(AT.name);
          if (name !== undefined) parts.push(name);
          break;
        }
        default:
      }
    }
    return parts.join('::');
  }

  /** The file a DW_AT_decl_file or DW_AT_call_file of `unit` means. */
  file(unit: Unit, number: number | undefined): string | undefined {
    if (number === undefined) return undefined;
    const file = this.lines.tableOf(unit)?.file(number);
    return file === '' ? undefined : file;
  }
}

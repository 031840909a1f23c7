/**
 * Functions, inlined functions and types of all units by the last segment of their name, generics left out.
 *
 * Invariant: built on the first question of its kind, in one pass over the units' indexes; then only looked up.
 */
import { AT } from './dwarf-constants.ts';
import type { Dwarf } from './dwarf.ts';
import { withoutGenerics } from './name-paths.ts';
import type { FunctionEntry, InlinedEntry, TypeEntry } from './unit-index.ts';
import type { Unit } from './units.ts';

export class NameIndex {
  readonly #dwarf: Dwarf;
  #functions: Map<string, FunctionEntry[]> | undefined;
  #types: Map<string, TypeEntry[]> | undefined;

  constructor(dwarf: Dwarf) {
    this.#dwarf = dwarf;
  }

  /** Of those that have a symbol; needs no pass over the units. Mangled names hold identifiers as they are. */
  functionsBySymbol(segment: string): readonly FunctionEntry[] {
    const wanted = withoutGenerics(segment);
    const found = new Set<FunctionEntry>();
    if (!/^\w+$/.test(wanted)) return [];
    for (const symbol of this.#dwarf.elf.symbols) {
      if (symbol.sectionIndex === 0 || symbol.kind === 'object' || !symbol.name.includes(wanted)) continue;
      const entry = this.#dwarf.functionEntryAt(symbol.address);
      if (entry !== undefined) found.add(entry);
    }
    return [...found];
  }

  functions(segment: string): readonly FunctionEntry[] {
    if (this.#functions === undefined) {
      this.#functions = new Map();
      for (const unit of this.#dwarf.units.compileUnits()) {
        for (const entry of this.#dwarf.index(unit).functions)
          add(this.#functions, entry.name ?? this.#nameOf(unit, entry.offset), entry);
      }
    }
    return this.#functions.get(withoutGenerics(segment)) ?? [];
  }

  types(segment: string): readonly TypeEntry[] {
    if (this.#types === undefined) {
      this.#types = new Map();
      for (const units of [this.#dwarf.units.compileUnits(), this.#dwarf.units.typeUnits()]) {
        for (const unit of units) {
          for (const entry of this.#dwarf.index(unit).types) add(this.#types, this.#ownName(entry), entry);
        }
      }
    }
    return this.#types.get(withoutGenerics(segment)) ?? [];
  }

  /** Places where a function of that name was inlined. */
  inlined(segment: string): readonly InlinedEntry[] {
    const wanted = withoutGenerics(segment);
    const places: InlinedEntry[] = [];
    for (const unit of this.#dwarf.units.compileUnits()) {
      const index = this.#dwarf.index(unit);
      const origins = new Set(
        index.abstracts.filter((offset) => withoutGenerics(this.#nameOf(unit, offset)) === wanted),
      );
      if (origins.size > 0) places.push(...index.inlined.filter((entry) => origins.has(entry.origin)));
    }
    return places;
  }

  #ownName({ unit, offset, nameOffset }: TypeEntry): string {
    return this.#dwarf.sections.guard(
      'dwarf-names',
      () => 'The name of a type cannot be read',
      '',
      () => (nameOffset >= 0 ? this.#dwarf.sections.string(nameOffset) : (unit.die(offset).string(AT.name) ?? '')),
    );
  }

  #nameOf(unit: Unit, offset: number): string {
    return this.#dwarf.sections.guard(
      'dwarf-names',
      () => 'The name of a function cannot be read',
      '',
      () => {
        const die = unit.die(offset);
        const own = die.string(AT.name);
        if (own !== undefined) return own;
        for (const origin of this.#dwarf.origins(die)) {
          const name = origin.string(AT.name);
          if (name !== undefined) return name;
        }
        return '';
      },
    );
  }
}

function add<T>(map: Map<string, T[]>, name: string, entry: T): void {
  const key = withoutGenerics(name);
  if (key === '') return;
  const known = map.get(key);
  if (known === undefined) map.set(key, [entry]);
  else known.push(entry);
}

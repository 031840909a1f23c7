/**
 * Variables with a fixed address: globals of C, statics of Rust, and the vtables rustc describes as such.
 *
 * Invariant: a variable object is made once, when it is listed or its name is looked up.
 */
import type { Variable } from './api.ts';
import { AT } from './dwarf-constants.ts';
import type { Dwarf } from './dwarf.ts';
import { endsWithPath, splitPath } from './name-paths.ts';
import type { Type } from './types.ts';
import type { VariableEntry } from './unit-index.ts';
import type { Unit } from './units.ts';
import { DwarfVariable } from './variables.ts';

const noFrame = { kind: 'none' } as const;

export class StaticTable {
  readonly #dwarf: Dwarf;
  readonly #variables = new Map<VariableEntry, DwarfVariable | undefined>();
  readonly #lists = new Map<Unit | undefined, readonly Variable[]>();
  #byName: Map<string, VariableEntry[]> | undefined;
  #vtables: Map<number, VariableEntry> | undefined;

  constructor(dwarf: Dwarf) {
    this.#dwarf = dwarf;
  }

  /** Of one unit or all; without those in function bodies, which are locals there. */
  of(unit: Unit | undefined): readonly Variable[] {
    let variables = this.#lists.get(unit);
    if (variables === undefined) this.#lists.set(unit, (variables = this.#list(unit)));
    return variables;
  }

  #list(unit: Unit | undefined): Variable[] {
    const variables: Variable[] = [];
    for (const candidate of unit === undefined ? this.#dwarf.units.compileUnits() : [unit]) {
      for (const entry of this.#dwarf.index(candidate).statics) {
        if (entry.inFunction) continue;
        const variable = this.#variable(entry);
        if (variable !== undefined && variable.name !== '' && !isVtable(variable.name)) variables.push(variable);
      }
    }
    return variables;
  }

  named(wanted: readonly string[]): DwarfVariable[] {
    this.#byName ??= this.#index();
    const entries = this.#byName.get(wanted[wanted.length - 1] ?? '') ?? [];
    const found: DwarfVariable[] = [];
    for (const entry of entries) {
      const variable = this.#variable(entry);
      if (variable !== undefined && endsWithPath(splitPath(variable.qualifiedName), wanted)) found.push(variable);
    }
    // One definition may be described twice (a declaration in a header completed in a unit).
    const ids = new Set<string>();
    return found.filter((variable) => {
      const simple = variable.simpleLocation(0);
      const key = `${variable.qualifiedName} ${simple?.kind === 'address' ? simple.address : variable.id}`;
      return !ids.has(key) && ids.add(key) !== undefined;
    });
  }

  vtableType(address: number): Type | undefined {
    if (this.#vtables === undefined) {
      this.#vtables = new Map();
      for (const unit of this.#dwarf.units.compileUnits()) {
        if (unit.language !== 'rust') continue;
        for (const entry of this.#dwarf.index(unit).statics) {
          if (entry.address !== undefined && isVtable(this.#nameOf(entry))) this.#vtables.set(entry.address, entry);
        }
      }
    }
    const entry = this.#vtables.get(address);
    if (entry === undefined) return undefined;
    const { units, types, sections } = this.#dwarf;
    return sections.guard(
      'dwarf-type',
      () => 'The type of a vtable cannot be read',
      undefined,
      () => {
        const type = units.reference(entry.unit.die(entry.offset), AT.type);
        const holder = type === undefined ? undefined : units.reference(units.die(type), AT.containing_type);
        return types.at(holder);
      },
    );
  }

  #index(): Map<string, VariableEntry[]> {
    const byName = new Map<string, VariableEntry[]>();
    for (const unit of this.#dwarf.units.compileUnits()) {
      for (const entry of this.#dwarf.index(unit).statics) {
        const name = this.#nameOf(entry);
        const known = byName.get(name);
        if (known === undefined) byName.set(name, [entry]);
        else known.push(entry);
      }
    }
    return byName;
  }

  #nameOf(entry: VariableEntry): string {
    return this.#dwarf.sections.guard(
      'dwarf-names',
      () => 'The name of a variable cannot be read',
      '',
      () => {
        const die = entry.unit.die(entry.offset);
        return (
          die.string(AT.name) ??
          this.#dwarf
            .origins(die)
            .map((origin) => origin.string(AT.name))
            .find((name) => name !== undefined) ??
          ''
        );
      },
    );
  }

  #variable(entry: VariableEntry): DwarfVariable | undefined {
    if (this.#variables.has(entry)) return this.#variables.get(entry);
    const variable = this.#dwarf.sections.guard(
      'dwarf-variable',
      () => 'A variable cannot be read',
      undefined,
      () => {
        return new DwarfVariable(this.#dwarf, this.#dwarf.origins(entry.unit.die(entry.offset)), 'static', noFrame);
      },
    );
    this.#variables.set(entry, variable);
    return variable;
  }
}

/** `<Dog as Animal>::{vtable}` */
function isVtable(name: string): boolean {
  return name.endsWith('{vtable}') || name === 'vtable';
}

/**
 * What one unit has, found in a single pass over its entries: functions, variables with a fixed address, named types,
 * and which entry encloses which (for qualified names).
 *
 * Invariant: holds offsets and numbers only; names are read when they are asked for. Built once per unit, on first use.
 * Where the unit is corrupt, what stands before that is kept.
 */
import type { AddressRange } from './api.ts';
import { AT, FORM, OP, TAG } from './dwarf-constants.ts';
import { scan } from './dies.ts';
import type { Interest } from './dies.ts';
import { rangesOf } from './range-lists.ts';
import type { InImage } from './range-lists.ts';
import type { Unit } from './units.ts';

export interface FunctionEntry {
  readonly unit: Unit;
  readonly offset: number;
  readonly ranges: readonly AddressRange[];
}

export interface VariableEntry {
  readonly unit: Unit;
  readonly offset: number;
  /** Declared in a function's body. */
  readonly inFunction: boolean;
  /** Fixed address, where the location is just that. */
  readonly address: number | undefined;
}

export interface TypeEntry {
  readonly unit: Unit;
  readonly offset: number;
  readonly tag: number;
}

/** A function that exists where it was inlined. */
export interface InlinedEntry {
  readonly unit: Unit;
  readonly offset: number;
  /** Offset of the abstract function in this unit, or -1 where it is in another one. */
  readonly origin: number;
}

export interface UnitIndex {
  /** With code, ascending by the start of their first range. */
  readonly functions: readonly FunctionEntry[];
  readonly statics: readonly VariableEntry[];
  /** Named structs, unions, enums, typedefs and base types that are defined here. */
  readonly types: readonly TypeEntry[];
  /** Abstract functions: DW_AT_inline. */
  readonly abstracts: readonly number[];
  readonly inlined: readonly InlinedEntry[];
  /** Entries that enclose others and count in a name, ascending: offset, and offset after their last child. */
  readonly scopes: readonly ScopeEntry[];
}

export interface ScopeEntry {
  readonly offset: number;
  end: number;
  readonly tag: number;
  /** Index in `scopes`, or -1. */
  readonly parent: number;
}

const interests: ReadonlyMap<number, Interest> = new Map<number, Interest>([
  [TAG.compile_unit, 'visit'],
  [TAG.partial_unit, 'visit'],
  [TAG.type_unit, 'visit'],
  [TAG.namespace, 'visit'],
  [TAG.module, 'visit'],
  [TAG.structure_type, 'visit'],
  [TAG.class_type, 'visit'],
  [TAG.union_type, 'visit'],
  [TAG.interface_type, 'visit'],
  [TAG.enumeration_type, 'visit'],
  [TAG.subprogram, 'visit'],
  [TAG.inlined_subroutine, 'visit'],
  [TAG.variable, 'visit'],
  [TAG.typedef, 'visit'],
  [TAG.base_type, 'visit'],
  [TAG.unspecified_type, 'visit'],
  [TAG.subroutine_type, 'skip'],
]);

export function indexUnit(unit: Unit, inImage: InImage): UnitIndex {
  const functions: FunctionEntry[] = [];
  const statics: VariableEntry[] = [];
  const types: TypeEntry[] = [];
  const scopes: ScopeEntry[] = [];
  const abstracts: number[] = [];
  const inlined: InlinedEntry[] = [];
  const stack: number[] = [];
  let functionDepth = 0;

  const what = (): string => `The entries of ${unit.name === '' ? 'a unit' : unit.name} cannot be read to the end`;
  unit.sections.guard('dwarf-unit', what, undefined, () =>
    scan(
      unit,
      (tag) => interests.get(tag) ?? 'pass',
      (die, hasChildren) => {
        const { tag, offset } = die;
        switch (tag) {
          case TAG.subprogram: {
            if (die.has(AT.inline)) abstracts.push(offset);
            if (!die.has(AT.low_pc) && !die.has(AT.ranges)) break;
            const ranges = rangesOf(die, inImage);
            if (ranges.length > 0) functions.push({ unit, offset, ranges });
            break;
          }
          case TAG.inlined_subroutine: {
            const inUnit = die.form(AT.abstract_origin) !== FORM.ref_addr;
            inlined.push({ unit, offset, origin: inUnit ? unit.offset + (die.number(AT.abstract_origin) ?? 0) : -1 });
            break;
          }
          case TAG.variable: {
            const location = die.block(AT.location);
            const fixed =
              location !== undefined &&
              (location[0] === OP.addr || location[0] === OP.addrx || location[0] === OP.GNU_addr_index);
            if (fixed || (functionDepth === 0 && die.has(AT.const_value))) {
              const address =
                fixed && location[0] === OP.addr && location.length === 5 ? readU32(location, 1) : undefined;
              if (address === undefined || inImage(address))
                statics.push({ unit, offset, inFunction: functionDepth > 0, address });
            }
            break;
          }
          case TAG.structure_type:
          case TAG.class_type:
          case TAG.union_type:
          case TAG.interface_type:
          case TAG.enumeration_type:
          case TAG.typedef:
          case TAG.base_type:
          case TAG.unspecified_type:
            if (die.has(AT.name) && !die.flag(AT.declaration)) types.push({ unit, offset, tag });
            break;
          default:
        }
        if (!hasChildren) return;
        stack.push(scopes.length);
        scopes.push({ offset, end: unit.end, tag, parent: stack.length > 1 ? stack[stack.length - 2]! : -1 });
        if (tag === TAG.subprogram) functionDepth++;
      },
      (hadVisit, end) => {
        if (!hadVisit) return;
        const scope = scopes[stack.pop()!]!;
        scope.end = end;
        if (scope.tag === TAG.subprogram) functionDepth--;
      },
    ),
  );
  functions.sort((a, b) => a.ranges[0]!.start - b.ranges[0]!.start);
  return { functions, statics, types, scopes, abstracts, inlined };
}

function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** Indexes in `scopes` of what encloses `offset`, outermost first, without the entry itself. */
export function enclosing(index: UnitIndex, offset: number): ScopeEntry[] {
  const { scopes } = index;
  let low = 0;
  let high = scopes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (scopes[middle]!.offset < offset) low = middle + 1;
    else high = middle;
  }
  let current = low - 1;
  while (current >= 0 && scopes[current]!.end <= offset) current = scopes[current]!.parent;
  const chain: ScopeEntry[] = [];
  for (; current >= 0; current = scopes[current]!.parent) chain.push(scopes[current]!);
  return chain.reverse();
}

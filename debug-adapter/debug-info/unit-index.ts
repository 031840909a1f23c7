/**
 * What one unit has, found in a single pass over its entries: functions, variables with a fixed address, named types,
 * and which entry encloses which (for qualified names).
 *
 * Invariant: holds offsets and numbers only; names are read when they are asked for. Built once per unit, on first use.
 * Where the unit is corrupt, what stands before that is kept.
 */
import type { Abbrev } from './abbrevs.ts';
import type { AddressRange } from './api.ts';
import { ByteReader } from './bytes.ts';
import { AT, FORM, OP, TAG } from './dwarf-constants.ts';
import { scan } from './dies.ts';
import type { Interest, ScannedEntry } from './dies.ts';
import { rangesOf } from './range-lists.ts';
import type { InImage } from './range-lists.ts';
import type { Unit } from './units.ts';

export interface FunctionEntry {
  readonly unit: Unit;
  readonly offset: number;
  readonly ranges: readonly AddressRange[];
  /** Its own DW_AT_name; `undefined` where its declaration or origin has the name. */
  readonly name: string | undefined;
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
  /** Of its name in .debug_str; -1 where it has to be read from the entry. */
  readonly nameOffset: number;
}

/** A function that exists where it was inlined. */
export interface InlinedEntry {
  readonly unit: Unit;
  readonly offset: number;
  /** Offset of the abstract function in this unit, or -1 where it is in another one. */
  readonly origin: number;
}

/** A range of one function's code. */
interface CodeRange extends AddressRange {
  readonly entry: FunctionEntry;
  /** The furthest end of this range and all before it: where looking back may end. */
  reach: number;
}

export interface UnitIndex {
  /** With code, ascending by the start of their first range. */
  readonly functions: readonly FunctionEntry[];
  /** All their ranges, ascending by start. */
  readonly code: readonly CodeRange[];
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

//                        tag                       whether attributes are needed
const tagInterests: ReadonlyMap<number, Interest> = new Map<number, Interest>([
  [TAG.compile_unit, 'note'],
  [TAG.partial_unit, 'note'],
  [TAG.type_unit, 'note'],
  [TAG.namespace, 'note'],
  [TAG.module, 'note'],
  [TAG.structure_type, 'note'],
  [TAG.class_type, 'note'],
  [TAG.union_type, 'note'],
  [TAG.interface_type, 'note'],
  [TAG.enumeration_type, 'note'],
  [TAG.typedef, 'note'],
  [TAG.base_type, 'note'],
  [TAG.unspecified_type, 'note'],
  [TAG.subroutine_type, 'skip'],
]);

/** By the abbreviation alone: most functions and variables are declarations, and most types are looked at by offset only. */
function interestIn({ tag, attributes, hasChildren }: Abbrev): Interest {
  const has = (attribute: number): boolean => attributes.includes(attribute);
  switch (tag) {
    case TAG.subprogram:
      return has(AT.low_pc) || has(AT.ranges) || has(AT.inline) ? 'read' : hasChildren ? 'note' : 'pass';
    case TAG.variable:
      return has(AT.location) || has(AT.const_value) ? 'read' : 'pass';
    case TAG.inlined_subroutine:
      return 'read';
    default:
      return tagInterests.get(tag) ?? 'pass';
  }
}

export function indexUnit(unit: Unit, inImage: InImage): UnitIndex {
  const functions: FunctionEntry[] = [];
  const statics: VariableEntry[] = [];
  const types: TypeEntry[] = [];
  const scopes: ScopeEntry[] = [];
  const abstracts: number[] = [];
  const inlined: InlinedEntry[] = [];
  const stack: number[] = [];
  let functionDepth = 0;

  const visit = ({ offset, abbrev, nameOffset, die }: ScannedEntry): void => {
    const { tag } = abbrev;
    switch (tag) {
      case TAG.subprogram: {
        if (abbrev.attributes.includes(AT.inline)) abstracts.push(offset);
        if (!abbrev.attributes.includes(AT.low_pc) && !abbrev.attributes.includes(AT.ranges)) break;
        const ranges = rangesOf(die, inImage);
        if (ranges.length > 0) functions.push({ unit, offset, ranges, name: die.string(AT.name) });
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
          const address = fixed ? fixedAddress(unit, location) : undefined;
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
        if (abbrev.attributes.includes(AT.name) && !abbrev.attributes.includes(AT.declaration))
          types.push({ unit, offset, tag, nameOffset });
        break;
      default:
    }
    if (!abbrev.hasChildren) return;
    stack.push(scopes.length);
    scopes.push({ offset, end: unit.end, tag, parent: stack.length > 1 ? stack[stack.length - 2]! : -1 });
    if (tag === TAG.subprogram) functionDepth++;
  };
  const leave = (wasVisited: boolean, end: number): void => {
    if (!wasVisited) return;
    const scope = scopes[stack.pop()!]!;
    scope.end = end;
    if (scope.tag === TAG.subprogram) functionDepth--;
  };

  const what = (): string => `The entries of ${unit.name === '' ? 'a unit' : unit.name} cannot be read to the end`;
  unit.sections.guard('dwarf-unit', what, undefined, () => scan(unit, interestIn, visit, leave));
  functions.sort((a, b) => a.ranges[0]!.start - b.ranges[0]!.start);
  return { functions, code: codeOf(functions), statics, types, scopes, abstracts, inlined };
}

function codeOf(functions: readonly FunctionEntry[]): CodeRange[] {
  // Bounded by the allowance for ranges, which `rangesOf` has counted for each function.
  const code = functions
    .flatMap((entry) => entry.ranges.map(({ start, end }) => ({ start, end, entry, reach: end })))
    .sort((a, b) => a.start - b.start);
  let reach = 0;
  for (const range of code) range.reach = reach = Math.max(reach, range.end);
  return code;
}

/** The function whose code holds `address`: the innermost where functions nest. */
export function functionCovering({ code }: UnitIndex, address: number): FunctionEntry | undefined {
  let low = 0;
  let high = code.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (code[middle]!.start <= address) low = middle + 1;
    else high = middle;
  }
  let best: CodeRange | undefined;
  for (let index = low - 1; index >= 0 && code[index]!.reach > address; index--) {
    const range = code[index]!;
    if (address < range.end && (best === undefined || range.end - range.start < best.end - best.start)) best = range;
  }
  return best?.entry;
}

/** The operand of a location that is one address and nothing else. */
function fixedAddress(unit: Unit, location: Uint8Array): number | undefined {
  const reader = new ByteReader(location, 1);
  const address = location[0] === OP.addr ? reader.unsigned(unit.addressSize) : unit.indexedAddress(reader.uleb());
  return reader.atEnd ? address : undefined;
}

/** A name has fewer segments. */
const SCOPES_MAX = 64;

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
  for (; current >= 0 && chain.length < SCOPES_MAX; current = scopes[current]!.parent) chain.push(scopes[current]!);
  return chain.reverse();
}

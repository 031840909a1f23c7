/**
 * The debug information of one ELF file: puts units, lines, functions, types and frames behind one interface.
 *
 * Invariant: no method throws for what is in the file; what cannot be read is left out and named in `warnings`.
 */
import type {
  BreakpointLocation,
  CallerFrame,
  DebugInfo,
  ElfFile,
  FrameContext,
  FunctionScope,
  InlineFrame,
  Language,
  LinePosition,
  UnwindRow,
  Variable,
  Warning,
} from './api.ts';
import { attempt } from './bytes.ts';
import { Dwarf } from './dwarf.ts';
import { DwarfFunction } from './functions.ts';
import { breakpointLocations, functionLocations, lineLocations } from './locations.ts';
import { makeArray, makePointer } from './made-types.ts';
import { endsWithPath, sharedPrefix, splitPath } from './name-paths.ts';
import { NameIndex } from './name-index.ts';
import type { Result } from './result.ts';
import { StaticTable } from './statics.ts';
import { findType } from './type-lookup.ts';
import type { Type } from './types.ts';
import type { FunctionEntry } from './unit-index.ts';
import type { Unit } from './units.ts';
import { unwindFrame } from './unwind.ts';

/** Addresses whose frames are remembered: those of the callers are asked for again after each step. */
const FRAMES_MAX = 4096;

/** Reads unit headers only; everything else on demand. An ELF without DWARF loads too, with `hasDwarf` false. */
export function loadDebugInfo(elf: ElfFile): Result<DebugInfo> {
  const remedy = 'Build the file again with debug information (-g; Rust: debug = true).';
  return attempt('debug-info-corrupt', 'The debug information cannot be read', remedy, () => new LoadedDebugInfo(elf));
}

class LoadedDebugInfo implements DebugInfo {
  readonly elf: ElfFile;
  readonly hasDwarf: boolean;
  readonly #dwarf: Dwarf;
  readonly #functions = new Map<FunctionEntry, DwarfFunction | undefined>();
  readonly #names: NameIndex;
  readonly #statics: StaticTable;
  readonly #typesByName = new Map<string, Type | undefined>();
  readonly #frames = new Map<number, readonly InlineFrame[]>();

  constructor(elf: ElfFile) {
    this.elf = elf;
    this.#dwarf = new Dwarf(elf);
    this.#names = new NameIndex(this.#dwarf);
    this.#statics = new StaticTable(this.#dwarf);
    this.hasDwarf = this.#dwarf.units.count > 0;
    if (!this.hasDwarf) {
      this.#dwarf.sections.warn(
        'debug-info-missing',
        'The file has no debug information (.debug_info).',
        'Build it with -g (Rust: debug = true), and do not strip it. Until then there are symbols and registers only.',
      );
    }
  }

  get warnings(): readonly Warning[] {
    return [...this.elf.warnings, ...this.#dwarf.sections.warnings];
  }

  lineOf(address: number): LinePosition | undefined {
    const unit = this.#dwarf.unitAt(address);
    if (unit !== undefined) {
      const position = this.#dwarf.lines.tableOf(unit)?.lineOf(address);
      if (position !== undefined) return position;
    }
    return undefined;
  }

  addressesOf(file: string, line: number, column?: number): readonly BreakpointLocation[] {
    const known = this.matchFile(file);
    return known === undefined
      ? []
      : lineLocations(this.#dwarf, (address) => this.#functionAt(address), known, line, column);
  }

  sourceFiles(): readonly string[] {
    return this.#dwarf.lines.filesWithCode();
  }

  matchFile(path: string): string | undefined {
    return this.#dwarf.lines.match(path);
  }

  breakpointLocations(file: string, fromLine: number, toLine: number): readonly BreakpointLocation[] {
    const known = this.matchFile(file);
    return known === undefined ? [] : breakpointLocations(this.#dwarf, known, fromLine, toLine);
  }

  #function(entry: FunctionEntry | undefined): DwarfFunction | undefined {
    if (entry === undefined) return undefined;
    if (this.#functions.has(entry)) return this.#functions.get(entry);
    const what = (): string => `The function at 0x${entry.ranges[0]!.start.toString(16)} cannot be read`;
    const found = this.#dwarf.sections.guard(
      'dwarf-function',
      what,
      undefined,
      () => new DwarfFunction(this.#dwarf, entry),
    );
    this.#functions.set(entry, found);
    return found;
  }

  #functionAt(address: number): DwarfFunction | undefined {
    return this.#function(this.#dwarf.functionEntryAt(address));
  }

  functionAt(address: number): FunctionScope | undefined {
    return this.#functionAt(address);
  }

  inlineFramesAt(address: number): readonly InlineFrame[] {
    let frames = this.#frames.get(address);
    if (frames === undefined) {
      frames = this.#functionAt(address)?.framesAt(address) ?? [];
      if (this.#frames.size >= FRAMES_MAX) this.#frames.clear();
      this.#frames.set(address, frames);
    }
    return frames;
  }

  functions(): readonly FunctionScope[] {
    const all: DwarfFunction[] = [];
    for (const unit of this.#dwarf.units.compileUnits()) {
      for (const entry of this.#dwarf.index(unit).functions) {
        const found = this.#function(entry);
        if (found !== undefined) all.push(found);
      }
    }
    return all;
  }

  functionsNamed(name: string): readonly FunctionScope[] {
    return this.#functionsNamed(name);
  }

  #functionsNamed(name: string): readonly DwarfFunction[] {
    const wanted = splitPath(name);
    const segment = wanted[wanted.length - 1] ?? '';
    const found = new Set<DwarfFunction>();
    const addMatching = (entries: readonly FunctionEntry[]): void => {
      for (const entry of entries) {
        const candidate = this.#function(entry);
        if (candidate === undefined) continue;
        const path = splitPath(candidate.qualifiedName);
        // A name taken from the symbol has generics elsewhere than the debug information's own.
        if (endsWithPath(path, wanted) || endsWithPath([...path.slice(0, -1), candidate.name], wanted))
          found.add(candidate);
      }
    };
    addMatching(this.#names.functionsBySymbol(segment));
    if (found.size === 0) addMatching(this.#names.functions(segment));
    if (found.size === 0) {
      const symbol = this.elf.symbolNamed(name);
      const candidate = symbol === undefined ? undefined : this.#functionAt(symbol.address);
      if (candidate !== undefined && candidate.entry === symbol!.address) found.add(candidate);
    }
    // Exact before suffix, then by address.
    return [...found].sort(
      (a, b) => Number(b.qualifiedName === name) - Number(a.qualifiedName === name) || a.entry - b.entry,
    );
  }

  functionLocations(name: string): readonly BreakpointLocation[] {
    return functionLocations(this.#dwarf, this.#names, this.#functionsNamed(name), name);
  }

  statics(address?: number): readonly Variable[] {
    const unit = address === undefined ? undefined : this.#dwarf.unitAt(address);
    if (address !== undefined && unit === undefined) return [];
    return this.#statics.of(unit);
  }

  staticsNamed(name: string, address?: number): readonly Variable[] {
    const wanted = splitPath(name);
    const unit = address === undefined ? undefined : this.#dwarf.unitAt(address);
    const near = address === undefined ? [] : splitPath(this.functionAt(address)?.qualifiedName ?? '');
    return this.#statics
      .named(wanted)
      .map((variable) => ({ variable, path: splitPath(variable.qualifiedName) }))
      .sort(
        (a, b) =>
          Number(b.variable.qualifiedName === name) - Number(a.variable.qualifiedName === name) ||
          Number(b.variable.unit === unit) - Number(a.variable.unit === unit) ||
          sharedPrefix(b.path, near) - sharedPrefix(a.path, near) ||
          a.path.length - b.path.length,
      )
      .map(({ variable }) => variable);
  }

  typeNamed(name: string): Type | undefined {
    if (!this.#typesByName.has(name)) this.#typesByName.set(name, findType(this.#dwarf, this.#names, name));
    return this.#typesByName.get(name);
  }

  vtableTypeAt(address: number): Type | undefined {
    return this.#statics.vtableType(address);
  }

  pointerTo(target: Type | undefined): Type {
    return makePointer(target, target?.language ?? this.#mainLanguage);
  }

  arrayOf(element: Type | undefined, count: number): Type {
    return makeArray(element, count, element?.language ?? this.#mainLanguage);
  }

  get #mainLanguage(): 'c' | 'rust' {
    for (const unit of this.#dwarf.units.compileUnits()) if (unit.language === 'rust') return 'rust';
    return 'c';
  }

  languageAt(address: number): Language {
    const unit: Unit | undefined = this.#dwarf.unitAt(address);
    return unit === undefined || unit.language === 'other' ? this.#mainLanguage : unit.language;
  }

  unwindRowAt(address: number): UnwindRow | undefined {
    return this.#dwarf.cfi.rowAt(address);
  }

  unwind(frame: FrameContext): Result<CallerFrame> {
    const entry = this.#functionAt(frame.pc)?.entry ?? this.elf.symbolAt(frame.pc)?.address;
    return unwindFrame(this.#dwarf, frame, entry);
  }
}

/**
 * Lookups in an ELF symbol table: by address and by name. gABI, "Symbol Table".
 *
 * Invariant: the table itself is never reordered; the indexes are built on first use.
 */
import type { ElfSection, ElfSymbol } from './api.ts';

const SHF_ALLOC = 2;
const SHN_LORESERVE = 0xff00;
/** How many symbols before an address may be looked at for one that covers it. */
const LOOK_BACK_MAX = 64;

const bindingRank = { global: 0, weak: 1, local: 2, other: 3 } as const;
const kindRank = { function: 0, object: 1, other: 2, section: 3, file: 3 } as const;

export class SymbolTable {
  readonly symbols: readonly ElfSymbol[];
  readonly #sections: readonly ElfSection[];
  #byAddress: ElfSymbol[] | undefined;
  #byName: Map<string, ElfSymbol> | undefined;
  #byDemangled: Map<string, ElfSymbol> | undefined;

  constructor(sections: readonly ElfSection[], symbols: readonly ElfSymbol[]) {
    this.#sections = sections;
    this.symbols = symbols;
  }

  at(address: number): ElfSymbol | undefined {
    const sorted = (this.#byAddress ??= this.#sort());
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    // A label without a size reaches to the next symbol; past a sized symbol's end only a larger one around it counts.
    let label: ElfSymbol | undefined;
    let ended = false;
    for (let index = low - 1; index >= 0 && index >= low - LOOK_BACK_MAX; index--) {
      const symbol = sorted[index]!;
      if (symbol.sizeBytes === 0) {
        if (!ended && label === undefined && this.#inSection(symbol, address)) label = symbol;
        continue;
      }
      if (address - symbol.address < symbol.sizeBytes) {
        return label !== undefined && label.address > symbol.address && label.kind === 'function' ? label : symbol;
      }
      ended = true;
    }
    return label;
  }

  named(name: string): ElfSymbol | undefined {
    if (this.#byName === undefined) {
      this.#byName = new Map();
      for (const symbol of this.symbols) {
        const known = this.#byName.get(symbol.name);
        if (known === undefined || better(symbol, known)) this.#byName.set(symbol.name, symbol);
      }
    }
    const exact = this.#byName.get(name);
    if (exact !== undefined) return exact;
    if (this.#byDemangled === undefined) {
      this.#byDemangled = new Map();
      for (const symbol of this.symbols) {
        if (symbol.demangled !== symbol.name && !this.#byDemangled.has(symbol.demangled)) {
          this.#byDemangled.set(symbol.demangled, symbol);
        }
      }
    }
    return this.#byDemangled.get(name);
  }

  #sort(): ElfSymbol[] {
    const isLoaded = this.#sections.map((section) => (section.flags & SHF_ALLOC) !== 0);
    return this.symbols
      .filter(
        (symbol) =>
          symbol.name !== '' &&
          symbol.kind !== 'section' &&
          symbol.kind !== 'file' &&
          symbol.sectionIndex < SHN_LORESERVE &&
          (isLoaded[symbol.sectionIndex] ?? false),
      )
      .sort((a, b) => a.address - b.address || (better(a, b) ? 1 : better(b, a) ? -1 : 0));
  }

  #inSection(symbol: ElfSymbol, address: number): boolean {
    const section = this.#sections[symbol.sectionIndex];
    return section !== undefined && address >= section.address && address - section.address < section.sizeBytes;
  }
}

/** Which of two symbols for one thing to show: defined, sized, functions, global ones first. */
function better(a: ElfSymbol, b: ElfSymbol): boolean {
  const defined = Number(a.sectionIndex !== 0) - Number(b.sectionIndex !== 0);
  if (defined !== 0) return defined > 0;
  const sized = Number(a.sizeBytes !== 0) - Number(b.sizeBytes !== 0);
  if (sized !== 0) return sized > 0;
  if (kindRank[a.kind] !== kindRank[b.kind]) return kindRank[a.kind] < kindRank[b.kind];
  return bindingRank[a.binding] < bindingRank[b.binding];
}

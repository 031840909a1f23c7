/**
 * Functions, the blocks in them and what was inlined there: DWARF 5 §3.3 ("Subroutine and Entry Point Entries"), §3.5
 * ("Lexical Block Entries").
 *
 * Invariant: a function's entries are read once, when its blocks are first asked for; names when they are shown.
 */
import type { AddressRange, FunctionScope, InlineFrame, Language, Variable } from './api.ts';
import type { Die } from './dies.ts';
import { forEachChild, walk } from './dies.ts';
import { AT, TAG } from './dwarf-constants.ts';
import type { Dwarf } from './dwarf.ts';
import { covers, rangesOf } from './range-lists.ts';
import type { Type } from './types.ts';
import type { FunctionEntry } from './unit-index.ts';
import type { DieId, Unit } from './units.ts';
import { DwarfVariable, readLocationSource } from './variables.ts';
import type { LocationSource } from './variables.ts';

/** A function body, a lexical block, or an inlined call. */
interface Block {
  readonly id: DieId;
  readonly inlined: boolean;
  /** Empty for a block that is as large as its parent. */
  readonly ranges: readonly AddressRange[];
  readonly variables: DwarfVariable[];
  readonly blocks: Block[];
  readonly callFile: number | undefined;
  readonly callLine: number;
  readonly callColumn: number;
  /** The abstract function whose instance this is. */
  readonly origin: DieId | undefined;
  /** Whether variables that only the abstract function lists were added. */
  complete: boolean;
}

const DEPTH_MAX = 500;

export class DwarfFunction implements FunctionScope {
  readonly id: DieId;
  readonly name: string;
  readonly linkageName: string | undefined;
  readonly ranges: readonly AddressRange[];
  readonly entry: number;
  readonly line: number;
  readonly noReturn: boolean;
  readonly external: boolean;
  readonly language: Language;
  readonly unit: Unit;
  readonly #dwarf: Dwarf;
  readonly #offset: number;
  readonly #fileNumber: number | undefined;
  readonly #fileUnit: Unit;
  readonly #frameBase: LocationSource;
  #qualifiedName: string | undefined;
  #body: Block | undefined;
  #breakpointAddress: number | undefined;

  /** @throws CorruptData */
  constructor(dwarf: Dwarf, entry: FunctionEntry) {
    const die = entry.unit.die(entry.offset);
    const chain = dwarf.origins(die);
    const first = <T>(read: (origin: Die) => T | undefined): T | undefined => {
      for (const origin of chain) {
        const value = read(origin);
        if (value !== undefined) return value;
      }
      return undefined;
    };
    this.#dwarf = dwarf;
    this.#offset = entry.offset;
    this.unit = entry.unit;
    this.id = die.id;
    this.linkageName = first((origin) => origin.string(AT.linkage_name) ?? origin.string(AT.MIPS_linkage_name));
    this.name = first((origin) => origin.string(AT.name)) ?? this.linkageName ?? '';
    this.line = first((origin) => origin.number(AT.decl_line)) ?? 0;
    const withFile = chain.find((origin) => origin.has(AT.decl_file)) ?? die;
    this.#fileNumber = withFile.number(AT.decl_file);
    this.#fileUnit = withFile.unit;
    this.noReturn = chain.some((origin) => origin.flag(AT.noreturn));
    this.external = chain.some((origin) => origin.flag(AT.external));
    this.language = entry.unit.language;
    this.#frameBase = readLocationSource(die, AT.frame_base);
    const low = die.address(AT.low_pc) ?? die.address(AT.entry_pc);
    const start = low !== undefined && covers(entry.ranges, low) ? low : entry.ranges[0]!.start;
    this.entry = start;
    // The range that holds the entry goes first, whatever their order (GCC's .text.unlikely parts come earlier).
    this.ranges = [...entry.ranges].sort(
      (a, b) => Number(b.start <= start && start < b.end) - Number(a.start <= start && start < a.end),
    );
  }

  get qualifiedName(): string {
    return (this.#qualifiedName ??= this.#guard(this.name, () =>
      this.#dwarf.qualifiedName(this.unit.die(this.#offset)),
    ));
  }

  get file(): string | undefined {
    return this.#dwarf.file(this.#fileUnit, this.#fileNumber);
  }

  get returnType(): Type | undefined {
    return this.#guard(undefined, () => {
      for (const origin of this.#dwarf.origins(this.unit.die(this.#offset))) {
        if (origin.has(AT.type)) return this.#dwarf.types.of(origin);
      }
      return undefined;
    });
  }

  get parameters(): readonly Variable[] {
    this.complete(this.#bodyBlock);
    return this.#bodyBlock.variables.filter((variable) => variable.kind === 'parameter');
  }

  variablesAt(pc: number): readonly Variable[] {
    this.complete(this.#bodyBlock);
    return visible(this.#bodyBlock, pc);
  }

  /** Adds what an instance leaves out: statics of the abstract function's body, and variables that were optimized out. */
  complete(block: Block): void {
    if (block.complete) return;
    block.complete = true;
    const { origin } = block;
    if (origin === undefined) return;
    const known = new Set<DieId>();
    const collect = (from: Block): void => {
      for (const variable of from.variables) for (const id of variable.originIds) known.add(id);
      for (const inner of from.blocks) if (!inner.inlined) collect(inner);
    };
    collect(block);
    this.#guard(undefined, () => {
      forEachChild(this.#dwarf.units.die(origin), (child) => {
        if ((child.tag !== TAG.formal_parameter && child.tag !== TAG.variable) || known.has(child.id)) return;
        const variable = this.#variable(child);
        if (variable !== undefined && variable.name !== '') block.variables.push(variable);
      });
    });
  }

  /** Past the prologue: where locals are in place. */
  get breakpointAddress(): number {
    return (this.#breakpointAddress ??= this.#findBreakpointAddress());
  }

  #findBreakpointAddress(): number {
    const table = this.#dwarf.lines.tableOf(this.unit);
    const end = this.ranges[0]!.end;
    if (table === undefined || this.language === 'assembly') return this.entry;
    const { marked, second } = table.afterPrologue(this.entry, end);
    if (marked !== undefined) return marked;
    // Optimised code says where its variables are from the first instruction on, so the entry is as good and comes first.
    if (second === undefined || this.#bodyBlock.variables.some((variable) => variable.hasLocationList))
      return this.entry;
    const code = this.#dwarf.elf.readLoaded(this.entry, 5);
    const at = code?.[0] === 0xf3 && code[1] === 0x0f ? 4 : 0;
    // push ebp, or sub esp: the function sets up a frame.
    const setsUpFrame = code === undefined || code[at] === 0x55 || code[at] === 0x83 || code[at] === 0x81;
    return setsUpFrame ? second : this.entry;
  }

  /** From the innermost inlined call at `address` out to the function. */
  framesAt(address: number): InlineFrame[] {
    const chain: Block[] = [this.#bodyBlock];
    let current = this.#bodyBlock;
    for (let depth = 0; depth < DEPTH_MAX; depth++) {
      const next = current.blocks.find((block) => covers(block.ranges, address));
      if (next === undefined) break;
      if (next.inlined) chain.push(next);
      current = next;
    }
    const position = this.#dwarf.lines.tableOf(this.unit)?.lineOf(address);
    const frames: InlineFrame[] = [];
    for (let index = chain.length - 1; index >= 0; index--) {
      const block = chain[index]!;
      const below = chain[index + 1];
      const where =
        below === undefined
          ? { file: position?.file ?? this.file, line: position?.line ?? this.line, column: position?.column ?? 0 }
          : { file: this.#dwarf.file(this.unit, below.callFile), line: below.callLine, column: below.callColumn };
      frames.push(new BlockFrame(this.#dwarf, this, block, where));
    }
    return frames;
  }

  /** The innermost inlined call at `address`, or the function: identity for breakpoint locations. */
  blockIdAt(address: number): DieId {
    let id = this.id;
    let current = this.#bodyBlock;
    for (let depth = 0; depth < DEPTH_MAX; depth++) {
      const next = current.blocks.find((block) => covers(block.ranges, address));
      if (next === undefined) break;
      if (next.inlined) id = next.id;
      current = next;
    }
    return id;
  }

  #guard<T>(fallback: T, read: () => T): T {
    return this.#dwarf.sections.guard(
      'dwarf-function',
      () => `The function ${this.name} cannot be read`,
      fallback,
      read,
    );
  }

  get #bodyBlock(): Block {
    if (this.#body === undefined) {
      this.#body = {
        id: this.id,
        inlined: false,
        ranges: this.ranges,
        variables: [],
        blocks: [],
        callFile: undefined,
        callLine: 0,
        callColumn: 0,
        origin: this.#guard(undefined, () =>
          this.#dwarf.units.reference(this.unit.die(this.#offset), AT.abstract_origin),
        ),
        complete: false,
      };
      const body = this.#body;
      this.#guard(undefined, () => this.#readBlocks(body));
    }
    return this.#body;
  }

  #readBlocks(body: Block): void {
    const stack: { readonly block: Block; readonly depth: number }[] = [{ block: body, depth: 0 }];
    walk(this.unit, this.#offset, (die, depth) => {
      while (stack.length > 1 && stack[stack.length - 1]!.depth >= depth) stack.pop();
      const { block: parent } = stack[stack.length - 1]!;
      switch (die.tag) {
        case TAG.subprogram:
          return depth === 0;
        case TAG.formal_parameter:
        case TAG.variable: {
          this.#guard(undefined, () => {
            const variable = this.#variable(die);
            if (variable !== undefined) parent.variables.push(variable);
          });
          return false;
        }
        case TAG.lexical_block:
        case TAG.inlined_subroutine: {
          if (stack.length > DEPTH_MAX) return false;
          const ranges = this.#guard([], () => rangesOf(die, this.#dwarf.inImage));
          const inlined = die.tag === TAG.inlined_subroutine;
          if (ranges.length === 0 && inlined) return false;
          const block: Block = {
            id: die.id,
            inlined,
            ranges: ranges.length === 0 ? parent.ranges : ranges,
            variables: [],
            blocks: [],
            callFile: die.number(AT.call_file),
            callLine: die.number(AT.call_line) ?? 0,
            callColumn: die.number(AT.call_column) ?? 0,
            origin: inlined ? this.#dwarf.units.reference(die, AT.abstract_origin) : undefined,
            complete: false,
          };
          parent.blocks.push(block);
          stack.push({ block, depth });
          return true;
        }
        default:
          return false;
      }
    });
  }

  #variable(die: Die): DwarfVariable | undefined {
    // `walk` reuses its Die; origins are read through a copy.
    const chain = this.#dwarf.origins(die.unit.die(die.offset));
    if (die.tag === TAG.variable && chain.every((origin) => origin.flag(AT.declaration))) return undefined;
    const kind = die.tag === TAG.formal_parameter ? 'parameter' : 'local';
    return new DwarfVariable(this.#dwarf, chain, kind, this.#frameBase);
  }
}

/** Innermost block first; within a block later declarations first, since Rust and C++ may repeat a name; parameters last. */
function visible(root: Block, pc: number): DwarfVariable[] {
  const chain: Block[] = [root];
  let current = root;
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    const next = current.blocks.find((block) => covers(block.ranges, pc));
    if (next === undefined || next.inlined) break;
    chain.push(next);
    current = next;
  }
  const locals: DwarfVariable[] = [];
  for (const block of chain.reverse()) {
    for (let index = block.variables.length - 1; index >= 0; index--) {
      const variable = block.variables[index]!;
      if (variable.kind === 'local') locals.push(variable);
    }
  }
  return [...locals, ...root.variables.filter((variable) => variable.kind === 'parameter')];
}

class BlockFrame implements InlineFrame {
  readonly function: DwarfFunction;
  readonly inlined: boolean;
  readonly ranges: readonly AddressRange[];
  readonly file: string | undefined;
  readonly line: number;
  readonly column: number;
  readonly id: DieId;
  readonly #dwarf: Dwarf;
  readonly #block: Block;
  #names: { name: string; qualifiedName: string } | undefined;

  constructor(
    dwarf: Dwarf,
    holder: DwarfFunction,
    block: Block,
    where: { file: string | undefined; line: number; column: number },
  ) {
    this.#dwarf = dwarf;
    this.#block = block;
    this.function = holder;
    this.inlined = block.inlined;
    this.ranges = block.ranges;
    this.file = where.file;
    this.line = where.line;
    this.column = where.column;
    this.id = block.id;
  }

  get name(): string {
    return this.#bothNames.name;
  }

  get qualifiedName(): string {
    return this.#bothNames.qualifiedName;
  }

  get #bothNames(): { name: string; qualifiedName: string } {
    if (!this.inlined) return this.function;
    return (this.#names ??= this.#dwarf.sections.guard(
      'dwarf-function',
      () => `The name of a function inlined in ${this.function.name} cannot be read`,
      { name: '', qualifiedName: '' },
      () => {
        const chain = this.#dwarf.origins(this.#dwarf.units.die(this.#block.id));
        const name = chain.map((origin) => origin.string(AT.name)).find((text) => text !== undefined) ?? '';
        return { name, qualifiedName: this.#dwarf.qualifiedName(chain[chain.length - 1]!) };
      },
    ));
  }

  get parameters(): readonly Variable[] {
    this.function.complete(this.#block);
    return this.#block.variables.filter((variable) => variable.kind === 'parameter');
  }

  variablesAt(pc: number): readonly Variable[] {
    this.function.complete(this.#block);
    return visible(this.#block, pc);
  }
}

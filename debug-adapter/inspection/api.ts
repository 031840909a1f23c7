/**
 * Values and expressions over debug information: what the rest of the debugger may ask. Types only; `index.ts` exports
 * them with the functions that make them.
 *
 * Invariant: looking changes nothing. Only `assign` and an expression compiled with `allowAssignment` write.
 */
import type { FrameContext, FunctionScope, Location, Result, Type, Variable } from '../debug-info/index.ts';

/** A frame and the memory it lives in, at one moment. Made by the caller for each stop; never kept across a resume. */
export interface InspectionContext extends FrameContext {
  /** Little endian, zero extended; NaN where not mapped. The fast path of conditions. */
  readScalar?(address: number, sizeBytes: 1 | 2 | 4): number;
  /** False where the memory cannot be written. */
  writeMemory?(address: number, bytes: Uint8Array): boolean;
  setRegister?(number: number, value: number): boolean;
  /** Registers DWARF does not number, by lower-case name without `$`: `cr3`, `cs`, `eflags` …. */
  namedRegister?(name: string): number | undefined;
  setNamedRegister?(name: string, value: number): boolean;
  /** `st0`, `mm0`, `xmm0` …: their bytes, 10, 8 or 16. */
  wideRegister?(name: string): Uint8Array | undefined;
  setWideRegister?(name: string, bytes: Uint8Array): boolean;
  /** `sys_page_alloc+4`, for pointers into code and statics. */
  symbolAt?(address: number): string | undefined;
  /** Type of a Rust trait object from the address of its vtable. */
  concreteTypeOfVtable?(address: number): Type | undefined;
  /** The same frame over the memory of a space: `env:1002`, `kernel`, `phys`. */
  inSpace?(space: string): Result<InspectionContext>;
  /** Which space that is, where it was asked for. */
  readonly spaceName?: string;
  /** What the machine and its operating system know: `$env`, `$pte(0x800000)`. */
  fact?(name: string, argument: number | undefined): Result<Fact>;
}

export interface FactFields {
  readonly names: readonly string[];
  get(name: string): Fact | undefined;
}

/**
 * Something that no debug information describes: a word, a number of 32 bits, or fields of such. Never changes anything.
 * Texts and fields are best made when they are asked for: a condition needs none but its own.
 */
export interface Fact {
  readonly text: string;
  readonly typeName: string;
  /** What arithmetic sees. */
  readonly number?: number | undefined;
  /** What comparison with a name or a text sees. */
  readonly word?: string | undefined;
  readonly fields?: FactFields | undefined;
  /** The number is a physical address. */
  readonly isPhysical?: boolean | undefined;
}

/** What names mean at one place in the code. Used when an expression is compiled, not when it runs. */
export interface NameScope {
  readonly language: 'c' | 'rust';
  readonly pc: number;
  /** `x`, `ENVS`, `kernel::env::ENVS`. */
  lookup(name: string): Variable | FunctionScope | ConvenienceValue | undefined;
  typeNamed(name: string): Type | undefined;
  /** Address and rough type of a symbol without debug information. */
  symbolNamed?(name: string): number | undefined;
  /** Whether `$name` is a register the context knows beyond eax…eflags. */
  isRegister?(name: string): boolean;
  /** Whether the context has a fact of that name, and whether it is asked with an address: `$pte(a)`. */
  factNamed?(name: string): 'plain' | 'of-address' | undefined;
}

/** A name the caller gives a value for, such as a result `$1`. */
export interface ConvenienceValue {
  readonly kind: 'convenience';
  readonly value: Value;
  /**
   * What a word is that may stand beside it, such as `an interrupt line`: an enumerator of its type, with quotes or without,
   * whatever else has that name.
   */
  readonly word?: string | undefined;
}

export type Place =
  | { readonly kind: 'memory'; readonly address: number }
  | { readonly kind: 'location'; readonly location: Location; readonly offset: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'bits';
      readonly of: Place;
      readonly storageBytes: number;
      readonly offsetBits: number;
      readonly sizeBits: number;
    }
  | { readonly kind: 'unavailable'; readonly id: string; readonly cause: string };

export interface Value {
  readonly type: Type | undefined;
  readonly place: Place;
  readonly context: InspectionContext;
  /** What is shown in place of bytes. */
  readonly fact?: Fact | undefined;
  /** An expression that gives this value again in its frame and writes nothing; for "Copy as Expression" and watches. */
  readonly evaluateName?: string | undefined;
}

export interface Rendered {
  /** One line, at most about 200 characters. */
  readonly text: string;
  readonly typeName: string;
  /** How many children to expect, by index and by name. Both 0: a leaf. */
  readonly indexed: number;
  readonly named: number;
  /** Linear address of the value, or of what it points at for pointers, strings and slices. */
  readonly memoryReference: number | undefined;
  /** The memory reference is a physical address. */
  readonly isPhysical?: boolean;
  /** May be assigned to from text. */
  readonly writable: boolean;
}

export interface Child {
  readonly name: string;
  readonly value: Value;
  readonly kind: 'field' | 'element' | 'virtual';
}

export interface ChildQuery {
  readonly filter?: 'indexed' | 'named';
  readonly start?: number;
  readonly count?: number;
}

export interface RenderOptions {
  readonly hex?: boolean;
  /** Characters of text at most; a line's worth when left out. */
  readonly textMax?: number;
}

export interface CompileOptions {
  readonly allowAssignment?: boolean;
  /** For one-shot evaluation: lets the compiler look at the value where the type alone does not decide (Rust enums). */
  readonly context?: InspectionContext;
}

export interface Compiled {
  /** `undefined` where only running it can tell. */
  readonly type: Type | undefined;
  /** Whether running it writes something. */
  readonly assigns: boolean;
  evaluate(context: InspectionContext): Result<Value>;
  /** The value as a truth, for conditions. Under 2 µs for a comparison of locals and registers. */
  test(context: InspectionContext): Result<boolean>;
}

export type { FrameContext, Result, Type, Variable };

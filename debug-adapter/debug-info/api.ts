/**
 * What the debugger may ask of an ELF file and its DWARF. Types only; `index.ts` exports them with the functions
 * that make them.
 *
 * Addresses are unsigned 32-bit linear addresses as plain numbers. Lines count from 1; a column of 0 means "unknown".
 * Invariant: nothing here knows of processes, address spaces or a machine. A reader of memory and registers comes from
 * the caller (`FrameContext`).
 */
import type { Result } from './result.ts';
import type { Type } from './types.ts';

/** Half open: `start <= address < end`. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

/** A part of the debug information that could not be used; the rest still works. */
export interface Warning {
  readonly id: string;
  readonly cause: string;
  readonly remedy: string;
}

// ---------------------------------------------------------------------------------------------------------- ELF

export interface ElfSection {
  readonly name: string;
  /** SHT_*: 1 PROGBITS, 2 SYMTAB, 8 NOBITS … */
  readonly type: number;
  /** SHF_*: 1 WRITE, 2 ALLOC, 4 EXECINSTR, 0x800 COMPRESSED. */
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface ElfSegment {
  /** PT_*: 1 LOAD … */
  readonly type: number;
  /** PF_*: 1 X, 2 W, 4 R. */
  readonly flags: number;
  readonly virtualAddress: number;
  readonly physicalAddress: number;
  readonly offset: number;
  readonly fileSizeBytes: number;
  readonly memorySizeBytes: number;
}

export interface ElfSymbol {
  /** As in the symbol table. */
  readonly name: string;
  /** Rust v0 and legacy names demangled; any other name unchanged. */
  readonly demangled: string;
  readonly address: number;
  readonly sizeBytes: number;
  readonly kind: 'function' | 'object' | 'section' | 'file' | 'other';
  readonly binding: 'local' | 'global' | 'weak' | 'other';
  /** Section index, or 0 (undefined), 0xfff1 (absolute). */
  readonly sectionIndex: number;
}

export interface ElfFile {
  readonly bytes: Uint8Array;
  readonly machine: number;
  /** ET_*: 1 REL, 2 EXEC, 3 DYN. */
  readonly type: number;
  readonly entry: number;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  /** In the order of the table; built on first use. */
  readonly symbols: readonly ElfSymbol[];
  readonly warnings: readonly Warning[];
  section(name: string): ElfSection | undefined;
  /** Contents, decompressed where SHF_COMPRESSED or `.zdebug_*` says so. `undefined` where the section is missing. */
  sectionBytes(name: string): Result<Uint8Array> | undefined;
  /** The function, object or label that covers `address`, the best one where several do. */
  symbolAt(address: number): ElfSymbol | undefined;
  /** By exact name, mangled or demangled. */
  symbolNamed(name: string): ElfSymbol | undefined;
  /** Initial contents of memory as the LOAD segments give it (zeros past the file size); `undefined` outside them. */
  readLoaded(address: number, sizeBytes: number): Uint8Array | undefined;
}

// ------------------------------------------------------------------------------------------------------- lines

export interface LinePosition {
  readonly address: number;
  /** Normalised absolute or comp-dir-relative path, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly isStatement: boolean;
  /** The rows around `address` that hold the same file and line without a gap. Line steps stop outside of it. */
  readonly range: AddressRange;
}

export interface BreakpointLocation {
  readonly address: number;
  readonly file: string;
  /** The line the location really stands on; may be greater than the one asked for. */
  readonly line: number;
  readonly column: number;
}

// -------------------------------------------------------------------------------------- frames and what they hold

/**
 * What a location expression may ask of the frame it is evaluated in.
 * DWARF register numbers of the i386 psABI: 0 eax, 1 ecx, 2 edx, 3 ebx, 4 esp, 5 ebp, 6 esi, 7 edi, 8 eip, 9 eflags.
 */
export interface FrameContext {
  /** Address for lookups: the pc in the innermost frame and above a trap, return address − 1 in caller frames. */
  readonly pc: number;
  /** Value in this frame, or `undefined` where the unwinder lost it. */
  register(number: number): number | undefined;
  /** Exactly `sizeBytes` bytes, or `undefined` where any of them is not mapped. */
  readMemory(address: number, sizeBytes: number): Uint8Array | undefined;
  /** Canonical frame address; worked out from the CFI where left out. */
  cfa?(): number | undefined;
}

export type Piece =
  | { readonly kind: 'memory'; readonly address: number; readonly sizeBits?: number; readonly offsetBits?: number }
  | { readonly kind: 'register'; readonly register: number; readonly sizeBits?: number; readonly offsetBits?: number }
  | { readonly kind: 'value'; readonly bytes: Uint8Array; readonly sizeBits?: number; readonly offsetBits?: number }
  | { readonly kind: 'pointer-to'; readonly die: number; readonly offset: number; readonly sizeBits?: number }
  | { readonly kind: 'optimized-out'; readonly sizeBits?: number };

/** Where a value is. One piece without a size is the whole of it. */
export interface Location {
  readonly pieces: readonly Piece[];
}

/** A location that costs no evaluation: for conditions that run on every hit. Valid at the pc it was asked for. */
export type SimpleLocation =
  | { readonly kind: 'address'; readonly address: number }
  | { readonly kind: 'register-offset'; readonly register: number; readonly offset: number }
  | { readonly kind: 'register'; readonly register: number };

export interface Variable {
  readonly name: string;
  /** With namespaces: `kernel::env::ENVS`; the plain name for locals. */
  readonly qualifiedName: string;
  readonly linkageName: string | undefined;
  readonly kind: 'parameter' | 'local' | 'static';
  readonly type: Type | undefined;
  readonly file: string | undefined;
  readonly line: number;
  /** Made by the compiler, such as Rust's `self` of a closure or a C++ `this`. */
  readonly artificial: boolean;
  /** Where the value is in `frame`. Fails with `optimized-out`, `location-unsupported`, `register-lost` …. */
  locate(frame: FrameContext): Result<Location>;
  /** As `locate` at `pc`, where that is a fixed address, a register, or a register plus an offset. */
  simpleLocation(pc: number): SimpleLocation | undefined;
}

export type Language = 'c' | 'c++' | 'rust' | 'assembly' | 'other';

/** One concrete function in the code. */
export interface FunctionScope {
  /** `sys_page_alloc` */
  readonly name: string;
  /** `kernel::syscall::sys_page_alloc`; generic arguments where the debug information has them. */
  readonly qualifiedName: string;
  readonly linkageName: string | undefined;
  readonly language: Language;
  /** The entry first. */
  readonly ranges: readonly AddressRange[];
  readonly entry: number;
  /** Where a breakpoint on the function belongs: past the prologue, at a row of the line table. */
  readonly breakpointAddress: number;
  readonly file: string | undefined;
  readonly line: number;
  readonly noReturn: boolean;
  readonly external: boolean;
  readonly returnType: Type | undefined;
  readonly parameters: readonly Variable[];
  /** Visible at `pc` in the function itself (not in what is inlined there): innermost block first, each name's innermost first; parameters last. */
  variablesAt(pc: number): readonly Variable[];
  /** DIE offset: identity within one DebugInfo. */
  readonly id: number;
}

/** One level of a physical frame: an inlined call, or (last) the function that holds it. */
export interface InlineFrame {
  readonly name: string;
  readonly qualifiedName: string;
  readonly inlined: boolean;
  readonly function: FunctionScope;
  /** Where the code of this level begins and which addresses are in it. */
  readonly ranges: readonly AddressRange[];
  /** Position shown for this level: the line row for the innermost, the call site of the level below for the others. */
  readonly file: string | undefined;
  readonly line: number;
  readonly column: number;
  readonly parameters: readonly Variable[];
  variablesAt(pc: number): readonly Variable[];
  readonly id: number;
}

// ------------------------------------------------------------------------------------------------------ unwinding

export type RegisterRule =
  | { readonly kind: 'undefined' }
  | { readonly kind: 'same' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'value-offset'; readonly offset: number }
  | { readonly kind: 'register'; readonly register: number }
  | { readonly kind: 'expression'; readonly bytes: Uint8Array }
  | { readonly kind: 'value-expression'; readonly bytes: Uint8Array };

export type CfaRule =
  | { readonly kind: 'register-offset'; readonly register: number; readonly offset: number }
  | { readonly kind: 'expression'; readonly bytes: Uint8Array };

export interface UnwindRow {
  readonly range: AddressRange;
  readonly cfa: CfaRule;
  /** Registers not named keep their value ("same"), except esp = CFA and eip = return address. */
  readonly registers: ReadonlyMap<number, RegisterRule>;
  readonly returnAddressRegister: number;
  /** The frame was made by a signal or a trap: its pc is not a return address. */
  readonly signalFrame: boolean;
}

export interface CallerFrame {
  readonly pc: number;
  readonly cfa: number;
  readonly how: 'cfi' | 'prologue' | 'frame-pointer' | 'return-address';
  readonly signalFrame: boolean;
  register(number: number): number | undefined;
  /** Where the caller's register was saved, so that it can be written; `undefined` while it still is in the register. */
  savedAt(number: number): number | undefined;
}

// ------------------------------------------------------------------------------------------------------------- all

export interface DebugInfo {
  readonly elf: ElfFile;
  /** Grows as units are read. */
  readonly warnings: readonly Warning[];
  /** False where the file has no DWARF at all: symbols and frame pointers are then all there is. */
  readonly hasDwarf: boolean;

  lineOf(address: number): LinePosition | undefined;
  /** One location per function or inlined body that has code for the line, or for the next line that has code. */
  addressesOf(file: string, line: number, column?: number): readonly BreakpointLocation[];
  /** Paths of all files that some line row names, sorted. */
  sourceFiles(): readonly string[];
  /** The file of `sourceFiles` that `path` means: equal, or sharing the longest suffix of whole segments. */
  matchFile(path: string): string | undefined;
  /** Statement positions between two lines, both included: one per line and column. */
  breakpointLocations(file: string, fromLine: number, toLine: number): readonly BreakpointLocation[];

  functionAt(address: number): FunctionScope | undefined;
  /** From the innermost inlined call out to the concrete function; empty where no function is known. */
  inlineFramesAt(address: number): readonly InlineFrame[];
  /** `sys_page_alloc`, `syscall::sys_page_alloc`, a linkage name; generics may be left out. */
  functionsNamed(name: string): readonly FunctionScope[];
  functions(): readonly FunctionScope[];
  /** Where a breakpoint on a function of that name belongs: past the prologue of each, and at each place it was inlined. */
  functionLocations(name: string): readonly BreakpointLocation[];

  /** Statics of the unit that holds `address`, or of all units. */
  statics(address?: number): readonly Variable[];
  /** Best first: near `address`'s namespaces if given, exact before suffix. */
  staticsNamed(name: string, address?: number): readonly Variable[];

  /** `Env`, `env::Env`, `struct env`, `alloc::vec::Vec<u8>`, `u32`, `unsigned int`. */
  typeNamed(name: string): Type | undefined;
  /** The type a Rust trait object's vtable was made for. */
  vtableTypeAt(address: number): Type | undefined;
  /** A pointer to `target`, and an array of it, where no entry stands for one. */
  pointerTo(target: Type | undefined): Type;
  arrayOf(element: Type | undefined, count: number): Type;
  /** The language of the unit that holds `address`; of the image where that is assembly, or none does. */
  languageAt(address: number): Language;

  unwindRowAt(address: number): UnwindRow | undefined;
  /** The caller of `frame`, by CFI, by what of the prologue has run, or by the frame pointer. Fails at the stack's end. */
  unwind(frame: FrameContext): Result<CallerFrame>;
}

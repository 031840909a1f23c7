/**
 * The type graph as a debugger sees it: DWARF 5, chapter 5 ("Type Entries"), in eleven kinds.
 *
 * Invariant: a type is built when it is first asked for, its targets when they are; a recursive type therefore ends.
 * Offsets and sizes are bytes unless named `Bits`.
 */
interface TypeCommon {
  /** Identity within one DebugInfo: the DIE's offset (type units: above 2^32). 0 for types no DIE stands for. */
  readonly id: number;
  /** As the language writes it, with namespaces: `alloc::vec::Vec<u8>`, `struct env *`, `[u8; 4]`. */
  readonly name: string;
  /** 0 for void, functions and declarations. */
  readonly sizeBytes: number;
  readonly language: 'c' | 'rust';
}

/** DW_ATE_*, folded to what a reader does with the bits. */
export type Encoding = 'signed' | 'unsigned' | 'boolean' | 'float' | 'char' | 'signed-char' | 'utf' | 'void' | 'other';

export interface BaseType extends TypeCommon {
  readonly kind: 'base';
  readonly encoding: Encoding;
}

export interface PointerType extends TypeCommon {
  readonly kind: 'pointer';
  readonly form: 'pointer' | 'reference' | 'rvalue-reference';
  /** `undefined`: void */
  readonly target: Type | undefined;
}

export interface Member {
  /** Empty for an anonymous member. */
  readonly name: string;
  readonly type: Type | undefined;
  readonly offset: number;
  /** For a bit field: size, and offset from `offset * 8` counted from the least significant bit. */
  readonly bits: { readonly offsetBits: number; readonly sizeBits: number } | undefined;
  readonly artificial: boolean;
  /** A base class. */
  readonly inherited: boolean;
}

export interface TemplateParameter {
  readonly name: string;
  readonly type: Type | undefined;
  readonly value: bigint | undefined;
}

export interface StructType extends TypeCommon {
  readonly kind: 'struct';
  readonly keyword: 'struct' | 'class' | 'union';
  /** The last segment of `name`, generic arguments included. Empty for an anonymous type. */
  readonly shortName: string;
  readonly declaration: boolean;
  readonly members: readonly Member[];
  readonly templateParameters: readonly TemplateParameter[];
  /** Rust enum: DW_TAG_variant_part. */
  readonly variants: VariantPart | undefined;
}

/** DWARF 5 §5.7.10, "Variant Entries". */
export interface VariantPart {
  /** `undefined` for an enum of one variant. */
  readonly discriminant: Member | undefined;
  readonly variants: readonly Variant[];
}

export interface Variant {
  readonly name: string;
  /** Values of the discriminant that select this variant, unsigned in the discriminant's size; empty: the default. */
  readonly selectors: readonly { readonly low: bigint; readonly high: bigint }[];
  /** The variant's fields: a struct at an offset of the enum. */
  readonly member: Member;
}

export interface Enumerator {
  readonly name: string;
  readonly value: bigint;
}

export interface EnumType extends TypeCommon {
  readonly kind: 'enum';
  readonly shortName: string;
  readonly signed: boolean;
  readonly enumerators: readonly Enumerator[];
  readonly underlying: Type | undefined;
}

export interface ArrayType extends TypeCommon {
  readonly kind: 'array';
  readonly element: Type | undefined;
  /** One entry per dimension, outermost first; `undefined` where the count is not known. */
  readonly counts: readonly (number | undefined)[];
}

export interface TypedefType extends TypeCommon {
  readonly kind: 'typedef';
  readonly target: Type | undefined;
}

export interface QualifiedType extends TypeCommon {
  readonly kind: 'qualified';
  readonly qualifier: 'const' | 'volatile' | 'restrict' | 'atomic' | 'immutable';
  readonly target: Type | undefined;
}

export interface FunctionType extends TypeCommon {
  readonly kind: 'function';
  readonly returns: Type | undefined;
  readonly parameters: readonly (Type | undefined)[];
  readonly variadic: boolean;
}

export interface UnspecifiedType extends TypeCommon {
  readonly kind: 'unspecified';
}

export type Type =
  | BaseType
  | PointerType
  | StructType
  | EnumType
  | ArrayType
  | TypedefType
  | QualifiedType
  | FunctionType
  | UnspecifiedType;

/** Peels typedefs and qualifiers. Bounded, so that a corrupt cycle ends. */
export function resolved(type: Type | undefined): Type | undefined {
  let current = type;
  for (let depth = 0; depth < 64; depth++) {
    if (current === undefined || (current.kind !== 'typedef' && current.kind !== 'qualified')) return current;
    current = current.target;
  }
  return undefined;
}

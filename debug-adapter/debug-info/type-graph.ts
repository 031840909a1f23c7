/**
 * Types from entries: DWARF 5, chapter 5, and DW_TAG_variant_part as rustc uses it.
 *
 * Invariant: one object per entry, made on first use; its targets and members are read when they are asked for. A type
 * that cannot be read is `undefined`, with a warning.
 */
import { forEachChild } from './dies.ts';
import type { Die } from './dies.ts';
import { AT, FORM, TAG } from './dwarf-constants.ts';
import type { Dwarf } from './dwarf.ts';
import { SCALAR_BYTES_MAX, readMember, readTemplateParameter, readVariantPart } from './type-members.ts';
import { arrayTypeName, functionTypeName, pointerTypeName, qualifiedTypeName, shortened } from './type-names.ts';
import type {
  ArrayType,
  BaseType,
  Encoding,
  EnumType,
  Enumerator,
  FunctionType,
  Member,
  PointerType,
  QualifiedType,
  StructType,
  TemplateParameter,
  Type,
  TypedefType,
  UnspecifiedType,
  VariantPart,
} from './types.ts';
import type { DieId } from './units.ts';

//              DW_ATE_*
const encodings: ReadonlyMap<number, Encoding> = new Map<number, Encoding>([
  [0x01, 'unsigned'], // address
  [0x02, 'boolean'],
  [0x04, 'float'],
  [0x05, 'signed'],
  [0x06, 'signed-char'],
  [0x07, 'unsigned'],
  [0x08, 'char'], // unsigned char
  [0x10, 'utf'],
  [0x11, 'utf'], // UCS
  [0x12, 'utf'], // ASCII
]);

/** Names and sizes are made of those of other types; real ones nest a few levels deep. */
const NESTED_MAX = 64;
const SIZE_MAX = 0xffffffff;

export class TypeGraph {
  readonly dwarf: Dwarf;
  readonly #types = new Map<DieId, Type | undefined>();
  #depth = 0;

  constructor(dwarf: Dwarf) {
    this.dwarf = dwarf;
  }

  at(id: DieId | undefined): Type | undefined {
    if (id === undefined) return undefined;
    if (this.#types.has(id)) return this.#types.get(id);
    // Until it is made, it is nothing to itself: a signature may lead back here.
    this.#types.set(id, undefined);
    const type = this.guard(id, undefined, () => this.#build(this.dwarf.units.die(id)));
    this.#types.set(id, type);
    return type;
  }

  /** The type a DW_AT_type of `die` names; `undefined` is void. */
  of(die: Die): Type | undefined {
    return this.at(this.dwarf.units.reference(die, AT.type));
  }

  /** Runs what may ask for a type within a type within a type …, or gives `fallback` where that goes too deep. */
  nested<T>(fallback: T, work: () => T): T {
    if (this.#depth >= NESTED_MAX) return fallback;
    this.#depth++;
    try {
      return work();
    } finally {
      this.#depth--;
    }
  }

  guard<T>(id: DieId, fallback: T, read: () => T): T {
    return this.dwarf.sections.guard(
      'dwarf-type',
      () => `The type at 0x${id.toString(16)} cannot be read`,
      fallback,
      read,
    );
  }

  #build(die: Die): Type | undefined {
    // DWARF 5 §5.7.1: a stub may name the type unit that has the whole.
    const signature = this.dwarf.units.reference(die, AT.signature);
    if (signature !== undefined && signature !== die.id) return this.nested(undefined, () => this.at(signature));
    switch (die.tag) {
      case TAG.base_type:
        return new DwarfBase(this, die);
      case TAG.pointer_type:
      case TAG.ptr_to_member_type:
        return new DwarfPointer(this, die, 'pointer');
      case TAG.reference_type:
        return new DwarfPointer(this, die, 'reference');
      case TAG.rvalue_reference_type:
        return new DwarfPointer(this, die, 'rvalue-reference');
      case TAG.structure_type:
        return new DwarfStruct(this, die, 'struct');
      case TAG.class_type:
      case TAG.interface_type:
        return new DwarfStruct(this, die, 'class');
      case TAG.union_type:
        return new DwarfStruct(this, die, 'union');
      case TAG.enumeration_type:
        return new DwarfEnum(this, die);
      case TAG.array_type:
        return new DwarfArray(this, die);
      case TAG.typedef:
      case TAG.template_alias:
        return new DwarfTypedef(this, die);
      case TAG.const_type:
        return new DwarfQualified(this, die, 'const');
      case TAG.volatile_type:
        return new DwarfQualified(this, die, 'volatile');
      case TAG.restrict_type:
        return new DwarfQualified(this, die, 'restrict');
      case TAG.atomic_type:
        return new DwarfQualified(this, die, 'atomic');
      case TAG.immutable_type:
        return new DwarfQualified(this, die, 'immutable');
      case TAG.subroutine_type:
        return new DwarfFunctionType(this, die);
      case TAG.unspecified_type:
        return new DwarfUnspecified(this, die);
      default:
        return undefined;
    }
  }
}

/** What all types have; `name` and `sizeBytes` are worked out on first use. */
abstract class DwarfType {
  readonly id: DieId;
  readonly language: 'c' | 'rust';
  protected readonly graph: TypeGraph;
  /** DW_AT_name alone. */
  readonly ownName: string;
  protected readonly ownSize: number | undefined;
  #name: string | undefined;
  #size: number | undefined;
  #busy = false;

  constructor(graph: TypeGraph, die: Die) {
    this.graph = graph;
    this.id = die.id;
    this.language = die.unit.language === 'rust' ? 'rust' : 'c';
    this.ownName = die.string(AT.name) ?? '';
    this.ownSize = saneSize(die.number(AT.byte_size));
  }

  get name(): string {
    // A corrupt type may contain itself; its name then ends here.
    if (this.#name === undefined && this.#busy) return '…';
    if (this.#name === undefined) {
      this.#busy = true;
      try {
        this.#name = shortened(this.graph.nested('…', () => this.makeName()));
      } finally {
        this.#busy = false;
      }
    }
    return this.#name;
  }

  get sizeBytes(): number {
    if (this.#size === undefined) {
      this.#size = 0;
      const size = saneSize(this.ownSize ?? this.graph.nested(0, () => this.makeSize())) ?? 0;
      this.#size = size <= this.sizeMax ? size : 0;
    }
    return this.#size;
  }

  protected get sizeMax(): number {
    return SIZE_MAX;
  }

  protected die(): Die {
    return this.graph.dwarf.units.die(this.id);
  }

  protected makeName(): string {
    return this.ownName;
  }

  protected makeSize(): number {
    return 0;
  }

  /** With namespaces. */
  protected scopedName(): string {
    return this.graph.guard(this.id, this.ownName, () => this.graph.dwarf.qualifiedName(this.die()));
  }
}

/** A size that memory can have; `undefined` where there is none, or where it is a fraction or negative. */
function saneSize(size: number | undefined): number | undefined {
  if (size === undefined || !Number.isInteger(size) || size < 0) return undefined;
  return Math.min(size, SIZE_MAX);
}

/** A type whose one target is another type. */
abstract class TargetedType extends DwarfType {
  readonly #target: DieId | undefined;

  constructor(graph: TypeGraph, die: Die) {
    super(graph, die);
    this.#target = graph.dwarf.units.reference(die, AT.type);
  }

  get target(): Type | undefined {
    return this.graph.at(this.#target);
  }
}

class DwarfBase extends DwarfType implements BaseType {
  readonly kind = 'base';
  readonly encoding: Encoding;

  constructor(graph: TypeGraph, die: Die) {
    super(graph, die);
    const encoding = encodings.get(die.number(AT.encoding) ?? 0) ?? 'other';
    // rustc gives `()` as an unsigned type of no bytes, and `char` as one of four bytes.
    this.encoding = this.ownName === '()' || this.ownName === '!' ? 'void' : encoding;
  }

  protected override get sizeMax(): number {
    return SCALAR_BYTES_MAX;
  }
}

class DwarfPointer extends TargetedType implements PointerType {
  readonly kind = 'pointer';
  readonly form: PointerType['form'];

  constructor(graph: TypeGraph, die: Die, form: PointerType['form']) {
    super(graph, die);
    this.form = form;
  }

  protected override makeName(): string {
    return this.ownName !== '' ? this.ownName : pointerTypeName(this.target, this.form, this.language);
  }

  protected override makeSize(): number {
    return 4;
  }

  protected override get sizeMax(): number {
    return SCALAR_BYTES_MAX;
  }
}

class DwarfTypedef extends TargetedType implements TypedefType {
  readonly kind = 'typedef';

  protected override makeName(): string {
    return this.scopedName();
  }

  protected override makeSize(): number {
    return this.target?.sizeBytes ?? 0;
  }
}

class DwarfQualified extends TargetedType implements QualifiedType {
  readonly kind = 'qualified';
  readonly qualifier: QualifiedType['qualifier'];

  constructor(graph: TypeGraph, die: Die, qualifier: QualifiedType['qualifier']) {
    super(graph, die);
    this.qualifier = qualifier;
  }

  protected override makeName(): string {
    return qualifiedTypeName(this.target, this.qualifier);
  }

  protected override makeSize(): number {
    return this.target?.sizeBytes ?? 0;
  }
}

class DwarfUnspecified extends DwarfType implements UnspecifiedType {
  readonly kind = 'unspecified';
}

class DwarfStruct extends DwarfType implements StructType {
  readonly kind = 'struct';
  readonly keyword: StructType['keyword'];
  readonly declaration: boolean;
  #content:
    { members: Member[]; templateParameters: TemplateParameter[]; variants: VariantPart | undefined } | undefined;

  constructor(graph: TypeGraph, die: Die, keyword: StructType['keyword']) {
    super(graph, die);
    this.keyword = keyword;
    this.declaration = die.flag(AT.declaration);
  }

  get shortName(): string {
    return this.ownName;
  }

  get members(): readonly Member[] {
    return this.#read().members;
  }

  get templateParameters(): readonly TemplateParameter[] {
    return this.#read().templateParameters;
  }

  get variants(): VariantPart | undefined {
    return this.#read().variants;
  }

  protected override makeName(): string {
    if (this.ownName === '') return this.language === 'c' ? `${this.keyword} {…}` : '{…}';
    const name = this.scopedName();
    return this.graph.dwarf.units.unitOf(this.id).language === 'c' ? `${this.keyword} ${name}` : name;
  }

  #read(): { members: Member[]; templateParameters: TemplateParameter[]; variants: VariantPart | undefined } {
    if (this.#content !== undefined) return this.#content;
    const members: Member[] = [];
    const templateParameters: TemplateParameter[] = [];
    let variants: VariantPart | undefined;
    this.graph.guard(this.id, undefined, () => {
      forEachChild(this.die(), (child) => {
        switch (child.tag) {
          case TAG.member:
            if (!child.flag(AT.external) && !child.flag(AT.declaration))
              members.push(readMember(this.graph, child, false));
            break;
          case TAG.inheritance:
            members.push(readMember(this.graph, child, true));
            break;
          case TAG.template_type_parameter:
          case TAG.template_value_parameter:
            templateParameters.push(readTemplateParameter(this.graph, child));
            break;
          case TAG.variant_part:
            variants = readVariantPart(this.graph, child.unit.die(child.offset));
            break;
          default:
        }
      });
    });
    this.#content = { members, templateParameters, variants };
    return this.#content;
  }
}

class DwarfEnum extends TargetedType implements EnumType {
  readonly kind = 'enum';
  #content: { enumerators: Enumerator[]; signed: boolean } | undefined;

  get shortName(): string {
    return this.ownName;
  }

  get underlying(): Type | undefined {
    return this.target;
  }

  get enumerators(): readonly Enumerator[] {
    return this.#read().enumerators;
  }

  get signed(): boolean {
    return this.#read().signed;
  }

  protected override makeName(): string {
    if (this.ownName === '') return 'enum {…}';
    const name = this.scopedName();
    return this.graph.dwarf.units.unitOf(this.id).language === 'c' ? `enum ${name}` : name;
  }

  protected override makeSize(): number {
    return this.underlying?.sizeBytes ?? 4;
  }

  protected override get sizeMax(): number {
    return SCALAR_BYTES_MAX;
  }

  #read(): { enumerators: Enumerator[]; signed: boolean } {
    if (this.#content !== undefined) return this.#content;
    const raw: { name: string; value: bigint }[] = [];
    const { underlying } = this;
    let signed =
      underlying?.kind === 'base' && (underlying.encoding === 'signed' || underlying.encoding === 'signed-char');
    this.graph.guard(this.id, undefined, () => {
      forEachChild(this.die(), (child) => {
        if (child.tag !== TAG.enumerator) return;
        const value = child.bigint(AT.const_value) ?? 0n;
        if (value < 0n) signed = true;
        raw.push({ name: child.string(AT.name) ?? '', value });
      });
    });
    const sizeBits = this.sizeBytes * 8;
    const enumerators = raw.map(({ name, value }) => ({
      name,
      value: signed ? BigInt.asIntN(sizeBits, value) : BigInt.asUintN(sizeBits, value),
    }));
    this.#content = { enumerators, signed };
    return this.#content;
  }
}

class DwarfArray extends TargetedType implements ArrayType {
  readonly kind = 'array';
  #counts: (number | undefined)[] | undefined;

  get element(): Type | undefined {
    return this.target;
  }

  get counts(): readonly (number | undefined)[] {
    if (this.#counts !== undefined) return this.#counts;
    const counts: (number | undefined)[] = [];
    this.graph.guard(this.id, undefined, () => {
      forEachChild(this.die(), (child) => {
        if (child.tag === TAG.subrange_type || child.tag === TAG.enumeration_type) counts.push(countOf(child));
      });
    });
    if (counts.length === 0) counts.push(undefined);
    this.#counts = counts;
    return counts;
  }

  protected override makeName(): string {
    return arrayTypeName(this.element, this.counts, this.language);
  }

  protected override makeSize(): number {
    return this.counts.reduce<number>((size, count) => size * (count ?? 0), this.element?.sizeBytes ?? 0);
  }
}

function countOf(die: Die): number | undefined {
  const count = die.number(AT.count);
  if (count !== undefined) return count;
  const upper = die.number(AT.upper_bound);
  const form = die.form(AT.upper_bound);
  if (upper === undefined || form === FORM.ref4 || form === FORM.ref_addr) return undefined;
  // GCC writes the bound -1 of a zero-length array in an unsigned form.
  if (upper === 0xffffffff && form === FORM.data4) return 0;
  return Math.max(0, upper - (die.number(AT.lower_bound) ?? 0) + 1);
}

class DwarfFunctionType extends TargetedType implements FunctionType {
  readonly kind = 'function';
  #content: { parameters: (Type | undefined)[]; variadic: boolean } | undefined;

  get returns(): Type | undefined {
    return this.target;
  }

  get parameters(): readonly (Type | undefined)[] {
    return this.#read().parameters;
  }

  get variadic(): boolean {
    return this.#read().variadic;
  }

  protected override makeName(): string {
    if (this.ownName !== '') return this.ownName;
    return functionTypeName(this.returns, this.parameters, this.variadic, this.language);
  }

  #read(): { parameters: (Type | undefined)[]; variadic: boolean } {
    if (this.#content !== undefined) return this.#content;
    const parameters: (Type | undefined)[] = [];
    let variadic = false;
    this.graph.guard(this.id, undefined, () => {
      forEachChild(this.die(), (child) => {
        if (child.tag === TAG.formal_parameter) parameters.push(this.graph.of(child));
        else if (child.tag === TAG.unspecified_parameters) variadic = true;
      });
    });
    this.#content = { parameters, variadic };
    return this.#content;
  }
}

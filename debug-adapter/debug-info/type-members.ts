/**
 * What stands in a struct's entry: members, template parameters, and the variants of a Rust enum.
 * DWARF 5 §5.7.6, "Data Member Entries"; §5.7.10, "Variant Entries"; §2.23, "Template Parameters".
 *
 * Invariant: a size or an offset in bits that no machine has is left out, so that nobody allocates by it.
 */
import { ByteReader } from './bytes.ts';
import { forEachChild } from './dies.ts';
import type { Die } from './dies.ts';
import { AT, OP, TAG } from './dwarf-constants.ts';
import type { TypeGraph } from './type-graph.ts';
import type { Member, TemplateParameter, Type, Variant, VariantPart } from './types.ts';
import type { DieId } from './units.ts';

/** A number of more bytes than this is none; complex long doubles have 32. */
export const SCALAR_BYTES_MAX = 64;
const BIT_FIELD_MAX = 128;

/** A member whose type is looked up when it is asked for. */
class DwarfMember implements Member {
  readonly name: string;
  readonly offset: number;
  readonly bits: Member['bits'];
  readonly artificial: boolean;
  readonly inherited: boolean;
  readonly #graph: TypeGraph;
  readonly #type: DieId | undefined;

  constructor(graph: TypeGraph, die: Die, offset: number, bits: Member['bits'], inherited: boolean) {
    this.#graph = graph;
    this.#type = graph.dwarf.units.reference(die, AT.type);
    this.name = die.string(AT.name) ?? '';
    this.offset = offset;
    this.bits = bits;
    this.artificial = die.flag(AT.artificial);
    this.inherited = inherited;
  }

  get type(): Type | undefined {
    return this.#graph.at(this.#type);
  }
}

export function readMember(graph: TypeGraph, die: Die, inherited: boolean): Member {
  const block = die.block(AT.data_member_location);
  let offset = block === undefined ? (die.number(AT.data_member_location) ?? 0) : memberExpression(block);
  let bits: Member['bits'];
  const sizeBits = die.number(AT.bit_size);
  if (sizeBits !== undefined && sizeBits >= 0 && sizeBits <= BIT_FIELD_MAX) {
    const fromStart = die.number(AT.data_bit_offset);
    const fromTop = die.number(AT.bit_offset);
    let offsetBits = fromStart ?? 0;
    if (fromTop !== undefined) {
      // DWARF 3 §5.5.6: counted from the most significant bit of a storage unit of DW_AT_byte_size bytes.
      const storage = die.number(AT.byte_size) ?? graph.of(die)?.sizeBytes ?? 4;
      offsetBits = storage * 8 - fromTop - sizeBits;
    }
    offset += Math.floor(offsetBits / 8);
    bits = { offsetBits: ((offsetBits % 8) + 8) % 8, sizeBits };
  }
  return new DwarfMember(graph, die, offset, bits, inherited);
}

/** DWARF 2 gave offsets as `DW_OP_plus_uconst n`. Any other expression (a virtual base) is taken for 0. */
function memberExpression(block: Uint8Array): number {
  const reader = new ByteReader(block);
  if (reader.atEnd) return 0;
  const op = reader.u8();
  return op === OP.plus_uconst || op === OP.constu ? reader.uleb() : 0;
}

export function readTemplateParameter(graph: TypeGraph, die: Die): TemplateParameter {
  const reference = graph.dwarf.units.reference(die, AT.type);
  return {
    name: die.string(AT.name) ?? '',
    value: die.bigint(AT.const_value),
    get type() {
      return graph.at(reference);
    },
  };
}

export function readVariantPart(graph: TypeGraph, part: Die): VariantPart {
  const discrId = graph.dwarf.units.reference(part, AT.discr);
  const discriminant = discrId === undefined ? undefined : readMember(graph, graph.dwarf.units.die(discrId), false);
  const discrType = discriminant?.type;
  const sizeBits = Math.min(discrType?.sizeBytes ?? 8, SCALAR_BYTES_MAX) * 8;
  const unsigned = (value: bigint): bigint => BigInt.asUintN(sizeBits, value);
  const variants: Variant[] = [];
  forEachChild(part, (child) => {
    if (child.tag !== TAG.variant) return;
    const selectors: { low: bigint; high: bigint }[] = [];
    const value = child.bigint(AT.discr_value);
    if (value !== undefined) selectors.push({ low: unsigned(value), high: unsigned(value) });
    const list = child.block(AT.discr_list);
    if (list !== undefined) selectors.push(...readDiscriminantList(list, unsigned));
    let member: Member | undefined;
    forEachChild(child.unit.die(child.offset), (field) => {
      if (field.tag === TAG.member) member ??= readMember(graph, field, false);
    });
    if (member !== undefined) variants.push({ name: member.name, selectors, member });
  });
  return { discriminant, variants };
}

/** DWARF 5 §7.5.7, "Discriminant Descriptor Entries". */
function readDiscriminantList(list: Uint8Array, unsigned: (value: bigint) => bigint): { low: bigint; high: bigint }[] {
  const reader = new ByteReader(list);
  const selectors: { low: bigint; high: bigint }[] = [];
  while (!reader.atEnd) {
    const isRange = reader.u8() === 1;
    const low = unsigned(reader.ulebBig());
    selectors.push({ low, high: isRange ? unsigned(reader.ulebBig()) : low });
  }
  return selectors;
}

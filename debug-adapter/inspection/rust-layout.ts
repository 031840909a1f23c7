/**
 * Where Rust's library types keep what a person wants to see: found through the names of their fields.
 * library/core and library/alloc of the Rust sources; field names have been the same since 1.60, what wraps them has not.
 *
 * Invariant: no offset is written down; a type whose fields are not as expected has no layout here and is shown raw.
 */
import { resolved } from '../debug-info/index.ts';
import type { Member, StructType, Type } from '../debug-info/index.ts';

/** Bytes forward, or a load of the pointer that stands there. */
export type Step = number | 'load';

export interface Layout {
  readonly type: Type | undefined;
  readonly steps: readonly Step[];
}

//  type                                        field that is all there is to it
const wrappers: ReadonlyMap<string, string> = new Map([
  ['core::cell::UnsafeCell', 'value'],
  ['core::cell::SyncUnsafeCell', 'value'],
  ['core::cell::Cell', 'value'],
  ['core::cell::RefCell', 'value'],
  ['core::cell::Ref', 'value'],
  ['core::cell::RefMut', 'value'],
  ['core::mem::manually_drop::ManuallyDrop', 'value'],
  ['core::mem::maybe_dangling::MaybeDangling', '__0'],
  ['core::mem::maybe_uninit::MaybeUninit', 'value'],
  ['core::num::nonzero::NonZero', '__0'],
  ['core::num::wrapping::Wrapping', '__0'],
  ['core::num::saturating::Saturating', '__0'],
  ['core::pin::Pin', 'pointer'],
  ['core::ptr::non_null::NonNull', 'pointer'],
  ['core::ptr::unique::Unique', 'pointer'],
  ['core::sync::atomic::Atomic', 'v'],
  ['core::sync::atomic::AtomicPtr', 'p'],
  ['alloc::rc::Rc', 'ptr'],
  ['alloc::sync::Arc', 'ptr'],
]);

//  type                     field of what its pointer leads to
const boxes: ReadonlyMap<string, string> = new Map([
  ['alloc::rc::Rc', 'value'],
  ['alloc::sync::Arc', 'data'],
]);

// Borrows: what their pointer leads to is the whole of it.
const borrows: ReadonlySet<string> = new Set(['core::cell::Ref', 'core::cell::RefMut']);

// `NonZeroU32Inner`, `UsizeNoHighBit`: numbers that leave some values to niches.
const nicheTypes = /^core::num::niche_types::\w+$/;

const atomics = /^core::sync::atomic::(?:Atomic[A-Z]\w*|private::Align\d+)$/;

/** `alloc::vec::Vec` of `alloc::vec::Vec<u8, alloc::alloc::Global>` */
export function baseName(type: Type): string {
  const open = type.name.indexOf('<');
  return open > 0 ? type.name.slice(0, open) : type.name;
}

export function structOf(type: Type | undefined): StructType | undefined {
  const plain = resolved(type);
  return plain?.kind === 'struct' ? plain : undefined;
}

export function memberNamed(type: Type | undefined, name: string): Member | undefined {
  return structOf(type)?.members.find((member) => member.name === name);
}

function onlySolidMember(type: StructType): Member | undefined {
  const solid = type.members.filter((member) => (member.type?.sizeBytes ?? 0) > 0);
  return solid.length === 1 ? solid[0] : undefined;
}

const wrapperCache = new WeakMap<Type, { readonly layout: Layout | undefined }>();

/** One level of a library wrapper: `Cell<T>` to `T`, `Rc<T>` through its pointer to `T`. */
export function wrapperLayout(type: Type | undefined): Layout | undefined {
  const struct = structOf(type);
  if (struct?.language !== 'rust' || struct.variants !== undefined) return undefined;
  const known = wrapperCache.get(struct);
  if (known !== undefined) return known.layout;
  const layout = findWrapper(struct);
  wrapperCache.set(struct, { layout });
  return layout;
}

function findWrapper(struct: StructType): Layout | undefined {
  const base = baseName(struct);
  const field = wrappers.get(base) ?? (atomics.test(base) ? 'v' : nicheTypes.test(base) ? '__0' : undefined);
  if (field === undefined) return undefined;
  const member = struct.members.find((candidate) => candidate.name === field) ?? onlySolidMember(struct);
  if (member === undefined) return undefined;
  const inner = boxes.get(base);
  const pointer = firstPointer(member.type);
  if (borrows.has(base)) return pointer && { type: pointer.target, steps: [member.offset + pointer.offset, 'load'] };
  if (inner === undefined) return { type: member.type, steps: [member.offset] };
  // ptr: NonNull<RcInner<T>>
  const target = pointer === undefined ? undefined : memberNamed(pointer.target, inner);
  if (pointer === undefined || target === undefined) return undefined;
  return { type: target.type, steps: [member.offset + pointer.offset, 'load', target.offset] };
}

/** The first thin pointer in a struct, depth first. */
export function firstPointer(
  type: Type | undefined,
  depth = 0,
): { readonly offset: number; readonly target: Type | undefined } | undefined {
  const plain = resolved(type);
  if (plain?.kind === 'pointer') return { offset: 0, target: plain.target };
  if (plain?.kind !== 'struct' || plain.variants !== undefined || depth > 8) return undefined;
  for (const member of plain.members) {
    const inner = firstPointer(member.type, depth + 1);
    if (inner !== undefined) return { offset: member.offset + inner.offset, target: inner.target };
  }
  return undefined;
}

/** The number inside structs of one field: `UsizeNoHighBit`, `EnvId(u32)`. */
export function innerScalar(
  type: Type | undefined,
  depth = 0,
): { readonly offset: number; readonly type: Type } | undefined {
  const plain = resolved(type);
  if (plain === undefined || depth > 8) return undefined;
  if (plain.kind === 'base' || plain.kind === 'enum' || plain.kind === 'pointer') return { offset: 0, type: plain };
  if (plain.kind !== 'struct' || plain.variants !== undefined) return undefined;
  const member = onlySolidMember(plain);
  const inner = member === undefined ? undefined : innerScalar(member.type, depth + 1);
  return inner && { offset: member!.offset + inner.offset, type: inner.type };
}

/** A field anywhere below, breadth first, by name. */
export function fieldBelow(
  type: Type | undefined,
  name: string,
  depth = 0,
): { readonly offset: number; readonly type: Type | undefined } | undefined {
  const struct = structOf(type);
  if (struct === undefined || depth > 6) return undefined;
  const own = struct.members.find((member) => member.name === name);
  if (own !== undefined) return { offset: own.offset, type: own.type };
  for (const member of struct.members) {
    const inner = fieldBelow(member.type, name, depth + 1);
    if (inner !== undefined) return { offset: member.offset + inner.offset, type: inner.type };
  }
  return undefined;
}

/** Elements one after the other behind a pointer: `Vec<T>`, `String`, `&[T]`, `&str`, `Box<[T]>`. */
export interface SequenceLayout {
  readonly pointerOffset: number;
  readonly lengthOffset: number;
  /** Only of what can grow. */
  readonly capacityOffset: number | undefined;
  readonly element: Type | undefined;
  readonly isText: boolean;
  /** `Vec` and `String` say their length in their text; slices and arrays too, `str` never. */
  readonly name: 'vec' | 'string' | 'slice' | 'str';
}

const sequenceCache = new WeakMap<Type, { readonly layout: SequenceLayout | undefined }>();

export function sequenceLayout(type: Type | undefined): SequenceLayout | undefined {
  const struct = structOf(type);
  if (struct?.language !== 'rust') return undefined;
  const known = sequenceCache.get(struct);
  if (known !== undefined) return known.layout;
  const layout = findSequence(struct);
  sequenceCache.set(struct, { layout });
  return layout;
}

function findSequence(struct: StructType): SequenceLayout | undefined {
  const data = memberNamed(struct, 'data_ptr');
  const length = memberNamed(struct, 'length');
  if (data !== undefined && length !== undefined) {
    const pointer = firstPointer(data.type);
    if (pointer === undefined) return undefined;
    const isText = /(?:^|[ &*<])str(?:>|,|$)/.test(struct.name);
    return {
      pointerOffset: data.offset + pointer.offset,
      lengthOffset: length.offset,
      capacityOffset: undefined,
      element: pointer.target,
      isText,
      name: isText ? 'str' : 'slice',
    };
  }
  const base = baseName(struct);
  if (base === 'alloc::string::String') {
    const vector = memberNamed(struct, 'vec');
    const inner = sequenceLayout(vector?.type);
    if (vector === undefined || inner === undefined) return undefined;
    return {
      ...inner,
      pointerOffset: vector.offset + inner.pointerOffset,
      lengthOffset: vector.offset + inner.lengthOffset,
      capacityOffset: inner.capacityOffset === undefined ? undefined : vector.offset + inner.capacityOffset,
      isText: true,
      name: 'string',
    };
  }
  if (base !== 'alloc::vec::Vec') return undefined;
  const buffer = memberNamed(struct, 'buf');
  const count = memberNamed(struct, 'len');
  const pointer = firstPointer(buffer?.type);
  if (buffer === undefined || count === undefined || pointer === undefined) return undefined;
  const capacity = fieldBelow(buffer.type, 'cap');
  const element = struct.templateParameters.find((parameter) => parameter.name === 'T')?.type ?? pointer.target;
  const isZeroSized = (element?.sizeBytes ?? 0) === 0;
  return {
    pointerOffset: buffer.offset + pointer.offset,
    lengthOffset: count.offset,
    capacityOffset:
      capacity === undefined || isZeroSized
        ? undefined
        : buffer.offset + capacity.offset + (innerScalar(capacity.type)?.offset ?? 0),
    element,
    isText: false,
    name: 'vec',
  };
}

/** Rust's generic argument of that name. */
export function templateType(type: Type | undefined, name: string): Type | undefined {
  return structOf(type)?.templateParameters.find((parameter) => parameter.name === name)?.type;
}

/** Field names as they are written in source: `0` for `__0`, captures without their prefix. */
export function fieldName(member: Member): string {
  const tuple = /^__(\d+)$/.exec(member.name);
  if (tuple !== null) return tuple[1]!;
  return member.name.replace(/^_ref__/, '');
}

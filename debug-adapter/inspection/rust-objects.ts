/**
 * Trait objects: `&dyn T`, `Box<dyn T>`, `Rc<dyn T>`, shown as the value of the type whose vtable they carry.
 * The Rust Reference, "Trait object types"; a vtable begins with the drop function, the size and the alignment.
 *
 * Invariant: the concrete type comes from the vtable's debug information alone; without it the object is two addresses.
 */
import { resolved } from '../debug-info/index.ts';
import type { StructType, Type } from '../debug-info/index.ts';
import type { InspectionContext, Value } from './api.ts';
import { baseName, memberNamed } from './rust-layout.ts';
import { memoryValue, partValue, pointerOf } from './value.ts';

const usize: Type = { kind: 'base', id: 0, name: 'usize', sizeBytes: 4, language: 'rust', encoding: 'unsigned' };
const VTABLE_ALIGNMENT = 8;
/** The two counts before the value: library/alloc, `RcInner`, `ArcInner`. */
const COUNTS_BYTES = 8;

export interface ObjectLayout {
  readonly pointerOffset: number;
  readonly vtableOffset: number;
  /** Its value lies behind reference counts. */
  readonly counted: boolean;
}

const cache = new WeakMap<Type, { readonly layout: ObjectLayout | undefined }>();

export function objectLayout(type: Type | undefined): ObjectLayout | undefined {
  const struct = resolved(type);
  if (struct?.kind !== 'struct' || struct.language !== 'rust' || struct.variants !== undefined) return undefined;
  const known = cache.get(struct);
  if (known !== undefined) return known.layout;
  const layout = findObject(struct);
  cache.set(struct, { layout });
  return layout;
}

function findObject(struct: StructType): ObjectLayout | undefined {
  const counted = /^alloc::(?:rc::Rc|sync::Arc)$/.test(baseName(struct));
  let at: StructType | undefined = struct;
  let offset = 0;
  for (let depth = 0; at !== undefined && depth < (counted ? 4 : 1); depth++) {
    const [pointer, vtable] = [memberNamed(at, 'pointer'), memberNamed(at, 'vtable')];
    if (pointer !== undefined && vtable !== undefined)
      return { pointerOffset: offset + pointer.offset, vtableOffset: offset + vtable.offset, counted };
    const next: StructType['members'][number] | undefined = memberNamed(at, 'ptr') ?? pointer;
    const inner = resolved(next?.type);
    offset += next?.offset ?? 0;
    at = inner?.kind === 'struct' ? inner : undefined;
  }
  return undefined;
}

export interface ObjectParts {
  readonly pointer: number;
  readonly vtable: number;
}

/** @throws EvaluationError */
export function objectParts(value: Value, { pointerOffset, vtableOffset }: ObjectLayout): ObjectParts {
  return {
    pointer: pointerOf(partValue(value, usize, pointerOffset)),
    vtable: pointerOf(partValue(value, usize, vtableOffset)),
  };
}

/** What the object is, as itself; undefined where its vtable is not known. @throws EvaluationError */
export function concreteOf(value: Value, layout: ObjectLayout): Value | undefined {
  const { pointer, vtable } = objectParts(value, layout);
  const type = value.context.concreteTypeOfVtable?.(vtable);
  if (type === undefined) return undefined;
  const address = pointer + (layout.counted ? valueOffset(value.context, vtable) : 0);
  return memoryValue(value.context, type, address, value.evaluateName);
}

function valueOffset(context: InspectionContext, vtable: number): number {
  const alignment = pointerOf(memoryValue(context, usize, vtable + VTABLE_ALIGNMENT));
  return Math.ceil(COUNTS_BYTES / Math.max(1, alignment)) * Math.max(1, alignment);
}

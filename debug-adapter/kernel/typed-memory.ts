/**
 * Reads a guest's structures through the debug information: by field names, never by offsets written down here.
 *
 * Invariant: a field that the debug information does not have is `undefined`, so that a kernel that changed its
 * structures is half understood rather than misread.
 */
import { resolved, type Member, type StructType, type Type } from '../debug-info/index.ts';

export interface FieldPlace {
  readonly offset: number;
  readonly type: Type | undefined;
}

/** Types do not change while their image lives, and the same few fields are read at every stop and every hit. */
const knownPlaces = new WeakMap<Type, Map<string, FieldPlace | undefined>>();

/** Follows `a.b.c` through structs. Wrappers (`Cell<T>`, `EnvId(u32)`) on the way are looked through. */
export function fieldPlace(type: Type | undefined, path: string): FieldPlace | undefined {
  if (type === undefined) return undefined;
  let places = knownPlaces.get(type);
  if (places === undefined) knownPlaces.set(type, (places = new Map<string, FieldPlace | undefined>()));
  let place = places.get(path);
  if (place === undefined && !places.has(path)) places.set(path, (place = findPlace(type, path)));
  return place;
}

function findPlace(type: Type, path: string): FieldPlace | undefined {
  let place: FieldPlace = { offset: 0, type };
  for (const name of path.split('.')) {
    const next = memberThroughWrappers(place.type, name);
    if (!next) return undefined;
    place = { offset: place.offset + next.offset, type: next.type };
  }
  return place;
}

function memberThroughWrappers(type: Type | undefined, name: string): FieldPlace | undefined {
  let offset = 0;
  let struct = asStruct(type);
  for (let depth = 0; struct && depth < 16; depth++) {
    const member = struct.members.find((m) => m.name === name);
    if (member) return { offset: offset + member.offset, type: member.type };
    const inner = onlyMember(struct);
    if (!inner) return undefined;
    offset += inner.offset;
    struct = asStruct(inner.type);
  }
  return undefined;
}

/** Looks through wrappers of one field down to what they hold. */
export function unwrapped(type: Type | undefined): FieldPlace {
  let place: FieldPlace = { offset: 0, type: resolved(type) };
  for (let depth = 0; depth < 16; depth++) {
    const struct = asStruct(place.type);
    const inner = struct && onlyMember(struct);
    if (!inner) return place;
    place = { offset: place.offset + inner.offset, type: resolved(inner.type) };
  }
  return place;
}

const knownInnermost = new WeakMap<Type, FieldPlace>();

/** `unwrapped`, remembered. */
function innermost(type: Type | undefined): FieldPlace {
  if (type === undefined) return unwrapped(type);
  let place = knownInnermost.get(type);
  if (place === undefined) knownInnermost.set(type, (place = unwrapped(type)));
  return place;
}

/** What a wrapper wraps: the one field that is not empty, or a cell's `value` beside its bookkeeping. */
function onlyMember(struct: StructType): Member | undefined {
  if (struct.variants) return undefined;
  const solid = struct.members.filter((m) => (resolved(m.type)?.sizeBytes ?? 0) > 0);
  return solid.length === 1 ? solid[0] : solid.find((m) => m.name === 'value');
}

export function asStruct(type: Type | undefined): StructType | undefined {
  const plain = resolved(type);
  return plain?.kind === 'struct' ? plain : undefined;
}

/** Where a record has a number, wrappers looked through. */
export function numberOffset(type: Type | undefined, path: string): number | undefined {
  const place = fieldPlace(type, path);
  return place && place.offset + innermost(place.type).offset;
}

/** Little-endian, zero-extended; undefined outside `bytes`. */
export function readScalar(bytes: Uint8Array, offset: number, sizeBytes: number): number | undefined {
  if (offset < 0 || offset + sizeBytes > bytes.length || sizeBytes > 4) return undefined;
  let value = 0;
  for (let i = sizeBytes - 1; i >= 0; i--) value = value * 256 + bytes[offset + i]!;
  return value;
}

/** Where a record's bytes come from. */
export interface RecordMemory {
  /** @param sizeBytes 1 to 4; @returns little-endian and zero-extended, NaN where there is none */
  number(address: number, sizeBytes: number): number;
  bytes(address: number, sizeBytes: number): Uint8Array;
}

/** A record's type and place: fields by path. Nothing is read that is not asked for. */
export class RecordView {
  readonly type: Type | undefined;
  private readonly memory: RecordMemory;
  private readonly address: number;

  constructor(type: Type | undefined, memory: RecordMemory, address = 0) {
    this.type = type;
    this.memory = memory;
    this.address = address;
  }

  /** A number of up to four bytes, wrappers looked through. */
  number(path: string): number | undefined {
    const place = fieldPlace(this.type, path);
    if (!place) return undefined;
    const inner = innermost(place.type);
    const size = Math.min(inner.type?.sizeBytes ?? 4, 4);
    const value = this.memory.number(this.address + place.offset + inner.offset, size);
    return Number.isNaN(value) ? undefined : value;
  }

  /** The bytes of a field. */
  field(path: string): Uint8Array | undefined {
    const place = fieldPlace(this.type, path);
    const size = resolved(place?.type)?.sizeBytes;
    return place && size !== undefined ? this.memory.bytes(this.address + place.offset, size) : undefined;
  }
}

/** A record that was read as a whole. */
export function recordOf(type: Type | undefined, bytes: Uint8Array): RecordView {
  return new RecordView(type, {
    number: (at, sizeBytes) => readScalar(bytes, at, sizeBytes) ?? NaN,
    bytes: (at, sizeBytes) => bytes.subarray(at, at + sizeBytes),
  });
}

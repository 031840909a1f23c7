/**
 * Collections of `alloc` that are not one block of elements: `VecDeque` (a ring) and `BTreeMap`, `BTreeSet` (B-trees).
 * library/alloc/src/collections/vec_deque/mod.rs and btree/node.rs.
 *
 * Invariant: a walk visits no more nodes than the map says it has entries, and no deeper than `HEIGHT_MAX`.
 */
import { resolved } from '../debug-info/index.ts';
import type { StructType, Type } from '../debug-info/index.ts';
import type { Child, Value } from './api.ts';
import { parenthesised } from './c-views.ts';
import { EvaluationError } from './evaluation-error.ts';
import { activeVariant } from './rust-enum.ts';
import { fieldBelow, firstPointer, innerScalar, memberNamed, structOf, templateType } from './rust-layout.ts';
import { TextWriter } from './text.ts';
import { integerOf, memberValue, memoryValue, partValue, pointerOf } from './value.ts';
import { TEXT_DEPTH_MAX, TEXT_ELEMENTS_MAX, addressOf, writeElements } from './view.ts';
import type { Shower, View } from './view.ts';

const HEIGHT_MAX = 32;
/** Characters of a key in the name of its entry. */
const KEY_MAX = 60;
/** CAPACITY of btree/node.rs; the node's own array says the same. */
const NODE_KEYS_MAX = 11;

const usize: Type = { kind: 'base', id: 0, name: 'usize', sizeBytes: 4, language: 'rust', encoding: 'unsigned' };

function scalarField(value: Value, name: string): number | undefined {
  const field = fieldBelow(value.type, name);
  const scalar = field === undefined ? undefined : innerScalar(field.type);
  return field === undefined || scalar === undefined
    ? undefined
    : Number(integerOf(partValue(value, scalar.type, field.offset + scalar.offset)));
}

function implausible(what: string): EvaluationError {
  return new EvaluationError(
    'length-implausible',
    `${what}: it is not initialised, or was overwritten.`,
    'Look at it where it has been set up.',
  );
}

export function queueView(value: Value, type: StructType, shower: Shower): View | undefined {
  const buffer = memberNamed(type, 'buf');
  const pointer = firstPointer(buffer?.type);
  const element = templateType(type, 'T') ?? pointer?.target;
  const [head, length, capacity] = [scalarField(value, 'head'), scalarField(value, 'len'), scalarField(value, 'cap')];
  if (
    buffer === undefined ||
    pointer === undefined ||
    head === undefined ||
    length === undefined ||
    capacity === undefined
  )
    return undefined;
  const size = element?.sizeBytes ?? 0;
  if (size > 0 && (length > capacity || head > capacity || capacity * size > 0x7fffffff)) {
    throw implausible(`Its length is ${length} with room for ${capacity}`);
  }
  const address = pointerOf(partValue(value, usize, buffer.offset + pointer.offset));
  const elements = (start: number, count: number): Child[] =>
    Array.from({ length: Math.max(0, Math.min(count, length - start)) }, (_, at) => {
      const index = start + at;
      const slot = size === 0 ? 0 : (head + index) % capacity;
      const name = `[${index}]`;
      const placed = memoryValue(value.context, element, address + slot * size, indexed(value, name));
      return { name, value: placed, kind: 'element' };
    });
  return {
    write(out, depth) {
      out.write(`len=${length} `);
      writeElements(shower, out, depth, length, elements, ['[', ']']);
    },
    indexed: length,
    elements,
    memoryReference: address,
  };
}

function indexed({ evaluateName }: Value, index: string): string | undefined {
  return evaluateName === undefined ? undefined : `${parenthesised(evaluateName)}${index}`;
}

export interface Entry {
  readonly key: Value;
  readonly value: Value;
}

/** All entries of a `BTreeMap`, in order. @throws EvaluationError */
export function entriesOf(map: Value): Entry[] {
  const walked = mapWalk(map);
  return walked === undefined ? [] : walked.walk(0, walked.length);
}

function mapWalk(map: Value): { length: number; walk: (start: number, count: number) => Entry[] } | undefined {
  const mapType = structOf(map.type);
  const length = scalarField(map, 'length');
  const keyType = templateType(mapType, 'K');
  const valueType = templateType(mapType, 'V');
  if (mapType === undefined || length === undefined) return undefined;
  if (length > 1 << 24) throw implausible(`Its length is ${length}`);

  const walk = (start: number, count: number): Entry[] => {
    const root = rootOf(map, mapType);
    if (root === undefined || count <= 0) return [];
    return collect(root, { keyType, valueType, start, count, length });
  };
  return { length, walk };
}

export function mapView(value: Value, type: StructType, shower: Shower): View | undefined {
  const isSet = type.name.startsWith('alloc::collections::btree::set');
  const mapMember = isSet ? memberNamed(type, 'map') : undefined;
  const walked = mapWalk(mapMember === undefined ? value : memberValue(value, mapMember));
  if (walked === undefined) return undefined;
  const { length, walk } = walked;
  const elements = (start: number, count: number): Child[] =>
    walk(start, Math.min(count, length - start)).map((entry, at) => {
      if (isSet) {
        const index = `[${start + at}]`;
        return { name: index, value: { ...entry.key, evaluateName: indexed(value, index) }, kind: 'element' };
      }
      const name = new TextWriter(KEY_MAX);
      shower.write(entry.key, name, 1);
      const key = value.evaluateName === undefined ? undefined : shower.whole(entry.key);
      const evaluateName = key === undefined ? undefined : indexed(value, `[${key}]`);
      return { name: `[${name.text}]`, value: { ...entry.value, evaluateName }, kind: 'element' };
    });
  return {
    write(out, depth) {
      out.write(`len=${length} {`);
      if (length > 0 && depth >= TEXT_DEPTH_MAX) out.write('…');
      else {
        for (const [index, entry] of walk(0, Math.min(length, TEXT_ELEMENTS_MAX)).entries()) {
          if (out.full) break;
          if (index > 0) out.write(', ');
          shower.write(entry.key, out, depth + 1);
          if (isSet) continue;
          out.write(': ');
          shower.write(entry.value, out, depth + 1);
        }
        if (length > TEXT_ELEMENTS_MAX) out.write(', …');
      }
      out.write('}');
    },
    indexed: length,
    elements,
    memoryReference: addressOf(value),
  };
}

interface Node {
  readonly value: Value;
  readonly height: number;
}

/** `root: Option<NodeRef { height, node: NonNull<LeafNode> }>` */
function rootOf(map: Value, type: StructType): Node | undefined {
  const member = memberNamed(type, 'root');
  if (member === undefined) return undefined;
  const option = memberValue(map, member);
  const variant = activeVariant(option);
  if (variant?.name !== 'Some') return undefined;
  const some = memberValue(option, variant.member);
  const height = scalarField(some, 'height');
  const pointer = fieldBelow(some.type, 'node');
  const target = firstPointer(pointer?.type);
  if (height === undefined || pointer === undefined || target === undefined) return undefined;
  if (height > HEIGHT_MAX) throw implausible(`Its tree has a height of ${height}`);
  const address = pointerOf(partValue(some, usize, pointer.offset + target.offset));
  return { value: memoryValue(map.context, target.target, address), height };
}

interface Wanted {
  readonly keyType: Type | undefined;
  readonly valueType: Type | undefined;
  readonly start: number;
  readonly count: number;
  readonly length: number;
}

/** In order, from entry `start` on. */
function collect(root: Node, wanted: Wanted): Entry[] {
  const leaf = root.value.type;
  const [keys, values, len, parent] = ['keys', 'vals', 'len', 'parent'].map((name) => memberNamed(leaf, name));
  // Only the parent's type names the kind of node that has edges.
  const internal = firstPointer(someType(parent?.type))?.target;
  const edges = memberNamed(internal, 'edges');
  if (keys === undefined || values === undefined || len === undefined) return [];
  const keySize = wanted.keyType?.sizeBytes ?? 0;
  const valueSize = wanted.valueType?.sizeBytes ?? 0;
  const found: Entry[] = [];
  let seen = 0;
  let nodes = 0;

  const visit = (node: Value, height: number): void => {
    if (found.length >= wanted.count) return;
    if (++nodes > wanted.length + HEIGHT_MAX) throw implausible('Its tree has more nodes than entries');
    const used = Number(integerOf(memberValue(node, len)));
    if (used > NODE_KEYS_MAX) throw implausible(`A node of its tree has ${used} keys`);
    for (let index = 0; index <= used && found.length < wanted.count; index++) {
      if (height > 0 && edges !== undefined) {
        const edge = pointerOf(partValue(node, usize, edges.offset + index * 4));
        visit(memoryValue(node.context, leaf, edge), height - 1);
      }
      if (index === used || found.length >= wanted.count) continue;
      if (seen++ < wanted.start) continue;
      found.push({
        key: partValue(node, wanted.keyType, keys.offset + index * keySize),
        value: partValue(node, wanted.valueType, values.offset + index * valueSize),
      });
    }
  };
  visit(root.value, root.height);
  return found;
}

/** `T` of an `Option<T>`. */
function someType(type: Type | undefined): Type | undefined {
  const plain = resolved(type);
  if (plain?.kind !== 'struct') return undefined;
  return plain.variants?.variants.find((variant) => variant.name === 'Some')?.member.type;
}

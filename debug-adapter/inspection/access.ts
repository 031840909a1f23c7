/**
 * Getting at parts: fields, elements, what a pointer leads to. References, boxes and cells on the way are followed, as
 * Rust's method calls do ("Method-call expressions", autoderef) and C's `->` does.
 *
 * Invariant: offsets are worked out when the expression is compiled; what depends on memory (which variant an enum
 * holds, how long a slice is) is checked each time it runs.
 */
import { elementOf, makePointer, resolved } from '../debug-info/index.ts';
import type { Member, StructType, Type, Variant } from '../debug-info/index.ts';
import type { InspectionContext, Value } from './api.ts';
import { callsRefused, EvaluationError, guarded, unwrap } from './evaluation-error.ts';
import { factField } from './facts.ts';
import { memoryNode, numberNode, partNode, toNumber, valueNode } from './nodes.ts';
import type { Get, Node } from './nodes.ts';
import { childrenOf } from './render.ts';
import { STR } from './literals.ts';
import { activeVariant } from './rust-enum.ts';
import { concreteOf, objectLayout } from './rust-objects.ts';
import type { ObjectLayout } from './rust-objects.ts';
import { sequenceLayout, structOf, templateType, wrapperLayout } from './rust-layout.ts';
import type { Layout } from './rust-layout.ts';
import { sequenceOf } from './rust-views.ts';
import { bytesOf, memberValue, pointerOf } from './value.ts';

const FOLLOW_MAX = 8;
const INDEX = { kind: 'integer', bits: 32, signed: true } as const;

/** `*x`: what a pointer, a reference or a library wrapper leads to. */
export function dereference(node: Node, language: 'c' | 'rust', context?: InspectionContext): Node {
  const followed = followOnce(node, context);
  if (followed !== undefined) return followed;
  const type = resolved(node.type);
  if (type?.kind === 'array') return elementNode(node, elementOf(type), 0);
  if (type?.kind === 'function') return node;
  if (type?.kind === 'pointer') {
    throw new EvaluationError(
      'pointer-to-nothing',
      `${type.name} does not say what it points at.`,
      'Cast it first: *(struct env *)p, *(p as *const Env).',
    );
  }
  const { numeric, number } = node;
  if (numeric?.kind === 'integer' && number !== undefined) {
    // `*$esp`, `*0xf0100000`: a machine word.
    const word = language === 'c' ? 'unsigned int' : 'u32';
    return memoryNode(wordType(word, language), toNumber(node, { kind: 'integer', bits: 32, signed: false }));
  }
  throw new EvaluationError(
    'not-a-pointer',
    `A value of type ${node.type?.name ?? 'void'} is not a pointer.`,
    'Leave out the “*”.',
  );
}

function wordType(name: string, language: 'c' | 'rust'): Type {
  return { kind: 'base', id: 0, name, sizeBytes: 4, language, encoding: 'unsigned' };
}

/** One level of pointer or wrapper; `undefined` where there is none. */
function followOnce(node: Node, context?: InspectionContext): Node | undefined {
  const type = resolved(node.type);
  const object = context === undefined ? undefined : objectLayout(type);
  if (object !== undefined) return followObject(node, object, context!);
  if (type?.kind === 'pointer') {
    if (type.target === undefined || resolved(type.target) === undefined) return undefined;
    return memoryNode(type.target, node.number!);
  }
  const layout = wrapperLayout(type);
  return layout === undefined ? undefined : followLayout(node, layout);
}

/** A trait object's type is looked up when the expression is compiled, and has to be the same when it runs. */
function followObject(node: Node, layout: ObjectLayout, context: InspectionContext): Node | undefined {
  const found = guarded(() => concreteOf(node.value(context), layout)?.type);
  if (!found.ok || found.value === undefined) return undefined;
  const type = found.value;
  return memoryNode(type, (now) => {
    const concrete = concreteOf(node.value(now), layout);
    if (concrete?.type === type && concrete.place.kind === 'memory') return concrete.place.address;
    throw new EvaluationError('other-type', `The object is no ${type.name} any more.`, 'Look at the whole object.');
  });
}

function followLayout(node: Node, layout: Layout): Node {
  let current = node;
  for (const step of layout.steps) {
    if (step === 'load') {
      const pointer = partNode(current, wordType('usize', 'rust'), 0);
      current = memoryNode(undefined, pointer.number!);
    } else current = partNode(current, undefined, step);
  }
  return partNode(current, layout.type, 0);
}

/** What stops at the first type `find` knows, following pointers and wrappers. */
export function autoFollow<T>(
  node: Node,
  find: (node: Node) => T | undefined,
  context?: InspectionContext,
): T | undefined {
  let current: Node | undefined = node;
  for (let depth = 0; current !== undefined && depth < FOLLOW_MAX; depth++) {
    const found = find(current);
    if (found !== undefined) return found;
    current = followOnce(current, context);
  }
  return undefined;
}

/** `a.b`, `a->b`, `a.0`, `option.Some.0`. */
export function memberNode(
  object: Node,
  name: string,
  context: InspectionContext | undefined,
  language: 'c' | 'rust',
): Node {
  if (object.fact !== undefined) return factField(object, name, language);
  const found = autoFollow(object, (node) => ownMember(node, name, context), context);
  if (found !== undefined) return found;
  const fields = autoFollow(object, (node) => {
    const struct = structOf(node.type);
    return struct === undefined || wrapperLayout(struct) !== undefined ? undefined : fieldNames(struct);
  });
  throw new EvaluationError(
    'no-such-field',
    `A value of type ${object.type?.name ?? 'void'} has no field “${name}”.`,
    fields === undefined || fields.length === 0
      ? 'It has no fields.'
      : `Its fields are ${fields.slice(0, 20).join(', ')}.`,
  );
}

function fieldNames(struct: StructType): string[] {
  const names = struct.members.map((member) => member.name.replace(/^__(?=\d)/, '').replace(/^_ref__/, ''));
  return [...(struct.variants?.variants.map((variant) => variant.name) ?? []), ...names].filter((name) => name !== '');
}

function isNamed(member: Member, name: string): boolean {
  return member.name === name || (/^\d+$/.test(name) && member.name === `__${name}`) || member.name === `_ref__${name}`;
}

function ownMember(node: Node, name: string, context: InspectionContext | undefined): Node | undefined {
  const struct = structOf(node.type);
  if (struct === undefined) return undefined;
  if (struct.variants !== undefined) return variantMember(node, struct, name, context);
  for (const member of struct.members) {
    if (isNamed(member, name)) return fieldNode(node, member);
    // C11 anonymous members, and base classes.
    if ((member.name === '' || member.inherited) && structOf(member.type) !== undefined) {
      const inner = ownMember(fieldNode(node, member), name, context);
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

function fieldNode(node: Node, member: Member): Node {
  if (member.bits !== undefined) return valueNode(member.type, (context) => memberValue(node.value(context), member));
  return partNode(node, member.type, member.offset);
}

function variantMember(
  node: Node,
  struct: StructType,
  name: string,
  context: InspectionContext | undefined,
): Node | undefined {
  const { variants } = struct.variants!;
  const byName = variants.find((variant) => variant.name === name);
  if (byName !== undefined) return payloadNode(node, byName);
  const having = variants.flatMap((variant) => {
    const member = structOf(variant.member.type)?.members.find((candidate) => isNamed(candidate, name));
    return member === undefined ? [] : [{ variant, member }];
  });
  let chosen: (typeof having)[number] | undefined = having[0];
  if (having.length > 1) {
    // Only memory can tell which is meant.
    const active = context === undefined ? undefined : activeVariant(node.value(context));
    chosen = having.find(({ variant }) => variant === active);
    if (chosen === undefined) {
      throw new EvaluationError(
        'field-ambiguous',
        `Several variants of ${struct.name} have a field “${name}”.`,
        `Name the variant too: ${having.map(({ variant }) => `.${variant.name}.${name}`).join(', ')}.`,
      );
    }
  }
  return chosen === undefined ? undefined : fieldNode(payloadNode(node, chosen.variant), chosen.member);
}

/** The fields of a variant; fails when the enum holds another one. */
function payloadNode(node: Node, wanted: Variant): Node {
  return partNode(node, wanted.member.type, wanted.member.offset, (context) => {
    const active = activeVariant(node.value(context));
    if (active === wanted) return;
    throw new EvaluationError(
      'other-variant',
      `The value is ${active?.name ?? 'none of its variants'}, not ${wanted.name}.`,
      'Test it first: x == None, or look at the whole value.',
    );
  });
}

/** Whether an enum holds a variant; `undefined` where `node` is no enum that has it. */
export function isVariant(node: Node, name: string): Get<boolean> | undefined {
  return autoFollow(node, (inner) => {
    const wanted = structOf(inner.type)?.variants?.variants.find((variant) => variant.name === name);
    return wanted === undefined
      ? undefined
      : (context: InspectionContext) => activeVariant(inner.value(context)) === wanted;
  });
}

/** `x.len()`, `x.is_none()`: the few that conditions need. */
export function methodNode(object: Node, name: string, boolType: Type, sizeType: Type): Node {
  const variant = (
    { is_some: 'Some', is_none: 'None', is_ok: 'Ok', is_err: 'Err' } as Readonly<Record<string, string>>
  )[name];
  if (variant !== undefined) {
    const test = isVariant(object, variant);
    if (test !== undefined) return numberNode(boolType, (context) => (test(context) ? 1 : 0));
  }
  if (name === 'len' || name === 'is_empty') {
    const length = lengthOf(object);
    if (length !== undefined) {
      return name === 'len'
        ? numberNode(sizeType, length)
        : numberNode(boolType, (context) => (length(context) === 0 ? 1 : 0));
    }
  }
  throw callsRefused('no-calls');
}

/** `undefined` where nothing says it. */
export function lengthOf(object: Node): Get<number> | undefined {
  return autoFollow(object, (node): Get<number> | undefined => {
    const type = resolved(node.type);
    if (type?.kind === 'array') return () => type.counts[0] ?? 0;
    const layout = sequenceLayout(type);
    if (layout !== undefined) return (context) => sequenceOf(node.value(context), type, layout).length;
    const counted = structOf(type)?.members.find((member) => member.name === 'len' || member.name === 'length');
    return counted === undefined ? undefined : fieldNode(node, counted).number;
  });
}

function elementNode(node: Node, element: Type | undefined, index: number): Node {
  return partNode(node, element, index * (element?.sizeBytes ?? 0));
}

/** `a[i]`: of arrays, pointers, slices, vectors and queues. */
export function indexNode(object: Node, index: Node): Node {
  if (index.numeric === undefined || index.numeric.kind === 'float') {
    throw new EvaluationError(
      'not-an-integer',
      `An index has to be an integer, not ${index.type?.name ?? 'void'}.`,
      'Cast it.',
    );
  }
  const at = toNumber(index, INDEX);
  const found = elementAt(object, at);
  if (found !== undefined) return found;
  throw new EvaluationError(
    'not-indexable',
    `A value of type ${object.type?.name ?? 'void'} has no elements.`,
    'Index an array, a pointer, a slice or a Vec.',
  );
}

/** `undefined` where it has no elements. */
export function elementAt(object: Node, at: Get<number>): Node | undefined {
  return autoFollow(object, (node): Node | undefined => {
    const type = resolved(node.type);
    if (type?.kind === 'array') {
      const element = elementOf(type);
      const size = element?.sizeBytes ?? 0;
      const count = type.language === 'rust' ? type.counts[0] : undefined;
      const { address } = node;
      const offset: Get<number> = (context) => checkIndex(at(context), count) * size;
      if (address !== undefined) return memoryNode(element, (context) => (address(context) + offset(context)) >>> 0);
      return valueNode(element, (context) => partOf(node.value(context), element, offset(context)));
    }
    if (type?.kind === 'pointer') {
      // A reference to something indexable is followed instead.
      const target = resolved(type.target);
      if (type.name.startsWith('&') && target !== undefined && target.kind !== 'base') return undefined;
      const size = target?.sizeBytes ?? 0;
      if (target === undefined || size === 0) return undefined;
      const base = node.number!;
      return memoryNode(type.target, (context) => (base(context) + at(context) * size) >>> 0);
    }
    const layout = sequenceLayout(type);
    if (layout !== undefined) {
      const size = layout.element?.sizeBytes ?? 0;
      return memoryNode(layout.element, (context) => {
        const { address, length } = sequenceOf(node.value(context), type, layout);
        return (address + checkIndex(at(context), length) * size) >>> 0;
      });
    }
    if (!isCollection(type)) return undefined;
    return valueNode(templateType(type, 'T'), (context) => {
      const start = at(context);
      const [child] = childrenOf(node.value(context), { filter: 'indexed', start, count: 1 });
      if (child === undefined || start < 0) throw outOfBounds(start, undefined);
      return child.value;
    });
  });
}

function isCollection(type: Type | undefined): boolean {
  return structOf(type)?.name.startsWith('alloc::collections::') === true;
}

/** Whether its elements are here and there: in a ring or a tree. */
export function isScattered(object: Node): boolean {
  return autoFollow(object, (node) => isCollection(node.type) || undefined) ?? false;
}

/** Whether its elements are the bytes of a text. */
export function isTextSequence(object: Node): boolean {
  return autoFollow(object, (node) => sequenceLayout(node.type)?.isText) ?? false;
}

function partOf(value: Value, type: Type | undefined, offset: number): Value {
  return memberValue(value, { name: '', type, offset, bits: undefined, artificial: true, inherited: false });
}

function checkIndex(index: number, count: number | undefined): number {
  if (count !== undefined && (index < 0 || index >= count)) throw outOfBounds(index, count);
  return index;
}

function outOfBounds(index: number, count: number | undefined): EvaluationError {
  return new EvaluationError(
    'index-out-of-bounds',
    count === undefined
      ? `There is no element ${index}.`
      : `Index ${index} is outside: there ${count === 1 ? 'is 1 element' : `are ${count} elements`}.`,
    'Check the index against the length.',
  );
}

/** `&x` */
export function addressNode(node: Node, language: 'c' | 'rust'): Node {
  const type = resolved(node.type);
  const { address } = node;
  const pointer = makePointer(node.type, language);
  if (type?.kind === 'function' && address !== undefined) return numberNode(pointer, address);
  if (address !== undefined) return numberNode(pointer, address);
  return numberNode(pointer, (context) => {
    const { place } = node.value(context);
    if (place.kind === 'memory') return place.address;
    throw new EvaluationError(
      'no-address',
      'The value is not in memory: it has no address.',
      'Look at the value itself.',
    );
  });
}

/** C's arrays and all functions count as pointers in arithmetic and comparison. */
export function decayed(node: Node, language: 'c' | 'rust'): Node {
  const type = resolved(node.type);
  const { address } = node;
  if (address === undefined) return node;
  if (type?.kind === 'array' && type.language === 'c')
    return numberNode(makePointer(elementOf(type), language), address);
  if (type?.kind === 'function') return numberNode(makePointer(type, language), address);
  return node;
}

/** The text behind `char *`, `&str`, `String` or an array of `char`; a literal's. */
export function textOf(node: Node): Get<Uint8Array | undefined> | undefined {
  return autoFollow(node, (inner): Get<Uint8Array | undefined> | undefined => {
    const type = resolved(inner.type);
    const layout = sequenceLayout(type);
    if (layout?.isText === true) {
      return (context) => {
        const { address, length } = sequenceOf(inner.value(context), type, layout);
        return length === 0 ? new Uint8Array(0) : context.readMemory(address, Math.min(length, 4096));
      };
    }
    if (type?.kind === 'array' && type.name === STR) return (context) => bytesOf(inner.value(context));
    const element =
      type?.kind === 'pointer' ? resolved(type.target) : type?.kind === 'array' ? resolved(type.element) : undefined;
    if (element?.kind !== 'base' || element.sizeBytes !== 1) return undefined;
    const count = type?.kind === 'array' ? type.counts[0] : undefined;
    return (context) =>
      zeroTerminated(
        context,
        type?.kind === 'pointer' ? pointerOf(inner.value(context)) : addressOrFail(inner, context),
        count,
      );
  });
}

function addressOrFail(node: Node, context: InspectionContext): number {
  return unwrap(
    node.address === undefined
      ? {
          ok: false,
          failure: { id: 'no-address', cause: 'The text is not in memory.', remedy: 'Compare its characters.' },
        }
      : { ok: true, value: node.address(context) },
  );
}

function zeroTerminated(context: InspectionContext, address: number, count = 4096): Uint8Array | undefined {
  const bytes: number[] = [];
  while (bytes.length < Math.min(count, 4096)) {
    const byte = context.readMemory((address + bytes.length) >>> 0, 1)?.[0];
    if (byte === undefined) return undefined;
    if (byte === 0) break;
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/**
 * Values of Rust in the style of `{:?}`, with lengths: The Rust Standard Library, module `std::fmt`, "Debug".
 *
 * Invariant: a length or a pointer read from memory is checked before it is used; memory that is not initialised gives a
 * text that says so, in bounded time.
 */
import { resolved } from '../debug-info/index.ts';
import type { ArrayType, Member, PointerType, StructType, Type } from '../debug-info/index.ts';
import type { Child, Value } from './api.ts';
import { isTransparent } from './assign.ts';
import { elementChildren, pointerView } from './c-views.ts';
import { EvaluationError, hex32, unmapped } from './evaluation-error.ts';
import { mapView, queueView } from './rust-collections.ts';
import { activeVariant } from './rust-enum.ts';
import { concreteOf, objectLayout, objectParts } from './rust-objects.ts';
import type { ObjectLayout } from './rust-objects.ts';
import {
  baseName,
  fieldBelow,
  fieldName,
  firstPointer,
  innerScalar,
  memberNamed,
  sequenceLayout,
  structOf,
  wrapperLayout,
} from './rust-layout.ts';
import type { Layout, SequenceLayout } from './rust-layout.ts';
import { decodeText, quote } from './text.ts';
import type { TextWriter } from './text.ts';
import { bytesOf, integerOf, memberValue, memoryValue, partValue, pointerOf } from './value.ts';
import { TEXT_DEPTH_MAX, addressOf, leaf, writeElements } from './view.ts';
import type { Shower, View } from './view.ts';

/** Text longer than this is cut, and its length told. */
const TEXT_MAX = 160;

export function rustStructView(value: Value, type: StructType, shower: Shower): View {
  if (type.variants !== undefined) return enumView(value, type, shower);
  const sequence = sequenceLayout(type);
  if (sequence !== undefined) return sequenceView(value, type, sequence, shower);
  const base = baseName(type);
  switch (base) {
    case 'alloc::collections::vec_deque::VecDeque':
      return queueView(value, type, shower) ?? plainView(value, type, shower);
    case 'alloc::collections::btree::map::BTreeMap':
    case 'alloc::collections::btree::set::BTreeSet':
      return mapView(value, type, shower) ?? plainView(value, type, shower);
    case 'core::marker::PhantomData':
      return leaf('PhantomData', addressOf(value));
    case 'core::ops::range::Range':
    case 'core::ops::range::RangeInclusive':
      return rangeView(value, type, base.endsWith('Inclusive') ? '..=' : '..', shower);
    case 'alloc::rc::Weak':
    case 'alloc::sync::Weak':
      return weakView(value, type);
    default:
  }
  const object = objectLayout(type);
  if (object !== undefined) return traitObjectView(value, type, object, shower);
  const wrapper = wrapperLayout(type);
  return wrapper === undefined ? plainView(value, type, shower) : wrapperView(value, type, wrapper, shower);
}

/** References and boxes are shown as what they lead to; raw pointers as addresses. */
export function rustPointerView(value: Value, type: PointerType, shower: Shower): View {
  const target = resolved(type.target);
  if (!isTransparent(type) || target === undefined || target.kind === 'function')
    return pointerView(value, type, shower);
  const address = pointerOf(value);
  if (address === 0) return leaf('<null reference>', 0);
  const inner = memoryValue(
    value.context,
    type.target,
    address,
    value.evaluateName === undefined ? undefined : `(*${value.evaluateName})`,
  );
  // A pointer to a pointer to …: a type that contains itself must end.
  const deeper = target.kind === 'pointer' ? 1 : 0;
  if (deeper === 0) return { ...shower.view(inner), memoryReference: address };
  return {
    write: (out, depth) => (depth > 8 ? out.write('…') : shower.write(inner, out, depth + deeper)),
    indexed: 0,
    named: () => [{ name: '*', value: inner, kind: 'virtual' }],
    memoryReference: address,
  };
}

export function followed(value: Value, layout: Layout, evaluateName: string | undefined): Value {
  let current = value;
  for (const step of layout.steps) {
    if (step !== 'load') {
      current = partValue(current, current.type, step, evaluateName);
      continue;
    }
    const pointer = { ...current, type: pointerSized };
    current = memoryValue(value.context, undefined, pointerOf(pointer), evaluateName);
  }
  return { ...current, type: layout.type, evaluateName };
}

const pointerSized: Type = { kind: 'base', id: 0, name: 'usize', sizeBytes: 4, language: 'rust', encoding: 'unsigned' };

function wrapperView(value: Value, type: StructType, layout: Layout, shower: Shower): View {
  const inner = followed(value, layout, value.evaluateName);
  const base = baseName(type);
  if (base === 'core::sync::atomic::Atomic' && /<bool>$/.test(type.name)) return atomicBoolView(inner);
  if (base === 'core::sync::atomic::AtomicBool') return atomicBoolView(inner);
  const note =
    base === 'core::cell::RefCell'
      ? borrowNote(value, type)
      : base === 'alloc::rc::Rc' || base === 'alloc::sync::Arc'
        ? countNote(value, type)
        : '';
  const view = shower.view(inner);
  if (note === '') return view;
  return {
    ...view,
    write(out, depth) {
      view.write(out, depth);
      out.write(note);
    },
  };
}

function atomicBoolView(inner: Value): View {
  const scalar = innerScalar(inner.type);
  if (scalar === undefined) return leaf('<no value>', addressOf(inner));
  const byte = integerOf(partValue(inner, { ...pointerSized, sizeBytes: 1 } as Type, scalar.offset));
  return leaf(byte === 0n ? 'false' : byte === 1n ? 'true' : `<invalid bool: ${byte}>`, addressOf(inner));
}

/** Reads a count that may stand in any number of wrappers. */
function countIn(value: Value, type: Type | undefined, name: string): bigint | undefined {
  const field = fieldBelow(type, name);
  const scalar = field === undefined ? undefined : innermostScalar(field.type);
  return field === undefined || scalar === undefined
    ? undefined
    : integerOf(partValue(value, scalar.type, field.offset + scalar.offset));
}

function innermostScalar(type: Type | undefined): { readonly offset: number; readonly type: Type } | undefined {
  let offset = 0;
  let current = type;
  for (let depth = 0; depth < 8; depth++) {
    const wrapper = wrapperLayout(current);
    const [step] = wrapper?.steps ?? [];
    if (wrapper === undefined || typeof step !== 'number') break;
    offset += step;
    current = wrapper.type;
  }
  const scalar = innerScalar(current);
  return scalar && { offset: offset + scalar.offset, type: scalar.type };
}

function borrowNote(value: Value, type: StructType): string {
  const borrows = countIn(value, type, 'borrow');
  if (borrows === undefined || borrows === 0n) return '';
  return borrows < 0n ? ' (mutably borrowed)' : ` (borrowed ${borrows === 1n ? 'once' : `${borrows} times`})`;
}

function counts(value: Value, type: StructType): { strong: bigint; weak: bigint } | undefined {
  const pointer = firstPointer(type);
  if (pointer === undefined) return undefined;
  const address = pointerOf(partValue(value, pointerSized, pointer.offset));
  if (address === 0xffffffff) return undefined;
  const inner = memoryValue(value.context, pointer.target, address);
  const strong = countIn(inner, pointer.target, 'strong');
  const weak = countIn(inner, pointer.target, 'weak');
  return strong === undefined || weak === undefined ? undefined : { strong, weak };
}

function countNote(value: Value, type: StructType): string {
  const both = counts(value, type);
  // All strong references together hold one weak one.
  return both === undefined ? '' : ` (strong ${both.strong}, weak ${both.weak - 1n})`;
}

function weakView(value: Value, type: StructType): View {
  const both = counts(value, type);
  if (both === undefined) return leaf('(Weak: never had a value)', addressOf(value));
  return leaf(`(Weak: strong ${both.strong}, weak ${both.weak - (both.strong > 0n ? 1n : 0n)})`, addressOf(value));
}

function enumView(value: Value, type: StructType, shower: Shower): View {
  const variant = activeVariant(value);
  if (variant === undefined) return leaf(`<invalid ${shortName(type)}>`, addressOf(value));
  const payload = structOf(variant.member.type);
  const name = value.evaluateName === undefined ? undefined : `${value.evaluateName}.${variant.name}`;
  const inner = memberValue(value, variant.member, name);
  if (payload === undefined || payload.members.length === 0) return leaf(variant.name, addressOf(value));
  return fieldsView(inner, payload, variant.name, shower);
}

function shortName(type: StructType): string {
  const name = type.shortName;
  if (name.startsWith('(') || name.startsWith('&') || name.startsWith('*')) return '';
  const open = name.indexOf('<');
  return open > 0 ? name.slice(0, open) : name;
}

function plainView(value: Value, type: StructType, shower: Shower): View {
  return fieldsView(value, type, headingOf(type).title, shower);
}

interface Heading {
  readonly title: string;
  readonly isTuple: boolean;
}

const headings = new WeakMap<StructType, Heading>();

/** What a struct's name and its members' names say about how it is written. */
function headingOf(type: StructType): Heading {
  let heading = headings.get(type);
  if (heading === undefined) {
    const closure = /^\{closure_env#(\d+)\}/.exec(type.shortName);
    heading = {
      title: closure === null ? shortName(type) : `{closure#${closure[1]!}}`,
      isTuple: type.members.length > 0 && type.members.every((member) => /^__\d+$/.test(member.name)),
    };
    headings.set(type, heading);
  }
  return heading;
}

function fieldsView(value: Value, type: StructType, title: string, shower: Shower): View {
  const { members } = type;
  const { isTuple } = headingOf(type);
  const [open, close] = isTuple
    ? ['(', members.length === 1 && title === '' ? ',)' : ')']
    : [title === '' ? '{' : ' {', '}'];
  return {
    write(out: TextWriter, depth: number) {
      out.write(title);
      if (members.length === 0) {
        if (title === '') out.write('()');
        return;
      }
      out.write(open!);
      if (depth >= TEXT_DEPTH_MAX) out.write('…');
      else {
        members.forEach((member, index) => {
          if (out.full) return;
          if (index > 0) out.write(', ');
          if (!isTuple) out.write(`${fieldName(member)}: `);
          shower.write(memberValue(value, member), out, depth + 1);
        });
      }
      out.write(close!);
    },
    indexed: 0,
    named: () => members.map((member) => fieldChild(value, member)),
    namedCount: members.length,
    memoryReference: addressOf(value),
  };
}

function fieldChild(value: Value, member: Member): Child {
  const name = fieldName(member);
  const evaluateName = value.evaluateName === undefined ? undefined : `${value.evaluateName}.${name}`;
  return { name, value: memberValue(value, member, evaluateName), kind: 'field' };
}

function rangeView(value: Value, type: StructType, dots: string, shower: Shower): View {
  const [start, end] = [memberNamed(type, 'start'), memberNamed(type, 'end')];
  const plain = plainView(value, type, shower);
  if (start === undefined || end === undefined) return plain;
  return {
    ...plain,
    write(out, depth) {
      shower.write(memberValue(value, start), out, depth + 1);
      out.write(dots);
      shower.write(memberValue(value, end), out, depth + 1);
    },
  };
}

/** The address and length of a sequence, checked. @throws EvaluationError */
export function sequenceOf(
  value: Value,
  type: Type | undefined,
  layout: SequenceLayout,
): { address: number; length: number } {
  const address = pointerOf(partValue(value, pointerSized, layout.pointerOffset));
  const length = pointerOf(partValue(value, pointerSized, layout.lengthOffset));
  const size = layout.element?.sizeBytes ?? 0;
  const capacity =
    layout.capacityOffset === undefined ? undefined : pointerOf(partValue(value, pointerSized, layout.capacityOffset));
  if (length * size > 0x7fffffff || (capacity !== undefined && length > capacity)) {
    throw new EvaluationError(
      'length-implausible',
      `Its length is ${length}${capacity === undefined ? '' : ` with room for ${capacity}`}: it is not initialised, or was overwritten.`,
      `Look at it where ${type === undefined ? 'it' : `the ${shortName(type as StructType)}`} has been set up.`,
    );
  }
  return { address, length };
}

function sequenceView(value: Value, type: StructType, layout: SequenceLayout, shower: Shower): View {
  const { address, length } = sequenceOf(value, type, layout);
  if (layout.isText) return textView(value, address, length);
  const { element } = layout;
  const behind = memoryValue(value.context, undefined, address, value.evaluateName);
  const elements = (start: number, count: number): Child[] =>
    elementChildren(behind, element, element?.sizeBytes ?? 0, start, Math.min(count, length - start));
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

function textView(value: Value, address: number, length: number): View {
  return {
    write(out) {
      const shown = Math.min(length, TEXT_MAX);
      const bytes = shown === 0 ? new Uint8Array(0) : value.context.readMemory(address, shown);
      if (bytes === undefined) throw unmapped(address, shown);
      out.write(textOf(bytes, length));
    },
    indexed: 0,
    memoryReference: address,
  };
}

/** All of a text, where the value is one. */
export function wholeText(value: Value): string | undefined {
  const type = resolved(value.type);
  const layout = sequenceLayout(type);
  if (layout?.isText !== true) {
    const isReference = type?.kind === 'pointer' && isTransparent(type);
    return isReference ? wholeText(memoryValue(value.context, type.target, pointerOf(value))) : undefined;
  }
  const { address, length } = sequenceOf(value, type, layout);
  const bytes = length === 0 ? new Uint8Array(0) : value.context.readMemory(address, Math.min(length, 4096));
  return bytes && decodeText(bytes);
}

/** A `str` by itself: a literal, or a part of a text. */
export function strView(value: Value, type: ArrayType): View {
  const bytes = bytesOf(value, Math.min(type.sizeBytes, TEXT_MAX));
  return leaf(textOf(bytes, type.sizeBytes), addressOf(value));
}

/** @param length of the whole text, of which `bytes` is the beginning */
function textOf(bytes: Uint8Array, length: number): string {
  const text = quote(decodeText(bytes), '"');
  return bytes.length < length ? `${text.slice(0, -1)}…" (len ${length})` : text;
}

function traitObjectView(value: Value, type: StructType, layout: ObjectLayout, shower: Shower): View {
  const note = layout.counted ? countNote(value, type) : '';
  const inner = concreteOf(value, layout);
  if (inner !== undefined) {
    const view = shower.view(inner);
    return {
      ...view,
      write(out, depth) {
        view.write(out, depth);
        out.write(note);
      },
      memoryReference: addressOf(inner),
      concrete: inner.type,
    };
  }
  const { pointer, vtable } = objectParts(value, layout);
  const symbol = value.context.symbolAt?.(vtable);
  const dyn = /dyn [\w:]+/.exec(type.name)?.[0] ?? 'dyn';
  return {
    ...plainView(value, type, shower),
    write: (out) =>
      out.write(`${dyn} at ${hex32(pointer)}, vtable ${symbol === undefined ? hex32(vtable) : `<${symbol}>`}${note}`),
    memoryReference: pointer,
  };
}

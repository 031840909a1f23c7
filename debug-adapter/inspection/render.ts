/**
 * Values as a debugger shows them: chooses a view by language and type, and bounds what it may write.
 *
 * Invariant: no exception and no unbounded work comes out of here, whatever the memory holds; what cannot be read says
 * so in its text.
 */
import { resolved } from '../debug-info/index.ts';
import type { Child, ChildQuery, RenderOptions, Rendered, Value } from './api.ts';
import { assignable } from './assign.ts';
import { arrayView, enumView, pointerView, scalarView, structView } from './c-views.ts';
import { hex32 } from './evaluation-error.ts';
import { factView } from './facts.ts';
import { STR } from './literals.ts';
import { rustPointerView, rustStructView, strView, wholeText } from './rust-views.ts';
import { TextWriter, quote } from './text.ts';
import { pointerOf } from './value.ts';
import { addressOf, leaf, problemText } from './view.ts';
import type { Shower, View } from './view.ts';

const CHILDREN_MAX = 10_000;

export function renderValue(value: Value, options: RenderOptions = {}): Rendered {
  const shower = showerFor(options);
  const out = new TextWriter(options.textMax);
  const typeName = displayTypeName(value);
  let view: View;
  try {
    view = shower.view(value);
    view.write(out, 0);
  } catch (error) {
    return {
      text: out.text + problemText(error),
      typeName,
      indexed: 0,
      named: 0,
      memoryReference: addressOf(value),
      writable: false,
    };
  }
  return {
    text: out.text,
    typeName: view.concrete === undefined ? typeName : `${typeName} (${shortened(view.concrete.name)})`,
    indexed: view.indexed,
    named: view.namedCount ?? namedOf(view).length,
    memoryReference: view.memoryReference,
    ...(value.fact?.isPhysical === true ? { isPhysical: true } : {}),
    writable: assignable(value) !== undefined,
  };
}

/** Named children first, then elements. */
export function childrenOf(value: Value, query: ChildQuery = {}, options: RenderOptions = {}): readonly Child[] {
  try {
    const view = showerFor(options).view(value);
    const start = Math.max(0, query.start ?? 0);
    const count = Math.min(CHILDREN_MAX, query.count === undefined || query.count <= 0 ? CHILDREN_MAX : query.count);
    if (query.filter === 'indexed') return elementsOf(view, start, count);
    const named = namedOf(view);
    if (query.filter === 'named') return named.slice(start, start + count);
    const first = named.slice(start, start + count);
    return [...first, ...elementsOf(view, Math.max(0, start - named.length), count - first.length)];
  } catch (error) {
    problemText(error);
    return [];
  }
}

function namedOf(view: View): Child[] {
  try {
    return view.named?.() ?? [];
  } catch (error) {
    problemText(error);
    return [];
  }
}

function elementsOf(view: View, start: number, count: number): Child[] {
  const bounded = Math.min(count, view.indexed - start);
  return bounded > 0 ? (view.elements?.(start, bounded) ?? []) : [];
}

const KEY_TEXT_MAX = 1000;

/** A map's key as one writes it; `undefined` where that is not all of it. */
export function keyText(key: Value): string | undefined {
  return showerFor({}).whole(key);
}

function showerFor(options: RenderOptions): Shower {
  const shower: Shower = {
    hex: options.hex === true,
    view: (value) => viewOf(value, shower),
    write(value, out, depth) {
      if (out.full) return;
      try {
        viewOf(value, shower).write(out, depth);
      } catch (error) {
        out.write(problemText(error));
      }
    },
    whole(value) {
      const text = wholeText(value);
      if (text !== undefined) return text.length > KEY_TEXT_MAX ? undefined : quote(text, '"');
      const out = new TextWriter(KEY_TEXT_MAX);
      (shower.hex ? showerFor({ ...options, hex: false }) : shower).write(value, out, 0);
      return out.text.includes('…') ? undefined : out.text;
    },
  };
  return shower;
}

function viewOf(value: Value, shower: Shower): View {
  if (value.fact !== undefined) return factView(value, value.fact, shower);
  const type = resolved(value.type);
  if (type === undefined) {
    const address = addressOf(value);
    return leaf(
      value.type === undefined && address !== undefined ? `<no type, at ${hex32(address)}>` : '<no type>',
      address,
    );
  }
  if (value.place.kind === 'location' && type.kind === 'pointer') {
    const [piece] = value.place.location.pieces;
    if (piece?.kind === 'pointer-to') return leaf('<points at a variable that was optimized out>');
  }
  switch (type.kind) {
    case 'base':
      return type.encoding === 'void' ? leaf(type.name, addressOf(value)) : scalarView(value, shower);
    case 'enum':
      return enumView(value, type, shower);
    case 'pointer':
      return type.language === 'rust' ? rustPointerView(value, type, shower) : pointerView(value, type, shower);
    case 'array':
      if (type.name === STR) return strView(value, type);
      return arrayView(value, type, shower);
    case 'struct':
      return type.language === 'rust' ? rustStructView(value, type, shower) : structView(value, type, shower);
    case 'function': {
      const address = addressOf(value) ?? pointerOf(value);
      const symbol = value.context.symbolAt?.(address);
      return leaf(`${hex32(address)}${symbol === undefined ? '' : ` <${symbol}>`}`, address);
    }
    default:
      return leaf(`<${type.name}>`, addressOf(value));
  }
}

/** Rust's default allocator is left out, since every `Vec` has it. */
function displayTypeName(value: Value): string {
  return shortened(value.fact?.typeName ?? value.type?.name ?? 'void');
}

const shortened = (typeName: string): string => typeName.replace(/, alloc::alloc::Global(?=>)/g, '');

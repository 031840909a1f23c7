/**
 * Texts of the last stop, for values that have not changed since: after a step, nearly all of a deep stack has not.
 *
 * Invariant: a text is a function of its type, its place and what its rendering asked the context. All of that is asked
 * again, and has to be answered the same, before a text is used again.
 */
import { resolved } from '../debug-info/index.ts';
import type { InspectionContext, Rendered, Type, Value } from './api.ts';
import { renderValue } from './render.ts';

const PAGE_SHIFT = 12;

interface Entry {
  readonly rendered: Rendered;
  readonly asked: Questions;
}

/** By address; those with hexadecimal numbers behind all others. */
type Entries = Map<number, Entry>;
const HEX = 2 ** 32;

export class RenderCache {
  #before = new Map<Type, Entries>();
  #now = new Map<Type, Entries>();

  /** As `renderValue`. */
  render(value: Value, hex: boolean): Rendered {
    const { place, type, context } = value;
    if (place.kind !== 'memory' || type === undefined || value.fact !== undefined || isQuick(type))
      return renderValue(value, { hex });
    const key = place.address + (hex ? HEX : 0);
    const known = this.#now.get(type)?.get(key) ?? this.#before.get(type)?.get(key);
    const entry = known?.asked.holdFor(context) === true ? known : entryOf(value, hex);
    const entries = this.#now.get(type);
    if (entries === undefined) this.#now.set(type, new Map([[key, entry]]));
    else entries.set(key, entry);
    return entry.rendered;
  }

  /** The machine goes on. What was not looked at since it did so last is forgotten. */
  nextStop(): void {
    if (this.#now.size === 0) return;
    this.#before = this.#now;
    this.#now = new Map();
  }
}

/** A number takes no longer to write than to look up. */
function isQuick(type: Type): boolean {
  const kind = resolved(type)?.kind;
  return kind === undefined || kind === 'base' || kind === 'enum';
}

function entryOf(value: Value, hex: boolean): Entry {
  const asked = new Questions();
  return { rendered: renderValue({ ...value, context: asked.listen(value.context) }, { hex }), asked };
}

/** What a rendering asked its context, and was answered. */
class Questions {
  readonly #bytes: { address: number; sizeBytes: number; bytes: Uint8Array | undefined }[] = [];
  readonly #symbols = new Map<number, string | undefined>();
  readonly #types = new Map<number, Type | undefined>();

  /** A context with all that a rendering may ask: nothing else is there. */
  listen(context: InspectionContext): InspectionContext {
    return {
      pc: context.pc,
      register: (number) => context.register(number),
      readMemory: (address, sizeBytes) => {
        const bytes = context.readMemory(address, sizeBytes);
        this.#read(address, sizeBytes, bytes);
        return bytes;
      },
      symbolAt: (address) => {
        const symbol = context.symbolAt?.(address);
        this.#symbols.set(address, symbol);
        return symbol;
      },
      concreteTypeOfVtable: (address) => {
        const type = context.concreteTypeOfVtable?.(address);
        this.#types.set(address, type);
        return type;
      },
    };
  }

  /** Whether a context gives the same answers. */
  holdFor(context: InspectionContext): boolean {
    for (const { address, sizeBytes, bytes } of this.#bytes)
      if (!isSame(context.readMemory(address, sizeBytes), bytes)) return false;
    for (const [address, symbol] of this.#symbols) if (context.symbolAt?.(address) !== symbol) return false;
    for (const [address, type] of this.#types) if (context.concreteTypeOfVtable?.(address) !== type) return false;
    return true;
  }

  /** Neighbours are kept as one, inside a page: either all of it is mapped or nothing. */
  #read(address: number, sizeBytes: number, bytes: Uint8Array | undefined): void {
    const last = this.#bytes.at(-1);
    if (last?.bytes !== undefined && bytes !== undefined) {
      const { address: start, sizeBytes: length } = last;
      if (address >= start && address + sizeBytes <= start + length) return;
      if (address === start + length && start >>> PAGE_SHIFT === (address + sizeBytes - 1) >>> PAGE_SHIFT) {
        const joined = new Uint8Array(length + sizeBytes);
        joined.set(last.bytes);
        joined.set(bytes, length);
        last.bytes = joined;
        last.sizeBytes = joined.length;
        return;
      }
    }
    this.#bytes.push({ address, sizeBytes, bytes });
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

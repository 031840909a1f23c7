/**
 * One value as it is shown: its text, and its parts by name and by index. The language's files make views; `render.ts`
 * chooses among them.
 *
 * Invariant: making a view reads no more than its text and counts need; parts are made when they are asked for.
 */
import type { Child, Type, Value } from './api.ts';
import { EvaluationError } from './evaluation-error.ts';
import type { TextWriter } from './text.ts';

/** Deeper parts of a value are `…` in its text. */
export const TEXT_DEPTH_MAX = 3;
/** More elements than this are not written into one line, even if they would fit. */
export const TEXT_ELEMENTS_MAX = 40;

export interface View {
  write(out: TextWriter, depth: number): void;
  readonly indexed: number;
  /** Elements `start` to `start + count`, inside `indexed`. */
  elements?(start: number, count: number): Child[];
  named?(): Child[];
  /** How many `named` gives, where that is cheaper to tell than to list. */
  readonly namedCount?: number;
  readonly memoryReference: number | undefined;
  /** What a trait object is. */
  readonly concrete?: Type | undefined;
}

export interface Shower {
  readonly hex: boolean;
  view(value: Value): View;
  write(value: Value, out: TextWriter, depth: number): void;
  /** A value's whole text, in decimal; `undefined` where it is too long. */
  whole(value: Value): string | undefined;
}

/** A view of nothing but text. */
export function leaf(text: string, memoryReference?: number): View {
  return { write: (out) => out.write(text), indexed: 0, memoryReference };
}

/** Where a value is, if that is memory. */
export function addressOf(value: Value): number | undefined {
  return value.place.kind === 'memory' ? value.place.address : undefined;
}

/** What stopped a value from being read, as text in its place. */
export function problemText(error: unknown): string {
  if (error instanceof EvaluationError && error.failure.id === 'optimized-out') return '<optimized out>';
  if (error instanceof EvaluationError) return `<${error.failure.cause.replace(/\.$/, '')}>`;
  throw error;
}

/** Writes `[a, b, …]` with whatever brackets. */
export function writeElements(
  shower: Shower,
  out: TextWriter,
  depth: number,
  count: number,
  elements: (start: number, count: number) => Child[],
  [open, close]: readonly [string, string],
): void {
  out.write(open);
  if (count > 0 && depth >= TEXT_DEPTH_MAX) out.write('…');
  else {
    const shown = Math.min(count, TEXT_ELEMENTS_MAX);
    // In small batches: the line is usually full long before the last of them.
    for (let start = 0; start < shown && !out.full; start += 8) {
      for (const [index, child] of elements(start, Math.min(8, shown - start)).entries()) {
        if (out.full) break;
        if (start + index > 0) out.write(', ');
        shower.write(child.value, out, depth + 1);
      }
    }
    if (shown < count) out.write(', …');
  }
  out.write(close);
}

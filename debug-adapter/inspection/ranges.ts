/**
 * Several elements as one array: `p[a..b]`, as Rust writes a part of a slice, and `x@n`, gdb's artificial array (gdb
 * manual, "Artificial Arrays").
 *
 * Invariant: no more than `ELEMENTS_MAX` elements, and never a negative number of them.
 */
import { makeArray, resolved } from '../debug-info/index.ts';
import type { Type } from '../debug-info/index.ts';
import { elementAt, isScattered, isTextSequence, lengthOf } from './access.ts';
import type { InspectionContext } from './api.ts';
import { EvaluationError, guarded } from './evaluation-error.ts';
import { strType } from './literals.ts';
import { memoryNode, toNumber, valueNode } from './nodes.ts';
import type { Get, Node } from './nodes.ts';

const ELEMENTS_MAX = 1 << 20;
const INDEX = { kind: 'integer', bits: 32, signed: true } as const;

export interface RangeOptions {
  readonly language: 'c' | 'rust';
  /** Tells the number of elements where the text does not. */
  readonly context: InspectionContext | undefined;
}

/** `p[from..to]` */
export function sliceNode(
  object: Node,
  from: Node | undefined,
  to: Node | undefined,
  inclusive: boolean,
  options: RangeOptions,
): Node {
  const start = from === undefined ? (): number => 0 : toNumber(integer(from), INDEX);
  const end = to === undefined ? lengthOf(object) : toNumber(integer(to), INDEX);
  if (end === undefined)
    throw new EvaluationError(
      'slice-without-end',
      'A pointer does not know how many elements there are.',
      'Give the end: p[0..8].',
    );
  const first = elementAt(object, start);
  if (first === undefined || isScattered(object)) {
    throw new EvaluationError(
      'not-indexable',
      `A value of type ${object.type?.name ?? 'void'} has no elements that stand one behind the other.`,
      'Take a part of an array, a pointer, a slice or a Vec.',
    );
  }
  const count: Get<number> = (context) => {
    const [low, high] = [start(context), end(context) + (inclusive ? 1 : 0)];
    if (high < low) {
      throw new EvaluationError(
        'range-reversed',
        `The range ends at ${end(context)}, before it begins at ${low}.`,
        'Write the smaller number first.',
      );
    }
    return bounded(high - low);
  };
  // The last element is there as well as the first.
  const last = elementAt(object, (context) => start(context) + count(context) - 1)!;
  const check: Get<void> = (context) => {
    if (count(context) > 0) (last.address ?? last.value)(context);
  };
  const isText = isTextSequence(object);
  const arrayOf = (n: number): Type => (isText ? strType(n) : makeArray(first.type, n, options.language));
  return arrayNode(first, count, arrayOf, options.context, check);
}

/** `x@count`: what is in memory from `x` on. */
export function repeatNode(object: Node, countNode: Node, { language, context }: RangeOptions): Node {
  const asked = toNumber(integer(countNode), INDEX);
  const count: Get<number> = (now) => {
    const n = asked(now);
    if (n >= 1) return bounded(n);
    throw new EvaluationError('range-empty', `${n} is no number of elements.`, 'Write 1 or more behind “@”.');
  };
  if ((resolved(object.type)?.sizeBytes ?? 0) === 0) {
    throw new EvaluationError(
      'not-indexable',
      `A value of type ${object.type?.name ?? 'void'} has no size, so nothing stands behind it.`,
      'Name an object: p[0]@4, *p@4.',
    );
  }
  const address: Get<number> =
    object.address ??
    ((now) => {
      const { place } = object.value(now);
      if (place.kind === 'memory') return place.address;
      throw new EvaluationError(
        'no-address',
        'Only what is in memory can be repeated with “@”.',
        'Name an object, not a computed value: p[0]@4, *p@4.',
      );
    });
  return arrayNode(
    memoryNode(object.type, address),
    count,
    (n) => makeArray(object.type, n, language),
    context,
    address,
  );
}

/** @param check fails where the elements are not all there */
function arrayNode(
  first: Node,
  count: Get<number>,
  arrayOf: (count: number) => Type,
  context: InspectionContext | undefined,
  check: Get<unknown>,
): Node {
  const value: Node['value'] = (now) => {
    const n = count(now);
    check(now);
    const type = arrayOf(n);
    // There need not be a first element.
    if (n === 0) return { type, place: { kind: 'bytes', bytes: new Uint8Array(0) }, context: now };
    return { ...first.value(now), type };
  };
  const known = context === undefined ? undefined : guarded(() => count(context));
  if (known?.ok !== true) return valueNode(undefined, value);
  const { address } = first;
  return {
    ...valueNode(arrayOf(known.value), value),
    ...(address === undefined || known.value === 0 ? {} : { address }),
  };
}

function integer(node: Node): Node {
  if (node.numeric !== undefined && node.numeric.kind !== 'float') return node;
  throw new EvaluationError(
    'not-an-integer',
    `A number of elements has to be an integer, not ${node.type?.name ?? 'void'}.`,
    'Cast it.',
  );
}

function bounded(count: number): number {
  if (count <= ELEMENTS_MAX) return count;
  throw new EvaluationError(
    'range-too-long',
    `The range has ${count} elements; ${ELEMENTS_MAX} is the most.`,
    'Take a shorter part.',
  );
}

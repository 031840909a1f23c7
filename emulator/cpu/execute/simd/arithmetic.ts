/**
 * Floating-point arithmetic and comparison in XMM registers. Intel SDM Vol. 2, ADDPS and on; each mnemonic ends in PS, PD,
 * SS or SD: packed or scalar, single or double.
 *
 * The quick way leads through the engine's own arithmetic, which is IEEE 754's to nearest: allowed where no exception but
 * #P can arise and #P has been reported already. A sum, product, quotient or root of two single values is the same
 * whether rounded once or first to double.
 */
import type { Core } from '../../core.ts';
import { Feature } from '../../cpuid.ts';
import { add, subtract } from '../../float/add.ts';
import { EQUAL, GREATER, LESS, UNORDERED, compare } from '../../float/compare.ts';
import { divide } from '../../float/divide.ts';
import { Class, FORMAT_DOUBLE, FORMAT_SINGLE, classify } from '../../float/format.ts';
import { multiply } from '../../float/multiply.ts';
import { isNan } from '../../float/nan.ts';
import { doubleHigh, doubleLow, singleBits } from '../../float/narrow.ts';
import { squareRoot } from '../../float/square-root.ts';
import { setArithmeticFlags } from '../../flags.ts';
import type { Handler } from '../../instruction.ts';
import { OPERAND, RESULT_VALUE, SCRATCH } from '../../registers.ts';
import { eflagsOf } from '../x87/compare.ts';
import { isUsual, laneFlags, reportSimd, simdControl, widen } from './exceptions.ts';
import { beginSse, copyWords, source } from './unit.ts';

const A = SCRATCH;
const B = SCRATCH + 4;
const OUT = SCRATCH + 8;

type Operation = (m: Int32Array, a: number, b: number, out: number, control: number) => number;
type Quick = (a: number, b: number) => number;

export interface Shape {
  readonly format: number;
  readonly scalar: boolean;
}

export const SHAPES = {
  PS: { format: FORMAT_SINGLE, scalar: false },
  PD: { format: FORMAT_DOUBLE, scalar: false },
  SS: { format: FORMAT_SINGLE, scalar: true },
  SD: { format: FORMAT_DOUBLE, scalar: true },
} as const satisfies Record<string, Shape>;

export function featureOf({ format }: Shape): number {
  return format === FORMAT_SINGLE ? Feature.SSE : Feature.SSE2;
}

export function wordsOf({ format, scalar }: Shape): number {
  if (!scalar) return 4;
  return format === FORMAT_DOUBLE ? 2 : 1;
}

/** Puts a value that an operation has made into a lane. */
export function narrowTo(m: Int32Array, format: number, value: number, lane: number): void {
  if (format === FORMAT_SINGLE) m[lane] = singleBits(m, value);
  else {
    const low = doubleLow(m, value);
    m[lane + 1] = doubleHigh(m, value);
    m[lane] = low;
  }
}

const SINGLE_MIN = 2 ** -126;
const SINGLE_MAX = 3.4028234663852886e38;
const DOUBLE_MIN = 2 ** -1022;

/** Whether the value is 0, or normal in its format. */
function isOrdinary(value: number, smallest: number): boolean {
  const magnitude = value < 0 ? -value : value;
  return (magnitude >= smallest && magnitude < Infinity) || value === 0;
}

/** @returns whether the quick way was open; the result is in RESULT_VALUE then */
function quickly(core: Core, quick: Quick, shape: Shape, a: number, b: number, words: number): boolean {
  const { view, i32: m } = core;
  const single = shape.format === FORMAT_SINGLE;
  const step = single ? 1 : 2;
  const smallest = single ? SINGLE_MIN : DOUBLE_MIN;
  for (let word = 0; word < words; word += step) {
    const x = single ? view.getFloat32((a + word) * 4, true) : view.getFloat64((a + word) * 4, true);
    const y = single ? view.getFloat32((b + word) * 4, true) : view.getFloat64((b + word) * 4, true);
    if (!isOrdinary(x, smallest) || !isOrdinary(y, smallest)) return false;
    const result = quick(x, y);
    const magnitude = result < 0 ? -result : result;
    // A zero of two other numbers may have underflowed; twice the smallest normal number was not rounded up to it.
    const ends = single ? SINGLE_MAX : Number.MAX_VALUE;
    if (result === 0 ? x !== 0 && y !== 0 : !(magnitude >= smallest * 2 && magnitude <= ends)) return false;
    if (single) view.setFloat32((RESULT_VALUE + word) * 4, result, true);
    else view.setFloat64((RESULT_VALUE + word) * 4, result, true);
  }
  copyWords(m, RESULT_VALUE, a, words);
  return true;
}

function binary(operation: Operation, quick: Quick, shape: Shape): Handler {
  const words = wordsOf(shape);
  const feature = featureOf(shape);
  return (core, i) => {
    const m = beginSse(core, feature);
    const b = source(core, i, words, !shape.scalar);
    if (isUsual(m) && quickly(core, quick, shape, i.index0, b, words)) return;
    eachLane(core, operation, shape, i.index0, b);
  };
}

/** Operates on each lane of the slots a and b; the results replace those of `a` when no exception was raised. */
function eachLane(core: Core, operation: Operation, shape: Shape, a: number, b: number): void {
  const m = core.i32;
  const words = wordsOf(shape);
  const control = simdControl(m, shape.format);
  let flags = 0;
  for (let word = 0; word < words; word += shape.format === FORMAT_SINGLE ? 1 : 2) {
    let denormal = widen(m, shape.format, a + word, A) | widen(m, shape.format, b + word, B);
    if (denormal !== 0 && (isNan(classify(m, A)) || isNan(classify(m, B)))) denormal = 0;
    flags |= laneFlags(operation(m, A, B, OUT, control), denormal, control);
    narrowTo(m, shape.format, OUT, RESULT_VALUE + word);
  }
  reportSimd(core, flags);
  copyWords(m, RESULT_VALUE, a, words);
}

function root(shape: Shape): Handler {
  const words = wordsOf(shape);
  return (core, i) => {
    const m = beginSse(core, featureOf(shape));
    const from = source(core, i, words, !shape.scalar);
    const control = simdControl(m, shape.format);
    let flags = 0;
    for (let word = 0; word < words; word += shape.format === FORMAT_SINGLE ? 1 : 2) {
      const denormal = widen(m, shape.format, from + word, A);
      flags |= laneFlags(squareRoot(m, A, OUT, control), denormal, control);
      narrowTo(m, shape.format, OUT, RESULT_VALUE + word);
    }
    reportSimd(core, flags);
    copyWords(m, RESULT_VALUE, i.index0, words);
  };
}

/** The flags of a comparison of two lanes that stand in A and B, its relation with them. */
function compareLanes(m: Int32Array, shape: Shape, a: number, b: number, quiet: boolean, control: number): number {
  const denormal = widen(m, shape.format, a, A) | widen(m, shape.format, b, B);
  const outcome = compare(m, A, B, quiet);
  if ((outcome & UNORDERED) !== 0) return outcome;
  return laneFlags(outcome, denormal, control) | (outcome & (LESS | EQUAL | GREATER));
}

/** MIN and MAX: the second operand where there is no order between the two. SDM Vol. 2, MINPS. */
function choose(relation: number, shape: Shape): Handler {
  const words = wordsOf(shape);
  const step = shape.format === FORMAT_SINGLE ? 1 : 2;
  return (core, i) => {
    const m = beginSse(core, featureOf(shape));
    const from = source(core, i, words, !shape.scalar);
    const control = simdControl(m, shape.format);
    let flags = 0;
    for (let word = 0; word < words; word += step) {
      const outcome = compareLanes(m, shape, i.index0 + word, from + word, false, control);
      flags |= outcome;
      // Under DAZ the chosen denormal is a zero, so what was widened is what is kept; NaNs stay as they are.
      const first = (outcome & relation) !== 0;
      const [kept, raw] = first ? [A, i.index0 + word] : [B, from + word];
      if (isNan(classify(m, kept)) || classify(m, kept) !== Class.ZERO) copyWords(m, raw, RESULT_VALUE + word, step);
      else narrowTo(m, shape.format, kept, RESULT_VALUE + word);
    }
    reportSimd(core, flags);
    copyWords(m, RESULT_VALUE, i.index0, words);
  };
}

/** CMPPS predicates by the low two bits: what must hold, and whether quiet NaNs are no exception. */
const PREDICATES: readonly (readonly [holds: number, quiet: boolean])[] = [
  [EQUAL, true],
  [LESS, false],
  [LESS | EQUAL, false],
  [UNORDERED, true],
];

function comparePredicate(shape: Shape): Handler {
  const words = wordsOf(shape);
  const step = shape.format === FORMAT_SINGLE ? 1 : 2;
  return (core, i) => {
    const m = beginSse(core, featureOf(shape));
    const from = source(core, i, words, !shape.scalar);
    const control = simdControl(m, shape.format);
    const [holds, quiet] = PREDICATES[i.index2 & 3];
    const inverted = (i.index2 & 4) !== 0;
    let flags = 0;
    for (let word = 0; word < words; word += step) {
      const outcome = compareLanes(m, shape, i.index0 + word, from + word, quiet, control);
      flags |= outcome;
      const mask = ((outcome & holds) !== 0) !== inverted ? -1 : 0;
      m[RESULT_VALUE + word] = mask;
      if (step === 2) m[RESULT_VALUE + word + 1] = mask;
    }
    reportSimd(core, flags);
    copyWords(m, RESULT_VALUE, i.index0, words);
  };
}

/** COMISS, UCOMISS. */
function compareToFlags(shape: Shape, quiet: boolean): Handler {
  return (core, i) => {
    const m = beginSse(core, featureOf(shape));
    const from = source(core, i, wordsOf(shape));
    const outcome = compareLanes(m, shape, i.index0, from, quiet, simdControl(m, shape.format));
    reportSimd(core, outcome);
    setArithmeticFlags(core, eflagsOf(outcome));
  };
}

/**
 * RCPPS, RSQRTPS: SDM Vol. 2 gives an error bound alone; here twelve bits, rounded. They raise nothing, take denormals
 * for zero and give zero for what would be denormal.
 */
function approximate(shape: Shape, value: (x: number) => number): Handler {
  const words = wordsOf(shape);
  return (core, i) => {
    const m = beginSse(core, Feature.SSE);
    const from = source(core, i, words, !shape.scalar);
    for (let word = 0; word < words; word++) {
      m[RESULT_VALUE + word] = approximateLane(core, from + word, value);
    }
    copyWords(m, RESULT_VALUE, i.index0, words);
  };
}

function approximateLane(core: Core, lane: number, value: (x: number) => number): number {
  const bits = core.i32[lane];
  const exponent = bits & 0x7f80_0000;
  if (exponent === 0x7f80_0000 && (bits & 0x7f_ffff) !== 0) return bits | 0x40_0000;
  const x = exponent === 0 ? ((bits & 0x8000_0000) !== 0 ? -0 : 0) : core.view.getFloat32(lane * 4, true);
  core.view.setFloat32(OPERAND * 4, value(x), true);
  const result = core.i32[OPERAND];
  const field = result & 0x7f80_0000;
  if (field === 0x7f80_0000) return (result & 0x7f_ffff) !== 0 ? 0xffc0_0000 | 0 : result;
  if (field === 0) return result & (0x8000_0000 | 0);
  return (result + 0x400) & ~0x7ff;
}

type Named<P extends string, S extends string> = { readonly [K in `${P}${S}`]: Handler };

/** One handler per shape, named `name` + shape. */
function forEachShape<P extends string>(name: P, make: (shape: Shape) => Handler): Named<P, keyof typeof SHAPES> {
  const entries = Object.entries(SHAPES).map(([suffix, shape]) => [name + suffix, make(shape)]);
  return Object.fromEntries(entries) as Named<P, keyof typeof SHAPES>;
}

function reciprocal(x: number): number {
  return 1 / x;
}

function reciprocalRoot(x: number): number {
  return x < 0 ? NaN : 1 / Math.sqrt(x);
}

export const simdArithmetic = {
  ...forEachShape('ADD', (shape) => binary(add, (a, b) => a + b, shape)),
  ...forEachShape('SUB', (shape) => binary(subtract, (a, b) => a - b, shape)),
  ...forEachShape('MUL', (shape) => binary(multiply, (a, b) => a * b, shape)),
  ...forEachShape('DIV', (shape) => binary(divide, (a, b) => a / b, shape)),
  ...forEachShape('SQRT', root),
  ...forEachShape('MIN', (shape) => choose(LESS, shape)),
  ...forEachShape('MAX', (shape) => choose(GREATER, shape)),
  ...forEachShape('CMP', comparePredicate),
  COMISS: compareToFlags(SHAPES.SS, false),
  COMISD: compareToFlags(SHAPES.SD, false),
  UCOMISS: compareToFlags(SHAPES.SS, true),
  UCOMISD: compareToFlags(SHAPES.SD, true),
  RCPPS: approximate(SHAPES.PS, reciprocal),
  RCPSS: approximate(SHAPES.SS, reciprocal),
  RSQRTPS: approximate(SHAPES.PS, reciprocalRoot),
  RSQRTSS: approximate(SHAPES.SS, reciprocalRoot),
} as const satisfies Record<string, Handler>;

/**
 * Conversions between formats and integers, in XMM, MMX and general registers. Intel SDM Vol. 2, CVTDQ2PD and on.
 */
import type { Core } from '../../core.ts';
import { Feature } from '../../cpuid.ts';
import {
  FORMAT_DOUBLE,
  FORMAT_SINGLE,
  ROUNDING_CONTROL,
  ROUND_TO_ZERO,
  classify,
  copyValue,
} from '../../float/format.ts';
import { fromInt32, toInteger } from '../../float/integer.ts';
import { isNan } from '../../float/nan.ts';
import { narrow } from '../../float/narrow.ts';
import type { Handler } from '../../instruction.ts';
import { Kind } from '../../instruction.ts';
import { read1, write0 } from '../../operands.ts';
import { RESULT_VALUE, SCRATCH } from '../../registers.ts';
import { narrowTo } from './arithmetic.ts';
import { laneFlags, reportSimd, simdControl, widen } from './exceptions.ts';
import { beginMmx, beginSse, copyWords, enterMmx, source, writtenMmx } from './unit.ts';

const A = SCRATCH;
const OUT = SCRATCH + 4;

function wordsIn(format: number): number {
  return format === FORMAT_SINGLE ? 1 : 2;
}

/** One lane of an integer. @returns flags */
function toIntegerLane(m: Int32Array, format: number, lane: number, out: number, truncate: boolean): number {
  widen(m, format, lane, A);
  const rounding = truncate ? ROUND_TO_ZERO : simdControl(m, format) & ROUNDING_CONTROL;
  const flags = toInteger(m, A, OUT, 32, rounding);
  m[out] = m[OUT];
  return flags;
}

function fromIntegerLane(m: Int32Array, format: number, value: number, out: number): number {
  fromInt32(m, A, value);
  const flags = narrow(m, A, OUT, simdControl(m, format), format);
  narrowTo(m, format, OUT, out);
  return flags;
}

/** Between single and double. */
function formatLane(m: Int32Array, from: number, lane: number, to: number, out: number): number {
  const control = simdControl(m, to);
  let denormal = widen(m, from, lane, A);
  if (denormal !== 0 && isNan(classify(m, A))) denormal = 0;
  // Widening is exact, and so is rounding to a format with more bits.
  const flags = laneFlags(narrow(m, A, OUT, control, to), denormal, control);
  if ((flags & ~control & 7) !== 0) copyValue(m, A, OUT);
  narrowTo(m, to, OUT, out);
  return flags;
}

/** CVTSS2SI and its kin: to a general register. */
function toGeneral(format: number, truncate: boolean): Handler {
  return (core, i) => {
    const m = beginSse(core, format === FORMAT_SINGLE ? Feature.SSE : Feature.SSE2);
    const flags = toIntegerLane(m, format, source(core, i, wordsIn(format)), RESULT_VALUE, truncate);
    reportSimd(core, flags);
    write0(core, i, m[RESULT_VALUE]);
  };
}

/** CVTSI2SS, CVTSI2SD. */
function fromGeneral(format: number): Handler {
  return (core, i) => {
    const m = beginSse(core, format === FORMAT_SINGLE ? Feature.SSE : Feature.SSE2);
    const flags = fromIntegerLane(m, format, read1(core, i), RESULT_VALUE);
    reportSimd(core, flags);
    copyWords(m, RESULT_VALUE, i.index0, wordsIn(format));
  };
}

/** CVTSS2SD, CVTSD2SS. */
function scalarFormat(from: number, to: number): Handler {
  return (core, i) => {
    const m = beginSse(core, Feature.SSE2);
    const flags = formatLane(m, from, source(core, i, wordsIn(from)), to, RESULT_VALUE);
    reportSimd(core, flags);
    copyWords(m, RESULT_VALUE, i.index0, wordsIn(to));
  };
}

/** Which lanes a packed conversion reads and writes, in words. */
interface Lanes {
  readonly count: number;
  readonly sourceStep: number;
  readonly resultStep: number;
}

type Lane = (m: Int32Array, from: number, out: number) => number;

function convertLanes(core: Core, from: number, lanes: Lanes, lane: Lane): void {
  const m = core.i32;
  m.fill(0, RESULT_VALUE, RESULT_VALUE + 4);
  let flags = 0;
  for (let n = 0; n < lanes.count; n++) {
    flags |= lane(m, from + n * lanes.sourceStep, RESULT_VALUE + n * lanes.resultStep);
  }
  reportSimd(core, flags);
}

/** From and to XMM registers; what no lane is written to becomes zero. */
function packedLanes(lanes: Lanes, lane: Lane): Handler {
  return (core, i) => {
    const m = beginSse(core, Feature.SSE2);
    const words = lanes.count * lanes.sourceStep;
    convertLanes(core, source(core, i, words, words === 4), lanes, lane);
    copyWords(m, RESULT_VALUE, i.index0, 4);
  };
}

/** CVTPS2PI, CVTPD2PI: to an MMX register. */
function toMmx(format: number, truncate: boolean): Handler {
  const lanes = { count: 2, sourceStep: wordsIn(format), resultStep: 1 };
  return (core, i) => {
    const m = beginSse(core, format === FORMAT_SINGLE ? Feature.SSE : Feature.SSE2);
    beginMmx(core);
    const words = lanes.count * lanes.sourceStep;
    const from = source(core, i, words, words === 4);
    // The x87 stack is taken over before an exception can be found.
    enterMmx(m);
    convertLanes(core, from, lanes, (memory, at, out) => toIntegerLane(memory, format, at, out, truncate));
    copyWords(m, RESULT_VALUE, i.index0, 2);
    writtenMmx(m, i.index0);
  };
}

/** CVTPI2PS, CVTPI2PD: from an MMX register, or from memory: then the x87 stack is left alone. */
function fromMmx(format: number): Handler {
  const lanes = { count: 2, sourceStep: 1, resultStep: wordsIn(format) };
  return (core, i) => {
    const m = beginSse(core, format === FORMAT_SINGLE ? Feature.SSE : Feature.SSE2);
    const touches = i.kind1 === Kind.MMX;
    if (touches) beginMmx(core);
    const from = source(core, i, 2);
    if (touches) enterMmx(m);
    convertLanes(core, from, lanes, (memory, at, out) => fromIntegerLane(memory, format, memory[at], out));
    copyWords(m, RESULT_VALUE, i.index0, lanes.count * lanes.resultStep);
  };
}

const fromInteger =
  (format: number): Lane =>
  (m, from, out) =>
    fromIntegerLane(m, format, m[from], out);
const integer =
  (format: number, truncate: boolean): Lane =>
  (m, from, out) =>
    toIntegerLane(m, format, from, out, truncate);

export const simdConvert = {
  CVTSS2SI: toGeneral(FORMAT_SINGLE, false),
  CVTTSS2SI: toGeneral(FORMAT_SINGLE, true),
  CVTSD2SI: toGeneral(FORMAT_DOUBLE, false),
  CVTTSD2SI: toGeneral(FORMAT_DOUBLE, true),
  CVTSI2SS: fromGeneral(FORMAT_SINGLE),
  CVTSI2SD: fromGeneral(FORMAT_DOUBLE),
  CVTSS2SD: scalarFormat(FORMAT_SINGLE, FORMAT_DOUBLE),
  CVTSD2SS: scalarFormat(FORMAT_DOUBLE, FORMAT_SINGLE),
  CVTPS2PI: toMmx(FORMAT_SINGLE, false),
  CVTTPS2PI: toMmx(FORMAT_SINGLE, true),
  CVTPD2PI: toMmx(FORMAT_DOUBLE, false),
  CVTTPD2PI: toMmx(FORMAT_DOUBLE, true),
  CVTPI2PS: fromMmx(FORMAT_SINGLE),
  CVTPI2PD: fromMmx(FORMAT_DOUBLE),
  CVTDQ2PS: packedLanes({ count: 4, sourceStep: 1, resultStep: 1 }, fromInteger(FORMAT_SINGLE)),
  CVTDQ2PD: packedLanes({ count: 2, sourceStep: 1, resultStep: 2 }, fromInteger(FORMAT_DOUBLE)),
  CVTPS2DQ: packedLanes({ count: 4, sourceStep: 1, resultStep: 1 }, integer(FORMAT_SINGLE, false)),
  CVTTPS2DQ: packedLanes({ count: 4, sourceStep: 1, resultStep: 1 }, integer(FORMAT_SINGLE, true)),
  CVTPD2DQ: packedLanes({ count: 2, sourceStep: 2, resultStep: 1 }, integer(FORMAT_DOUBLE, false)),
  CVTTPD2DQ: packedLanes({ count: 2, sourceStep: 2, resultStep: 1 }, integer(FORMAT_DOUBLE, true)),
  CVTPS2PD: packedLanes({ count: 2, sourceStep: 1, resultStep: 2 }, (m, from, out) =>
    formatLane(m, FORMAT_SINGLE, from, FORMAT_DOUBLE, out),
  ),
  CVTPD2PS: packedLanes({ count: 2, sourceStep: 2, resultStep: 1 }, (m, from, out) =>
    formatLane(m, FORMAT_DOUBLE, from, FORMAT_SINGLE, out),
  ),
} as const satisfies Record<string, Handler>;

/**
 * Shuffles, sums over lanes, logic by the names of floating point, and 64-bit lanes. Intel SDM Vol. 2.
 */
import { Feature } from '../../cpuid.ts';
import { multiplyHigh } from '../../float/multiply.ts';
import type { Handler } from '../../instruction.ts';
import { RESULT_VALUE } from '../../registers.ts';
import { lanes, type WordOperation } from './lanes.ts';
import { packed } from './packed.ts';
import { beginMmx, beginSse, copyWords, enterMmx, source, writtenMmx } from './unit.ts';

function logic(operation: WordOperation, feature: number): Handler {
  return (core, i) => {
    const m = beginSse(core, feature);
    const b = source(core, i, 4, true);
    for (let word = 0; word < 4; word++) m[i.index0 + word] = operation(m[i.index0 + word], m[b + word]);
  };
}

/** Two words of each operand, chosen by two bits each. */
const shufps: Handler = (core, i) => {
  const m = beginSse(core, Feature.SSE);
  const b = source(core, i, 4, true);
  for (let lane = 0; lane < 4; lane++) {
    m[RESULT_VALUE + lane] = m[(lane < 2 ? i.index0 : b) + ((i.index2 >> (lane * 2)) & 3)];
  }
  copyWords(m, RESULT_VALUE, i.index0, 4);
};

const shufpd: Handler = (core, i) => {
  const m = beginSse(core, Feature.SSE2);
  const b = source(core, i, 4, true);
  copyWords(m, i.index0 + (i.index2 & 1) * 2, RESULT_VALUE, 2);
  copyWords(m, b + (i.index2 & 2), RESULT_VALUE + 2, 2);
  copyWords(m, RESULT_VALUE, i.index0, 4);
};

const pshufd: Handler = (core, i) => {
  const m = beginSse(core, Feature.SSE2);
  const b = source(core, i, 4, true);
  for (let lane = 0; lane < 4; lane++) m[RESULT_VALUE + lane] = m[b + ((i.index2 >> (lane * 2)) & 3)];
  copyWords(m, RESULT_VALUE, i.index0, 4);
};

/** PSHUFLW, PSHUFHW: 16-bit lanes of one half. @param half its first word */
function shuffleHalf(half: number): Handler {
  return (core, i) => {
    const m = beginSse(core, Feature.SSE2);
    const b = source(core, i, 4, true);
    copyWords(m, b, RESULT_VALUE, 4);
    for (let lane = 0; lane < 4; lane++) {
      core.u16[(RESULT_VALUE + half) * 2 + lane] = core.u16[(b + half) * 2 + ((i.index2 >> (lane * 2)) & 3)];
    }
    copyWords(m, RESULT_VALUE, i.index0, 4);
  };
}

const pshufw: Handler = (core, i) => {
  const m = beginMmx(core, Feature.SSE);
  const b = source(core, i, 2);
  for (let lane = 0; lane < 4; lane++) {
    core.u16[RESULT_VALUE * 2 + lane] = core.u16[b * 2 + ((i.index2 >> (lane * 2)) & 3)];
  }
  copyWords(m, RESULT_VALUE, i.index0, 2);
  enterMmx(m);
  writtenMmx(m, i.index0);
};

/** UNPCKLPS and its kin. @param upper whether lanes of the upper halves are interleaved */
function unpackPs(upper: boolean): Handler {
  return (core, i) => {
    const m = beginSse(core, Feature.SSE);
    const b = source(core, i, 4, true);
    for (let lane = 0; lane < 2; lane++) {
      const from = lane + (upper ? 2 : 0);
      m[RESULT_VALUE + lane * 2] = m[i.index0 + from];
      m[RESULT_VALUE + lane * 2 + 1] = m[b + from];
    }
    copyWords(m, RESULT_VALUE, i.index0, 4);
  };
}

function unpackPd(upper: boolean): Handler {
  return (core, i) => {
    const m = beginSse(core, Feature.SSE2);
    const b = source(core, i, 4, true);
    const from = upper ? 2 : 0;
    copyWords(m, i.index0 + from, RESULT_VALUE, 2);
    copyWords(m, b + from, RESULT_VALUE + 2, 2);
    copyWords(m, RESULT_VALUE, i.index0, 4);
  };
}

const byteOf = (word: number, index: number): number => (word >>> (index * 8)) & 0xff;

/** PSADBW: the sum of absolute differences of eight bytes, per 64 bits. */
function sumOfDifferences(m: Int32Array, a: number, b: number, out: number, words: number): void {
  for (let word = 0; word < words; word += 2) {
    let sum = 0;
    for (let byte = 0; byte < 8; byte++) {
      const at = word + (byte >> 2);
      sum += Math.abs(byteOf(m[a + at], byte & 3) - byteOf(m[b + at], byte & 3));
    }
    m[out + word] = sum;
    m[out + word + 1] = 0;
  }
}

function addQuads(m: Int32Array, a: number, b: number, out: number, words: number): void {
  for (let word = 0; word < words; word += 2) {
    const low = (m[a + word] + m[b + word]) | 0;
    const carry = low >>> 0 < m[a + word] >>> 0 ? 1 : 0;
    m[out + word] = low;
    m[out + word + 1] = m[a + word + 1] + m[b + word + 1] + carry;
  }
}

function subtractQuads(m: Int32Array, a: number, b: number, out: number, words: number): void {
  for (let word = 0; word < words; word += 2) {
    const borrow = m[a + word] >>> 0 < m[b + word] >>> 0 ? 1 : 0;
    m[out + word] = m[a + word] - m[b + word];
    m[out + word + 1] = m[a + word + 1] - m[b + word + 1] - borrow;
  }
}

function multiplyEven(m: Int32Array, a: number, b: number, out: number, words: number): void {
  for (let word = 0; word < words; word += 2) {
    const [x, y] = [m[a + word], m[b + word]];
    m[out + word] = Math.imul(x, y);
    m[out + word + 1] = multiplyHigh(x, y);
  }
}

export const simdShuffle = {
  ANDPS: logic(lanes.PAND, Feature.SSE),
  ANDPD: logic(lanes.PAND, Feature.SSE2),
  ANDNPS: logic(lanes.PANDN, Feature.SSE),
  ANDNPD: logic(lanes.PANDN, Feature.SSE2),
  ORPS: logic(lanes.POR, Feature.SSE),
  ORPD: logic(lanes.POR, Feature.SSE2),
  XORPS: logic(lanes.PXOR, Feature.SSE),
  XORPD: logic(lanes.PXOR, Feature.SSE2),
  SHUFPS: shufps,
  SHUFPD: shufpd,
  PSHUFD: pshufd,
  PSHUFLW: shuffleHalf(0),
  PSHUFHW: shuffleHalf(2),
  PSHUFW: pshufw,
  UNPCKLPS: unpackPs(false),
  UNPCKHPS: unpackPs(true),
  UNPCKLPD: unpackPd(false),
  UNPCKHPD: unpackPd(true),
  PSADBW: packed(sumOfDifferences, Feature.SSE),
  PADDQ: packed(addQuads, Feature.SSE2),
  PSUBQ: packed(subtractQuads, Feature.SSE2),
  PMULUDQ: packed(multiplyEven, Feature.SSE2),
} as const satisfies Record<string, Handler>;

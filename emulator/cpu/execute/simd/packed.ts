/**
 * Packed integers in MMX and XMM registers. Intel SDM Vol. 2, one instruction a function; the 64-bit forms are MMX, or
 * SSE where the manual says so, the 128-bit forms SSE2.
 */
import type { Core } from '../../core.ts';
import { Feature } from '../../cpuid.ts';
import type { Handler } from '../../instruction.ts';
import { Kind } from '../../instruction.ts';
import { FPU_EMPTY, OPERAND, RESULT_VALUE } from '../../registers.ts';
import type { WordOperation } from './lanes.ts';
import { lanes, saturateInt16, saturateInt8, saturateUint8, shiftLanes, sseLanes } from './lanes.ts';
import { beginMmx, beginSse, copyWords, enterMmx, source, writtenMmx } from './unit.ts';

type Combine = (m: Int32Array, a: number, b: number, out: number, words: number) => void;

/**
 * Both forms of an instruction whose result is combined from two registers.
 * @param feature of the 64-bit form
 * @param read words of memory that the 64-bit form reads
 */
export function packed(combine: Combine, feature: number = Feature.MMX, read: 1 | 2 = 2): Handler {
  return (core, i) => {
    const wide = i.kind0 === Kind.XMM;
    const m = wide ? beginSse(core, Feature.SSE2) : beginMmx(core, feature);
    const words = wide ? 4 : 2;
    const b = source(core, i, wide ? 4 : read, wide);
    combine(m, i.index0, b, RESULT_VALUE, words);
    copyWords(m, RESULT_VALUE, i.index0, words);
    if (!wide) {
      enterMmx(m);
      writtenMmx(m, i.index0);
    }
  };
}

function wordwise(operation: WordOperation, feature: number = Feature.MMX): Handler {
  return (core, i) => {
    const wide = i.kind0 === Kind.XMM;
    const m = wide ? beginSse(core, Feature.SSE2) : beginMmx(core, feature);
    const words = wide ? 4 : 2;
    const b = source(core, i, words, wide);
    const a = i.index0;
    for (let word = 0; word < words; word++) m[a + word] = operation(m[a + word], m[b + word]);
    if (!wide) {
      enterMmx(m);
      writtenMmx(m, a);
    }
  };
}

type Handlers<T> = { readonly [Name in keyof T]: Handler };

function wordwiseHandlers<T extends Record<string, WordOperation>>(table: T, feature: number): Handlers<T> {
  const entries = Object.entries(table).map(([name, operation]) => [name, wordwise(operation, feature)]);
  return Object.fromEntries(entries) as Handlers<T>;
}

/** An instruction that shifts its first operand by a count: an immediate, or 64 bits of the second operand. */
function shift(apply: (m: Int32Array, at: number, words: number, count: number) => void): Handler {
  return (core, i) => {
    const wide = i.kind0 === Kind.XMM;
    const m = wide ? beginSse(core, Feature.SSE2) : beginMmx(core);
    const words = wide ? 4 : 2;
    let count = i.index1;
    if (i.kind1 !== Kind.IMMEDIATE) {
      const at = source(core, i, words, wide);
      // All 64 bits count: any large number shifts everything out.
      count = m[at + 1] !== 0 || m[at] >>> 0 > 255 ? 255 : m[at];
    }
    apply(m, i.index0, words, count);
    if (!wide) {
      enterMmx(m);
      writtenMmx(m, i.index0);
    }
  };
}

function shiftWords(operation: (a: number, count: number) => number, width: number, arithmetic: boolean): Handler {
  return shift((m, at, words, count) => {
    const bounded = arithmetic && count >= width ? width - 1 : count;
    for (let word = 0; word < words; word++) m[at + word] = bounded >= width ? 0 : operation(m[at + word], bounded);
  });
}

function shiftQuads(left: boolean): Handler {
  return shift((m, at, words, count) => {
    for (let word = 0; word < words; word += 2) {
      const low = m[at + word];
      const high = m[at + word + 1];
      let [newLow, newHigh] = [0, 0];
      if (count === 0) [newLow, newHigh] = [low, high];
      else if (count < 32) {
        newLow = left ? low << count : (low >>> count) | (high << (32 - count));
        newHigh = left ? (high << count) | (low >>> (32 - count)) : high >>> count;
      } else if (count < 64) {
        newLow = left ? 0 : high >>> (count - 32);
        newHigh = left ? low << (count - 32) : 0;
      }
      m[at + word] = newLow;
      m[at + word + 1] = newHigh;
    }
  });
}

/** PSLLDQ, PSRLDQ: by bytes. */
function shiftBytes(left: boolean): Handler {
  return (core, i) => {
    const m = beginSse(core, Feature.SSE2);
    const count = Math.min(i.index1, 16);
    copyWords(m, i.index0, OPERAND, 4);
    const bytes = core.u8;
    for (let byte = 0; byte < 16; byte++) {
      const from = left ? byte - count : byte + count;
      bytes[i.index0 * 4 + byte] = from >= 0 && from < 16 ? bytes[OPERAND * 4 + from] : 0;
    }
  };
}

/** Unsigned or signed saturation of lanes to half their width: first the destination's lanes, then the source's. */
const packWordsToBytes =
  (saturate: (value: number) => number): Combine =>
  (m, a, b, out, words) => {
    const half = words / 2;
    for (let word = 0; word < words; word++) {
      const from = word < half ? a + word * 2 : b + (word - half) * 2;
      const [low, high] = [m[from], m[from + 1]];
      m[out + word] =
        (saturate((low << 16) >> 16) & 0xff) |
        ((saturate(low >> 16) & 0xff) << 8) |
        ((saturate((high << 16) >> 16) & 0xff) << 16) |
        (saturate(high >> 16) << 24);
    }
  };

const packDoublewords: Combine = (m, a, b, out, words) => {
  const half = words / 2;
  for (let word = 0; word < words; word++) {
    const from = word < half ? a + word * 2 : b + (word - half) * 2;
    m[out + word] = (saturateInt16(m[from]) & 0xffff) | (saturateInt16(m[from + 1]) << 16);
  }
};

/** Interleaves lanes of the lower or upper halves. @param bits width of a lane */
function unpack(bits: 8 | 16 | 32 | 64, upper: boolean): Combine {
  return (m, a, b, out, words) => {
    const half = words / 2;
    const offset = upper ? half : 0;
    for (let word = 0; word < half; word++) {
      const x = m[a + offset + word];
      const y = m[b + offset + word];
      const at = out + word * 2;
      if (bits === 8) {
        m[at] = (x & 0xff) | ((y & 0xff) << 8) | ((x & 0xff00) << 8) | ((y & 0xff00) << 16);
        m[at + 1] = ((x >>> 16) & 0xff) | ((y >>> 8) & 0xff00) | ((x >>> 8) & 0xff_0000) | (y & 0xff00_0000);
      } else if (bits === 16) {
        m[at] = (x & 0xffff) | (y << 16);
        m[at + 1] = (x >>> 16) | (y & 0xffff_0000);
      } else if (bits === 32) {
        m[at] = x;
        m[at + 1] = y;
      } else {
        m[out + word] = x;
        m[out + 2 + word] = y;
      }
    }
  };
}

function emms(core: Core): void {
  const m = beginMmx(core);
  enterMmx(m);
  m[FPU_EMPTY] = 0xff;
}

export const packedInteger = {
  ...wordwiseHandlers(lanes, Feature.MMX),
  ...wordwiseHandlers(sseLanes, Feature.SSE),
  PSRLW: shiftWords(shiftLanes.PSRLW, 16, false),
  PSRAW: shiftWords(shiftLanes.PSRAW, 16, true),
  PSLLW: shiftWords(shiftLanes.PSLLW, 16, false),
  PSRLD: shiftWords(shiftLanes.PSRLD, 32, false),
  PSRAD: shiftWords(shiftLanes.PSRAD, 32, true),
  PSLLD: shiftWords(shiftLanes.PSLLD, 32, false),
  PSRLQ: shiftQuads(false),
  PSLLQ: shiftQuads(true),
  PSRLDQ: shiftBytes(false),
  PSLLDQ: shiftBytes(true),
  PACKSSWB: packed(packWordsToBytes(saturateInt8)),
  PACKUSWB: packed(packWordsToBytes(saturateUint8)),
  PACKSSDW: packed(packDoublewords),
  // SDM Vol. 2, PUNPCKLBW: of MMX's memory operand 32 bits are read, of SSE2's all 128.
  PUNPCKLBW: packed(unpack(8, false), Feature.MMX, 1),
  PUNPCKLWD: packed(unpack(16, false), Feature.MMX, 1),
  PUNPCKLDQ: packed(unpack(32, false), Feature.MMX, 1),
  PUNPCKLQDQ: packed(unpack(64, false)),
  PUNPCKHBW: packed(unpack(8, true)),
  PUNPCKHWD: packed(unpack(16, true)),
  PUNPCKHDQ: packed(unpack(32, true)),
  PUNPCKHQDQ: packed(unpack(64, true)),
  EMMS: emms,
} as const satisfies Record<string, Handler>;

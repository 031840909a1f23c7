/** Moves between MMX, XMM, general registers and memory. Intel SDM Vol. 2, one instruction a function. */
import { probeWrite, write8 } from '../../access.ts';
import type { Core } from '../../core.ts';
import { Feature } from '../../cpuid.ts';
import type { Handler, Instruction } from '../../instruction.ts';
import { Kind } from '../../instruction.ts';
import { read1, write0 } from '../../operands.ts';
import { EDI } from '../../registers.ts';
import { beginMmx, beginSse, copyWords, enterMmx, source, store, writtenMmx } from './unit.ts';

function isXmm(i: Instruction): boolean {
  return i.kind0 === Kind.XMM || i.kind1 === Kind.XMM;
}

function movd(core: Core, i: Instruction): void {
  const xmm = isXmm(i);
  const m = xmm ? beginSse(core, Feature.SSE2) : beginMmx(core);
  if (i.kind0 === Kind.XMM || i.kind0 === Kind.MMX) {
    m[i.index0] = read1(core, i);
    m[i.index0 + 1] = 0;
    if (xmm) m.fill(0, i.index0 + 2, i.index0 + 4);
    else {
      enterMmx(m);
      writtenMmx(m, i.index0);
    }
    return;
  }
  write0(core, i, m[i.index1]);
  if (!xmm) enterMmx(m);
}

function movq(core: Core, i: Instruction): void {
  const xmm = isXmm(i);
  const m = xmm ? beginSse(core, Feature.SSE2) : beginMmx(core);
  if (i.kind0 === Kind.MEM) {
    store(core, i, 2, false, i.index1);
    if (!xmm) enterMmx(m);
    return;
  }
  copyWords(m, source(core, i, 2), i.index0, 2);
  if (xmm) m.fill(0, i.index0 + 2, i.index0 + 4);
  else {
    enterMmx(m);
    writtenMmx(m, i.index0);
  }
}

/** 128 bits, either way. */
function whole(feature: number, aligned: boolean): Handler {
  return (core, i) => {
    const m = beginSse(core, feature);
    if (i.kind0 === Kind.MEM) store(core, i, 4, aligned, i.index1);
    else copyWords(m, source(core, i, 4, aligned), i.index0, 4);
  };
}

/** MOVSS, MOVSD: a load from memory clears the rest, a move between registers leaves it. */
function scalar(feature: number, words: number): Handler {
  return (core, i) => {
    const m = beginSse(core, feature);
    if (i.kind0 === Kind.MEM) {
      store(core, i, words, false, i.index1);
      return;
    }
    copyWords(m, source(core, i, words), i.index0, words);
    if (i.kind1 === Kind.MEM) m.fill(0, i.index0 + words, i.index0 + 4);
  };
}

/** MOVLPS, MOVHPS and the like: 64 bits of memory with one half of a register. @param half its first word */
function halfMove(feature: number, half: number): Handler {
  return (core, i) => {
    const m = beginSse(core, feature);
    if (i.kind0 === Kind.MEM) store(core, i, 2, false, i.index1 + half);
    else copyWords(m, source(core, i, 2), i.index0 + half, 2);
  };
}

function movmsk(feature: number, words: readonly number[]): Handler {
  return (core, i) => {
    const m = beginSse(core, feature);
    write0(
      core,
      i,
      words.reduce((bits, word, n) => bits | ((m[i.index1 + word] >>> 31) << n), 0),
    );
  };
}

function pmovmskb(core: Core, i: Instruction): void {
  const wide = i.kind1 === Kind.XMM;
  const m = wide ? beginSse(core, Feature.SSE2) : beginMmx(core, Feature.SSE);
  let bits = 0;
  for (let byte = 0; byte < (wide ? 16 : 8); byte++) bits |= (core.u8[i.index1 * 4 + byte] >> 7) << byte;
  if (!wide) enterMmx(m);
  write0(core, i, bits);
}

/** MASKMOVQ, MASKMOVDQU: bytes whose mask byte has its top bit set, to DS:[EDI]. */
function maskMove(core: Core, i: Instruction): void {
  const wide = i.kind0 === Kind.XMM;
  const m = wide ? beginSse(core, Feature.SSE2) : beginMmx(core, Feature.SSE);
  const offset = m[EDI] & i.addressMask;
  const bytes = Array.from({ length: wide ? 16 : 8 }, (_, n) => n).filter((n) => core.u8[i.index1 * 4 + n] >= 0x80);
  const places = bytes.map((n) => (offset + n) & i.addressMask);
  for (const place of places) probeWrite(core, i.segment, place, 1);
  bytes.forEach((n, index) => {
    write8(core, i.segment, places[index], core.u8[i.index0 * 4 + n]);
  });
  if (!wide) enterMmx(m);
}

function pinsrw(core: Core, i: Instruction): void {
  const wide = i.kind0 === Kind.XMM;
  const m = wide ? beginSse(core, Feature.SSE2) : beginMmx(core, Feature.SSE);
  const value = read1(core, i);
  core.u16[i.index0 * 2 + (i.index2 & (wide ? 7 : 3))] = value;
  if (!wide) {
    enterMmx(m);
    writtenMmx(m, i.index0);
  }
}

function pextrw(core: Core, i: Instruction): void {
  const wide = i.kind1 === Kind.XMM;
  const m = wide ? beginSse(core, Feature.SSE2) : beginMmx(core, Feature.SSE);
  if (!wide) enterMmx(m);
  write0(core, i, core.u16[i.index1 * 2 + (i.index2 & (wide ? 7 : 3))]);
}

function movntq(core: Core, i: Instruction): void {
  const m = beginMmx(core, Feature.SSE);
  store(core, i, 2, false, i.index1);
  enterMmx(m);
}

function movnti(core: Core, i: Instruction): void {
  // Needs no SSE state: CR0.EM, TS and CR4.OSFXSR have no say.
  if ((core.features & Feature.SSE2) === 0) beginSse(core, Feature.SSE2);
  store(core, i, 1, false, i.index1);
}

function movq2dq(core: Core, i: Instruction): void {
  const m = beginSse(core, Feature.SSE2);
  beginMmx(core);
  copyWords(m, i.index1, i.index0, 2);
  m.fill(0, i.index0 + 2, i.index0 + 4);
  enterMmx(m);
}

function movdq2q(core: Core, i: Instruction): void {
  const m = beginSse(core, Feature.SSE2);
  beginMmx(core);
  copyWords(m, i.index1, i.index0, 2);
  enterMmx(m);
  writtenMmx(m, i.index0);
}

export const simdMoves = {
  MOVD: movd,
  MOVQ: movq,
  MOVAPS: whole(Feature.SSE, true),
  MOVAPD: whole(Feature.SSE2, true),
  MOVDQA: whole(Feature.SSE2, true),
  MOVUPS: whole(Feature.SSE, false),
  MOVUPD: whole(Feature.SSE2, false),
  MOVDQU: whole(Feature.SSE2, false),
  MOVNTPS: whole(Feature.SSE, true),
  MOVNTPD: whole(Feature.SSE2, true),
  MOVNTDQ: whole(Feature.SSE2, true),
  MOVNTQ: movntq,
  MOVNTI: movnti,
  MOVSS: scalar(Feature.SSE, 1),
  MOVSD: scalar(Feature.SSE2, 2),
  MOVLPS: halfMove(Feature.SSE, 0),
  MOVLPD: halfMove(Feature.SSE2, 0),
  MOVHPS: halfMove(Feature.SSE, 2),
  MOVHPD: halfMove(Feature.SSE2, 2),
  MOVHLPS: (core, i) => {
    copyWords(beginSse(core, Feature.SSE), i.index1 + 2, i.index0, 2);
  },
  MOVLHPS: (core, i) => {
    copyWords(beginSse(core, Feature.SSE), i.index1, i.index0 + 2, 2);
  },
  MOVMSKPS: movmsk(Feature.SSE, [0, 1, 2, 3]),
  MOVMSKPD: movmsk(Feature.SSE2, [1, 3]),
  MOVQ2DQ: movq2dq,
  MOVDQ2Q: movdq2q,
  PMOVMSKB: pmovmskb,
  MASKMOVQ: maskMove,
  MASKMOVDQU: maskMove,
  PINSRW: pinsrw,
  PEXTRW: pextrw,
} as const satisfies Record<string, Handler>;

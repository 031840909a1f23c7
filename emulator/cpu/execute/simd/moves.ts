/** MOVD and MOVQ, between MMX or XMM registers, general registers and memory. Intel SDM Vol. 2. */
import type { Core } from '../../core.ts';
import { Feature } from '../../cpuid.ts';
import type { Handler, Instruction } from '../../instruction.ts';
import { Kind } from '../../instruction.ts';
import { read1, write0 } from '../../operands.ts';
import { beginMmx, beginSse, copyWords, enterMmx, source, store, writtenMmx } from './unit.ts';

function movd(core: Core, i: Instruction): void {
  const xmm = i.kind0 === Kind.XMM || i.kind1 === Kind.XMM;
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
  const xmm = i.kind0 === Kind.XMM || i.kind1 === Kind.XMM;
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

export const simdMoves = { MOVD: movd, MOVQ: movq } as const satisfies Record<string, Handler>;

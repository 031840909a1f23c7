/**
 * The FPU and SIMD registers from outside: for snapshots, debuggers and tests, as the image FXSAVE writes.
 * SDM Vol. 1, "FXSAVE Area"; Vol. 2, FXSAVE, "Non-64-bit-Mode Layout".
 *
 * Invariant: reading an image and writing it back changes nothing.
 */
import type { Core } from './core.ts';
import { FPU, FPU_CONTROL, FPU_CS, FPU_DP, FPU_DS, FPU_EMPTY, FPU_IP, FPU_OPCODE, MXCSR, XMM } from './registers.ts';
import { initialise, setControlWord, setStatusWord, st, statusWord } from './execute/x87/unit.ts';
import { setValue } from './float/format.ts';

export const FXSAVE_BYTES = 512;
/** Bytes of the image that FXSAVE writes: the others keep what they held. */
export const FXSAVE_WRITTEN = 288;
/** The bits of MXCSR there are. */
export const MXCSR_MASK = 0xffff;
const MXCSR_INITIAL = 0x1f80;
const CONTROL_AFTER_RESET = 0x40;

/** Power-up: SDM Vol. 3A, "Processor State After Reset": the registers hold +0 and are not empty. */
export function resetFpu(core: Core): void {
  const m = core.i32;
  m.fill(0, FPU, XMM + 32);
  initialise(m);
  m[FPU_CONTROL] = CONTROL_AFTER_RESET;
  m[FPU_EMPTY] = 0;
  m[MXCSR] = MXCSR_INITIAL;
}

/** The first 288 bytes of an FXSAVE image, as 32-bit words. */
export function readFxsave(core: Core): Int32Array {
  const m = core.i32;
  const image = new Int32Array(FXSAVE_WRITTEN / 4);
  image[0] = (m[FPU_CONTROL] & 0xffff) | (statusWord(m) << 16);
  image[1] = (~m[FPU_EMPTY] & 0xff) | (m[FPU_OPCODE] << 16);
  image[2] = m[FPU_IP];
  image[3] = m[FPU_CS] & 0xffff;
  image[4] = m[FPU_DP];
  image[5] = m[FPU_DS] & 0xffff;
  image[6] = m[MXCSR];
  image[7] = MXCSR_MASK;
  for (let index = 0; index < 8; index++) {
    const register = st(m, index);
    image[8 + index * 4] = m[register];
    image[9 + index * 4] = m[register + 1];
    image[10 + index * 4] = m[register + 2] & 0xffff;
  }
  image.set(m.subarray(XMM, XMM + 32), 40);
  return image;
}

/** Everything but MXCSR's reserved bits is taken as it is; ES and B follow from flags and masks. */
export function writeFxsave(core: Core, image: Int32Array): void {
  const m = core.i32;
  m[FPU_EMPTY] = ~image[1] & 0xff;
  m[FPU_OPCODE] = (image[1] >>> 16) & 0x7ff;
  m[FPU_IP] = image[2];
  m[FPU_CS] = image[3] & 0xffff;
  m[FPU_DP] = image[4];
  m[FPU_DS] = image[5] & 0xffff;
  setControlWord(m, image[0]);
  setStatusWord(m, image[0] >>> 16);
  for (let index = 0; index < 8; index++) {
    setValue(m, st(m, index), image[10 + index * 4] & 0xffff, image[9 + index * 4], image[8 + index * 4]);
  }
  m[MXCSR] = image[6] & MXCSR_MASK;
  m.set(image.subarray(40, 72), XMM);
}

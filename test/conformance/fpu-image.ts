/**
 * FPU states of vectors: the FSAVE image that hwvec stores as the FXSAVE image the CPU takes and gives.
 * What is compared is what vectors/hwvec/README.md promises.
 */
import type { HwVector } from './hwvec.ts';

/** A 108-byte FSAVE image in the 32-bit protected-mode layout as the words of an FXSAVE image. */
export function fsaveToFxsave(fsave: Uint8Array): Int32Array {
  const view = new DataView(fsave.buffer, fsave.byteOffset, fsave.length);
  const word = (at: number): number => view.getUint16(at, true);
  const tags = word(8);
  const used = [0, 1, 2, 3, 4, 5, 6, 7].reduce((bits, n) => bits | (((tags >> (n * 2)) & 3) === 3 ? 0 : 1 << n), 0);
  const image = new Int32Array(72);
  image[0] = word(0) | (word(4) << 16);
  image[1] = used | ((word(18) & 0x7ff) << 16);
  image[2] = view.getInt32(12, true);
  image[3] = word(16);
  image[4] = view.getInt32(20, true);
  image[5] = word(24);
  image[6] = 0x1f80;
  for (let n = 0; n < 8; n++) {
    const at = 28 + n * 10;
    image[8 + n * 4] = view.getInt32(at, true);
    image[9 + n * 4] = view.getInt32(at + 4, true);
    image[10 + n * 4] = word(at + 8);
  }
  return image;
}

/** Whether the condition codes mean something: FCOM and its kin, FTST, FXAM, FPREM, FPREM1. */
function comparesConditions(code: string): boolean {
  const first = parseInt(code.slice(0, 2), 16);
  const modrm = parseInt(code.slice(2, 4), 16);
  const field = (modrm >> 3) & 7;
  if (first === 0xd9) return [0xe4, 0xe5, 0xf5, 0xf8].includes(modrm);
  if (modrm < 0xc0) return (first & 1) === 0 && first !== 0xdf && (field === 2 || field === 3);
  if (first === 0xd8 || first === 0xdc) return field === 2 || field === 3;
  return (first === 0xdd && field >= 4) || modrm === 0xe9 || (first === 0xde && (field === 2 || field === 3));
}

const CONDITIONS = 0x4700;
const EXCEPTIONS = 0x80ff;
const TOP = 0x3800;

export function fpuDifferences(vector: HwVector, actual: Int32Array, expected: Int32Array): string[] {
  const differences: string[] = [];
  const same = (what: string, a: number, b: number): void => {
    if (a !== b) differences.push(`${what} is ${(a >>> 0).toString(16)}, expected ${(b >>> 0).toString(16)}`);
  };
  const mask = EXCEPTIONS | TOP | (comparesConditions(vector.c) ? CONDITIONS : 0);
  same('control word', actual[0] & 0xffff, expected[0] & 0xffff);
  same('status word', (actual[0] >>> 16) & mask, (expected[0] >>> 16) & mask);
  same('tags', actual[1] & 0xff, expected[1] & 0xff);
  for (let n = 0; n < 8; n++) {
    same(`st${String(n)} low`, actual[8 + n * 4], expected[8 + n * 4]);
    same(`st${String(n)} high`, actual[9 + n * 4], expected[9 + n * 4]);
    same(`st${String(n)} exponent`, actual[10 + n * 4] & 0xffff, expected[10 + n * 4] & 0xffff);
  }
  return differences;
}

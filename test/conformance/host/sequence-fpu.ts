/** The FPU's and the SIMD units' state that a sequence begins in, and what is compared of it at its end. */
import type { Random } from '../../unit/cpu/random.ts';
import { FPU_BYTES } from './sequence-host.ts';
import { double, extended, fillOperand, pick } from './values.ts';
import { C1, x87State } from './x87.ts';

/** Offsets in an FXSAVE image. SDM Vol. 1, "FXSAVE Area". */
const STATUS = 2;
const TAGS = 4;
const FOP = 6;
const FIP = 8;
const FDP = 16;
const MXCSR = 24;
const ST0 = 32;
const XMM0 = 160;
const REGISTER_BYTES = 16;
/** In the status word: an exception is pending. */
const ES = 0x80;
/** In FOP, whose low byte is the ModRM byte. */
const MOD_REGISTER = 0xc0;
const EXCEPTIONS_MASKED = 0x3f;
const MXCSR_DEFAULT = 0x1f80;

/** @param gentle masked exceptions, and mostly numbers that a program would have */
export function fpuState(random: Random, gentle: boolean): Uint8Array {
  const image = x87State(random).slice(0, FPU_BYTES);
  const view = new DataView(image.buffer);
  if (gentle) {
    image[0] |= EXCEPTIONS_MASKED;
    view.setUint16(STATUS, view.getUint16(STATUS, true) & 0x7f00, true);
    for (let n = 0; n < 8; n++) if (random.below(4) !== 0) image.set(ordinary(random), ST0 + n * REGISTER_BYTES);
  }
  const masks = gentle || random.below(3) !== 0 ? MXCSR_DEFAULT : random.below(64) << 7;
  // Rounding, and now and then flush-to-zero and denormals-are-zeros.
  const modes =
    random.below(2) === 0 ? 0 : (random.below(4) << 13) | (random.below(4) === 0 ? random.int32() & 0x8040 : 0);
  view.setUint32(MXCSR, masks | modes, true);
  fillOperand(random, image.subarray(XMM0));
  return image;
}

/** A number between 2^-16 and 2^16, exact or not; in its ten bytes. */
function ordinary(random: Random): Uint8Array {
  const bytes = extended(random);
  const view = new DataView(bytes.buffer);
  const precision = pick(random, [8n, 24n, 53n, 64n]);
  const fraction = (double(random) << 11n) | (1n << 63n);
  view.setBigUint64(0, BigInt.asUintN(64, (fraction >> (64n - precision)) << (64n - precision)), true);
  view.setUint16(8, (0x3fff - 16 + random.below(33)) | (random.below(2) << 15), true);
  return bytes;
}

/** @param c1Undefined whether the last instruction was one after which AMD's processors keep C1, and the manual clears it */
export function fpuDifferences(mine: Uint8Array, theirs: Uint8Array, c1Undefined: boolean): string[] {
  // Mostly nothing differs but the pointers, which AMD's processors store while an exception is pending alone.
  const pending = (theirs[STATUS] & ES) !== 0;
  const differences: string[] = [];
  const [a, b] = [mine, theirs].map((image) => new DataView(image.buffer, image.byteOffset, FPU_BYTES));
  const same = (what: string, ours: number, host: number): void => {
    if (ours !== host) differences.push(`${what} ${ours.toString(16)}, host ${host.toString(16)}`);
  };
  const word = (view: DataView, at: number): number => view.getUint16(at, true);
  const dword = (view: DataView, at: number): number => view.getUint32(at, true);
  const statusMask = c1Undefined ? ~C1 : -1;
  same('FCW', word(a, 0), word(b, 0));
  same('FSW', word(a, STATUS) & statusMask, word(b, STATUS) & statusMask);
  same('FTW', mine[TAGS], theirs[TAGS]);
  if (pending) {
    same('FOP', word(a, FOP), word(b, FOP));
    same('FIP', dword(a, FIP), dword(b, FIP));
    // An instruction without an operand in memory leaves FDP, which AMD's processors did not load if nothing was pending.
    if ((word(a, FOP) & MOD_REGISTER) !== MOD_REGISTER) same('FDP', dword(a, FDP), dword(b, FDP));
  }
  same('MXCSR', dword(a, MXCSR), dword(b, MXCSR));
  const register = (name: string, at: number, bytes: number): void => {
    const [ours, host] = [mine, theirs].map((image) => Buffer.from(image.subarray(at, at + bytes)));
    if (!ours.equals(host)) differences.push(`${name} ${hex(ours)}, host ${hex(host)}`);
  };
  for (let n = 0; n < 8; n++) register(`ST${String(n)}`, ST0 + n * REGISTER_BYTES, 10);
  for (let n = 0; n < 8; n++) register(`XMM${String(n)}`, XMM0 + n * REGISTER_BYTES, 16);
  return differences;
}

function hex(bytes: Buffer): string {
  return Buffer.from(bytes).reverse().toString('hex');
}

export function describeFpu(image: Uint8Array): string {
  const view = new DataView(image.buffer, image.byteOffset, FPU_BYTES);
  const words = [0, STATUS].map((at) => view.getUint16(at, true).toString(16));
  const values = Array.from({ length: 16 }, (_, n) => {
    const at = ST0 + n * REGISTER_BYTES;
    return hex(Buffer.from(image.subarray(at, at + (n < 8 ? 10 : 16))));
  });
  return `fcw ${words[0]} fsw ${words[1]} ftw ${image[TAGS].toString(16)} mxcsr ${view.getUint32(MXCSR, true).toString(16)} st, xmm ${values.join(' ')}`;
}

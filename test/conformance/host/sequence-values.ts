/** Numbers, offsets and selectors that sequences and their data are made of. */
import type { Random } from '../../unit/cpu/random.ts';
import { pick } from './values.ts';

/** LDT entries as selectors of RPL 3. */
export const ldt = (index: number): number => index * 8 + 7;

/** For loads and far transfers: of every kind, valid or not. 30h-33h, the host's 64-bit segment, is not among them. */
export const ANY_SELECTORS = [
  0, 1, 3, 0x08, 0x0b, 0x18, 0x20, 0x23, 0x28, 0x2b, 0x50, 0x60, 0x63, 0x83, 0xfffb, 0xffff, 0x77,
  ...Array.from({ length: 16 }, (_, n) => ldt(n)), ...Array.from({ length: 6 }, (_, n) => ldt(n) & ~1),
]; // prettier-ignore

export const EDGES = [0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000,
  0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff]; // prettier-ignore

export function value(random: Random): number {
  switch (random.below(4)) {
    case 0:
      return pick(random, EDGES);
    case 1:
      return random.byte();
    default:
      return random.int32() >>> 0;
  }
}

/** An offset that is often inside the data pages, and often near an edge of them. */
export function offset(random: Random): number {
  const edge = pick(random, [0, 0x7fc, 0x800, 0xffc, 0x1000, 0x1ffc, 0x2000, 0x2ffc, 0x3000]);
  switch (random.below(5)) {
    case 0:
      return Math.max(0, edge + random.below(16) - 8);
    case 1:
      return random.below(0x2ff0);
    default:
      return random.below(0x1e00) & (random.below(2) === 0 ? ~3 : -1);
  }
}

const PREFIX_BYTES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3];

export function afterPrefixes<T extends Uint8Array | readonly number[]>(bytes: T): T {
  const first = bytes.findIndex((byte) => !PREFIX_BYTES.includes(byte));
  return bytes.slice(first === -1 ? bytes.length : first) as T;
}

/**
 * Instructions by their bytes: programs say the same things again and again, and code that runs once is mostly decoded.
 * Intel SDM Vol. 2, "Instruction Format": opcode and ModRM byte say how long an instruction is, but for a SIB byte
 * without base, and for prefixes.
 *
 * Invariant: what is found equals what `Decoder.decode` would make of the bytes. An instruction that ends a block is
 * never kept: its place in the block is part of it (instruction.ts).
 */
import type { Instruction } from './instruction.ts';

/** As many bytes as `find` reads; longer instructions are not kept. */
export const CACHED_BYTES = 12;

const SLOTS_BITS = 14;
const SLOTS = 1 << SLOTS_BITS;
const SIZE_PREFIX = 0x66;
const TWO_BYTE = 0x0f;

/** What may stand before the two bytes that say how long an instruction is, by its first byte. */
const LEAD_NONE = 0;
const LEAD_TWO_BYTE = 1;
const LEAD_SIZE_PREFIX = 2;
const MODES = 4;

const PREFIXES: readonly number[] = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3];

/** The bits of a little-endian dword that the first n bytes of it are. */
const MASKS = [0, 0xff, 0xffff, 0xff_ffff, -1] as const;

export class InstructionCache {
  /** By lead, mode and the two bytes after the lead; 0: not known, or not by these. */
  readonly #lengths = new Uint8Array(3 * MODES * 0x1_0000);
  /** Four a slot: twelve bytes, those after the end as 0; and mode and length. */
  readonly #keys = new Int32Array(SLOTS * 4);
  readonly #instructions = new Array<Instruction | undefined>(SLOTS).fill(undefined);

  /** By slot, the hash of what was offered last. */
  readonly #offered = new Int32Array(SLOTS);

  // What `find` has read and `keep` needs.
  #slot = 0;
  #hash = 0;
  #low = 0;
  #middle = 0;
  #high = 0;

  /** @param at where the bytes stand; all of CACHED_BYTES may be read */
  find(view: DataView, at: number, mode: number): Instruction | undefined {
    const first = view.getInt32(at, true);
    const length = this.#lengths[lengthIndex(first, mode)];
    if (length === 0) return undefined;
    this.#read(view, at, first, length, mode);
    const slot = this.#slot;
    const keys = this.#keys;
    const found =
      keys[slot * 4] === this.#low &&
      keys[slot * 4 + 1] === this.#middle &&
      keys[slot * 4 + 2] === this.#high &&
      keys[slot * 4 + 3] === ((mode << 8) | length);
    return found ? this.#instructions[slot] : undefined;
  }

  /** @param i decoded from the bytes at `at`, of which all of CACHED_BYTES may be read */
  keep(view: DataView, at: number, mode: number, i: Instruction): void {
    if (this.#locate(view, at, mode, i)) this.#store(mode, i);
  }

  /**
   * As `keep`, but only what was offered before: most code that runs once is never met again.
   * @returns whether `i` is the cache's now
   */
  offer(view: DataView, at: number, mode: number, i: Instruction): boolean {
    if (!this.#locate(view, at, mode, i)) return false;
    if (this.#offered[this.#slot] !== this.#hash) {
      this.#offered[this.#slot] = this.#hash;
      return false;
    }
    this.#store(mode, i);
    return true;
  }

  /** Reads an instruction's bytes and finds its slot. @returns false where it is none to keep */
  #locate(view: DataView, at: number, mode: number, i: Instruction): boolean {
    const { length, row } = i;
    if (row.endsBlock || length > CACHED_BYTES) return false;
    const first = view.getInt32(at, true);
    const index = lengthIndex(first, mode);
    if (this.#lengths[index] === 0) {
      const lead = leadOf(first);
      const opcode = (first >>> (lead === LEAD_NONE ? 0 : 8)) & 0xff;
      const modrm = (first >>> (lead === LEAD_NONE ? 8 : 16)) & 0xff;
      if (lead !== LEAD_TWO_BYTE && (opcode === TWO_BYTE || PREFIXES.includes(opcode))) return false;
      if (!row.modrm) {
        const start = index - (modrm << 8);
        for (let other = 0; other < 0x1_0000; other += 0x100) this.#lengths[start + other] = length;
      } else if (i.addressMask === -1 && modrm < 0xc0 && (modrm & 0xc7) === 4) return false;
      else this.#lengths[index] = length;
    }
    this.#read(view, at, first, length, mode);
    return true;
  }

  #store(mode: number, i: Instruction): void {
    const keys = this.#keys;
    keys[this.#slot * 4] = this.#low;
    keys[this.#slot * 4 + 1] = this.#middle;
    keys[this.#slot * 4 + 2] = this.#high;
    keys[this.#slot * 4 + 3] = (mode << 8) | i.length;
    this.#instructions[this.#slot] = i;
  }

  #read(view: DataView, at: number, first: number, length: number, mode: number): void {
    const low = length >= 4 ? first : first & MASKS[length];
    let middle = 0;
    let high = 0;
    if (length > 4) {
      middle = view.getInt32(at + 4, true);
      if (length < 8) middle &= MASKS[length - 4];
      else if (length > 8) high = view.getInt32(at + 8, true) & MASKS[length - 8];
    }
    this.#low = low;
    this.#middle = middle;
    this.#high = high;
    const mixed = Math.imul(low ^ Math.imul(middle ^ Math.imul(high ^ mode, 0x85eb_ca6b), 0xc2b2_ae35), 0x9e37_79b1);
    this.#hash = mixed;
    this.#slot = (mixed ^ (mixed >>> 15)) >>> (32 - SLOTS_BITS);
  }
}

function leadOf(first: number): number {
  const byte = first & 0xff;
  if (byte === TWO_BYTE) return LEAD_TWO_BYTE;
  return byte === SIZE_PREFIX ? LEAD_SIZE_PREFIX : LEAD_NONE;
}

function lengthIndex(first: number, mode: number): number {
  const lead = leadOf(first);
  return ((lead * MODES + mode) << 16) | ((lead === LEAD_NONE ? first : first >>> 8) & 0xffff);
}

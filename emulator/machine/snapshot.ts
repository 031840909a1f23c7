/**
 * A machine's whole state by field name, and its hash. RAM is kept as the pages that are not zero.
 *
 * Invariant: two machines with the same hash go on alike under the same journal. Nothing that only speeds the emulator
 * up (decoded blocks, statistics) is part of it.
 */
import type { CpuState } from '../cpu/cpu-state.ts';
import type { SavedState, SavedValue } from '../devices/device.ts';
import type { FinalStop } from './machine-stop.ts';

export const SNAPSHOT_VERSION = 1;
const PAGE_BYTES = 4096;

export interface Snapshot {
  readonly version: typeof SNAPSHOT_VERSION;
  readonly instructionCount: number;
  readonly cpu: CpuState;
  readonly ram: RamPages;
  readonly devices: Readonly<Record<string, SavedState>>;
  readonly alarms: Readonly<Record<string, number>>;
  readonly ended: FinalStop | null;
  /** What the guest has written to COM1 so far. */
  readonly serialOutput: Uint8Array;
  /** How many journal entries had taken effect. */
  readonly journalLength: number;
}

export interface RamPages {
  readonly sizeBytes: number;
  /** Page number → its 4096 bytes; pages not here are zero. */
  readonly pages: ReadonlyMap<number, Uint8Array>;
}

export function saveRam(ram: Uint8Array): RamPages {
  const pages = new Map<number, Uint8Array>();
  for (const page of nonZeroPages(ram)) pages.set(page, ram.slice(page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
  return { sizeBytes: ram.length, pages };
}

/** Writes only pages that differ; `changed` is told each of them. */
export function restoreRam(ram: Uint8Array, saved: RamPages, changed: (page: number) => void): void {
  const words = new Uint32Array(ram.buffer, ram.byteOffset, ram.length >>> 2);
  for (let page = 0; page < ram.length / PAGE_BYTES; page++) {
    const bytes = saved.pages.get(page);
    const source = bytes && new Uint32Array(bytes.buffer, bytes.byteOffset, PAGE_BYTES / 4);
    const first = (page * PAGE_BYTES) / 4;
    let same = true;
    for (let i = 0; same && i < PAGE_BYTES / 4; i++) same = words[first + i] === (source ? source[i] : 0);
    if (same) continue;
    if (bytes) ram.set(bytes, page * PAGE_BYTES);
    else ram.fill(0, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
    changed(page);
  }
}

function* nonZeroPages(ram: Uint8Array): Generator<number> {
  const words = new Uint32Array(ram.buffer, ram.byteOffset, ram.length >>> 2);
  for (let first = 0; first < words.length; first += PAGE_BYTES / 4) {
    for (let i = first; i < first + PAGE_BYTES / 4; i++) {
      if (words[i] !== 0) {
        yield (first * 4) / PAGE_BYTES;
        break;
      }
    }
  }
}

/** Two 32-bit lanes mixed with different odd constants (as MurmurHash3's body): 16 hexadecimal digits. */
export class StateHash {
  #a = 0x9e3779b9;
  #b = 0x85ebca6b;

  word(value: number): void {
    this.#a = Math.imul(((this.#a ^ value) << 13) | ((this.#a ^ value) >>> 19), 0xcc9e2d51) + 0x561ccd1b;
    this.#b = Math.imul(this.#b ^ value ^ (this.#b >>> 15), 0x1b873593) + 0x0bcaa747;
  }

  /** Any saved value; records by sorted field name, so that insertion order does not matter. */
  value(value: SavedValue | undefined): void {
    if (typeof value === 'number') {
      const low = value >>> 0;
      this.word(1);
      this.word(low);
      this.word(Math.floor((value - low) / 2 ** 32) | 0);
      if (!Number.isInteger(value)) this.value(String(value));
    } else if (typeof value === 'string') {
      this.word(2);
      this.word(value.length);
      for (let i = 0; i < value.length; i++) this.word(value.charCodeAt(i));
    } else if (typeof value === 'boolean') this.word(value ? 3 : 4);
    else if (value === null || value === undefined) this.word(5);
    else if (ArrayBuffer.isView(value)) this.bytes(value);
    else if (Array.isArray(value)) {
      this.word(6);
      this.word(value.length);
      for (const item of value as readonly SavedValue[]) this.value(item);
    } else {
      const record = value as Record<string, SavedValue>;
      this.word(7);
      for (const field of Object.keys(record).sort()) {
        this.value(field);
        this.value(record[field]);
      }
      this.word(8);
    }
  }

  bytes(bytes: Uint8Array): void {
    this.word(9);
    this.word(bytes.length);
    for (const byte of bytes) this.word(byte);
  }

  ram(ram: Uint8Array): void {
    this.word(ram.length);
    const words = new Uint32Array(ram.buffer, ram.byteOffset, ram.length >>> 2);
    for (const page of nonZeroPages(ram)) {
      this.word(page);
      const first = (page * PAGE_BYTES) / 4;
      for (let i = first; i < first + PAGE_BYTES / 4; i++) this.word(words[i]);
    }
  }

  digest(): string {
    const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, '0');
    return hex(this.#a ^ (this.#a >>> 16)) + hex(this.#b ^ (this.#b >>> 13));
  }
}

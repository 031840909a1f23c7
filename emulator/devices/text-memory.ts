/**
 * The display memory of text mode: 32 KiB at B8000h, readable and writable like RAM. IBM CGA Technical Reference.
 * The bytes are those of RAM under the window, so snapshots and debuggers see them without asking this device.
 */
import type { AccessSize } from '../cpu/cpu-bus.ts';

export class TextMemory {
  readonly #view: DataView;

  /** @param bytes RAM from B8000h to BFFFFh */
  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** @param offset the access lies in the window */
  read(offset: number, size: AccessSize): number {
    if (size === 1) return this.#view.getUint8(offset);
    return size === 2 ? this.#view.getUint16(offset, true) : this.#view.getUint32(offset, true);
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (size === 1) this.#view.setUint8(offset, value);
    else if (size === 2) this.#view.setUint16(offset, value, true);
    else this.#view.setUint32(offset, value, true);
  }
}

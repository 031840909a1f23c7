/** Bytes in order of arrival, growing at the end. */
export class ByteLog {
  #buffer = new Uint8Array(4096);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(byte: number): void {
    if (this.#length === this.#buffer.length) {
      const larger = new Uint8Array(this.#buffer.length * 2);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    this.#buffer[this.#length++] = byte;
  }

  /** A copy of the bytes from `start` on. */
  bytes(start = 0): Uint8Array {
    return this.#buffer.slice(start, this.#length);
  }

  replace(bytes: Uint8Array): void {
    this.#buffer = new Uint8Array(Math.max(4096, bytes.length));
    this.#buffer.set(bytes);
    this.#length = bytes.length;
  }

  /** Bytes as Latin-1 text, from `start` on. */
  text(start = 0): string {
    let text = '';
    for (let i = start; i < this.#length; i++) text += String.fromCharCode(this.#buffer[i]);
    return text;
  }
}

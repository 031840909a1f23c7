/**
 * A little-endian cursor over bytes. LEB128: DWARF 5 §7.6, "Variable Length Data".
 *
 * Invariant: a read past the end throws `CorruptData`, and only `attempt` and `guard` catch it: no function this folder
 * exports lets it out. Any other exception is a mistake of ours, a RangeError too, and passes through.
 */
import { failure, success } from './result.ts';
import type { Result } from './result.ts';

/** Ends the reading of one unit, table or section. */
export class CorruptData extends Error {}

/** Runs `read`, and turns what it throws on bad data into a failure whose cause starts with `what`. */
export function attempt<T>(id: string, what: string, remedy: string, read: () => T): Result<T> {
  try {
    return success(read());
  } catch (error) {
    return failure(id, { cause: `${what}: ${describeCorruption(error)}.`, remedy });
  }
}

/** What a caught error says about the data. Rethrows what is not about data. */
export function describeCorruption(error: unknown): string {
  if (error instanceof CorruptData) return error.message;
  throw error;
}

export class ByteReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly end: number;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
    this.end = Math.min(end, bytes.length);
  }

  /** Not NaN, not negative, and so many bytes before the end of all. */
  #need(sizeBytes: number): void {
    if (!(this.offset >= 0 && this.offset + sizeBytes <= this.bytes.length)) throw cutOff();
  }

  get atEnd(): boolean {
    return this.offset >= this.end;
  }

  u8(): number {
    const value = this.bytes[this.offset];
    if (value === undefined) throw cutOff();
    this.offset++;
    return value;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    this.#need(2);
    const value = this.view.getUint16(this.offset, true);
    this.offset += 2;
    return value;
  }

  u24(): number {
    return this.u16() | (this.u8() << 16);
  }

  u32(): number {
    this.#need(4);
    const value = this.view.getUint32(this.offset, true);
    this.offset += 4;
    return value;
  }

  u64(): bigint {
    this.#need(8);
    const value = this.view.getBigUint64(this.offset, true);
    this.offset += 8;
    return value;
  }

  /** 1, 2, 4 or 8 bytes, unsigned. 8 bytes lose precision above 2^53. */
  unsigned(sizeBytes: number): number {
    switch (sizeBytes) {
      case 1:
        return this.u8();
      case 2:
        return this.u16();
      case 3:
        return this.u24();
      case 4:
        return this.u32();
      case 8:
        return Number(this.u64());
      default:
        throw new CorruptData(`it has a number of ${sizeBytes} bytes`);
    }
  }

  uleb(): number {
    let result = 0;
    let shift = 0;
    for (;;) {
      const byte = this.u8();
      if (shift < 28) result |= (byte & 0x7f) << shift;
      else result += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) return result;
      shift += 7;
      if (shift > 140) throw new CorruptData('it has a LEB128 number that does not end');
    }
  }

  sleb(): number {
    let result = 0;
    let shift = 0;
    for (;;) {
      const byte = this.u8();
      if (shift < 28) result |= (byte & 0x7f) << shift;
      else result += (byte & 0x7f) * 2 ** shift;
      shift += 7;
      if ((byte & 0x80) === 0) return (byte & 0x40) === 0 ? result : result - 2 ** shift;
      if (shift > 140) throw new CorruptData('it has a LEB128 number that does not end');
    }
  }

  ulebBig(): bigint {
    let result = 0n;
    for (let shift = 0n; shift <= 140n; shift += 7n) {
      const byte = this.u8();
      result |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return result;
    }
    throw new CorruptData('it has a LEB128 number that does not end');
  }

  slebBig(): bigint {
    const start = this.offset;
    const value = this.ulebBig();
    const bits = 7 * (this.offset - start);
    return BigInt.asIntN(bits, value);
  }

  skipLeb(): void {
    while ((this.u8() & 0x80) !== 0);
  }

  skip(sizeBytes: number): void {
    if (!(sizeBytes >= 0) || this.offset + sizeBytes > this.end)
      throw new CorruptData('it names more bytes than there are');
    this.offset += sizeBytes;
  }

  /** A view of the next bytes; nothing is copied. */
  block(sizeBytes: number): Uint8Array {
    const start = this.offset;
    this.skip(sizeBytes);
    return this.bytes.subarray(start, this.offset);
  }

  cstring(): string {
    const start = this.offset;
    this.skipString();
    return decodeUtf8(this.bytes, start, this.offset - 1);
  }

  /** Looks no further than the end, or many strings without an end would each be searched for through all bytes. */
  skipString(): void {
    const { bytes, end } = this;
    let { offset } = this;
    while (offset < end && bytes[offset] !== 0) offset++;
    if (offset >= end) throw new CorruptData('it has a string that does not end');
    this.offset = offset + 1;
  }

  /**
   * An initial length: DWARF 5 §7.4, "32-Bit and 64-Bit DWARF Formats".
   * @returns the length, and the size of offsets in what follows
   */
  initialLength(): { length: number; offsetSize: 4 | 8 } {
    const length = this.u32();
    if (length === 0xffffffff) return { length: Number(this.u64()), offsetSize: 8 };
    if (length >= 0xfffffff0) throw new CorruptData(`it has the reserved length 0x${length.toString(16)}`);
    return { length, offsetSize: 4 };
  }
}

/** UTF-8, with U+FFFD for each byte that is not. There is no TextDecoder behind this wall. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start < 4096) {
    const slice = bytes.subarray(start, end);
    if (slice.every((byte) => byte < 0x80)) return String.fromCharCode.apply(null, slice as unknown as number[]);
  }
  let text = '';
  for (let index = start; index < end;) {
    const byte = bytes[index]!;
    if (byte < 0x80) {
      text += String.fromCharCode(byte);
      index++;
      continue;
    }
    const sizeBytes = byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0;
    let point = sizeBytes === 4 ? byte & 7 : sizeBytes === 3 ? byte & 15 : byte & 31;
    let valid = sizeBytes !== 0 && byte < 0xf8 && index + sizeBytes <= end;
    for (let next = 1; valid && next < sizeBytes; next++) {
      const continuation = bytes[index + next]!;
      if ((continuation & 0xc0) !== 0x80) valid = false;
      point = (point << 6) | (continuation & 0x3f);
    }
    if (valid) valid = point >= (sizeBytes === 4 ? 0x10000 : sizeBytes === 3 ? 0x800 : 0x80);
    if (valid) valid = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    text += valid ? String.fromCodePoint(point) : '\ufffd';
    index += valid ? sizeBytes : 1;
  }
  return text;
}

/**
 * A zero-terminated string in a string section; `undefined` outside of it.
 * @param allowance takes the string's bytes: strings may overlap
 */
export function stringAt(section: Uint8Array, offset: number, allowance: StringAllowance): string | undefined {
  if (!(offset >= 0 && offset < section.length)) return undefined;
  allowance.take(1);
  const end = section.indexOf(0, offset);
  allowance.take((end < 0 ? section.length : end) - offset);
  return end < 0 ? undefined : decodeUtf8(section, offset, end);
}

interface StringAllowance {
  take(sizeBytes: number): void;
}

function cutOff(): CorruptData {
  return new CorruptData('it ends in the middle of an entry');
}

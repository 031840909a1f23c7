/**
 * Decompression of zlib data, for compressed sections. RFC 1950 and RFC 1951.
 *
 * Invariant: time and memory are bounded by the size the caller expects; anything else throws `CorruptData`.
 */
import { CorruptData } from './bytes.ts';

//                      RFC 1951 §3.2.5: base and extra bits of length codes 257… and distance codes 0…
const lengthBase = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceBase = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const distanceExtra = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
const codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A canonical Huffman code: how many codes of each length, and the symbols in order of their codes. */
interface Huffman {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

function huffman(lengths: ArrayLike<number>, from: number, count: number): Huffman {
  const counts = new Uint16Array(16);
  for (let index = 0; index < count; index++) counts[lengths[from + index]!]!++;
  counts[0] = 0;
  const offsets = new Uint16Array(17);
  for (let bits = 1; bits <= 15; bits++) offsets[bits + 1] = offsets[bits]! + counts[bits]!;
  const symbols = new Uint16Array(count);
  for (let index = 0; index < count; index++) {
    const bits = lengths[from + index]!;
    if (bits !== 0) symbols[offsets[bits]!++] = index;
  }
  return { counts, symbols };
}

/**
 * @param sizeBytes what the data must come to, exactly
 * @throws CorruptData
 */
export function inflateZlib(input: Uint8Array, sizeBytes: number): Uint8Array {
  // RFC 1951: 258 bytes from a code of at least two bits, so no more than 1032 times the input.
  if (sizeBytes > input.length * 1032 + 64) throw new CorruptData('its decompressed size is impossible for its length');
  if ((input[0]! & 15) !== 8 || ((input[0]! << 8) | input[1]!) % 31 !== 0 || (input[1]! & 0x20) !== 0) {
    throw new CorruptData('it is not zlib data');
  }
  const output = new Uint8Array(sizeBytes);
  let position = 2;
  let written = 0;
  let bitBuffer = 0;
  let bitCount = 0;

  const bits = (count: number): number => {
    while (bitCount < count) {
      const byte = input[position++];
      if (byte === undefined) throw new CorruptData('its compressed data ends too early');
      bitBuffer |= byte << bitCount;
      bitCount += 8;
    }
    const value = bitBuffer & ((1 << count) - 1);
    bitBuffer >>>= count;
    bitCount -= count;
    return value;
  };
  const symbol = (code: Huffman): number => {
    let value = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= 15; length++) {
      value |= bits(1);
      const count = code.counts[length]!;
      if (value - count < first) return code.symbols[index + (value - first)]!;
      index += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    throw new CorruptData('it has a Huffman code that does not exist');
  };
  const put = (byte: number): void => {
    if (written >= sizeBytes) throw new CorruptData('it decompresses to more than it says');
    output[written++] = byte;
  };

  const fixed = new Uint8Array(320)
    .fill(8, 0, 144)
    .fill(9, 144, 256)
    .fill(7, 256, 280)
    .fill(8, 280, 288)
    .fill(5, 288, 318);
  for (let last = 0; last === 0;) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) {
      bitBuffer = bitCount = 0;
      const count = (input[position] ?? 0) | ((input[position + 1] ?? 0) << 8);
      position += 4;
      if (position + count > input.length) throw new CorruptData('its compressed data ends too early');
      for (let index = 0; index < count; index++) put(input[position++]!);
      continue;
    }
    if (kind === 3) throw new CorruptData('it has a block of an unknown kind');
    let lengths: Uint8Array = fixed;
    let literals = 288;
    let distances = 30;
    if (kind === 2) {
      literals = bits(5) + 257;
      distances = bits(5) + 1;
      const codes = bits(4) + 4;
      const codeLengths = new Uint8Array(19);
      for (let index = 0; index < codes; index++) codeLengths[codeLengthOrder[index]!] = bits(3);
      const lengthCode = huffman(codeLengths, 0, 19);
      lengths = new Uint8Array(literals + distances);
      for (let index = 0; index < literals + distances;) {
        const value = symbol(lengthCode);
        let previous = 0;
        let repeat = 1;
        if (value < 16) previous = value;
        else if (value === 16) {
          previous = lengths[index - 1] ?? 0;
          repeat = 3 + bits(2);
        } else repeat = value === 17 ? 3 + bits(3) : 11 + bits(7);
        if (index + repeat > literals + distances) throw new CorruptData('it has too many code lengths');
        lengths.fill(previous, index, index + repeat);
        index += repeat;
      }
    }
    const literalCode = huffman(lengths, 0, literals);
    const distanceCode = huffman(lengths, literals, distances);
    for (;;) {
      const value = symbol(literalCode);
      if (value < 256) {
        put(value);
        continue;
      }
      if (value === 256) break;
      const length = lengthBase[value - 257];
      if (length === undefined) throw new CorruptData('it has a length code that does not exist');
      const copy = length + bits(lengthExtra[value - 257]!);
      const code = symbol(distanceCode);
      const base = distanceBase[code];
      if (base === undefined) throw new CorruptData('it has a distance code that does not exist');
      const distance = base + bits(distanceExtra[code]!);
      if (distance > written) throw new CorruptData('it refers to data before its start');
      if (written + copy > sizeBytes) throw new CorruptData('it decompresses to more than it says');
      for (let index = 0; index < copy; index++, written++) output[written] = output[written - distance]!;
    }
  }
  if (written !== sizeBytes) throw new CorruptData('it decompresses to less than it says');
  return output;
}

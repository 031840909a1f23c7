/** Memory of one space as frames read it: whole requests only, and at the load address while an image has not moved up. */
import type { Space, Target } from '../target/target.ts';

/** @returns exactly `sizeBytes` bytes, or undefined where any of them is not mapped */
export function readWhole(
  target: Target,
  space: Space,
  address: number,
  sizeBytes: number,
  bias = 0,
): Uint8Array | undefined {
  const bytes = target.read(space, address >>> 0, sizeBytes);
  if (bytes.length === sizeBytes) return bytes;
  if (bias === 0) return undefined;
  const atLoadAddress = target.read(space, (address - bias) >>> 0, sizeBytes);
  return atLoadAddress.length === sizeBytes ? atLoadAddress : undefined;
}

/** @returns a little-endian 32-bit word, or undefined where it is not mapped */
export function readWord(target: Target, space: Space, address: number): number | undefined {
  const word = target.readNumber(space, address >>> 0, 4);
  return Number.isNaN(word) ? undefined : word;
}

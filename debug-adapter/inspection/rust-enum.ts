/**
 * Which variant of a Rust enum a value holds: DWARF 5 §5.7.10, "Variant Entries", niches included: the variant without a
 * selector is the one whose payload fills the discriminant's place.
 *
 * Invariant: reads the discriminant alone, never the payload.
 */
import { resolved } from '../debug-info/index.ts';
import type { StructType, Type, Variant } from '../debug-info/index.ts';
import type { Value } from './api.ts';
import { bytesToBig } from './numbers.ts';
import { bytesOf, partValue } from './value.ts';

export function enumOf(type: Type | undefined): StructType | undefined {
  const plain = resolved(type);
  return plain?.kind === 'struct' && plain.variants !== undefined ? plain : undefined;
}

/** @returns `undefined` where the discriminant selects none: the memory is not initialised. @throws EvaluationError */
export function activeVariant(value: Value): Variant | undefined {
  const part = enumOf(value.type)?.variants;
  if (part === undefined) return undefined;
  const { discriminant, variants } = part;
  if (discriminant === undefined) return variants[0];
  const sizeBytes = resolved(discriminant.type)?.sizeBytes ?? 4;
  const bytes = bytesOf(partValue(value, discriminant.type, discriminant.offset), sizeBytes);
  return selectVariant(variants, bytesToBig(bytes, { kind: 'integer', bits: sizeBytes * 8, signed: false }));
}

export function selectVariant(variants: readonly Variant[], discriminant: bigint): Variant | undefined {
  let fallback: Variant | undefined;
  for (const variant of variants) {
    if (variant.selectors.length === 0) fallback = variant;
    else if (variant.selectors.some(({ low, high }) => discriminant >= low && discriminant <= high)) return variant;
  }
  return fallback;
}

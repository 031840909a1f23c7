/**
 * What CPUID says: a P6-class processor. Intel SDM Vol. 2, CPUID.
 *
 * Invariant: a feature bit is set only when everything behind it works.
 */

/** Feature bits of leaf 1, EDX. */
const Feature = {
  FPU: 1 << 0,
  DE: 1 << 2,
  PSE: 1 << 3,
  TSC: 1 << 4,
  MSR: 1 << 5,
  CX8: 1 << 8,
  PGE: 1 << 13,
  CMOV: 1 << 15,
} as const;

/** Family 6, model 1, stepping 9. */
const SIGNATURE = 0x619;
const LEAF_MAX = 1;

function ascii(text: string): number {
  return [0, 1, 2, 3].reduce((value, index) => value | (text.charCodeAt(index) << (index * 8)), 0);
}

type Result = readonly [eax: number, ebx: number, ecx: number, edx: number];

const LEAVES: readonly Result[] = [
  [LEAF_MAX, ascii('Genu'), ascii('ntel'), ascii('ineI')],
  [SIGNATURE, 0, 0, Object.values(Feature).reduce((all, bit) => all | bit, 0)],
];

/** Leaves beyond the last give what the last basic leaf gives. */
export function cpuid(leaf: number): Result {
  const index = leaf >>> 0;
  return LEAVES[index <= LEAF_MAX ? index : LEAF_MAX];
}

/**
 * What CPUID says: a P6-class processor. Intel SDM Vol. 2, CPUID. docs/decisions/0013: which units a machine has.
 *
 * Invariant: a feature bit is set only when everything behind it works.
 */

/** Feature bits of leaf 1, EDX. */
export const Feature = {
  FPU: 1 << 0,
  DE: 1 << 2,
  PSE: 1 << 3,
  TSC: 1 << 4,
  MSR: 1 << 5,
  PAE: 1 << 6,
  CX8: 1 << 8,
  APIC: 1 << 9,
  PGE: 1 << 13,
  CMOV: 1 << 15,
  PSE36: 1 << 17,
  MMX: 1 << 23,
  FXSR: 1 << 24,
  SSE: 1 << 25,
  SSE2: 1 << 26,
} as const;

const ALWAYS =
  Feature.FPU |
  Feature.DE |
  Feature.PSE |
  Feature.TSC |
  Feature.MSR |
  Feature.PAE |
  Feature.CX8 |
  Feature.APIC |
  Feature.PGE |
  Feature.CMOV |
  Feature.PSE36;

/** What a machine has unless it is asked for more. */
export const CPU_FEATURES_DEFAULT: number = ALWAYS | Feature.MMX;
/** Everything there is. */
export const CPU_FEATURES_ALL: number = CPU_FEATURES_DEFAULT | Feature.FXSR | Feature.SSE | Feature.SSE2;

/** The default processor with SIMD units beyond MMX. */
export function featuresWith(simd: 'sse' | 'sse2' | undefined): number {
  if (simd === undefined) return CPU_FEATURES_DEFAULT;
  const sse = CPU_FEATURES_DEFAULT | Feature.FXSR | Feature.SSE;
  return simd === 'sse2' ? sse | Feature.SSE2 : sse;
}

/** Family 6, model 1, stepping 9. */
const SIGNATURE = 0x619;
const LEAF_MAX = 1;

function ascii(text: string): number {
  return [0, 1, 2, 3].reduce((value, index) => value | (text.charCodeAt(index) << (index * 8)), 0);
}

type Result = readonly [eax: number, ebx: number, ecx: number, edx: number];

/**
 * Leaves beyond the last give what the last basic leaf gives.
 * @param features bits of Feature
 */
export function cpuid(leaf: number, features: number): Result {
  if (leaf === 0) return [LEAF_MAX, ascii('Genu'), ascii('ntel'), ascii('ineI')];
  return [SIGNATURE, 0, 0, features];
}

/**
 * A region to look at: where its x86 is, its WebAssembly as text, and its counts. Nothing of it is kept while nobody asks:
 * the code is generated once more.
 */
import {
  FIRST_HOST,
  FLAG_A,
  FLAG_B,
  FLAG_KIND,
  FPU_TOP_BYTES,
  LEFT,
  NEXT_EIP,
  RESULT_LOCAL,
  TARGET,
  WIDE,
} from './locals.ts';
import type { RegionCode } from './region-code.ts';
import type { Region } from './region.ts';
import { wasmText } from './wasm-text.ts';

export interface RegionListing {
  /** Linear address of the entry, unsigned. */
  readonly eip: number;
  readonly user: boolean;
  /** Blocks in the order of their code, each with its instructions' linear addresses and lengths. */
  readonly blocks: readonly {
    readonly eip: number;
    readonly isLoop: boolean;
    readonly instructions: readonly { readonly address: number; readonly bytes: number }[];
  }[];
  readonly wasm: readonly string[];
  readonly counts: {
    /** How often the run loop has entered it; other regions come without being counted. */
    readonly entries: number;
    readonly instructions: number;
    readonly waysOut: number;
    readonly wasmBytes: number;
  };
}

const REGISTER_NAMES = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;

const LOCAL_NAMES: Readonly<Record<number, string>> = {
  [LEFT]: 'left',
  [WIDE]: 'wide',
  [NEXT_EIP]: 'eip',
  [RESULT_LOCAL]: 'result',
  [FLAG_A]: 'flagA',
  [FLAG_B]: 'flagB',
  [FLAG_KIND]: 'flagKind',
  [TARGET]: 'target',
  [FPU_TOP_BYTES]: 'fpuTop',
};

function nameOf(local: number): string {
  if (local < REGISTER_NAMES.length) return `$${REGISTER_NAMES[local]}`;
  if (local >= FIRST_HOST) return `$host${local - FIRST_HOST}`;
  return `$${LOCAL_NAMES[local] ?? `t${local}`}`;
}

export function listRegion(region: Region, user: boolean, { code, exits }: RegionCode, entries: number): RegionListing {
  return {
    eip: region.entry.eip >>> 0,
    user,
    blocks: region.nodes.map(({ eip, isLoop, ops, block: { starts } }) => ({
      eip: eip >>> 0,
      isLoop,
      instructions: ops.map(({ length }, index) => ({ address: (eip + starts[index]) >>> 0, bytes: length })),
    })),
    wasm: wasmText(code, nameOf),
    counts: {
      entries,
      instructions: region.nodes.reduce((sum, { ops }) => sum + ops.length, 0),
      waysOut: exits,
      wasmBytes: code.bytes.length,
    },
  };
}

/**
 * A snapshot of the CPU by named fields. Guest memory is the machine's to save.
 *
 * Invariant: restoring a state and running on gives what running on without it gives. That needs the TLB too: a guest
 * may depend on stale entries.
 */
import type { FaultRecord } from './cpu-stop.ts';
import type { NumberRegister, SegmentName, SegmentState } from './register-file.ts';

/** A FaultRecord with null for what the exception does not have. */
export type SavedFault = { readonly [Field in keyof FaultRecord]: number | null };

export const CPU_STATE_VERSION = 2;

export type CpuState = {
  readonly version: typeof CPU_STATE_VERSION;
  readonly instructionCount: number;
  readonly registers: Readonly<Record<NumberRegister, number>>;
  readonly segments: Readonly<Record<SegmentName, SegmentState>>;
  /** FPU, MMX and XMM registers: the words of an FXSAVE image; fpu-state.ts. */
  readonly fxsave: readonly number[];
  readonly tscOffset: readonly [low: number, high: number];
  readonly halted: boolean;
  readonly interruptLine: boolean;
  /** The next instruction runs before any interrupt (debug trap) is taken. */
  readonly interruptShadow: boolean;
  readonly trapShadow: boolean;
  /** DR6 bits of a debug exception due before the next instruction; 0: none. */
  readonly debugTrap: number;
  /** Iterations done of the repeated string instruction at EIP that a data probe stopped in; absent: none. */
  readonly repeatDone?: number;
  /** Vector of an interrupt that was acknowledged and has yet to be delivered; absent: none. */
  readonly acknowledged?: number;
  /** PDPTE registers, low and high half each; absent without PAE paging. */
  readonly pdptes?: readonly number[];
  /** IA32_APIC_BASE, when it is not as at power-on. */
  readonly apicBase?: number;
  /** A20 is masked; absent: not. */
  readonly a20Masked?: true;
  /** Set after a triple fault, for good. */
  readonly shutdown: readonly SavedFault[] | null;
  /** [linear page, entry] pairs; paging.ts. */
  readonly tlb: readonly number[];
};

export function saveFault({ vector, errorCode, eip, cs, cr2 }: FaultRecord): SavedFault {
  return { vector, errorCode: errorCode ?? null, eip, cs, cr2: cr2 ?? null };
}

export function restoreFault({ vector, errorCode, eip, cs, cr2 }: SavedFault): FaultRecord {
  return { vector: vector ?? 0, errorCode: errorCode ?? undefined, eip: eip ?? 0, cs: cs ?? 0, cr2: cr2 ?? undefined };
}

/**
 * Why `Machine.run` came back. `limit`, `probe`, `data-probe`, `exception`, `idle` and `dead` leave the machine runnable;
 * the others end it: it is held for inspection, and every further `run` gives the same stop again.
 */
import type { DataHit, ExceptionStop, FaultRecord } from '../cpu/cpu-stop.ts';
import type { CpuEvent } from '../cpu/events.ts';

export type MachineStop =
  /** `instructionCount` reached the limit. */
  | { readonly reason: 'limit' }
  /** A code probe matches the next instruction, which has not begun. */
  | { readonly reason: 'probe'; readonly probes: readonly number[] }
  /** Probed data was accessed; the access is done. As in `CpuStop`. */
  | { readonly reason: 'data-probe'; readonly hits: readonly DataHit[] }
  /** An exception of `cpu.exceptionStops`, not delivered yet: EIP is the faulting instruction's. */
  | ExceptionStop
  /** The privilege level has changed, and `cpu.ringStops` is set. */
  | { readonly reason: 'ring' }
  /** Something of `cpu.eventStops` has happened. */
  | { readonly reason: 'event'; readonly event: CpuEvent }
  /** Halted with interrupts enabled and no alarm due: only input can wake it. */
  | { readonly reason: 'idle' }
  /** Halted with interrupts disabled: nothing can wake it. */
  | { readonly reason: 'dead' }
  /** The CPU shut down; the chain runs from the first fault to the last. Held before the reset. */
  | { readonly reason: 'triple-fault'; readonly chain: readonly FaultRecord[] }
  /** The guest wrote `code` to isa-debug-exit. */
  | { readonly reason: 'exit'; readonly code: number }
  /** The guest asked the board for a reset, by the named device. Held before it. */
  | { readonly reason: 'reset'; readonly by: string };

/** A stop that ends the machine. */
export type FinalStop = Extract<MachineStop, { reason: 'triple-fault' | 'exit' | 'reset' }>;

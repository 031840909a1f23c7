/**
 * Why `Cpu.run` came back. One row per reason; the machine turns them into its own stops.
 */
import type { CpuEvent } from './events.ts';

export type CpuStop =
  /** `instructionCount` reached the limit; the next instruction has not begun. */
  | { readonly reason: 'limit' }
  /** HLT executed and no interrupt can be taken now. `instructionCount` includes the HLT. */
  | { readonly reason: 'halted' }
  /** A code probe matches the next instruction, which has not begun. Ids as given by `Probes.addCode`. */
  | { readonly reason: 'probe'; readonly probes: readonly number[] }
  /**
   * The last instruction or delivery accessed data that is probed. It has completed, unless it is a repeated string
   * instruction: that stops after the iteration, with EIP still at it, and is counted when its last one is done.
   */
  | { readonly reason: 'data-probe'; readonly hits: readonly DataHit[] }
  /** An exception matched `Cpu.exceptionStops` and has not been delivered: EIP is the faulting instruction's. */
  | ExceptionStop
  /** Shutdown. State is that of the last delivery that failed; the chain runs from first fault to last. */
  | { readonly reason: 'triple-fault'; readonly chain: readonly FaultRecord[] }
  /** The privilege level has changed, and `Cpu.ringStops` is set; the next instruction runs at the new level. */
  | { readonly reason: 'ring' }
  /** Something of `Cpu.eventStops` has happened; the next instruction has not begun. */
  | { readonly reason: 'event'; readonly event: CpuEvent }
  /** A port or window write asked the CPU to stop after this instruction (`Cpu.requestStop`). */
  | { readonly reason: 'requested' };

export interface ExceptionStop {
  readonly reason: 'exception';
  readonly vector: number;
  readonly errorCode: number | undefined;
  /** Where it arose while others were delivered: those, first to last. */
  readonly before?: readonly FaultRecord[];
}

/** One access to probed data, or its part in one page. All addresses unsigned. */
export interface DataHit {
  /** As given by `Probes.addData`. */
  readonly probe: number;
  /** EIP of the instruction that made it; of the interrupted one for the delivery of an event. */
  readonly eip: number;
  readonly linear: number;
  readonly physical: number;
  readonly size: number;
  readonly write: boolean;
  /** The `size` bytes before the access, little endian, unsigned. */
  readonly old: number;
}

/** One exception as the CPU raised it. `cr2` is set for #PF only. */
export interface FaultRecord {
  readonly vector: number;
  readonly errorCode: number | undefined;
  readonly eip: number;
  readonly cs: number;
  readonly cr2: number | undefined;
}

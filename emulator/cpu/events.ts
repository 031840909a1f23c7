/**
 * What a debugger can ask to be told besides exceptions: `Cpu.run` returns 'event' after each one, with the next
 * instruction not begun. Not part of the state; nothing is kept while nobody asks.
 *
 * Invariant: events are told in the order they happened, one a stop.
 */

/** Bits of `Cpu.eventStops`. */
export const EventStop = { INTERRUPT: 1, RING: 2, CR0: 4, CR3: 8 } as const;

export type CpuEvent =
  /** A hardware interrupt has been delivered. `eip`: of the instruction that it came before. */
  | { readonly kind: 'interrupt'; readonly vector: number; readonly eip: number; readonly cpl: number }
  /** The privilege level has changed. */
  | { readonly kind: 'ring'; readonly from: number; readonly to: number }
  /** An instruction at `eip` has written a control register, perhaps with the value it had. */
  | {
      readonly kind: 'control';
      readonly register: 'cr0' | 'cr3';
      readonly old: number;
      readonly value: number;
      readonly eip: number;
    };

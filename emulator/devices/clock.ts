/**
 * Time, as devices see it: the instruction count, and an alarm clock on it.
 *
 * Invariant: a device never stores elapsed time, only the count at which something began or is due.
 */
export interface Clock {
  /** Instructions retired since power-on; an integer below 2^53. */
  now(): number;
  /** Asks for `Device.alarm` at or as soon as possible after `at`; replaces this device's earlier alarm. `undefined` cancels. */
  setAlarm(at: number | undefined): void;
}

/** Nominal CPU frequency in Hz: how an instruction count is read as time (10 ns an instruction). */
export const INSTRUCTIONS_PER_SECOND = 100_000_000;

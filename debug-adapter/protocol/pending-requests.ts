/**
 * Requests that have come and are not answered yet, so that they can be cancelled. DAP, `cancel`: a cancelled request
 * is answered, too, with the message "cancelled".
 */
import { failure, type Result } from '../result.ts';

/** Handlers that wait for something look at it when they come back. */
export interface CancelSignal {
  readonly cancelled: boolean;
}

export class PendingRequests {
  private readonly signals = new Map<number, { cancelled: boolean }>();

  open(seq: number): CancelSignal {
    const signal = { cancelled: false };
    this.signals.set(seq, signal);
    return signal;
  }

  close(seq: number): void {
    this.signals.delete(seq);
  }

  /** Does nothing to what has been answered. */
  cancel(seq: number): void {
    const signal = this.signals.get(seq);
    if (signal) signal.cancelled = true;
  }
}

export const CANCELLED = 'cancelled';

export const cancelled = (): Result<never> =>
  failure(CANCELLED, { cause: 'The request was cancelled.', remedy: 'Nothing was changed.' });

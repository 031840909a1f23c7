/** What `exceptionInfo` tells of a stop: made when it is asked for, while the machine still stands there. */
export interface Story {
  /** `#PF page fault`, `System call entered` */
  readonly id: string;
  /** One line. */
  readonly headline: string;
  /** The whole story, a line each. */
  readonly lines: readonly string[];
  /** What led to it, the last before first. */
  readonly inner?: Story;
}

export interface DecodedText {
  readonly text: string;
  /** How many bytes it reads or writes through its memory operand, where it has one. */
  readonly memoryBytes: number | undefined;
  readonly bytes: Uint8Array;
}

/** Reads one instruction; undefined where there is none. */
export type DecodeInstruction = (bytes: Uint8Array, address: number) => DecodedText | undefined;

/** How a run ended, in the terms of DAP's `stopped` and `exited` events. */
export type StopReport =
  | {
      readonly kind: 'stopped';
      readonly reason:
        | 'step'
        | 'breakpoint'
        | 'function breakpoint'
        | 'instruction breakpoint'
        | 'data breakpoint'
        | 'pause'
        | 'entry'
        | 'exception'
        | 'goto';
      /** One line for the call stack's head. */
      readonly description?: string;
      /** The whole story, shown with the stop. */
      readonly text?: string;
      readonly hitBreakpointIds?: readonly number[];
      /** For `exception`: what is behind it. */
      readonly story?: (decode: DecodeInstruction) => Story;
      /** DAP, `ExceptionBreakMode`: `always` for events that are no failure. */
      readonly breakMode?: 'always' | 'unhandled';
      /** True where the machine cannot go on: everything can be inspected, nothing runs. */
      readonly final?: boolean;
    }
  /** The guest ended by itself with a verdict. */
  | { readonly kind: 'exited'; readonly exitCode: number };

export type StoppedReport = Extract<StopReport, { kind: 'stopped' }>;

/** How a run ended, in the terms of DAP's `stopped` and `exited` events. */
export type StopReport =
  | {
      readonly kind: 'stopped';
      readonly reason:
        | 'step'
        | 'breakpoint'
        | 'function breakpoint'
        | 'instruction breakpoint'
        | 'pause'
        | 'entry'
        | 'exception'
        | 'goto';
      /** One line for the call stack's head. */
      readonly description?: string;
      /** The whole story, shown with the stop. */
      readonly text?: string;
      readonly hitBreakpointIds?: readonly number[];
      /** True where the machine cannot go on: everything can be inspected, nothing runs. */
      readonly final?: boolean;
    }
  /** The guest ended by itself with a verdict. */
  | { readonly kind: 'exited'; readonly exitCode: number };

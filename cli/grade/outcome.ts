/** What a grading case asks to be run, and what came of it, whichever machine ran it. */
export interface GuestRun {
  readonly kernel: Uint8Array;
  readonly modules: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** Without the kernel's own name. */
  readonly commandLine: string;
  readonly memoryBytes: number;
  /** Typed on COM1. */
  readonly input: string;
}

export interface Outcome {
  /** Everything the guest wrote to COM1. */
  readonly transcript: string;
  readonly seconds: number;
  /** `exit`, or why there was none, for people. */
  readonly end: string;
  /** What the guest wrote to isa-debug-exit. */
  readonly verdict: number | undefined;
  /** On the embedded PC only. */
  readonly instructions?: number;
}

import type { Script } from './dialogue.ts';

/** What a grading case asks to be run, and what came of it, whichever machine ran it. */
export interface GuestRun {
  readonly kernel: Uint8Array;
  readonly modules: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** Without the kernel's own name. */
  readonly commandLine: string;
  readonly memoryBytes: number;
  readonly script: Script;
}

export interface Outcome {
  /** Everything the guest wrote to COM1. */
  readonly transcript: string;
  readonly seconds: number;
  /** Whether it ended as it should have: by a verdict, or where the case says. */
  readonly ended: boolean;
  /** How, for people. */
  readonly end: string;
  /** What the guest wrote to isa-debug-exit. */
  readonly verdict: number | undefined;
  /** On the embedded PC only. */
  readonly instructions?: number;
}

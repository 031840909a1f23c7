/**
 * One line of a call stack, before it becomes DAP's.
 */
import type { FrameContext, InlineFrame } from '../debug-info/index.ts';
import type { Image } from '../launch/images.ts';
import type { LinearAddress, Space } from '../target/target.ts';

/** A position in source text as the debug information names it. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface CodeFrame {
  readonly kind: 'code';
  readonly space: Space;
  readonly image: Image | undefined;
  /** linked = running + bias */
  readonly bias: number;
  /** The next instruction of this frame, as it runs. */
  readonly address: LinearAddress;
  /** Registers and memory as this frame sees them; addresses as linked. */
  readonly context: FrameContext;
  /** The canonical frame address, where the unwinder found one: identity of the physical frame. */
  readonly cfa: number | undefined;
  /** Innermost first among the inlined levels of one physical frame; undefined without debug information. */
  readonly level: InlineFrame | undefined;
  /** How many inlined levels lie below this one in the same physical frame. */
  readonly inlineDepth: number;
  readonly name: string;
  readonly position: SourcePosition | undefined;
  readonly ring: 'kernel' | 'user';
}

/** Not code: the border between two contexts, named. */
export interface LabelFrame {
  readonly kind: 'label';
  readonly name: string;
}

export type Frame = CodeFrame | LabelFrame;

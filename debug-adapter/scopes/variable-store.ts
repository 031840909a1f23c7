/**
 * Variable references: numbers the client holds for things that have children, from one stop to the next run.
 *
 * Invariant: a reference is never used twice in a session, so a late request is told that it is stale.
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import type { WatchedRegister } from '../breakpoints/register-breakpoints.ts';
import { RenderCache, type Value } from '../inspection/index.ts';
import type { Result } from '../result.ts';

export interface VariablesQuery {
  readonly filter: 'indexed' | 'named' | undefined;
  readonly start: number;
  /** 0: all. */
  readonly count: number;
  readonly hex: boolean;
}

/** Something with children. */
export interface VariablesNode {
  children(query: VariablesQuery): Dap.Variable[];
  /** Gives the child a new value from text. @returns the child as it is now */
  set?(name: string, text: string, hex: boolean): Result<Dap.Variable>;
  /** The child's value and how its addresses are referred to, for a data breakpoint; undefined where it has none. */
  data?(name: string): { readonly value: Value; readonly refer: (address: number) => string } | undefined;
  /** The child is a register, and whose. */
  register?(name: string): WatchedRegister | undefined;
}

export class VariableStore {
  readonly rendered = new RenderCache();
  private readonly nodes = new Map<number, VariablesNode>();
  private nextReference = 1;

  add(node: VariablesNode): number {
    const reference = this.nextReference++;
    this.nodes.set(reference, node);
    return reference;
  }

  get(reference: number): VariablesNode | undefined {
    return this.nodes.get(reference);
  }

  invalidate(): void {
    this.nodes.clear();
    this.rendered.nextStop();
  }
}

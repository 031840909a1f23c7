/**
 * What ends the evaluation of an expression or the reading of a value: a failure on its way up to `guarded`.
 *
 * Invariant: no function of `index.ts` lets one out.
 */
import { failure, success } from '../debug-info/index.ts';
import type { Failure, Result } from '../debug-info/index.ts';

/** Not an Error: half of a deep stack's variables have no value, and a stack trace for each would cost more than the rest. */
export class EvaluationError {
  readonly failure: Failure;

  constructor(id: string, cause: string, remedy: string) {
    this.failure = { id, cause, remedy };
  }
}

export function guarded<T>(evaluate: () => T): Result<T> {
  try {
    return success(evaluate());
  } catch (error) {
    if (error instanceof EvaluationError) return failure(error.failure.id, error.failure);
    throw error;
  }
}

/** The value, or the failure as an exception. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  const { id, cause, remedy } = result.failure;
  throw new EvaluationError(id, cause, remedy);
}

export function unmapped(address: number, sizeBytes: number): EvaluationError {
  return new EvaluationError(
    'memory-unmapped',
    `${sizeBytes === 1 ? 'The byte' : `The ${sizeBytes} bytes`} at ${hex32(address)} ${sizeBytes === 1 ? 'is' : 'are'} not mapped.`,
    'Check the pointer, and whether this address space maps that page.',
  );
}

export function callsRefused(id: 'expression-syntax' | 'no-calls'): EvaluationError {
  return new EvaluationError(
    id,
    'Functions of the guest cannot be called from an expression.',
    'Only len(), is_empty(), is_some(), is_none(), is_ok() and is_err() are known; fields can be named.',
  );
}

export function hex32(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
}

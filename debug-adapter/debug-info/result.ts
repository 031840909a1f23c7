/**
 * Outcome of work on the user's input: a value, or a failure with a cause and a remedy. Shown, never thrown.
 * House style, "Errors: whose fault is it?".
 *
 * Invariant: nothing in this folder lets an exception out; corrupt input ends here.
 */
export interface Failure {
  /** Stable, kebab-case; tests and clients match on it. */
  readonly id: string;
  /** What is wrong, as a sentence. */
  readonly cause: string;
  /** What the user can do about it, as a sentence. */
  readonly remedy: string;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failure(
  id: string,
  why: { readonly cause: string; readonly remedy: string },
): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure: { id, cause: why.cause, remedy: why.remedy } };
}

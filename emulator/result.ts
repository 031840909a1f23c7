/**
 * What a call gives that can fail through the user's fault: a value, or a failure that says why and what to do.
 * Shown, never thrown. The guest's faults are `CpuException`; ours are `assert`.
 */
export interface Failure {
  /** Stable, kebab-case: what tests and callers compare. */
  readonly id: string;
  /** One sentence: what is wrong, with names and numbers. */
  readonly cause: string;
  /** One sentence: what the user can do about it. */
  readonly remedy: string;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failure(id: string, why: { cause: string; remedy: string }): Result<never> {
  return { ok: false, failure: { id, cause: why.cause, remedy: why.remedy } };
}

/**
 * What can go wrong through the user's doing: shown with a cause and a remedy, never thrown.
 */
export interface Failure {
  /** Stable, kebab-case; tests and documentation name it. */
  readonly id: string;
  /** What is the case, in a sentence. */
  readonly cause: string;
  /** What to do about it, in a sentence. */
  readonly remedy: string;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export const success = <T>(value: T): Result<T> => ({ ok: true, value });

export const failure = (id: string, text: { cause: string; remedy: string }): Result<never> => ({
  ok: false,
  failure: { id, ...text },
});

/** One line for consoles and error responses. */
export const describeFailure = (f: Failure): string => `${f.cause} ${f.remedy}`;

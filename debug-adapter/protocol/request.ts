/** Helpers that every request group uses: arguments checked against a schema before a handler sees them. */
import * as v from 'valibot';
import { failure, success, type Result } from '../result.ts';
import type { CancelSignal } from './pending-requests.ts';
import type { Answer, RequestHandler } from './request-table.ts';
import type { SessionState } from './session-state.ts';

type Schema = v.GenericSchema;

/** A handler whose arguments have been checked. Keys that the schema does not name are let through. */
export function request<S extends Schema>(
  schema: S,
  handle: (
    state: SessionState,
    args: v.InferOutput<S>,
    signal: CancelSignal,
  ) => Result<Answer> | Promise<Result<Answer>>,
): RequestHandler {
  return async (state, args, signal) => {
    const parsed = v.safeParse(schema, args);
    if (!parsed.success) {
      const issues = parsed.issues.map((issue) => {
        const path = v.getDotPath(issue);
        return path ? `${path}: ${issue.message}` : issue.message;
      });
      return failure('bad-arguments', {
        cause: `The request's arguments are wrong: ${issues.join('; ')}.`,
        remedy: 'Send the arguments that the Debug Adapter Protocol describes for this request.',
      });
    }
    return handle(state, parsed.output, signal);
  };
}

export const answer = (body?: unknown, after?: () => void): Result<Answer> =>
  success({ ...(body === undefined ? {} : { body }), ...(after ? { after } : {}) });

/** Schemas that several requests share. */
export const integer = v.pipe(v.number(), v.integer());
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
export const threadArguments = v.looseObject({ threadId: integer });
export const source = v.looseObject({
  path: v.optional(v.string()),
  name: v.optional(v.string()),
  sourceReference: v.optional(v.number()),
});
export const valueFormat = v.optional(v.looseObject({ hex: v.optional(v.boolean()) }));

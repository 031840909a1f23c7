/** What can go wrong through the user's doing: shown with a cause and a remedy, never thrown. One type in the whole adapter. */
export { failure, success } from './debug-info/result.ts';
export type { Failure, Result } from './debug-info/result.ts';
import type { Failure } from './debug-info/result.ts';

/** One line for consoles and error responses. */
export const describeFailure = (what: Failure): string => `${what.cause} ${what.remedy}`;

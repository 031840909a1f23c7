/** DAP request → handler: the protocol's surface on one screen. Capabilities stand in `capabilities.ts`. */
import type { Result } from '../result.ts';
import { BREAKPOINT_REQUESTS } from './requests/breakpoint-requests.ts';
import { COMPLETION_REQUESTS } from './requests/completion-requests.ts';
import { DATA_BREAKPOINT_REQUESTS } from './requests/data-breakpoint-requests.ts';
import { DATA_REQUESTS } from './requests/data-requests.ts';
import { EXECUTION_REQUESTS } from './requests/execution-requests.ts';
import { GOTO_REQUESTS } from './requests/goto-requests.ts';
import { KERNEL_REQUESTS } from './requests/kernel-requests.ts';
import { LIFECYCLE_REQUESTS } from './requests/lifecycle-requests.ts';
import { MEMORY_REQUESTS } from './requests/memory-requests.ts';
import { STACK_REQUESTS } from './requests/stack-requests.ts';
import type { CancelSignal } from './pending-requests.ts';
import type { SessionState } from './session-state.ts';

export interface Answer {
  readonly body?: unknown;
  /** Runs when the response has been sent: events that must follow it. */
  readonly after?: () => void;
}

/**
 * @param args the request's arguments as they came: nothing about them is certain but that they are an object
 * @param signal whether the client has cancelled the request in the meantime
 */
export type RequestHandler = (state: SessionState, args: object, signal: CancelSignal) => Promise<Result<Answer>>;

export const REQUESTS: Readonly<Record<string, RequestHandler>> = {
  ...LIFECYCLE_REQUESTS, //  initialize launch configurationDone restart terminate disconnect cancel
  ...BREAKPOINT_REQUESTS, // setBreakpoints setFunctionBreakpoints setInstructionBreakpoints breakpointLocations …
  ...DATA_BREAKPOINT_REQUESTS, // dataBreakpointInfo setDataBreakpoints
  ...EXECUTION_REQUESTS, //  continue next stepIn stepOut stepInTargets pause
  ...GOTO_REQUESTS, //       gotoTargets goto
  ...STACK_REQUESTS, //      threads stackTrace scopes source exceptionInfo
  ...DATA_REQUESTS, //       variables setVariable evaluate
  ...COMPLETION_REQUESTS, // completions
  ...MEMORY_REQUESTS, //     readMemory writeMemory disassemble
  ...KERNEL_REQUESTS, //     ringside/…
};

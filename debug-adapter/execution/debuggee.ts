/** Everything about one launched machine that requests work on: made anew by each restart. */
import type { DataBreakpoints } from '../breakpoints/data-breakpoints.ts';
import type { BreakpointTable } from '../breakpoints/breakpoint-table.ts';
import type { EventBreakpoints } from '../events/event-breakpoints.ts';
import type { GuestOs } from '../kernel/guest-os.ts';
import type { Launch } from '../launch/launcher.ts';
import type { Target } from '../target/target.ts';
import type { Execution } from './execution.ts';
import type { StepDebuggee } from './run-until.ts';

export interface LiveDebuggee extends StepDebuggee {
  readonly launch: Launch;
  readonly target: Target;
  readonly os: GuestOs;
  readonly breakpoints: BreakpointTable;
  readonly data: DataBreakpoints;
  readonly events: EventBreakpoints;
  readonly execution: Execution;
  budgetEnd: number | undefined;
}

/**
 * Runs one flow of control to a place, whatever else the machine does in between.
 *
 * A flow in user code belongs to an environment: the place counts only while that environment runs (an address space is
 * used again after its end). A flow in the kernel ends where the kernel leaves for user code: what runs at the same
 * place of the same kernel stack later is another trap.
 * Invariant: the probe is removed and ring stops are off when the generator ends, however it ends.
 */
import type { Environment, GuestOs } from '../kernel/guest-os.ts';
import type { LinearAddress, Space } from '../target/target.ts';
import { advance, type Debuggee } from './advance.ts';
import type { PlanYield } from './execution.ts';
import type { StopReport } from './stop-report.ts';

export interface StepDebuggee extends Debuggee {
  readonly os: GuestOs;
  /** Whether a file named by debug information is on the user's machine. */
  hasSource(file: string): boolean;
}

export interface Goal {
  /** undefined: nothing but the ring change ends the run. */
  readonly address: LinearAddress | undefined;
  readonly space: Space;
  /** Recursion reaches the address deeper in the stack: `at-least` passes it by. */
  readonly esp: number;
  readonly match: 'exact' | 'at-least';
  /** The flow runs in the kernel: it also ends where its environment is in user code again. */
  readonly inKernel: boolean;
  /** Whose flow it is; undefined while the kernel serves nobody. */
  readonly environment: Environment | undefined;
}

/** Where a run came out: at the address, in user code, or at a stop that is not the plan's. */
export type Reached = { readonly report: StopReport } | 'address' | 'user';

export function* runUntil(debuggee: StepDebuggee, goal: Goal): Generator<PlanYield, Reached> {
  const { target, os } = debuggee;
  const { address, environment, inKernel } = goal;
  // The kernel is mapped alike in all spaces, and may load another one on the way.
  const probe = address === undefined ? undefined : target.addProbe(address >>> 0, inKernel ? undefined : goal.space);
  const own = probe === undefined ? [] : [probe];
  const isOurs = (): boolean => !environment || os.current()?.envId === environment.envId;
  let leftKernel = false;
  // While the kernel runs it may still come to another end, such as the guest's.
  const watch = (): StopReport | undefined =>
    environment && target.cpl === 3 && hasEnded(os, environment) ? endedReport(environment) : undefined;
  target.stopOnRingChange = inKernel;
  try {
    for (;;) {
      const result = yield* advance(debuggee, { own, watch });
      if (result.kind === 'stop') return { report: result.report };
      if (result.kind === 'ring') {
        if (target.cpl !== 3) continue;
        if (isOurs()) return 'user';
        leftKernel = true;
      } else if (inKernel ? !leftKernel : isOurs()) {
        const esp = target.readRegister('esp');
        if (goal.match === 'exact' ? esp === goal.esp : esp >= goal.esp) return 'address';
      }
    }
  } finally {
    target.stopOnRingChange = false;
    if (probe !== undefined) target.removeProbe(probe);
  }
}

function hasEnded(os: GuestOs, { envId }: Environment): boolean {
  const now = os.environments().find((environment) => environment.envId === envId);
  return !now || now.status === 'free' || now.status === 'dying';
}

function endedReport({ envId, program }: Environment): StopReport {
  const name = `${program} [${envId.toString(16).padStart(8, '0')}]`;
  return {
    kind: 'stopped',
    reason: 'step',
    description: 'Environment ended',
    text: `${name} has ended, and the step with it.`,
  };
}

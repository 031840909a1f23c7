/**
 * Machines whose debugger has gone and that live on, running or held, until another one attaches or their guest ends.
 * DAP, `DisconnectArguments`: terminateDebuggee, suspendDebuggee.
 *
 * Invariant: a machine is either here or in one session, never in both.
 */
import type { StoppedReport } from './stop-report.ts';
import type { Launch } from '../launch/launcher.ts';
import { failure, success, type Result } from '../result.ts';
import type { Target } from '../target/target.ts';
import { continuePlan, type Debuggee } from './advance.ts';
import { Execution, type Scheduler } from './execution.ts';

export interface LeftMachine {
  readonly launch: Launch;
  readonly target: Target;
  /** Where it stands, if it stands; undefined while it runs. */
  readonly stop: StoppedReport | undefined;
}

interface Parked {
  readonly id: number;
  readonly launch: Launch;
  readonly target: Target;
  stop: StoppedReport | undefined;
  readonly execution: Execution;
}

const NO_EVENTS = { exceptions: 0, interrupts: false, rings: false, cr0: false, cr3: false } as const;

export class MachinePark {
  private readonly scheduler: Scheduler;
  private readonly onLeave: () => void;
  private readonly machines = new Map<number, Parked>();
  private nextId = 1;

  /** @param onLeave a machine has ended or has been taken */
  constructor(scheduler: Scheduler, onLeave: () => void = () => undefined) {
    this.scheduler = scheduler;
    this.onLeave = onLeave;
  }

  get isEmpty(): boolean {
    return this.machines.size === 0;
  }

  /**
   * Takes a machine over. The caller has removed its probes.
   * @returns the number that `take` knows it by
   */
  leave({ launch, target, stop }: LeftMachine): number {
    const id = this.nextId++;
    target.stopOnEvents(NO_EVENTS);
    target.stopOnRingChange = false;
    const execution = new Execution(
      target,
      this.scheduler,
      (report) => {
        if (report.kind === 'stopped') parked.stop = report;
        else this.remove(id);
      },
      () => undefined,
    );
    const parked: Parked = { id, launch, target, stop, execution };
    this.machines.set(id, parked);
    if (!stop) execution.start(continuePlan(undebugged(target)));
    return id;
  }

  /** @param id may be left out while there is but one */
  take(id: number | undefined): Result<LeftMachine> {
    const parked =
      id === undefined && this.machines.size === 1 ? [...this.machines.values()][0] : this.machines.get(id!);
    if (!parked) return this.noSuchMachine(id);
    parked.execution.drop();
    this.remove(parked.id);
    return success(parked);
  }

  /** Ends all of them. */
  close(): void {
    for (const { execution } of this.machines.values()) execution.drop();
    this.machines.clear();
  }

  private remove(id: number): void {
    this.machines.delete(id);
    this.onLeave();
  }

  private noSuchMachine(id: number | undefined): Result<never> {
    if (this.isEmpty) {
      return failure('nothing-to-attach', {
        cause: 'No machine waits for a debugger here: none was left, or its guest has ended.',
        remedy: 'Use "request": "launch". A machine is left behind by disconnecting without terminating it.',
      });
    }
    const known = [...this.machines.values()].map((m) => `${m.id} (${nameOf(m.launch)})`).join(', ');
    return failure('which-machine', {
      cause: id === undefined ? 'Several machines wait for a debugger.' : `There is no machine ${id}.`,
      remedy: `Set "machine" to one of ${known}.`,
    });
  }
}

/** What people call the machine. */
export const nameOf = ({ arguments: { program, kernel } }: Launch): string => program ?? kernel ?? 'kernel';

/** Nothing is asked for, so nothing but the guest's end stops it. */
function undebugged(target: Target): Debuggee {
  const none = (): undefined => undefined;
  return {
    target,
    breakpoints: { judge: none, diverted: none },
    data: { judge: none },
    events: {
      judge: none,
      tripleFault: () => ({ text: 'The guest caused a triple fault while no debugger was there.' }),
    },
    budgetEnd: undefined,
  };
}

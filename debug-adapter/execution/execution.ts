/**
 * Runs the machine in slices, so that requests are answered in between, and reports the one stop each run ends in.
 *
 * What a run is for is a plan: a generator that drives the target and yields whenever it has used up a chunk. Slices
 * last at most SLICE_MS; a halted guest is paced to wall-clock time here and nowhere else.
 * Invariant: at most one plan is alive; a plan that is dropped has removed its probes (its `finally` has run).
 */
import type { Target } from '../target/target.ts';
import type { StopReport } from './stop-report.ts';

const SLICE_MS = 10;
/** Guest time may run ahead of wall-clock time by this much before a halted guest is held back. */
const PACE_AHEAD_MS = 20;
const INSTRUCTIONS_PER_MS = 100_000;

/** What a plan says when it gives control back: go on, or nothing will happen before input arrives. */
export type PlanYield = 'chunk' | 'idle';
export type Plan = Generator<PlanYield, StopReport>;

/** What the host offers: a clock and a turn of its event loop. */
export interface Scheduler {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Calls back after at least `delayMs`, with other work of the event loop in between. */
  defer(callback: () => void, delayMs: number): void;
}

export class Execution {
  private readonly target: Target;
  private readonly scheduler: Scheduler;
  private readonly onStop: (report: StopReport) => void;
  private readonly onSlice: () => void;
  private plan: Plan | undefined;
  private pauseRequested = false;
  private waitingForInput = false;
  private paceStart = { wallMs: 0, instructions: 0 };

  constructor(target: Target, scheduler: Scheduler, onStop: (report: StopReport) => void, onSlice: () => void) {
    this.target = target;
    this.scheduler = scheduler;
    this.onStop = onStop;
    this.onSlice = onSlice;
  }

  get running(): boolean {
    return this.plan !== undefined;
  }

  /** Begins a run. The stop is reported later, never from within this call. */
  start(plan: Plan): void {
    this.drop();
    this.plan = plan;
    this.pauseRequested = false;
    this.waitingForInput = false;
    this.paceStart = { wallMs: this.scheduler.now(), instructions: this.target.instructionCount };
    this.scheduler.defer(() => this.slice(plan), 0);
  }

  pause(): void {
    if (!this.plan) return;
    this.pauseRequested = true;
    this.inputArrived();
  }

  /** The guest may have something to do again. */
  inputArrived(): void {
    const plan = this.plan;
    if (!plan || !this.waitingForInput) return;
    this.waitingForInput = false;
    this.scheduler.defer(() => this.slice(plan), 0);
  }

  /** Ends the run without a report. */
  drop(): void {
    const plan = this.plan;
    this.plan = undefined;
    plan?.return(undefined as never);
  }

  private slice(plan: Plan): void {
    if (this.plan !== plan) return;
    const deadline = this.scheduler.now() + SLICE_MS;
    do {
      if (this.pauseRequested) {
        this.finish({ kind: 'stopped', reason: 'pause' });
        return;
      }
      const step = nextOf(plan);
      if (step.done) {
        this.finish(step.value);
        return;
      }
      if (step.value === 'idle') {
        this.waitingForInput = true;
        this.onSlice();
        return;
      }
    } while (this.scheduler.now() < deadline && this.aheadMs() <= PACE_AHEAD_MS);
    this.onSlice();
    this.scheduler.defer(() => this.slice(plan), Math.min(Math.max(0, this.aheadMs()), 50));
  }

  private aheadMs(): number {
    const guestMs = (this.target.instructionCount - this.paceStart.instructions) / INSTRUCTIONS_PER_MS;
    return guestMs - (this.scheduler.now() - this.paceStart.wallMs);
  }

  private finish(report: StopReport): void {
    this.drop();
    this.onSlice();
    this.onStop(report);
  }
}

/** A defect of ours ends the run with a report; everything can still be inspected. */
function nextOf(plan: Plan): IteratorResult<PlanYield, StopReport> {
  try {
    return plan.next();
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {
      done: true,
      value: {
        kind: 'stopped',
        reason: 'exception',
        description: 'Internal error',
        text: `The run failed inside the debug adapter: ${text}`,
        final: true,
      },
    };
  }
}

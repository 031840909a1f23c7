/**
 * The one loop that all plans run the target through: it answers breakpoints, fatal points and the machine's own stops,
 * and hands a plan only what the plan asked for.
 */
import type { DataHit, ProbeId, ProbeJudge, Space, Target, TargetFault, TargetStop } from '../target/target.ts';
import type { PlanYield } from './execution.ts';
import type { StopReport, StoppedReport } from './stop-report.ts';

/** About two milliseconds of interpreted code. */
const CHUNK_INSTRUCTIONS = 50_000;
/** Judging a probe that matches costs about as much as running this many. */
const HIT_INSTRUCTIONS = 100;
/** So many at most are judged in one run, which cannot be interrupted: about half a millisecond. */
const HITS_MAX = CHUNK_INSTRUCTIONS / HIT_INSTRUCTIONS;
/** Running a single instruction and comparing registers costs about as much as running this many. */
const COMPARE_INSTRUCTIONS = 20;

/** What breakpoints say to the probes that match: a stop, or nothing (condition false, logpoint, other program). */
export interface BreakpointJudge {
  /** Judges an arrival at the next instruction, each arrival once however often it is asked. */
  judge(probes: readonly ProbeId[]): StopReport | undefined;
  /** The instruction at this place was judged but did not run: when the CPU comes back to it, that is no new arrival. */
  diverted(place: Place): void;
}

/** The stops that a target makes because it was asked to: `Target.stopOnEvents`. */
export type TargetEventStop = Extract<TargetStop, { reason: 'exception' | 'event' }>;

/** What event breakpoints say to an event: a stop, or nothing. */
export interface EventJudge {
  judge(stop: TargetEventStop): StopReport | undefined;
  /** A triple fault in words. */
  tripleFault(chain: readonly TargetFault[]): Pick<StoppedReport, 'text' | 'story'>;
}

/** What data breakpoints say to accesses: a stop, or nothing. */
export interface DataJudge {
  judge(hits: readonly DataHit[]): StopReport | undefined;
  /** Left out while no register is watched: then nothing is asked, and everything runs freely. */
  readonly registers?: RegisterJudge | undefined;
}

/** What data breakpoints on registers say to each run of the target. */
export interface RegisterJudge {
  /** Before it: notes the registers. @returns how far it may go: one instruction, or up to a change of the ring */
  prepare(): 'instruction' | 'ring';
  /** After it: a stop where a register has changed. */
  judge(): StopReport | undefined;
}

/** Where a flow of control stands. */
export interface Place {
  readonly eip: number;
  readonly esp: number;
  readonly space: Space;
}

export interface Debuggee {
  readonly target: Target;
  readonly breakpoints: BreakpointJudge;
  readonly events: EventJudge;
  readonly data: DataJudge;
  /** The instruction count at which the user's budget ends, if one was given. */
  readonly budgetEnd: number | undefined;
}

export type Advance =
  /** One of the plan's own probes matches, or the ring changed as asked. */
  | { readonly kind: 'own'; readonly probes: readonly ProbeId[] }
  | { readonly kind: 'ring' }
  /** The instruction limit of the call was reached. */
  | { readonly kind: 'limit' }
  /** The run is over. */
  | { readonly kind: 'stop'; readonly report: StopReport };

export interface AdvanceOptions {
  /** The plan's probes. */
  readonly own?: readonly ProbeId[];
  /** How many instructions at most; unlimited when left out. */
  readonly instructions?: number;
  /** Asked after each chunk: a report ends the run. */
  readonly watch?: () => StopReport | undefined;
}

/** Runs until something concerns the plan or the user. Probes at the first instruction are passed. */
export function* advance(
  debuggee: Debuggee,
  { own = [], instructions = Number.MAX_SAFE_INTEGER, watch }: AdvanceOptions = {},
): Generator<PlanYield, Advance> {
  const { target, breakpoints, events } = debuggee;
  const end = Math.min(target.instructionCount + instructions, Number.MAX_SAFE_INTEGER);
  let chunkEnd = target.instructionCount + CHUNK_INSTRUCTIONS;
  let passProbes = true;
  let departing = target.probesHere().length > 0;
  /** What a breakpoint said that ended the present run. */
  let verdict: StopReport | undefined;
  let hitsLeft = 0;
  const judge: ProbeJudge = {
    stopsAt(probes) {
      verdict = breakpoints.judge(probes);
      return verdict !== undefined || --hitsLeft <= 0 || (own.length > 0 && own.some((id) => probes.includes(id)));
    },
    diverted: () => breakpoints.diverted(placeOf(target)),
  };
  for (;;) {
    const count = target.instructionCount;
    if (count >= chunkEnd) {
      const report = watch?.();
      if (report) return { kind: 'stop', report };
      yield 'chunk';
      chunkEnd = count + CHUNK_INSTRUCTIONS;
    }
    const { registers } = debuggee.data;
    const pace = registers?.prepare();
    const isSingle = departing || pace === 'instruction';
    const limit = Math.min(end, isSingle ? count + 1 : chunkEnd, debuggee.budgetEnd ?? Infinity);
    const ringStops = target.stopOnRingChange;
    if (pace === 'ring') target.stopOnRingChange = true;
    verdict = undefined;
    hitsLeft = HITS_MAX;
    const stop: TargetStop = departing ? depart(debuggee, limit) : target.run(limit, passProbes, judge);
    chunkEnd -= (HITS_MAX - hitsLeft) * HIT_INSTRUCTIONS;
    target.stopOnRingChange = ringStops;
    const changed = registers?.judge();
    if (pace === 'instruction') chunkEnd -= COMPARE_INSTRUCTIONS;
    departing = false;
    passProbes = false;
    const ending = changed && endedBy(debuggee, changed, stop);
    if (ending) return { kind: 'stop', report: ending };
    switch (stop.reason) {
      case 'limit':
        if (debuggee.budgetEnd !== undefined && target.instructionCount >= debuggee.budgetEnd) {
          return { kind: 'stop', report: budgetReport(debuggee.budgetEnd) };
        }
        if (target.instructionCount >= end) return { kind: 'limit' };
        break;
      case 'idle':
        yield 'idle';
        break;
      case 'ring':
        if (ringStops) return { kind: 'ring' };
        break;
      case 'probe': {
        const report = verdict ?? breakpoints.judge(stop.probes);
        if (report) return { kind: 'stop', report };
        const mine = stop.probes.filter((id) => own.includes(id));
        if (mine.length > 0) return { kind: 'own', probes: mine };
        departing = true;
        break;
      }
      case 'data-probe': {
        const report = debuggee.data.judge(stop.hits);
        // The run ends here, so what stands at the next instruction is told, too.
        if (report) return { kind: 'stop', report: together(report, breakpoints.judge(target.probesHere())) };
        chunkEnd -= HIT_INSTRUCTIONS;
        break;
      }
      case 'exception':
      case 'event': {
        const report = events.judge(stop);
        if (report) return { kind: 'stop', report };
        // The faulting instruction begins again; its probes have been judged.
        passProbes = stop.reason === 'exception';
        chunkEnd -= HIT_INSTRUCTIONS;
        break;
      }
      default:
        return { kind: 'stop', report: machineReport(stop, events) };
    }
  }
}

/** A changed register ends the run; what else that instruction did is told with it. The machine's own end says more. */
function endedBy(debuggee: Debuggee, changed: StopReport, stop: TargetStop): StopReport | undefined {
  const { target, breakpoints, events, data } = debuggee;
  switch (stop.reason) {
    case 'data-probe':
      return together(both(data.judge(stop.hits), changed), breakpoints.judge(target.probesHere()));
    case 'exception':
    case 'event':
      return events.judge(stop) ?? changed;
    case 'limit':
    case 'idle':
    case 'ring':
    case 'probe':
      return together(changed, breakpoints.judge(target.probesHere()));
    default:
      return undefined;
  }
}

/** Data breakpoints on memory and on registers that one instruction has hit. */
function both(memory: StopReport | undefined, register: StopReport): StopReport {
  if (memory?.kind !== 'stopped' || register.kind !== 'stopped') return register;
  return {
    ...memory,
    text: `${memory.text ?? ''}\n${register.text ?? ''}`,
    hitBreakpointIds: [...(memory.hitBreakpointIds ?? []), ...(register.hitBreakpointIds ?? [])],
  };
}

function together(data: StopReport, here: StopReport | undefined): StopReport {
  if (data.kind !== 'stopped' || here?.kind !== 'stopped') return data;
  if (here.reason === 'exception') return here;
  return { ...data, hitBreakpointIds: [...(data.hitBreakpointIds ?? []), ...(here.hitBreakpointIds ?? [])] };
}

/**
 * Leaves a place with a probe by one instruction. An interrupt or a fault may come first: then the instruction is still
 * to run. (Real CPUs have a flag for this: SDM Vol. 3B, "Instruction-Breakpoint Exception Condition", RF.)
 */
function depart({ target, breakpoints }: Debuggee, limit: number): TargetStop {
  const deliveries = target.deliveryCount;
  const place = placeOf(target);
  const stop = target.run(limit, true);
  if (target.deliveryCount !== deliveries) breakpoints.diverted(place);
  return stop;
}

export function placeOf(target: Target): Place {
  return { eip: target.readRegister('eip'), esp: target.readRegister('esp'), space: target.space };
}

/** Continue: nothing concerns the plan, so only the user's stops end it. */
export function* continuePlan(debuggee: Debuggee): Generator<PlanYield, StopReport> {
  for (;;) {
    const result = yield* advance(debuggee);
    if (result.kind === 'stop') return result.report;
  }
}

function budgetReport(budgetEnd: number): StopReport {
  return {
    kind: 'stopped',
    reason: 'pause',
    description: 'Budget used up',
    text: `The budget of ${budgetEnd} instructions is used up. Continue runs without a budget.`,
  };
}

type EndingStop = Exclude<
  TargetStop,
  { reason: 'limit' | 'idle' | 'ring' | 'probe' | 'data-probe' | 'exception' | 'event' }
>;

function machineReport(stop: EndingStop, events: EventJudge): StopReport {
  switch (stop.reason) {
    case 'exit':
      return { kind: 'exited', exitCode: stop.code };
    case 'triple-fault':
      return {
        kind: 'stopped',
        reason: 'exception',
        description: 'Triple fault',
        ...events.tripleFault(stop.chain),
        final: true,
      };
    case 'reset':
      return {
        kind: 'stopped',
        reason: 'exception',
        description: 'Reset requested',
        text: `The guest asked for a reset through ${stop.by}. The machine is held before it.`,
        final: true,
      };
    case 'dead':
      return {
        kind: 'stopped',
        reason: 'exception',
        description: 'Halted for ever',
        text: 'The CPU has executed HLT with interrupts disabled: nothing can wake it.',
        final: true,
      };
  }
}

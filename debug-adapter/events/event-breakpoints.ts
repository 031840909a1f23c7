/**
 * Event breakpoints: which events are asked for, and the verdict on each that happens.
 *
 * Invariant: an event that nobody asked for costs nothing: no probe stands, and the CPU is not asked to stop.
 */
import type { BoundLocation, BreakpointTable } from '../breakpoints/breakpoint-table.ts';
import type { EventJudge, TargetEventStop } from '../execution/advance.ts';
import type { DecodeInstruction, StopReport, Story } from '../execution/stop-report.ts';
import type { FatalPoint, OsEventId } from '../kernel/guest-os.ts';
import type { ImageSet } from '../launch/images.ts';
import { describeFailure, failure, success, type Result } from '../result.ts';
import type { TargetFault } from '../target/target.ts';
import { commonValues, describeEvent, environmentName, placeName, type EventSource } from './describe-event.ts';
import { fatalPlace, unhandledFault, type Occurrence } from './fatal-events.ts';
import { EventConditions, type EventCondition, type EventValues } from './event-condition.ts';
import { EVENTS, type EventRow } from './event-table.ts';
import { faultHeadline, faultStory } from './explain-fault.ts';
import { tripleFaultHeadline, tripleFaultStory } from './explain-triple-fault.ts';
import { factsNow, faultValues } from './fault-facts.ts';

export interface EventRequest {
  readonly id: number;
  readonly filter: string;
  readonly condition?: string | undefined;
}

export interface EventHost extends EventSource {
  readonly images: ImageSet;
  readonly breakpoints: BreakpointTable;
  /** A condition that could not be evaluated; the event stops, so that nothing is missed. */
  onProblem(text: string): void;
}

interface Armed {
  readonly id: number;
  readonly row: EventRow;
  readonly condition: EventCondition | undefined;
}

const SET = 'events';

export class EventBreakpoints implements EventJudge {
  private readonly host: EventHost;
  private readonly conditions: EventConditions;
  private armed: readonly Armed[] = [];
  /** Whose code alone may run: an environment's, or no user code at all. */
  private keptTo: number | 'kernel' | undefined;

  constructor(host: EventHost) {
    this.host = host;
    this.conditions = new EventConditions(host, host.images);
  }

  /** Replaces all. @returns for each request what is wrong with it, if something is; it is then not set */
  set(requests: readonly EventRequest[]): Result<void>[] {
    this.host.breakpoints.clear(SET);
    for (const point of Object.keys(this.host.os.events?.points ?? {})) this.host.breakpoints.clear(returnSet(point));
    const armed: Armed[] = [];
    const results = requests.map(({ id, filter, condition }): Result<void> => {
      const row = EVENTS.find((event) => event.id === filter);
      if (!row) return unknownFilter(filter);
      if (!this.exists(row)) return unknownToKernel(row);
      let compiled: EventCondition | undefined;
      if (condition?.trim()) {
        const result = this.conditions.compile(condition, row);
        if (!result.ok) return result;
        compiled = result.value;
      }
      armed.push({ id, row, condition: compiled });
      return success(undefined);
    });
    this.armed = armed;
    this.placeProbes();
    this.askTarget();
    return results;
  }

  /** Stops before any other environment's code runs; undefined lets all run. DAP, `singleThread`. */
  keepTo(only: number | 'kernel' | undefined): void {
    if (this.keptTo === only) return;
    this.keptTo = only;
    this.askTarget();
  }

  judge(stop: TargetEventStop): StopReport | undefined {
    if (stop.reason === 'exception') {
      const { fault, before } = stop;
      return this.decide(
        ({ detection }) => detection.by === 'exception' && ((detection.vectors >>> fault.vector) & 1) !== 0,
        () => this.exception(stop),
        before.length === 0 ? undefined : `${before.length} more led to it`,
      );
    }
    const { event } = stop;
    const cpu = (): Occurrence => describeEvent(this.host, event);
    if (event.kind === 'interrupt') return this.decide(({ detection }) => detection.by === 'interrupt', cpu);
    if (event.kind === 'control') {
      return this.decide(({ detection: d }) => d.by === 'control' && d.register === event.register, cpu);
    }
    const report = this.decide(({ detection }) => detection.by === 'ring', cpu);
    if (report || event.to !== 3) return report;
    for (const id of this.osEventsWithoutPoint()) {
      const stopped = this.osEvent(id);
      if (stopped) return stopped;
    }
    return this.keptTo === undefined ? undefined : this.otherThread();
  }

  private otherThread(): StopReport | undefined {
    const environment = this.host.os.current();
    if (environment?.envId === this.keptTo) return undefined;
    const next = environment ? environmentName(environment) : 'user code';
    return {
      kind: 'stopped',
      reason: 'pause',
      description: 'Another thread is next',
      text: `The kernel has given the CPU to ${next}. Only one thread was resumed; continue to let all run.`,
    };
  }

  tripleFault(chain: readonly TargetFault[]): { text: string; story: (decode: DecodeInstruction) => Story } {
    return {
      text: tripleFaultHeadline(this.host, chain),
      story: (decode) => tripleFaultStory(this.host, chain, decode),
    };
  }

  /** The first event of the kind that is asked for and whose condition holds; what happened is read only then. */
  private decide(isIt: (row: EventRow) => boolean, what: () => Occurrence, more?: string): StopReport | undefined {
    const candidates = this.armed.filter(({ row }) => isIt(row));
    if (candidates.length === 0) return undefined;
    const occurrence = what();
    const hits = candidates.filter((armed) => this.holds(armed, occurrence.values));
    const first = hits[0];
    if (!first) return undefined;
    const { title } = first.row;
    const text = more === undefined ? occurrence.text : `${occurrence.text} (${more})`;
    return {
      kind: 'stopped',
      reason: 'exception',
      description: title,
      text,
      hitBreakpointIds: hits.map(({ id }) => id),
      breakMode: first.row.detection.by === 'fatal' ? 'unhandled' : 'always',
      story: (decode) => {
        const story = occurrence.story?.(decode) ?? { id: title, lines: valueLines(occurrence.values) };
        return { ...story, headline: text };
      },
    };
  }

  private holds({ row, condition }: Armed, values: EventValues): boolean {
    if (row.detection.by === 'os' && row.detection.failedOnly && !(Number(values['result']) < 0)) return false;
    if (!condition) return true;
    const truth = condition(values);
    if (truth.ok) return truth.value;
    this.host.onProblem(`Condition of "${row.label}": ${describeFailure(truth.failure)}`);
    return true;
  }

  private exception({ fault, before }: Extract<TargetEventStop, { reason: 'exception' }>): Occurrence {
    const { target, os } = this.host;
    const facts = factsNow(target, fault);
    const environment = os.current();
    const who = environment ? `${environmentName(environment)}: ` : '';
    return {
      text: `${who}${faultHeadline(this.host, facts)}, in ${placeName(this.host, fault.eip)}`,
      values: {
        ...commonValues(this.host),
        ...faultValues(facts),
        eip: fault.eip,
      },
      story: (decode) => faultStory(this.host, facts, decode, before),
    };
  }

  private osEvent(id: OsEventId): StopReport | undefined {
    const event = this.host.os.events?.now(id);
    if (!event) return undefined;
    return this.decide(
      ({ detection }) => detection.by === 'os' && detection.event === id,
      () => event,
    );
  }

  /** An event of the operating system needs a kernel that has it. */
  private exists({ detection }: EventRow): boolean {
    const { os } = this.host;
    if (detection.by === 'fatal') return os.fatalPoints.some(({ id }) => id === detection.point);
    if (detection.by !== 'os') return true;
    const point = os.events?.points[detection.event];
    return os.events !== undefined && (point === undefined || this.scopesOf(point.functions).length > 0);
  }

  private wantedOsEvents(): OsEventId[] {
    return [...new Set(this.armed.flatMap(({ row: { detection: d } }) => (d.by === 'os' ? [d.event] : [])))];
  }

  private osEventsWithoutPoint(): OsEventId[] {
    return this.wantedOsEvents().filter((id) => this.host.os.events?.points[id] === undefined);
  }

  private askTarget(): void {
    const detections = this.armed.map(({ row }) => row.detection);
    this.host.target.stopOnEvents({
      exceptions: detections.reduce((bits, d) => bits | (d.by === 'exception' ? d.vectors : 0), 0),
      interrupts: detections.some((d) => d.by === 'interrupt'),
      rings:
        detections.some((d) => d.by === 'ring') || this.osEventsWithoutPoint().length > 0 || this.keptTo !== undefined,
      cr0: detections.some((d) => d.by === 'control' && d.register === 'cr0'),
      cr3: detections.some((d) => d.by === 'control' && d.register === 'cr3'),
    });
  }

  private placeProbes(): void {
    const { os } = this.host;
    const wanted = this.wantedOsEvents();
    for (const armed of this.armed) {
      if (armed.row.detection.by === 'fatal') this.placeFatal(armed.row.detection.point);
    }
    const { events } = os;
    if (!events) return;
    for (const [id, point] of Object.entries(events.points) as [OsEventId, { functions: string[]; at: string }][]) {
      const scopes = this.scopesOf(point.functions);
      // A system call's number is gone when it returns.
      if (id === 'syscall-entered' && wanted.includes('syscall-returned')) {
        this.probe(
          SET,
          scopes.map((scope) => scope.breakpointAddress),
          () => {
            events.noteCall();
            return undefined;
          },
        );
      }
      if (!wanted.includes(id)) continue;
      if (point.at === 'body') {
        this.probe(
          SET,
          scopes.map((scope) => scope.breakpointAddress),
          () => this.osEvent(id),
        );
      } else {
        this.probe(
          SET,
          scopes.map((scope) => scope.entry),
          () => {
            events.before(id);
            this.probeReturn(id);
            return undefined;
          },
        );
      }
    }
  }

  /** At a function's first instruction: stops once where it returns to. */
  private probeReturn(id: OsEventId): void {
    const { target, breakpoints } = this.host;
    const stack = target.read(target.space, target.readRegister('esp'), 4);
    if (stack.length < 4) return;
    const address = new DataView(stack.buffer, stack.byteOffset).getUint32(0, true);
    breakpoints.clear(returnSet(id));
    this.probe(returnSet(id), [address], () => {
      breakpoints.clear(returnSet(id));
      return this.osEvent(id);
    });
  }

  private probe(set: string, addresses: readonly number[], report: () => StopReport | undefined): void {
    const image = this.host.images.kernel;
    const places: BoundLocation[] = addresses.map((linked) => ({ image, linked }));
    if (places.length > 0) this.host.breakpoints.add(set, 0, 'fatal', places, {}, report);
  }

  private scopesOf(functions: readonly string[]): { entry: number; breakpointAddress: number }[] {
    const { debug } = this.host.images.kernel;
    return functions.flatMap((name) => debug.functionsNamed(name).slice(0, 1));
  }

  private placeFatal(id: FatalPoint['id']): void {
    const point = this.host.os.fatalPoints.find((p) => p.id === id);
    if (!point) return;
    const places = this.host.images
      .all()
      .filter((image) => image.kind === point.in)
      .flatMap((image) => fatalPlace(image, point));
    this.host.breakpoints.add(SET, 0, 'fatal', places, {}, () =>
      this.decide(
        ({ detection }) => detection.by === 'fatal' && detection.point === id,
        () => (id === 'unhandled-fault' ? unhandledFault(this.host, this.host.images) : this.panic(id)),
      ),
    );
  }

  private panic(id: FatalPoint['id']): Occurrence {
    return { text: this.host.os.describeFatal(id) ?? '', values: commonValues(this.host) };
  }
}

const returnSet = (id: string): string => `${SET}:return:${id}`;

function valueLines(values: EventValues): string[] {
  return Object.entries(values).map(
    ([name, value]) =>
      `${name} = ${typeof value === 'string' ? value : value < 10 ? value : `0x${value.toString(16)}`}`,
  );
}

const unknownFilter = (filter: string): Result<never> =>
  failure('no-such-event', {
    cause: `There is no event "${filter}".`,
    remedy: 'The capabilities of the initialize response list the filters.',
  });

const unknownToKernel = ({ label }: EventRow): Result<never> =>
  failure('event-not-known', {
    cause: `"${label}" is not known of this kernel.`,
    remedy: 'The debugger has to be taught it: docs/guide/debugging.md, "Your own kernel".',
  });

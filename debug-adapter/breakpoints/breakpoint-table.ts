/**
 * All breakpoints of a session and the verdict on each hit.
 *
 * A breakpoint binds to (image, linked address). Its probe stands at that linear address in every space, and a hit
 * counts only where the space maps that image: so it holds for programs not started yet and for every fork of them.
 * Other scopes (breakpoint-modes.ts) count for one environment, for the linear address alone, or for a physical one.
 * Invariant: a probe belongs to exactly one location; replacing a set removes the old set's probes first.
 */
import type { BreakpointJudge, Place } from '../execution/advance.ts';
import type { StopReport } from '../execution/stop-report.ts';
import type { GuestOs } from '../kernel/guest-os.ts';
import type { Image } from '../launch/images.ts';
import { linkedAddressOf } from '../launch/images.ts';
import { describeFailure, failure, success, type Result } from '../result.ts';
import {
  PHYSICAL_SPACE,
  type LinearAddress,
  type PhysicalAddress,
  type ProbeId,
  type Target,
} from '../target/target.ts';
import { WHOLE_IMAGE, type CodeScope } from './breakpoint-modes.ts';
import { parseHitCondition, type HitCondition } from './hit-condition.ts';
import { parseLogMessage } from './log-message.ts';

export type BreakpointKind = 'source' | 'function' | 'instruction' | 'fatal';

/** Where one breakpoint stands in one image. */
export interface BoundLocation {
  readonly image: Image | undefined;
  readonly linked: LinearAddress;
  /** Where that is in physical memory, if it was asked for by that. */
  readonly physical?: PhysicalAddress | undefined;
}

export interface BreakpointRequest {
  readonly condition?: string | undefined;
  readonly hitCondition?: string | undefined;
  readonly logMessage?: string | undefined;
  /** `WHOLE_IMAGE` when left out. */
  readonly scope?: CodeScope | undefined;
}

/** Compiles text once per location; the result is run at each hit, in the CPU's state of that moment. */
export interface ConditionCompiler {
  condition(text: string, at: BoundLocation): Result<() => Result<boolean>>;
  /** The value as text; an error as text, too. */
  display(text: string, at: BoundLocation): () => string;
}

/** Where a probe stands: `LinearAddress` in every space, or a physical address. */
interface ProbePlace {
  readonly address: number;
  readonly physical: boolean;
}

interface Location extends BoundLocation {
  readonly probes: readonly ProbeId[];
  readonly condition: (() => Result<boolean>) | undefined;
  readonly log: (() => string) | undefined;
}

interface Breakpoint {
  readonly id: number;
  readonly kind: BreakpointKind;
  readonly scope: CodeScope;
  /** For the scope of one environment: which, once that is known. */
  envId: number | undefined;
  readonly hitCondition: HitCondition | undefined;
  readonly locations: readonly Location[];
  /** For `fatal`: makes the stop's words when it is hit, or finds that it is none. */
  readonly report: (() => StopReport | undefined) | undefined;
  hits: number;
}

export interface BreakpointTableHost {
  readonly target: Target;
  readonly os: GuestOs;
  readonly compiler: ConditionCompiler;
  /** A logpoint's line. */
  onLog(text: string): void;
  /** A condition that could not be evaluated; the breakpoint stops, so that nothing is missed. */
  onProblem(text: string): void;
}

/** Faults in fault handlers, at most; older ones have not come back. */
const DIVERTED_MAX = 8;

export class BreakpointTable implements BreakpointJudge {
  private readonly host: BreakpointTableHost;
  private readonly owners = new Map<ProbeId, { breakpoint: Breakpoint; location: Location }>();
  private readonly sets = new Map<string, Breakpoint[]>();
  /** Hit counts of the set that was cleared last: a breakpoint that comes again with its id goes on counting. */
  private cleared: ReadonlyMap<number, number> = new Map();
  /** The instruction count of the last arrival that was judged. */
  private judgedAt = -1;
  /** Places whose instruction was judged, but diverted before it ran: the next arrival there is the same one. */
  private readonly divertedPlaces: Place[] = [];

  constructor(host: BreakpointTableHost) {
    this.host = host;
  }

  /** Forgets a set (the breakpoints of one source file, all function breakpoints, …) before it is given anew. */
  clear(set: string): void {
    this.cleared = new Map(this.sets.get(set)?.map(({ id, hits }) => [id, hits]));
    for (const breakpoint of this.sets.get(set) ?? []) {
      for (const { probes } of breakpoint.locations) {
        for (const probe of probes) {
          this.host.target.removeProbe(probe);
          this.owners.delete(probe);
        }
      }
    }
    this.sets.delete(set);
  }

  clearAll(): void {
    for (const set of [...this.sets.keys()]) this.clear(set);
  }

  /**
   * Adds one breakpoint at all of its places.
   * @returns what is wrong with its condition, hit count or place, if something is; it is then not set
   */
  add(
    set: string,
    id: number,
    kind: BreakpointKind,
    places: readonly BoundLocation[],
    request: BreakpointRequest = {},
    report?: () => StopReport | undefined,
  ): Result<void> {
    let hitCondition: HitCondition | undefined;
    if (request.hitCondition?.trim()) {
      const parsed = parseHitCondition(request.hitCondition);
      if (!parsed.ok) return parsed;
      hitCondition = parsed.value;
    }
    const scope = request.scope ?? WHOLE_IMAGE;
    const compiled: (Omit<Location, 'probes'> & { readonly at: readonly ProbePlace[] })[] = [];
    for (const place of places) {
      const at = this.probePlaces(place, scope);
      if (!at.ok) return at;
      let condition: Location['condition'];
      if (request.condition?.trim()) {
        const result = this.host.compiler.condition(request.condition, place);
        if (!result.ok) return result;
        condition = result.value;
      }
      const log = !request.logMessage ? undefined : this.compileLog(request.logMessage, place);
      compiled.push({ ...place, condition, log, at: at.value });
    }
    const { target } = this.host;
    const locations = compiled.map(({ at, ...location }): Location => ({
      ...location,
      probes: at.map(({ address, physical }) => target.addProbe(address, physical ? PHYSICAL_SPACE : undefined)),
    }));
    const breakpoint: Breakpoint = {
      id,
      kind,
      scope,
      envId: scope.kind === 'environment' ? scope.envId : undefined,
      hitCondition,
      locations,
      report,
      hits: this.cleared.get(id) ?? 0,
    };
    for (const location of locations) {
      for (const probe of location.probes) this.owners.set(probe, { breakpoint, location });
    }
    this.sets.set(set, [...(this.sets.get(set) ?? []), breakpoint]);
    return { ok: true, value: undefined };
  }

  judge(probes: readonly ProbeId[]): StopReport | undefined {
    if (probes.length === 0) return undefined;
    const { instructionCount } = this.host.target;
    if (this.judgedAt === instructionCount) return undefined;
    this.judgedAt = instructionCount;
    if (this.divertedPlaces.length > 0 && this.comesBack()) return undefined;
    let stopping: Breakpoint[] | undefined;
    for (const probe of probes) {
      const owner = this.owners.get(probe);
      if (owner && this.hit(owner.breakpoint, owner.location)) (stopping ??= []).push(owner.breakpoint);
    }
    if (stopping === undefined) return undefined;
    const event = stopping.flatMap((b) => b.report?.() ?? [])[0];
    const plain = stopping.filter((b) => b.kind !== 'fatal');
    const ids = plain.map((b) => b.id);
    if (event?.kind === 'stopped') return { ...event, hitBreakpointIds: [...(event.hitBreakpointIds ?? []), ...ids] };
    if (!plain[0]) return undefined;
    return { kind: 'stopped', reason: REASONS[plain[0].kind], hitBreakpointIds: ids };
  }

  diverted(place: Place): void {
    this.divertedPlaces.push(place);
    if (this.divertedPlaces.length > DIVERTED_MAX) this.divertedPlaces.shift();
  }

  private comesBack(): boolean {
    const { target } = this.host;
    const index = this.divertedPlaces.findIndex(
      ({ eip, esp, space }) =>
        eip === target.readRegister('eip') && esp === target.readRegister('esp') && space === target.space,
    );
    if (index >= 0) this.divertedPlaces.splice(index, 1);
    return index >= 0;
  }

  private hit(breakpoint: Breakpoint, location: Location): boolean {
    if (!this.concerns(breakpoint, location)) return false;
    if (location.condition) {
      const truth = location.condition();
      if (!truth.ok) {
        this.host.onProblem(`Breakpoint condition: ${describeFailure(truth.failure)}`);
      } else if (!truth.value) return false;
    }
    breakpoint.hits++;
    if (breakpoint.hitCondition && !breakpoint.hitCondition(breakpoint.hits)) return false;
    if (location.log) {
      this.host.onLog(location.log());
      return false;
    }
    return true;
  }

  /** Whether what has arrived at the location is in the breakpoint's scope. */
  private concerns(breakpoint: Breakpoint, { image }: Location): boolean {
    const { target, os } = this.host;
    const { scope } = breakpoint;
    if (scope.kind === 'linear' || scope.kind === 'physical') return true;
    if (image && os.imageAt(target.space, target.readRegister('eip'))?.image !== image) return false;
    if (scope.kind === 'image') return true;
    const current = os.current()?.envId;
    breakpoint.envId ??= current;
    return current !== undefined && current === breakpoint.envId;
  }

  private probePlaces(place: BoundLocation, scope: CodeScope): Result<ProbePlace[]> {
    const { image, linked } = place;
    if (scope.kind === 'physical') {
      const address = this.physicalPlace(place);
      if (address !== undefined) return success([{ address, physical: true }]);
      return failure('not-in-memory', {
        cause: `${image?.name ?? 'This code'} is not in memory now, so its place has no physical address.`,
        remedy: 'Set the breakpoint at a stop after the program has been loaded, or choose another mode.',
      });
    }
    const places: ProbePlace[] = [{ address: linked, physical: false }];
    // A kernel's early code runs at its load address, before paging: the same place, so the same breakpoint.
    const load = scope.kind !== 'linear' && image?.kind === 'kernel' ? loadAddressOf(image, linked) : undefined;
    if (load !== undefined && load !== linked) places.push({ address: load, physical: false });
    return success(places);
  }

  /** Where the bytes of a place are now: in the space that runs if it maps the image, else in any that does. */
  private physicalPlace({ image, linked, physical }: BoundLocation): PhysicalAddress | undefined {
    if (physical !== undefined) return physical;
    const { target, os } = this.host;
    const load = image?.kind === 'kernel' ? loadAddressOf(image, linked) : undefined;
    if (load !== undefined) return load;
    const spaces = [target.space, ...os.environments().map(({ space }) => space)];
    const space = spaces.find(
      (s) => os.imageAt(s, linked)?.image === image && target.translate(s, linked) !== undefined,
    );
    return space === undefined ? undefined : target.translate(space, linked);
  }

  private compileLog(message: string, place: BoundLocation): () => string {
    const parts = parseLogMessage(message).map((part) =>
      part.kind === 'text' ? () => part.text : this.host.compiler.display(part.text, place),
    );
    return () => parts.map((part) => part()).join('');
  }
}

const REASONS = {
  source: 'breakpoint',
  function: 'function breakpoint',
  instruction: 'instruction breakpoint',
  fatal: 'exception',
} as const;

function loadAddressOf(image: Image, linked: LinearAddress): number | undefined {
  const segment = image.elf.segments.find(
    (s) => s.type === 1 && linked >= s.virtualAddress && linked - s.virtualAddress < s.memorySizeBytes,
  );
  if (!segment || segment.physicalAddress === segment.virtualAddress) return undefined;
  const load = linked - segment.virtualAddress + segment.physicalAddress;
  return linkedAddressOf(image, load) === linked ? load : undefined;
}

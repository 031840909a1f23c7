/**
 * Data breakpoints on registers: the machine stops after an instruction that changed one. No probe sees that, so whoever
 * the register belongs to is run instruction by instruction and compared; everybody else runs freely, up to the next ring
 * change.
 *
 * General and segment registers belong to an environment's user code or to the kernel's code; the kernel changes a user's
 * register when it comes back to it with another value. Control and table registers belong to the machine.
 * Invariant: without a register breakpoint nothing here is asked, and the machine runs as ever.
 */
import type { RegisterJudge } from '../execution/advance.ts';
import type { StopReport } from '../execution/stop-report.ts';
import type { GuestOs } from '../kernel/guest-os.ts';
import { describeFailure, failure, success, type Result } from '../result.ts';
import { CONTROL_REGISTERS, DWARF_REGISTERS, describeFields, type RegisterName } from '../target/registers.ts';
import type { LinearAddress, Target } from '../target/target.ts';
import { parseHitCondition, type HitCondition } from './hit-condition.ts';

/** Whose register it is. `user`: of user code in a kernel whose environments are not known. */
export type RegisterOwner =
  | { readonly kind: 'env'; readonly envId: number }
  | { readonly kind: 'user' }
  | { readonly kind: 'kernel' }
  | { readonly kind: 'machine' };

export interface WatchedRegister {
  readonly name: RegisterName;
  readonly owner: RegisterOwner;
}

/** The register before and after, as bytes. */
interface Change {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

type Condition = (eip: LinearAddress, change: Change) => Result<boolean>;

export interface RegisterBreakpointsHost {
  readonly target: Target;
  readonly os: GuestOs;
  onProblem(text: string): void;
  /** A condition with `$old` and `$new`. */
  compile(text: string): Result<Condition>;
  /** The code at an address, in words. */
  codeAt(eip: LinearAddress): string;
}

interface RegisterBreakpoint {
  readonly id: number;
  readonly watched: WatchedRegister;
  readonly condition: Condition | undefined;
  readonly hitCondition: HitCondition | undefined;
  /** The value when its owner last ran; undefined where that is not known yet. */
  last: number | undefined;
  /** Its owner's code is what the CPU runs. */
  present: boolean;
}

const OF_THE_MACHINE: ReadonlySet<string> = new Set([...CONTROL_REGISTERS, 'tr', 'ldtr']);

/** @param user whose user code the frame belongs to; undefined for the kernel's */
export function ownerOf(name: RegisterName, user: { envId: number | undefined } | undefined): RegisterOwner {
  if (OF_THE_MACHINE.has(name)) return { kind: 'machine' };
  if (!user) return { kind: 'kernel' };
  return user.envId === undefined ? { kind: 'user' } : { kind: 'env', envId: user.envId };
}

export class RegisterBreakpoints implements RegisterJudge {
  private readonly host: RegisterBreakpointsHost;
  private readonly breakpoints: RegisterBreakpoint[] = [];
  /** By breakpoint id; they outlive setting the breakpoints anew. */
  private readonly hitCounts = new Map<number, number>();
  private before = { eip: 0, cpl: 0 };

  constructor(host: RegisterBreakpointsHost) {
    this.host = host;
  }

  get any(): boolean {
    return this.breakpoints.length > 0;
  }

  clear(): void {
    this.breakpoints.length = 0;
  }

  add(
    id: number,
    watched: WatchedRegister,
    request: { accessType?: string; condition?: string; hitCondition?: string },
  ): Result<void> {
    if (request.accessType !== undefined && request.accessType !== 'write') {
      return failure('register-reads', {
        cause: 'Reads of a register cannot be seen, only its changes.',
        remedy: 'Choose the access type "write".',
      });
    }
    const hitCondition = request.hitCondition?.trim() ? parseHitCondition(request.hitCondition) : undefined;
    if (hitCondition && !hitCondition.ok) return hitCondition;
    const condition = request.condition?.trim() ? this.host.compile(request.condition) : undefined;
    if (condition && !condition.ok) return condition;
    const breakpoint: RegisterBreakpoint = {
      id,
      watched,
      condition: condition?.value,
      hitCondition: hitCondition?.value,
      last: this.savedValue(watched),
      present: false,
    };
    this.breakpoints.push(breakpoint);
    breakpoint.present = this.isPresent(watched.owner);
    this.before.cpl = this.host.target.cpl;
    return success(undefined);
  }

  prepare(): 'instruction' | 'ring' {
    const { target } = this.host;
    this.before = { eip: target.readRegister('eip'), cpl: target.cpl };
    let isAnyPresent = false;
    for (const breakpoint of this.breakpoints) {
      if (!breakpoint.present) continue;
      isAnyPresent = true;
      // What the user has changed since the last run is no change of the program's.
      breakpoint.last = target.readRegister(breakpoint.watched.name);
    }
    return isAnyPresent ? 'instruction' : 'ring';
  }

  judge(): StopReport | undefined {
    const { target } = this.host;
    const hasRingChanged = target.cpl !== this.before.cpl;
    let hits: { breakpoint: RegisterBreakpoint; old: number; now: number; cameBack: boolean }[] | undefined;
    for (const breakpoint of this.breakpoints) {
      const { watched } = breakpoint;
      const wasPresent = breakpoint.present;
      if (hasRingChanged) breakpoint.present = this.isPresent(watched.owner);
      if (!breakpoint.present) continue;
      const now = target.readRegister(watched.name);
      // Each entry of the kernel begins with what the user left in its registers.
      const old = wasPresent || watched.owner.kind !== 'kernel' ? breakpoint.last : undefined;
      breakpoint.last = now;
      if (old === undefined || old === now) continue;
      if (this.stops(breakpoint, old, now)) (hits ??= []).push({ breakpoint, old, now, cameBack: !wasPresent });
    }
    if (!hits) return undefined;
    const texts = hits.map(({ breakpoint, old, now, cameBack }) => this.tell(breakpoint.watched, old, now, cameBack));
    return {
      kind: 'stopped',
      reason: 'data breakpoint',
      description: texts[0]!.short,
      text: texts.map(({ long }) => long).join('\n'),
      hitBreakpointIds: hits.map(({ breakpoint }) => breakpoint.id),
    };
  }

  private isPresent(owner: RegisterOwner): boolean {
    const { target, os } = this.host;
    switch (owner.kind) {
      case 'machine':
        return true;
      case 'kernel':
        return target.cpl < 3;
      case 'user':
        return target.cpl === 3;
      case 'env':
        return target.cpl === 3 && os.current()?.envId === owner.envId;
    }
  }

  /** An environment's register while it does not run. */
  private savedValue({ name, owner }: WatchedRegister): number | undefined {
    if (owner.kind !== 'env' || this.isPresent(owner)) return undefined;
    const { os } = this.host;
    const number = DWARF_REGISTERS.indexOf(name);
    if (os.current()?.envId === owner.envId) return os.trap()?.registers.get(number);
    return os
      .environments()
      .find(({ envId }) => envId === owner.envId)
      ?.saved.get(number);
  }

  private stops({ id, condition, hitCondition }: RegisterBreakpoint, old: number, now: number): boolean {
    const truth = condition?.(this.before.eip, { before: littleEndian(old), after: littleEndian(now) });
    if (truth && !truth.ok) this.host.onProblem(`Data breakpoint condition: ${describeFailure(truth.failure)}`);
    else if (truth && !truth.value) return false;
    const count = (this.hitCounts.get(id) ?? 0) + 1;
    this.hitCounts.set(id, count);
    return hitCondition?.(count) ?? true;
  }

  private tell(watched: WatchedRegister, old: number, now: number, cameBack: boolean): { short: string; long: string } {
    const show = (value: number): string => `${hex(value)} ${describeFields(watched.name, value)}`.trimEnd();
    const short = `$${watched.name}: ${show(old)} → ${show(now)}`;
    const by = cameBack ? 'set by the kernel before it came back' : `changed by ${this.host.codeAt(this.before.eip)}`;
    return { short, long: `${short}, ${by}, ${ownerText(watched.owner)}` };
  }
}

/** `in env 1000` */
export function ownerText(owner: RegisterOwner): string {
  switch (owner.kind) {
    case 'env':
      return `in env ${owner.envId.toString(16)}`;
    case 'user':
      return 'in user code';
    case 'kernel':
      return 'in the kernel';
    case 'machine':
      return 'whatever runs';
  }
}

const hex = (value: number): string => '0x' + (value >>> 0).toString(16).padStart(8, '0');
const littleEndian = (value: number): Uint8Array => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);

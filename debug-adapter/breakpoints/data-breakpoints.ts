/**
 * Data breakpoints: bytes whose accesses stop the machine after the instruction that made them, with the value before
 * and after. DAP, `setDataBreakpoints`; the target's data probes say what an access is.
 *
 * A place in an environment's space counts for that environment alone, whatever other one uses the same page directory
 * later; a place of the kernel is watched in every space; a physical one through every alias.
 * Invariant: a probe belongs to exactly one breakpoint; setting the breakpoints anew removes the old probes first.
 */
import type { Frame } from '../call-stack/frame.ts';
import { walkStack } from '../call-stack/stack.ts';
import type { DataJudge } from '../execution/advance.ts';
import type { StopReport } from '../execution/stop-report.ts';
import type { Value } from '../inspection/index.ts';
import { compileExpression, frameScope, renderValue } from '../inspection/index.ts';
import type { Type } from '../inspection/index.ts';
import type { GuestOs } from '../kernel/guest-os.ts';
import { describeFailure, failure, success, type Result } from '../result.ts';
import { cpuContext, isRegisterName, MACHINE_NAMES } from '../scopes/inspection-context.ts';
import { DWARF_REGISTERS } from '../target/registers.ts';
import {
  PHYSICAL_SPACE,
  type DataAccess,
  type DataHit,
  type LinearAddress,
  type ProbeId,
  type Space,
  type Target,
} from '../target/target.ts';
import { localsOwner } from './data-owner.ts';
import { parseHitCondition, type HitCondition } from './hit-condition.ts';
import { RegisterBreakpoints } from './register-breakpoints.ts';

/** Where watched bytes are. */
export type DataPlace =
  | { readonly kind: 'env'; readonly envId: number; readonly address: LinearAddress }
  /** In every space: the kernel's addresses. */
  | { readonly kind: 'kernel'; readonly address: LinearAddress }
  | { readonly kind: 'phys'; readonly address: number };

export interface WatchedData {
  readonly name: string;
  readonly place: DataPlace;
  readonly lengthBytes: number;
  /** Without one, values are shown as bytes. */
  readonly type?: Type | undefined;
  /** The function whose frame holds it (`localsOwner`), for locals. */
  readonly owner?: string | undefined;
  /** Only writes that change the value count. */
  readonly changeOnly?: boolean;
}

export interface DataBreakpointRequest {
  readonly access: DataAccess;
  readonly condition?: string | undefined;
  readonly hitCondition?: string | undefined;
}

export interface DataBreakpointsHost {
  readonly target: Target;
  readonly os: GuestOs;
  /** Whether the client has this file of the debug information. */
  readonly hasSource: (file: string) => boolean;
  /** A condition that could not be evaluated; the breakpoint stops, so that nothing is missed. */
  onProblem(text: string): void;
}

interface DataBreakpoint {
  readonly id: number;
  readonly data: WatchedData;
  readonly probe: ProbeId;
  /** The probe stands in the environment's own space, not in all. */
  readonly inOwnSpace: boolean;
  readonly condition: ((eip: LinearAddress, change: Change) => Result<boolean>) | undefined;
  readonly hitCondition: HitCondition | undefined;
}

/** The watched bytes before and after the instruction. */
interface Change {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

export class DataBreakpoints implements DataJudge {
  private readonly host: DataBreakpointsHost;
  private readonly byProbe = new Map<ProbeId, DataBreakpoint>();
  /** By breakpoint id; they outlive setting the breakpoints anew. */
  private readonly hitCounts = new Map<number, number>();

  readonly ofRegisters: RegisterBreakpoints;

  constructor(host: DataBreakpointsHost) {
    this.host = host;
    this.ofRegisters = new RegisterBreakpoints({
      ...host,
      onProblem: (text) => host.onProblem(text),
      compile: (text) => this.compile(text, { name: '', lengthBytes: 4 }),
      codeAt: (eip) => this.codeAt(eip),
    });
  }

  get registers(): RegisterBreakpoints | undefined {
    return this.ofRegisters.any ? this.ofRegisters : undefined;
  }

  clear(): void {
    for (const probe of this.byProbe.keys()) this.host.target.removeProbe(probe);
    this.byProbe.clear();
    this.ofRegisters.clear();
  }

  /** @returns what is wrong with its condition or hit count, if something is; it is then not set */
  add(id: number, data: WatchedData, request: DataBreakpointRequest): Result<void> {
    let hitCondition: HitCondition | undefined;
    if (request.hitCondition?.trim()) {
      const parsed = parseHitCondition(request.hitCondition);
      if (!parsed.ok) return parsed;
      hitCondition = parsed.value;
    }
    let condition: DataBreakpoint['condition'];
    if (request.condition?.trim()) {
      const compiled = this.compile(request.condition, data);
      if (!compiled.ok) return compiled;
      condition = compiled.value;
    }
    const { target, os } = this.host;
    const { place, lengthBytes } = data;
    const own = place.kind === 'env' ? os.environments().find((e) => e.envId === place.envId)?.space : undefined;
    const space = place.kind === 'phys' ? PHYSICAL_SPACE : own;
    const probe = target.addDataProbe(space, place.address, lengthBytes, request.access);
    this.byProbe.set(probe, { id, data, probe, inOwnSpace: own !== undefined, condition, hitCondition });
    return success(undefined);
  }

  judge(hits: readonly DataHit[]): StopReport | undefined {
    const stopping: { breakpoint: DataBreakpoint; hits: DataHit[]; change: Change }[] = [];
    for (const breakpoint of this.byProbe.values()) {
      const own = hits.filter((hit) => hit.probe === breakpoint.probe);
      if (own.length === 0 || !this.concerns(breakpoint)) continue;
      const change = this.changeOf(breakpoint.data, own);
      if (this.stops(breakpoint, own[0]!, change)) stopping.push({ breakpoint, hits: own, change });
    }
    if (stopping.length === 0) return undefined;
    const texts = stopping.map(({ breakpoint, hits: own, change }) => this.tell(breakpoint.data, own, change));
    return {
      kind: 'stopped',
      reason: 'data breakpoint',
      description: texts[0]!.short,
      text: texts.map((t) => t.long).join('\n'),
      hitBreakpointIds: stopping.map(({ breakpoint }) => breakpoint.id),
    };
  }

  /** Whether the space that the CPU is in is the one meant. */
  private concerns({ data: { place }, inOwnSpace }: DataBreakpoint): boolean {
    if (place.kind !== 'env') return true;
    const { target, os } = this.host;
    if (inOwnSpace && os.current()?.envId === place.envId) return true;
    return os.environments().some((e) => e.envId === place.envId && e.status !== 'free' && e.space === target.space);
  }

  private stops(breakpoint: DataBreakpoint, hit: DataHit, change: Change): boolean {
    if (breakpoint.data.changeOnly && same(change)) return false;
    const truth = breakpoint.condition?.(hit.eip, change);
    if (truth && !truth.ok) this.host.onProblem(`Data breakpoint condition: ${describeFailure(truth.failure)}`);
    else if (truth && !truth.value) return false;
    const count = (this.hitCounts.get(breakpoint.id) ?? 0) + 1;
    this.hitCounts.set(breakpoint.id, count);
    return breakpoint.hitCondition?.(count) ?? true;
  }

  private changeOf({ place, lengthBytes }: WatchedData, hits: readonly DataHit[]): Change {
    const after = this.host.target.read(this.spaceOf(place), place.address, lengthBytes);
    const before = after.slice();
    // The first write saw the oldest bytes, so it is undone last.
    for (const hit of hits.filter((h) => h.write).reverse()) {
      const offset = (place.kind === 'phys' ? hit.physical : hit.linear) - place.address;
      for (let index = 0; index < hit.size; index++) {
        const at = offset + index;
        if (at >= 0 && at < before.length) before[at] = Math.floor(hit.old / 256 ** index) & 0xff;
      }
    }
    return { before, after };
  }

  private spaceOf(place: DataPlace): Space {
    return place.kind === 'phys' ? PHYSICAL_SPACE : this.host.target.space;
  }

  /**
   * Names mean what they mean in the code that makes the access. The watched variable's own name is its value after it
   * wherever that code is, and `$old` and `$new` are the low 32 bits before and after.
   */
  private compile(
    text: string,
    data: Pick<WatchedData, 'name' | 'type' | 'lengthBytes'>,
  ): Result<NonNullable<DataBreakpoint['condition']>> {
    const { target, os } = this.host;
    const now = { change: undefined as Change | undefined };
    const base = cpuContext({ target, os });
    const context = Object.assign(Object.create(base) as typeof base, {
      namedRegister: (name: string) =>
        name === 'old' || name === 'new'
          ? lowWord(name === 'old' ? now.change?.before : now.change?.after)
          : base.namedRegister?.(name),
    });
    const current = new Uint8Array(data.lengthBytes);
    const value: Value = { type: data.type, place: { kind: 'bytes', bytes: current }, context };
    const compileAt = (image: NonNullable<ReturnType<GuestOs['imageAt']>>['image'], linked: LinearAddress) =>
      compileExpression(
        text,
        frameScope(image.debug, linked, {
          ...MACHINE_NAMES,
          isRegister: (name) => name === 'old' || name === 'new' || isRegisterName(name),
          extra: (name) => (name === data.name && data.type ? { kind: 'convenience', value } : undefined),
        }),
      );
    const here = os.imageAt(target.space, target.readRegister('eip'));
    const first = here && compileAt(here.image, (target.readRegister('eip') + here.bias) >>> 0);
    // What is unknown here may be known where the access is made; what is no expression is none anywhere.
    if (first && !first.ok && first.failure.id === 'expression-syntax') return first;
    const compiled = new Map<string, ReturnType<typeof compileAt>>();
    return success((eip, change) => {
      const place = os.imageAt(target.space, eip);
      if (!place) {
        return failure('no-image', {
          cause: `No image covers 0x${eip.toString(16)}, which made the access.`,
          remedy: 'Conditions need debug information.',
        });
      }
      const linked = (eip + place.bias) >>> 0;
      const key = `${place.image.name}:${linked}`;
      const known = compiled.get(key) ?? compileAt(place.image, linked);
      compiled.set(key, known);
      if (!known.ok) return known;
      now.change = change;
      current.set(change.after);
      return known.value.test(context);
    });
  }

  private tell(data: WatchedData, hits: readonly DataHit[], change: Change): { short: string; long: string } {
    const write = hits.find((hit) => hit.write);
    const where = placeText(data.place);
    const after = this.show(data, change.after, hits[0]!);
    const before = write ? this.show(data, change.before, hits[0]!) : after;
    const values = !write ? after : same(change) ? `${after} (unchanged)` : `${before} → ${after}`;
    const by = `${write ? 'written' : 'read'} by ${this.codeAt((write ?? hits[0]!).eip)}`;
    const gone = this.frameGone(data) ? '; the frame it belonged to has returned' : '';
    return {
      short: `${data.name}: ${values}`,
      long: `${data.name === where ? '' : `${data.name} at `}${where}: ${values}, ${by}${gone}`,
    };
  }

  /** A typed value as its language shows it; else a number, or of a longer range the part that was accessed. */
  private show({ type, place }: WatchedData, bytes: Uint8Array, hit: DataHit): string {
    if (type) return renderValue({ type, place: { kind: 'bytes', bytes }, context: cpuContext(this.host) }, {}).text;
    if (bytes.length <= 8) return hexNumber(bytes);
    const offset = Math.max(0, (place.kind === 'phys' ? hit.physical : hit.linear) - place.address);
    return `[+${offset}] ${hexNumber(bytes.slice(offset, offset + hit.size))}`;
  }

  /** The instruction's line; where that is in a library whose source is not here, the line that called it, too. */
  private codeAt(eip: LinearAddress): string {
    const { target, os, hasSource } = this.host;
    const place = os.imageAt(target.space, eip);
    const hex = `0x${eip.toString(16).padStart(8, '0')}`;
    if (!place) return hex;
    const linked = (eip + place.bias) >>> 0;
    const level = place.image.debug.inlineFramesAt(linked)[0];
    const name = level?.qualifiedName ?? place.image.elf.symbolAt(linked)?.demangled ?? hex;
    const line = place.image.debug.lineOf(linked);
    const at = line ? `${name} ${lineText(line)}` : name;
    if (!line || hasSource(line.file)) return at;
    for (const frame of this.frames()) {
      if (frame.kind !== 'code' || !frame.position || !hasSource(frame.position.file)) continue;
      return `${frame.name} ${lineText(frame.position)}, in ${name}`;
    }
    return at;
  }

  private frameGone({ owner, place }: WatchedData): boolean {
    if (owner === undefined || place.kind === 'phys') return false;
    return localsOwner(this.frames(), place.address, owner) === undefined;
  }

  /** The call stack as the CPU stands. */
  private frames(): Iterable<Frame> {
    const { target, os } = this.host;
    const register = (number: number): number | undefined => {
      const name = DWARF_REGISTERS[number];
      return name === undefined ? undefined : target.readRegister(name);
    };
    const ring = target.cpl === 3 ? 'user' : 'kernel';
    return walkStack({ target, os }, { space: target.space, register, ring, trap: os.trap() });
  }
}

const lineText = ({ file, line }: { file: string; line: number }): string => `${file.split('/').at(-1)!}:${line}`;

const same = ({ before, after }: Change): boolean => before.every((byte, index) => byte === after[index]);

const lowWord = (bytes: Uint8Array | undefined): number | undefined =>
  bytes && [...bytes.subarray(0, 4)].reduceRight((sum, byte) => sum * 256 + byte, 0);

const hexNumber = (bytes: Uint8Array): string =>
  `0x${[...bytes]
    .reverse()
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')}`;

export function placeText(place: DataPlace): string {
  const address = `0x${place.address.toString(16).padStart(8, '0')}`;
  return place.kind === 'env'
    ? `${address} (env ${place.envId.toString(16)})`
    : place.kind === 'phys'
      ? `physical ${address}`
      : address;
}

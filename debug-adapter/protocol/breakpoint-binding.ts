/**
 * Breakpoints as the client asked for them, and how each binds to the images of a launch.
 * They outlive the machine: a restart binds them again, with the same ids.
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { findFunctions, findLine, functionMeant, knowsFile } from '../breakpoints/places.ts';
import { codeScope } from '../breakpoints/breakpoint-modes.ts';
import type { BoundLocation } from '../breakpoints/breakpoint-table.ts';
import type { LiveDebuggee } from '../execution/debuggee.ts';
import { describeFailure } from '../result.ts';
import { PHYSICAL_SPACE } from '../target/target.ts';
import { formatAddress, formatMemoryReference, parseMemoryReference } from './memory-reference.ts';

type Request = Pick<Dap.SourceBreakpoint, 'condition' | 'hitCondition' | 'logMessage' | 'mode'>;

/** One exception filter of DAP, with the condition that `filterOptions` may give it. */
export interface EventFilter {
  readonly filter: string;
  readonly condition?: string | undefined;
}

interface Numbered<T> {
  readonly id: number;
  readonly request: T;
}

/** What a debuggee offers to bind against. */
type Binding = Pick<LiveDebuggee, 'launch' | 'os' | 'breakpoints' | 'events' | 'target' | 'execution'>;

export class BreakpointRequests {
  private readonly sources = new Map<string, Numbered<Dap.SourceBreakpoint>[]>();
  private functions: Numbered<Dap.FunctionBreakpoint>[] = [];
  private instructions: Numbered<Dap.InstructionBreakpoint>[] = [];
  private filters: Numbered<EventFilter>[] = [];
  /** Breakpoint id → the environment that its mode "this environment" means, in a restarted machine, too. */
  private readonly environmentOf = new Map<number, number>();
  /** Breakpoint id → whether the client was told that it is verified. */
  private readonly told = new Map<number, boolean>();
  /** Of the launch that was bound last: nothing stops it. */
  private noDebug = false;
  private nextId = 1;

  setSource(path: string, requests: readonly Dap.SourceBreakpoint[], to: Binding | undefined): Dap.Breakpoint[] {
    const numbered = this.number(requests, this.sources.get(path));
    this.sources.set(path, numbered);
    return this.tell(this.bindSource(path, numbered, to));
  }

  setFunctions(requests: readonly Dap.FunctionBreakpoint[], to: Binding | undefined): Dap.Breakpoint[] {
    this.functions = this.number(requests, this.functions);
    return this.tell(this.bindFunctions(to));
  }

  setInstructions(requests: readonly Dap.InstructionBreakpoint[], to: Binding | undefined): Dap.Breakpoint[] {
    this.instructions = this.number(requests, this.instructions);
    return this.tell(this.bindInstructions(to));
  }

  /** One breakpoint for each filter, in their order. */
  setFilters(filters: readonly EventFilter[], to: Binding | undefined): Dap.Breakpoint[] {
    this.filters = this.number(filters, this.filters);
    return this.tell(this.bindFilters(to));
  }

  /** Binds everything to a new machine. @returns what is otherwise now than the client was told */
  bindAll(to: Binding): Dap.Breakpoint[] {
    this.noDebug = to.launch.arguments.noDebug ?? false;
    const told = new Map(this.told);
    const bound = [
      ...[...this.sources].flatMap(([path, numbered]) => this.bindSource(path, numbered, to)),
      ...this.bindFunctions(to),
      ...this.bindInstructions(to),
      ...this.bindFilters(to),
    ];
    return this.tell(bound).filter(({ id, verified }) => told.get(id!) !== verified);
  }

  private tell(breakpoints: Dap.Breakpoint[]): Dap.Breakpoint[] {
    for (const { id, verified } of breakpoints) this.told.set(id!, verified);
    return breakpoints;
  }

  /** Clients send a whole set when one of it changes: what is the same as before keeps its id, and so its hit count. */
  private number<T>(requests: readonly T[], before: readonly Numbered<T>[] = []): Numbered<T>[] {
    const left = before.map(({ id, request }) => ({ id, text: JSON.stringify(request) }));
    return requests.map((request) => {
      const text = JSON.stringify(request);
      const at = left.findIndex((old) => old.text === text);
      const [old] = at >= 0 ? left.splice(at, 1) : [];
      return { id: old?.id ?? this.newId(), request };
    });
  }

  /** Ids are unique among all breakpoints of a session. */
  newId(): number {
    return this.nextId++;
  }

  private bindSource(
    path: string,
    numbered: readonly Numbered<Dap.SourceBreakpoint>[],
    to: Binding | undefined,
  ): Dap.Breakpoint[] {
    if (!to) return numbered.map(({ id }) => pendingBreakpoint(id));
    const set = `source:${path}`;
    to.breakpoints.clear(set);
    const debugPath = to.launch.sources.toDebug(path);
    const images = to.launch.images.all();
    const known = knowsFile(images, debugPath);
    return numbered.map(({ id, request }) => {
      if (!known) {
        return failed(
          id,
          `No image of this launch was built from ${path}. Check "program" and "modules", or map the folder with "sourceFileMap".`,
        );
      }
      const chosen = findLine(images, debugPath, request.line, request.column);
      if (chosen.length === 0) {
        return failed(id, `There is no code at or after line ${request.line} of ${path}. Choose an earlier line.`);
      }
      const { line } = chosen[0]!;
      return this.add(to, set, id, 'source', chosen, request, {
        line,
        ...(request.column === undefined ? {} : { column: chosen[0]!.column }),
        source: { path },
        instructionReference: formatAddress(chosen[0]!.linked),
      });
    });
  }

  private bindFunctions(to: Binding | undefined): Dap.Breakpoint[] {
    to?.breakpoints.clear('functions');
    return this.functions.map(({ id, request }) => {
      if (!to) return pendingBreakpoint(id);
      const images = to.launch.images.all();
      const places = findFunctions(images, request.name);
      if (places.length === 0) {
        const cause = `No image of this launch has a function "${request.name}".`;
        const form =
          'Write its name, or a path such as syscall::sys_page_alloc, or kernel!sys_page_alloc for one image.';
        return failed(id, [cause, functionMeant(images, request.name), form].filter((text) => text !== '').join(' '));
      }
      const position = places[0]!.image.debug.lineOf(places[0]!.linked);
      const path = position && to.launch.sources.toClient(position.file);
      return this.add(to, 'functions', id, 'function', places, request, {
        instructionReference: formatAddress(places[0]!.linked),
        ...(position && path !== undefined ? { line: position.line, source: { path } } : {}),
      });
    });
  }

  private bindInstructions(to: Binding | undefined): Dap.Breakpoint[] {
    to?.breakpoints.clear('instructions');
    return this.instructions.map(({ id, request }) => {
      if (!to) return pendingBreakpoint(id);
      const reference = parseMemoryReference(request.instructionReference);
      if (!reference) return failed(id, `"${request.instructionReference}" is not an address. Write it as 0xf0101234.`);
      const address = (reference.address + (request.offset ?? 0)) >>> 0;
      if (reference.kind === 'phys') return this.addPhysical(to, id, address, request);
      if (reference.kind === 'env' && !this.environmentOf.has(id)) this.environmentOf.set(id, reference.envId);
      const space =
        reference.kind === 'env'
          ? to.os.environments().find((e) => e.envId === reference.envId)?.space
          : to.target.space;
      const place = space === undefined ? undefined : to.os.imageAt(space, address);
      // "This linear address" is the one that was named, also where the kernel runs at another than it is linked at.
      const bias = request.mode === 'linear' ? 0 : (place?.bias ?? 0);
      const at: BoundLocation = { image: place?.image, linked: (address + bias) >>> 0 };
      return this.add(to, 'instructions', id, 'instruction', [at], request, {
        instructionReference: formatAddress(address),
      });
    });
  }

  private bindFilters(to: Binding | undefined): Dap.Breakpoint[] {
    if (!to) return this.filters.map(({ id }) => pendingBreakpoint(id));
    const wanted = this.noDebug ? [] : this.filters.map(({ id, request }) => ({ id, ...request }));
    const results = to.events.set(wanted);
    return this.filters.map(({ id }, i) => {
      const result = results[i];
      if (!result) return { id, verified: false, message: 'This run is without debugging.' };
      return result.ok ? { id, verified: true } : failed(id, describeFailure(result.failure));
    });
  }

  /** `phys:0x00101234`: no image is asked for, whatever the mode. */
  private addPhysical(to: Binding, id: number, address: number, request: Request): Dap.Breakpoint {
    const place = to.os.imageAt(PHYSICAL_SPACE, address);
    const at: BoundLocation = { image: place?.image, linked: address + (place?.bias ?? 0), physical: address };
    const shown = { instructionReference: formatMemoryReference({ kind: 'phys', address }) };
    return this.add(to, 'instructions', id, 'instruction', [at], { ...request, mode: 'physical' }, shown);
  }

  private add(
    to: Binding,
    set: string,
    id: number,
    kind: 'source' | 'function' | 'instruction',
    places: readonly BoundLocation[],
    request: Request,
    shown: Partial<Dap.Breakpoint>,
  ): Dap.Breakpoint {
    if (this.noDebug) return { id, verified: false, message: 'This run is without debugging.' };
    const scope = codeScope(request.mode, request.mode === 'environment' ? this.environmentFor(id, to) : undefined);
    if (!scope.ok) return failed(id, describeFailure(scope.failure));
    const added = to.breakpoints.add(set, id, kind, places, { ...request, scope: scope.value });
    return added.ok ? { id, verified: true, ...shown } : failed(id, describeFailure(added.failure));
  }

  /** The one that the machine works for when the breakpoint is set at a stop; it stays, also in a restarted machine. */
  private environmentFor(id: number, { os, execution }: Binding): number | undefined {
    const known = this.environmentOf.get(id);
    if (known !== undefined) return known;
    const current = execution.running ? undefined : os.current()?.envId;
    if (current !== undefined) this.environmentOf.set(id, current);
    return current;
  }
}

const failed = (id: number, message: string): Dap.Breakpoint => ({ id, verified: false, message, reason: 'failed' });

const pendingBreakpoint = (id: number): Dap.Breakpoint => ({
  id,
  verified: false,
  message: 'It is bound when a program has been launched.',
  reason: 'pending',
});

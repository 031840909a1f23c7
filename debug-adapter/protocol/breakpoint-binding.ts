/**
 * Breakpoints as the client asked for them, and how each binds to the images of a launch.
 * They outlive the machine: a restart binds them again, with the same ids.
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { findFunctions, findLine, knowsFile } from '../breakpoints/places.ts';
import type { BoundLocation, BreakpointTable } from '../breakpoints/breakpoint-table.ts';
import type { LiveDebuggee } from '../execution/debuggee.ts';
import { describeFailure } from '../result.ts';
import { formatAddress, parseMemoryReference } from './memory-reference.ts';

type Request = Pick<Dap.SourceBreakpoint, 'condition' | 'hitCondition' | 'logMessage'>;

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
type Binding = Pick<LiveDebuggee, 'launch' | 'os' | 'breakpoints' | 'events' | 'target'>;

export class BreakpointRequests {
  private readonly sources = new Map<string, Numbered<Dap.SourceBreakpoint>[]>();
  private functions: Numbered<Dap.FunctionBreakpoint>[] = [];
  private instructions: Numbered<Dap.InstructionBreakpoint>[] = [];
  private filters: Numbered<EventFilter>[] = [];
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
      if (chosen.length === 0) return failed(id, `There is no code at or after line ${request.line} of ${path}.`);
      const { line } = chosen[0]!;
      return this.add(to.breakpoints, set, id, 'source', chosen, request, {
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
      const places = findFunctions(to.launch.images.all(), request.name);
      if (places.length === 0) {
        return failed(
          id,
          `No image of this launch has a function "${request.name}". Write its name, or a path such as syscall::sys_page_alloc, or kernel!sys_page_alloc for one image.`,
        );
      }
      const position = places[0]!.image.debug.lineOf(places[0]!.linked);
      const path = position && to.launch.sources.toClient(position.file);
      return this.add(to.breakpoints, 'functions', id, 'function', places, request, {
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
      const space =
        reference.kind === 'env'
          ? to.os.environments().find((e) => e.envId === reference.envId)?.space
          : to.target.space;
      const place = space === undefined ? undefined : to.os.imageAt(space, address);
      const at: BoundLocation = { image: place?.image, linked: address + (place?.bias ?? 0) };
      return this.add(to.breakpoints, 'instructions', id, 'instruction', [at], request, {
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

  private add(
    table: BreakpointTable,
    set: string,
    id: number,
    kind: 'source' | 'function' | 'instruction',
    places: readonly BoundLocation[],
    request: Request,
    shown: Partial<Dap.Breakpoint>,
  ): Dap.Breakpoint {
    if (this.noDebug) return { id, verified: false, message: 'This run is without debugging.' };
    const added = table.add(set, id, kind, places, request);
    return added.ok ? { id, verified: true, ...shown } : failed(id, describeFailure(added.failure));
  }
}

const failed = (id: number, message: string): Dap.Breakpoint => ({ id, verified: false, message, reason: 'failed' });

const pendingBreakpoint = (id: number): Dap.Breakpoint => ({
  id,
  verified: false,
  message: 'It is bound when a program has been launched.',
  reason: 'pending',
});

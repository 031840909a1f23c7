/** Ringside's own requests: environments, page tables, the slab heap, the consoles. Shapes: `custom-requests.ts`. */
import * as v from 'valibot';
import { walkHeap } from '../../heap/heap-walk.ts';
import { EIP } from '../../debug-info/registers.ts';
import type { Environment } from '../../kernel/guest-os.ts';
import { failure, type Result } from '../../result.ts';
import type { Space } from '../../target/target.ts';
import type { CustomRequests, EnvironmentRow, PageRangeRow } from '../custom-requests.ts';
import { formatMemoryReference } from '../memory-reference.ts';
import { answer, count, integer, request } from '../request.ts';
import type { RequestHandler } from '../request-table.ts';
import type { Debugged } from '../session-state.ts';

const RANGES_MAX = 2000;

type Body<R extends keyof CustomRequests> = CustomRequests[R]['body'];

export const KERNEL_REQUESTS: { readonly [R in keyof CustomRequests]: RequestHandler } = {
  'ringside/environments': request(v.looseObject({}), (state) => {
    const debugged = state.launched();
    if (!debugged.ok) return debugged;
    const environments = debugged.value.os
      .environments()
      .filter((e) => e.status !== 'free')
      .map((e) => environmentRow(debugged.value, e));
    return answer({ environments } satisfies Body<'ringside/environments'>);
  }),

  'ringside/pageTables': request(
    v.looseObject({ threadId: integer, start: v.optional(count, 0), end: v.optional(count, 2 ** 32) }),
    (state, args) => {
      const debugged = state.launched();
      if (!debugged.ok) return debugged;
      const space = spaceOf(debugged.value, args.threadId);
      if (!space.ok) return space;
      const ranges = debugged.value.target.mappedRanges(
        space.value,
        args.start,
        Math.min(args.end, 2 ** 32),
        RANGES_MAX,
      );
      return answer({
        space: space.value,
        truncated: ranges.length >= RANGES_MAX,
        ranges: ranges.map((range): PageRangeRow => ({
          start: range.start,
          sizeBytes: range.sizeBytes,
          physical: range.physical,
          flags: range.flags,
          region: debugged.value.os.regionAt(space.value, range.start),
          memoryReference: refer(debugged.value, args.threadId, range.start),
        })),
      } satisfies Body<'ringside/pageTables'>);
    },
  ),

  'ringside/pageWalk': request(v.looseObject({ threadId: integer, address: count }), (state, args) => {
    const debugged = state.launched();
    if (!debugged.ok) return debugged;
    const space = spaceOf(debugged.value, args.threadId);
    if (!space.ok) return space;
    const walk = debugged.value.target.walk(space.value, args.address);
    return answer({
      space: space.value,
      levels: [...walk.levels],
      physical: walk.physical,
    } satisfies Body<'ringside/pageWalk'>);
  }),

  'ringside/heap': request(v.looseObject({ threadId: integer }), (state, args) => {
    const debugged = state.launched();
    if (!debugged.ok) return debugged;
    const environment = debugged.value.threads.environment(args.threadId);
    if (!environment) {
      return failure('no-heap', {
        cause: 'The kernel itself has no slab heap.',
        remedy: 'Select a frame of a user program.',
      });
    }
    const image = debugged.value.launch.images.programs.get(environment.program);
    if (!image) {
      return failure('no-heap', {
        cause: `The ELF file of "${environment.program}" is not part of this launch, so its heap cannot be read.`,
        remedy: 'Name it in "program" or "modules".',
      });
    }
    const heap = walkHeap(debugged.value.target, environment.space, image, (address) =>
      refer(debugged.value, args.threadId, address),
    );
    if (!heap.ok) return heap;
    return answer({
      ...heap.value,
      program: environment.program,
      threadId: args.threadId,
    } satisfies Body<'ringside/heap'>);
  }),

  'ringside/serialInput': request(v.looseObject({ text: v.string() }), (state, args) => {
    const debugged = state.launched();
    if (!debugged.ok) return debugged;
    state.typeSerial(args.text);
    return answer();
  }),

  'ringside/keyboardInput': request(v.looseObject({ text: v.string() }), (state, args) => {
    const debugged = state.launched();
    if (!debugged.ok) return debugged;
    debugged.value.target.typeKeys(args.text);
    debugged.value.execution.inputArrived();
    return answer();
  }),

  'ringside/devices': request(v.looseObject({}), (state) => {
    const debugged = state.launched();
    if (!debugged.ok) return debugged;
    return answer({ devices: [...debugged.value.target.inspectDevices()] } satisfies Body<'ringside/devices'>);
  }),
};

function environmentRow(debugged: Debugged, environment: Environment): EnvironmentRow {
  const running = debugged.target.cpl === 3 && debugged.os.current()?.envId === environment.envId;
  const eip = running ? debugged.target.readRegister('eip') : (environment.saved.get(EIP) ?? 0);
  const image = debugged.launch.images.programs.get(environment.program);
  const line = image?.debug.lineOf(eip);
  return {
    threadId: environment.envId,
    envId: environment.envId,
    parentId: environment.parentId,
    program: environment.program,
    status: environment.status,
    runs: environment.runs,
    space: environment.space,
    eip,
    location: line && `${line.file.split('/').at(-1)!}:${line.line}`,
  };
}

/** An environment's own space; for the kernel thread the CPU's. */
function spaceOf(debugged: Debugged, threadId: number): Result<Space> {
  const environment = debugged.threads.environment(threadId);
  if (environment) return { ok: true, value: environment.space };
  if (debugged.threads.list().some((t) => t.threadId === threadId)) return { ok: true, value: debugged.target.space };
  return failure('no-such-thread', {
    cause: `There is no thread ${threadId}.`,
    remedy: 'Ask for the threads again: environments come and go.',
  });
}

function refer(debugged: Debugged, threadId: number, address: number): string {
  const environment = debugged.threads.environment(threadId);
  return formatMemoryReference(
    environment ? { kind: 'env', envId: environment.envId, address } : { kind: 'kernel', address },
  );
}

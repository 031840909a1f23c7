/** All ways to set breakpoints, and where they can stand. */
import * as v from 'valibot';
import { answer, count, integer, request, source } from '../request.ts';
import type { RequestHandler } from '../request-table.ts';

const conditions = {
  condition: v.optional(v.string()),
  hitCondition: v.optional(v.string()),
  logMessage: v.optional(v.string()),
};

export const BREAKPOINT_REQUESTS: Readonly<Record<string, RequestHandler>> = {
  setBreakpoints: request(
    v.looseObject({
      source,
      breakpoints: v.optional(
        v.array(v.looseObject({ line: integer, column: v.optional(integer), ...conditions })),
        [],
      ),
    }),
    (state, args) => {
      const { toLine, fromLine } = lineBase(state.client.linesStartAt1);
      const path = args.source.path ?? args.source.name ?? '';
      const wanted = args.breakpoints.map((b) => ({ ...b, line: fromLine(b.line) }));
      const breakpoints = state.requested.setSource(path, wanted as never, state.debugged);
      return answer({
        breakpoints: breakpoints.map((b) => (b.line === undefined ? b : { ...b, line: toLine(b.line) })),
      });
    },
  ),

  setFunctionBreakpoints: request(
    v.looseObject({ breakpoints: v.array(v.looseObject({ name: v.string(), ...conditions })) }),
    (state, args) => answer({ breakpoints: state.requested.setFunctions(args.breakpoints as never, state.debugged) }),
  ),

  setInstructionBreakpoints: request(
    v.looseObject({
      breakpoints: v.array(
        v.looseObject({ instructionReference: v.string(), offset: v.optional(integer), ...conditions }),
      ),
    }),
    (state, args) =>
      answer({ breakpoints: state.requested.setInstructions(args.breakpoints as never, state.debugged) }),
  ),

  setExceptionBreakpoints: request(
    v.looseObject({
      filters: v.optional(v.array(v.string()), []),
      filterOptions: v.optional(v.array(v.looseObject({ filterId: v.string() })), []),
    }),
    (state, args) => {
      state.requested.setFilters([...args.filters, ...args.filterOptions.map((o) => o.filterId)], state.debugged);
      return answer();
    },
  ),

  breakpointLocations: request(v.looseObject({ source, line: count, endLine: v.optional(count) }), (state, args) => {
    const debugged = state.launched();
    if (!debugged.ok) return debugged;
    const { toLine, fromLine } = lineBase(state.client.linesStartAt1);
    const path = debugged.value.launch.sources.toDebug(args.source.path ?? '');
    const from = fromLine(args.line);
    const to = args.endLine === undefined ? from : fromLine(args.endLine);
    const seen = new Map<string, { line: number; column?: number }>();
    for (const image of debugged.value.launch.images.all()) {
      const file = image.debug.matchFile(path);
      if (file === undefined) continue;
      for (const at of image.debug.breakpointLocations(file, from, to)) {
        const column = at.column === 0 ? {} : { column: at.column };
        seen.set(`${at.line}:${at.column}`, { line: toLine(at.line), ...column });
      }
    }
    return answer({ breakpoints: [...seen.values()] });
  }),
};

/** DAP, `InitializeRequestArguments.linesStartAt1`; ours start at 1. */
function lineBase(startAt1: boolean | undefined): {
  toLine: (line: number) => number;
  fromLine: (line: number) => number;
} {
  const shift = startAt1 === false ? 1 : 0;
  return { toLine: (line) => line - shift, fromLine: (line) => line + shift };
}

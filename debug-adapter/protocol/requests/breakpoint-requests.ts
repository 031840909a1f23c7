/** All ways to set breakpoints, and where they can stand. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import * as v from 'valibot';
import { answer, count, integer, request, source } from '../request.ts';
import type { Answer, RequestHandler } from '../request-table.ts';
import type { SessionState } from '../session-state.ts';
import type { Result } from '../../result.ts';

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
        v.array(
          v.looseObject({ line: integer, column: v.optional(integer), mode: v.optional(v.string()), ...conditions }),
        ),
        [],
      ),
    }),
    (state, args) => {
      const { positions } = state;
      const path = positions.fromPath(args.source.path ?? args.source.name ?? '');
      const wanted = args.breakpoints.map((b) => ({
        ...b,
        line: positions.fromLine(b.line),
        ...(b.column === undefined ? {} : { column: positions.fromColumn(b.column) }),
      }));
      return shown(state, state.requested.setSource(path, wanted as never, state.debugged));
    },
  ),

  setFunctionBreakpoints: request(
    v.looseObject({ breakpoints: v.array(v.looseObject({ name: v.string(), ...conditions })) }),
    (state, args) => shown(state, state.requested.setFunctions(args.breakpoints as never, state.debugged)),
  ),

  setInstructionBreakpoints: request(
    v.looseObject({
      breakpoints: v.array(
        v.looseObject({
          instructionReference: v.string(),
          offset: v.optional(integer),
          mode: v.optional(v.string()),
          ...conditions,
        }),
      ),
    }),
    (state, args) => shown(state, state.requested.setInstructions(args.breakpoints as never, state.debugged)),
  ),

  setExceptionBreakpoints: request(
    v.looseObject({
      filters: v.optional(v.array(v.string()), []),
      filterOptions: v.optional(
        v.array(v.looseObject({ filterId: v.string(), condition: v.optional(v.string()) })),
        [],
      ),
    }),
    (state, args) => {
      const wanted = [
        ...args.filters.map((filter) => ({ filter })),
        ...args.filterOptions.map(({ filterId, condition }) => ({ filter: filterId, condition })),
      ];
      return answer({ breakpoints: state.requested.setFilters(wanted, state.debugged) });
    },
  ),

  breakpointLocations: request(v.looseObject({ source, line: count, endLine: v.optional(count) }), (state, args) => {
    const debugged = state.launched();
    if (!debugged.ok) return debugged;
    const { positions } = state;
    const path = debugged.value.launch.sources.toDebug(positions.fromPath(args.source.path ?? ''));
    const from = positions.fromLine(args.line);
    const to = args.endLine === undefined ? from : positions.fromLine(args.endLine);
    const seen = new Map<string, { line: number; column?: number }>();
    for (const image of debugged.value.launch.images.all()) {
      const file = image.debug.matchFile(path);
      if (file === undefined) continue;
      for (const at of image.debug.breakpointLocations(file, from, to)) {
        const column = at.column === 0 ? {} : { column: at.column };
        seen.set(`${at.line}:${at.column}`, positions.show({ line: at.line, ...column }));
      }
    }
    return answer({ breakpoints: [...seen.values()] });
  }),
};

function shown({ positions }: SessionState, breakpoints: readonly Dap.Breakpoint[]): Result<Answer> {
  return answer({ breakpoints: breakpoints.map((breakpoint) => positions.show(breakpoint)) });
}

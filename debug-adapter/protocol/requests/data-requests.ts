/** variables, setVariable, evaluate, setExpression. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import * as v from 'valibot';
import {
  assignText,
  compileExpression,
  frameScope,
  renderValue,
  type Compiled,
  type Value,
} from '../../inspection/index.ts';
import { failure, success, type Result } from '../../result.ts';
import { MACHINE_NAMES } from '../../scopes/inspection-context.ts';
import { viewOf, type FrameView } from '../../scopes/scopes.ts';
import { runCommand } from '../../console/commands.ts';
import { showValue } from '../../scopes/value-node.ts';
import { consoleView, type SelectedFrame } from '../console-view.ts';
import { answer, count, integer, request, valueFormat } from '../request.ts';
import type { RequestHandler } from '../request-table.ts';
import type { Debugged } from '../session-state.ts';
import { staleFrame } from './stack-requests.ts';

const CLIPBOARD_CHARACTERS_MAX = 65_536;

export const DATA_REQUESTS: Readonly<Record<string, RequestHandler>> = {
  variables: request(
    v.looseObject({
      variablesReference: integer,
      filter: v.optional(v.picklist(['indexed', 'named'])),
      start: v.optional(count, 0),
      count: v.optional(count, 0),
      format: valueFormat,
    }),
    (state, args) => {
      const debugged = state.stoppedDebuggee();
      if (!debugged.ok) return debugged;
      const node = debugged.value.variables.get(args.variablesReference);
      if (!node) return staleVariables();
      const query = { filter: args.filter, start: args.start, count: args.count, hex: args.format?.hex ?? false };
      return answer({ variables: node.children(query) });
    },
  ),

  setVariable: request(
    v.looseObject({ variablesReference: integer, name: v.string(), value: v.string(), format: valueFormat }),
    (state, args) => {
      const debugged = state.stoppedDebuggee();
      if (!debugged.ok) return debugged;
      const node = debugged.value.variables.get(args.variablesReference);
      if (!node) return staleVariables();
      if (!node.set) {
        return failure('read-only', {
          cause: `"${args.name}" cannot be changed.`,
          remedy: 'Change what it is made of: open it and set a part.',
        });
      }
      const changed = node.set(args.name, args.value, args.format?.hex ?? false);
      if (!changed.ok) return changed;
      return answer(withoutName(changed.value), () => state.changed());
    },
  ),

  evaluate: request(
    v.looseObject({
      expression: v.string(),
      frameId: v.optional(integer),
      context: v.optional(v.string(), 'watch'),
      format: valueFormat,
    }),
    async (state, args) => {
      const debugged = state.stoppedDebuggee();
      if (!debugged.ok) return debugged;
      const view = frameFor(debugged.value, args.frameId);
      if (!view.ok) return view;
      let wrote = false;
      const evaluate = (expression: string, allowAssignment: boolean): Result<Value> => {
        const compiled = compileIn(view.value, expression, allowAssignment);
        if (!compiled.ok) return compiled;
        wrote ||= compiled.value.assigns;
        return compiled.value.evaluate(view.value.context);
      };
      const isConsole = args.context === 'repl';
      const afterwards = (): void => {
        if (wrote) state.changed();
      };
      if (isConsole) {
        const output = await runCommand(args.expression, consoleView(debugged.value, view.value, evaluate));
        if (output) return output.ok ? answer({ result: output.value, variablesReference: 0 }, afterwards) : output;
      }
      // Hovers and watches are repeated at will, so they must not change anything.
      const value = evaluate(args.expression, isConsole);
      if (!value.ok) {
        // One part may have been written before another failed.
        afterwards();
        return value;
      }
      const hex = args.format?.hex ?? isRegisterAlone(args.expression);
      const { value: text, ...rest } = withoutName(showValue(view.value.display, '', value.value, hex));
      // DAP, `supportsClipboardContext`: what is copied is not cut to what a line has room for.
      const result =
        args.context === 'clipboard' ? renderValue(value.value, { hex, textMax: CLIPBOARD_CHARACTERS_MAX }).text : text;
      return answer({ result, ...rest } satisfies Dap.EvaluateResponse['body'], afterwards);
    },
  ),

  setExpression: request(
    v.looseObject({ expression: v.string(), value: v.string(), frameId: v.optional(integer), format: valueFormat }),
    (state, args) => {
      const debugged = state.stoppedDebuggee();
      if (!debugged.ok) return debugged;
      const view = frameFor(debugged.value, args.frameId);
      if (!view.ok) return view;
      const value = assignExpression(view.value, args.expression, args.value);
      if (!value.ok) return value;
      const hex = args.format?.hex ?? isRegisterAlone(args.expression);
      const body = withoutName(showValue(view.value.display, '', value.value, hex));
      return answer(body, () => state.changed());
    },
  ),
};

/** A register by itself is an address or flags more often than a count. */
const isRegisterAlone = (expression: string): boolean => /^\s*\$\w+\s*$/.test(expression);

/** A value as `setVariable` takes it, which has to fit; anything else is an expression, and assigned as in the source. */
function assignExpression(view: FrameView, expression: string, text: string): Result<Value> {
  const target = evaluateIn(view, expression, false);
  if (!target.ok) return target;
  const assigned = assignText(target.value, text);
  if (assigned.ok) return evaluateIn(view, expression, false);
  const { id } = assigned.failure;
  if (id !== 'value-not-understood' && id !== 'not-assignable') return assigned;
  const value = evaluateIn(view, `${expression} = ${text}`, true);
  // The text may have been meant as a value: then its mistake is the one to tell.
  return value.ok || id === 'not-assignable' || value.failure.id !== 'name-unknown' ? value : assigned;
}

/** The frame asked for, or the innermost one of the current thread. */
export function frameFor(debugged: Debugged, frameId: number | undefined): Result<SelectedFrame> {
  const id = frameId ?? debugged.threads.stack(debugged.threads.currentId(), 0, 1)?.frames[0]?.id;
  const handle = id === undefined ? undefined : debugged.threads.frame(id);
  if (!handle) return staleFrame() as Result<never>;
  if (handle.frame.kind === 'label') {
    return failure('label-frame', {
      cause: 'This line of the call stack is a border, not code.',
      remedy: 'Select the frame above or below it.',
    });
  }
  return success({ ...viewOf(debugged, handle, handle.frame), threadId: handle.threadId });
}

export function evaluateIn(view: FrameView, expression: string, allowAssignment: boolean): Result<Value> {
  const compiled = compileIn(view, expression, allowAssignment);
  return compiled.ok ? compiled.value.evaluate(view.context) : compiled;
}

function compileIn(view: FrameView, expression: string, allowAssignment: boolean): Result<Compiled> {
  const { frame, names, beside, context } = view;
  const scope = frameScope(names, frame.context.pc, {
    ...MACHINE_NAMES,
    beside,
    ...(frame.level ? { frame: frame.level } : {}),
  });
  return compileExpression(expression, scope, { allowAssignment, context });
}

/** Replies about one value carry all of a variable but its name. */
function withoutName(variable: Dap.Variable): Omit<Dap.Variable, 'name'> {
  const rest: Partial<Dap.Variable> & Omit<Dap.Variable, 'name'> = { ...variable };
  delete rest.name;
  return rest;
}

const staleVariables = (): ReturnType<typeof failure> =>
  failure('stale-variables', {
    cause: 'These variables are from an earlier stop.',
    remedy: 'Ask for the scopes again.',
  });

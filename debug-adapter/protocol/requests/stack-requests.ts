/** Threads, call stacks, scopes, sources, and why the machine stopped. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import * as v from 'valibot';
import type { CodeFrame, Frame } from '../../call-stack/frame.ts';
import { Disassembler } from '../../disassembly/disassembler.ts';
import { exceptionInfo } from '../exception-info.ts';
import { argumentsText } from '../../scopes/frame-arguments.ts';
import { referFor, scopesOf } from '../../scopes/scopes.ts';
import { failure, type Result } from '../../result.ts';
import type { ClientPositions } from '../client-positions.ts';
import { modulesOf } from '../modules.ts';
import { answer, count, integer, request, source, threadArguments } from '../request.ts';
import type { RequestHandler } from '../request-table.ts';
import type { Debugged, SessionState } from '../session-state.ts';

const FRAMES_DEFAULT = 512;

const flag = v.optional(v.boolean());
const stackFrameFormat = v.looseObject({
  parameters: flag,
  parameterTypes: flag,
  parameterNames: flag,
  parameterValues: flag,
  line: flag,
  module: flag,
  hex: flag,
});
type FrameFormat = v.InferOutput<typeof stackFrameFormat>;

export const STACK_REQUESTS: Readonly<Record<string, RequestHandler>> = {
  threads: request(v.looseObject({}), (state) => {
    const debugged = state.launched();
    if (!debugged.ok) return debugged;
    return answer({ threads: debugged.value.threads.list().map(({ threadId, name }) => ({ id: threadId, name })) });
  }),

  stackTrace: request(
    v.looseObject({
      ...threadArguments.entries,
      startFrame: v.optional(count, 0),
      levels: v.optional(count, 0),
      format: v.optional(stackFrameFormat, {}),
    }),
    (state, args) => {
      const debugged = state.stoppedDebuggee();
      if (!debugged.ok) return debugged;
      const stack = debugged.value.threads.stack(args.threadId, args.startFrame, args.levels || FRAMES_DEFAULT);
      if (!stack) return noSuchThread(args.threadId);
      return answer({
        stackFrames: stack.frames.map(({ id, frame }) =>
          showFrame(state, debugged.value, args.threadId, id, frame, args.format),
        ),
        // DAP, `totalFrames`: a larger number than sent means "there is more".
        totalFrames: stack.total ?? args.startFrame + stack.frames.length + 1,
      });
    },
  ),

  scopes: request(v.looseObject({ frameId: integer }), (state, args) => {
    const debugged = state.stoppedDebuggee();
    if (!debugged.ok) return debugged;
    const found = debugged.value.threads.frame(args.frameId);
    if (!found) return staleFrame();
    return answer({ scopes: scopesOf(debugged.value, found) });
  }),

  source: request(v.looseObject({ source: v.optional(source), sourceReference: v.optional(integer) }), () =>
    failure('no-source', {
      cause: 'This source is not on this machine.',
      remedy: 'Map its folder with "sourceFileMap", or look at the disassembly.',
    }),
  ),

  exceptionInfo: request(threadArguments, async (state) => {
    const debugged = state.stoppedDebuggee();
    if (!debugged.ok) return debugged;
    const stop = state.lastStop;
    if (stop?.kind !== 'stopped' || stop.reason !== 'exception') {
      return failure('no-exception', {
        cause: 'The machine did not stop for an exception.',
        remedy: 'Ask after such a stop.',
      });
    }
    const disassembler = stop.story && (await Disassembler.load());
    return answer(exceptionInfo(debugged.value, stop, disassembler));
  }),

  modules: request(
    v.looseObject({ startModule: v.optional(count, 0), moduleCount: v.optional(count, 0) }),
    (state, args) => {
      const debugged = state.launched();
      if (!debugged.ok) return debugged;
      const all = modulesOf(debugged.value.launch.images, debugged.value.os);
      const end = args.moduleCount ? args.startModule + args.moduleCount : undefined;
      return answer({ modules: all.slice(args.startModule, end), totalModules: all.length });
    },
  ),

  loadedSources: request(v.looseObject({}), (state) => {
    const debugged = state.launched();
    if (!debugged.ok) return debugged;
    const { images, sources } = debugged.value.launch;
    const paths = new Set(
      images.all().flatMap((image) => image.debug.sourceFiles().map((file) => sources.toClient(file))),
    );
    paths.delete(undefined);
    return answer({ sources: [...(paths as Set<string>)].sort().map((path) => state.positions.source(path)) });
  }),
};

function showFrame(
  state: SessionState,
  debugged: Debugged,
  threadId: number,
  id: number,
  frame: Frame,
  format: FrameFormat,
): Dap.StackFrame {
  if (frame.kind === 'label') return { id, name: frame.name, line: 0, column: 0, presentationHint: 'label' };
  const path = frame.position && debugged.launch.sources.toClient(frame.position.file);
  return {
    id,
    name: frameText(debugged, frame, format),
    ...positionOf(state.positions, frame.position, path),
    instructionPointerReference: referFor(debugged, frame, threadId)(frame.address),
    ...(frame.image ? { moduleId: frame.image.name } : {}),
    presentationHint: path === undefined ? 'subtle' : 'normal',
  };
}

/** DAP, `StackFrameFormat`: names, types and values of the parameters, the module and the line, where they are asked for. */
function frameText(debugged: Debugged, frame: CodeFrame, format: FrameFormat): string {
  const { parameters, parameterNames = false, parameterTypes = false, parameterValues = false, hex = false } = format;
  const wantsAll = parameters === true && !parameterNames && !parameterTypes && !parameterValues;
  const wanted = { names: parameterNames || wantsAll, types: parameterTypes, values: parameterValues || wantsAll, hex };
  const withArguments = parameters ?? (parameterNames || parameterTypes || parameterValues);
  const module = format.module && frame.image ? `${frame.image.name}!` : '';
  const line = format.line && frame.position ? ` Line ${frame.position.line}` : '';
  return `${module}${frame.name}${withArguments ? argumentsText(debugged, frame, wanted) : ''}${line}`;
}

function positionOf(
  positions: ClientPositions,
  position: { file: string; line: number; column: number } | undefined,
  path: string | undefined,
): Pick<Dap.StackFrame, 'source' | 'line' | 'column'> {
  if (!position || position.line === 0) return { line: 0, column: 0 };
  const line = positions.toLine(position.line);
  const column = positions.toColumn(position.column);
  if (path !== undefined) return { source: positions.source(path), line, column };
  // The toolchain's own library: a name to read, but no file to open.
  const name = position.file.split('/').at(-1)!;
  return { source: { name, origin: 'not on this machine', presentationHint: 'deemphasize' }, line, column };
}

export const noSuchThread = (threadId: number): Result<never> =>
  failure('no-such-thread', {
    cause: `There is no thread ${threadId}.`,
    remedy: 'Ask for the threads again: environments come and go.',
  });

export const staleFrame = (): Result<never> =>
  failure('stale-frame', {
    cause: 'This frame is from an earlier stop.',
    remedy: 'Ask for the stack trace again.',
  });

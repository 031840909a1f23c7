/** continue, the steps and what they can go into, pause. Each answers at once; the stop follows as an event. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import * as v from 'valibot';
import type { CodeFrame, Frame } from '../../call-stack/frame.ts';
import { Disassembler } from '../../disassembly/disassembler.ts';
import { continuePlan } from '../../execution/advance.ts';
import type { Plan } from '../../execution/execution.ts';
import { stepInTargets } from '../../execution/step-targets.ts';
import { stepInstructionPlan, stepLinePlan, stepOutPlan, whenScheduled } from '../../execution/stepping.ts';
import { EIP, ESP } from '../../debug-info/registers.ts';
import { symbolName } from '../../kernel/symbol-name.ts';
import { failure, success, type Result } from '../../result.ts';
import { answer, integer, request, threadArguments } from '../request.ts';
import type { Answer, RequestHandler } from '../request-table.ts';
import type { Debugged, SessionState } from '../session-state.ts';
import { noSuchThread, staleFrame } from './stack-requests.ts';

const FRAMES_MAX = 128;

const stepArguments = v.looseObject({
  ...threadArguments.entries,
  granularity: v.optional(v.string()),
  singleThread: v.optional(v.boolean(), false),
  targetId: v.optional(integer),
});

export const EXECUTION_REQUESTS: Readonly<Record<string, RequestHandler>> = {
  continue: request(
    v.looseObject({ threadId: v.optional(integer), singleThread: v.optional(v.boolean(), false) }),
    (state, args) => {
      const debugged = state.runnable();
      if (!debugged.ok) return debugged;
      const alone = args.singleThread ? aloneThread(debugged.value, args.threadId) : success(undefined);
      if (!alone.ok) return alone;
      return answer({ allThreadsContinued: !args.singleThread }, () =>
        state.run(debugged.value, continuePlan(debugged.value), alone.value),
      );
    },
  ),

  next: request(stepArguments, (state, args) => step(state, args, true)),
  stepIn: request(stepArguments, (state, args) => step(state, args, false)),
  stepOut: request(stepArguments, (state, args) => start(state, args, stepOut)),

  stepInTargets: request(v.looseObject({ frameId: integer }), async (state, args) => {
    const debugged = state.stoppedDebuggee();
    if (!debugged.ok) return debugged;
    const { threads } = debugged.value;
    const handle = threads.frame(args.frameId);
    if (!handle) return staleFrame();
    // A step goes into calls of the function that runs: the others are in the middle of one.
    if (handle.threadId !== threads.currentId() || handle.index !== 0) return answer({ targets: [] });
    const disassembler = await Disassembler.load();
    const { target, os } = debugged.value;
    const found = stepInTargets(debugged.value, (bytes, address) =>
      disassembler.decode(bytes, address, 32, (at) => symbolName(os, target.space, at)),
    );
    return answer({
      targets: found.map((t): Dap.StepInTarget => ({
        id: t.address,
        label: t.hasSource ? t.label : `${t.label} (no source)`,
        line: state.positions.toLine(t.line),
        ...(t.column === 0 ? {} : { column: state.positions.toColumn(t.column) }),
      })),
    });
  }),

  pause: request(v.looseObject({}), (state) => {
    const debugged = state.launched();
    if (!debugged.ok) return debugged;
    return answer(undefined, () => debugged.value.execution.pause());
  }),
};

function step(state: SessionState, args: v.InferOutput<typeof stepArguments>, over: boolean): Result<Answer> {
  return start(state, args, (debugged) => {
    if (args.granularity === 'instruction') return stepInstructionPlan(debugged, over);
    const into = over ? undefined : args.targetId;
    return stepLinePlan(debugged, over || into !== undefined, into);
  });
}

/** To the nearest frame further out that has source, if the innermost has: the library's callers are finished, too. */
function stepOut(debugged: Debugged): Plan {
  const frames = (debugged.threads.stack(debugged.threads.currentId(), 0, FRAMES_MAX)?.frames ?? []).map(
    (f) => f.frame,
  );
  const inner = frames[0];
  if (inner?.kind !== 'code') return stepOutPlan(debugged, undefined, undefined);
  const hasSource = (frame: Frame): boolean =>
    frame.kind === 'code' && frame.position !== undefined && debugged.hasSource(frame.position.file);
  const inlined = inner.level?.inlined ? inner.level.ranges : undefined;
  if (inlined) return stepOutPlan(debugged, undefined, inlined);
  const border = frames.findIndex((frame) => frame.kind === 'label');
  const callers = frames
    .slice(0, border < 0 ? undefined : border)
    .filter((frame) => frame.kind === 'code' && frame.context !== inner.context) as CodeFrame[];
  const caller = (hasSource(inner) && callers.find(hasSource)) || callers[0];
  const physical = callers.find((frame) => frame.context === caller?.context);
  return stepOutPlan(
    debugged,
    physical && { address: physical.address, esp: physical.context.register(ESP) ?? 0 },
    undefined,
  );
}

/** Steps the thread asked for; an environment that does not run now is first waited for. */
function start(
  state: SessionState,
  { threadId, singleThread }: { threadId: number; singleThread?: unknown },
  plan: (debugged: Debugged) => Plan,
): Result<Answer> {
  const result = state.runnable();
  if (!result.ok) return result;
  const debugged = result.value;
  const alone = singleThread === true ? aloneThread(debugged, threadId) : success(undefined);
  if (!alone.ok) return alone;
  if (threadId === debugged.threads.currentId()) {
    return answer(undefined, () => state.run(debugged, plan(debugged), alone.value));
  }
  const environment = debugged.threads.environment(threadId);
  if (!environment) return noSuchThread(threadId);
  const { saved, space } = environment;
  const from = { eip: saved.get(EIP) ?? 0, esp: saved.get(ESP) ?? 0, space };
  return answer(undefined, () =>
    state.run(
      debugged,
      whenScheduled(debugged, environment, from, () => {
        debugged.threads.invalidate();
        return plan(debugged);
      }),
    ),
  );
}

/**
 * DAP, `singleThread`: no other environment's code may run. There is one CPU, so the one that it works for is the only
 * one that can be resumed by itself.
 */
function aloneThread({ threads }: Debugged, threadId: number | undefined): Result<number> {
  const current = threads.currentId();
  if (threadId === undefined || threadId === current) return success(current);
  return failure('single-thread', {
    cause: 'Only the thread that the CPU works for can be resumed alone: any other waits for the scheduler.',
    remedy: `Select thread ${current}, or resume all.`,
  });
}

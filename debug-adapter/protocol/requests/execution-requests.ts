/** continue, the steps, pause. Each answers at once; the stop follows as an event. */
import * as v from 'valibot';
import type { CodeFrame, Frame } from '../../call-stack/frame.ts';
import type { Plan } from '../../execution/execution.ts';
import { stepInstructionPlan, stepLinePlan, stepOutPlan, whenScheduled } from '../../execution/stepping.ts';
import { EIP, ESP } from '../../debug-info/registers.ts';
import { failure, type Result } from '../../result.ts';
import { answer, request, threadArguments } from '../request.ts';
import type { Answer, RequestHandler } from '../request-table.ts';
import type { Debugged, SessionState } from '../session-state.ts';

const FRAMES_MAX = 128;

const stepArguments = v.looseObject({ ...threadArguments.entries, granularity: v.optional(v.string()) });

export const EXECUTION_REQUESTS: Readonly<Record<string, RequestHandler>> = {
  continue: request(v.looseObject({}), (state) => {
    const debugged = state.runnable();
    if (!debugged.ok) return debugged;
    return answer({ allThreadsContinued: true }, () => state.run(debugged.value));
  }),

  next: request(stepArguments, (state, args) => step(state, args, true)),
  stepIn: request(stepArguments, (state, args) => step(state, args, false)),

  stepOut: request(stepArguments, (state, args) => start(state, args.threadId, stepOut)),

  pause: request(v.looseObject({}), (state) => {
    const debugged = state.launched();
    if (!debugged.ok) return debugged;
    return answer(undefined, () => debugged.value.execution.pause());
  }),
};

function step(state: SessionState, args: v.InferOutput<typeof stepArguments>, over: boolean): Result<Answer> {
  return start(state, args.threadId, (debugged) =>
    args.granularity === 'instruction' ? stepInstructionPlan(debugged, over) : stepLinePlan(debugged, over),
  );
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
function start(state: SessionState, threadId: number, plan: (debugged: Debugged) => Plan): Result<Answer> {
  const result = state.runnable();
  if (!result.ok) return result;
  const debugged = result.value;
  if (threadId === debugged.threads.currentId()) return answer(undefined, () => state.run(debugged, plan(debugged)));
  const environment = debugged.threads.environment(threadId);
  if (!environment) {
    return failure('no-such-thread', {
      cause: `There is no thread ${threadId}.`,
      remedy: 'Ask for the threads again: environments come and go.',
    });
  }
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

/** continue, the steps, pause. Each answers at once; the stop follows as an event. */
import * as v from 'valibot';
import type { Plan } from '../../execution/execution.ts';
import { stepInstructionPlan, stepLinePlan, stepOutPlan, whenScheduled } from '../../execution/stepping.ts';
import { EIP, ESP } from '../../debug-info/registers.ts';
import { failure, type Result } from '../../result.ts';
import { answer, request, threadArguments } from '../request.ts';
import type { Answer, RequestHandler } from '../request-table.ts';
import type { Debugged, SessionState } from '../session-state.ts';

const stepArguments = v.looseObject({ ...threadArguments.entries, granularity: v.optional(v.string()) });

export const EXECUTION_REQUESTS: Readonly<Record<string, RequestHandler>> = {
  continue: request(v.looseObject({}), (state) => {
    const debugged = state.runnable();
    if (!debugged.ok) return debugged;
    return answer({ allThreadsContinued: true }, () => state.run(debugged.value));
  }),

  next: request(stepArguments, (state, args) => step(state, args, true)),
  stepIn: request(stepArguments, (state, args) => step(state, args, false)),

  stepOut: request(stepArguments, (state, args) =>
    start(state, args.threadId, (debugged) => {
      const frames = debugged.threads.stack(debugged.threads.currentId(), 0, 16)?.frames ?? [];
      const inner = frames[0]?.frame;
      if (inner?.kind === 'code' && inner.level?.inlined) return stepOutPlan(debugged, undefined, inner.level.ranges);
      const physical = inner?.kind === 'code' ? inner.context : undefined;
      const outer = frames.slice(1).find(({ frame }) => frame.kind === 'label' || frame.context !== physical)?.frame;
      if (outer?.kind !== 'code') return stepOutPlan(debugged, undefined, undefined);
      return stepOutPlan(debugged, { address: outer.address, cfaMin: outer.context.register(ESP) ?? 0 }, undefined);
    }),
  ),

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
  const address = environment.saved.get(EIP) ?? 0;
  return answer(undefined, () =>
    state.run(
      debugged,
      whenScheduled(debugged, address, environment.space, () => plan(debugged)),
    ),
  );
}

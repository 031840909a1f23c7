/** gotoTargets and goto: the current thread goes on at another line of the function it is in; nothing between runs. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import * as v from 'valibot';
import { findLine } from '../../breakpoints/places.ts';
import { failure } from '../../result.ts';
import { formatAddress } from '../memory-reference.ts';
import { answer, integer, request, source, threadArguments } from '../request.ts';
import type { RequestHandler } from '../request-table.ts';
import type { Debugged } from '../session-state.ts';

export const GOTO_REQUESTS: Readonly<Record<string, RequestHandler>> = {
  gotoTargets: request(v.looseObject({ source, line: integer, column: v.optional(integer) }), (state, args) => {
    const debugged = state.stoppedDebuggee();
    if (!debugged.ok) return debugged;
    const { target, os, launch } = debugged.value;
    const { positions } = state;
    const place = os.imageAt(target.space, target.readRegister('eip'));
    const scope = place?.image.debug.functionAt(target.readRegister('eip') + place.bias);
    if (!place || !scope) return answer({ targets: [] });
    const found = findLine(
      [place.image],
      launch.sources.toDebug(positions.fromPath(args.source.path ?? '')),
      positions.fromLine(args.line),
    );
    // Another function's frame is not there: only lines of this one make sense.
    const here = found.filter(({ linked }) => scope.ranges.some((r) => linked >= r.start && linked < r.end));
    return answer({
      targets: here.map(({ linked, line }): Dap.GotoTarget => {
        const address = (linked - place.bias) >>> 0;
        return {
          id: address,
          label: `${scope.name}, line ${positions.toLine(line)}`,
          line: positions.toLine(line),
          instructionPointerReference: formatAddress(address),
        };
      }),
    });
  }),

  goto: request(v.looseObject({ ...threadArguments.entries, targetId: integer }), (state, args) => {
    const debugged = state.stoppedDebuggee();
    if (!debugged.ok) return debugged;
    const threadId = debugged.value.threads.currentId();
    if (args.threadId !== threadId) {
      return failure('goto-thread', {
        cause: 'Only the thread that the CPU works for can be sent to another line.',
        remedy: `Select thread ${threadId}.`,
      });
    }
    if (!isInFunction(debugged.value, args.targetId)) {
      return failure('goto-target', {
        cause: `${formatAddress(args.targetId)} is not a line of the function that runs.`,
        remedy: 'Ask for the targets of a line of this function first.',
      });
    }
    debugged.value.target.writeRegister('eip', args.targetId);
    debugged.value.threads.invalidate();
    debugged.value.variables.invalidate();
    return answer(undefined, () => state.emit('stopped', { reason: 'goto', threadId, allThreadsStopped: true }));
  }),
};

function isInFunction({ target, os }: Debugged, address: number): boolean {
  const place = os.imageAt(target.space, target.readRegister('eip'));
  const scope = place?.image.debug.functionAt(target.readRegister('eip') + place.bias);
  const linked = address + (place?.bias ?? 0);
  return scope?.ranges.some((r) => linked >= r.start && linked < r.end) ?? false;
}

/** From initialize to disconnect. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import * as v from 'valibot';
import { parseLaunchArguments } from '../../launch/launch-arguments.ts';
import { nameOf } from '../../execution/machine-park.ts';
import { prepareLaunch, type Launch } from '../../launch/launcher.ts';
import type { Image } from '../../launch/images.ts';
import { failure, type Result } from '../../result.ts';
import { CAPABILITIES } from '../capabilities.ts';
import { ClientPositions } from '../client-positions.ts';
import { cancelled } from '../pending-requests.ts';
import { answer, integer, request } from '../request.ts';
import type { Answer, RequestHandler } from '../request-table.ts';
import type { SessionState } from '../session-state.ts';

const WARNINGS_SHOWN_MAX = 3;

const nothing = v.looseObject({});

export const LIFECYCLE_REQUESTS: Readonly<Record<string, RequestHandler>> = {
  initialize: request(
    v.looseObject({
      adapterID: v.optional(v.string(), 'ringside'),
      linesStartAt1: v.optional(v.boolean()),
      columnsStartAt1: v.optional(v.boolean()),
      pathFormat: v.optional(v.string()),
    }),
    (state, args) => {
      state.client = args as SessionState['client'];
      state.positions = new ClientPositions(state.client);
      return answer(CAPABILITIES);
    },
  ),

  launch: request(nothing, async (state, args, signal) => {
    if (state.debugged) {
      return failure('already-launched', {
        cause: 'This session has launched its machine already.',
        remedy: 'Use restart, or start another session.',
      });
    }
    const parsed = parseLaunchArguments(args);
    if (!parsed.ok) return parsed;
    const launch = await prepareLaunch(parsed.value, state.host.files);
    if (signal.cancelled) return cancelled();
    if (!launch.ok) return launch;
    const debugged = state.power(launch.value);
    if (!debugged.ok) return debugged;
    for (const image of launch.value.images.all()) sayWhatIsMissing(state, image);
    return configurable(state, launch.value, 'launch');
  }),

  attach: request(v.looseObject({ machine: v.optional(integer) }), (state, args) => {
    if (state.debugged) {
      return failure('already-launched', {
        cause: 'This session has its machine already.',
        remedy: 'Start another session to attach to another machine.',
      });
    }
    const left = state.host.park.take(args.machine);
    if (!left.ok) return left;
    const debugged = state.attach(left.value);
    return debugged.ok ? configurable(state, left.value.launch, 'attach') : debugged;
  }),

  configurationDone: request(nothing, (state) => answer(undefined, () => state.configure())),

  restart: request(v.looseObject({ arguments: v.optional(v.unknown()) }), async (state, args, signal) => {
    const before = state.launched();
    if (!before.ok) return before;
    let launch = before.value.launch;
    if (args.arguments !== undefined) {
      const parsed = parseLaunchArguments(args.arguments);
      if (!parsed.ok) return parsed;
      const prepared = await prepareLaunch(parsed.value, state.host.files);
      if (signal.cancelled) return cancelled();
      if (!prepared.ok) return prepared;
      launch = prepared.value;
    }
    const debugged = state.power(launch);
    if (!debugged.ok) return debugged;
    return answer(undefined, () => state.begin());
  }),

  terminate: request(nothing, (state) => answer(undefined, () => state.terminate())),

  disconnect: request(
    v.looseObject({ terminateDebuggee: v.optional(v.boolean()), suspendDebuggee: v.optional(v.boolean()) }),
    async (state, args) => {
      const left = state.disconnect(args as Dap.DisconnectArguments);
      if (left) {
        const machine = state.host.park.leave(left);
        const where = await state.host.attachAddress();
        const how = left.stop ? 'stands still' : 'runs on';
        state.output('console', `Machine ${machine} (${nameOf(left.launch)}) ${how}. Attach to it at ${where}.\n`);
      }
      return answer();
    },
  ),

  cancel: request(v.looseObject({ requestId: v.optional(integer) }), (state, args) => {
    if (args.requestId !== undefined) state.pending.cancel(args.requestId);
    return answer();
  }),
};

/** DAP, "Launch sequencing": breakpoints may be sent from now on; execution waits for configurationDone. */
function configurable(state: SessionState, launch: Launch, startMethod: 'launch' | 'attach'): Result<Answer> {
  return answer(undefined, () => {
    state.emit('process', { name: nameOf(launch), isLocalProcess: false, startMethod, pointerSize: 32 });
    state.emit('initialized');
    state.begin();
  });
}

/** Debug information that is damaged or missing: the session works without, and says so in few lines. */
function sayWhatIsMissing(state: SessionState, image: Image): void {
  const warnings = [...image.elf.warnings, ...image.debug.warnings];
  for (const { cause, remedy } of warnings.slice(0, WARNINGS_SHOWN_MAX)) {
    state.output('important', `${image.name}: ${cause} ${remedy}\n`);
  }
  if (warnings.length > WARNINGS_SHOWN_MAX) {
    const more = warnings.length - WARNINGS_SHOWN_MAX;
    state.output('important', `${image.name}: ${more} more parts of its debug information cannot be read.\n`);
  }
  if (!image.debug.hasDwarf) {
    state.output(
      'important',
      `${image.name} has no debug information: only its symbols are known. Build it with debug information (-g, debug = true).\n`,
    );
  }
}

/**
 * One DAP session: takes messages, answers each request exactly once, sends events. Knows no transport.
 * Debug Adapter Protocol 1.68, "Overview".
 *
 * Requests are answered in the order they came, except those that must not wait behind a slow one.
 * Invariant: whatever a handler does, throwing included, its request gets one response and the session goes on.
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import type { MachinePark } from '../execution/machine-park.ts';
import type { Scheduler } from '../execution/execution.ts';
import type { FileSource } from '../launch/files.ts';
import type { CreateTarget } from '../launch/launcher.ts';
import { failure, type Failure, type Result } from '../result.ts';
import { CANCELLED, cancelled, type CancelSignal } from './pending-requests.ts';
import { REQUESTS, type RequestHandler } from './request-table.ts';
import { SessionState } from './session-state.ts';

export interface SessionHost {
  readonly files: FileSource;
  readonly scheduler: Scheduler;
  readonly createTarget: CreateTarget;
  /** Takes a response or an event; the transport numbers and sends it. */
  send(message: Dap.Response | Dap.Event): void;
  /** The session has ended: the transport may close. */
  end(): void;
  /** Where machines go that a client leaves behind. */
  readonly park: MachinePark;
  /** Where a client finds them, for people: `127.0.0.1:4711`. */
  attachAddress(): Promise<string>;
}

/** Requests that come in one piece are answered at a stretch of this long, then the machine and the stream have a turn. */
const STRETCH_MS = 10;
/** Answered at once, even while a launch is being worked on. All others keep their order: a pause follows its continue. */
const URGENT = new Set(['cancel', 'disconnect', 'terminate']);

export class Session {
  private readonly host: SessionHost;
  private readonly state: SessionState;
  private queue: Promise<void> = Promise.resolve();
  private nextSequence = 1;
  private ended = false;
  private queued = 0;
  private stretchBegan = 0;

  constructor(host: SessionHost) {
    this.host = host;
    this.state = new SessionState(host, (event, body) => this.sendEvent(event, body));
  }

  /** Any JSON value at all. */
  handleMessage(message: unknown): void {
    if (!isRequest(message)) {
      this.reportGarbage('A message that is no DAP request was ignored.');
      return;
    }
    const signal = this.state.pending.open(message.seq);
    const work = (): Promise<void> => this.answer(message, signal);
    if (URGENT.has(message.command)) void work();
    else this.enqueue(work);
  }

  private enqueue(work: () => Promise<void>): void {
    if (this.queued === 0) this.stretchBegan = this.host.scheduler.now();
    this.queued++;
    this.queue = this.queue
      .then(() => this.turn())
      .then(work)
      .then(() => {
        this.queued--;
      });
  }

  /** A turn of the event loop now and then: what cancels or pauses is read from the stream only there. */
  private turn(): Promise<void> | void {
    const { scheduler } = this.host;
    if (scheduler.now() - this.stretchBegan < STRETCH_MS) return;
    return new Promise((resolve) =>
      scheduler.defer(() => {
        this.stretchBegan = scheduler.now();
        resolve();
      }, 0),
    );
  }

  /** Bytes or messages that make no sense: said once each in the debug console, never fatal. */
  reportGarbage(problem: string): void {
    this.sendEvent('output', { category: 'important', output: `Ringside: ${problem}\n` });
  }

  /** The client is gone. */
  close(): void {
    this.ended = true;
    // What it had attached to was somebody's before, and lives on.
    const left = this.state.disconnect({});
    if (left) this.host.park.leave(left);
  }

  private async answer(request: Dap.Request, signal: CancelSignal): Promise<void> {
    const handler = Object.hasOwn(REQUESTS, request.command) ? REQUESTS[request.command] : undefined;
    const result = signal.cancelled
      ? cancelled()
      : handler
        ? await this.run(handler, request, signal)
        : unsupported(request.command);
    this.state.pending.close(request.seq);
    if (result.ok) {
      const { body, after } = result.value;
      this.sendResponse(request, body);
      after?.();
    } else {
      this.sendFailure(request, result.failure);
    }
    if (result.ok && request.command === 'disconnect') {
      this.close();
      // The process ends with the session: what was asked before has to be answered first. None of it waits for the client.
      await this.queue;
      this.host.end();
    }
  }

  private async run(handler: RequestHandler, request: Dap.Request, signal: CancelSignal): ReturnType<RequestHandler> {
    const args: unknown = request.arguments ?? {};
    if (typeof args !== 'object' || args === null) {
      return failure('bad-arguments', {
        cause: `The arguments of "${request.command}" are no object.`,
        remedy: 'Send the arguments that the Debug Adapter Protocol describes for this request.',
      });
    }
    try {
      return await handler(this.state, args, signal);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.sendEvent('output', { category: 'stderr', output: `Ringside: "${request.command}" failed: ${text}\n` });
      return failure('internal', {
        cause: `"${request.command}" failed inside the debug adapter: ${text.split('\n')[0]!}.`,
        remedy: "The session goes on. Please report this with the debug console's output.",
      });
    }
  }

  private sendResponse(request: Dap.Request, body: unknown): void {
    this.host.send({
      type: 'response',
      seq: this.nextSequence++,
      request_seq: request.seq,
      command: request.command,
      success: true,
      ...(body === undefined ? {} : { body }),
    });
  }

  private sendFailure(request: Dap.Request, what: Failure): void {
    const format = `${what.cause} ${what.remedy}`;
    const response: Dap.ErrorResponse = {
      type: 'response',
      seq: this.nextSequence++,
      request_seq: request.seq,
      command: request.command,
      success: false,
      // DAP, `Response.message`: a word for programs where one is defined.
      message: what.id === CANCELLED ? CANCELLED : format,
      body: {
        error: {
          id: errorNumber(what.id),
          // The text may hold braces of its own: they are no variables.
          format: '{text}',
          showUser: request.command === 'launch',
          variables: { text: format, id: what.id },
        },
      },
    };
    this.host.send(response);
  }

  private sendEvent(event: string, body: unknown): void {
    if (this.ended) return;
    this.host.send({ type: 'event', seq: this.nextSequence++, event, ...(body === undefined ? {} : { body }) });
  }
}

function unsupported(command: string): Result<never> {
  return failure('unsupported-request', {
    cause: `The request "${command}" is not supported.`,
    remedy: 'The capabilities of the initialize response list what is.',
  });
}

function isRequest(message: unknown): message is Dap.Request {
  if (typeof message !== 'object' || message === null) return false;
  const { type, seq, command } = message as Record<string, unknown>;
  return type === 'request' && Number.isSafeInteger(seq) && typeof command === 'string';
}

/** DAP wants a number; a stable one from the failure's name. */
function errorNumber(id: string): number {
  let hash = 0;
  for (const c of id) hash = (hash * 31 + c.charCodeAt(0)) % 100_000;
  return 1000 + hash;
}

/**
 * A DAP client in the same process: requests as promises, events as a list one can wait in. No pipes, no timing.
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { performance } from 'node:perf_hooks';
import type { Scheduler } from '../../debug-adapter/execution/execution.ts';
import { MachinePark } from '../../debug-adapter/execution/machine-park.ts';
import { nodeFiles } from '../../debug-adapter/node-files.ts';
import type { CustomRequests } from '../../debug-adapter/protocol/custom-requests.ts';
import { Session } from '../../debug-adapter/protocol/session.ts';
import { createEmulatorTarget } from '../../debug-adapter/target/emulator-target.ts';
import { REPOSITORY } from './repository.ts';

/** Bodies are looked at by tests, which fail where something is not as they expect. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Body = Record<string, any>;

export const SCHEDULER: Scheduler = {
  now: () => performance.now(),
  defer: (callback, delayMs) => (delayMs >= 1 ? setTimeout(callback, delayMs) : setImmediate(callback)),
};

export class SessionClient {
  readonly events: Dap.Event[] = [];
  ended = false;
  private readonly session: Session;
  private readonly pending = new Map<number, (response: Dap.Response) => void>();
  private readonly waiters: { matches: (event: Dap.Event) => boolean; resolve: (event: Dap.Event) => void }[] = [];
  private nextSeq = 1;
  /** Events before this index have been waited for. */
  private seen = 0;

  /**
   * @param options park: where machines go that are left behind; one for several clients lets one attach to another's.
   * createTarget: where a test wants the machine itself, too
   */
  constructor({ park = new MachinePark(SCHEDULER), createTarget = createEmulatorTarget } = {}) {
    this.session = new Session({
      files: nodeFiles(REPOSITORY),
      scheduler: SCHEDULER,
      createTarget,
      park,
      attachAddress: () => Promise.resolve('127.0.0.1:4711'),
      send: (message) => this.receive(message),
      end: () => (this.ended = true),
    });
  }

  /** The whole response, whether it succeeded or not. */
  send(command: string, args?: unknown): Promise<Dap.Response> {
    const seq = this.nextSeq++;
    const answered = new Promise<Dap.Response>((resolve) => this.pending.set(seq, resolve));
    this.session.handleMessage({ seq, type: 'request', command, ...(args === undefined ? {} : { arguments: args }) });
    return answered;
  }

  /** The body of a response that has to succeed. */
  async request(command: string, args?: unknown): Promise<Body> {
    const response = await this.send(command, args);
    if (!response.success) throw new Error(`${command}: ${response.message ?? 'failed'}`);
    return (response.body as Body | undefined) ?? {};
  }

  async custom<R extends keyof CustomRequests>(
    command: R,
    args: CustomRequests[R]['arguments'],
  ): Promise<CustomRequests[R]['body']> {
    return (await this.request(command, args)) as CustomRequests[R]['body'];
  }

  /** Any message at all, as it would come off the wire. */
  raw(message: unknown): void {
    this.session.handleMessage(message);
  }

  /** The next event of that name after the last one waited for. */
  async event(name: string): Promise<Body> {
    const matches = (event: Dap.Event): boolean => event.event === name;
    const index = this.events.findIndex((event, i) => i >= this.seen && matches(event));
    if (index >= 0) {
      this.seen = index + 1;
      return (this.events[index]!.body as Body | undefined) ?? {};
    }
    const event = await new Promise<Dap.Event>((resolve) => this.waiters.push({ matches, resolve }));
    this.seen = this.events.indexOf(event) + 1;
    return (event.body as Body | undefined) ?? {};
  }

  /** initialize, launch, the given configuration, configurationDone. */
  launch(args: object, configure?: (client: this) => Promise<unknown>): Promise<void> {
    return this.begin('launch', args, configure);
  }

  /** The same for a machine that was left behind. */
  attach(args: object = {}, configure?: (client: this) => Promise<unknown>): Promise<void> {
    return this.begin('attach', args, configure);
  }

  private async begin(
    command: 'launch' | 'attach',
    args: object,
    configure: (client: this) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<void> {
    await this.request('initialize', {
      adapterID: 'ringside',
      clientID: 'test',
      linesStartAt1: true,
      columnsStartAt1: true,
      supportsInvalidatedEvent: true,
    });
    const launched = this.request(command, args);
    await Promise.race([this.event('initialized'), launched]);
    await configure(this);
    await this.request('configurationDone');
    await launched;
  }

  /** Runs with `command` to the next stop. */
  async resume(command: string, args: object): Promise<Body> {
    this.seen = this.events.length;
    const stopped = this.event('stopped');
    await this.request(command, args);
    return stopped;
  }

  async stack(threadId: number): Promise<Dap.StackFrame[]> {
    return (await this.request('stackTrace', { threadId }))['stackFrames'] as Dap.StackFrame[];
  }

  /** The variables of a scope as name → shown value. */
  async scope(frameId: number, name: string): Promise<Record<string, string>> {
    const variables = await this.scopeVariables(frameId, name);
    return Object.fromEntries(variables.map((v) => [v.name, v.value]));
  }

  async scopeVariables(frameId: number, name: string): Promise<Dap.Variable[]> {
    const { scopes } = (await this.request('scopes', { frameId })) as { scopes: Dap.Scope[] };
    const scope = scopes.find((s) => s.name === name);
    return scope ? this.variables(scope.variablesReference) : [];
  }

  async variables(variablesReference: number): Promise<Dap.Variable[]> {
    return (await this.request('variables', { variablesReference }))['variables'] as Dap.Variable[];
  }

  async evaluate(expression: string, frameId?: number, context = 'watch'): Promise<string> {
    return (await this.request('evaluate', { expression, frameId, context }))['result'] as string;
  }

  /** What the guest has printed so far. */
  console(): string {
    return this.events
      .filter((e) => e.event === 'output' && (e.body as Body)['category'] === 'stdout')
      .map((e) => (e.body as Body)['output'] as string)
      .join('');
  }

  async close(): Promise<void> {
    await this.send('disconnect');
  }

  private receive(message: Dap.Response | Dap.Event): void {
    if (message.type === 'response') {
      const response = message as Dap.Response;
      const resolve = this.pending.get(response.request_seq);
      if (!resolve) throw new Error(`A second response to ${response.command} (${response.request_seq}).`);
      this.pending.delete(response.request_seq);
      resolve(response);
      return;
    }
    const event = message as Dap.Event;
    this.events.push(event);
    const index = this.waiters.findIndex((w) => w.matches(event));
    if (index >= 0) this.waiters.splice(index, 1)[0]!.resolve(event);
  }
}

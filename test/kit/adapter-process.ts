/**
 * The debug adapter as an editor has it: a process of its own, spoken to over its stdio. Needs `npm run build`.
 *
 * Invariant: a response that nobody waits for, or a second one, is kept in `problems`.
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FrameDecoder } from '../../debug-adapter/protocol/framing.ts';
import { encodeMessage } from './encode-message.ts';
import { REPOSITORY } from './repository.ts';
import type { Body } from './session-client.ts';

export const ADAPTER = join(REPOSITORY, 'dist/adapter.cjs');

export class AdapterProcess {
  /** The exit code, or null where a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly problems: string[] = [];
  /** Everything the adapter has written to stderr. */
  stderr = '';
  private readonly child: ChildProcess;
  private readonly pending = new Map<number, { command: string; resolve: (response: Dap.Response) => void }>();
  private readonly waiters: { event: string; resolve: (body: Body) => void }[] = [];
  /** Events that nobody has waited for yet, but output. */
  private readonly early: Dap.Event[] = [];
  private nextSeq = 1;

  constructor() {
    const child = spawn(process.execPath, [ADAPTER], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child = child;
    this.exited = new Promise((resolve) => child.once('exit', resolve));
    const decoder = new FrameDecoder({
      onMessage: (message) => this.receive(message as Dap.Response | Dap.Event),
      onGarbage: (problem) => this.problems.push(problem),
    });
    child.stdout.on('data', (chunk: Uint8Array) => decoder.push(chunk));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    // Writing to an adapter that has gone is what some tests do.
    child.stdin.on('error', () => undefined);
  }

  get owed(): string[] {
    return [...this.pending.values()].map(({ command }) => command);
  }

  /** Bytes as they are. */
  write(bytes: Uint8Array): void {
    this.child.stdin!.write(bytes);
  }

  send(command: string, args?: unknown): Promise<Dap.Response> {
    const seq = this.nextSeq++;
    const answered = new Promise<Dap.Response>((resolve) => this.pending.set(seq, { command, resolve }));
    this.write(encodeMessage({ seq, type: 'request', command, ...(args === undefined ? {} : { arguments: args }) }));
    return answered;
  }

  /** The body of a response that has to succeed. */
  async request(command: string, args?: unknown): Promise<Body> {
    const response = await this.send(command, args);
    if (!response.success) throw new Error(`${command}: ${response.message ?? 'failed'}`);
    return (response.body as Body | undefined) ?? {};
  }

  /** The next event of that name that was not waited for yet. */
  event(event: string): Promise<Body> {
    const index = this.early.findIndex((early) => early.event === event);
    if (index >= 0) return Promise.resolve((this.early.splice(index, 1)[0]!.body as Body | undefined) ?? {});
    return new Promise((resolve) => this.waiters.push({ event, resolve }));
  }

  /** Runs with `command` to the next stop. */
  async resume(command: string, args: object): Promise<Body> {
    const stopped = this.event('stopped');
    await this.request(command, args);
    return stopped;
  }

  /** initialize, launch, the given configuration, configurationDone. */
  async launch(args: object, configure: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    await this.request('initialize', { adapterID: 'ringside', linesStartAt1: true, columnsStartAt1: true });
    const launched = this.request('launch', args);
    await this.event('initialized');
    await configure();
    await this.request('configurationDone');
    await launched;
  }

  async close(): Promise<void> {
    await this.send('disconnect');
    await this.exited;
  }

  /** The client goes without a word: its end of the pipe closes. */
  hangUp(): void {
    this.child.stdin!.end();
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** The largest resident set so far, in MiB; undefined where the process has ended (a zombie has no VmHWM) or where there is no /proc. */
  get peakMiB(): number | undefined {
    try {
      const kib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))?.[1];
      return kib === undefined ? undefined : Number(kib) / 1024;
    } catch {
      return undefined;
    }
  }

  private receive(message: Dap.Response | Dap.Event): void {
    if (message.type === 'response') {
      const { request_seq, command } = message as Dap.Response;
      const pending = this.pending.get(request_seq);
      if (pending?.command !== command)
        this.problems.push(`an answer to ${request_seq} ${command}, which is owed none`);
      this.pending.delete(request_seq);
      pending?.resolve(message as Dap.Response);
      return;
    }
    const { event, body } = message as Dap.Event;
    const index = this.waiters.findIndex((waiter) => waiter.event === event);
    if (index >= 0) this.waiters.splice(index, 1)[0]!.resolve((body as Body | undefined) ?? {});
    else if (event !== 'output') this.early.push(message as Dap.Event);
  }
}

/**
 * Random sessions, one after the other, against the session itself: no transport, and time that passes only by being
 * looked at, so that a seed is a session.
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import type { Scheduler } from '../../debug-adapter/execution/execution.ts';
import { MachinePark } from '../../debug-adapter/execution/machine-park.ts';
import type { FileSource } from '../../debug-adapter/launch/files.ts';
import { nodeFiles } from '../../debug-adapter/node-files.ts';
import { Session } from '../../debug-adapter/protocol/session.ts';
import type { Result } from '../../debug-adapter/result.ts';
import { createEmulatorTarget } from '../../debug-adapter/target/emulator-target.ts';
import { Random } from '../kit/random.ts';
import { REPOSITORY } from '../kit/repository.ts';
import { initializeArguments, launchArguments, randomGarbage, randomRequest, type Seen } from './fuzz-requests.ts';

const MESSAGES_PER_SESSION = 150;
const ANSWER_MS_MAX = 30_000;
const GOOD_PLACES = ['main', 'sys_page_alloc', 'kernel!sys_yield', 'env_run', 'sys_exofork', 'kernel!user_fault'];
/** What one session after the other may take of memory in all: what ended is let go. */
const RSS_MAX = 900 * 2 ** 20;
const RUNS = new Set(['goto', 'continue', 'next', 'stepIn', 'stepOut', 'restart', 'configurationDone', 'launch']);

/** Files are read once, so that what a session does depends on its seed only. */
const files = remembering(nodeFiles(REPOSITORY));

export interface Played {
  readonly messages: number;
  readonly sessions: number;
  readonly peakBytes: number;
}

/**
 * Plays sessions until `messages` have been sent; each has the next seed.
 * @throws with the seed and the last messages, where a request is answered twice or not at all, the session does not end,
 * something fails inside the adapter, or memory is not given back
 */
export async function playSessions(messages: number, seed: number): Promise<Played> {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): unknown => rejections.push(reason);
  process.on('unhandledRejection', onRejection);
  let sent = 0;
  let sessions = 0;
  let peakBytes = 0;
  try {
    for (; sent < messages; sessions++) {
      const session = new RandomSession(seed + sessions);
      try {
        sent += await session.play();
        if (rejections.length > 0) throw new Error(`unhandled: ${String(rejections[0])}`);
        peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
        if (peakBytes > RSS_MAX) throw new Error(`${peakBytes} bytes are resident`);
      } catch (error) {
        throw new Error(`seed ${seed + sessions}: ${(error as Error).message}\n${session.tail()}`, { cause: error });
      }
    }
  } finally {
    process.off('unhandledRejection', onRejection);
  }
  return { messages: sent, sessions, peakBytes };
}

class RandomSession {
  private readonly random: Random;
  private readonly session: Session;
  private readonly pending = new Map<number, string>();
  private readonly log: string[] = [];
  private readonly problems: string[] = [];
  private readonly seen: Seen = {
    threads: [1, 0x1000, 0x1001, 0, -1],
    frames: [0, 1],
    variables: [0, 1],
    names: ['eax', 'envid', 'no such'],
    targets: [0, 0xf0100000],
    memory: ['0xf0100000', 'kernel:0xf0101000', 'phys:0x00100000', 'env:1000:0x00800020', '0', '0xffffffff', 'x'],
  };
  private time = 0;
  /** Time passes by being looked at: slices are cut the same in every run. */
  private readonly scheduler: Scheduler = {
    now: () => (this.time += 0.5),
    defer: (callback) => setImmediate(callback),
  };
  private readonly park = new MachinePark(this.scheduler);
  private seq = 0;
  private lastSeq = 0;
  private ended = false;
  private terminated = false;
  /** Whether a `stopped` may come: a run has been answered since the last one. */
  private mayStop = false;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.session = new Session({
      files,
      scheduler: this.scheduler,
      createTarget: createEmulatorTarget,
      park: this.park,
      attachAddress: () => Promise.resolve('127.0.0.1:4711'),
      send: (message) => this.receive(message),
      end: () => (this.ended = true),
    });
  }

  /** @returns how many messages were sent */
  async play(): Promise<number> {
    const { random } = this;
    if (random.chance(95)) this.send('initialize', initializeArguments(random));
    if (random.chance(95)) this.send('launch', launchArguments(random));
    if (random.chance(80)) await this.answered();
    // Somewhere to stop, or most programs would have ended before the next message.
    if (random.chance(70)) this.send('setFunctionBreakpoints', { breakpoints: [{ name: random.pick(GOOD_PLACES) }] });
    if (random.chance(90)) this.send('configurationDone', {});
    const length = random.below(2 * MESSAGES_PER_SESSION);
    for (let i = 0; i < length; i++) {
      if (random.chance(4)) this.sendGarbage();
      else {
        const { command, arguments: args } = randomRequest(random, this.seen);
        this.send(command, args);
      }
      if (random.chance(60)) await this.answered();
      else if (random.chance(50)) await turn();
      if (this.problems.length > 0) break;
      if (random.chance(this.terminated ? 15 : 1)) break;
    }
    if (random.chance(30)) this.send('terminate', {});
    if (random.chance(20)) this.session.close();
    this.send(
      'disconnect',
      random.pick([
        {},
        { restart: true },
        { terminateDebuggee: true },
        { terminateDebuggee: false, suspendDebuggee: random.chance(50) },
      ]),
    );
    await this.answered();
    for (let i = 0; i < 5; i++) await turn();
    if (!this.ended) this.problems.push('disconnect did not end the session');
    this.park.close();
    if (this.problems.length > 0) throw new Error(this.problems.join('\n'));
    return this.seq;
  }

  tail(): string {
    return this.log.slice(-30).join('\n');
  }

  private send(command: string, args: unknown): void {
    const seq = ++this.seq;
    this.pending.set(seq, command);
    this.log.push(`→ ${seq} ${command} ${JSON.stringify(args)?.slice(0, 300)}`);
    this.session.handleMessage(JSON.parse(JSON.stringify({ seq, type: 'request', command, arguments: args })));
  }

  private sendGarbage(): void {
    const garbage = randomGarbage(this.random);
    this.log.push(`→ garbage ${JSON.stringify(garbage)?.slice(0, 300)}`);
    this.session.handleMessage(garbage);
  }

  /** Waits until nothing is owed. */
  private async answered(): Promise<void> {
    const deadline = performance.now() + ANSWER_MS_MAX;
    while (this.pending.size > 0) {
      await turn();
      if (performance.now() < deadline || this.pending.size === 0) continue;
      throw new Error(`not answered: ${[...this.pending].map(([seq, command]) => `${seq} ${command}`).join(', ')}`);
    }
  }

  private receive(message: Dap.Response | Dap.Event): void {
    const text = JSON.stringify(message);
    this.log.push(`← ${text.slice(0, 400)}`);
    if (message.seq <= this.lastSeq) this.problems.push(`sequence number ${message.seq} after ${this.lastSeq}`);
    this.lastSeq = message.seq;
    if (/failed inside the debug adapter|" failed: /.test(text)) this.problems.push(text.slice(0, 2000));
    if (message.type === 'event') this.receiveEvent(message as Dap.Event);
    else this.receiveResponse(message as Dap.Response);
  }

  private receiveResponse({ request_seq, command, success, body, message }: Dap.Response): void {
    if (this.pending.get(request_seq) !== command) this.problems.push(`a second answer to ${request_seq} ${command}`);
    this.pending.delete(request_seq);
    if (!success && !message) this.problems.push(`${command} failed without a message`);
    if (!success) return;
    if (RUNS.has(command)) this.mayStop = true;
    this.learn(body as unknown);
  }

  private receiveEvent({ event }: Dap.Event): void {
    if (this.ended) this.problems.push(`${event} after the end`);
    if (event === 'stopped') {
      if (!this.mayStop) this.problems.push('stopped without a run');
      if (this.terminated) this.problems.push('stopped after terminated');
      this.mayStop = false;
    }
    if (event === 'terminated') {
      if (this.terminated) this.problems.push('terminated twice');
      this.terminated = true;
    }
  }

  /** Remembers ids and references that later requests can use. */
  private learn(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    const { seen } = this;
    for (const [key, child] of Object.entries(value)) {
      if (key === 'threads') for (const { id } of child as Dap.Thread[]) remember(seen.threads, id);
      if (key === 'targets') for (const { id } of child as { id?: number }[]) if (id) remember(seen.targets, id);
      if (key === 'stackFrames') for (const { id } of child as Dap.StackFrame[]) remember(seen.frames, id);
      if (key === 'variablesReference' && child !== 0) remember(seen.variables, child as number);
      if (key === 'memoryReference' || key === 'instructionPointerReference' || key === 'address')
        if (typeof child === 'string') remember(seen.memory, child);
      if (key === 'name' && 'variablesReference' in value) remember(seen.names, child as string);
      this.learn(child);
    }
  }
}

/** The last few of each, so that most are still valid when they are used. */
function remember<T>(list: T[], item: T): void {
  if (list.includes(item)) return;
  list.push(item);
  if (list.length > 30) list.shift();
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function remembering(source: FileSource): FileSource {
  const guest = source.guestImage();
  const loaded = new Map<string, Promise<Result<Uint8Array>>>();
  return {
    read: (path) => source.read(path),
    guestImage: async () => {
      const image = await guest;
      if (!image.ok) return image;
      const load = (name: string): Promise<Result<Uint8Array>> => {
        const known = loaded.get(name) ?? image.value.load(name);
        loaded.set(name, known);
        return known;
      };
      return { ok: true, value: { ...image.value, load } };
    },
  };
}

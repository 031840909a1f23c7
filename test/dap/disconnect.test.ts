/** A client may leave at any point of a session: what it asked for is answered, and the session ends once. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { expect, test } from 'vitest';
import { nodeFiles } from '../../debug-adapter/node-files.ts';
import { MachinePark } from '../../debug-adapter/execution/machine-park.ts';
import { Session } from '../../debug-adapter/protocol/session.ts';
import { createEmulatorTarget } from '../../debug-adapter/target/emulator-target.ts';
import { REPOSITORY } from '../kit/repository.ts';
import { SCHEDULER } from '../kit/session-client.ts';

const files = nodeFiles(REPOSITORY);

//  what an editor sends from start to end
const SCRIPT: readonly (readonly [command: string, args: object])[] = [
  ['initialize', { adapterID: 'ringside' }],
  ['launch', { program: 'rustshim', console: 'none' }],
  ['setFunctionBreakpoints', { breakpoints: [{ name: 'sys_page_alloc' }] }],
  ['setExceptionBreakpoints', { filters: ['kernel-panic'] }],
  ['configurationDone', {}],
  ['threads', {}],
  ['pause', { threadId: 1 }],
  ['stackTrace', { threadId: 0x1000 }],
  ['scopes', { frameId: 1 }],
  ['variables', { variablesReference: 1 }],
  ['next', { threadId: 0x1000 }],
  ['stepOut', { threadId: 0x1000 }],
  ['continue', { threadId: 0x1000 }],
  ['evaluate', { expression: '$eip', context: 'repl' }],
  ['restart', {}],
  ['configurationDone', {}],
  ['disassemble', { memoryReference: '0xf0100000', instructionCount: 40 }],
  ['terminate', {}],
];

class Leaver {
  readonly problems: string[] = [];
  ends = 0;
  private readonly session: Session;
  private readonly pending = new Map<number, string>();
  private time = 0;
  private seq = 0;

  constructor() {
    this.session = new Session({
      files,
      scheduler: { now: () => (this.time += 0.5), defer: (callback) => setImmediate(callback) },
      createTarget: createEmulatorTarget,
      park: new MachinePark(SCHEDULER),
      attachAddress: () => Promise.resolve('127.0.0.1:4711'),
      send: (message) => this.receive(message),
      end: () => this.ends++,
    });
  }

  send(command: string, args: object): void {
    const seq = ++this.seq;
    this.pending.set(seq, command);
    this.session.handleMessage({ seq, type: 'request', command, arguments: args });
  }

  close(): void {
    this.session.close();
  }

  /** @returns what has not been answered */
  async settle(turns: number): Promise<string[]> {
    for (let turn = 0; turn < turns && this.pending.size > 0; turn++)
      await new Promise<void>((resolve) => setImmediate(resolve));
    return [...this.pending.values()];
  }

  private receive(message: Dap.Response | Dap.Event): void {
    if (message.type === 'event') {
      if (this.ends > 0) this.problems.push(`${(message as Dap.Event).event} after the end`);
      return;
    }
    const { request_seq, command } = message as Dap.Response;
    if (!this.pending.delete(request_seq)) this.problems.push(`a second answer to ${command}`);
  }
}

test.each([
  ['at once', 0],
  ['after each answer', 100_000],
])('a disconnect behind any request, sent %s', async (_when, turns) => {
  for (let length = 0; length <= SCRIPT.length; length++) {
    const client = new Leaver();
    for (const [command, args] of SCRIPT.slice(0, length)) {
      client.send(command, args);
      await client.settle(turns);
    }
    client.send('disconnect', {});
    expect(await client.settle(100_000), `after ${length} requests`).toEqual([]);
    expect({ ends: client.ends, problems: client.problems }, `after ${length} requests`).toEqual({
      ends: 1,
      problems: [],
    });
  }
});

test('a connection that closes behind any request: what was asked is answered, and nothing comes after that', async () => {
  for (let length = 0; length <= SCRIPT.length; length++) {
    const client = new Leaver();
    for (const [command, args] of SCRIPT.slice(0, length)) client.send(command, args);
    client.close();
    expect(await client.settle(100_000), `after ${length} requests`).toEqual([]);
    expect(client.problems, `after ${length} requests`).toEqual([]);
  }
});

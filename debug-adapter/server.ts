/**
 * The adapter on Node's streams: one session over stdio, or one for each connection to a TCP port of this machine.
 * Message plumbing is @vscode/debugadapter's `ProtocolServer`; framing is ours, because garbage must not end a session.
 *
 * Machines that a client leaves behind belong to the process: it lives until they have ended, and serves who attaches.
 */
import { ProtocolServer } from '@vscode/debugadapter/lib/protocol';
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { createServer, type Server } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Readable, Writable } from 'node:stream';
import type { Scheduler } from './execution/execution.ts';
import { MachinePark } from './execution/machine-park.ts';
import { nodeFiles } from './node-files.ts';
import { FrameDecoder, frameText } from './protocol/framing.ts';
import { Session, type SessionHost } from './protocol/session.ts';
import { createEmulatorTarget } from './target/emulator-target.ts';

const LOOPBACK = '127.0.0.1';

const SCHEDULER: Scheduler = {
  now: () => performance.now(),
  defer: (callback, delayMs) => {
    if (delayMs >= 1) setTimeout(callback, delayMs);
    else setImmediate(callback);
  },
};

/** Numbers messages and hands requests to the session. */
class SessionServer extends ProtocolServer {
  private readonly session: Session;

  constructor(host: Omit<SessionHost, 'send'>) {
    super();
    this.session = new Session({
      ...host,
      send: (message) => {
        if (message.type === 'response') this.sendResponse({ ...message, seq: 0 } as Dap.Response);
        else this.sendEvent(message as Dap.Event);
      },
    });
  }

  protected override dispatchRequest(request: Dap.Request): void {
    this.session.handleMessage(request);
  }

  receive(message: unknown): void {
    if (typeof message === 'object' && message !== null && (message as { type?: unknown }).type === 'request') {
      this.handleMessage(message as Dap.ProtocolMessage);
    } else {
      this.session.handleMessage(message);
    }
  }

  reportGarbage(problem: string): void {
    this.session.reportGarbage(problem);
  }

  close(): void {
    this.session.close();
  }
}

/** All sessions of a process, and the machines between two of them. */
export class AdapterServer {
  private readonly programFolder: string;
  private readonly onIdle: () => void;
  private readonly park: MachinePark;
  private sessions = 0;
  private listening: Promise<{ server: Server; port: number }> | undefined;

  /** @param onIdle the last session has ended and no machine is left: the process may end */
  constructor(programFolder: string, onIdle: () => void = () => undefined) {
    this.programFolder = programFolder;
    this.onIdle = onIdle;
    this.park = new MachinePark(SCHEDULER, () => this.checkIdle());
  }

  /** Serves one session over a pair of streams until the client goes away. */
  serveStreams(input: Readable, output: Writable, onEnd: () => void = () => undefined): void {
    let ended = false;
    this.sessions++;
    const end = (): void => {
      if (ended) return;
      ended = true;
      server.close();
      flush();
      onEnd();
      this.sessions--;
      this.checkIdle();
    };
    const server = new SessionServer({
      files: nodeFiles(this.programFolder),
      scheduler: SCHEDULER,
      createTarget: createEmulatorTarget,
      park: this.park,
      attachAddress: async () => `${LOOPBACK}:${(await this.listen(0)).port}`,
      end,
    });
    const decoder = new FrameDecoder({
      onMessage: (message) => server.receive(message),
      onGarbage: (problem) => server.reportGarbage(problem),
    });
    // A client asks for many things at once; what is ready at once goes out in one write.
    let frames = '';
    const flush = (): void => {
      if (frames !== '' && output.writable) output.write(frames);
      frames = '';
    };
    server.onDidSendMessage((message) => {
      if (ended) return;
      if (frames === '') process.nextTick(flush);
      frames += frameText(message as object, (text) => Buffer.byteLength(text));
    });
    input.on('data', (chunk: Uint8Array) => decoder.push(chunk));
    input.on('end', end);
    input.on('close', end);
    input.on('error', end);
    output.on('error', end);
  }

  /**
   * Serves a session to each client that connects. Loopback only: a debugger reads and writes whatever it is asked to.
   * @param port 0 for any free one; the port that is listened on already stays
   * @returns rejects with Node's error where the port cannot be had
   */
  listen(port: number): Promise<{ server: Server; port: number }> {
    return (this.listening ??= new Promise((resolve, reject) => {
      const server = createServer((socket) => {
        socket.setNoDelay(true);
        this.serveStreams(socket, socket, () => socket.end());
      });
      server.on('error', reject);
      server.listen(port, LOOPBACK, () => {
        const address = server.address();
        resolve({ server, port: typeof address === 'object' && address ? address.port : port });
      });
    }));
  }

  private checkIdle(): void {
    // A session that has just left a machine may still be answering.
    if (this.sessions === 0 && this.park.isEmpty) this.onIdle();
  }
}

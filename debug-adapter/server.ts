/**
 * The adapter on Node's streams: one session over stdio, or one for each connection to a TCP port of this machine.
 * Message plumbing is @vscode/debugadapter's `ProtocolServer`; framing is ours, because garbage must not end a session.
 */
import { ProtocolServer } from '@vscode/debugadapter/lib/protocol';
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { createServer, type Server } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Readable, Writable } from 'node:stream';
import { nodeFiles } from './node-files.ts';
import { encodeMessage, FrameDecoder } from './protocol/framing.ts';
import { Session } from './protocol/session.ts';
import { createEmulatorTarget } from './target/emulator-target.ts';

const LOOPBACK = '127.0.0.1';

/** Numbers messages and hands requests to the session. */
class SessionServer extends ProtocolServer {
  private readonly session: Session;

  constructor(programFolder: string, end: () => void) {
    super();
    this.session = new Session({
      files: nodeFiles(programFolder),
      scheduler: {
        now: () => performance.now(),
        defer: (callback, delayMs) => {
          if (delayMs >= 1) setTimeout(callback, delayMs);
          else setImmediate(callback);
        },
      },
      createTarget: createEmulatorTarget,
      send: (message) => {
        if (message.type === 'response') this.sendResponse({ ...message, seq: 0 } as Dap.Response);
        else this.sendEvent(message as Dap.Event);
      },
      end,
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

/** Serves one session over a pair of streams until the client goes away. */
export function serveStreams(input: Readable, output: Writable, programFolder: string, onEnd: () => void): void {
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    server.close();
    onEnd();
  };
  const server = new SessionServer(programFolder, end);
  const decoder = new FrameDecoder({
    onMessage: (message) => server.receive(message),
    onGarbage: (problem) => server.reportGarbage(problem),
  });
  server.onDidSendMessage((message) => {
    if (!ended && output.writable) output.write(encodeMessage(message as object));
  });
  input.on('data', (chunk: Uint8Array) => decoder.push(chunk));
  input.on('end', end);
  input.on('close', end);
  input.on('error', end);
  output.on('error', end);
}

/** Serves a session to each client that connects. Loopback only: a debugger reads and writes whatever it is asked to. */
export function servePort(port: number, programFolder: string, onListening: (port: number) => void): Server {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    serveStreams(socket, socket, programFolder, () => socket.end());
  });
  server.listen(port, LOOPBACK, () => {
    const address = server.address();
    onListening(typeof address === 'object' && address ? address.port : port);
  });
  return server;
}

/** The adapter as a program, driven by the standard test client: over stdio, and over a TCP port. */
import { DebugClient } from '@vscode/debugadapter-testsupport';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { lineWith, REPOSITORY, sourcePath } from '../kit/repository.ts';

const ADAPTER = join(REPOSITORY, 'dist/adapter.cjs');
const CLI = join(REPOSITORY, 'dist/cli.js');
const PAGE_RS = 'guest/kernel/src/syscall/page.rs';

beforeAll(() => {
  if (!existsSync(ADAPTER) || !existsSync(CLI)) throw new Error('Build first: npm run build.');
});

let client: DebugClient | undefined;
let server: ChildProcess | undefined;
afterEach(async () => {
  await client?.stop();
  server?.kill();
  client = undefined;
  server = undefined;
});

test('over stdio: a breakpoint in the kernel is hit where it was set', async () => {
  client = new DebugClient(process.execPath, ADAPTER, 'ringside');
  client.defaultTimeout = 20_000;
  await client.start();
  const line = lineWith(PAGE_RS, '// #page-alloc');
  await client.hitBreakpoint({ program: 'rustshim' }, { path: sourcePath(PAGE_RS), line });
});

test('over stdio: the program runs to its end, and the session ends with it', async () => {
  client = new DebugClient(process.execPath, ADAPTER, 'ringside');
  client.defaultTimeout = 20_000;
  await client.start();
  await Promise.all([
    client.configurationSequence(),
    client.launch({ program: 'hello' }),
    client.waitForEvent('terminated'),
    client.waitForEvent('exited').then((event) => expect(event.body).toEqual({ exitCode: 0 })),
    client.assertOutput('stdout', '6828 decimal is 15254 octal!\n'),
  ]);
});

test('over TCP: the port answers one session after the other, and garbage on the stream ends none of them', async () => {
  const port = await startServer();
  for (let session = 0; session < 2; session++) {
    client = new DebugClient(process.execPath, ADAPTER, 'ringside');
    client.defaultTimeout = 20_000;
    await client.start(port);
    await Promise.all([
      client.waitForEvent('stopped'),
      client.waitForEvent('initialized').then(() => client!.configurationDoneRequest()),
      client.launch({ program: 'hello', stopOnEntry: true }),
    ]);
    const { body } = await client.threadsRequest();
    expect(body.threads).toEqual([{ id: 1, name: 'kernel' }]);
    await client.stop();
    client = undefined;
  }
  const answers = await talk(port, [
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    frame('{"seq": 1, "type": "request", "command": '),
    frame(JSON.stringify({ seq: 2, type: 'request', command: 'initialize', arguments: { adapterID: 'x' } })),
  ]);
  expect(answers).toMatch(/"command":"initialize"[^\n]*"success":true|"success":true[^\n]*"command":"initialize"/);
  expect(answers).toMatch(/not JSON/);
});

test('over stdio: a machine that is left behind is attached to by its port, and the process ends with it', async () => {
  client = new DebugClient(process.execPath, ADAPTER, 'ringside');
  client.defaultTimeout = 20_000;
  await client.start();
  await Promise.all([
    client.configurationSequence(),
    client.launch({ program: 'spin' }),
    client.waitForEvent('initialized'),
  ]);
  let said = '';
  client.on('output', ({ body }: { body: { output: string } }) => (said += body.output));
  await client.disconnectRequest({ terminateDebuggee: false, suspendDebuggee: true });
  client = undefined;
  const port = Number(/Machine 1 \(spin\) stands still\. Attach to it at 127\.0\.0\.1:(\d+)\./.exec(said)?.[1]);
  expect(port, said).toBeGreaterThan(0);

  const second = new DebugClient(process.execPath, ADAPTER, 'ringside');
  second.defaultTimeout = 20_000;
  await second.start(port);
  await second.initializeRequest();
  await Promise.all([
    second.waitForEvent('stopped'),
    second.waitForEvent('initialized').then(() => second.configurationDoneRequest()),
    second.attachRequest({}),
  ]);
  const { body } = await second.threadsRequest();
  expect(body.threads[0]!.name).toMatch(/^(kernel$|spin )/);
  await second.disconnectRequest({ terminateDebuggee: true });
  await expect(connects(port)).resolves.toBe(false);
});

test('disconnecting at any moment ends the program', async () => {
  const adapter = spawn(process.execPath, [ADAPTER], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => adapter.once('exit', resolve));
  adapter.stdin.write(
    frame(JSON.stringify({ seq: 1, type: 'request', command: 'initialize', arguments: { adapterID: 'x' } })),
  );
  adapter.stdin.write(
    frame(JSON.stringify({ seq: 2, type: 'request', command: 'launch', arguments: { program: 'spin' } })),
  );
  adapter.stdin.write(frame(JSON.stringify({ seq: 3, type: 'request', command: 'configurationDone' })));
  await new Promise((resolve) => adapter.stdout.once('data', resolve));
  adapter.stdin.end();
  expect(await ended).toBe(0);
});

const frame = (body: string): string => `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** Whether a port still answers, asked until it does not or too long has passed. */
async function connects(port: number): Promise<boolean> {
  for (let tries = 0; tries < 200; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      }).on('error', () => resolve(false));
    });
    if (!open) return false;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return true;
}

function startServer(): Promise<number> {
  const child = spawn(process.execPath, [CLI, 'dap', '--port', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  server = child;
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const port = /127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.once('exit', () => reject(new Error(`The server ended: ${text}`)));
  });
}

/** Sends bytes and collects what comes back until an answer to `initialize` is there. */
function talk(port: number, messages: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => messages.forEach((message) => socket.write(message)));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (!text.includes('"command":"initialize"')) return;
      socket.destroy();
      resolve(text);
    });
    socket.once('error', reject);
  });
}

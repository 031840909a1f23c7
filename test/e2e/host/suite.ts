/**
 * The extension from inside the extension host: configurations, a session over VS Code's own debug API, custom requests.
 */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { CustomRequests } from '../../../debug-adapter/protocol/custom-requests.ts';

const TIMEOUT_MS = 60_000;

type Test = () => Promise<void>;
const tests: [string, Test][] = [];
const test = (name: string, run: Test): void => void tests.push([name, run]);

/** Called by the extension host. Rejects when a test fails. */
export async function run(): Promise<void> {
  let failed = 0;
  for (const [name, body] of tests) {
    try {
      await within(body(), name);
      console.log(`ok ${name}`);
    } catch (error) {
      failed++;
      console.log(`not ok ${name}\n# ${(error as Error).stack ?? String(error)}`);
    }
    await endSession();
    vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
  }
  console.log(`${tests.length - failed} passed, ${failed} failed`);
  if (failed > 0) throw new Error(`${failed} failed`);
}

test('the extension is there and activates', async () => {
  const extension = vscode.extensions.getExtension('ringside.ringside');
  assert.ok(extension, 'ringside.ringside is not installed');
  await extension.activate();
  assert.ok(extension.isActive);
});

test('a function breakpoint in sys_page_alloc stops run-rustshim; stack, heap and page tables can be read', async () => {
  vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint('kernel!sys_page_alloc')]);
  const stopped = nextStop();
  assert.ok(await vscode.debug.startDebugging(undefined, configuration('rustshim')));
  const { session, threadId } = await stopped;
  const { stackFrames } = (await session.customRequest('stackTrace', { threadId })) as {
    stackFrames: { name: string }[];
  };
  const names = stackFrames.map((frame) => frame.name);
  assert.match(names[0]!, /sys_page_alloc$/);
  assert.ok(
    names.some((name) => name.startsWith('sys_page_alloc(')),
    `no label in ${names.join(' | ')}`,
  );
  assert.ok(
    names.some((name) => /rustshim::main$/.test(name)),
    `no main in ${names.join(' | ')}`,
  );
  const { environments } = (await session.customRequest(
    'ringside/environments',
  )) as CustomRequests['ringside/environments']['body'];
  assert.equal(environments.length, 1);
  assert.equal(environments[0]!.program, 'rustshim');
  const { ranges } = (await session.customRequest('ringside/pageTables', {
    threadId,
  })) as CustomRequests['ringside/pageTables']['body'];
  assert.ok(ranges.some((range) => range.region === 'program'));
});

test('disconnected and suspended, the machine stands where it stood when it is attached to again', async () => {
  vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint('kernel!sys_page_alloc')]);
  const stopped = nextStop();
  assert.ok(await vscode.debug.startDebugging(undefined, configuration('rustshim')));
  await stopped;
  const gone = ended();
  await vscode.commands.executeCommand('workbench.action.debug.disconnectAndSuspend');
  await gone;
  vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
  const again = nextStop();
  assert.ok(await vscode.debug.startDebugging(undefined, { type: 'ringside', request: 'attach', name: 'attach' }));
  const { session, threadId } = await again;
  const { stackFrames } = (await session.customRequest('stackTrace', { threadId })) as {
    stackFrames: { name: string }[];
  };
  assert.match(stackFrames[0]!.name, /sys_page_alloc$/);
  const over = ended();
  await session.customRequest('disconnect', { terminateDebuggee: true });
  await over;
});

test('a wrong argument is said with its remedy, and nothing starts', async () => {
  // Where tests run, the editor refuses to open a modal dialog and throws what it would have said.
  await assert.rejects(
    Promise.resolve(vscode.debug.startDebugging(undefined, { ...configuration('rustshim'), memory: 'much' })),
    /run-rustshim: "memory" takes a number of MiB\. Correct the configuration/,
  );
  assert.equal(vscode.debug.activeDebugSession, undefined);
});

test('without breakpoints the program runs to its end', async () => {
  const over = ended();
  assert.ok(await vscode.debug.startDebugging(undefined, configuration('hello')));
  await over;
});

/** The end of the next session that ends. */
function ended(): Promise<void> {
  return new Promise((resolve) => {
    const subscription = vscode.debug.onDidTerminateDebugSession(() => {
      subscription.dispose();
      resolve();
    });
  });
}

/** Stops what still runs, and waits until the editor has let go of it. */
async function endSession(): Promise<void> {
  if (!vscode.debug.activeDebugSession) return;
  const gone = new Promise<void>((resolve) => {
    const subscription = vscode.debug.onDidChangeActiveDebugSession((session) => {
      if (session) return;
      subscription.dispose();
      resolve();
    });
  });
  await vscode.debug.stopDebugging();
  if (vscode.debug.activeDebugSession) await gone;
}

function configuration(program: string): vscode.DebugConfiguration {
  return { type: 'ringside', request: 'launch', name: `run-${program}`, program };
}

/** The next `stopped` event of a Ringside session. */
function nextStop(): Promise<{ session: vscode.DebugSession; threadId: number }> {
  return new Promise((resolve) => {
    const subscription = vscode.debug.registerDebugAdapterTrackerFactory('ringside', {
      createDebugAdapterTracker: (session) => ({
        onDidSendMessage: (message: { type: string; event?: string; body?: { threadId: number } }) => {
          if (message.type !== 'event' || message.event !== 'stopped') return;
          subscription.dispose();
          resolve({ session, threadId: message.body!.threadId });
        },
      }),
    });
  });
}

async function within(work: Promise<void>, name: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`"${name}" took longer than ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

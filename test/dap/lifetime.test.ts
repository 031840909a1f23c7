/** A session may be restarted all day: nothing of the machines before stays. */
import { expect, test } from 'vitest';
import { collectGarbage } from '../kit/collect-garbage.ts';
import { SessionClient } from '../kit/session-client.ts';

/** `RINGSIDE_RESTARTS=200` takes longer. */
const RESTARTS = Number(process.env['RINGSIDE_RESTARTS'] ?? 50);
const MIB = 1024 * 1024;

/**
 * What is still held in MiB: objects, and memory outside of V8's heap. That is given back by threads of V8's own, which on a
 * busy machine are late: it is collected until nothing more is given back for a while.
 */
async function held(): Promise<{ heap: number; external: number }> {
  let least = { heap: Infinity, external: Infinity };
  for (let unchanged = 0; unchanged < 3;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    unchanged = external < least.external * MIB ? 0 : unchanged + 1;
    if (unchanged === 0) least = { heap: heapUsed / MIB, external: external / MIB };
  }
  return least;
}

test(`${RESTARTS} restarts with stops, frames and variables keep nothing`, async () => {
  const client = new SessionClient();
  const restartAndLook = async (): Promise<void> => {
    const { threadId } = await client.resume('restart', {});
    const [top] = await client.stack(threadId as number);
    await client.scope(top!.id, 'Locals');
    client.events.length = 0;
  };
  await client.launch({ program: 'hello' }, () =>
    client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'hello::main' }] }),
  );
  await client.event('stopped');
  for (let i = 0; i < 20; i++) await restartAndLook();
  const before = await held();
  for (let i = 0; i < RESTARTS - 20; i++) await restartAndLook();
  const after = await held();
  expect(after.heap - before.heap).toBeLessThan(4);
  // One machine has 32 MiB of memory: a second one may be waiting for the collector.
  expect(after.external - before.external).toBeLessThan(70);
  await client.close();
});

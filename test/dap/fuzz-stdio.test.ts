/**
 * The adapter as a process, over its real stdio: frames cut anywhere, garbage between them, requests while it runs, and a
 * client that leaves at any point. Every request is answered once, and the process ends by itself,
 * after the answers where the client says so.
 *
 * `RINGSIDE_FUZZ_SESSIONS=n` plays that many sessions, `RINGSIDE_FUZZ_SEED=n` begins with that seed.
 */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ADAPTER, AdapterProcess } from '../kit/adapter-process.ts';
import { encodeMessage } from '../kit/encode-message.ts';
import { Random } from '../kit/random.ts';
import { initializeArguments, launchArguments, randomRequest, type Seen } from './fuzz-requests.ts';

const SESSIONS = Number(process.env['RINGSIDE_FUZZ_SESSIONS'] ?? 6);
const SEED = Number(process.env['RINGSIDE_FUZZ_SEED'] ?? 1);
const PEAK_MIB_MAX = 600;
const END_MS_MAX = 60_000;

/** Answers are not looked at, so these are guesses; many are right. */
const SEEN: Seen = {
  threads: [1, 0x1000, 0x1001, 0],
  frames: [1, 2, 3, 4, 40],
  variables: [1, 2, 3, 4, 5, 6, 60],
  names: ['eax', 'envid', 'no such'],
  memory: ['0xf0100000', 'phys:0x00100000', 'env:1000:0x00800020', 'x'],
  targets: [0, 0xf0100000],
};

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** Bytes that are no message, but leave the next frame where it can be found. */
function garbage(random: Random): Uint8Array {
  const body = random.pick(['{', 'null', '[]', '7', '{"seq": 1, "type": "request", "command": ', '\u0000\u0001', '']);
  return random.pick([
    ascii(`Content-Length: ${body.length}\r\n\r\n${body}`),
    ascii('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    ascii('Content-Length: many\r\n\r\n'),
    ascii('Content-Length: -5\r\n\r\n'),
    ascii('Content-Length: 99999999999\r\n\r\n'),
    ascii('Content-Type: x\r\n\r\n'),
    ascii('\r\n\r\n'),
    ascii(`${'x'.repeat(random.below(9000))}\r\n\r\n`),
    Uint8Array.from({ length: random.below(200) }, () => random.below(256) | 128),
  ]);
}

/** In pieces of any size. */
function writeCut(adapter: AdapterProcess, random: Random, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    const size = random.chance(50) ? bytes.length : 1 + random.below(40);
    adapter.write(bytes.subarray(at, at + size));
    at += size;
  }
}

test(
  'frames cut anywhere with garbage between them: each request is answered once, and leaving ends the process',
  async () => {
    expect(existsSync(ADAPTER), 'Build first: npm run build.').toBe(true);
    let [peak, requests] = [0, 0];
    for (let seed = SEED; seed < SEED + SESSIONS; seed++) {
      const random = new Random(seed * 7919);
      const adapter = new AdapterProcess();
      const context = `seed ${seed}`;
      const answers: Promise<unknown>[] = [];
      const send = (command: string, args: unknown): void => {
        if (random.chance(15)) writeCut(adapter, random, garbage(random));
        answers.push(adapter.send(command, args));
      };
      send('initialize', initializeArguments(random));
      send('launch', launchArguments(random));
      send('setFunctionBreakpoints', { breakpoints: [{ name: 'sys_page_alloc' }, { name: 'main' }] });
      send('configurationDone', {});
      for (let count = random.below(150); count > 0; count--) {
        const { command, arguments: args } = randomRequest(random, SEEN);
        send(command, args);
        if (random.chance(25)) await Promise.race([Promise.all(answers), later(2000)]);
      }
      if (random.chance(50)) await Promise.race([Promise.all(answers), later(5000)]);
      requests += answers.length;
      // While it lives: nothing of a process that has left can be measured.
      peak = Math.max(peak, adapter.peakMiB ?? 0);
      const leaving = random.pick(['disconnect', 'hang up', 'hang up in a frame', 'disconnect and hang up'] as const);
      if (leaving.startsWith('disconnect')) {
        send('disconnect', {});
        if (leaving === 'disconnect') {
          await within(Promise.all(answers), () => `${context}: not answered: ${adapter.owed.join(', ')}`);
          expect(adapter.owed, context).toEqual([]);
        }
      }
      if (leaving === 'hang up in a frame') adapter.write(encodeMessage({ seq: 1 }).subarray(0, 1 + random.below(20)));
      if (leaving !== 'disconnect') adapter.hangUp();
      expect(await within(adapter.exited, () => `${context}: did not end after ${leaving}`), context).toBe(0);
      expect(adapter.problems, context).toEqual([]);
      expect(adapter.stderr, context).toBe('');
    }
    if (process.platform === 'linux') expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(PEAK_MIB_MAX);
    if (process.env['RINGSIDE_FUZZ_SESSIONS'] !== undefined)
      console.log(`${SESSIONS} processes, ${requests} requests; at most ${Math.round(peak)} MiB resident in each`);
  },
  60_000 + SESSIONS * 20_000,
);

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function within<T>(promise: Promise<T>, problem: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(problem())), END_MS_MAX);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Random sessions: whatever a client sends and whenever, each request is answered once and the session goes on.
 * A small sample; `npm run fuzz` sends 100,000 messages. `RINGSIDE_FUZZ_SEED=n` begins with that session.
 */
import { expect, test } from 'vitest';
import { REQUESTS } from '../../debug-adapter/protocol/request-table.ts';
import { COMMANDS } from './fuzz-requests.ts';
import { playSessions } from './random-session.ts';

const MESSAGES = Number(process.env['RINGSIDE_FUZZ'] ?? 800);
const SEED = Number(process.env['RINGSIDE_FUZZ_SEED'] ?? 1);

test('every request of the request table is among those sent', () => {
  expect(Object.keys(REQUESTS).filter((command) => !COMMANDS.has(command))).toEqual([]);
});

test(
  'whatever is sent and whenever, each request is answered once, and nothing fails inside the adapter',
  async () => {
    const { messages } = await playSessions(MESSAGES, SEED);
    expect(messages).toBeGreaterThanOrEqual(MESSAGES);
  },
  Math.max(180_000, MESSAGES * 50),
);

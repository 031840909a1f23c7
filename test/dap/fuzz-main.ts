/** Plays random sessions: the number of messages and the first seed are the arguments. Bundled by scripts/fuzz.mjs. */
import { playSessions } from './random-session.ts';

const [messages, seed] = process.argv.slice(2).map(Number) as [number, number];
const start = performance.now();
const played = await playSessions(messages, seed);
console.log(
  `${played.messages} messages in ${played.sessions} sessions, seeds from ${seed}: ` +
    `${Math.round((performance.now() - start) / 1000)} s, at most ${Math.round(played.peakBytes / 2 ** 20)} MiB resident`,
);

/**
 * A sample of what `npm run conformance:sequences` runs by the million: random sequences, in flat and in
 * segmented 16- and 32-bit code, interpreted and translated, end on the emulated processor as on this machine's own.
 */
import { expect, test } from 'vitest';
import { Random } from '../../unit/cpu/random.ts';
import { ofKnownProcessor } from './known-processor.ts';
import { openSequenceHost } from './sequence-host.ts';
import { SequenceComparison } from './sequences.ts';

const SEQUENCES = 10_000;
/** Of what differs; all of it would be megabytes. */
const SHOWN = 5;
const SEED = 0x5eed;

test('random sequences of integer, x87, MMX and SSE instructions end as on this machine’s processor', () => {
  const opened = ofKnownProcessor(openSequenceHost);
  if ('missing' in opened) {
    console.log(`not compared: ${opened.missing}`);
    return;
  }
  const random = new Random(SEED);
  const comparison = new SequenceComparison(opened.host, random);
  const differences = comparison.batch(SEQUENCES).map(({ kind, text }) => `${kind}: ${text}`);
  expect(differences.slice(0, SHOWN), random.seedText).toEqual([]);
  expect(comparison.translated).toBeGreaterThan(SEQUENCES * 1.5);
  expect(comparison.threaded).toBeGreaterThan(SEQUENCES);
  expect(comparison.passed).toBeGreaterThan(SEQUENCES * 0.99);
});

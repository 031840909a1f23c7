/**
 * A sample of what `npm run conformance:sequences` runs by the million: random sequences of integer instructions, in
 * flat and in segmented 16- and 32-bit code, end on the emulated processor as on this machine's own.
 */
import { expect, test } from 'vitest';
import { Random } from '../../unit/cpu/random.ts';
import { openSequenceHost } from './sequence-host.ts';
import { SequenceComparison } from './sequences.ts';

const SEQUENCES = 20_000;
const SEED = 0x5eed;
const TRANSLATED_EACH = 10;

test('random sequences of integer instructions end as on this machine’s processor', () => {
  const opened = openSequenceHost();
  if ('missing' in opened) {
    console.log(`not compared: ${opened.missing}`);
    return;
  }
  const random = new Random(SEED);
  const comparison = new SequenceComparison(opened.host, random, TRANSLATED_EACH);
  const differences = comparison.batch(SEQUENCES).map(({ kind, text }) => `${kind}: ${text}`);
  expect(differences, random.seedText).toEqual([]);
  expect(comparison.translated).toBeGreaterThan(SEQUENCES / TRANSLATED_EACH);
  expect(comparison.passed).toBeGreaterThan(SEQUENCES * 0.99);
});

/**
 * Damaged files: every question gets an answer, a warning or a failure with cause and remedy, never an exception, and
 * takes time and memory in proportion to the file.
 *
 * `RINGSIDE_FUZZ_FILES=20000` damages that many files in all, `RINGSIDE_FUZZ_SEED=n` begins with that seed.
 */
import { afterAll, expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import { askEverything, countReads, openFile, questionsFor } from './ask-everything.ts';
import { elf, elfBytes, fixtureNames, guestNames } from './kit.ts';
import { mutate } from './mutate.ts';

const FILES = Number(process.env['RINGSIDE_FUZZ_FILES'] ?? 0);
const SEED = Number(process.env['RINGSIDE_FUZZ_SEED'] ?? 1);
/** A damaged file may make more reading than the sound one: wrong turns are taken before they are known to be wrong. */
const READS_TIMES = 20;
const READS_FREE = 2_000_000;
/** A hang, on any machine. */
const MS_MAX = 30_000;
/** The test runner, the sound files, garbage not yet collected: and so many times the largest file. */
const RSS_FREE = 1000 * 2 ** 20;
const RSS_PER_BYTE = 100;

const victims = [...fixtureNames, ...guestNames].map((name) => ({ name, sizeBytes: elfBytes(name).length }));
/** As many runs as take about the same time for each file. */
const weightOf = (sizeBytes: number): number => Math.max(1, Math.min(30, Math.round(2_000_000 / sizeBytes)));
const weights = victims.reduce((sum, { sizeBytes }) => sum + weightOf(sizeBytes), 0);

let peak = 0;
let total = 0;
afterAll(() => {
  if (FILES > 0) console.log(`${total} files, seeds from ${SEED}; at most ${Math.round(peak / 2 ** 20)} MiB resident`);
});

test.each(victims)(
  '$name',
  ({ name, sizeBytes }) => {
    const runs = FILES > 0 ? Math.ceil((FILES * weightOf(sizeBytes)) / weights) : Math.ceil(weightOf(sizeBytes) / 2);
    const victim = { bytes: elfBytes(name), sections: elf(name).sections };
    const sound = openFile(victim.bytes)!;
    const readsSound = countReads(() => askEverything(sound, questionsFor(sound, new Random(0))));
    for (let seed = SEED; seed < SEED + runs; seed++) {
      const random = new Random(seed);
      const questions = questionsFor(sound, random);
      const { bytes, what } = mutate(victim, random);
      const started = performance.now();
      let reads = 0;
      try {
        reads = countReads(() => {
          const info = openFile(bytes);
          if (info !== undefined) askEverything(info, questions);
        });
      } catch (error) {
        throw new Error(`${name}, seed ${seed} (${what}): ${String(error)}`, { cause: error });
      }
      const context = `${name}, seed ${seed} (${what})`;
      expect(reads, `${context}: numbers read`).toBeLessThan(READS_TIMES * readsSound + READS_FREE);
      expect(performance.now() - started, `${context}: ms`).toBeLessThan(MS_MAX);
      peak = Math.max(peak, process.memoryUsage.rss());
      expect(peak, `${context}: bytes resident`).toBeLessThan(RSS_FREE + RSS_PER_BYTE * sizeBytes);
    }
    total += runs;
  },
  3_600_000,
);

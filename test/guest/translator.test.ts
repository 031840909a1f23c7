/** Guest programs with and without the translator: the same state at every count looked at, in whatever slices. */
import { expect, test } from 'vitest';
import { Random } from '../unit/cpu/random.ts';
import { bootGuest } from '../kit/guest.ts';

const MEMORY_BYTES = 16 << 20;

//  program       instructions looked at, after how many
const RUNS = [
  ['rustshim', 4_000_000, 0],
  ['forktree', 2_000_000, 3_000_000],
  ['primes', 3_000_000, 6_000_000],
  ['faultalloc', 2_000_000, 3_000_000],
] as const;

test.each(RUNS)('%s', (program, instructions, from) => {
  const random = new Random(0x51ce);
  const plain = bootGuest(program, MEMORY_BYTES, false);
  // So eager that nearly all of it is translated, and often.
  const translated = bootGuest(program, MEMORY_BYTES, { hotness: 300, batch: 16 });
  let count = from;
  for (let check = 0; check < 24; check++) {
    count += 1 + random.below(Math.floor(instructions / 12));
    const stop = plain.run(count, false);
    while (translated.instructionCount < count) {
      const slice = translated.instructionCount + 1 + random.below(200_000);
      if (translated.run(Math.min(slice, count), false).reason !== 'limit') break;
    }
    expect(translated.run(count, false), `count ${count}`).toEqual(stop);
    expect(translated.stateHash(), `count ${count}, ${random.seedText}`).toBe(plain.stateHash());
    if (stop.reason !== 'limit') break;
  }
  expect(translated.cpu.translator!.executed).toBeGreaterThan(instructions / 10);
});

test('a snapshot of a run with translated code goes on without, and the other way', () => {
  const translated = bootGuest('heaptest', MEMORY_BYTES, { hotness: 300 });
  const plain = bootGuest('heaptest', MEMORY_BYTES, false);
  translated.run(3_000_000);
  plain.restore(translated.save());
  expect(plain.stateHash()).toBe(translated.stateHash());
  plain.run(4_000_000);
  translated.run(4_000_000);
  expect(plain.stateHash()).toBe(translated.stateHash());
  translated.restore(plain.save());
  translated.run(5_000_000);
  plain.run(5_000_000);
  expect(translated.stateHash()).toBe(plain.stateHash());
});

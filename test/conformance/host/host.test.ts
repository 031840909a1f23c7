/**
 * A sample of what `npm run conformance:host` runs by the million: random floating-point and SIMD instructions end on
 * the emulated processor as on this machine's own.
 */
import { expect, test } from 'vitest';
import { Random } from '../../unit/cpu/random.ts';
import { EmulatedCpu } from './emulated-cpu.ts';
import { openHostCpu } from './host-cpu.ts';
import { ofKnownProcessor } from './known-processor.ts';
import { units } from './units.ts';

const CASES = 3_000;
const SEED = 0x5eed;

test.each(units)('$name: random instructions end as on this machine’s processor', (unit) => {
  const opened = ofKnownProcessor(() => openHostCpu(unit.memoryBytes));
  if ('missing' in opened) {
    console.log(`not compared: ${opened.missing}`);
    return;
  }
  const random = new Random(SEED);
  const cases = Array.from({ length: CASES }, () => unit.make(random));
  const emulated = new EmulatedCpu(unit.memoryBytes);
  const failures: string[] = [];
  opened.host.run(cases).forEach((theirs, index) => {
    const differences = unit.differences(cases[index], emulated.run(cases[index]), theirs);
    if (differences.length > 0) failures.push(`${unit.describe(cases[index])}: ${differences.join('; ')}`);
  });
  expect(failures, random.seedText).toEqual([]);
});

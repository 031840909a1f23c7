/**
 * `npm run conformance:host -- [COUNT] [SEED] [UNIT]`: random instructions on this machine's processor and on the emulated one.
 * Prints each kind of difference once per instruction and ends with `N passed, M failed`.
 */
import { Random } from '../../unit/cpu/random.ts';
import { EmulatedCpu } from './emulated-cpu.ts';
import { openHostCpu } from './host-cpu.ts';
import { units } from './units.ts';

const [count = '1000000', seed = '1', only] = process.argv.slice(2);
const BATCH = 5_000;
const SHOWN = 3;

let passed = 0;
let failed = 0;
for (const unit of units.filter(({ name }) => only === undefined || name === only)) {
  const opened = openHostCpu(unit.memoryBytes);
  if ('missing' in opened) {
    console.log(`not run: ${opened.missing}`);
    process.exit(0);
  }
  const emulated = new EmulatedCpu(unit.memoryBytes);
  const random = new Random(Number(seed));
  const shown = new Map<string, number>();
  for (let done = 0; done < Number(count); done += BATCH) {
    const cases = Array.from({ length: Math.min(BATCH, Number(count) - done) }, () => unit.make(random));
    const outcomes = opened.host.run(cases);
    cases.forEach((one, index) => {
      const differences = unit.differences(one, emulated.run(one), outcomes[index]);
      if (differences.length === 0) {
        passed++;
        return;
      }
      failed++;
      const kind = unit.kindOf(one);
      const times = (shown.get(kind) ?? 0) + 1;
      shown.set(kind, times);
      if (times <= SHOWN) console.log(`${kind}: ${differences.join('; ')}\n    ${unit.describe(one)}`);
    });
  }
  for (const [kind, times] of shown) if (times > SHOWN) console.log(`${kind}: ${times} times`);
}
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;

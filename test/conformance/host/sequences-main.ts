/**
 * `npm run conformance:sequences -- [INSTRUCTIONS] [SEED]`: random instruction sequences on this machine's processor and on the
 * emulated one. Prints each kind of difference a few times and ends with `N passed, M failed`.
 */
import { Random } from '../../unit/cpu/random.ts';
import { openSequenceHost } from './sequence-host.ts';
import { SequenceComparison } from './sequences.ts';

const [wanted = '10000000', seed = '1'] = process.argv.slice(2);
const BATCH = 5_000;
const SHOWN = Number(process.env.SHOWN ?? 3);

const opened = openSequenceHost();
if ('missing' in opened) {
  console.log(`not run: ${opened.missing}`);
} else {
  const comparison = new SequenceComparison(opened.host, new Random(Number(seed)));
  const shown = new Map<string, number>();
  while (comparison.instructions < Number(wanted)) {
    for (const { kind, text } of comparison.batch(BATCH)) {
      const times = (shown.get(kind) ?? 0) + 1;
      shown.set(kind, times);
      if (times <= SHOWN) console.log(`${kind}: ${text}`);
    }
  }
  for (const [kind, times] of shown) console.log(`${kind}: ${String(times)} times`);
  console.log([...comparison.dropped].map(([reason, count]) => `not compared, ${reason}: ${String(count)}`).join('\n'));
  console.log(
    `endings: ${[...comparison.endings]
      .sort((a, b) => a[0] - b[0])
      .map(([vector, count]) => `${String(vector)}: ${String(count)}`)
      .join(', ')}`,
  );
  console.log(
    `${String(comparison.instructions)} instructions in ${String(comparison.passed + comparison.failed)} sequences`,
  );
  console.log(
    `${String(comparison.translated)} instructions by translated code, ${String(comparison.threaded)} by threaded handlers`,
  );
  console.log(`${String(comparison.passed)} passed, ${String(comparison.failed)} failed`);
  if (comparison.failed > 0) process.exitCode = 1;
}

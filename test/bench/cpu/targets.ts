/** What the processor should reach, and what was measured: a row each. */
import type { Entry } from '../history.ts';
import { INTERPRETED, interpreterRow } from './interpreter.ts';
import { PROBED, probesRow } from './probes.ts';
import { geometricMean, ratiosOf, worstOf, type EngineName } from './ratios.ts';

type Results = Entry['results'];

export interface Target {
  readonly target: string;
  /** `1.07; slowest run-once, 1.60`; undefined: not measured. */
  readonly measured: string | undefined;
  readonly met: boolean;
}

export function targets(results: Results): readonly Target[] {
  return [
    ours(results, 'icount', 'faster than QEMU with -icount on the mean, at most 1.5 times its time on each', 1, 1.5),
    ours(results, 'tcg', "at most 1.2 times the time of QEMU's TCG on the mean", 1.2, Infinity),
    ours(results, 'v86', 'at most half of the time of v86 on the mean, and slower than it on none', 0.5, 1),
    interpreter(results),
    probes(results),
    memory(results),
  ];
}

/** Our time relative to an engine's: the mean and the slowest stay below their limits. */
function ours(results: Results, engine: EngineName, target: string, meanMax: number, worstMax: number): Target {
  const ratios = ratiosOf(results, 'ringside', engine);
  if (ratios.length === 0) return { target, measured: undefined, met: false };
  const mean = geometricMean(ratios.map(({ value }) => value));
  const worst = worstOf(ratios);
  const over = ratios.filter(({ value }) => value > worstMax).length;
  return {
    target,
    measured:
      `${times(mean)}; slowest ${worst.name}, ${times(worst.value)}` +
      (over > 0 ? `; ${over} of ${ratios.length} above ${worstMax}` : ''),
    met: mean <= meanMax && worst.value <= worstMax,
  };
}

function interpreter(results: Results): Target {
  const target = 'the interpreter alone: 80 million instructions a second on the mean';
  const speeds = figures(results, INTERPRETED, interpreterRow);
  if (speeds.length === 0) return { target, measured: undefined, met: false };
  const mean = geometricMean(speeds.map(({ value }) => value));
  const slowest = speeds.reduce((least, one) => (one.value < least.value ? one : least));
  return {
    target,
    measured: `${mean.toFixed(1)}; slowest ${slowest.name}, ${slowest.value.toFixed(1)}`,
    met: mean >= 80,
  };
}

function probes(results: Results): Target {
  const target =
    '20 breakpoints and 2 data breakpoints that never hit: less than 5 % of time added on the mean, on other pages';
  const places = (['elsewhere', 'beside'] as const).map((where) => {
    const added = figures(results, PROBED, (name) => probesRow(name, where));
    if (added.length === 0) return undefined;
    const mean = (geometricMean(added.map(({ value }) => 1 + value / 100)) - 1) * 100;
    const worst = worstOf(added);
    return { mean, text: `${mean.toFixed(1)} %, worst ${worst.name}, ${worst.value.toFixed(1)} %` };
  });
  const [elsewhere, beside] = places;
  if (elsewhere === undefined || beside === undefined) return { target, measured: undefined, met: false };
  return {
    target,
    measured: `on other pages ${elsewhere.text}; on the hot pages ${beside.text}`,
    met: elsewhere.mean < 5,
  };
}

function memory(results: Results): Target {
  const target = "at most 100 MB of memory beyond the guest's RAM, after a long run of all workloads";
  const peak = results['soak-peak'];
  if (peak === undefined) return { target, measured: undefined, met: false };
  return { target, measured: `${peak.median.toFixed(0)} MB at its highest`, met: peak.median <= 100 };
}

function figures(
  results: Results,
  cases: readonly { readonly name: string }[],
  row: (name: string) => string,
): readonly { name: string; value: number }[] {
  return cases.flatMap(({ name }) => {
    const figure = results[row(name)];
    return figure === undefined ? [] : [{ name, value: figure.median }];
  });
}

export const times = (ratio: number): string => ratio.toFixed(2);

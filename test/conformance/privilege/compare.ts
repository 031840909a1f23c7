/** Compares a kernel's lines here with an oracle's, where what may differ is said by reasons. */
import type { Oracle } from './kernels.ts';

export interface Deviation<Outcome> {
  readonly reason: string;
  readonly of: readonly Oracle[];
  /** @returns `theirs`, as like `ours` as the reason makes it; the same object if it does not */
  forgive(theirs: Outcome, ours: Outcome): Outcome;
}

export interface Comparison {
  /** Pairs of lines no reason explains. */
  readonly unexplained: string[];
  /** How often each reason was needed. */
  readonly explained: Map<string, number>;
}

/** How a kernel's lines are read, and what is forgiven. */
export interface Outcomes<Outcome> {
  readonly parse: (line: string) => Outcome;
  readonly deviations: readonly Deviation<Outcome>[];
}

export function compareLines<Outcome>(
  oracle: Oracle,
  theirLines: readonly string[],
  ourLines: readonly string[],
  { parse, deviations }: Outcomes<Outcome>,
): Comparison {
  const same = (a: Outcome, b: Outcome): boolean => JSON.stringify(a) === JSON.stringify(b);
  const unexplained: string[] = [];
  const explained = new Map<string, number>();
  ourLines.forEach((line, index) => {
    const theirLine = theirLines[index] ?? '';
    if (line === theirLine) return;
    const ours = parse(line);
    let theirs = parse(theirLine);
    const used: string[] = [];
    for (const deviation of deviations) {
      if (!deviation.of.includes(oracle) || same(theirs, ours)) continue;
      const forgiven = deviation.forgive(theirs, ours);
      if (forgiven !== theirs) used.push(deviation.reason);
      theirs = forgiven;
    }
    if (same(theirs, ours)) for (const reason of used) explained.set(reason, (explained.get(reason) ?? 0) + 1);
    else unexplained.push(`${oracle} ${theirLine}\nours  ${line}`);
  });
  return { unexplained, explained };
}

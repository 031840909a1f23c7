/** The figures of the comparison, from a line of history: times relative to each other, and means of them. */
import type { Entry } from '../history.ts';
import { CASES } from './cases.ts';
import { rowName } from './comparison.ts';

type Results = Entry['results'];
export type EngineName = 'ringside' | 'tcg' | 'icount' | 'v86';

/** Seconds of processor time, the least of the runs. */
export const secondsOf = (results: Results, name: string, engine: EngineName): number | undefined =>
  results[rowName(name, engine)]?.min;

/** How long `engine` takes, `other` being 1. Undefined where one of them was not measured. */
export function ratioOf(results: Results, name: string, engine: EngineName, other: EngineName): number | undefined {
  const [ours, theirs] = [secondsOf(results, name, engine), secondsOf(results, name, other)];
  return ours === undefined || theirs === undefined ? undefined : ours / theirs;
}

/** The ratios of all cases that have one, with the case's name. */
export function ratiosOf(
  results: Results,
  engine: EngineName,
  other: EngineName,
): readonly { name: string; value: number }[] {
  return CASES.flatMap(({ name }) => {
    const value = ratioOf(results, name, engine, other);
    return value === undefined ? [] : [{ name, value }];
  });
}

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** The largest, and whose it is. */
export const worstOf = <T extends { readonly value: number }>(values: readonly T[]): T =>
  values.reduce((worst, one) => (one.value > worst.value ? one : worst));

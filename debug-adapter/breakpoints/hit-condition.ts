/**
 * Hit conditions: how many hits of a breakpoint are passed by.
 *
 *   5, == 5    the fifth hit only          >= 5, > 4   from the fifth hit on
 *   < 5, <= 5  the first hits              % 3         every third hit
 */
import { failure, success, type Result } from '../result.ts';

export type HitCondition = (hits: number) => boolean;

const OPERATORS: Readonly<Record<string, (hits: number, n: number) => boolean>> = {
  '': (hits, n) => hits === n,
  '=': (hits, n) => hits === n,
  '==': (hits, n) => hits === n,
  '>=': (hits, n) => hits >= n,
  '>': (hits, n) => hits > n,
  '<': (hits, n) => hits < n,
  '<=': (hits, n) => hits <= n,
  '%': (hits, n) => hits % n === 0,
};

export function parseHitCondition(text: string): Result<HitCondition> {
  const match = /^\s*(>=|<=|==|=|>|<|%|)\s*(\d{1,15})\s*$/.exec(text);
  const n = Number(match?.[2]);
  const test = match && OPERATORS[match[1]!]!;
  const remedy = 'Write a number of hits, such as 5, >= 5 or % 3.';
  if (!test) return failure('hit-condition', { cause: `"${text}" is not a hit count.`, remedy });
  // Each operator that is ever true is so at one of these.
  if (![1, n, n + 1].some((hits) => hits > 0 && test(hits, n)))
    return failure('hit-condition', { cause: `"${text}" holds at no hit: the first is number 1.`, remedy });
  return success((hits) => test(hits, n));
}

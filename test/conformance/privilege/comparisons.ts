/** How each kernel's lines are compared: which fields they have, and what is forgiven. */
import { a20Outcomes } from './a20-outcomes.ts';
import { apicOutcomes } from './apic-outcomes.ts';
import { caseOutcomes } from './case-outcomes.ts';
import type { Comparison, Outcomes } from './compare.ts';
import { compareLines } from './compare.ts';
import type { Oracle } from './kernels.ts';
import { pagingOutcomes, tlbOutcomes } from './paging-outcomes.ts';
import { portOutcomes } from './port-outcomes.ts';
import { switchOutcomes } from './switch-outcomes.ts';
import { taskOutcomes } from './task-outcomes.ts';

interface KernelComparison {
  compare(oracle: Oracle, theirLines: readonly string[], ourLines: readonly string[]): Comparison;
  reasons(oracle: Oracle): string[];
}

function comparison<Outcome>(outcomes: Outcomes<Outcome>): KernelComparison {
  return {
    compare: (oracle, theirLines, ourLines) => compareLines(oracle, theirLines, ourLines, outcomes),
    reasons: (oracle) => outcomes.deviations.filter(({ of }) => of.includes(oracle)).map(({ reason }) => reason),
  };
}

export const comparisons: Readonly<Record<string, KernelComparison>> = {
  virtual: comparison(caseOutcomes),
  transfers: comparison(caseOutcomes),
  segments: comparison(caseOutcomes),
  paging: comparison(pagingOutcomes),
  tlb: comparison(tlbOutcomes),
  tasks: comparison(taskOutcomes),
  apic: comparison(apicOutcomes),
  a20: comparison(a20Outcomes),
  ports: comparison(portOutcomes),
  switches: comparison(switchOutcomes),
};

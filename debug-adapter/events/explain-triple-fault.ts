/**
 * A shutdown in words: each exception of the chain, and why its delivery failed.
 * Intel SDM Vol. 3A, "Interrupt 8—Double Fault Exception (#DF)"; Vol. 2, "INT n", for what a delivery goes through.
 */
import type { DecodeInstruction, Story } from '../execution/stop-report.ts';
import { readTss } from '../target/descriptor-tables.ts';
import type { TargetFault } from '../target/target.ts';
import { vectorName } from '../target/vectors.ts';
import { factsOf, faultHeadline, faultStory } from './explain-fault.ts';
import { brokenRule } from './explain-selector.ts';
import { factsNow, hex, type FaultSource } from './fault-facts.ts';

const DF = 8;
const PF = 14;
const TSS_BYTES = 104;
/** What a delivery pushes, at most: it looks just below the stack's top. */
const PUSHED_BYTES = 40;

/** One line for the stopped event. */
export function tripleFaultHeadline(source: FaultSource, chain: readonly TargetFault[]): string {
  const first = chain[0];
  const said = first ? faultHeadline(source, { ...factsNow(source.target, first) }) : '';
  const steps = deliveries(source, chain).map(({ fault, why }) => `${vectorName(fault.vector)} (${why})`);
  const at = first ? ` at ${hex(first.eip)}` : '';
  return `Triple fault: ${[said + at, ...steps].join(', then ')}. The machine is held before the reset.`;
}

/** The last fault, with those before it inside. */
export function tripleFaultStory(source: FaultSource, chain: readonly TargetFault[], decode: DecodeInstruction): Story {
  const [first, ...rest] = chain;
  const lines = first ? [`${vectorName(first.vector)} at ${hex(first.eip)}.`] : [];
  let story = first && faultStory(source, factsNow(source.target, first), decode);
  deliveries(source, chain).forEach(({ fault, why }, i) => {
    const line = `${vectorName(rest[i]!.vector)}: ${why}.`;
    lines.push(line);
    const facts = { ...factsNow(source.target, fault), ...factsOf(fault) };
    story = {
      id: vectorName(fault.vector),
      headline: `${faultHeadline(source, facts)}: ${why}`,
      lines: [line],
      ...(story ? { inner: story } : {}),
    };
  });
  lines.push('#DF could not be delivered either: the processor shuts down.');
  return {
    id: 'Triple fault',
    headline: tripleFaultHeadline(source, chain),
    lines,
    ...(story ? { inner: story } : {}),
  };
}

/** Every fault but the first, and what went wrong. */
function deliveries(source: FaultSource, chain: readonly TargetFault[]): { fault: TargetFault; why: string }[] {
  return chain.slice(1).map((fault, i) => {
    const before = chain[i]!;
    if (fault.vector === DF) return { fault, why: 'because the two together are a double fault' };
    return { fault, why: `delivering ${vectorName(before.vector)} failed: ${deliveryFailure(source, fault)}` };
  });
}

/** What a delivery stumbled over, by the fault that it raised. */
function deliveryFailure({ target }: FaultSource, fault: TargetFault): string {
  if (fault.vector === PF && fault.cr2 !== undefined)
    return `${placeInDelivery({ target }, fault.cr2)} is not accessible`;
  return (
    brokenRule(target, { ...factsNow(target, fault), cpl: 0 }) ??
    'the gate leads to code or a stack that cannot be used'
  );
}

function placeInDelivery({ target }: Pick<FaultSource, 'target'>, address: number): string {
  const inside = (base: number, bytes: number): boolean => address >= base && address - base < bytes;
  const at = hex(address);
  if (inside(target.readRegister('idtrBase'), target.readRegister('idtrLimit') + 1)) return `the IDT at ${at}`;
  if (inside(target.readRegister('gdtrBase'), target.readRegister('gdtrLimit') + 1)) return `the GDT at ${at}`;
  const tss = readTss(target);
  if (tss && inside(tss.base, TSS_BYTES)) return `the TSS at ${at}`;
  const tops = [tss?.fields.find(({ name }) => name === 'esp0')?.value, target.readRegister('esp')];
  if (tops.some((top) => top !== undefined && inside(top - PUSHED_BYTES, PUSHED_BYTES)))
    return `the kernel stack at ${at}`;
  return `memory at ${at}`;
}

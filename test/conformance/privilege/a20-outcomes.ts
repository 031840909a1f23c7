/**
 * The lines of a20.S, and what of an oracle's line may differ from ours, each with its reason.
 *
 * Invariant: a deviation forgives only what its reason speaks of; what is left must be the same.
 */
import type { Outcomes } from './compare.ts';

interface Step {
  /** Operation, page or ring, line and its way. */
  readonly setting: string;
  /** EAX; or vector, error code and CR2. */
  readonly result: string;
}

interface Outcome {
  readonly id: string;
  readonly mode: string;
  readonly steps: readonly Step[];
  readonly written: string;
  /** A (1) and D (2) of the entries. */
  readonly flags: readonly number[];
}

const [ACCESSED, DIRTY] = [1, 2];
/** Of an error code. */
const WRITE = 2;
const FAULT = /^0e(..)(.{8})$/;
/** Operations that read and write. */
const [ADD, XCHG] = ['2', '5'];
const FETCH_OVER_THE_END = '9';

function parse(line: string): Outcome {
  const [id = '', text = ''] = line.split(' ');
  const fields = text.split('.');
  const [written = '', flags = ''] = fields.slice(7);
  const steps = [1, 3, 5].map((at) => ({ setting: fields[at] ?? '', result: fields[at + 1] ?? '' }));
  return { id, mode: fields[0], steps, written, flags: (flags.match(/./g) ?? []).map(Number) };
}

const operation = ({ setting }: Step): string => setting.charAt(0);
const faults = ({ result }: Step): boolean => FAULT.test(result);

/** The fault of a write in the place of the same one of a read; XCHG's over two pages may then be in the other one. */
function asWrite(their: Step, our: Step): Step {
  const [, theirCode, theirAddress] = FAULT.exec(their.result) ?? [];
  const [, ourCode, ourAddress] = FAULT.exec(our.result) ?? [];
  if (theirCode === undefined || ourCode === undefined) return their;
  if (operation(our) === XCHG) return our;
  const written = (parseInt(theirCode, 16) | WRITE) === parseInt(ourCode, 16);
  return operation(our) === ADD && written && theirAddress === ourAddress ? our : their;
}

export const a20Outcomes: Outcomes<Outcome> = {
  parse,
  deviations: [
    {
      reason:
        'SDM Vol. 3A, "Operations that Invalidate TLBs and Paging-Structure Caches": Bochs keeps an instruction over the end of a page though its second half is elsewhere now',
      of: ['bochs'],
      forgive: (theirs, ours) => {
        const kept = (their: Step, n: number): boolean =>
          operation(their) === FETCH_OVER_THE_END &&
          theirs.steps
            .slice(0, n)
            .some((step) => operation(step) === FETCH_OVER_THE_END && step.result === their.result);
        const steps = theirs.steps.map((their, n) => (kept(their, n) ? ours.steps[n] : their));
        return steps.some(({ result }, n) => result !== theirs.steps[n].result) ? { ...theirs, steps } : theirs;
      },
    },
    {
      reason:
        'SDM Vol. 3A, "Page-Fault Exceptions": W/R is set when a read-modify-write faults, as processors do; QEMU reads first, over two pages both',
      of: ['qemu'],
      forgive: (theirs, ours) => {
        const steps = theirs.steps.map((their, n) => asWrite(their, ours.steps[n]));
        return steps.some((step, n) => step !== theirs.steps[n] && step.result !== theirs.steps[n].result)
          ? { ...theirs, steps }
          : theirs;
      },
    },
    {
      reason:
        'SDM Vol. 3A, "Accessed and Dirty Flags": QEMU marks a PDE accessed though its PTE ends the translation, and a page though only the read of a read-modify-write is allowed',
      of: ['qemu'],
      forgive: (theirs, ours) => {
        if (!ours.steps.some(faults)) return theirs;
        // XCHG has made its first page dirty by then.
        const both = ours.steps.some((step) => faults(step) && operation(step) === XCHG) ? ACCESSED | DIRTY : 0;
        const forgiven = (flags: number, mine: number): boolean =>
          flags === (mine | ACCESSED) || (flags | both) === (mine | both);
        const flags = theirs.flags.map((their, n) => (forgiven(their, ours.flags[n]) ? ours.flags[n] : their));
        return flags.some((one, n) => one !== theirs.flags[n]) ? { ...theirs, flags } : theirs;
      },
    },
  ],
};

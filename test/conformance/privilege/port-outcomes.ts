/**
 * What of an oracle's line of ports.S may differ from ours, each with its reason.
 *
 * Invariant: a deviation forgives only what its reason speaks of; what is left must be the same.
 */
import { type Outcome, parse, takeUpperFlags } from './case-outcomes.ts';
import type { Outcomes } from './compare.ts';

const RF = 0x1_0000;
const ENABLED_BITS = 0xf;
/** Code of a case is below, `debug_stub` above. */
const KERNEL = 0x10_0000;
const REPEATED = 'R';
const WITHOUT_DE = 'D';

/** What the handler of #DB finds: ECX, EIP, CS, EFLAGS; undefined when another thing ended the case. */
interface Trap {
  readonly count: number;
  readonly eip: number;
}

function trapOf({ eip, memory }: Outcome): Trap | undefined {
  if (eip < KERNEL) return undefined;
  const at = new Map(memory.map((change) => change.split(':') as [string, string]));
  const [count, saved] = at.has('3a') ? ['3a', '3b'] : ['f2', 'f3'];
  return { count: parseInt(at.get(count) ?? '0', 16), eip: parseInt(at.get(saved) ?? '0', 16) };
}

const all = (ours: Outcome): Outcome => ours;

export const portOutcomes: Outcomes<Outcome> = {
  parse,
  deviations: [
    {
      reason: 'SDM Vol. 3B, "Debug Control Register (DR7)": without CR4.DE, R/W = 10 is undefined; in QEMU it breaks',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        ours.id.startsWith(WITHOUT_DE) && trapOf(theirs) !== undefined && (theirs.dr6 & ENABLED_BITS & ~ours.dr6) !== 0
          ? all(ours)
          : theirs,
    },
    {
      reason:
        'SDM Vol. 3B, "Data Memory and I/O Breakpoint Exception Conditions": a breakpoint is met by an access; in Bochs by a REP of no iteration, too',
      of: ['bochs'],
      forgive: (theirs, ours) =>
        ours.id.startsWith(REPEATED) && trapOf(theirs)?.count === 0 && trapOf(ours) === undefined ? all(ours) : theirs,
    },
    {
      reason:
        'SDM Vol. 3B, "Data Memory and I/O Breakpoint Exception Conditions": REP stops after the iteration; QEMU goes on behind the instruction, and has not counted',
      of: ['qemu'],
      forgive: (theirs, ours) => {
        const [their, our] = [trapOf(theirs), trapOf(ours)];
        return ours.id.startsWith(REPEATED) &&
          their !== undefined &&
          our !== undefined &&
          their.count === our.count + 1 &&
          theirs.dr6 === ours.dr6
          ? all(ours)
          : theirs;
      },
    },
    {
      reason: 'SDM Vol. 3B, "RF flag": a trap between two iterations of a string instruction pushes RF set',
      of: ['bochs'],
      forgive: (theirs, ours) => (ours.id.startsWith(REPEATED) ? takeUpperFlags(theirs, ours, RF) : theirs),
    },
    {
      reason:
        'SDM Vol. 3B, "Instruction-Breakpoint Exception Condition": RF is cleared after each instruction and set in the image a fault pushes; QEMU does neither',
      of: ['qemu'],
      forgive: (theirs, ours) => takeUpperFlags(theirs, ours, RF),
    },
    {
      reason: 'a port whose address is not aligned reads as zeros in QEMU',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        ['ffffffff', '5757ffff'].includes(ours.eax) && theirs.eax === ours.eax.replaceAll('f', '0')
          ? { ...theirs, eax: ours.eax }
          : theirs,
    },
    {
      reason:
        'SDM Vol. 3B, "Debug Status Register (DR6)": B0-B3 "may or may not be set if the breakpoint is not enabled"; Bochs sets them, we do not',
      of: ['bochs'],
      forgive: (theirs, ours) =>
        theirs.dr6 !== ours.dr6 &&
        (theirs.dr6 & ~ENABLED_BITS) === (ours.dr6 & ~ENABLED_BITS) &&
        (ours.dr6 & ~theirs.dr6) === 0
          ? { ...theirs, dr6: ours.dr6 }
          : theirs,
    },
  ],
};

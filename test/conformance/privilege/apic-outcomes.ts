/**
 * The lines of apic.S, and what of an oracle's line may differ from ours, each with its reason.
 *
 * Invariant: a deviation forgives only what its reason speaks of; what is left must be the same.
 */
import type { Outcomes } from './compare.ts';

interface Outcome {
  readonly id: string;
  readonly fields: readonly string[];
}

const MASKED = 0x1_0000;
/** Of what came of a timer: its vector is in IRR. */
const REQUESTED = 2;

/** Of an R line: read back after a write, or one of the two at its end. */
const LVT_ENTRY = /^(3[2567]0:)?.{8}$/;

function parse(line: string): Outcome {
  const [id = '', text = ''] = line.split(' ');
  return { id, fields: text.split('.') };
}

/** `theirs` with what `forgive` makes of its fields. */
function eachField(theirs: Outcome, forgive: (field: string, index: number) => string): Outcome {
  const fields = theirs.fields.map(forgive);
  return fields.join('.') === theirs.fields.join('.') ? theirs : { ...theirs, fields };
}

export const apicOutcomes: Outcomes<Outcome> = {
  parse,
  deviations: [
    {
      reason:
        'SDM Vol. 3A, "Local APIC State After It Has Been Software Disabled": the mask bits are set and stay so; QEMU sets none',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        eachField(theirs, (field, n) => {
          const [their, mine] = [field.slice(-8), ours.fields[n].slice(-8)];
          const masked = ((parseInt(their, 16) | MASKED) >>> 0).toString(16).padStart(8, '0');
          return LVT_ENTRY.test(field) && masked === mine ? ours.fields[n] : field;
        }),
    },
    {
      reason: 'SDM Vol. 3A, "Local APIC ID": software can write it on P6 processors; in Bochs it cannot',
      of: ['bochs'],
      forgive: (theirs, ours) =>
        eachField(theirs, (field, n) =>
          theirs.id.startsWith('R') && field === '020:00000000' && ours.fields[n].startsWith('020:')
            ? ours.fields[n]
            : field,
        ),
    },
    {
      reason:
        'SDM Vol. 3A, "Spurious Interrupt": left open when one comes; Bochs delivers one for each request that a higher TPR took back',
      of: ['bochs'],
      forgive: (theirs, ours) =>
        theirs.id.startsWith('I')
          ? eachField(theirs, (field, n) => (ours.fields[n].includes('ff/') ? field : field.replace(/ff\//, '/')))
          : theirs,
    },
    {
      reason: 'SDM Vol. 3A, "Local Vector Table": a masked timer requests nothing; Bochs does',
      of: ['bochs'],
      forgive: (theirs, ours) =>
        theirs.id.startsWith('T') && (parseInt(ours.fields[0], 16) & MASKED) !== 0
          ? eachField(theirs, (field, n) =>
              n === 1 && parseInt(field, 16) === (parseInt(ours.fields[1], 16) | REQUESTED) ? ours.fields[1] : field,
            )
          : theirs,
    },
  ],
};

/**
 * The lines of switches.S, and what of an oracle's line may differ from ours, each with its reason.
 *
 * Invariant: a deviation forgives only what its reason speaks of; what is left must be the same.
 */
import type { Outcomes } from './compare.ts';

interface Outcome {
  readonly id: string;
  /** Mode, way, ring, whether CR3 stays; then where the TSSs begin. */
  readonly setting: string;
  readonly vector: string;
  readonly errorCode: string;
  readonly address: number;
  readonly eip: string;
  readonly cs: string;
  readonly eflags: number;
  readonly eax: string;
  readonly tr: string;
  readonly space: string;
  readonly types: string;
  readonly savedEip: string;
  readonly savedEflags: number;
  readonly link: string;
  /** Of both TSSs' pages in the first space; of those of the second task in the second. */
  readonly first: readonly number[];
  readonly second: readonly number[];
}

const PF = '0e';
const RF = 0x1_0000;
const [ACCESSED, DIRTY] = [0x20, 0x40];
const [FIRST_TASK, SECOND_TASK] = ['50', '58'];
const [FIRST_TSS, SECOND_TSS, TSS_END] = [0x40_0000, 0x41_0000, 0x41_2000];
/** Of a TSS: EIP to GS, and what is read first. */
const SAVED = { start: 0x20, end: 0x5e };
const CR3 = 0x1c;
/** Where an error code is pushed. */
const PUSHED = 0x42_07fc;
const [LDT, LDT_END] = [0x44_0000, 0x44_1000];
/** Of `second`. */
const LDT_PAGE = 4;
const hex = (digits: string | undefined): number => parseInt(digits ?? '0', 16);
const bytes = (text = ''): number[] => (text.match(/../g) ?? []).map(hex);

function parse(line: string): Outcome {
  const [id = '', text = ''] = line.split(' ');
  const [
    mode = '',
    offsets = '',
    end = '',
    address,
    eip = '',
    cs = '',
    eflags,
    eax = '',
    tr = '',
    space = '',
    ...rest
  ] = text.split('.');
  const [types = '', savedEip = '', savedEflags, link = '', first, second] = rest;
  return {
    id,
    setting: `${mode}.${offsets}`,
    vector: end.slice(0, 2),
    errorCode: end.slice(2),
    address: hex(address),
    eip,
    cs,
    eflags: hex(eflags),
    eax,
    tr,
    space,
    types,
    savedEip,
    savedEflags: hex(savedEflags),
    link,
    first: bytes(first),
    second: bytes(second),
  };
}

const onTss = ({ vector, address, tr }: Outcome): boolean =>
  vector === PF && tr === FIRST_TASK && address >= FIRST_TSS && address < TSS_END;

const same = (theirs: readonly number[], ours: readonly number[], but: number): boolean =>
  theirs.every((entry, n) => (entry & ~but) === (ours[n] & ~but));

export const switchOutcomes: Outcomes<Outcome> = {
  parse,
  deviations: [
    {
      reason:
        'SDM Vol. 3A, "Task Switching", leaves open in which order the fields of both TSSs are accessed before the switch: which page faults first, at which field, and what has been marked accessed by then',
      of: ['qemu', 'bochs'],
      forgive: (theirs, ours) =>
        onTss(theirs) && onTss(ours) && same(theirs.first, ours.first, ACCESSED | DIRTY)
          ? { ...theirs, errorCode: ours.errorCode, address: ours.address, first: ours.first }
          : theirs,
    },
    {
      reason:
        'SDM Vol. 3A, "Task Switching": a fault before the new task is there leaves the old one as it was; Bochs has cleared its busy flag',
      of: ['bochs'],
      forgive: (theirs, ours) =>
        onTss(ours) && ours.types.startsWith('8b') && theirs.types === `89${ours.types.slice(2)}`
          ? { ...theirs, types: ours.types }
          : theirs,
    },
    {
      reason:
        'the manual does not say how wide the write is that marks a descriptor accessed: a dword here, a byte there',
      of: ['bochs'],
      forgive: (theirs, ours) =>
        ours.tr === SECOND_TASK && ours.address === LDT + 4 && theirs.address === LDT + 5
          ? { ...theirs, address: ours.address }
          : theirs,
    },
    {
      reason:
        'SDM Vol. 3A, "Task Switching": the old TSS is written from EIP to GS; QEMU writes to all of its pages, and fails where it cannot',
      of: ['qemu'],
      forgive: (theirs, ours) => {
        const at = theirs.address - FIRST_TSS - hex(ours.setting.slice(5, 8));
        if (onTss(theirs) && !onTss(ours) && at >= 0 && (at < SAVED.start || at >= SAVED.end)) return ours;
        return same(theirs.first, ours.first, ACCESSED | DIRTY) ? { ...theirs, first: ours.first } : theirs;
      },
    },
    {
      reason:
        'the manual leaves open whether what comes before CR3 in the new TSS is looked at: here and in Bochs it is, in QEMU not',
      of: ['qemu'],
      forgive: (theirs, ours) => {
        const at = ours.address - SECOND_TSS - hex(ours.setting.slice(8));
        return onTss(ours) && at >= 0 && at < CR3 && !onTss(theirs) ? ours : theirs;
      },
    },
    {
      reason:
        'SDM Vol. 3A, "Task Switching": a fault before the new task is there leaves the old one as it was; QEMU has saved into its TSS when the link faults',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        onTss(theirs) && onTss(ours) && ours.savedEip === '00000000' && theirs.savedEip !== ours.savedEip
          ? { ...theirs, savedEip: ours.savedEip, savedEflags: ours.savedEflags }
          : theirs,
    },
    {
      reason:
        'SDM Vol. 3A, "Access Rights": what CPL 3 of the new task pushes is the user\'s access; in QEMU the error code is not',
      of: ['qemu'],
      forgive: (theirs, ours) => (ours.vector === PF && ours.address === PUSHED ? ours : theirs),
    },
    {
      reason: 'SDM Vol. 3A, "Code- and Data-Segment Descriptor Types": loading a selector sets the accessed bit',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        ours.address === LDT + 4
          ? ours
          : ours.second[LDT_PAGE] === (theirs.second[LDT_PAGE] | DIRTY)
            ? { ...theirs, second: theirs.second.with(LDT_PAGE, ours.second[LDT_PAGE]) }
            : theirs,
    },
    {
      reason:
        'SDM Vol. 3A, "Task Switching": once the new task is there, EIP is its own; in QEMU it is still the old one\'s',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        ours.vector === PF &&
        ours.tr === SECOND_TASK &&
        ours.address >= LDT &&
        ours.address < LDT_END &&
        theirs.eip !== ours.eip
          ? { ...theirs, eip: ours.eip }
          : theirs,
    },
    {
      reason: 'SDM Vol. 3B, "Instruction-Breakpoint Exception Condition": a fault sets RF in the image; QEMU does not',
      of: ['qemu'],
      forgive: (theirs, ours) => {
        const eflags = (theirs.eflags | RF) === ours.eflags ? ours.eflags : theirs.eflags;
        const savedEflags = (theirs.savedEflags | RF) === ours.savedEflags ? ours.savedEflags : theirs.savedEflags;
        return eflags !== theirs.eflags || savedEflags !== theirs.savedEflags
          ? { ...theirs, eflags, savedEflags }
          : theirs;
      },
    },
  ],
};

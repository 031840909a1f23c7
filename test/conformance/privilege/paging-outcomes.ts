/**
 * The lines of paging.S, and what of an oracle's line may differ from ours, each with its reason.
 *
 * Invariant: a deviation forgives only what its reason speaks of; what is left must be the same.
 */
import type { Outcomes } from './compare.ts';

/** A paging-structure entry: bits 11:0, and groups of its other bits (`print_entries` in paging-loop.S). */
interface Entry {
  readonly flags: number;
  readonly beyond: number;
}

interface Outcome {
  readonly id: string;
  /** Mode, way of the load, operation, ring: a digit each. */
  readonly setting: string;
  readonly load: string;
  readonly vector: string;
  readonly errorCode: number;
  readonly address: string;
  readonly value: string;
  readonly written: string;
  readonly pdptes: readonly Entry[];
  /** PDE 1, PTE x, PTE y, PDE 2, PTE z. */
  readonly entries: readonly Entry[];
}

const ACCESSED = 0x20;
/** Of an error code. */
const [PRESENT, WRITE, RESERVED] = [1, 2, 8];
/** Address bits 35:32 (there is no memory) and 39:36. */
const [NOWHERE, BITS_39_36] = [1, 2];
const PDPTE_RESERVED = 0x1e6;
const NOT_LOADED = '3';
/** Operations. */
const [ADD, XCHG, LOAD] = ['2', '5', 'b'];
const PF = '0e';
const GP = '0d';

const hex = (digits: string): number => parseInt(digits, 16);

function parseEntries(text: string): Entry[] {
  return (text.match(/..../g) ?? []).map((digits) => ({
    flags: hex(digits.slice(0, 3)),
    beyond: hex(digits.slice(3)),
  }));
}

function parse(line: string): Outcome {
  const [id = '', text = ''] = line.split(' ');
  const [setting = '', load = '', end = '', address = '', value = '', written = '', pdptes = '', entries = ''] =
    text.split('.');
  return {
    id,
    setting,
    load,
    vector: end.slice(0, 2),
    errorCode: hex(end.slice(2)),
    address,
    value,
    written,
    pdptes: parseEntries(pdptes),
    entries: parseEntries(entries),
  };
}

/** `theirs` with the entries of `ours` where they differ in accessed bits that only theirs have. */
function takeAccessed(theirs: readonly Entry[], ours: readonly Entry[]): readonly Entry[] {
  return theirs.map((entry, n) => (entry.flags === (ours[n].flags | ACCESSED) ? ours[n] : entry));
}

const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
const beyond = ({ pdptes, entries }: Outcome, bits: number): boolean =>
  [...pdptes, ...entries].some((entry) => (entry.beyond & bits) !== 0);
/** After the reason, the two have nothing in common any more. */
const all = (ours: Outcome): Outcome => ours;

const deviations: Outcomes<Outcome>['deviations'] = [
  {
    reason:
      'SDM Vol. 3A, "PDPTE Registers": a walk uses the registers, and loading them with reserved bits is #GP; QEMU reads the PDPTEs in memory at each walk',
    of: ['qemu'],
    forgive: (theirs, ours) =>
      ours.load === GP ||
      (ours.setting[1] === NOT_LOADED &&
        ours.pdptes.some((entry) => (entry.flags & (PDPTE_RESERVED | 1)) !== 1 || entry.beyond !== 0))
        ? all(ours)
        : theirs,
  },
  {
    reason: 'SDM Vol. 3A, "Accessed and Dirty Flags": with PAE paging, not in PDPTEs, where bit 5 is reserved',
    of: ['qemu'],
    forgive: (theirs, ours) =>
      differ(theirs.pdptes, ours.pdptes) ? { ...theirs, pdptes: takeAccessed(theirs.pdptes, ours.pdptes) } : theirs,
  },
  {
    reason: 'a processor with 36 address bits has been asked for: the next four are reserved; theirs has 40',
    of: ['qemu', 'bochs'],
    forgive: (theirs, ours) =>
      beyond(ours, BITS_39_36) && (ours.load === GP || (ours.vector === PF && (ours.errorCode & RESERVED) !== 0))
        ? all(ours)
        : theirs,
  },
  {
    reason: 'SDM Vol. 3A, "Page-Fault Exceptions": RSVD is set only if P is set, too',
    of: ['qemu'],
    forgive: (theirs, ours) =>
      theirs.vector === PF && (theirs.errorCode & (RESERVED | PRESENT)) === RESERVED && ours.vector === PF
        ? { ...theirs, errorCode: theirs.errorCode | PRESENT }
        : theirs,
  },
  {
    reason: 'memory that nobody has: reads are ones here, zeros there; and QEMU drops address bits 35:32 of tables',
    of: ['qemu'],
    forgive: (theirs, ours) => {
      if (!beyond(ours, NOWHERE)) return theirs;
      // Of a table of ones, reserved bits are set.
      if (ours.vector === PF && (ours.errorCode & RESERVED) !== 0) return all(ours);
      const value = (ours.value.match(/../g) ?? []).map((byte, n) => {
        const their = theirs.value.slice(n * 2, n * 2 + 2);
        return byte === 'ff' && their === '00' ? byte : their;
      });
      return theirs.value === ours.value ? theirs : { ...theirs, value: value.join('') };
    },
  },
  {
    reason:
      'SDM Vol. 3A, "Page-Fault Exceptions": W/R is set when a read-modify-write faults, as processors do; QEMU reads first',
    of: ['qemu'],
    forgive: (theirs, ours) => {
      if (ours.vector !== PF || theirs.vector !== PF) return theirs;
      // Over two pages, the second is read before the first is written.
      if (ours.setting[2] === XCHG && theirs.errorCode !== ours.errorCode) return all(ours);
      return ours.setting[2] === ADD && (theirs.errorCode | WRITE) === ours.errorCode
        ? { ...theirs, errorCode: ours.errorCode }
        : theirs;
    },
  },
  {
    reason:
      'SDM Vol. 3A, "Accessed and Dirty Flags": QEMU marks a PDE accessed though its PTE ends the translation, and a page though only the read of a read-modify-write is allowed',
    of: ['qemu'],
    forgive: (theirs, ours) =>
      ours.vector === PF && differ(theirs.entries, ours.entries)
        ? { ...theirs, entries: takeAccessed(theirs.entries, ours.entries) }
        : theirs,
  },
  {
    reason:
      'the manual does not say how wide the write is that marks a descriptor accessed: a dword here, a byte there',
    of: ['bochs'],
    forgive: (theirs, ours) =>
      ours.setting[2] === LOAD && theirs.vector === PF && hex(theirs.address) === hex(ours.address) + 1
        ? { ...theirs, address: ours.address }
        : theirs,
  },
];

export const pagingOutcomes: Outcomes<Outcome> = { parse, deviations };

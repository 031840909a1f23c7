/**
 * The lines of paging.S and tlb.S, and what of an oracle's line may differ from ours, each with its reason.
 *
 * Invariant: a deviation forgives only what its reason speaks of; what is left must be the same.
 */
import type { Outcomes } from './compare.ts';

/** A paging-structure entry: bits 11:0, and groups of its other bits (`print_entries` in paging-loop.S). */
interface Entry {
  readonly flags: number;
  readonly beyond: number;
}

/** What one operation came to. */
interface Attempt {
  readonly operation: string;
  readonly vector: string;
  readonly errorCode: number;
  readonly address: number;
  readonly value: string;
}

interface Outcome {
  readonly id: string;
  /** Mode, how, and twice operation and ring: a digit each. */
  readonly setting: string;
  /** Vector of the load of the PDPTEs. */
  readonly load: string;
  readonly attempts: readonly Attempt[];
  readonly written: string;
  readonly pdptes: readonly Entry[];
  /** PDE 1, PTE x, PTE y, PDE 2, PTE z. */
  readonly entries: readonly Entry[];
}

type Deviations = Outcomes<Outcome>['deviations'];

const [ACCESSED, DIRTY] = [0x20, 0x40];
/** Of an error code. */
const [PRESENT, WRITE, RESERVED] = [1, 2, 8];
/** Address bits 35:32 (there is no memory) and 39:36. */
const [NOWHERE, BITS_39_36] = [1, 2];
const PDPTE_RESERVED = 0x1e6;
const NOT_LOADED = '3';
/** Operations. */
const [ADD, XCHG, LOAD] = ['2', '5', 'b'];
const FETCHES = ['6', '7', 'e', 'f'];
const FETCHES_OVER_THE_END = ['7', 'f'];
/** Ways to make a change seen: by INVLPG. */
const BY_INVLPG = ['0', '7'];
const PF = '0e';
const GP = '0d';

const hex = (digits: string): number => parseInt(digits, 16);

function parseEntries(text: string): Entry[] {
  return (text.match(/..../g) ?? []).map((digits) => ({
    flags: hex(digits.slice(0, 3)),
    beyond: hex(digits.slice(3)),
  }));
}

function parseAttempts(operations: readonly string[], fields: readonly string[]): Attempt[] {
  return operations.map((operation, n) => {
    const [end = '', address = '', value = ''] = fields.slice(n * 3);
    return { operation, vector: end.slice(0, 2), errorCode: hex(end.slice(2)), address: hex(address), value };
  });
}

function parsePaging(line: string): Outcome {
  const [id = '', text = ''] = line.split(' ');
  const [setting = '', load = '', ...fields] = text.split('.');
  const attempts = parseAttempts([setting.charAt(2)], fields);
  const [written = '', pdptes = '', entries = ''] = fields.slice(3);
  return { id, setting, load, attempts, written, pdptes: parseEntries(pdptes), entries: parseEntries(entries) };
}

function parseTlb(line: string): Outcome {
  const [id = '', text = ''] = line.split(' ');
  const [setting = '', ...fields] = text.split('.');
  const attempts = parseAttempts([setting.charAt(2), setting.charAt(4)], fields);
  const [written = '', pdptes = '', entries = ''] = fields.slice(6);
  return { id, setting, load: '', attempts, written, pdptes: parseEntries(pdptes), entries: parseEntries(entries) };
}

const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
/** After the reason, the two have nothing in common any more. */
const all = (ours: Outcome): Outcome => ours;

/** `theirs`, with what `forgive` makes of its attempts. */
function eachAttempt(
  theirs: Outcome,
  ours: Outcome,
  forgive: (their: Attempt, our: Attempt, index: number) => Attempt,
): Outcome {
  const attempts = theirs.attempts.map((their, n) => forgive(their, ours.attempts[n], n));
  return differ(attempts, theirs.attempts) ? { ...theirs, attempts } : theirs;
}

/** `theirs` with the entries of `ours` where they differ in accessed bits that only theirs have. */
function takeAccessed(theirs: readonly Entry[], ours: readonly Entry[]): readonly Entry[] {
  return theirs.map((entry, n) => (entry.flags === (ours[n].flags | ACCESSED) ? ours[n] : entry));
}

const beyond = ({ pdptes, entries }: Outcome, bits: number): boolean =>
  [...pdptes, ...entries].some((entry) => (entry.beyond & bits) !== 0);
const faults = ({ vector }: Attempt): boolean => vector === PF;
const finds = (attempt: Attempt, bits: number): boolean => faults(attempt) && (attempt.errorCode & bits) !== 0;

const readsFirst = ({ operation, ...attempt }: Attempt, their: Attempt): boolean =>
  operation === XCHG && attempt.vector === PF && their.vector === PF;

/** What both kernels need. */
const common: Deviations = [
  {
    reason: 'SDM Vol. 3A, "Accessed and Dirty Flags": with PAE paging, not in PDPTEs, where bit 5 is reserved',
    of: ['qemu'],
    forgive: (theirs, ours) => {
      const pdptes = takeAccessed(theirs.pdptes, ours.pdptes);
      return differ(theirs.pdptes, pdptes) ? { ...theirs, pdptes } : theirs;
    },
  },
  {
    reason: 'SDM Vol. 3A, "Page-Fault Exceptions": RSVD is set only if P is set, too',
    of: ['qemu'],
    forgive: (theirs, ours) =>
      eachAttempt(theirs, ours, (their, our) =>
        faults(our) && finds(their, RESERVED) ? { ...their, errorCode: their.errorCode | PRESENT } : their,
      ),
  },
  {
    reason:
      'SDM Vol. 3A, "Page-Fault Exceptions": W/R is set when a read-modify-write faults, as processors do; QEMU reads first, over two pages both',
    of: ['qemu'],
    forgive: (theirs, ours) => {
      const taken = eachAttempt(theirs, ours, (their, our) => {
        if (!faults(our) || !faults(their)) return their;
        if (our.operation === XCHG) return our;
        return our.operation === ADD && (their.errorCode | WRITE) === our.errorCode
          ? { ...their, errorCode: our.errorCode }
          : their;
      });
      if (!ours.attempts.some((our, n) => readsFirst(our, theirs.attempts[n]))) return taken;
      const flags = ACCESSED | DIRTY;
      const entries = theirs.entries.map((entry, n) =>
        (entry.flags | flags) === (ours.entries[n].flags | flags) ? ours.entries[n] : entry,
      );
      return differ(entries, theirs.entries) ? { ...taken, entries } : taken;
    },
  },
  {
    reason:
      'SDM Vol. 3A, "Accessed and Dirty Flags": QEMU marks a PDE accessed though its PTE ends the translation, and a page though only the read of a read-modify-write is allowed',
    of: ['qemu'],
    forgive: (theirs, ours) => {
      const entries = takeAccessed(theirs.entries, ours.entries);
      return ours.attempts.some(faults) && differ(theirs.entries, entries) ? { ...theirs, entries } : theirs;
    },
  },
  {
    reason:
      'the manual does not say how wide the write is that marks a descriptor accessed: a dword here, a byte there',
    of: ['bochs'],
    forgive: (theirs, ours) =>
      eachAttempt(theirs, ours, (their, our) =>
        our.operation === LOAD && faults(their) && their.address === our.address + 1
          ? { ...their, address: our.address }
          : their,
      ),
  },
];

const ofPaging: Deviations = [
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
    reason: 'a processor with 36 address bits has been asked for: the next four are reserved; theirs has 40',
    of: ['qemu', 'bochs'],
    forgive: (theirs, ours) =>
      beyond(ours, BITS_39_36) && (ours.load === GP || finds(ours.attempts[0], RESERVED)) ? all(ours) : theirs,
  },
  {
    reason: 'memory that nobody has: reads are ones here, zeros there; and QEMU drops address bits 35:32 of tables',
    of: ['qemu'],
    forgive: (theirs, ours) => {
      if (!beyond(ours, NOWHERE)) return theirs;
      // Of a table of ones, reserved bits are set.
      if (finds(ours.attempts[0], RESERVED)) return all(ours);
      return eachAttempt(theirs, ours, (their, our) => {
        const bytes = (our.value.match(/../g) ?? []).map((byte, n) => {
          const other = their.value.slice(n * 2, n * 2 + 2);
          return byte === 'ff' && other === '00' ? byte : other;
        });
        return { ...their, value: bytes.join('') };
      });
    },
  },
];

const ofTlb: Deviations = [
  {
    reason: 'the same: QEMU keeps code it has translated when INVLPG names another 4 KiB of a large page',
    of: ['qemu'],
    forgive: (theirs, ours) => {
      const [before, after] = theirs.attempts;
      const { operation } = ours.attempts[1];
      if (!BY_INVLPG.includes(ours.setting[1]) || !FETCHES.includes(operation) || before.value !== after.value)
        return theirs;
      const entries = theirs.entries.map((entry, n) =>
        (entry.flags | ACCESSED) === ours.entries[n].flags ? ours.entries[n] : entry,
      );
      const taken = { ...theirs, attempts: [before, ours.attempts[1]], entries };
      return differ(taken, theirs) ? taken : theirs;
    },
  },
  {
    reason:
      'SDM Vol. 3A, "Operations that Invalidate TLBs and Paging-Structure Caches": Bochs keeps an instruction over the end of a page though its second half is elsewhere now',
    of: ['bochs'],
    forgive: (theirs, ours) =>
      eachAttempt(theirs, ours, (their, our, n) =>
        n === 1 && FETCHES_OVER_THE_END.includes(our.operation) && their.value === theirs.attempts[0].value
          ? our
          : their,
      ),
  },
];

export const pagingOutcomes: Outcomes<Outcome> = { parse: parsePaging, deviations: [...ofPaging, ...common] };
export const tlbOutcomes: Outcomes<Outcome> = { parse: parseTlb, deviations: [...ofTlb, ...common] };

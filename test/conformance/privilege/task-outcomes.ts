/**
 * The lines of tasks.S, and what of an oracle's line may differ from ours, each with its reason.
 *
 * Invariant: a deviation forgives only what its reason speaks of; what is left must be the same.
 */
import type { Outcomes } from './compare.ts';

interface Outcome {
  readonly id: string;
  /** Way, sizes, rings: a digit each. */
  readonly setting: string;
  /** Selectors of the second task, low bytes. */
  readonly cs: number;
  readonly ss: number;
  readonly ds: number;
  readonly vector: string;
  readonly errorCode: number;
  readonly tr: string;
  readonly types: string;
  /** Descriptors that were marked accessed. */
  readonly accessed: readonly string[];
  /** Dwords that have changed, by index: 0-1f the first TSS, 20-3f the second, 40-4f the stack. */
  readonly changes: Readonly<Record<string, string>>;
}

const [DB, NP, TS, SS_FAULT, GP, DF] = ['01', '0b', '0a', '0c', '0d', '08'];
/** Indices of EFLAGS of 32-bit TSSs, and of EIP of the second TSS, 32- and 16-bit. */
const SECOND_EFLAGS = '29';
const EFLAGS = ['09', SECOND_EFLAGS];
const SECOND_EIP = ['28', '23'];
const [RF, VIF_VIP] = [0x1_0000, 0x18_0000];
/** Selectors of tasks.S. */
const [CONFORMING_RPL_3, LDT_NOT_PRESENT] = [0x6b, 0x90];
/** Ways: through a task gate by a fault. */
const BY_FAULT = ['6', '7'];

const hex = (digits: string | undefined): number => parseInt(digits ?? '0', 16);

function parse(line: string): Outcome {
  const [id = '', text = ''] = line.split(' ');
  const [setting = '', meant = '', end = '', tr = '', types = '', accessed = '', ...changes] = text.split('.');
  return {
    id,
    setting,
    cs: hex(meant.slice(0, 2)),
    ss: hex(meant.slice(2, 4)),
    ds: hex(meant.slice(4)),
    vector: end.slice(0, 2),
    errorCode: hex(end.slice(2)),
    tr,
    types,
    accessed: accessed.match(/../g) ?? [],
    changes: Object.fromEntries(changes.map((change) => change.split(':') as [string, string]).sort()),
  };
}

/** Whether the error code names a selector. */
const names = ({ errorCode }: Outcome, selector: number): boolean => (errorCode & 0xfffc) === (selector & 0xfc);
const inSwitch = ({ vector }: Outcome): boolean => [TS, NP, SS_FAULT].includes(vector);

function withChange(outcome: Outcome, index: string, value: string | undefined): Outcome {
  const changes = Object.entries(outcome.changes).filter(([at]) => at !== index);
  if (value !== undefined) changes.push([index, value]);
  return { ...outcome, changes: Object.fromEntries(changes.sort()) };
}

/** After the reason, the two have nothing in common any more. */
const all = (ours: Outcome): Outcome => ours;
const fault = (theirs: Outcome, { vector, errorCode }: Outcome): Outcome => ({ ...theirs, vector, errorCode });

export const taskOutcomes: Outcomes<Outcome> = {
  parse,
  deviations: [
    {
      reason: 'CPUID there announces VME, and with it VIF and VIP; here these bits are reserved, and stay clear',
      of: ['bochs'],
      forgive: (theirs, ours) => {
        const their = theirs.changes[SECOND_EFLAGS] as string | undefined;
        if (their === undefined || (hex(their) & VIF_VIP) === 0) return theirs;
        const flags = (hex(their) & ~VIF_VIP).toString(16).padStart(8, '0');
        // As loaded, it is no change.
        const mine = ours.changes[SECOND_EFLAGS] as string | undefined;
        return withChange(theirs, SECOND_EFLAGS, mine === undefined ? undefined : flags);
      },
    },
    {
      reason: 'SDM Vol. 3A, "Code- and Data-Segment Descriptor Types": loading a selector sets the accessed bit',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        theirs.accessed.length < ours.accessed.length && theirs.accessed.every((one) => ours.accessed.includes(one))
          ? { ...theirs, accessed: ours.accessed }
          : theirs,
    },
    {
      reason: 'SDM Vol. 3B, "Task-Switch Exception Condition": QEMU does not know the T flag of a TSS',
      of: ['qemu'],
      forgive: (theirs, ours) => (ours.vector === DB ? all(ours) : theirs),
    },
    {
      reason: 'SDM Vol. 3A, "Error Code": EXT is set while an earlier exception is delivered; QEMU leaves it clear',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        BY_FAULT.includes(ours.setting.charAt(0)) && (ours.errorCode & 1) !== 0 && (theirs.errorCode & 1) === 0
          ? { ...theirs, errorCode: theirs.errorCode | 1 }
          : theirs,
    },
    {
      reason:
        'SDM Vol. 3A, "Invalid TSS Exception (#TS)": EIP is the new task\'s once the switch has been made; in QEMU it is still the old one\'s',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        [TS, NP, SS_FAULT, GP, DF].includes(ours.vector)
          ? SECOND_EIP.reduce(
              (one, index) =>
                one.changes[index] !== undefined && ours.changes[index] === undefined
                  ? withChange(one, index, undefined)
                  : one,
              theirs,
            )
          : theirs,
    },
    {
      reason: 'SDM Vol. 3B, "Instruction-Breakpoint Exception Condition": a fault sets RF in the image; QEMU does not',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        EFLAGS.reduce((one, index) => {
          const mine = ours.changes[index] as string | undefined;
          const their = theirs.changes[index] as string | undefined;
          if (mine === undefined || (hex(mine) & RF) === 0 || mine === their) return one;
          return their === undefined || (hex(their) | RF) === hex(mine) ? withChange(one, index, mine) : one;
        }, theirs),
    },
    {
      reason: 'SDM Vol. 3B, "RF flag": a fault sets RF in the image; #DF is an abort, yet Bochs leaves it set',
      of: ['bochs'],
      forgive: (theirs, ours) =>
        ours.vector === DF
          ? EFLAGS.reduce((one, index) => {
              const mine = ours.changes[index] as string | undefined;
              const their = theirs.changes[index] as string | undefined;
              if (their === undefined || (hex(their) & RF) === 0 || mine === their) return one;
              return mine === undefined || (hex(mine) | RF) === hex(their) ? withChange(one, index, mine) : one;
            }, theirs)
          : theirs,
    },
    {
      reason:
        'SDM Vol. 3A, Table "Exception Conditions Checked During a Task Switch": a data segment is present before its DPL is looked at',
      of: ['qemu', 'bochs'],
      forgive: (theirs, ours) =>
        theirs.vector === TS && ours.vector === NP && theirs.errorCode === ours.errorCode
          ? fault(theirs, ours)
          : theirs,
    },
    {
      reason: 'the same table: SS not present is #SS, and asked for before its DPL',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        [NP, TS].includes(theirs.vector) && ours.vector === SS_FAULT && theirs.errorCode === ours.errorCode
          ? fault(theirs, ours)
          : theirs,
    },
    {
      reason: 'the same table: SS is checked before CS is valid and present; QEMU begins with CS',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        inSwitch(theirs) && inSwitch(ours) && names(ours, ours.ss) && names(theirs, ours.cs)
          ? fault(theirs, ours)
          : theirs,
    },
    {
      reason: 'the same table: whether the LDT is present is asked for after SS; both look at once',
      of: ['qemu', 'bochs'],
      forgive: (theirs, ours) =>
        theirs.vector === TS && names(theirs, LDT_NOT_PRESENT) && inSwitch(ours) && names(ours, ours.ss)
          ? fault(theirs, ours)
          : theirs,
    },
    {
      reason:
        'SDM Vol. 3A, "Privilege Levels": a conforming code segment takes an RPL above its DPL; QEMU wants them equal',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        ours.cs === CONFORMING_RPL_3 && (theirs.vector === DF || (theirs.vector === TS && names(theirs, ours.cs)))
          ? all(ours)
          : theirs,
    },
    {
      reason: 'SDM Vol. 2, CALL, INT n, "TASK-GATE": a TSS in the LDT is #GP; QEMU raises #TS',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        theirs.vector === TS && ours.vector === GP && (ours.errorCode & 4) !== 0 && theirs.errorCode === ours.errorCode
          ? fault(theirs, ours)
          : theirs,
    },
    {
      reason: 'the manual does not say what a 16-bit TSS loads into the upper half of ESP: ones here, zeros in QEMU',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        ours.setting.startsWith('7') && theirs.changes['47'] === '00700000' && ours.changes['47'] === undefined
          ? withChange(theirs, '47', undefined)
          : theirs,
    },
    {
      reason:
        'SDM Vol. 2, INT n, "TASK-GATE": EIP is checked once the error code has been pushed; QEMU does it before, Bochs takes ESP back',
      of: ['qemu', 'bochs'],
      forgive: (theirs, ours) =>
        ours.vector === DF && ours.changes['2e'] !== undefined && theirs.changes['2e'] === undefined
          ? ['2e', '47'].reduce((one, index) => withChange(one, index, ours.changes[index]), theirs)
          : theirs,
    },
    {
      reason: 'the same table: the DPL of CS comes before SS, and CS before the data segments; Bochs takes CS last',
      of: ['bochs'],
      forgive: (theirs, ours) =>
        inSwitch(theirs) && inSwitch(ours) && names(ours, ours.cs) && !names(theirs, ours.cs)
          ? fault(theirs, ours)
          : theirs,
    },
    {
      reason: 'the manual leaves open which of two bad data segments faults first: QEMU begins with ES, we with DS',
      of: ['qemu'],
      forgive: (theirs, ours) =>
        inSwitch(theirs) &&
        inSwitch(ours) &&
        theirs.errorCode !== ours.errorCode &&
        (names(ours, ours.ds) || (!names(ours, ours.cs) && !names(ours, ours.ss)))
          ? fault(theirs, ours)
          : theirs,
    },
    {
      reason: 'the manual leaves open which descriptors a switch that faults has marked accessed',
      of: ['bochs'],
      forgive: (theirs, ours) =>
        (inSwitch(ours) || ours.vector === DF) && theirs.accessed.join() !== ours.accessed.join()
          ? { ...theirs, accessed: ours.accessed }
          : theirs,
    },
  ],
};

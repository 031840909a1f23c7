/**
 * The lines of the kernels with case-loop.S, and what of an oracle's line may differ from ours, each with its reason.
 *
 * Invariant: a deviation forgives only what its reason speaks of; what is left must be the same.
 */
import type { Outcomes } from './compare.ts';

/** One case; case-loop.S says which field is which. Numbers are unsigned. */
export interface Outcome {
  readonly id: string;
  readonly eip: number;
  readonly cs: string;
  readonly eflags: number;
  readonly ss: string;
  readonly esp: number;
  readonly data: readonly string[];
  readonly eax: string;
  readonly end: string;
  readonly access: readonly number[];
  readonly dr6: number;
  readonly memory: readonly string[];
}

const RF = 0x1_0000;
const VM = 0x2_0000;
const VIF_VIP = 0x18_0000;
const ENABLED_BITS = 0xf;
const [DF, UD, NP, SS, GP] = [8, 6, 11, 12, 13];
/** Where a stub's JMP ends (case-loop.S). */
const stub = (vector: number): number => 0x8007 + vector * 16;

export function parse(line: string): Outcome {
  const [id = '', text = ''] = line.split(' ');
  const [eip, cs, eflags, ss, esp, ds, es, fs, gs, eax, end, access = '', dr6, ...memory] = text.split('.');
  const hex = (digits: string | undefined): number => parseInt(digits ?? '0', 16);
  return {
    id,
    eip: hex(eip),
    cs: cs ?? '',
    eflags: hex(eflags),
    ss: ss ?? '',
    esp: hex(esp),
    data: [ds, es, fs, gs].map((selector) => selector ?? ''),
    eax: eax ?? '',
    end: end ?? '',
    access: (access.match(/../g) ?? []).map(hex),
    dr6: hex(dr6),
    memory,
  };
}

/** A task gate ended the case where it stood: INT3, or a double fault. */
const byTaskGate = ({ end }: Outcome): boolean => end.startsWith('1');

/** What differs in the stacks, byte by byte; undefined when not the same dwords have changed. */
function memoryDifference(theirs: Outcome, ours: Outcome): number[] | undefined {
  if (theirs.memory.length !== ours.memory.length) return undefined;
  const bytes: number[] = [];
  for (const [n, mine] of ours.memory.entries()) {
    const [index, value] = mine.split(':');
    const [theirIndex, theirValue] = theirs.memory[n].split(':');
    if (index !== theirIndex) return undefined;
    const difference = parseInt(value, 16) ^ parseInt(theirValue, 16);
    for (let shift = 0; shift < 32; shift += 8) bytes.push((difference >>> shift) & 0xff);
  }
  return bytes.filter((byte) => byte !== 0);
}

/** Takes over bits of EFLAGS 23:16, in the register and in the one frame that holds them. */
export function takeUpperFlags(theirs: Outcome, ours: Outcome, bits: number): Outcome {
  let taken = theirs;
  if (((theirs.eflags ^ ours.eflags) & bits) !== 0) {
    taken = { ...taken, eflags: ((taken.eflags & ~bits) | (ours.eflags & bits)) >>> 0 };
  }
  const difference = memoryDifference(theirs, ours);
  if (difference?.length === 1 && (difference[0] & ~(bits >>> 16)) === 0) taken = { ...taken, memory: ours.memory };
  return taken;
}

/** After the reason, the two have nothing in common any more. */
const all = (ours: Outcome): Outcome => ours;

const deviations: Outcomes<Outcome>['deviations'] = [
  {
    reason: 'CPUID there announces VME, and with it VIF and VIP; here these bits are reserved, and stay clear',
    of: ['qemu', 'bochs'],
    forgive: (theirs, ours) => takeUpperFlags(theirs, ours, VIF_VIP),
  },
  {
    reason:
      'SDM Vol. 3B, "Instruction-Breakpoint Exception Condition": RF is cleared after each instruction and set in the image a fault pushes; QEMU does neither',
    of: ['qemu'],
    forgive: (theirs, ours) => takeUpperFlags(theirs, ours, RF | VIF_VIP),
  },
  {
    reason: 'SDM Vol. 3B, "RF flag": a fault sets RF in the image; #DF is an abort, yet Bochs leaves it set',
    of: ['bochs'],
    forgive: (theirs, ours) =>
      byTaskGate(ours) && (theirs.eflags & ~ours.eflags) === RF ? { ...theirs, eflags: ours.eflags } : theirs,
  },
  {
    reason: 'SDM Vol. 3A, "Code- and Data-Segment Descriptor Types": loading a selector sets the accessed bit',
    of: ['qemu'],
    forgive: (theirs, ours) =>
      theirs.access.some((byte, n) => byte !== ours.access[n]) &&
      theirs.access.every((byte, n) => byte === ours.access[n] || (byte | 1) === ours.access[n])
        ? { ...theirs, access: ours.access }
        : theirs,
  },
  {
    reason: 'SDM Vol. 2, INT n and CALL: "ESP ← newESP", all of it, also onto a 16-bit stack; they load SP alone',
    of: ['qemu', 'bochs'],
    forgive: (theirs, ours) =>
      ours.ss.startsWith('006') && theirs.esp !== ours.esp && ((theirs.esp ^ ours.esp) & 0xffff) === 0
        ? { ...theirs, esp: ours.esp }
        : theirs,
  },
  {
    reason: 'SDM Vol. 2, IRET: a stack segment that is not present is #SS',
    of: ['qemu', 'bochs'],
    forgive: (theirs, ours) =>
      theirs.eip === stub(NP) && ours.eip === stub(SS) ? { ...theirs, eip: ours.eip } : theirs,
  },
  {
    reason:
      'SDM Vol. 3B, "Debug Status Register (DR6)": B0-B3 "may or may not be set if the breakpoint is not enabled"; they set them, we do not',
    of: ['qemu', 'bochs'],
    forgive: (theirs, ours) =>
      (theirs.dr6 & ~ENABLED_BITS) === (ours.dr6 & ~ENABLED_BITS) && (ours.dr6 & ~theirs.dr6) === 0
        ? theirs.dr6 === ours.dr6
          ? theirs
          : { ...theirs, dr6: ours.dr6 }
        : theirs,
  },
  {
    reason: 'the manual leaves open what a dword over the top of a 4-GiB segment does; here it is a fault',
    of: ['qemu', 'bochs'],
    forgive: (theirs, ours) =>
      (theirs.esp >= 0xffff_ff00 && (byTaskGate(ours) || ours.eip === stub(SS))) ||
      (theirs.eip === stub(GP) && ours.eip === stub(SS))
        ? all(ours)
        : theirs,
  },
  {
    reason: 'SDM Vol. 2, IRET: into virtual-8086 mode with an EIP beyond the limit is #GP(0); Bochs takes IP alone',
    of: ['bochs'],
    forgive: (theirs, ours) =>
      ours.id.startsWith('R') && ours.eip === stub(GP) && (theirs.eflags & VM) !== 0 ? all(ours) : theirs,
  },
  {
    reason: 'SDM Vol. 2, CALL: "CS(RPL) ← CPL", also of a conforming segment; QEMU takes its DPL',
    of: ['qemu'],
    forgive: (theirs, ours) =>
      ours.id.startsWith('G') && theirs.cs !== ours.cs && theirs.cs.slice(0, 3) === ours.cs.slice(0, 3)
        ? { ...theirs, cs: ours.cs }
        : theirs,
  },
  {
    reason: 'SDM Vol. 2, JMP: a code segment behind a call gate that is not present is #NP; QEMU raises #GP',
    of: ['qemu'],
    forgive: (theirs, ours) =>
      ours.id.startsWith('G') && theirs.eip === stub(GP) && ours.eip === stub(NP)
        ? { ...theirs, eip: ours.eip }
        : theirs,
  },
  {
    reason: 'SDM Vol. 2, RET: a data segment register with a null selector becomes 0; QEMU leaves FS and GS',
    of: ['qemu'],
    forgive: (theirs, ours) =>
      [2, 3].some((n) => theirs.data[n] === '0003' && ours.data[n] === '0000')
        ? {
            ...theirs,
            data: theirs.data.map((selector, n) => (n >= 2 && selector === '0003' ? ours.data[n] : selector)),
          }
        : theirs,
  },
  {
    reason: 'SDM Vol. 2, IRET: only CPL 0 returns to virtual-8086 mode; QEMU does it from any ring',
    of: ['qemu'],
    forgive: (theirs, ours) =>
      ours.id.startsWith('R') && (theirs.eflags & VM) !== 0 && (ours.eflags & VM) === 0 ? all(ours) : theirs,
  },
  {
    reason: 'SDM Vol. 3B, "Debug Status Register (DR6)": every breakpoint that is met sets its bit; QEMU reports one',
    of: ['qemu'],
    forgive: (theirs, ours) =>
      (theirs.dr6 & ENABLED_BITS) !== 0 && theirs.dr6 !== ours.dr6 && (theirs.dr6 & ~ours.dr6) === 0
        ? { ...theirs, dr6: ours.dr6 }
        : theirs,
  },
  {
    reason: 'SDM Vol. 2, LOCK: #UD before what cannot be locked; QEMU locks or ignores it',
    of: ['qemu'],
    forgive: (theirs, ours) =>
      ours.id.startsWith('X') && ours.eip === stub(UD) && theirs.eip !== ours.eip ? all(ours) : theirs,
  },
  {
    reason: 'SDM Vol. 3A, "Limit Checking": QEMU checks the limit of no data, stack or gate\'s code segment',
    of: ['qemu'],
    forgive: (theirs, ours) =>
      [SS, GP, DF].some((vector) => ours.eip === stub(vector)) || byTaskGate(ours)
        ? theirs.eip === ours.eip
          ? theirs
          : all(ours)
        : theirs,
  },
];

export const caseOutcomes: Outcomes<Outcome> = { parse, deviations };

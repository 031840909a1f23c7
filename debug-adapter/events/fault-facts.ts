/** A fault and the CPU at that moment, as the explanations need them: from the CPU's stop or from a trap frame. */
import type { GuestOs, TrapFault } from '../kernel/guest-os.ts';
import { DWARF_REGISTERS, type RegisterName } from '../target/registers.ts';
import { pageFaultAccess } from '../target/vectors.ts';
import type { LinearAddress, Space, Target, TargetFault } from '../target/target.ts';

export interface FaultSource {
  readonly target: Target;
  readonly os: Pick<GuestOs, 'imageAt' | 'regionAt'>;
}

export interface FaultFacts {
  readonly vector: number;
  readonly errorCode: number | undefined;
  /** CR2, for #PF. */
  readonly address: LinearAddress | undefined;
  readonly eip: LinearAddress;
  readonly cpl: number;
  readonly space: Space;
  /** Of the code that faulted; undefined where it is not known. */
  register(name: RegisterName): number | undefined;
}

const PAGE_FAULT = 14;

/** Why an access was refused, and what it was: words for conditions. */
export const FAULT_WORDS = {
  cause: ['not_present', 'protection', 'reserved_bit'],
  access: ['read', 'write', 'fetch'],
} as const;

/** SDM Vol. 3A, "Page-Fault Exception (#PF)": the error code's bits. */
function causeOf(errorCode: number): (typeof FAULT_WORDS)['cause'][number] {
  return errorCode & 8 ? 'reserved_bit' : errorCode & 1 ? 'protection' : 'not_present';
}

/** What conditions can ask of a fault. */
export function faultValues({
  vector,
  errorCode,
  address,
  eip,
}: FaultFacts): Readonly<Record<string, number | string>> {
  return {
    vector,
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(vector === PAGE_FAULT && address !== undefined ? { address } : {}),
    ...(vector === PAGE_FAULT && errorCode !== undefined
      ? { cause: causeOf(errorCode), access: pageFaultAccess(errorCode, address ?? 0, eip) }
      : {}),
  };
}

/** Not delivered yet: the CPU still stands at the fault. */
export function factsNow(target: Target, fault: TargetFault): FaultFacts {
  return {
    vector: fault.vector,
    errorCode: fault.errorCode,
    address: fault.cr2,
    eip: fault.eip,
    cpl: target.cpl,
    space: target.space,
    register: (name) => target.readRegister(name),
  };
}

/** Delivered: the kernel works on it, and the program's registers are in its trap frame. */
export function factsOfTrap(target: Target, { vector, errorCode, registers }: TrapFault): FaultFacts {
  return {
    vector,
    errorCode: hasErrorCode(vector) ? errorCode : undefined,
    address: vector === PAGE_FAULT ? target.readRegister('cr2') : undefined,
    eip: registers.get(DWARF_REGISTERS.indexOf('eip')) ?? 0,
    cpl: 3,
    space: target.space,
    register: (name) => {
      const number = DWARF_REGISTERS.indexOf(name);
      return number < 0 ? undefined : registers.get(number);
    },
  };
}

/** SDM Vol. 3A, "Exception and Interrupt Vectors": those that push an error code. */
const hasErrorCode = (vector: number): boolean => vector === 8 || (vector >= 10 && vector <= 14) || vector === 17;

export const hex = (value: number): string => '0x' + (value >>> 0).toString(16).padStart(8, '0');
export const shortHex = (value: number): string => '0x' + (value >>> 0).toString(16);

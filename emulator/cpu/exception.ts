/**
 * A guest fault on its way to the IDT. Intel SDM Vol. 3A, "Exception and Interrupt Vectors".
 *
 * Invariant: thrown by `raise` alone, caught by the run loop, by the delivery of another exception and by INT1, and nowhere else.
 */
export const DE = 0;
export const DB = 1;
export const BP = 3;
export const OF = 4;
export const BR = 5;
export const UD = 6;
export const NM = 7;
export const DF = 8;
export const TS = 10;
export const NP = 11;
export const SS_FAULT = 12;
export const GP = 13;
export const PF = 14;
export const MF = 16;
export const AC = 17;
export const XM = 19;
/** No exception: the instruction has not begun, and an interrupt comes before it. */
export const RETRY = -1;

/** Not an Error: collecting a stack trace would cost more than delivering the fault. */
export class CpuException {
  readonly vector: number;
  readonly errorCode: number | undefined;
  /** The faulting linear address; #PF only. */
  readonly cr2: number | undefined;

  /** Bits for DR6; #DB only. */
  readonly debugStatus: number;

  constructor(vector: number, errorCode?: number, cr2?: number, debugStatus = 0) {
    this.debugStatus = debugStatus;
    this.vector = vector;
    this.errorCode = errorCode;
    this.cr2 = cr2;
  }
}

export function raise(vector: number, errorCode?: number): never {
  throw new CpuException(vector, errorCode);
}

/** Vectors whose error code has bit EXT. */
const WITH_EXT: readonly number[] = [TS, NP, SS_FAULT, GP];

/** SDM Vol. 3A, "Error Code": EXT is set when the exception arose while an event from outside the program was served. */
export function withExt(fault: CpuException): CpuException {
  if (fault.errorCode === undefined || !WITH_EXT.includes(fault.vector)) return fault;
  return new CpuException(fault.vector, fault.errorCode | 1, fault.cr2);
}

/** @param debugStatus bits for DR6 */
export function raiseDebug(debugStatus: number): never {
  throw new CpuException(DB, undefined, undefined, debugStatus);
}

/** @param cr2 linear address as an unsigned number */
export function raisePageFault(errorCode: number, cr2: number): never {
  throw new CpuException(PF, errorCode, cr2);
}

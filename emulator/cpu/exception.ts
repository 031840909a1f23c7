/**
 * A guest fault on its way to the IDT. Intel SDM Vol. 3A, "Exception and Interrupt Vectors".
 *
 * Invariant: thrown by `raise` alone, caught by the run loop and by the delivery of another exception, and nowhere else.
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

/** @param debugStatus bits for DR6 */
export function raiseDebug(debugStatus: number): never {
  throw new CpuException(DB, undefined, undefined, debugStatus);
}

/** @param cr2 linear address as an unsigned number */
export function raisePageFault(errorCode: number, cr2: number): never {
  throw new CpuException(PF, errorCode, cr2);
}

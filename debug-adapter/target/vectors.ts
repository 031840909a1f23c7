/** Names of the exceptions, and page-fault error codes in words. Intel SDM Vol. 3A, "Exception and Interrupt Vectors". */
const VECTOR_NAMES: Readonly<Record<number, string>> = {
  0: '#DE divide error',
  1: '#DB debug',
  2: 'NMI',
  3: '#BP breakpoint',
  4: '#OF overflow',
  5: '#BR bound range exceeded',
  6: '#UD invalid opcode',
  7: '#NM device not available',
  8: '#DF double fault',
  10: '#TS invalid TSS',
  11: '#NP segment not present',
  12: '#SS stack fault',
  13: '#GP general protection',
  14: '#PF page fault',
  16: '#MF x87 error',
  17: '#AC alignment check',
  18: '#MC machine check',
};

/** The PC's interrupt lines. */
export const IRQ_NAMES: Readonly<Record<number, string>> = {
  0: 'timer',
  1: 'keyboard',
  4: 'serial',
  7: 'spurious',
  14: 'IDE',
};

export function vectorName(vector: number): string {
  return VECTOR_NAMES[vector] ?? `interrupt ${vector}`;
}

const INSTRUCTION_BYTES_MAX = 15;

export type Access = 'read' | 'write' | 'fetch';

/**
 * What was tried. Without NX, as on this machine, the error code calls a fetch a read: it is one of the instruction's own
 * first byte, or of the page that the instruction goes on in.
 * SDM Vol. 3A, "Page-Fault Exception (#PF)": the error code's bits.
 */
export function pageFaultAccess(errorCode: number, address: number, eip: number): Access {
  if (errorCode & 16) return 'fetch';
  if (errorCode & 2) return 'write';
  const isNextPage = (address & 0xfff) === 0 && (address - eip) >>> 0 < INSTRUCTION_BYTES_MAX;
  return address === eip || isNextPage ? 'fetch' : 'read';
}

const ACCESS_TEXTS = { read: 'read of', write: 'write to', fetch: 'fetch of' } as const;

/** `user write to 0xeebfdffc, page not present`. @param eip the instruction's, as `address` an unsigned number */
export function describePageFault(errorCode: number, address: number, eip: number): string {
  const who = errorCode & 4 ? 'user' : 'kernel';
  const what = ACCESS_TEXTS[pageFaultAccess(errorCode, address, eip)];
  const why =
    errorCode & 8 ? 'reserved bit set' : errorCode & 1 ? 'not allowed by the page tables' : 'page not present';
  return `${who} ${what} 0x${(address >>> 0).toString(16).padStart(8, '0')}, ${why}`;
}

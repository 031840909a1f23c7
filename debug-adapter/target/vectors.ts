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

/** `user write to 0xeebfdffc, page not present`. SDM Vol. 3A, "Page-Fault Exception (#PF)": the error code's bits. */
export function describePageFault(errorCode: number, address: number): string {
  const who = errorCode & 4 ? 'user' : 'kernel';
  const what = errorCode & 16 ? 'fetch from' : errorCode & 2 ? 'write to' : 'read of';
  const why =
    errorCode & 8 ? 'reserved bit set' : errorCode & 1 ? 'not allowed by the page tables' : 'page not present';
  return `${who} ${what} 0x${(address >>> 0).toString(16).padStart(8, '0')}, ${why}`;
}

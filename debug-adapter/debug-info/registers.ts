/** DWARF register numbers. System V ABI, Intel386 Supplement, "DWARF Register Number Mapping". */
export const i386Registers = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi', 'eip', 'eflags'] as const;

export const EBX = 3;
export const ESP = 4;
export const EBP = 5;
export const ESI = 6;
export const EDI = 7;
export const EIP = 8;

/** The number of a register by its lower-case name; `undefined` for one DWARF does not number here. */
export function registerNumber(name: string): number | undefined {
  const index = (i386Registers as readonly string[]).indexOf(name);
  return index < 0 ? undefined : index;
}

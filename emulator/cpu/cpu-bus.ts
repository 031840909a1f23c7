/**
 * The pins of the CPU: everything it asks of the board, and nothing it knows about it.
 * The board drives `Cpu.interruptLine` (INTR) itself; reads and writes that hit RAM never come here.
 */
export type AccessSize = 1 | 2 | 4;

export interface CpuBus {
  /** IN. Unclaimed ports read as all ones. @returns `size` bytes, zero-extended */
  readPort(port: number, size: AccessSize): number;
  /** OUT. `value` is zero-extended to 32 bits. */
  writePort(port: number, size: AccessSize, value: number): void;
  /** A read of a physical address outside RAM. Never crosses a page. */
  readMmio(physical: number, size: AccessSize): number;
  /** A write to a physical address outside RAM. Never crosses a page. */
  writeMmio(physical: number, size: AccessSize, value: number): void;
  /** INTA cycle. @returns the vector of the interrupt that INTR announced */
  acknowledgeInterrupt(): number;
  /** FERR#: an x87 instruction waits for an exception to be handled while CR0.NE is clear. */
  floatingPointError?(): void;
  /** IA32_APIC_BASE was written. @param base physical address of the local APIC's window */
  writeApicBase?(base: number, enabled: boolean): void;
}

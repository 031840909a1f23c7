/**
 * The registers at a kernel's first instruction. Multiboot Specification 0.6.96, "Machine state": protected mode without
 * paging, flat 32-bit segments, interrupts disabled, EAX and EBX as the protocol says; the rest is zero.
 */
import type { Cpu } from '../cpu/cpu.ts';
import { BOOT_MAGIC, type BootImage } from './multiboot-loader.ts';

/** Selectors as QEMU's loader leaves them. There is no GDT behind them: the specification leaves GDTR invalid. */
const CODE_SELECTOR = 0x08;
const DATA_SELECTOR = 0x10;
/** ATTRIBUTES of a present, accessed, 4 GiB, 32-bit, ring-0 segment: execute/read and read/write. */
const FLAT_CODE = 0xc09b;
const FLAT_DATA = 0xc093;
const CR0_PE_ET = 0x11;

export function enterKernel(cpu: Cpu, { entry, information }: BootImage): void {
  cpu.reset();
  const { registers } = cpu;
  const { segments } = registers;
  registers.cr0 = CR0_PE_ET;
  const flat = { base: 0, limit: 0xffffffff };
  segments.cs = { selector: CODE_SELECTOR, ...flat, attributes: FLAT_CODE };
  for (const name of ['ds', 'es', 'fs', 'gs', 'ss'] as const)
    segments[name] = { selector: DATA_SELECTOR, ...flat, attributes: FLAT_DATA };
  registers.edx = 0;
  registers.gdtrLimit = 0;
  registers.eax = BOOT_MAGIC;
  registers.ebx = information;
  registers.eip = entry;
}

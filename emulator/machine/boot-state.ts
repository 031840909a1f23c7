/**
 * The registers at a kernel's first instruction. Multiboot Specification 0.6.96, "Machine state": protected mode without
 * paging, flat 32-bit segments, interrupts disabled, EAX and EBX as the protocol says; the rest is zero.
 */
import type { Cpu } from '../cpu/cpu.ts';
import { BOOT_MAGIC, type BootImage } from './multiboot-loader.ts';

/** Selectors as QEMU's loader leaves them; GDTR is invalid by the specification, so no kernel may reload them. */
const CODE_SELECTOR = 0x08;
const DATA_SELECTOR = 0x10;
const CR0_PE_ET = 0x11;

/** ATTRIBUTES of a present, accessed, 4 GiB ring-0 segment: execute/read and read/write. */
const FLAT_CODE = 0xc09b;
const FLAT_DATA = 0xc093;

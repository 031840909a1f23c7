/**
 * Model-specific registers and the time-stamp counter. Intel SDM Vol. 4; an unknown register is #GP(0).
 *
 * Invariant: the TSC is the instruction count plus what the guest's own writes added; nothing else moves it.
 */
import type { Core } from './core.ts';
import { GP, raise } from './exception.ts';

type Value = readonly [low: number, high: number];

const Msr = { TSC: 0x10, PLATFORM_ID: 0x17, APIC_BASE: 0x1b, BIOS_SIGN_ID: 0x8b } as const;
/** IA32_APIC_BASE at power-on: FEE00000h, enabled, of the bootstrap processor. */
export const APIC_BASE_RESET = 0xfee0_0900 | 0;
export const APIC_ENABLED = 0x800;
const APIC_BASE_RESERVED = 0x6ff;
const TWO_32 = 0x1_0000_0000;

export function readTsc(core: Core): Value {
  const count = core.instructionCount;
  const low = (count % TWO_32) + (core.tscOffsetLow >>> 0);
  const high = Math.floor(count / TWO_32) + core.tscOffsetHigh + (low >= TWO_32 ? 1 : 0);
  return [low | 0, high | 0];
}

export function writeTsc(core: Core, low: number, high: number): void {
  const count = core.instructionCount;
  const difference = (low >>> 0) - (count % TWO_32);
  core.tscOffsetLow = difference | 0;
  core.tscOffsetHigh = (high - Math.floor(count / TWO_32) - (difference < 0 ? 1 : 0)) | 0;
}

export function readMsr(core: Core, index: number): Value {
  switch (index) {
    case Msr.TSC:
      return readTsc(core);
    case Msr.APIC_BASE:
      return [core.apicBase, 0];
    case Msr.PLATFORM_ID:
    case Msr.BIOS_SIGN_ID:
      return [0, 0];
    default:
      return raise(GP, 0);
  }
}

export function writeMsr(core: Core, index: number, low: number, high: number): void {
  switch (index) {
    case Msr.TSC:
      writeTsc(core, low, high);
      break;
    case Msr.APIC_BASE:
      setApicBase(core, low, high);
      break;
    case Msr.BIOS_SIGN_ID:
      // Written before CPUID to ask for the microcode revision; there is none.
      break;
    default:
      raise(GP, 0);
  }
}

/** SDM Vol. 3A, "Local APIC Status and Location". Deviation: the window stays below 4 GiB. */
function setApicBase(core: Core, low: number, high: number): void {
  if ((low & APIC_BASE_RESERVED) !== 0 || high !== 0) raise(GP, 0);
  core.apicBase = low;
  core.bus.writeApicBase?.((low & ~0xfff) >>> 0, (low & APIC_ENABLED) !== 0);
}

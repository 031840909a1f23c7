/**
 * System instructions, and those that only report or refuse. Intel SDM Vol. 2, one instruction a function.
 */
import { read16, read32, probeWrite, write16, write32 } from '../access.ts';
import { noteControlWrite, requireCpl0, setCr0 } from '../control-registers.ts';
import type { Core } from '../core.ts';
import { Attention } from '../core.ts';
import { Feature, cpuid } from '../cpuid.ts';
import type { Descriptor } from '../descriptors.ts';
import {
  SystemType,
  changeType,
  fetchDescriptor,
  isConforming,
  isNull,
  isReadable,
  isWritableData,
  raiseSelector,
  tryDescriptor,
} from '../descriptors.ts';
import { GP, NP, UD, raise } from '../exception.ts';
import { setZeroFlag } from '../flags.ts';
import type { Handler, Instruction } from '../instruction.ts';
import { Kind } from '../instruction.ts';
import { APIC_ENABLED, readMsr, readTsc, writeMsr } from '../msr.ts';
import { effectiveAddress, read0, read1, readRegister, write0, writeRegister } from '../operands.ts';
import { invalidatePage } from '../paging.ts';
import { checkPort, portIn, portOut } from '../ports.ts';
import {
  BASE,
  CR0,
  CR4,
  Cr0,
  Cr4,
  EAX,
  EBX,
  ECX,
  EDX,
  EFLAGS,
  Eflags,
  GDTR_BASE,
  IDTR_BASE,
  LDTR,
  SELECTOR,
  TR,
} from '../registers.ts';
import { setFromDescriptor, setNull } from '../segments.ts';

function requireProtectedMode(core: Core): void {
  if (core.paragraphSegments) raise(UD);
}

/** CLI and STI. SDM Vol. 2: CPL ≤ IOPL in protected mode, IOPL 3 in virtual-8086 mode. */
function requireIopl(core: Core): void {
  if (core.protectedMode && core.cpl > core.iopl) raise(GP, 0);
}

function storeTable(register: number): Handler {
  return (core, i) => {
    const offset = effectiveAddress(core, i);
    probeWrite(core, i.segment, offset, 6);
    write16(core, i.segment, offset, core.i32[register + 1]);
    // All 32 bits of the base are stored, also with a 16-bit operand size.
    write32(core, i.segment, (offset + 2) & i.addressMask, core.i32[register]);
  };
}

function loadTable(register: number): Handler {
  return (core, i) => {
    requireCpl0(core);
    const offset = effectiveAddress(core, i);
    const limit = read16(core, i.segment, offset);
    const base = read32(core, i.segment, (offset + 2) & i.addressMask);
    core.i32[register] = i.size === 4 ? base : base & 0xff_ffff;
    core.i32[register + 1] = limit;
  };
}

function storeSelector(segment: number): Handler {
  return (core, i) => {
    requireProtectedMode(core);
    write0(core, i, core.i32[SELECTOR + segment]);
  };
}

function lldt(core: Core, i: Instruction): void {
  requireProtectedMode(core);
  requireCpl0(core);
  const selector = read0(core, i);
  if (isNull(selector)) {
    setNull(core, LDTR, selector);
    return;
  }
  if ((selector & 4) !== 0) raiseSelector(GP, selector);
  const descriptor = fetchDescriptor(core, selector);
  if (descriptor.codeOrData || descriptor.type !== SystemType.LDT) raiseSelector(GP, selector);
  if (!descriptor.present) raiseSelector(NP, selector);
  setFromDescriptor(core, LDTR, selector, descriptor);
}

const BUSY = 2;

function ltr(core: Core, i: Instruction): void {
  requireProtectedMode(core);
  requireCpl0(core);
  const selector = read0(core, i);
  if (isNull(selector)) raise(GP, 0);
  if ((selector & 4) !== 0) raiseSelector(GP, selector);
  const descriptor = fetchDescriptor(core, selector);
  const available =
    !descriptor.codeOrData && (descriptor.type === SystemType.TSS16 || descriptor.type === SystemType.TSS32);
  if (!available) raiseSelector(GP, selector);
  if (!descriptor.present) raiseSelector(NP, selector);
  changeType(core, descriptor, BUSY);
  setFromDescriptor(core, TR, selector, { ...descriptor, attributes: descriptor.attributes | BUSY });
}

/** Whether code at CPL with this RPL may name the segment. */
function visible(core: Core, selector: number, descriptor: Descriptor): boolean {
  return isConforming(descriptor) || (descriptor.dpl >= core.cpl && descriptor.dpl >= (selector & 3));
}

function verify(allows: (descriptor: Descriptor) => boolean): Handler {
  return (core, i) => {
    requireProtectedMode(core);
    const selector = read0(core, i);
    const descriptor = tryDescriptor(core, selector);
    setZeroFlag(core, descriptor !== undefined && allows(descriptor) && visible(core, selector, descriptor));
  };
}

/** System types LAR accepts; LSL those of them that have a limit. SDM Vol. 2, LAR, "Segment and Gate Types". */
const LAR_TYPES: readonly number[] = [1, 2, 3, 4, 5, 9, 11, 12];
const LSL_TYPES: readonly number[] = [1, 2, 3, 9, 11];

function loadProperty(types: readonly number[], value: (descriptor: Descriptor) => number): Handler {
  return (core, i) => {
    requireProtectedMode(core);
    const selector = read1(core, i) & 0xffff;
    const descriptor = tryDescriptor(core, selector);
    const valid =
      descriptor !== undefined &&
      (descriptor.codeOrData || types.includes(descriptor.type)) &&
      visible(core, selector, descriptor);
    if (valid) write0(core, i, value(descriptor));
    setZeroFlag(core, valid);
  };
}

function arpl(core: Core, i: Instruction): void {
  requireProtectedMode(core);
  // Hardware writes, and checks for writing, only when the RPL changes.
  const destination = read0(core, i);
  const rpl = read1(core, i) & 3;
  const adjust = (destination & 3) < rpl;
  if (adjust) write0(core, i, (destination & ~3) | rpl);
  setZeroFlag(core, adjust);
}

function lmsw(core: Core, i: Instruction): void {
  requireCpl0(core);
  const value = read0(core, i);
  // PE can be set this way, not cleared.
  const kept = core.i32[CR0] & ~(Cr0.MP | Cr0.EM | Cr0.TS);
  const old = core.i32[CR0];
  setCr0(core, kept | (value & (Cr0.PE | Cr0.MP | Cr0.EM | Cr0.TS)));
  noteControlWrite(core, 'cr0', old);
}

function sti(core: Core): void {
  requireIopl(core);
  if ((core.i32[EFLAGS] & Eflags.IF) !== 0) return;
  core.i32[EFLAGS] |= Eflags.IF;
  core.updateAttention();
  core.attend(Attention.SHADOW);
}

function portNumber(core: Core, kind: number, index: number): number {
  return kind === Kind.REG16 ? core.u16[index] : index & 0xff;
}

function rdtsc(core: Core): void {
  if ((core.i32[CR4] & Cr4.TSD) !== 0 && core.cpl !== 0) raise(GP, 0);
  const [low, high] = readTsc(core);
  core.i32[EAX] = low;
  core.i32[EDX] = high;
}

function undefinedOpcode(): void {
  raise(UD);
}

function privilegedNop(core: Core): void {
  requireCpl0(core);
}

export const system = {
  SGDT: storeTable(GDTR_BASE),
  SIDT: storeTable(IDTR_BASE),
  LGDT: loadTable(GDTR_BASE),
  LIDT: loadTable(IDTR_BASE),
  SLDT: storeSelector(LDTR),
  STR: storeSelector(TR),
  LLDT: lldt,
  LTR: ltr,
  VERR: verify(isReadable),
  VERW: verify(isWritableData),
  LAR: loadProperty(LAR_TYPES, (descriptor) => descriptor.high & 0x00ff_ff00),
  LSL: loadProperty(LSL_TYPES, (descriptor) => descriptor.limit | 0),
  ARPL: arpl,
  SMSW: (core, i) => {
    write0(core, i, core.i32[CR0]);
  },
  LMSW: lmsw,
  CLTS: (core) => {
    requireCpl0(core);
    core.i32[CR0] &= ~Cr0.TS;
  },
  INVLPG: (core, i) => {
    requireCpl0(core);
    invalidatePage(core, (core.i32[BASE + i.segment] + effectiveAddress(core, i)) | 0);
  },
  INVD: privilegedNop,
  WBINVD: privilegedNop,
  HLT: (core) => {
    requireCpl0(core);
    core.halted = true;
    core.attend(Attention.HALT);
  },
  CLI: (core) => {
    requireIopl(core);
    core.i32[EFLAGS] &= ~Eflags.IF;
    core.updateAttention();
  },
  STI: sti,
  IN: (core, i) => {
    const port = portNumber(core, i.kind1, i.index1);
    checkPort(core, port, i.size);
    writeRegister(core, EAX, i.size, portIn(core, port, i.size));
  },
  OUT: (core, i) => {
    const port = portNumber(core, i.kind0, i.index0);
    checkPort(core, port, i.size);
    portOut(core, port, i.size, readRegister(core, EAX, i.size));
  },
  CPUID: (core) => {
    const m = core.i32;
    // SDM Vol. 3A, "Local APIC Status and Location": disabled, the flag of CPUID is clear.
    const hidden = (core.apicBase & APIC_ENABLED) === 0 ? Feature.APIC : 0;
    [m[EAX], m[EBX], m[ECX], m[EDX]] = cpuid(m[EAX], core.features & ~hidden);
  },
  RDTSC: rdtsc,
  RDPMC: (core) => {
    if ((core.i32[CR4] & Cr4.PCE) === 0 && core.cpl !== 0) raise(GP, 0);
    if (core.i32[ECX] >>> 0 > 1) raise(GP, 0);
    core.i32[EAX] = 0;
    core.i32[EDX] = 0;
  },
  RDMSR: (core) => {
    requireCpl0(core);
    const [low, high] = readMsr(core, core.i32[ECX] >>> 0);
    core.i32[EAX] = low;
    core.i32[EDX] = high;
  },
  WRMSR: (core) => {
    requireCpl0(core);
    writeMsr(core, core.i32[ECX] >>> 0, core.i32[EAX], core.i32[EDX]);
  },
  UD0: undefinedOpcode,
  UD1: undefinedOpcode,
  UD2: undefinedOpcode,
} as const satisfies Record<string, Handler>;

/**
 * Control and status words, the environment and the whole state in memory.
 * Intel SDM Vol. 1, "Saving the x87 FPU's State with FSTENV/FNSTENV and FSAVE/FNSAVE", with its four layouts.
 */
import { read16, readLinear, write16, writeLinear } from '../../access.ts';
import type { Core } from '../../core.ts';
import { Class, classify, setValue } from '../../float/format.ts';
import type { Handler, Instruction } from '../../instruction.ts';
import { Kind } from '../../instruction.ts';
import { effectiveAddress } from '../../operands.ts';
import {
  EAX,
  FPU,
  FPU_CONTROL,
  FPU_CS,
  FPU_DP,
  FPU_DS,
  FPU_EMPTY,
  FPU_IP,
  FPU_OPCODE,
  FPU_STATUS,
} from '../../registers.ts';
import { checkPart, checkWide } from '../../wide-access.ts';
import {
  Status,
  begin,
  beginWithoutWaiting,
  initialise,
  setControlWord,
  setStatusWord,
  st,
  statusWord,
  updateSummary,
} from './unit.ts';

/** Tags of the tag word, two bits each. */
const Tag = { VALID: 0, ZERO: 1, SPECIAL: 2, EMPTY: 3 } as const;
const REGISTER_BYTES = 10;
const REGISTERS_BYTES = 8 * REGISTER_BYTES;

/** SDM Vol. 1, "x87 FPU Tag Word": computed from the registers, but for what is empty. */
export function tagWord(m: Int32Array): number {
  let word = 0;
  for (let register = 0; register < 8; register++) {
    let tag: number = Tag.EMPTY;
    if (((m[FPU_EMPTY] >> register) & 1) === 0) {
      const kind = classify(m, FPU + register * 4);
      if (kind === Class.NORMAL) tag = Tag.VALID;
      else tag = kind === Class.ZERO ? Tag.ZERO : Tag.SPECIAL;
    }
    word |= tag << (register * 2);
  }
  return word;
}

export function setTagWord(m: Int32Array, word: number): void {
  m[FPU_EMPTY] = 0;
  for (let register = 0; register < 8; register++) {
    if (((word >> (register * 2)) & 3) === Tag.EMPTY) m[FPU_EMPTY] |= 1 << register;
  }
}

/** The seven fields of the environment, in order, for the mode and operand size. */
function environmentFields(core: Core, wide: boolean): number[] {
  const m = core.i32;
  const words = [m[FPU_CONTROL], statusWord(m), tagWord(m)];
  if (!core.paragraphSegments) {
    const code = m[FPU_CS] & 0xffff;
    const data = m[FPU_DS] & 0xffff;
    if (!wide) return [...words, m[FPU_IP], code, m[FPU_DP], data];
    const reserved = 0xffff_0000 | 0;
    return [
      ...words.map((word) => word | reserved),
      m[FPU_IP],
      code | (m[FPU_OPCODE] << 16),
      m[FPU_DP],
      data | reserved,
    ];
  }
  const ip = (m[FPU_CS] * 16 + m[FPU_IP]) | 0;
  const dp = (m[FPU_DS] * 16 + m[FPU_DP]) | 0;
  if (!wide) return [...words, ip, ((ip >>> 4) & 0xf000) | m[FPU_OPCODE], dp, (dp >>> 4) & 0xf000];
  const reserved = 0xffff_0000 | 0;
  return [
    ...[...words, ip & 0xffff].map((word) => word | reserved),
    ((ip >>> 4) & 0x0fff_f000) | m[FPU_OPCODE],
    (dp & 0xffff) | reserved,
    (dp >>> 4) & 0x0fff_f000,
  ];
}

function setEnvironmentFields(core: Core, wide: boolean, fields: readonly number[]): void {
  const m = core.i32;
  const [control, status, tags, field3, field4, field5, field6] = fields;
  m[FPU_CONTROL] = 0x37f;
  setTagWord(m, tags);
  if (!core.paragraphSegments) {
    m[FPU_IP] = field3;
    m[FPU_CS] = field4 & 0xffff;
    m[FPU_OPCODE] = wide ? (field4 >>> 16) & 0x7ff : 0;
    m[FPU_DP] = field5;
    m[FPU_DS] = field6 & 0xffff;
  } else {
    const mask = wide ? 0xffff_0000 | 0 : 0xf_0000;
    m[FPU_IP] = (field3 & 0xffff) | ((field4 << 4) & mask);
    m[FPU_CS] = 0;
    m[FPU_OPCODE] = field4 & 0x7ff;
    m[FPU_DP] = (field5 & 0xffff) | ((field6 << 4) & mask);
    m[FPU_DS] = 0;
  }
  setControlWord(m, control);
  setStatusWord(m, status);
}

function isWide(i: Instruction): boolean {
  return i.size === 4;
}

const FIELDS = 7;

/** Bytes of a field of the environment. */
function fieldBytes(i: Instruction): 2 | 4 {
  return isWide(i) ? 4 : 2;
}

/**
 * Linear addresses of the environment's fields.
 * @param followed bytes of the image behind them
 */
function checkEnvironment(core: Core, i: Instruction, offset: number, followed: number, write: boolean): number[] {
  const bytes = fieldBytes(i);
  // In the order of the processors we asked (test/conformance/host): the first field alone says what alignment matters.
  checkWide(core, i.segment, offset, bytes, write);
  checkPart(core, i, offset + FIELDS * bytes + followed - 1, 1, write);
  return Array.from({ length: FIELDS }, (_, n) => checkPart(core, i, offset + n * bytes, bytes, write));
}

/** Linear addresses of the registers behind it: significand, then sign and exponent. */
function checkRegisters(core: Core, i: Instruction, offset: number, write: boolean): (readonly [number, number])[] {
  return Array.from({ length: 8 }, (_, n) => {
    const at = offset + FIELDS * fieldBytes(i) + n * REGISTER_BYTES;
    return [checkPart(core, i, at, 8, write), checkPart(core, i, at + 8, 2, write)] as const;
  });
}

function writeEnvironment(core: Core, i: Instruction, addresses: readonly number[]): void {
  const wide = isWide(i);
  environmentFields(core, wide).forEach((field, n) => {
    writeLinear(core, addresses[n], fieldBytes(i), wide ? field : field & 0xffff, core.cpl === 3);
  });
}

function readEnvironment(core: Core, i: Instruction, addresses: readonly number[]): number[] {
  return addresses.map((linear) => readLinear(core, linear, fieldBytes(i), core.cpl === 3));
}

function fnstenv(core: Core, i: Instruction): void {
  beginWithoutWaiting(core);
  writeEnvironment(core, i, checkEnvironment(core, i, effectiveAddress(core, i), 0, true));
  // SDM Vol. 2, FSTENV: all exceptions are masked afterwards.
  core.i32[FPU_CONTROL] |= Status.EXCEPTIONS;
  updateSummary(core.i32);
}

function fldenv(core: Core, i: Instruction): void {
  begin(core);
  const addresses = checkEnvironment(core, i, effectiveAddress(core, i), 0, false);
  setEnvironmentFields(core, isWide(i), readEnvironment(core, i, addresses));
}

function fnsave(core: Core, i: Instruction): void {
  beginWithoutWaiting(core);
  const m = core.i32;
  const offset = effectiveAddress(core, i);
  const environment = checkEnvironment(core, i, offset, REGISTERS_BYTES, true);
  const registers = checkRegisters(core, i, offset, true);
  writeEnvironment(core, i, environment);
  const user = core.cpl === 3;
  registers.forEach(([significand, signExponent], n) => {
    const register = st(m, n);
    writeLinear(core, significand, 4, m[register], user);
    writeLinear(core, (significand + 4) | 0, 4, m[register + 1], user);
    writeLinear(core, signExponent, 2, m[register + 2] & 0xffff, user);
  });
  initialise(m);
}

function frstor(core: Core, i: Instruction): void {
  const m = begin(core);
  const offset = effectiveAddress(core, i);
  const environment = checkEnvironment(core, i, offset, REGISTERS_BYTES, false);
  const registers = checkRegisters(core, i, offset, false);
  setEnvironmentFields(core, isWide(i), readEnvironment(core, i, environment));
  const user = core.cpl === 3;
  registers.forEach(([significand, signExponent], n) => {
    const low = readLinear(core, significand, 4, user);
    const high = readLinear(core, (significand + 4) | 0, 4, user);
    setValue(m, st(m, n), readLinear(core, signExponent, 2, user), high, low);
  });
}

function fnstsw(core: Core, i: Instruction): void {
  beginWithoutWaiting(core);
  const word = statusWord(core.i32);
  if (i.kind0 === Kind.REG16) core.u16[EAX] = word;
  else write16(core, i.segment, effectiveAddress(core, i), word);
}

const ignored: Handler = (core) => {
  beginWithoutWaiting(core);
};

export const x87Environment = {
  FLDCW: (core, i) => {
    begin(core);
    setControlWord(core.i32, read16(core, i.segment, effectiveAddress(core, i)));
  },
  FNSTCW: (core, i) => {
    beginWithoutWaiting(core);
    write16(core, i.segment, effectiveAddress(core, i), core.i32[FPU_CONTROL]);
  },
  FNSTSW: fnstsw,
  FNSTENV: fnstenv,
  FLDENV: fldenv,
  FNSAVE: fnsave,
  FRSTOR: frstor,
  FNINIT: (core) => {
    beginWithoutWaiting(core);
    initialise(core.i32);
  },
  FNCLEX: (core) => {
    beginWithoutWaiting(core);
    core.i32[FPU_STATUS] &= ~(Status.EXCEPTIONS | Status.SF | Status.ES | Status.B);
  },
  // SDM Vol. 2, "x87 Opcodes of the 8087 and 80287": they do nothing since the 80387.
  FNENI: ignored,
  FNDISI: ignored,
  FNSETPM: ignored,
} as const satisfies Record<string, Handler>;

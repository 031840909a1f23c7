/**
 * String instructions with their repeat prefixes. Intel SDM Vol. 2, REP, MOVS, CMPS, STOS, LODS, SCAS, INS, OUTS.
 * One execution does at most `ITERATIONS_MAX` iterations, counts as one instruction, and leaves EIP at itself when
 * there are more to do, just as an interrupted repeat does.
 *
 * Invariant: ESI, EDI, ECX and the flags are those of the iterations that completed, whatever stops the next one.
 */
import type { Size } from '../access.ts';
import { hostOf, probeWrite, read16, read32, read8, write16, write32, write8 } from '../access.ts';
import type { Core } from '../core.ts';
import { zeroFlag } from '../flags.ts';
import type { Handler, Instruction } from '../instruction.ts';
import { Repeat } from '../instruction.ts';
import { checkPort, portIn, portOut } from '../ports.ts';
import { readRegister, writeRegister } from '../operands.ts';
import { BASE, EAX, ECX, EDI, EDX, EFLAGS, EIP, ES, ESI, Eflags, READ_END, WRITE_END } from '../registers.ts';
import { compareValues } from './arithmetic.ts';

export const ITERATIONS_MAX = 4096;

/** A register with the address size: the whole of it, or its low word. */
function addressRegister(core: Core, i: Instruction, register: number): number {
  return core.i32[register] & i.addressMask;
}

function advance(core: Core, i: Instruction, register: number, by: number): void {
  const old = core.i32[register];
  core.i32[register] = (old & ~i.addressMask) | ((old + by) & i.addressMask);
}

function stepOf(core: Core, size: number): number {
  return (core.i32[EFLAGS] & Eflags.DF) !== 0 ? -size : size;
}

function read(core: Core, segment: number, offset: number, size: Size): number {
  if (size === 4) return read32(core, segment, offset);
  return size === 2 ? read16(core, segment, offset) : read8(core, segment, offset);
}

function write(core: Core, segment: number, offset: number, size: Size, value: number): void {
  if (size === 4) write32(core, segment, offset, value);
  else if (size === 2) write16(core, segment, offset, value);
  else write8(core, segment, offset, value);
}

type Step = (core: Core, i: Instruction) => void;
/** Does up to `count` iterations at once. @returns how many it did; 0 leaves the next one to the step */
type Bulk = (core: Core, i: Instruction, count: number) => number;

/** @param compares whether REPE and REPNE test ZF after each iteration */
function repeated(step: Step, compares: boolean, bulk?: Bulk): Handler {
  return (core, i) => {
    const m = core.i32;
    if (i.repeat === Repeat.NONE) {
      step(core, i);
      m[EIP] += i.end;
      return;
    }
    let left = addressRegister(core, i, ECX) >>> 0;
    // With TF set every iteration is followed by a debug trap.
    let budget = (m[EFLAGS] & Eflags.TF) !== 0 ? 1 : ITERATIONS_MAX - core.repeatDone;
    core.repeatDone = 0;
    let ended = left === 0;
    while (!ended && budget > 0) {
      let done = bulk === undefined ? 0 : bulk(core, i, Math.min(left, budget));
      if (done === 0) {
        step(core, i);
        done = 1;
      }
      advance(core, i, ECX, -done);
      left -= done;
      budget -= done;
      ended = left === 0 || (compares && zeroFlag(core) !== (i.repeat === Repeat.REP));
      // SDM Vol. 3B, "Data Memory and I/O Breakpoint Exception Conditions": after the iteration that hit.
      if ((core.debugTrap & 15) !== 0) break;
      if (core.dataProbed && !ended && budget > 0 && core.probes.data.pending) {
        core.repeatDone = ITERATIONS_MAX - budget;
        break;
      }
    }
    m[EIP] += ended ? i.end : i.offset;
  };
}

/** Elements from `linear` on (downwards if `step` is negative) that stay in its page. */
function elementsInPage(linear: number, step: number): number {
  const offset = linear & 0xfff;
  return step > 0 ? Math.floor((0x1000 - offset) / step) : Math.floor(offset / -step) + 1;
}

/** Host offset of a string element whose whole run of `count` elements may be accessed without a check, or 0. */
function hostOfRun(core: Core, segment: number, offset: number, bytes: number, forWrite: boolean): number {
  const m = core.i32;
  const end = m[(forWrite ? WRITE_END : READ_END) + segment] >>> 0;
  if ((offset >>> 0) + bytes > end) return 0;
  return hostOf(core, (m[BASE + segment] + offset) | 0, forWrite);
}

/** Upwards only, inside one page of source and of destination, with 32-bit addresses. */
function bulkMovs(core: Core, i: Instruction, count: number): number {
  const m = core.i32;
  if (i.addressMask !== -1 || (m[EFLAGS] & Eflags.DF) !== 0 || core.alignmentCheck) return 0;
  const from = m[ESI];
  const to = m[EDI];
  const n = Math.min(
    count,
    elementsInPage(m[BASE + i.segment] + from, i.size),
    elementsInPage(m[BASE + ES] + to, i.size),
  );
  const bytes = n * i.size;
  if (n < 2) return 0;
  const source = hostOfRun(core, i.segment, from, bytes, false);
  const destination = hostOfRun(core, ES, to, bytes, true);
  if (source === 0 || destination === 0) return 0;
  // A destination that starts inside the source repeats what was just written; copyWithin would not.
  if (destination > source && destination < source + bytes) return 0;
  core.u8.copyWithin(destination, source, source + bytes);
  m[ESI] = from + bytes;
  m[EDI] = to + bytes;
  return n;
}

function bulkStos(core: Core, i: Instruction, count: number): number {
  const m = core.i32;
  if (i.addressMask !== -1 || (m[EFLAGS] & Eflags.DF) !== 0 || core.alignmentCheck) return 0;
  const to = m[EDI];
  const n = Math.min(count, elementsInPage(m[BASE + ES] + to, i.size));
  const bytes = n * i.size;
  if (n < 2) return 0;
  const host = hostOfRun(core, ES, to, bytes, true);
  if (host === 0 || (host & (i.size - 1)) !== 0) return 0;
  if (i.size === 4) m.fill(m[EAX], host >> 2, (host + bytes) >> 2);
  else if (i.size === 2) core.u16.fill(core.u16[EAX], host >> 1, (host + bytes) >> 1);
  else core.u8.fill(core.u8[EAX], host, host + bytes);
  m[EDI] = to + bytes;
  return n;
}

function movs(core: Core, i: Instruction): void {
  const step = stepOf(core, i.size);
  const value = read(core, i.segment, addressRegister(core, i, ESI), i.size);
  write(core, ES, addressRegister(core, i, EDI), i.size, value);
  advance(core, i, ESI, step);
  advance(core, i, EDI, step);
}

function stos(core: Core, i: Instruction): void {
  write(core, ES, addressRegister(core, i, EDI), i.size, readRegister(core, EAX, i.size));
  advance(core, i, EDI, stepOf(core, i.size));
}

function lods(core: Core, i: Instruction): void {
  writeRegister(core, EAX, i.size, read(core, i.segment, addressRegister(core, i, ESI), i.size));
  advance(core, i, ESI, stepOf(core, i.size));
}

function cmps(core: Core, i: Instruction): void {
  const step = stepOf(core, i.size);
  // The manual leaves open which operand faults first; processors (test/conformance/host) read ES:EDI first.
  const b = read(core, ES, addressRegister(core, i, EDI), i.size);
  const a = read(core, i.segment, addressRegister(core, i, ESI), i.size);
  compareValues(core, i.size, a, b);
  advance(core, i, ESI, step);
  advance(core, i, EDI, step);
}

function scas(core: Core, i: Instruction): void {
  const b = read(core, ES, addressRegister(core, i, EDI), i.size);
  compareValues(core, i.size, readRegister(core, EAX, i.size), b);
  advance(core, i, EDI, stepOf(core, i.size));
}

function ins(core: Core, i: Instruction): void {
  const port = core.u16[EDX * 2];
  const offset = addressRegister(core, i, EDI);
  // A port may be read only once, so the write is checked first.
  probeWrite(core, ES, offset, i.size);
  write(core, ES, offset, i.size, portIn(core, port, i.size));
  advance(core, i, EDI, stepOf(core, i.size));
}

function outs(core: Core, i: Instruction): void {
  const port = core.u16[EDX * 2];
  const value = read(core, i.segment, addressRegister(core, i, ESI), i.size);
  advance(core, i, ESI, stepOf(core, i.size));
  portOut(core, port, i.size, value);
}

/** The permission is checked before the count, and is the same for every iteration. */
function withPort(handler: Handler): Handler {
  return (core, i) => {
    checkPort(core, core.u16[EDX * 2], i.size);
    handler(core, i);
  };
}

export const strings = {
  MOVS: repeated(movs, false, bulkMovs),
  STOS: repeated(stos, false, bulkStos),
  LODS: repeated(lods, false),
  CMPS: repeated(cmps, true),
  SCAS: repeated(scas, true),
  INS: withPort(repeated(ins, false)),
  OUTS: withPort(repeated(outs, false)),
} as const satisfies Record<string, Handler>;

/**
 * String instructions with their repeat prefixes. Intel SDM Vol. 2, REP, MOVS, CMPS, STOS, LODS, SCAS, INS, OUTS.
 * One execution does at most `ITERATIONS_MAX` iterations, counts as one instruction, and leaves EIP at itself when
 * there are more to do, just as an interrupted repeat does.
 *
 * Invariant: ESI, EDI, ECX and the flags are those of the iterations that completed, whatever stops the next one.
 */
import type { Size } from '../access.ts';
import { probeWrite, read16, read32, read8, write16, write32, write8 } from '../access.ts';
import { Attention, type Core } from '../core.ts';
import { zeroFlag } from '../flags.ts';
import type { Handler, Instruction } from '../instruction.ts';
import { Repeat } from '../instruction.ts';
import { checkPort, portIn, portOut } from '../ports.ts';
import { readRegister, writeRegister } from '../operands.ts';
import { DR6_HITS, EAX, ECX, EDI, EDX, EFLAGS, EIP, ES, ESI, Eflags } from '../registers.ts';
import { compareValues } from './arithmetic.ts';
import { runCmps, runLods, runMovs, runScas, runStos, type Run } from './string-runs.ts';

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

/** @param compares whether REPE and REPNE test ZF after each iteration */
function repeated(step: Step, compares: boolean, run?: Run): Handler {
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
      let done = run === undefined ? 0 : run(core, i, Math.min(left, budget));
      if (done === 0) {
        step(core, i);
        done = 1;
      }
      advance(core, i, ECX, -done);
      left -= done;
      budget -= done;
      ended = left === 0 || (compares && zeroFlag(core) !== (i.repeat === Repeat.REP));
      // SDM Vol. 3B, "Data Memory and I/O Breakpoint Exception Conditions": after the iteration that hit.
      if ((core.debugTrap & DR6_HITS) !== 0) break;
      if (core.dataProbed && !ended && budget > 0 && core.probes.data.pending) {
        core.repeatDone = ITERATIONS_MAX - budget;
        break;
      }
    }
    m[EIP] += ended ? i.end : i.offset;
    // SDM Vol. 3B, "Instruction-Breakpoint Exception Condition": what comes between two iterations finds RF set, and the
    // next one passes a breakpoint at the instruction.
    if (!ended && core.repeatDone === 0) {
      m[EFLAGS] |= Eflags.RF;
      core.attend(Attention.RESUME);
    }
  };
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
  MOVS: repeated(movs, false, runMovs),
  STOS: repeated(stos, false, runStos),
  LODS: repeated(lods, false, runLods),
  CMPS: repeated(cmps, true, runCmps),
  SCAS: repeated(scas, true, runScas),
  INS: withPort(repeated(ins, false)),
  OUTS: withPort(repeated(outs, false)),
} as const satisfies Record<string, Handler>;

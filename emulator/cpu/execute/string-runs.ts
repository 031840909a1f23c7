/**
 * Many iterations of a repeated string instruction as one operation of the host: those whose elements lie in one page of
 * each operand, when the fast tables hold it. Intel SDM Vol. 2, REP, MOVS, STOS, LODS, SCAS, CMPS.
 *
 * Invariant: a run does what as many single iterations would do, and none of them could fault, reach a device, a probe or
 * decoded code. test/unit/cpu/strings.test.ts compares them with a model.
 */
import type { Size } from '../access.ts';
import { hostOf } from '../access.ts';
import type { Core } from '../core.ts';
import type { Instruction } from '../instruction.ts';
import { Repeat } from '../instruction.ts';
import { readRegister, writeRegister } from '../operands.ts';
import { BASE, EAX, EDI, EFLAGS, ES, ESI, Eflags, READ_END, WRITE_END } from '../registers.ts';
import { compareValues } from './arithmetic.ts';

/** Does up to `count` iterations at once. @returns how many it did; 0 leaves the next one to the step */
export type Run = (core: Core, i: Instruction, count: number) => number;

/** Bytes to look at from which on the host's own search is worth a call. */
const SEARCH_MIN = 64;

/** Whether runs are possible at all. */
function simple(core: Core, i: Instruction): boolean {
  return i.addressMask === -1 && !core.alignmentCheck;
}

function isDown(core: Core): boolean {
  return (core.i32[EFLAGS] & Eflags.DF) !== 0;
}

/** How many elements from `linear` on stay in its page; 0 when the first does not. */
function elementsInPage(linear: number, size: number, down: boolean): number {
  const offset = linear & 0xfff;
  if (down) return offset > 0x1000 - size ? 0 : Math.floor(offset / size) + 1;
  return Math.floor((0x1000 - offset) / size);
}

/** Host offset of `bytes` bytes that may be accessed without a check, or 0. */
function hostOfRun(core: Core, segment: number, offset: number, bytes: number, forWrite: boolean): number {
  const m = core.i32;
  const end = m[(forWrite ? WRITE_END : READ_END) + segment] >>> 0;
  if ((offset >>> 0) + bytes > end) return 0;
  return hostOf(core, (m[BASE + segment] + offset) | 0, forWrite);
}

/** Offset of the lowest byte of a run. */
function lowest(offset: number, n: number, size: number, down: boolean): number {
  return down ? (offset - (n - 1) * size) | 0 : offset;
}

function advance(core: Core, register: number, n: number, size: number, down: boolean): void {
  core.i32[register] += down ? -n * size : n * size;
}

/** Repeats the first `period` of `bytes` bytes over the rest of them. */
function replicate(core: Core, host: number, period: number, bytes: number): void {
  for (let done = period; done < bytes; done *= 2) {
    core.u8.copyWithin(host + done, host, host + Math.min(done, bytes - done));
  }
}

export function runMovs(core: Core, i: Instruction, count: number): number {
  if (!simple(core, i)) return 0;
  const m = core.i32;
  const { size } = i;
  const down = isDown(core);
  const n = Math.min(
    count,
    elementsInPage(m[BASE + i.segment] + m[ESI], size, down),
    elementsInPage(m[BASE + ES] + m[EDI], size, down),
  );
  if (n < 2) return 0;
  const bytes = n * size;
  const source = hostOfRun(core, i.segment, lowest(m[ESI], n, size, down), bytes, false);
  const destination = hostOfRun(core, ES, lowest(m[EDI], n, size, down), bytes, true);
  if (source === 0 || destination === 0) return 0;
  // How far ahead of the source, in the direction of the copy, the destination is.
  const ahead = down ? source - destination : destination - source;
  if (ahead > 0 && ahead < bytes) {
    // What was just written is read again: the source's first bytes repeat themselves.
    if (down || ahead < size) return 0;
    core.u8.copyWithin(destination, source, source + ahead);
    replicate(core, destination, ahead, bytes);
  } else core.u8.copyWithin(destination, source, source + bytes);
  advance(core, ESI, n, size, down);
  advance(core, EDI, n, size, down);
  return n;
}

export function runStos(core: Core, i: Instruction, count: number): number {
  if (!simple(core, i)) return 0;
  const m = core.i32;
  const { size } = i;
  const down = isDown(core);
  const n = Math.min(count, elementsInPage(m[BASE + ES] + m[EDI], size, down));
  if (n < 2) return 0;
  const bytes = n * size;
  const host = hostOfRun(core, ES, lowest(m[EDI], n, size, down), bytes, true);
  if (host === 0) return 0;
  if (size === 1) core.u8.fill(core.u8[EAX * 4], host, host + bytes);
  else if ((host & (size - 1)) === 0) {
    if (size === 4) m.fill(m[EAX], host >> 2, (host + bytes) >> 2);
    else core.u16.fill(core.u16[EAX * 2], host >> 1, (host + bytes) >> 1);
  } else {
    if (size === 4) core.view.setInt32(host, m[EAX], true);
    else core.view.setUint16(host, core.u16[EAX * 2], true);
    replicate(core, host, size, bytes);
  }
  advance(core, EDI, n, size, down);
  return n;
}

function elementAt(core: Core, host: number, size: Size): number {
  if (size === 1) return core.u8[host];
  return size === 4 ? core.view.getInt32(host, true) : core.view.getUint16(host, true);
}

/** Only the last element stays in the register. */
export function runLods(core: Core, i: Instruction, count: number): number {
  if (!simple(core, i)) return 0;
  const m = core.i32;
  const { size } = i;
  const down = isDown(core);
  const n = Math.min(count, elementsInPage(m[BASE + i.segment] + m[ESI], size, down));
  if (n < 2) return 0;
  const host = hostOfRun(core, i.segment, lowest(m[ESI], n, size, down), n * size, false);
  if (host === 0) return 0;
  writeRegister(core, EAX, size, elementAt(core, down ? host : host + (n - 1) * size, size));
  advance(core, ESI, n, size, down);
  return n;
}

export function runScas(core: Core, i: Instruction, count: number): number {
  if (!simple(core, i)) return 0;
  const m = core.i32;
  const { size } = i;
  const down = isDown(core);
  const n = Math.min(count, elementsInPage(m[BASE + ES] + m[EDI], size, down));
  if (n < 2) return 0;
  const low = hostOfRun(core, ES, lowest(m[EDI], n, size, down), n * size, false);
  if (low === 0) return 0;
  const value = readRegister(core, EAX, size);
  const whileEqual = i.repeat === Repeat.REP;
  if (size === 1 && !down && !whileEqual && n >= SEARCH_MIN) {
    // The host's search for a byte is many times quicker.
    const found = core.u8.subarray(low, low + n).indexOf(value);
    const done = found < 0 ? n : found + 1;
    compareValues(core, 1, value, core.u8[low + done - 1]);
    m[EDI] += done;
    return done;
  }
  const step = down ? -size : size;
  let host = down ? low + (n - 1) * size : low;
  let left = n - 1;
  let element = elementAt(core, host, size);
  while (left > 0 && (element === value) === whileEqual) {
    left--;
    host += step;
    element = elementAt(core, host, size);
  }
  compareValues(core, size, value, element);
  advance(core, EDI, n - left, size, down);
  return n - left;
}

export function runCmps(core: Core, i: Instruction, count: number): number {
  if (!simple(core, i)) return 0;
  const m = core.i32;
  const { size } = i;
  const down = isDown(core);
  const n = Math.min(
    count,
    elementsInPage(m[BASE + i.segment] + m[ESI], size, down),
    elementsInPage(m[BASE + ES] + m[EDI], size, down),
  );
  if (n < 2) return 0;
  const lowA = hostOfRun(core, i.segment, lowest(m[ESI], n, size, down), n * size, false);
  const lowB = hostOfRun(core, ES, lowest(m[EDI], n, size, down), n * size, false);
  if (lowA === 0 || lowB === 0) return 0;
  const whileEqual = i.repeat === Repeat.REP;
  const step = down ? -size : size;
  const distance = lowB - lowA;
  let host = down ? lowA + (n - 1) * size : lowA;
  let left = n - 1;
  if (size === 4 && !down && whileEqual && ((lowA | lowB) & 3) === 0) {
    const limit = (lowA >> 2) + left;
    let at = lowA >> 2;
    while (at < limit && m[at] === m[at + (distance >> 2)]) at++;
    host = at * 4;
    left = limit - at;
  }
  let a = elementAt(core, host, size);
  let b = elementAt(core, host + distance, size);
  while (left > 0 && (a === b) === whileEqual) {
    left--;
    host += step;
    a = elementAt(core, host, size);
    b = elementAt(core, host + distance, size);
  }
  compareValues(core, size, a, b);
  advance(core, ESI, n - left, size, down);
  advance(core, EDI, n - left, size, down);
  return n - left;
}

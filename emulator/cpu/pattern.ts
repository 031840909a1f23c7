/**
 * What the first bytes of an instruction say: everything but SIB byte, displacement and immediate. Programs use some
 * hundred of them, and what is decoded by one is copied rather than decoded.
 * Intel SDM Vol. 2, "Instruction Format", "32-Bit Addressing Forms with the SIB Byte".
 *
 * Invariant: what is read by a pattern equals what `Decoder` would make of the bytes without it.
 */
import { Instruction } from './instruction.ts';
import { DS, EBP, ESP, SS, ZERO } from './registers.ts';

/** How an immediate is read. */
export const NO_IMMEDIATE = 0;
export const BYTE = 1;
export const SIGNED_BYTE = 2;
export const WORD = 3;
export const SIGNED_WORD = 4;
export const DWORD = 5;
const IMMEDIATE_BYTES = [0, 1, 1, 2, 2, 4] as const;

/** As many bytes as patterns are found by. */
export const PATTERN_BYTES = 3;

const SIZE_PREFIX = 0x66;
const TWO_BYTE = 0x0f;

// What may stand before the two bytes that a pattern is found by.
const LEAD_NONE = 0;
const LEAD_TWO_BYTE = 1;
const LEAD_SIZE_PREFIX = 2;
const LEADS = 3;
const MODES = 4;

/** What follows the opcode and its ModRM byte. */
export interface Rest {
  readonly hasSib: boolean;
  /** Of the displacement, as `mod` says it. */
  readonly displacementBytes: 0 | 1 | 2 | 4;
  /** An immediate, and the operand it is. */
  readonly immediate: 0 | 1 | 2 | 3 | 4 | 5;
  readonly slot: number;
}

export class Pattern {
  readonly #template: Instruction;
  readonly #start: number;
  readonly #hasSib: boolean;
  readonly #displacementBytes: number;
  readonly #immediate: number;
  readonly #slot: number;
  /** How long an instruction may be. */
  readonly bytesMax: number;
  /** Whether all its instructions are the same one, wherever they stand. */
  readonly #isFixed: boolean;

  /** @param example an instruction of the pattern; @param start bytes before the rest */
  constructor(example: Instruction, start: number, { hasSib, displacementBytes, immediate, slot }: Rest) {
    this.#template = new Instruction(example.form);
    this.#template.copy(example);
    // Without one in ModRM, another SIB byte has none.
    if (hasSib) this.#template.displacement = 0;
    this.#start = start;
    this.#hasSib = hasSib;
    this.#displacementBytes = displacementBytes;
    this.#immediate = immediate;
    this.#slot = slot;
    const most = hasSib && displacementBytes === 0 ? 4 : displacementBytes;
    this.bytesMax = start + (hasSib ? 1 : 0) + most + IMMEDIATE_BYTES[immediate];
    const isPlain = !hasSib && displacementBytes === 0 && immediate === NO_IMMEDIATE;
    this.#isFixed = isPlain && !example.form.endsBlock;
  }

  /** @param into what becomes the instruction, unless there is one for all @returns the instruction at `at` */
  read(bytes: Uint8Array, at: number, into: Instruction): Instruction {
    const template = this.#template;
    if (this.#isFixed) return template;
    into.copy(template);
    let next = at + this.#start;
    let size = this.#displacementBytes;
    if (this.#hasSib) {
      const sib = bytes[next++];
      const base = sib & 7;
      const index = (sib >> 3) & 7;
      const none = index === ESP;
      into.index = none ? ZERO : index;
      into.scale = none ? 0 : sib >> 6;
      const absolute = base === EBP && size === 0;
      if (absolute) size = 4;
      into.base = absolute ? ZERO : base;
      into.segment = !absolute && (base === ESP || base === EBP) ? SS : DS;
    }
    if (size !== 0) {
      into.displacement = size === 1 ? (bytes[next] << 24) >> 24 : size === 4 ? dword(bytes, next) : word(bytes, next);
      next += size;
    }
    const immediate = this.#immediate;
    if (immediate !== NO_IMMEDIATE) {
      let value: number;
      if (immediate <= SIGNED_BYTE) {
        value = bytes[next++];
        if (immediate === SIGNED_BYTE) value = (value << 24) >> 24;
      } else if (immediate === DWORD) {
        value = dword(bytes, next);
        next += 4;
      } else {
        value = word(bytes, next);
        if (immediate === SIGNED_WORD) value = (value << 16) >> 16;
        next += 2;
      }
      if (this.#slot === 0) into.index0 = value;
      else if (this.#slot === 1) into.index1 = value;
      else into.index2 = value;
    }
    into.length = next - at;
    return into;
  }
}

export class Patterns {
  /** By lead, mode and the two bytes after the lead; 0: not known, or not by these. */
  readonly #numbers = new Uint16Array(LEADS * MODES * 0x1_0000);
  readonly #patterns: Pattern[] = [];

  /** @param at where PATTERN_BYTES may be read */
  find(bytes: Uint8Array, at: number, mode: number): Pattern | undefined {
    const number = this.#numbers[indexOf(bytes, at, mode)];
    return number === 0 ? undefined : this.#patterns[number - 1];
  }

  /** @param prefixes how many there are; @param hasModrm whether the byte after the opcode is part of the pattern */
  learn(
    bytes: Uint8Array,
    at: number,
    mode: number,
    prefixes: number,
    hasModrm: boolean,
    i: Instruction,
    rest: Rest,
  ): void {
    const lead = leadOf(bytes[at]);
    if (prefixes !== (lead === LEAD_SIZE_PREFIX ? 1 : 0)) return;
    const start = lead === LEAD_NONE ? 1 : 2;
    if (lead === LEAD_SIZE_PREFIX && bytes[at + 1] === TWO_BYTE) return;
    const number = this.#patterns.push(new Pattern(i, hasModrm ? start + 1 : start, rest));
    if (number > 0xffff) this.#patterns.pop();
    else {
      const index = indexOf(bytes, at, mode);
      if (hasModrm) this.#numbers[index] = number;
      else this.#numbers.fill(number, index & ~0xff, (index & ~0xff) + 0x100);
    }
  }
}

function leadOf(first: number): number {
  if (first === TWO_BYTE) return LEAD_TWO_BYTE;
  return first === SIZE_PREFIX ? LEAD_SIZE_PREFIX : LEAD_NONE;
}

function indexOf(bytes: Uint8Array, at: number, mode: number): number {
  const lead = leadOf(bytes[at]);
  const opcode = lead === LEAD_NONE ? at : at + 1;
  return ((lead * MODES + mode) << 16) | (bytes[opcode] << 8) | bytes[opcode + 1];
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

function dword(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

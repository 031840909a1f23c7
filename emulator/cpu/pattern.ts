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
/** As many bytes as patterns are found by. */
export const PATTERN_BYTES = 3;

const SIZE_PREFIX = 0x66;
const TWO_BYTE = 0x0f;

// What may stand before the two bytes that a pattern is found by.
const LEAD_NONE = 0;
const LEAD_TWO_BYTE = 1;
const LEAD_SIZE_PREFIX = 2;
const LEADS = 3;
const PATTERNS_MAX = 0xffff;
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

/** What is read of a dword: how far it is shifted up and down again, what of it counts, and how many bytes it takes. */
interface Field {
  readonly shift: number;
  readonly mask: number;
  readonly bytes: number;
}

const NOTHING: Field = { shift: 0, mask: 0, bytes: 0 };
const UNSIGNED_BYTE_FIELD: Field = { shift: 0, mask: 0xff, bytes: 1 };
const SIGNED_BYTE_FIELD: Field = { shift: 24, mask: -1, bytes: 1 };
const UNSIGNED_WORD_FIELD: Field = { shift: 0, mask: 0xffff, bytes: 2 };
const SIGNED_WORD_FIELD: Field = { shift: 16, mask: -1, bytes: 2 };
const DWORD_FIELD: Field = { shift: 0, mask: -1, bytes: 4 };

const DISPLACEMENTS = { 0: NOTHING, 1: SIGNED_BYTE_FIELD, 2: UNSIGNED_WORD_FIELD, 4: DWORD_FIELD } as const;
const IMMEDIATES = [
  NOTHING,
  UNSIGNED_BYTE_FIELD,
  SIGNED_BYTE_FIELD,
  UNSIGNED_WORD_FIELD,
  SIGNED_WORD_FIELD,
  DWORD_FIELD,
] as const;

export class Pattern {
  readonly #template: Instruction;
  readonly #start: number;
  readonly #hasSib: boolean;
  readonly #displacementShift: number;
  readonly #displacementMask: number;
  readonly #displacementBytes: number;
  readonly #immediateShift: number;
  // The immediate's, of which at most one is not 0.
  readonly #mask0: number;
  readonly #mask1: number;
  readonly #mask2: number;
  readonly #immediateBytes: number;
  /** As many bytes as are looked at at most. */
  readonly bytesMax: number;
  /** Whether all its instructions are the same one, wherever they stand. */
  readonly #isFixed: boolean;

  /** @param example an instruction of the pattern; @param start bytes before the rest */
  constructor(example: Instruction, start: number, { hasSib, displacementBytes, immediate, slot }: Rest) {
    const displaced = DISPLACEMENTS[displacementBytes];
    const field = IMMEDIATES[immediate];
    const template = new Instruction(example.form);
    template.copy(example);
    if (immediate !== NO_IMMEDIATE) {
      if (slot === 0) template.index0 = 0;
      else if (slot === 1) template.index1 = 0;
      else template.index2 = 0;
    }
    this.#template = template;
    this.#start = start;
    this.#hasSib = hasSib;
    this.#displacementShift = displaced.shift;
    this.#displacementMask = displaced.mask;
    this.#displacementBytes = displaced.bytes;
    this.#immediateShift = field.shift;
    this.#mask0 = slot === 0 ? field.mask : 0;
    this.#mask1 = slot === 1 ? field.mask : 0;
    this.#mask2 = slot === 2 ? field.mask : 0;
    this.#immediateBytes = field.bytes;
    // Of SIB byte, displacement (which the SIB byte may ask for) and immediate, the last is read as four bytes.
    this.bytesMax = start + (hasSib ? 1 : 0) + 8;
    const isPlain = !hasSib && displaced.bytes + field.bytes === 0;
    this.#isFixed = isPlain && !example.form.endsBlock;
  }

  /**
   * Without branches where it can be: V8 would compile it anew for each that is first taken late.
   * @param at where `bytesMax` may be read; @param into what becomes the instruction, unless there is one for all
   * @returns the instruction at `at`
   */
  read(bytes: Uint8Array, at: number, into: Instruction): Instruction {
    const template = this.#template;
    if (this.#isFixed) return template;
    into.copy(template);
    let next = at + this.#start;
    let displacementMask = this.#displacementMask;
    let displacementBytes = this.#displacementBytes;
    if (this.#hasSib) {
      const sib = bytes[next++];
      const base = sib & 7;
      const index = (sib >> 3) & 7;
      const none = index === ESP;
      into.index = none ? ZERO : index;
      into.scale = none ? 0 : sib >> 6;
      const absolute = base === EBP && displacementBytes === 0;
      if (absolute) {
        displacementMask = -1;
        displacementBytes = 4;
      }
      into.base = absolute ? ZERO : base;
      into.segment = !absolute && (base === ESP || base === EBP) ? SS : DS;
    }
    const shift = this.#displacementShift;
    into.displacement = ((dword(bytes, next) << shift) >> shift) & displacementMask;
    next += displacementBytes;
    const immediateShift = this.#immediateShift;
    const immediate = (dword(bytes, next) << immediateShift) >> immediateShift;
    into.index0 |= immediate & this.#mask0;
    into.index1 |= immediate & this.#mask1;
    into.index2 |= immediate & this.#mask2;
    into.length = next + this.#immediateBytes - at;
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
    const index = indexOf(bytes, at, mode);
    // At the end of a page instructions are decoded by the table, whether their pattern is known or not.
    if (this.#numbers[index] !== 0 || this.#patterns.length === PATTERNS_MAX) return;
    const number = this.#patterns.push(new Pattern(i, hasModrm ? start + 1 : start, rest));
    if (hasModrm) this.#numbers[index] = number;
    else this.#numbers.fill(number, index & ~0xff, (index & ~0xff) + 0x100);
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

function dword(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

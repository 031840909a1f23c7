/**
 * Bytes to `Instruction`, by the table in opcodes.ts.
 * Intel SDM Vol. 2, "Instruction Format"; 16- and 32-bit addressing forms of ModRM and SIB.
 *
 * Invariant: decoding reads bytes in order and stops where it has seen enough: an instruction whose opcode alone is
 * invalid does not need the bytes after it to be there.
 */
import { Instruction, Kind, MemoryFormat, Repeat } from './instruction.ts';
import type { OpcodeRow } from './opcodes.ts';
import { immediateOf, opcodeEntry, selectRow } from './opcodes.ts';
import type { Rest } from './pattern.ts';
import { BYTE, DWORD, NO_IMMEDIATE, PATTERN_BYTES, Patterns, SIGNED_BYTE, SIGNED_WORD, WORD } from './pattern.ts';
import { SharedInstructions } from './shared-instructions.ts';
import { Specialiser, invalidForm } from './specialise.ts';
import { Mode } from './core.ts';
import { CS, DS, EBP, EBX, EDI, ES, ESI, FPU, FS, GS, SS, XMM, ZERO } from './registers.ts';

export const INSTRUCTION_BYTES_MAX = 15;

/** What `decode` says instead of an instruction when the bytes given end too early. */
export const NEED_MORE = 'need-more';

const SEGMENT_PREFIXES: Readonly<Record<number, number>> = {
  0x26: ES,
  0x2e: CS,
  0x36: SS,
  0x3e: DS,
  0x64: FS,
  0x65: GS,
};

/** 16-bit addressing: base, index and default segment by r/m. SDM Vol. 2, "16-Bit Addressing Forms". */
// prettier-ignore
const ADDRESSING_16: readonly (readonly [base: number, index: number, segment: number])[] = [
  [EBX, ESI, DS], [EBX, EDI, DS], [EBP, ESI, SS], [EBP, EDI, SS],
  [ESI, ZERO, DS], [EDI, ZERO, DS], [EBP, ZERO, SS], [EBX, ZERO, DS],
];

const SEGMENT_OPERANDS: Readonly<Record<string, number>> = { ES, CS, SS, DS, FS, GS };

/** Thrown nowhere: `#ended` is set instead, and the caller asks again with more bytes. */
export class Decoder {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #limit = 0;
  #ended = false;
  /** Kinds of the operands, five bits each, while they are read. */
  #kinds = 0;
  /** Invalid for what an operand is. */
  #refused = false;
  #modrm = 0;
  #hasModrm = false;
  #prefixes = 0;
  #hasSib = false;
  #displacementBytes: 0 | 1 | 2 | 4 = 0;
  #immediate: Rest['immediate'] = NO_IMMEDIATE;
  #immediateSlot = 0;
  /** There is more than one immediate. */
  #hasMore = false;
  readonly #specialiser = new Specialiser();
  readonly #patterns = new Patterns();
  /** For whoever keeps what was decoded. */
  readonly shared = new SharedInstructions();

  /**
   * @param start index of the first byte; @param limit index after the last byte that may be read
   * @param into what may become the instruction, instead of another one
   * @returns the instruction, which others may have too unless it ends its block; or NEED_MORE when it does not end
   * before `limit`
   */
  decode(
    bytes: Uint8Array,
    start: number,
    limit: number,
    mode: number,
    into: Instruction = new Instruction(invalidForm),
  ): Instruction | typeof NEED_MORE {
    if (limit - start >= PATTERN_BYTES) {
      const pattern = this.#patterns.find(bytes, start, mode);
      if (pattern !== undefined && limit - start >= pattern.bytesMax) return pattern.read(bytes, start, into);
    }
    return this.decodeAnew(bytes, start, limit, mode);
  }

  /** As `decode`, by the table alone. */
  decodeAnew(bytes: Uint8Array, start: number, limit: number, mode: number): Instruction | typeof NEED_MORE {
    this.#bytes = bytes;
    this.#at = start;
    this.#limit = Math.min(limit, start + INSTRUCTION_BYTES_MAX);
    this.#ended = false;
    this.#kinds = 0;
    this.#refused = false;
    this.#hasModrm = false;
    this.#hasSib = false;
    this.#displacementBytes = 0;
    this.#immediate = NO_IMMEDIATE;
    this.#hasMore = false;
    const i = this.#instruction(mode) ?? new Instruction(invalidForm);
    if (this.#ended) return NEED_MORE;
    i.length = this.#at - start;
    const isLearned = limit - start >= PATTERN_BYTES && i.form !== invalidForm && !this.#hasMore;
    if (isLearned) {
      this.#patterns.learn(bytes, start, mode, this.#prefixes, this.#hasModrm, i, {
        hasSib: this.#hasSib,
        displacementBytes: this.#displacementBytes,
        immediate: this.#immediate,
        slot: this.#immediateSlot,
      });
    }
    return i;
  }

  /** @returns undefined for an invalid instruction */
  #instruction(mode: number): Instruction | undefined {
    const code32 = (mode & Mode.CODE32) !== 0;
    let operandSize: 2 | 4 = code32 ? 4 : 2;
    let addressMask = code32 ? -1 : 0xffff;
    let segment = -1;
    let repeat: number = Repeat.NONE;
    let locked = false;
    // Which mandatory prefix there is, as `selectRow` counts them: REP and REPNE come before 66.
    let sizePrefix = 0;
    const first = this.#at;
    let opcode = this.#byte();
    for (; !this.#ended; opcode = this.#byte()) {
      if (opcode === 0x66) {
        operandSize = code32 ? 2 : 4;
        sizePrefix = 1;
      } else if (opcode === 0x67) addressMask = code32 ? 0xffff : -1;
      else if (opcode === 0xf0) locked = true;
      else if (opcode === 0xf2) repeat = Repeat.REPNE;
      else if (opcode === 0xf3) repeat = Repeat.REP;
      else {
        const prefix = SEGMENT_PREFIXES[opcode] as number | undefined;
        if (prefix === undefined) break;
        segment = prefix;
      }
    }
    this.#prefixes = this.#at - 1 - first;
    if (opcode === 0x0f) opcode = 0x100 | this.#byte();

    const row = this.#row(opcode, repeat === Repeat.NONE ? sizePrefix : repeat === Repeat.REP ? 2 : 3);
    if (row === undefined && this.#hasModrm) this.#reserved(opcode, addressMask, operandSize);
    if (this.#ended || row === undefined) return undefined;
    const modrm = this.#modrm;
    const { operands } = row;
    const memory = row.modrm && modrm < 0xc0 && operands[0] !== 'Rd' && operands[1] !== 'Rd';
    const i = new Instruction(invalidForm);
    if (memory) this.#memoryOperand(i, modrm, addressMask, segment);
    else if (segment !== -1) i.segment = segment;
    for (let slot = 0; slot < operands.length; slot++) {
      this.#operand(i, slot, operands[slot], opcode, modrm, memory, operandSize, addressMask);
    }
    if ((opcode & 0x1f8) === 0xd8) i.index2 = ((opcode & 7) << 8) | modrm;
    const kind0 = this.#kinds & 31;
    if (locked && !(row.lock && kind0 >= Kind.MEM8 && kind0 <= Kind.MEM)) return undefined;
    if (this.#refused || (!memory && operands.includes('M'))) return undefined;
    const size = row.byte ? 1 : operandSize;
    const form = this.#specialiser.form(
      row,
      size,
      addressMask,
      this.#kinds,
      row.repeatable ? repeat : Repeat.NONE,
      mode,
    );
    i.become(form);
    return i;
  }

  /** The row of an opcode, for which its ModRM byte is read if it has one. */
  #row(opcode: number, mandatory: number): OpcodeRow | undefined {
    const entry = opcodeEntry(opcode);
    this.#modrm = 0;
    if (entry === undefined) return undefined;
    const isRow = !Array.isArray(entry);
    this.#hasModrm = isRow ? (entry as OpcodeRow).modrm : entry.length !== 4;
    if (this.#hasModrm) this.#modrm = this.#byte();
    return isRow
      ? (entry as OpcodeRow)
      : selectRow(entry as readonly (OpcodeRow | undefined)[], this.#modrm, mandatory);
  }

  /**
   * What is reserved of an opcode has the operands of the rest, and bytes of them that are missing, or too many, fault
   * before #UD (asked of a processor, test/conformance/host).
   */
  #reserved(opcode: number, addressMask: number, operandSize: 2 | 4): void {
    if (this.#modrm < 0xc0) this.#memoryOperand(new Instruction(invalidForm), this.#modrm, addressMask, -1);
    const immediate = immediateOf(opcode);
    const bytes = immediate === undefined ? 0 : immediate === 'Ib' ? 1 : operandSize;
    for (let n = 0; n < bytes; n++) this.#byte();
  }

  #operand(
    i: Instruction,
    slot: number,
    code: string,
    opcode: number,
    modrm: number,
    memory: boolean,
    operandSize: 2 | 4,
    addressMask: number,
  ): void {
    const reg = (modrm >> 3) & 7;
    const rm = modrm & 7;
    switch (code) {
      case 'Eb':
        return memory ? this.#set(i, slot, Kind.MEM8, 0) : this.#setRegister(i, slot, rm, 1);
      case 'Ew':
        return memory ? this.#set(i, slot, Kind.MEM16, 0) : this.#setRegister(i, slot, rm, 2);
      case 'Ev':
        return memory ? this.#set(i, slot, memoryKind(operandSize), 0) : this.#setRegister(i, slot, rm, operandSize);
      case 'RvMw':
        return memory ? this.#set(i, slot, Kind.MEM16, 0) : this.#setRegister(i, slot, rm, operandSize);
      case 'E':
        return memory ? this.#set(i, slot, Kind.MEM, 0) : this.#setRegister(i, slot, rm, 4);
      case 'M':
        return this.#set(i, slot, Kind.MEM, 0);
      case 'Gb':
        return this.#setRegister(i, slot, reg, 1);
      case 'Gw':
        return this.#setRegister(i, slot, reg, 2);
      case 'Gv':
        return this.#setRegister(i, slot, reg, operandSize);
      case 'Rd':
        return this.#setRegister(i, slot, rm, 4);
      case 'Zb':
        return this.#setRegister(i, slot, opcode & 7, 1);
      case 'Zv':
        return this.#setRegister(i, slot, opcode & 7, operandSize);
      case 'AL':
        return this.#setRegister(i, slot, 0, 1);
      case 'CL':
        return this.#setRegister(i, slot, 1, 1);
      case 'DX':
        return this.#setRegister(i, slot, 2, 2);
      case 'eAX':
        return this.#setRegister(i, slot, 0, operandSize);
      case 'I1':
        return this.#set(i, slot, Kind.IMMEDIATE, 1);
      case 'Ib':
        return this.#set(i, slot, Kind.IMMEDIATE, this.#constant(slot, BYTE));
      case 'Ibs':
        return this.#set(i, slot, Kind.IMMEDIATE, this.#constant(slot, SIGNED_BYTE));
      case 'Iw':
        return this.#set(i, slot, Kind.IMMEDIATE, this.#constant(slot, WORD));
      case 'Iz':
        return this.#set(i, slot, Kind.IMMEDIATE, this.#constant(slot, operandSize === 4 ? DWORD : WORD));
      case 'Jb':
        return this.#set(i, slot, Kind.RELATIVE, this.#constant(slot, SIGNED_BYTE));
      case 'Jz':
        return this.#set(i, slot, Kind.RELATIVE, this.#constant(slot, operandSize === 4 ? DWORD : SIGNED_WORD));
      case 'Ap': {
        const offset = operandSize === 4 ? this.#dword() : this.#word();
        i.index2 = this.#word();
        this.#hasMore = true;
        return this.#set(i, slot, Kind.FAR, offset);
      }
      case 'ST':
        return this.#set(i, slot, Kind.ST, 0);
      case 'STi':
        return this.#set(i, slot, Kind.ST, rm);
      case 'Ms':
        return this.#set(i, slot, Kind.MEM, MemoryFormat.SINGLE);
      case 'Mq':
        return this.#set(i, slot, Kind.MEM, MemoryFormat.DOUBLE);
      case 'Mt':
        return this.#set(i, slot, Kind.MEM, MemoryFormat.EXTENDED);
      case 'Miw':
        return this.#set(i, slot, Kind.MEM, MemoryFormat.INT16);
      case 'Mid':
        return this.#set(i, slot, Kind.MEM, MemoryFormat.INT32);
      case 'Miq':
        return this.#set(i, slot, Kind.MEM, MemoryFormat.INT64);
      case 'Mx':
        return this.#set(i, slot, Kind.MEM, MemoryFormat.NONE);
      case 'Pq':
        return this.#set(i, slot, Kind.MMX, FPU + reg * 4);
      case 'Qq':
        return memory ? this.#set(i, slot, Kind.MEM, MemoryFormat.NONE) : this.#set(i, slot, Kind.MMX, FPU + rm * 4);
      case 'Nq':
        return this.#set(i, slot, Kind.MMX, FPU + rm * 4);
      case 'Vx':
        return this.#set(i, slot, Kind.XMM, XMM + reg * 4);
      case 'Wx':
        return memory ? this.#set(i, slot, Kind.MEM, MemoryFormat.NONE) : this.#set(i, slot, Kind.XMM, XMM + rm * 4);
      case 'Ux':
        return this.#set(i, slot, Kind.XMM, XMM + rm * 4);
      case 'Gd':
        return this.#setRegister(i, slot, reg, 4);
      case 'Ed':
        return memory ? this.#set(i, slot, Kind.MEM32, 0) : this.#setRegister(i, slot, rm, 4);
      case 'RdMw':
        return memory ? this.#set(i, slot, Kind.MEM16, 0) : this.#setRegister(i, slot, rm, 4);
      case 'AX':
        return this.#setRegister(i, slot, 0, 2);
      case 'Ob':
      case 'Ov':
        this.#displacement(i, addressMask === -1 ? 4 : 2);
        return this.#set(i, slot, code === 'Ob' ? Kind.MEM8 : memoryKind(operandSize), 0);
      case 'Xb':
      case 'Xv':
      case 'Yb':
      case 'Yv':
        return this.#set(i, slot, Kind.STRING, 0);
      case 'Sw': {
        // Six segment registers; CS cannot be loaded.
        const valid = reg <= GS && !(slot === 0 && reg === CS);
        if (!valid) this.#refused = true;
        return this.#set(i, slot, Kind.SEGMENT, reg);
      }
      case 'Cd': {
        const valid = reg === 0 || (reg >= 2 && reg <= 4);
        if (!valid) this.#refused = true;
        return this.#set(i, slot, Kind.CONTROL, reg);
      }
      case 'Dd':
        return this.#set(i, slot, Kind.DEBUG, reg);
      default:
        return this.#set(i, slot, Kind.SEGMENT, SEGMENT_OPERANDS[code]);
    }
  }

  #memoryOperand(i: Instruction, modrm: number, addressMask: number, segmentOverride: number): void {
    const mod = modrm >> 6;
    const rm = modrm & 7;
    let segment = DS;
    if (addressMask === 0xffff) {
      if (mod === 0 && rm === 6) {
        this.#displacement(i, 2);
      } else {
        [i.base, i.index, segment] = ADDRESSING_16[rm];
        if (mod === 1) this.#displacement(i, 1);
        else if (mod === 2) this.#displacement(i, 2);
      }
    } else {
      let base = rm;
      if (rm === 4) {
        this.#hasSib = true;
        const sib = this.#byte();
        base = sib & 7;
        const index = (sib >> 3) & 7;
        if (index !== 4) {
          i.index = index;
          i.scale = sib >> 6;
        }
      }
      if (base === EBP && mod === 0) {
        this.#displacement(i, 4);
        // Here it is the SIB byte that says so.
        if (this.#hasSib) this.#displacementBytes = 0;
      } else {
        i.base = base;
        // SDM Vol. 2, "32-Bit Addressing Forms": ESP and EBP as base mean the stack segment.
        if (base === 4 || base === EBP) segment = SS;
        if (mod === 1) this.#displacement(i, 1);
        else if (mod === 2) this.#displacement(i, 4);
      }
    }
    i.segment = segmentOverride === -1 ? segment : segmentOverride;
  }

  #byte(): number {
    if (this.#at >= this.#limit) {
      this.#ended = true;
      return 0;
    }
    return this.#bytes[this.#at++];
  }

  #word(): number {
    const low = this.#byte();
    return low | (this.#byte() << 8);
  }

  #dword(): number {
    const low = this.#word();
    return low | (this.#word() << 16);
  }

  #displacement(i: Instruction, bytes: 1 | 2 | 4): void {
    this.#displacementBytes = bytes;
    i.displacement = bytes === 1 ? (this.#byte() << 24) >> 24 : bytes === 4 ? this.#dword() : this.#word();
  }

  /** An immediate, as pattern.ts says how it is read. */
  #constant(slot: number, immediate: Rest['immediate']): number {
    if (this.#immediate !== NO_IMMEDIATE) this.#hasMore = true;
    this.#immediate = immediate;
    this.#immediateSlot = slot;
    if (immediate === BYTE) return this.#byte();
    if (immediate === SIGNED_BYTE) return (this.#byte() << 24) >> 24;
    if (immediate === DWORD) return this.#dword();
    const word = this.#word();
    return immediate === WORD ? word : (word << 16) >> 16;
  }

  #set(i: Instruction, slot: number, kind: number, index: number): void {
    this.#kinds |= kind << (slot * 5);
    if (slot === 0) i.index0 = index;
    else if (slot === 1) i.index1 = index;
    else i.index2 = index;
  }

  /** Registers stand at the start of memory, eight dwords; AH, CH, DH, BH are the second bytes of the first four. */
  #setRegister(i: Instruction, slot: number, register: number, size: 1 | 2 | 4): void {
    if (size === 4) this.#set(i, slot, Kind.REG32, register);
    else if (size === 2) this.#set(i, slot, Kind.REG16, register * 2);
    else this.#set(i, slot, Kind.REG8, (register & 3) * 4 + (register >> 2));
  }
}

function memoryKind(size: 2 | 4): number {
  return size === 4 ? Kind.MEM32 : Kind.MEM16;
}

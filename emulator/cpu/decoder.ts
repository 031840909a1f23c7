/**
 * Bytes to `Instruction`, by the table in opcodes.ts.
 * Intel SDM Vol. 2, "Instruction Format"; 16- and 32-bit addressing forms of ModRM and SIB.
 *
 * Invariant: decoding reads bytes in order and stops where it has seen enough: an instruction whose opcode alone is
 * invalid does not need the bytes after it to be there.
 */
import { InstructionCache } from './instruction-cache.ts';
import { Instruction, Kind, MemoryFormat, Repeat } from './instruction.ts';
import type { OpcodeRow } from './opcodes.ts';
import { invalidRow, opcodeEntry, selectRow } from './opcodes.ts';
import { Specialiser, invalidOpcode } from './specialise.ts';
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
  readonly #specialiser = new Specialiser();
  /** For whoever reads code from memory: what was decoded from the same bytes before. */
  readonly cache = new InstructionCache();

  /**
   * @param start index of the first byte; @param limit index after the last byte that may be read
   * @param into what may become the instruction, instead of a new one
   * @returns the instruction, or NEED_MORE when it does not end before `limit`
   */
  decode(
    bytes: Uint8Array,
    start: number,
    limit: number,
    mode: number,
    into?: Instruction,
  ): Instruction | typeof NEED_MORE {
    this.#bytes = bytes;
    this.#at = start;
    this.#limit = Math.min(limit, start + INSTRUCTION_BYTES_MAX);
    this.#ended = false;
    const instruction = this.#instruction(mode, into);
    if (this.#ended) return NEED_MORE;
    instruction.length = this.#at - start;
    return instruction;
  }

  #instruction(mode: number, into: Instruction | undefined): Instruction {
    const code32 = (mode & Mode.CODE32) !== 0;
    let operandSize: 2 | 4 = code32 ? 4 : 2;
    let addressMask = code32 ? -1 : 0xffff;
    let segment = -1;
    let repeat: number = Repeat.NONE;
    let locked = false;
    // Which mandatory prefix there is, as `selectRow` counts them: REP and REPNE come before 66.
    let sizePrefix = 0;
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
    if (opcode === 0x0f) opcode = 0x100 | this.#byte();

    const mandatory = repeat === Repeat.NONE ? sizePrefix : repeat === Repeat.REP ? 2 : 3;
    const entry = opcodeEntry(opcode);
    if (entry === undefined) return invalid();
    let row: OpcodeRow | undefined;
    let modrm = 0;
    if (Array.isArray(entry)) {
      if (entry.length !== 4) modrm = this.#byte();
      row = selectRow(entry as readonly (OpcodeRow | undefined)[], modrm, mandatory);
    } else {
      row = entry as OpcodeRow;
      if (row.modrm) modrm = this.#byte();
    }
    if (this.#ended || row === undefined) return invalid();

    const size = row.byte ? 1 : operandSize;
    const i =
      into === undefined
        ? new Instruction(row, invalidOpcode, size, addressMask)
        : into.renew(row, invalidOpcode, size, addressMask);
    i.repeat = row.repeatable ? repeat : Repeat.NONE;
    i.locked = locked;
    const memory = row.modrm && modrm < 0xc0 && row.operands[0] !== 'Rd' && row.operands[1] !== 'Rd';
    if (memory) this.#memoryOperand(i, modrm, segment);
    else if (segment !== -1) i.segment = segment;
    const { operands } = row;
    for (let slot = 0; slot < operands.length; slot++) {
      this.#operand(i, slot, operands[slot], opcode, modrm, memory, operandSize);
    }
    if ((opcode & 0x1f8) === 0xd8) i.fpuOpcode = ((opcode & 7) << 8) | modrm;
    if (locked && !(row.lock && i.kind0 >= Kind.MEM8 && i.kind0 <= Kind.MEM)) return invalid();
    if (!memory && row.operands.includes('M')) return invalid();
    if (i.kind0 === Kind.NONE && row.operands.length > 0) return invalid();
    this.#specialiser.specialise(i, mode);
    return i;
  }

  #operand(
    i: Instruction,
    slot: number,
    code: string,
    opcode: number,
    modrm: number,
    memory: boolean,
    operandSize: 2 | 4,
  ): void {
    const reg = (modrm >> 3) & 7;
    const rm = modrm & 7;
    switch (code) {
      case 'Eb':
        return memory ? setOperand(i, slot, Kind.MEM8, 0) : setRegister(i, slot, rm, 1);
      case 'Ew':
        return memory ? setOperand(i, slot, Kind.MEM16, 0) : setRegister(i, slot, rm, 2);
      case 'Ev':
        return memory ? setOperand(i, slot, memoryKind(operandSize), 0) : setRegister(i, slot, rm, operandSize);
      case 'RvMw':
        return memory ? setOperand(i, slot, Kind.MEM16, 0) : setRegister(i, slot, rm, operandSize);
      case 'E':
        return memory ? setOperand(i, slot, Kind.MEM, 0) : setRegister(i, slot, rm, 4);
      case 'M':
        return setOperand(i, slot, Kind.MEM, 0);
      case 'Gb':
        return setRegister(i, slot, reg, 1);
      case 'Gw':
        return setRegister(i, slot, reg, 2);
      case 'Gv':
        return setRegister(i, slot, reg, operandSize);
      case 'Rd':
        return setRegister(i, slot, rm, 4);
      case 'Zb':
        return setRegister(i, slot, opcode & 7, 1);
      case 'Zv':
        return setRegister(i, slot, opcode & 7, operandSize);
      case 'AL':
        return setRegister(i, slot, 0, 1);
      case 'CL':
        return setRegister(i, slot, 1, 1);
      case 'DX':
        return setRegister(i, slot, 2, 2);
      case 'eAX':
        return setRegister(i, slot, 0, operandSize);
      case 'I1':
        return setOperand(i, slot, Kind.IMMEDIATE, 1);
      case 'Ib':
        return setOperand(i, slot, Kind.IMMEDIATE, this.#byte());
      case 'Ibs':
        return setOperand(i, slot, Kind.IMMEDIATE, (this.#byte() << 24) >> 24);
      case 'Iw':
        return setOperand(i, slot, Kind.IMMEDIATE, this.#word());
      case 'Iz':
        return setOperand(i, slot, Kind.IMMEDIATE, operandSize === 4 ? this.#dword() : this.#word());
      case 'Jb':
        return setOperand(i, slot, Kind.RELATIVE, (this.#byte() << 24) >> 24);
      case 'Jz':
        return setOperand(i, slot, Kind.RELATIVE, operandSize === 4 ? this.#dword() : (this.#word() << 16) >> 16);
      case 'Ap': {
        const offset = operandSize === 4 ? this.#dword() : this.#word();
        i.selector = this.#word();
        return setOperand(i, slot, Kind.FAR, offset);
      }
      case 'ST':
        return setOperand(i, slot, Kind.ST, 0);
      case 'STi':
        return setOperand(i, slot, Kind.ST, rm);
      case 'Ms':
        return setOperand(i, slot, Kind.MEM, MemoryFormat.SINGLE);
      case 'Mq':
        return setOperand(i, slot, Kind.MEM, MemoryFormat.DOUBLE);
      case 'Mt':
        return setOperand(i, slot, Kind.MEM, MemoryFormat.EXTENDED);
      case 'Miw':
        return setOperand(i, slot, Kind.MEM, MemoryFormat.INT16);
      case 'Mid':
        return setOperand(i, slot, Kind.MEM, MemoryFormat.INT32);
      case 'Miq':
        return setOperand(i, slot, Kind.MEM, MemoryFormat.INT64);
      case 'Mx':
        return setOperand(i, slot, Kind.MEM, MemoryFormat.NONE);
      case 'Pq':
        return setOperand(i, slot, Kind.MMX, FPU + reg * 4);
      case 'Qq':
        return memory ? setOperand(i, slot, Kind.MEM, MemoryFormat.NONE) : setOperand(i, slot, Kind.MMX, FPU + rm * 4);
      case 'Nq':
        return setOperand(i, slot, Kind.MMX, FPU + rm * 4);
      case 'Vx':
        return setOperand(i, slot, Kind.XMM, XMM + reg * 4);
      case 'Wx':
        return memory ? setOperand(i, slot, Kind.MEM, MemoryFormat.NONE) : setOperand(i, slot, Kind.XMM, XMM + rm * 4);
      case 'Ux':
        return setOperand(i, slot, Kind.XMM, XMM + rm * 4);
      case 'Gd':
        return setRegister(i, slot, reg, 4);
      case 'Ed':
        return memory ? setOperand(i, slot, Kind.MEM32, 0) : setRegister(i, slot, rm, 4);
      case 'RdMw':
        return memory ? setOperand(i, slot, Kind.MEM16, 0) : setRegister(i, slot, rm, 4);
      case 'AX':
        return setRegister(i, slot, 0, 2);
      case 'Ob':
      case 'Ov':
        i.displacement = i.addressMask === -1 ? this.#dword() : this.#word();
        return setOperand(i, slot, code === 'Ob' ? Kind.MEM8 : memoryKind(operandSize), 0);
      case 'Xb':
      case 'Xv':
      case 'Yb':
      case 'Yv':
        return setOperand(i, slot, Kind.STRING, 0);
      case 'Sw': {
        // Six segment registers; CS cannot be loaded. Kind NONE makes it invalid.
        const valid = reg <= GS && !(slot === 0 && reg === CS);
        if (!valid) i.kind0 = Kind.NONE;
        else setOperand(i, slot, Kind.SEGMENT, reg);
        if (!valid && slot === 1) i.kind1 = Kind.NONE;
        return;
      }
      case 'Cd': {
        const valid = reg === 0 || (reg >= 2 && reg <= 4);
        if (valid) setOperand(i, slot, Kind.CONTROL, reg);
        else i.kind0 = Kind.NONE;
        return;
      }
      case 'Dd':
        return setOperand(i, slot, Kind.DEBUG, reg);
      default:
        return setOperand(i, slot, Kind.SEGMENT, SEGMENT_OPERANDS[code]);
    }
  }

  #memoryOperand(i: Instruction, modrm: number, segmentOverride: number): void {
    const mod = modrm >> 6;
    const rm = modrm & 7;
    let segment = DS;
    if (i.addressMask === 0xffff) {
      if (mod === 0 && rm === 6) {
        i.displacement = this.#word();
      } else {
        [i.base, i.index, segment] = ADDRESSING_16[rm];
        if (mod === 1) i.displacement = (this.#byte() << 24) >> 24;
        else if (mod === 2) i.displacement = this.#word();
      }
    } else {
      let base = rm;
      if (rm === 4) {
        const sib = this.#byte();
        base = sib & 7;
        const index = (sib >> 3) & 7;
        if (index !== 4) {
          i.index = index;
          i.scale = sib >> 6;
        }
      }
      if (base === EBP && mod === 0) {
        i.displacement = this.#dword();
      } else {
        i.base = base;
        // SDM Vol. 2, "32-Bit Addressing Forms": ESP and EBP as base mean the stack segment.
        if (base === 4 || base === EBP) segment = SS;
        if (mod === 1) i.displacement = (this.#byte() << 24) >> 24;
        else if (mod === 2) i.displacement = this.#dword();
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
}

function setOperand(i: Instruction, slot: number, kind: number, index: number): void {
  if (slot === 0) {
    i.kind0 = kind;
    i.index0 = index;
  } else if (slot === 1) {
    i.kind1 = kind;
    i.index1 = index;
  } else {
    i.kind2 = kind;
    i.index2 = index;
  }
}

/** Registers stand at the start of memory, eight dwords; AH, CH, DH, BH are the second bytes of the first four. */
function setRegister(i: Instruction, slot: number, register: number, size: 1 | 2 | 4): void {
  if (size === 4) setOperand(i, slot, Kind.REG32, register);
  else if (size === 2) setOperand(i, slot, Kind.REG16, register * 2);
  else setOperand(i, slot, Kind.REG8, (register & 3) * 4 + (register >> 2));
}

function memoryKind(size: 2 | 4): number {
  return size === 4 ? Kind.MEM32 : Kind.MEM16;
}

function invalid(): Instruction {
  return new Instruction(invalidRow, invalidOpcode, 4, -1);
}

/**
 * From a frame to its caller: by call frame information (DWARF 5 §6.4.4, "Call Frame Calling Address"), else by how far
 * the function's prologue has run, else along the chain of saved frame pointers (i386 psABI, "The Stack Frame").
 *
 * Invariant: a caller's frame is always above its callee's, so that a walk over a corrupt stack ends.
 */
import type { CallerFrame, ElfSection, FrameContext, UnwindRow } from './api.ts';
import type { Dwarf } from './dwarf.ts';
import { LocationError, evaluateNumber } from './location-expression.ts';
import type { EvaluationWork, ExpressionEnvironment } from './location-expression.ts';
import { EBP, EBX, EDI, EIP, ESI, ESP } from './registers.ts';
import { failure, success } from './result.ts';
import type { Result } from './result.ts';

const SHF_EXECINSTR = 4;
/** i386 psABI, "Registers": a function leaves these as it found them. */
const calleeSaved: ReadonlySet<number> = new Set([EBX, ESP, EBP, ESI, EDI]);

/** The canonical frame address of `frame`: esp of the caller just before it called. */
export function cfaOf(dwarf: Dwarf, frame: FrameContext, work: EvaluationWork): number | undefined {
  const row = dwarf.cfi.rowAt(frame.pc);
  if (row !== undefined) return cfaOfRow(dwarf, frame, row, work);
  return plainFrame(dwarf, frame, undefined)?.cfa;
}

function cfiEnvironment(dwarf: Dwarf, frame: FrameContext, work: EvaluationWork): ExpressionEnvironment {
  const none = (): never => {
    throw new LocationError('location-corrupt', 'A call frame expression refers to a frame.');
  };
  return { dwarf, unit: undefined, frame, work, frameBase: none, cfa: none };
}

function cfaOfRow(dwarf: Dwarf, frame: FrameContext, row: UnwindRow, work: EvaluationWork): number | undefined {
  const { cfa } = row;
  if (cfa.kind === 'register-offset') {
    const base = frame.register(cfa.register);
    return base === undefined ? undefined : (base + cfa.offset) >>> 0;
  }
  try {
    return evaluateNumber(cfa.bytes, cfiEnvironment(dwarf, frame, work));
  } catch (error) {
    if (error instanceof LocationError) return undefined;
    throw error;
  }
}

/**
 * @param entry where the function of `frame` begins, if that is known from symbols or functions
 * @returns fails with `stack-end` where there is no caller, `stack-unreadable` where it cannot be found
 */
export function unwindFrame(
  dwarf: Dwarf,
  frame: FrameContext,
  entry: number | undefined,
  work: EvaluationWork = { steps: 0 },
): Result<CallerFrame> {
  const row = dwarf.cfi.rowAt(frame.pc);
  if (row !== undefined) {
    const caller = unwindByRow(dwarf, frame, row, work);
    if (caller !== undefined) return caller;
  }
  const plain = plainFrame(dwarf, frame, entry);
  if (plain === undefined) return stackEnd('The saved frame pointer does not lead to a caller.');
  return checked(frame, plain);
}

function stackEnd(cause: string): Result<never> {
  return failure('stack-end', { cause, remedy: 'Nothing: the oldest frame is shown last.' });
}

function checked(frame: FrameContext, caller: CallerFrame): Result<CallerFrame> {
  const sp = frame.register(ESP);
  const eip = caller.register(EIP);
  // A trap's own address may be 0: after a call through a null pointer.
  if (eip === undefined || (eip === 0 && !caller.signalFrame)) return stackEnd('The return address is 0.');
  // A signal frame's caller may be on another stack: a trap switches them.
  if (sp !== undefined && caller.cfa <= sp && !caller.signalFrame) {
    return stackEnd("The caller's frame would lie below this one.");
  }
  return success(caller);
}

function readWord(frame: FrameContext, address: number): number | undefined {
  const bytes = frame.readMemory(address >>> 0, 4);
  if (bytes === undefined) return undefined;
  return (bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0;
}

class Unwound implements CallerFrame {
  readonly pc: number;
  readonly cfa: number;
  readonly how: CallerFrame['how'];
  readonly signalFrame: boolean;
  readonly #registers: ReadonlyMap<number, number | undefined>;
  readonly #saved: ReadonlyMap<number, number>;
  readonly #callee: FrameContext;

  constructor(
    callee: FrameContext,
    how: CallerFrame['how'],
    cfa: number,
    registers: ReadonlyMap<number, number | undefined>,
    saved: ReadonlyMap<number, number>,
    signalFrame: boolean,
  ) {
    this.#callee = callee;
    this.#registers = registers;
    this.#saved = saved;
    this.how = how;
    this.cfa = cfa;
    this.signalFrame = signalFrame;
    const eip = registers.get(EIP) ?? 0;
    // A return address may be past the caller's last instruction, where a call that never returns stands.
    this.pc = signalFrame ? eip : (eip - 1) >>> 0;
  }

  register(number: number): number | undefined {
    if (this.#registers.has(number)) return this.#registers.get(number);
    return calleeSaved.has(number) || this.signalFrame ? this.#callee.register(number) : undefined;
  }

  savedAt(number: number): number | undefined {
    return this.#saved.get(number);
  }
}

/** @returns `undefined` where the rules cannot be applied, so that another way is tried */
function unwindByRow(
  dwarf: Dwarf,
  frame: FrameContext,
  row: UnwindRow,
  work: EvaluationWork,
): Result<CallerFrame> | undefined {
  const cfa = cfaOfRow(dwarf, frame, row, work);
  if (cfa === undefined) return undefined;
  const registers = new Map<number, number | undefined>([[ESP, cfa]]);
  const saved = new Map<number, number>();
  for (const [register, rule] of row.registers) {
    let at: number | undefined;
    switch (rule.kind) {
      case 'undefined':
        if (register === row.returnAddressRegister)
          return stackEnd('The call frame information says that this function has no caller.');
        registers.set(register, undefined);
        continue;
      case 'same':
        registers.set(register, frame.register(register));
        continue;
      case 'register':
        registers.set(register, frame.register(rule.register));
        continue;
      case 'value-offset':
        registers.set(register, (cfa + rule.offset) >>> 0);
        continue;
      case 'offset':
        at = (cfa + rule.offset) >>> 0;
        break;
      case 'expression':
      case 'value-expression':
        at = evaluateRule(dwarf, frame, rule.bytes, cfa, work);
        if (rule.kind === 'value-expression') {
          registers.set(register, at);
          continue;
        }
        break;
    }
    if (at === undefined) return undefined;
    const value = readWord(frame, at);
    if (value === undefined) {
      if (register !== row.returnAddressRegister) {
        registers.set(register, undefined);
        continue;
      }
      return failure('stack-unreadable', {
        cause: `The return address at 0x${at.toString(16)} is not mapped.`,
        remedy: 'Look at esp and ebp: the stack was probably overwritten or ran over its end.',
      });
    }
    registers.set(register, value);
    saved.set(register, at);
  }
  const returnAddress = registers.get(row.returnAddressRegister);
  if (returnAddress === undefined) return undefined;
  registers.set(EIP, returnAddress);
  return checked(frame, new Unwound(frame, 'cfi', cfa, registers, saved, row.signalFrame));
}

function evaluateRule(
  dwarf: Dwarf,
  frame: FrameContext,
  bytes: Uint8Array,
  cfa: number,
  work: EvaluationWork,
): number | undefined {
  try {
    return evaluateNumber(bytes, cfiEnvironment(dwarf, frame, work), cfa);
  } catch (error) {
    if (error instanceof LocationError) return undefined;
    throw error;
  }
}

//                       bytes              the instruction
const ENDBR32 = [0xf3, 0x0f, 0x1e, 0xfb]; // endbr32
const PUSH_EBP = 0x55; // push ebp
const RET = 0xc3; // ret
const RET_IMM = 0xc2; // ret imm16

/** Without CFI. Looks at the code only where `frame.pc` is the real pc, not a return address − 1. */
function plainFrame(dwarf: Dwarf, frame: FrameContext, entry: number | undefined): CallerFrame | undefined {
  const exact = frame.register(EIP) === frame.pc;
  const sp = frame.register(ESP);
  if (exact && sp !== undefined) {
    const pushed = pushedBeforeFrame(dwarf, frame, entry, sp);
    if (pushed !== undefined) return frameAt(frame, 'prologue', (sp + 4 + pushed) >>> 0, pushed === 4 ? sp : undefined);
  }
  const ebp = frame.register(EBP);
  if (ebp === undefined || ebp === 0) return undefined;
  return frameAt(frame, 'frame-pointer', (ebp + 8) >>> 0, ebp);
}

/** @param savedEbp where the caller's ebp was pushed; `undefined`: still in the register */
function frameAt(
  frame: FrameContext,
  how: CallerFrame['how'],
  cfa: number,
  savedEbp: number | undefined,
): CallerFrame | undefined {
  const returnAddress = readWord(frame, cfa - 4);
  if (returnAddress === undefined) return undefined;
  const registers = new Map<number, number | undefined>([
    [ESP, cfa],
    [EIP, returnAddress],
  ]);
  const saved = new Map([[EIP, (cfa - 4) >>> 0]]);
  if (savedEbp !== undefined) {
    const ebp = readWord(frame, savedEbp);
    if (ebp === undefined) return undefined;
    registers.set(EBP, ebp);
    saved.set(EBP, savedEbp);
  }
  return new Unwound(frame, how, cfa, registers, saved, false);
}

/** Bytes on the stack above the return address while ebp is still the caller's: 0 or 4; `undefined` once it is not. */
function pushedBeforeFrame(
  dwarf: Dwarf,
  frame: FrameContext,
  entry: number | undefined,
  sp: number,
): number | undefined {
  const here = frame.readMemory(frame.pc, 1)?.[0];
  if (here === RET || here === RET_IMM) return 0;
  if (entry === undefined) return undefined;
  let start = entry;
  const first = frame.readMemory(start, 4);
  if (first !== undefined && ENDBR32.every((byte, index) => first[index] === byte)) start += 4;
  const pushes = frame.readMemory(start, 1)?.[0] === PUSH_EBP;
  if (frame.pc <= start) return 0;
  if (pushes) {
    if (frame.pc !== start + 1) return undefined;
    const move = frame.readMemory(frame.pc, 2);
    const isMove =
      move !== undefined && ((move[0] === 0x89 && move[1] === 0xe5) || (move[0] === 0x8b && move[1] === 0xec));
    return isMove ? 4 : undefined;
  }
  // A function that sets up no frame: the return address is on top of the stack, if it looks like one.
  const top = readWord(frame, sp);
  return top !== undefined && followsCall(dwarf.elf.sections, frame, top) ? 0 : undefined;
}

/** Whether `address` is in code and right after a call instruction. */
function followsCall(sections: readonly ElfSection[], frame: FrameContext, address: number): boolean {
  const inCode = sections.some(
    (section) =>
      (section.flags & SHF_EXECINSTR) !== 0 &&
      address > section.address &&
      address - section.address <= section.sizeBytes,
  );
  if (!inCode) return false;
  const near = frame.readMemory(address - 5, 1);
  if (near?.[0] === 0xe8) return true;
  for (const length of [2, 3, 4, 6, 7]) {
    const bytes = frame.readMemory(address - length, 2);
    // CALL r/m32: FF /2
    if (bytes?.[0] === 0xff && ((bytes[1]! >> 3) & 7) === 2) return true;
  }
  return false;
}

/**
 * Call frame information: DWARF 5 §6.4, and .eh_frame as the Linux Standard Base Core, "Exception Frames", gives it.
 *
 * Invariant: the table of frame descriptions is read once, when an address is first asked for. The rules of a function
 * are run up to an address once: rows are kept, since the callers' addresses stay the same from step to step.
 */
import type { CfaRule, RegisterRule, UnwindRow } from './api.ts';
import { ByteReader, CorruptData } from './bytes.ts';
import type { DwarfSections } from './units.ts';

interface CommonEntry {
  readonly codeAlignment: number;
  readonly dataAlignment: number;
  readonly returnRegister: number;
  readonly signalFrame: boolean;
  readonly pointerEncoding: number;
  readonly hasAugmentationData: boolean;
  readonly addressSize: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

interface FrameEntry {
  readonly cie: CommonEntry;
  readonly start: number;
  readonly end: number;
  readonly program: number;
  readonly programEnd: number;
}

interface RuleState {
  cfa: CfaRule | undefined;
  registers: Map<number, RegisterRule>;
}

const EH_ABSOLUTE = 0x00;
const EH_OMIT = 0xff;
const DEPTH_MAX = 64;
/** The longest function has some thousands; i386 numbers its registers up to 45. */
const INSTRUCTIONS_MAX = 50_000;
const REGISTERS_MAX = 64;
const ROWS_MAX = 4096;

export class Cfi {
  readonly #sections: DwarfSections;
  #entries: readonly FrameEntry[] | undefined;
  readonly #rows = new Map<number, UnwindRow | undefined>();

  constructor(sections: DwarfSections) {
    this.#sections = sections;
  }

  rowAt(address: number): UnwindRow | undefined {
    const known = this.#rows.get(address);
    if (known !== undefined || this.#rows.has(address)) return known;
    if (this.#rows.size >= ROWS_MAX) this.#rows.clear();
    const row = this.#findRow(address);
    this.#rows.set(address, row);
    return row;
  }

  #findRow(address: number): UnwindRow | undefined {
    const entries = (this.#entries ??= this.#readAll());
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (entries[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    const entry = entries[low - 1];
    if (entry === undefined || address >= entry.end) return undefined;
    const what = (): string => `The call frame information of 0x${entry.start.toString(16)} cannot be read`;
    return this.#sections.guard('dwarf-cfi', what, undefined, () => runRules(entry, address));
  }

  #readAll(): FrameEntry[] {
    const entries: FrameEntry[] = [];
    for (const name of ['.debug_frame', '.eh_frame']) {
      const section = this.#sections.elf.section(name);
      const bytes = this.#sections.get(name);
      if (bytes.length === 0) continue;
      const isEh = name === '.eh_frame';
      this.#sections.guard(
        'dwarf-cfi',
        () => `Section ${name} cannot be read to the end`,
        undefined,
        () => {
          readSection(bytes, isEh, section?.address ?? 0, entries);
        },
      );
    }
    return entries.sort((a, b) => a.start - b.start);
  }
}

function readSection(bytes: Uint8Array, isEh: boolean, sectionAddress: number, entries: FrameEntry[]): void {
  const commons = new Map<number, CommonEntry | undefined>();
  const common = (offset: number): CommonEntry | undefined => {
    if (!commons.has(offset)) commons.set(offset, readCommon(bytes, offset, isEh));
    return commons.get(offset);
  };
  const reader = new ByteReader(bytes);
  while (!reader.atEnd) {
    const { length, offsetSize } = reader.initialLength();
    const start = reader.offset;
    if (length === 0) {
      if (isEh) return;
      continue;
    }
    const end = start + length;
    if (end > bytes.length) throw new CorruptData('an entry reaches past its end');
    const id = reader.unsigned(offsetSize);
    const isCommon = isEh ? id === 0 : id === (offsetSize === 4 ? 0xffffffff : Number(0xffffffffffffffffn));
    if (!isCommon) {
      const cie = common(isEh ? start - id : id);
      if (cie !== undefined) {
        const first = readPointer(reader, cie, sectionAddress, cie.pointerEncoding);
        const size = readPointer(reader, cie, sectionAddress, cie.pointerEncoding & 0x0f);
        if (cie.hasAugmentationData) reader.skip(reader.uleb());
        // What the linker dropped is left at address 0.
        if (first !== 0 && size > 0)
          entries.push({ cie, start: first, end: first + size, program: reader.offset, programEnd: end });
      }
    }
    reader.offset = end;
  }
}

function readPointer(reader: ByteReader, cie: CommonEntry, sectionAddress: number, encoding: number): number {
  const at = sectionAddress + reader.offset;
  let value: number;
  switch (encoding & 0x0f) {
    case EH_ABSOLUTE:
      value = reader.unsigned(cie.addressSize);
      break;
    case 0x01:
      value = reader.uleb();
      break;
    case 0x02:
      value = reader.u16();
      break;
    case 0x03:
      value = reader.u32();
      break;
    case 0x04:
    case 0x0c:
      value = Number(BigInt.asIntN(64, reader.u64()));
      break;
    case 0x09:
      value = reader.sleb();
      break;
    case 0x0a:
      value = (reader.u16() << 16) >> 16;
      break;
    case 0x0b:
      value = reader.u32() | 0;
      break;
    default:
      throw new CorruptData(`an entry has pointers of the unknown encoding 0x${encoding.toString(16)}`);
  }
  if ((encoding & 0x70) === 0x10) value += at;
  return value >>> 0;
}

function readCommon(bytes: Uint8Array, offset: number, isEh: boolean): CommonEntry | undefined {
  const first = new ByteReader(bytes, offset);
  const { length, offsetSize } = first.initialLength();
  const end = first.offset + length;
  if (end > bytes.length) throw new CorruptData('a common entry reaches past its end');
  const reader = new ByteReader(bytes, first.offset, end);
  reader.unsigned(offsetSize);
  const version = reader.u8();
  if (version !== 1 && version !== 3 && version !== 4)
    throw new CorruptData(`it has a common entry of version ${version}`);
  const augmentation = reader.cstring();
  let addressSize = 4;
  if (version === 4) {
    addressSize = reader.u8();
    reader.u8();
  }
  const codeAlignment = reader.uleb();
  const dataAlignment = reader.sleb();
  const returnRegister = version === 1 ? reader.u8() : reader.uleb();
  let pointerEncoding = EH_ABSOLUTE;
  let signalFrame = false;
  const hasAugmentationData = augmentation.startsWith('z');
  if (hasAugmentationData) {
    const dataEnd = reader.uleb() + reader.offset;
    for (const letter of augmentation.slice(1)) {
      if (letter === 'R') pointerEncoding = reader.u8();
      else if (letter === 'S') signalFrame = true;
      else if (letter === 'L') reader.u8();
      else if (letter === 'P') {
        const encoding = reader.u8();
        if (encoding !== EH_OMIT) {
          const cie = { addressSize } as CommonEntry;
          readPointer(reader, cie, 0, encoding & 0x0f);
        }
      } else break;
    }
    reader.offset = dataEnd;
  } else if (augmentation === 'S') {
    // What `as` writes for `.cfi_signal_frame` in .debug_frame.
    signalFrame = true;
  } else if (augmentation !== '' && augmentation !== 'eh' && !isEh) return undefined;
  return {
    codeAlignment,
    dataAlignment,
    returnRegister,
    signalFrame,
    pointerEncoding,
    hasAugmentationData,
    addressSize,
    bytes,
    start: reader.offset,
    end,
  };
}

function runRules(entry: FrameEntry, address: number): UnwindRow {
  const { cie } = entry;
  const initial: RuleState = { cfa: undefined, registers: new Map() };
  const row = { start: entry.start, end: entry.end };
  execute(
    new ByteReader(cie.bytes, cie.start, cie.end),
    cie,
    initial,
    undefined,
    { start: 0, end: Infinity },
    Infinity,
  );
  const state: RuleState = { cfa: initial.cfa, registers: new Map(initial.registers) };
  execute(new ByteReader(cie.bytes, entry.program, entry.programEnd), cie, state, initial, row, address);
  if (state.cfa === undefined) throw new CorruptData('it has no rule for the canonical frame address');
  return {
    range: row,
    cfa: state.cfa,
    registers: state.registers,
    returnAddressRegister: cie.returnRegister,
    signalFrame: cie.signalFrame,
  };
}

/** Runs instructions until the row of `address` is complete; leaves that row's range in `row`. DWARF 5 §6.4.2. */
function execute(
  reader: ByteReader,
  cie: CommonEntry,
  state: RuleState,
  initial: RuleState | undefined,
  row: { start: number; end: number },
  address: number,
): void {
  const saved: RuleState[] = [];
  let location = row.start;
  const { dataAlignment } = cie;
  const set = (register: number, rule: RegisterRule): void => {
    if (register >= REGISTERS_MAX) return;
    state.registers.set(register, rule);
  };
  const restore = (register: number): void => {
    const rule = initial?.registers.get(register);
    if (rule === undefined) state.registers.delete(register);
    else state.registers.set(register, rule);
  };
  const setCfaOffset = (offset: number): void => {
    if (state.cfa?.kind !== 'register-offset')
      throw new CorruptData('it changes the offset of a frame address that is an expression');
    state.cfa = { kind: 'register-offset', register: state.cfa.register, offset };
  };
  const setCfaRegister = (register: number): void => {
    if (state.cfa?.kind !== 'register-offset')
      throw new CorruptData('it changes the register of a frame address that is an expression');
    state.cfa = { kind: 'register-offset', register, offset: state.cfa.offset };
  };
  /** @returns whether the row of `address` ends here */
  const advance = (to: number): boolean => {
    if (to > address) {
      row.end = Math.min(row.end, to);
      return true;
    }
    location = to;
    row.start = to;
    return false;
  };

  for (let count = 0; !reader.atEnd; count++) {
    if (count >= INSTRUCTIONS_MAX) throw new CorruptData('it has too many call frame instructions');
    const opcode = reader.u8();
    const low = opcode & 0x3f;
    if (opcode >= 0xc0) {
      restore(low);
      continue;
    }
    if (opcode >= 0x80) {
      set(low, { kind: 'offset', offset: reader.uleb() * dataAlignment });
      continue;
    }
    if (opcode >= 0x40) {
      if (advance(location + low * cie.codeAlignment)) return;
      continue;
    }
    switch (opcode) {
      case 0x00: // nop
        break;
      case 0x01: // set_loc
        if (advance(reader.unsigned(cie.addressSize))) return;
        break;
      case 0x02: // advance_loc1
        if (advance(location + reader.u8() * cie.codeAlignment)) return;
        break;
      case 0x03: // advance_loc2
        if (advance(location + reader.u16() * cie.codeAlignment)) return;
        break;
      case 0x04: // advance_loc4
        if (advance(location + reader.u32() * cie.codeAlignment)) return;
        break;
      case 0x05: // offset_extended
        set(reader.uleb(), { kind: 'offset', offset: reader.uleb() * dataAlignment });
        break;
      case 0x06: // restore_extended
        restore(reader.uleb());
        break;
      case 0x07: // undefined
        set(reader.uleb(), { kind: 'undefined' });
        break;
      case 0x08: // same_value
        set(reader.uleb(), { kind: 'same' });
        break;
      case 0x09: // register
        set(reader.uleb(), { kind: 'register', register: reader.uleb() });
        break;
      case 0x0a: // remember_state
        if (saved.length >= DEPTH_MAX) throw new CorruptData('it remembers too many states');
        saved.push({ cfa: state.cfa, registers: new Map(state.registers) });
        break;
      case 0x0b: {
        // restore_state
        const previous = saved.pop();
        if (previous === undefined) throw new CorruptData('it restores a state that was not remembered');
        state.cfa = previous.cfa;
        state.registers = previous.registers;
        break;
      }
      case 0x0c: // def_cfa
        state.cfa = { kind: 'register-offset', register: reader.uleb(), offset: reader.uleb() };
        break;
      case 0x0d: // def_cfa_register
        setCfaRegister(reader.uleb());
        break;
      case 0x0e: // def_cfa_offset
        setCfaOffset(reader.uleb());
        break;
      case 0x0f: // def_cfa_expression
        state.cfa = { kind: 'expression', bytes: reader.block(reader.uleb()) };
        break;
      case 0x10: // expression
        set(reader.uleb(), { kind: 'expression', bytes: reader.block(reader.uleb()) });
        break;
      case 0x11: // offset_extended_sf
        set(reader.uleb(), { kind: 'offset', offset: reader.sleb() * dataAlignment });
        break;
      case 0x12: // def_cfa_sf
        state.cfa = { kind: 'register-offset', register: reader.uleb(), offset: reader.sleb() * dataAlignment };
        break;
      case 0x13: // def_cfa_offset_sf
        setCfaOffset(reader.sleb() * dataAlignment);
        break;
      case 0x14: // val_offset
        set(reader.uleb(), { kind: 'value-offset', offset: reader.uleb() * dataAlignment });
        break;
      case 0x15: // val_offset_sf
        set(reader.uleb(), { kind: 'value-offset', offset: reader.sleb() * dataAlignment });
        break;
      case 0x16: // val_expression
        set(reader.uleb(), { kind: 'value-expression', bytes: reader.block(reader.uleb()) });
        break;
      case 0x2d: // GNU_window_save
        break;
      case 0x2e: // GNU_args_size
        reader.uleb();
        break;
      case 0x2f: // GNU_negative_offset_extended
        set(reader.uleb(), { kind: 'offset', offset: -reader.uleb() * dataAlignment });
        break;
      default:
        throw new CorruptData(`it uses call frame instruction 0x${opcode.toString(16)}, which is not known`);
    }
  }
}

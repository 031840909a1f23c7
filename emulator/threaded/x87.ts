/**
 * The x87's common instructions, with the helpers that regions have (translator/x87/helpers.ts). The counterpart of
 * translator/emit-x87.ts, but that TOP and tags stand in memory.
 * Intel SDM Vol. 2, one instruction a function.
 */
import { CONSTANTS, type Constant } from '../cpu/execute/x87/constants.ts';
import { CONTROL_BITS, CONTROL_ONES, Status } from '../cpu/execute/x87/unit.ts';
import { PRECISION, ROUNDING_CONTROL, SIGN } from '../cpu/float/format.ts';
import {
  CR0,
  CS,
  Cr0,
  EAX,
  FPU_CONTROL,
  FPU_CS,
  FPU_DP,
  FPU_DS,
  FPU_EMPTY,
  FPU_IP,
  FPU_OPCODE,
  FPU_STATUS,
  FPU_TOP,
  EIP,
  RESULT,
  SELECTOR,
} from '../cpu/registers.ts';
import { Op } from '../translator/code.ts';
import { X87_HELPERS, type X87Helper } from '../translator/x87/helpers.ts';
import { OPERAND_VALUE, SIGN_EXPONENT, VALUES } from '../translator/x87/operands.ts';
import { CONDITIONS } from './control.ts';
import { A, B, HOST, R, WIDE, X87_FUNCTION, type Emit, type HandlerCode } from './handler-code.ts';
import { Field } from './records.ts';

/** Byte offsets of registers from R0. */
const REGISTER_BYTES = 16;
const PLACES = 0x70;
const REGISTERS = 8;

/** A is the place of ST(0). Where the unit may not be used, an exception is pending, or #P is not masked, TypeScript goes on. */
function begin(c: HandlerCode): HandlerCode {
  c.slot(CR0)
    .i32(Cr0.EM | Cr0.TS)
    .op(Op.AND);
  c.slot(FPU_STATUS).i32(Status.ES).op(Op.AND, Op.OR);
  c.slot(FPU_CONTROL).i32(PRECISION).op(Op.AND, Op.EQZ, Op.OR).outIf();
  return c.slot(FPU_TOP).i32(4).op(Op.SHL).set(A);
}

/** B is the place of the operand that a field names, or of ST(i). */
function other(c: HandlerCode, field: number | undefined, i = 0): HandlerCode {
  c.get(A);
  if (field === undefined) c.i32(i * REGISTER_BYTES);
  else c.field(field);
  return c.op(Op.ADD).i32(PLACES).op(Op.AND).set(B);
}

/** Gives the record back unless the register whose place a local holds is in use, or empty. */
function check(c: HandlerCode, place: number, empty = false): HandlerCode {
  c.slot(FPU_EMPTY).get(place).i32(4).op(Op.SHR_U, Op.SHR_U).i32(1).op(Op.AND);
  if (empty) c.op(Op.EQZ);
  return c.outIf();
}

function mark(c: HandlerCode, place: number, empty: boolean): void {
  c.setSlot(FPU_EMPTY, () => {
    c.slot(FPU_EMPTY).i32(1).get(place).i32(4).op(Op.SHR_U, Op.SHL);
    if (empty) c.op(Op.OR);
    else c.i32(-1).op(Op.XOR, Op.AND);
  });
}

function move(c: HandlerCode, by: number): void {
  c.setSlot(FPU_TOP, () =>
    c
      .slot(FPU_TOP)
      .i32(by)
      .op(Op.ADD)
      .i32(REGISTERS - 1)
      .op(Op.AND),
  );
}

/** Empties the register at the place, which is ST(0). */
function pop(c: HandlerCode, place = A): void {
  mark(c, place, true);
  move(c, 1);
}

/** B becomes ST(0). */
function push(c: HandlerCode): void {
  mark(c, B, false);
  move(c, -1);
}

/** Calls a helper whose three parameters are on the stack. R is its answer, which is not 0. */
function call(c: HandlerCode, helper: X87Helper): HandlerCode {
  return c
    .call(X87_FUNCTION + X87_HELPERS.indexOf(helper))
    .tee(R)
    .op(Op.EQZ)
    .outIf();
}

function copy(c: HandlerCode, to: number, from: number): void {
  c.get(to).get(from).access(Op.I64_LOAD, VALUES).access(Op.I64_STORE, VALUES);
  c.get(to).get(from).access(Op.LOAD, SIGN_EXPONENT).access(Op.STORE, SIGN_EXPONENT);
}

/** Where the instruction stood. */
function record(c: HandlerCode, clearsC1: boolean): void {
  c.setSlot(FPU_IP, () => c.slot(EIP).field(Field.FPU).i32(16).op(Op.SHR_U, Op.ADD));
  c.setSlot(FPU_OPCODE, () => c.field(Field.FPU).i32(0x7ff).op(Op.AND));
  c.setSlot(FPU_CS, () => c.slot(SELECTOR + CS));
  if (clearsC1) c.setSlot(FPU_STATUS, () => c.slot(FPU_STATUS).i32(~Status.C1).op(Op.AND));
}

function recordOperand(c: HandlerCode): void {
  c.setSlot(FPU_DP, () => c.effectiveAddress());
  c.setSlot(FPU_DS, () => c.field(Field.SEGMENT).access(Op.LOAD, SELECTOR * 4));
}

/** By the letter of a memory format: its bytes, and what it is loaded and stored by. */
interface Format {
  readonly bytes: number;
  readonly load?: X87Helper;
  readonly store?: X87Helper;
  /** What reads an integer that the helper takes as a value; others take the host's address. */
  readonly read?: number;
}

// prettier-ignore
const FORMATS: Readonly<Record<string, Format>> = {
  f: { bytes: 4, load: 'x87LoadSingle', store: 'x87StoreSingle' },
  d: { bytes: 8, load: 'x87LoadDouble', store: 'x87StoreDouble' },
  e: { bytes: 10 },
  h: { bytes: 2, load: 'x87LoadInt32', store: 'x87StoreInt16', read: Op.LOAD16_S },
  l: { bytes: 4, load: 'x87LoadInt32', store: 'x87StoreInt32', read: Op.LOAD },
  q: { bytes: 8, load: 'x87LoadInt64', store: 'x87StoreInt64' },
};

/** Widens the memory operand to the value at a place. @param pushPlace pushes it */
function load(c: HandlerCode, { bytes, load: helper, read }: Format, pushPlace: () => void): void {
  c.operand(bytes, false, false);
  if (helper === undefined) {
    pushPlace();
    c.get(HOST).access(Op.I64_LOAD).access(Op.I64_STORE, VALUES);
    pushPlace();
    c.get(HOST).access(Op.LOAD16_U, 8).access(Op.STORE, SIGN_EXPONENT);
    return;
  }
  c.get(HOST);
  if (read !== undefined) c.access(read);
  pushPlace();
  c.i32(0);
  call(c, helper);
}

const pushOperandValue = (c: HandlerCode): HandlerCode => c.i32(OPERAND_VALUE);

interface Arithmetic {
  readonly helper: X87Helper;
  /** Source op destination. */
  readonly reversed?: boolean;
}

//              name
const ARITHMETIC: Readonly<Record<string, Arithmetic>> = {
  ADD: { helper: 'x87Add' },
  SUB: { helper: 'x87Subtract' },
  SUBR: { helper: 'x87Subtract', reversed: true },
  MUL: { helper: 'x87Multiply' },
  DIV: { helper: 'x87Divide' },
  DIVR: { helper: 'x87Divide', reversed: true },
};

/** ST(0) and memory. */
function withMemory({ helper, reversed = false }: Arithmetic, format: Format): Emit {
  return (c) => {
    check(begin(c), A);
    load(c, format, () => pushOperandValue(c));
    if (reversed) pushOperandValue(c).get(A);
    else pushOperandValue(c.get(A));
    call(c.get(A), helper);
    record(c, false);
    recordOperand(c);
  };
}

/** ST(i) and ST(j). */
function withRegisters({ helper, reversed = false }: Arithmetic, pops: boolean): Emit {
  return (c) => {
    // One of them is ST(0), but not always the same: both are looked up. R holds the destination until the call.
    begin(c);
    other(c, Field.ST0).get(B).set(R);
    other(c, Field.ST1);
    check(check(c, R), B);
    c.get(reversed ? B : R).get(reversed ? R : B);
    call(c.get(R), helper);
    record(c, false);
    if (pops) pop(c);
  };
}

function arithmetic(): Record<string, Emit> {
  const found: Record<string, Emit> = {};
  for (const [name, row] of Object.entries(ARITHMETIC)) {
    for (const letter of ['f', 'd']) found[`F${name} ${letter}`] = withMemory(row, FORMATS[letter]);
    for (const letter of ['h', 'l']) found[`FI${name} ${letter}`] = withMemory(row, FORMATS[letter]);
    found[`F${name} t,t`] = withRegisters(row, false);
    found[`F${name}P t,t`] = withRegisters(row, true);
  }
  return found;
}

/** Compares ST(0) with the value whose place is pushed. QNaNs, on which alone FUCOM differs, are declined. */
function compare(c: HandlerCode, pushOther: () => void): void {
  c.get(A);
  pushOther();
  call(c.i32(0), 'x87Compare');
}

function compareMemory(format: Format, pops: boolean): Emit {
  return (c) => {
    check(begin(c), A);
    load(c, format, () => pushOperandValue(c));
    compare(c, () => pushOperandValue(c));
    record(c, false);
    recordOperand(c);
    if (pops) pop(c);
  };
}

/** @param field of the other register; undefined: ST(1) */
function compareRegister(field: number | undefined, pops: number): Emit {
  return (c) => {
    other(begin(c), field, 1);
    check(check(c, A), B);
    compare(c, () => c.get(B));
    record(c, false);
    if (pops > 0) pop(c);
    // ST(1) is ST(0) then.
    if (pops > 1) pop(c, B);
  };
}

/** FCOMI and its kin: neither ZF nor PF; CF, and with it CF xor OF, if ST(0) is less. */
function compareFlags(pops: boolean): Emit {
  return (c) => {
    other(begin(c), Field.ST1);
    check(check(c, A), B);
    call(c.get(A).get(B).i32(0), 'x87Order');
    c.setSlot(RESULT, () => c.i32(0x101));
    c.setCarries(() => c.i32(0).get(R).i32(1).op(Op.SHR_U, Op.SUB).i32(HIGH_CARRIES).op(Op.AND));
    record(c, true);
    if (pops) pop(c);
  };
}

const HIGH_CARRIES = 0xc000_0000 | 0;

function comparisons(): Record<string, Emit> {
  const found: Record<string, Emit> = {};
  for (const [name, letters] of [
    ['FCOM', ['f', 'd']],
    ['FICOM', ['h', 'l']],
  ] as const) {
    for (const letter of letters) {
      found[`${name} ${letter}`] = compareMemory(FORMATS[letter], false);
      found[`${name}P ${letter}`] = compareMemory(FORMATS[letter], true);
    }
  }
  for (const name of ['FCOM', 'FUCOM']) {
    found[`${name} t`] = compareRegister(Field.ST0, 0);
    found[`${name}P t`] = compareRegister(Field.ST0, 1);
    found[`${name}PP `] = compareRegister(undefined, 2);
    found[`${name}I t,t`] = compareFlags(false);
    found[`${name}IP t,t`] = compareFlags(true);
  }
  return found;
}

/** FCMOVcc by its condition. */
// prettier-ignore
const MOVES = { B: 'B', NB: 'AE', E: 'E', NE: 'NE', BE: 'BE', NBE: 'A', U: 'P', NU: 'NP' } as const;

function conditionalMoves(): Record<string, Emit> {
  const found: Record<string, Emit> = {};
  for (const [name, condition] of Object.entries(MOVES)) {
    found[`FCMOV${name} t,t`] = (c) => {
      other(begin(c), Field.ST1);
      check(check(c, A), B);
      CONDITIONS[condition](c);
      c.if();
      copy(c, A, B);
      c.end();
      record(c, false);
    };
  }
  return found;
}

function loads(): Record<string, Emit> {
  const found: Record<string, Emit> = {
    'FLD t': (c) => {
      other(begin(c), Field.ST0).get(B).set(R);
      other(check(c, R), undefined, -1);
      check(c, B, true);
      copy(c, B, R);
      push(c);
      record(c, true);
    },
  };
  for (const [letter, format] of Object.entries(FORMATS)) {
    const name = 'fde'.includes(letter) ? 'FLD' : 'FILD';
    found[`${name} ${letter}`] = (c) => {
      other(begin(c), undefined, -1);
      check(c, B, true);
      load(c, format, () => c.get(B));
      recordOperand(c);
      push(c);
      record(c, true);
    };
  }
  for (const [name, value] of Object.entries(CONSTANTS)) found[`${name} `] = constant(value);
  return found;
}

function constant({ exponent, high, low, longer }: Constant): Emit {
  return (c) => {
    other(begin(c), undefined, -1);
    check(c, B, true);
    // Rounding control chooses among several.
    if (longer !== undefined) c.slot(FPU_CONTROL).i32(ROUNDING_CONTROL).op(Op.AND).outIf();
    c.get(B).i32(low).access(Op.STORE, VALUES);
    c.get(B)
      .i32(high)
      .access(Op.STORE, VALUES + 4);
    c.get(B).i32(exponent).access(Op.STORE, SIGN_EXPONENT);
    push(c);
    record(c, true);
  };
}

function storeMemory(format: Format, pops: boolean): Emit {
  const { bytes, store } = format;
  return (c) => {
    check(begin(c), A).operand(bytes, true, false);
    if (store === undefined) {
      c.get(HOST).get(A).access(Op.I64_LOAD, VALUES).access(Op.I64_STORE);
      c.get(HOST).get(A).access(Op.LOAD, SIGN_EXPONENT).access(Op.STORE16, 8);
    } else call(c.get(A).get(HOST).i32(0), store);
    recordOperand(c);
    record(c, store === undefined);
    if (pops) pop(c);
  };
}

function storeRegister(pops: boolean): Emit {
  return (c) => {
    other(check(begin(c), A), Field.ST0);
    copy(c, B, A);
    mark(c, B, false);
    record(c, true);
    if (pops) pop(c);
  };
}

function stores(): Record<string, Emit> {
  const found: Record<string, Emit> = { 'FST t': storeRegister(false), 'FSTP t': storeRegister(true) };
  for (const [letter, format] of Object.entries(FORMATS)) {
    const name = 'fde'.includes(letter) ? 'FST' : 'FIST';
    found[`${name}P ${letter}`] = storeMemory(format, true);
    // Those of 80 and of 64 bits only pop.
    if (!'eq'.includes(letter)) found[`${name} ${letter}`] = storeMemory(format, false);
  }
  return found;
}

function changeSign(opcode: number, bits: number): Emit {
  return (c) => {
    check(begin(c), A);
    c.get(A).get(A).access(Op.LOAD, SIGN_EXPONENT).i32(bits).op(opcode).access(Op.STORE, SIGN_EXPONENT);
    record(c, true);
  };
}

function pushStatusWord(c: HandlerCode): HandlerCode {
  return c.slot(FPU_STATUS).slot(FPU_TOP).i32(11).op(Op.SHL, Op.OR);
}

export const x87: Readonly<Record<string, Emit>> = {
  ...arithmetic(),
  ...comparisons(),
  ...conditionalMoves(),
  ...loads(),
  ...stores(),
  'FSQRT ': (c) => {
    check(begin(c), A);
    call(c.get(A).get(A).get(A), 'x87SquareRoot');
    record(c, false);
  },
  'FCHS ': changeSign(Op.XOR, SIGN),
  'FABS ': changeSign(Op.AND, ~SIGN),
  'FTST ': (c) => {
    check(begin(c), A);
    pushOperandValue(c).i64(0).access(Op.I64_STORE, VALUES);
    pushOperandValue(c).i32(0).access(Op.STORE, SIGN_EXPONENT);
    compare(c, () => pushOperandValue(c));
    record(c, false);
  },
  'FXCH t': (c) => {
    other(begin(c), Field.ST0);
    check(check(c, A), B);
    c.get(A).access(Op.I64_LOAD, VALUES).set(WIDE);
    c.get(A).access(Op.LOAD, SIGN_EXPONENT).set(R);
    copy(c, A, B);
    c.get(B).get(WIDE).access(Op.I64_STORE, VALUES);
    c.get(B).get(R).access(Op.STORE, SIGN_EXPONENT);
    record(c, true);
  },
  'FNOP ': (c) => {
    record(begin(c), false);
  },
  'FWAIT ': (c) => begin(c),
  'FNSTSW w': (c) => pushStatusWord(begin(c).i32(EAX * 4)).access(Op.STORE16),
  'FNSTSW M': (c) => pushStatusWord(begin(c).operand(2, true, false).get(HOST)).access(Op.STORE16),
  'FNSTCW M': (c) => begin(c).operand(2, true, false).get(HOST).slot(FPU_CONTROL).access(Op.STORE16),
  /** Not where #P would not be masked any more, or another exception that is pending. */
  'FLDCW M': (c) => {
    begin(c).operand(2, false, false).get(HOST).access(Op.LOAD16_U).tee(R).i32(PRECISION).op(Op.AND, Op.EQZ);
    c.slot(FPU_STATUS).get(R).i32(-1).op(Op.XOR, Op.AND).i32(Status.EXCEPTIONS).op(Op.AND, Op.OR).outIf();
    c.setSlot(FPU_CONTROL, () => c.get(R).i32(CONTROL_BITS).op(Op.AND).i32(CONTROL_ONES).op(Op.OR));
  },
};

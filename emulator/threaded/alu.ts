/** Arithmetic and logic of all sizes, multiplication and division. The counterpart of cpu/execute/arithmetic.ts. */
import { CARRIES, EAX, EDX } from '../cpu/registers.ts';
import { CARRY_BITS } from '../cpu/flags.ts';
import { Op } from '../translator/code.ts';
import { A, B, HOST, R, T, WIDE, type Emit, type HandlerCode } from './handler-code.ts';
import { Field } from './records.ts';

/** CF, and CF xor OF, of a carry vector whose sign bit is bit 31. */
const HIGH_CARRIES = 0xc000_0000 | 0;

/** Carry vectors of R = A + B and R = A - B. */
const carriesOfSum: Emit = (c) => {
  c.get(A).get(B).op(Op.AND).get(A).get(B).op(Op.OR).get(R).i32(-1).op(Op.XOR, Op.AND, Op.OR);
};
const carriesOfDifference: Emit = (c) => {
  c.get(A).i32(-1).op(Op.XOR).get(B).op(Op.AND);
  c.get(A).get(B).op(Op.XOR).i32(-1).op(Op.XOR).get(R).op(Op.AND, Op.OR);
};

export interface Operation {
  /** Pushes the result of A and B. */
  readonly result: Emit;
  /** Pushes the carry vector; without one, carries are 0. */
  readonly carries?: Emit;
}

const carryIn: Emit = (c) => c.slot(CARRIES).i32(31).op(Op.SHR_U);
const simple =
  (opcode: number): Emit =>
  (c) =>
    c.get(A).get(B).op(opcode);
const withCarry =
  (opcode: number): Emit =>
  (c) => {
    c.get(A).get(B).op(opcode);
    carryIn(c);
    c.op(opcode);
  };

const ADD: Operation = { result: simple(Op.ADD), carries: carriesOfSum };
const SUB: Operation = { result: simple(Op.SUB), carries: carriesOfDifference };
const AND: Operation = { result: simple(Op.AND) };
//              name   operation
const WRITING: Readonly<Record<string, Operation>> = {
  ADD,
  ADC: { result: withCarry(Op.ADD), carries: carriesOfSum },
  SUB,
  SBB: { result: withCarry(Op.SUB), carries: carriesOfDifference },
  AND,
  OR: { result: simple(Op.OR) },
  XOR: { result: simple(Op.XOR) },
};
export const COMPARING: Readonly<Record<string, Operation>> = { CMP: SUB, TEST: AND };

/** How operands of a size are loaded and stored. What is above them in A and B means nothing. */
export interface Width {
  readonly bits: number;
  /** Letters of the forms: register and memory. */
  readonly register: string;
  readonly memory: string;
  readonly load: number;
  readonly store: number;
  /** Sign-extends the top of the stack. */
  readonly extend: readonly number[];
}

// prettier-ignore
export const WIDTHS: readonly Width[] = [
  { bits: 8, register: 'b', memory: 'n', load: Op.LOAD8_U, store: Op.STORE8, extend: [Op.EXTEND8_S] },
  { bits: 16, register: 'w', memory: 'v', load: Op.LOAD16_U, store: Op.STORE16, extend: [Op.EXTEND16_S] },
  { bits: 32, register: 'r', memory: 'm', load: Op.LOAD, store: Op.STORE, extend: [] },
];

/** R and the flags; what is above the operands' size in T means nothing. */
export function compute(c: HandlerCode, { bits, extend }: Width, { result, carries }: Operation): void {
  result(c);
  c.op(...extend)
    .set(R)
    .setResult();
  if (carries === undefined) {
    c.setCarries(() => c.i32(0));
    return;
  }
  if (bits === 32) {
    c.setCarries(() => {
      carries(c);
      c.i32(CARRY_BITS).op(Op.AND);
    });
    return;
  }
  carries(c);
  c.set(T).setCarries(() => {
    c.get(T)
      .i32(32 - bits)
      .op(Op.SHL)
      .i32(HIGH_CARRIES)
      .op(Op.AND)
      .get(T)
      .i32(8)
      .op(Op.AND, Op.OR);
  });
}

/** Loads A and B of two operands. */
type Load = (c: HandlerCode, width: Width, writes: boolean) => void;

const ofRegister = (c: HandlerCode, { load }: Width, field: number): HandlerCode => c.field(field).access(load);
const ofMemory = (c: HandlerCode, { load }: Width): HandlerCode => c.get(HOST).access(load);

//               form (r, m: a register or memory of the width)
export const TWO_OPERANDS: Readonly<Record<string, Load>> = {
  'r,r': (c, width) => {
    ofRegister(c, width, Field.A).set(A);
    ofRegister(c, width, Field.B).set(B);
  },
  'r,i': (c, width) => ofRegister(c, width, Field.A).set(A).field(Field.B).set(B),
  'r,m': (c, width) => {
    ofRegister(c.operand(width.bits / 8), width, Field.A).set(A);
    ofMemory(c, width).set(B);
  },
  'm,r': (c, width, writes) => {
    ofMemory(c.operand(width.bits / 8, writes), width).set(A);
    ofRegister(c, width, Field.B).set(B);
  },
  'm,i': (c, width, writes) =>
    ofMemory(c.operand(width.bits / 8, writes), width)
      .set(A)
      .field(Field.B)
      .set(B),
};

export const named = (form: string, { register, memory }: Width): string =>
  form.replaceAll('r', register).replaceAll('m', memory);

/** Stores R where A came from. */
function store(c: HandlerCode, { store: opcode }: Width, isRegister: boolean): void {
  if (isRegister) c.field(Field.A);
  else c.get(HOST);
  c.get(R).access(opcode);
}

/** INC and DEC keep CF, as it is and in the bit beside it. */
function step(c: HandlerCode, { bits, extend }: Width, isInc: boolean): void {
  c.get(A)
    .i32(1)
    .op(isInc ? Op.ADD : Op.SUB, ...extend)
    .set(R)
    .setResult();
  c.slot(CARRIES)
    .i32(0x8000_0000 | 0)
    .op(Op.AND)
    .set(T);
  // What it has overflowed to.
  const least = -(2 ** (bits - 1));
  c.setCarries(() => {
    c.get(T).get(T).i32(1).op(Op.SHR_U);
    c.get(R)
      .i32(isInc ? least : -least - 1)
      .op(Op.EQ)
      .i32(30)
      .op(Op.SHL, Op.XOR, Op.XOR);
    c.get(isInc ? R : A)
      .i32(15)
      .op(Op.AND, Op.EQZ)
      .i32(3)
      .op(Op.SHL, Op.OR);
  });
}

//              name   computes R of A, and the flags
const ONE_OPERAND: Readonly<Record<string, (c: HandlerCode, width: Width) => void>> = {
  INC: (c, width) => {
    step(c, width, true);
  },
  DEC: (c, width) => {
    step(c, width, false);
  },
  NEG: (c, width) => {
    c.get(A).set(B).i32(0).set(A);
    compute(c, width, SUB);
  },
  NOT: (c) => c.get(A).i32(-1).op(Op.XOR).set(R),
};

/** R = A * B; CF and OF where that is not the whole product. */
const multiply: Emit = (c) => {
  c.get(A).get(B).op(Op.MUL).set(R).setResult();
  c.setCarries(() => {
    c.get(A).op(Op.I64_EXTEND_S).get(B).op(Op.I64_EXTEND_S, Op.I64_MUL);
    c.get(R).op(Op.I64_EXTEND_S, Op.I64_NE).i32(31).op(Op.SHL);
  });
  c.storeResult();
};

/** EDX:EAX = EAX * A; CF and OF where EDX is not 0. */
const multiplyWide: Emit = (c) => {
  c.slot(EAX).op(Op.I64_EXTEND_U).get(A).op(Op.I64_EXTEND_U, Op.I64_MUL).set(WIDE);
  c.get(WIDE).op(Op.I32_WRAP).set(R).setResult();
  c.setSlot(EAX, () => c.get(R));
  c.setSlot(EDX, () => c.get(WIDE).i64(32).op(Op.I64_SHR_U, Op.I32_WRAP));
  c.setCarries(() => c.slot(EDX).op(Op.EQZ, Op.EQZ).i32(31).op(Op.SHL));
};

/** EDX:EAX by A, if the quotient has 32 bits. */
const divide: Emit = (c) => {
  c.slot(EDX).get(A).op(Op.GE_U).outIf();
  c.slot(EDX).op(Op.I64_EXTEND_U).i64(32).op(Op.I64_SHL).slot(EAX).op(Op.I64_EXTEND_U, Op.I64_OR).set(WIDE);
  c.setSlot(EAX, () => c.get(WIDE).get(A).op(Op.I64_EXTEND_U, Op.I64_DIV_U, Op.I32_WRAP));
  c.setSlot(EDX, () => c.get(WIDE).get(A).op(Op.I64_EXTEND_U, Op.I64_REM_U, Op.I32_WRAP));
};

/** The same with signs; CF and OF where EDX is not the sign of EAX. */
const multiplyWideSigned: Emit = (c) => {
  c.slot(EAX).op(Op.I64_EXTEND_S).get(A).op(Op.I64_EXTEND_S, Op.I64_MUL).set(WIDE);
  c.get(WIDE).op(Op.I32_WRAP).set(R).setResult();
  c.setSlot(EAX, () => c.get(R));
  c.setSlot(EDX, () => c.get(WIDE).i64(32).op(Op.I64_SHR_U, Op.I32_WRAP));
  c.setCarries(() => c.slot(EDX).get(R).i32(31).op(Op.SHR_S, Op.NE).i32(31).op(Op.SHL));
};

/** EAX, whose sign is EDX, by A. */
const divideSigned: Emit = (c) => {
  c.slot(EAX).tee(B).i32(31).op(Op.SHR_S).slot(EDX).op(Op.NE).get(A).op(Op.EQZ, Op.OR);
  c.get(A)
    .i32(-1)
    .op(Op.EQ)
    .get(B)
    .i32(0x8000_0000 | 0)
    .op(Op.EQ, Op.AND, Op.OR)
    .outIf();
  c.setSlot(EAX, () => c.get(B).get(A).op(Op.DIV_S));
  c.setSlot(EDX, () => c.get(B).get(A).op(Op.REM_S));
};

//                     computes with A
const ACCUMULATOR = { MUL: multiplyWide, IMUL: multiplyWideSigned, DIV: divide, IDIV: divideSigned };

function accumulator(): Record<string, Emit> {
  const found: Record<string, Emit> = {};
  for (const [name, operate] of Object.entries(ACCUMULATOR)) {
    found[`${name} r`] = (c) => {
      c.register(Field.A).set(A);
      operate(c);
    };
    found[`${name} m`] = (c) => {
      c.operand(4).get(HOST).access(Op.LOAD).set(A);
      operate(c);
    };
  }
  return found;
}

/** TEST has memory as its first operand alone. */
export const isForm = (name: string, form: string): boolean => name !== 'TEST' || form !== 'r,m';

function sized(): Record<string, Emit> {
  const found: Record<string, Emit> = {};
  for (const width of WIDTHS) {
    for (const [name, operation] of [...Object.entries(WRITING), ...Object.entries(COMPARING)]) {
      const writes = name in WRITING;
      for (const [form, load] of Object.entries(TWO_OPERANDS)) {
        if (!isForm(name, form)) continue;
        found[`${name} ${named(form, width)}`] = (c) => {
          load(c, width, writes);
          compute(c, width, operation);
          if (writes) store(c, width, form.startsWith('r'));
        };
      }
    }
    for (const [name, operate] of Object.entries(ONE_OPERAND)) {
      found[`${name} ${width.register}`] = (c) => {
        ofRegister(c, width, Field.A).set(A);
        operate(c, width);
        store(c, width, true);
      };
      found[`${name} ${width.memory}`] = (c) => {
        ofMemory(c.operand(width.bits / 8, true), width).set(A);
        operate(c, width);
        store(c, width, false);
      };
    }
  }
  return found;
}

export const alu: Readonly<Record<string, Emit>> = {
  ...sized(),
  ...accumulator(),
  'IMUL r,r': (c) => {
    c.register(Field.A).set(A).register(Field.B).set(B);
    multiply(c);
  },
  'IMUL r,m': (c) => {
    c.operand(4).register(Field.A).set(A).get(HOST).access(Op.LOAD).set(B);
    multiply(c);
  },
  'IMUL r,r,i': (c) => {
    c.register(Field.B).set(A).field(Field.DISPLACEMENT).set(B);
    multiply(c);
  },
  'IMUL r,m,i': (c) => {
    c.operand(4).get(HOST).access(Op.LOAD).set(A).field(Field.B).set(B);
    multiply(c);
  },
};

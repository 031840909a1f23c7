/** Two-operand arithmetic and logic on 32 and 8 bits; INC, DEC, NEG, NOT, IMUL. The counterpart of cpu/fast/alu.ts and bytes.ts. */
import { CARRIES } from '../cpu/registers.ts';
import { CARRY_BITS } from '../cpu/flags.ts';
import { Op } from '../translator/code.ts';
import { A, B, HOST, R, T, type Emit, type HandlerCode } from './handler-code.ts';
import { Field } from './records.ts';

const HIGH_CARRIES = 0xc000_0000 | 0;

/** Carry vectors of R = A + B and R = A - B. */
const carriesOfSum: Emit = (c) => {
  c.get(A).get(B).op(Op.AND).get(A).get(B).op(Op.OR).get(R).i32(-1).op(Op.XOR, Op.AND, Op.OR);
};
const carriesOfDifference: Emit = (c) => {
  c.get(A).i32(-1).op(Op.XOR).get(B).op(Op.AND);
  c.get(A).get(B).op(Op.XOR).i32(-1).op(Op.XOR).get(R).op(Op.AND, Op.OR);
};

interface Operation {
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
const COMPARING: Readonly<Record<string, Operation>> = { CMP: SUB, TEST: AND };

/** R and the flags of 32 bits. */
function compute(c: HandlerCode, { result, carries }: Operation): void {
  result(c);
  c.set(R).setResult();
  c.setCarries(() => {
    if (carries === undefined) c.i32(0);
    else {
      carries(c);
      c.i32(CARRY_BITS).op(Op.AND);
    }
  });
}

/** Of 8 bits; what is above them in A, B and R means nothing. */
function compute8(c: HandlerCode, { result, carries }: Operation): void {
  result(c);
  c.op(Op.EXTEND8_S).set(R).setResult();
  if (carries === undefined) {
    c.setCarries(() => c.i32(0));
    return;
  }
  carries(c);
  c.set(T).setCarries(() => {
    c.get(T).i32(24).op(Op.SHL).i32(HIGH_CARRIES).op(Op.AND).get(T).i32(8).op(Op.AND, Op.OR);
  });
}

/** By form: loads A and B. */
const FORMS: Readonly<Record<string, (c: HandlerCode, writes: boolean) => void>> = {
  'r,r': (c) => c.register(Field.A).set(A).register(Field.B).set(B),
  'r,i': (c) => c.register(Field.A).set(A).field(Field.B).set(B),
  'r,m': (c) => c.operand(4).register(Field.A).set(A).get(HOST).access(Op.LOAD).set(B),
  'm,r': (c, writes) => c.operand(4, writes).get(HOST).access(Op.LOAD).set(A).register(Field.B).set(B),
  'm,i': (c, writes) => c.operand(4, writes).get(HOST).access(Op.LOAD).set(A).field(Field.B).set(B),
};
const FORMS_8: typeof FORMS = {
  'b,b': (c) => c.register8(Field.A).set(A).register8(Field.B).set(B),
  'b,i': (c) => c.register8(Field.A).set(A).field(Field.B).set(B),
  'b,n': (c) => c.operand(1).register8(Field.A).set(A).get(HOST).access(Op.LOAD8_U).set(B),
  'n,b': (c, writes) => c.operand(1, writes).get(HOST).access(Op.LOAD8_U).set(A).register8(Field.B).set(B),
  'n,i': (c, writes) => c.operand(1, writes).get(HOST).access(Op.LOAD8_U).set(A).field(Field.B).set(B),
};

/** INC and DEC keep CF, as it is and in the bit beside it. */
function step(c: HandlerCode, isInc: boolean): void {
  c.get(A)
    .i32(1)
    .op(isInc ? Op.ADD : Op.SUB)
    .set(R)
    .setResult();
  c.slot(CARRIES)
    .i32(0x8000_0000 | 0)
    .op(Op.AND)
    .set(T);
  c.setCarries(() => {
    c.get(T).get(T).i32(1).op(Op.SHR_U);
    c.get(R)
      .i32(isInc ? 0x8000_0000 | 0 : 0x7fff_ffff)
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

/** R = A * B; CF and OF where that is not the whole product. */
const multiply: Emit = (c) => {
  c.get(A).get(B).op(Op.MUL).set(R).setResult();
  c.setCarries(() => {
    c.get(A).op(Op.I64_EXTEND_S).get(B).op(Op.I64_EXTEND_S, Op.I64_MUL);
    c.get(R).op(Op.I64_EXTEND_S, Op.I64_NE).i32(31).op(Op.SHL);
  });
  c.storeResult();
};

/** TEST has memory as its first operand alone. */
const isForm = (name: string, form: string): boolean => name !== 'TEST' || !/,[mn]$/.test(form);

const storeMemory: Emit = (c) => c.get(HOST).get(R).access(Op.STORE);

function twoOperands(): Record<string, Emit> {
  const found: Record<string, Emit> = {};
  for (const [writes, operations] of [
    [true, WRITING],
    [false, COMPARING],
  ] as const) {
    for (const [name, operation] of Object.entries(operations)) {
      for (const [form, load] of Object.entries(FORMS)) {
        if (!isForm(name, form)) continue;
        found[`${name} ${form}`] = (c) => {
          load(c, writes);
          compute(c, operation);
          if (!writes) return;
          if (form.startsWith('r')) c.storeResult();
          else storeMemory(c);
        };
      }
      if (name === 'ADC' || name === 'SBB') continue;
      for (const [form, load] of Object.entries(FORMS_8)) {
        if (!isForm(name, form)) continue;
        found[`${name} ${form}`] = (c) => {
          load(c, writes);
          compute8(c, operation);
          if (!writes) return;
          if (form.startsWith('b')) c.field(Field.A);
          else c.get(HOST);
          c.get(R).access(Op.STORE8);
        };
      }
    }
  }
  return found;
}

export const alu: Readonly<Record<string, Emit>> = {
  ...twoOperands(),
  'INC r': (c) => {
    c.register(Field.A).set(A);
    step(c, true);
    c.storeResult();
  },
  'INC m': (c) => {
    c.operand(4, true).get(HOST).access(Op.LOAD).set(A);
    step(c, true);
    storeMemory(c);
  },
  'DEC r': (c) => {
    c.register(Field.A).set(A);
    step(c, false);
    c.storeResult();
  },
  'DEC m': (c) => {
    c.operand(4, true).get(HOST).access(Op.LOAD).set(A);
    step(c, false);
    storeMemory(c);
  },
  'NEG r': (c) => {
    c.i32(0).set(A).register(Field.A).set(B);
    compute(c, SUB);
    c.storeResult();
  },
  'NOT r': (c) => c.field(Field.A).register(Field.A).i32(-1).op(Op.XOR).access(Op.STORE),
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

/**
 * A handler in WebAssembly for each form that is common: it reads its operands from its record (local 0), does what
 * execute/ does, and goes on with the next record by a tail call. Where anything else is due (a page that is not in the
 * fast tables, a device, a fault) it gives its record back before it has changed anything.
 *
 * Invariant: same results and flags as execute/.
 */
import { BASE, CARRIES, EBP, EIP, ESP, READ_END, RESULT, SS, WRITE_END } from '../cpu/registers.ts';
import { layout } from '../memory/layout.ts';
import { Code, Op } from '../translator/code.ts';
import { LEFT_SLOT } from '../translator/locals.ts';
import { CHAIN_ENTRIES } from './chain.ts';
import { Field, RECORD_BYTES } from './records.ts';

/** Slots with the byte offsets of the tables of the current privilege level. */
export const READ_TABLE_SLOT = 108;
export const WRITE_TABLE_SLOT = 109;

const TYPE = 0;
const RECORD = 0;
/** Locals. */
const [A, B, R, T, H] = [1, 2, 3, 4, 5];
export const LOCALS = 5;
const CARRY_BITS = 0xc000_0008 | 0;

function slot(c: Code, index: number): Code {
  return c.i32(0).access(Op.LOAD, index * 4);
}

function field(c: Code, offset: number): Code {
  return c.get(RECORD).access(Op.LOAD, offset);
}

function next(c: Code): void {
  c.get(RECORD).i32(RECORD_BYTES).op(Op.ADD);
  field(c, RECORD_BYTES + Field.HANDLER).returnCallIndirect(TYPE);
}

/** To the block at the address in T, which becomes EIP; out where it is not known. */
function dispatch(c: Code): void {
  c.i32(0).get(T).access(Op.STORE, EIP * 4);
  c.get(T).i32(CHAIN_ENTRIES - 1).op(Op.AND).i32(4).op(Op.SHL).tee(A);
  c.access(Op.LOAD, layout.chain).get(T).op(Op.NE).if().i32(0).op(Op.RETURN).end();
  slot(c, READ_TABLE_SLOT).get(T).i32(12).op(Op.SHR_U).i32(2).op(Op.SHL, Op.ADD).access(Op.LOAD);
  c.get(A).access(Op.LOAD, layout.chain + 8).op(Op.NE).if().i32(0).op(Op.RETURN).end();
  c.get(A).access(Op.LOAD, layout.chain + 4).tee(A).get(A).access(Op.LOAD).returnCallIndirect(TYPE);
}

function out(c: Code): void {
  c.get(RECORD).op(Op.RETURN);
}

/** H: the host's address of `bytes` at the offset on the stack, in the segment that `pushSegment` gives. */
function host(c: Code, bytes: number, write: boolean, pushSegment: () => void): void {
  const end = (write ? WRITE_END : READ_END) * 4;
  c.tee(H);
  pushSegment();
  c.access(Op.LOAD, end).op(Op.GE_U).if();
  out(c);
  c.end().get(H);
  pushSegment();
  c.access(Op.LOAD, BASE * 4).op(Op.ADD).tee(H);
  c.i32(12).op(Op.SHR_U).i32(2).op(Op.SHL);
  slot(c, write ? WRITE_TABLE_SLOT : READ_TABLE_SLOT).op(Op.ADD).access(Op.LOAD).tee(T).op(Op.EQZ);
  if (bytes > 1) c.get(H).i32(0xfff).op(Op.AND).i32(0x1000 - bytes).op(Op.GT_U, Op.OR);
  c.if();
  out(c);
  c.end().get(H).get(T).op(Op.ADD).set(H);
}

function operandHost(c: Code, bytes: number, write: boolean): void {
  field(c, Field.BASE).access(Op.LOAD);
  field(c, Field.INDEX).access(Op.LOAD);
  field(c, Field.SCALE).op(Op.SHL, Op.ADD);
  field(c, Field.DISPLACEMENT).op(Op.ADD);
  host(c, bytes, write, () => field(c, Field.SEGMENT));
}

function stackHost(c: Code, write: boolean): void {
  host(c, 4, write, () => c.i32(SS * 4));
}

type Emit = (c: Code) => void;

const setResult: Emit = (c) => c.i32(0).get(R).access(Op.STORE, RESULT * 4);

function storeCarries(c: Code, push: () => void): void {
  c.i32(0);
  push();
  c.access(Op.STORE, CARRIES * 4);
}

const addCarries: Emit = (c) => {
  c.get(A).get(B).op(Op.AND).get(A).get(B).op(Op.OR).get(R).i32(-1).op(Op.XOR, Op.AND, Op.OR);
};
const subCarries: Emit = (c) => {
  c.get(A).i32(-1).op(Op.XOR).get(B).op(Op.AND).get(A).get(B).op(Op.XOR).i32(-1).op(Op.XOR).get(R).op(Op.AND, Op.OR);
};

/** R from A and B, and flags, of 32 bits. */
const OPERATIONS: Readonly<Record<string, Emit>> = {
  ADD: (c) => {
    c.get(A).get(B).op(Op.ADD).set(R);
    setResult(c);
    storeCarries(c, () => { addCarries(c); c.i32(CARRY_BITS).op(Op.AND); });
  },
  ADC: (c) => {
    c.get(A).get(B).op(Op.ADD);
    slot(c, CARRIES).i32(31).op(Op.SHR_U, Op.ADD).set(R);
    setResult(c);
    storeCarries(c, () => { addCarries(c); c.i32(CARRY_BITS).op(Op.AND); });
  },
  SUB: (c) => {
    c.get(A).get(B).op(Op.SUB).set(R);
    setResult(c);
    storeCarries(c, () => { subCarries(c); c.i32(CARRY_BITS).op(Op.AND); });
  },
  SBB: (c) => {
    c.get(A).get(B).op(Op.SUB);
    slot(c, CARRIES).i32(31).op(Op.SHR_U, Op.SUB).set(R);
    setResult(c);
    storeCarries(c, () => { subCarries(c); c.i32(CARRY_BITS).op(Op.AND); });
  },
  AND: logic(Op.AND),
  OR: logic(Op.OR),
  XOR: logic(Op.XOR),
};

function logic(opcode: number): Emit {
  return (c) => {
    c.get(A).get(B).op(opcode).set(R);
    setResult(c);
    storeCarries(c, () => c.i32(0));
  };
}

const result8: Emit = (c) => c.i32(0).get(R).op(Op.EXTEND8_S).access(Op.STORE, RESULT * 4);
function carries8(c: Code, push: Emit): void {
  push(c);
  c.set(T);
  storeCarries(c, () =>
    c.get(T).i32(24).op(Op.SHL).i32(0xc000_0000 | 0).op(Op.AND).get(T).i32(8).op(Op.AND, Op.OR),
  );
}

/** The same of 8 bits; what is above them in R is not looked at. */
const OPERATIONS_8: Readonly<Record<string, Emit>> = {
  ADD: (c) => { c.get(A).get(B).op(Op.ADD).set(R); result8(c); carries8(c, addCarries); },
  SUB: (c) => { c.get(A).get(B).op(Op.SUB).set(R); result8(c); carries8(c, subCarries); },
  AND: logic8(Op.AND),
  OR: logic8(Op.OR),
  XOR: logic8(Op.XOR),
};

function logic8(opcode: number): Emit {
  return (c) => {
    c.get(A).get(B).op(opcode).set(R);
    result8(c);
    storeCarries(c, () => c.i32(0));
  };
}

/** Conditions: 1 where true. */
const r = (c: Code): Code => slot(c, RESULT);
const k = (c: Code): Code => slot(c, CARRIES);
const isOverflow: Emit = (c) => { k(c).tee(T).get(T).i32(1).op(Op.SHL, Op.XOR).i32(31).op(Op.SHR_U); };
const isCarry: Emit = (c) => { k(c).i32(31).op(Op.SHR_U); };
const isZero: Emit = (c) => { r(c).op(Op.EQZ); };
const isSign: Emit = (c) => { r(c); k(c).i32(31).op(Op.SHL, Op.XOR).i32(31).op(Op.SHR_U); };
const isLess: Emit = (c) => {
  k(c).tee(T); r(c).op(Op.XOR).get(T).i32(1).op(Op.SHL, Op.XOR).get(T).i32(31).op(Op.SHL, Op.XOR).i32(31).op(Op.SHR_U);
};
const isParity: Emit = (c) => {
  r(c); k(c).i32(8).op(Op.SHR_S, Op.XOR).i32(0xff).op(Op.AND).op(Op.POPCNT).i32(1).op(Op.AND, Op.EQZ);
};
const either = (a: Emit, b: Emit): Emit => (c) => { a(c); b(c); c.op(Op.OR); };
const not = (a: Emit): Emit => (c) => { a(c); c.op(Op.EQZ); };
const CONDITIONS: Readonly<Record<string, Emit>> = {
  O: isOverflow, NO: not(isOverflow), B: isCarry, AE: not(isCarry), E: isZero, NE: not(isZero),
  BE: either(isCarry, isZero), A: not(either(isCarry, isZero)), S: isSign, NS: not(isSign), P: isParity, NP: not(isParity),
  L: isLess, GE: not(isLess), LE: either(isLess, isZero), G: not(either(isLess, isZero)),
};

const loadA = (c: Code): Code => field(c, Field.A).access(Op.LOAD);
const loadB = (c: Code): Code => field(c, Field.B).access(Op.LOAD);
const loadA8 = (c: Code): Code => field(c, Field.A).access(Op.LOAD8_U);
const loadB8 = (c: Code): Code => field(c, Field.B).access(Op.LOAD8_U);

/** By `MNEMONIC forms`; forms as in cpu/fast/index.ts. */
export const handlers: Record<string, Emit> = {};

for (const [name, operation] of Object.entries(OPERATIONS)) {
  const store: Emit = (c) => field(c, Field.A).get(R).access(Op.STORE);
  const storeMemory: Emit = (c) => c.get(H).get(R).access(Op.STORE);
  const add = (form: string, before: Emit, after: Emit): void => {
    handlers[`${name} ${form}`] = (c) => { before(c); operation(c); after(c); next(c); };
  };
  add('r,r', (c) => { loadA(c).set(A); loadB(c).set(B); }, store);
  add('r,i', (c) => { loadA(c).set(A); field(c, Field.B).set(B); }, store);
  add('r,m', (c) => { operandHost(c, 4, false); loadA(c).set(A); c.get(H).access(Op.LOAD).set(B); }, store);
  add('m,r', (c) => { operandHost(c, 4, true); c.get(H).access(Op.LOAD).set(A); loadB(c).set(B); }, storeMemory);
  add('m,i', (c) => { operandHost(c, 4, true); c.get(H).access(Op.LOAD).set(A); field(c, Field.B).set(B); }, storeMemory);
}
const nothing: Emit = () => undefined;
for (const [name, operation] of [['CMP', OPERATIONS.SUB], ['TEST', OPERATIONS.AND]] as const) {
  const add = (form: string, before: Emit): void => {
    handlers[`${name} ${form}`] = (c) => { before(c); operation(c); nothing(c); next(c); };
  };
  add('r,r', (c) => { loadA(c).set(A); loadB(c).set(B); });
  add('r,i', (c) => { loadA(c).set(A); field(c, Field.B).set(B); });
  add('r,m', (c) => { operandHost(c, 4, false); loadA(c).set(A); c.get(H).access(Op.LOAD).set(B); });
  add('m,r', (c) => { operandHost(c, 4, false); c.get(H).access(Op.LOAD).set(A); loadB(c).set(B); });
  add('m,i', (c) => { operandHost(c, 4, false); c.get(H).access(Op.LOAD).set(A); field(c, Field.B).set(B); });
}
for (const [name, operation, writes] of [
  ...Object.entries(OPERATIONS_8).map(([n, o]) => [n, o, true] as const),
  ['CMP', OPERATIONS_8.SUB, false] as const, ['TEST', OPERATIONS_8.AND, false] as const,
]) {
  const store: Emit = writes ? (c) => field(c, Field.A).get(R).access(Op.STORE8) : nothing;
  const add = (form: string, before: Emit, after: Emit): void => {
    handlers[`${name} ${form}`] = (c) => { before(c); operation(c); after(c); next(c); };
  };
  add('b,b', (c) => { loadA8(c).set(A); loadB8(c).set(B); }, store);
  add('b,i', (c) => { loadA8(c).set(A); field(c, Field.B).set(B); }, store);
  add('b,n', (c) => { operandHost(c, 1, false); loadA8(c).set(A); c.get(H).access(Op.LOAD8_U).set(B); }, store);
  if (!writes) {
    add('n,b', (c) => { operandHost(c, 1, false); c.get(H).access(Op.LOAD8_U).set(A); loadB8(c).set(B); }, nothing);
    add('n,i', (c) => { operandHost(c, 1, false); c.get(H).access(Op.LOAD8_U).set(A); field(c, Field.B).set(B); }, nothing);
  }
}

function step(isInc: boolean): Emit {
  return (c) => {
    c.get(A).i32(1).op(isInc ? Op.ADD : Op.SUB).set(R);
    k(c).i32(0x8000_0000 | 0).op(Op.AND).set(T);
    setResult(c);
    storeCarries(c, () => {
      c.get(T).get(T).i32(1).op(Op.SHR_U);
      c.get(R).i32(isInc ? 0x8000_0000 | 0 : 0x7fff_ffff).op(Op.EQ).i32(30).op(Op.SHL, Op.XOR, Op.XOR);
      c.get(isInc ? R : A).i32(15).op(Op.AND, Op.EQZ).i32(3).op(Op.SHL, Op.OR);
    });
  };
}
for (const [name, isInc] of [['INC', true], ['DEC', false]] as const) {
  handlers[`${name} r`] = (c) => { loadA(c).set(A); step(isInc)(c); field(c, Field.A).get(R).access(Op.STORE); next(c); };
  handlers[`${name} m`] = (c) => { operandHost(c, 4, true); c.get(H).access(Op.LOAD).set(A); step(isInc)(c); c.get(H).get(R).access(Op.STORE); next(c); };
}

const forms: Record<string, Emit> = {
  'MOV r,r': (c) => { field(c, Field.A); loadB(c).access(Op.STORE); },
  'MOV r,i': (c) => { field(c, Field.A); field(c, Field.B).access(Op.STORE); },
  'MOV r,m': (c) => { operandHost(c, 4, false); field(c, Field.A).get(H).access(Op.LOAD).access(Op.STORE); },
  'MOV m,r': (c) => { operandHost(c, 4, true); c.get(H); loadB(c).access(Op.STORE); },
  'MOV m,i': (c) => { operandHost(c, 4, true); c.get(H); field(c, Field.B).access(Op.STORE); },
  'MOV b,b': (c) => { field(c, Field.A); loadB8(c).access(Op.STORE8); },
  'MOV b,i': (c) => { field(c, Field.A); field(c, Field.B).access(Op.STORE8); },
  'MOV b,n': (c) => { operandHost(c, 1, false); field(c, Field.A).get(H).access(Op.LOAD8_U).access(Op.STORE8); },
  'MOV n,b': (c) => { operandHost(c, 1, true); c.get(H); loadB8(c).access(Op.STORE8); },
  'MOV n,i': (c) => { operandHost(c, 1, true); c.get(H); field(c, Field.B).access(Op.STORE8); },
  'LEA r,M': (c) => {
    field(c, Field.A);
    field(c, Field.BASE).access(Op.LOAD);
    field(c, Field.INDEX).access(Op.LOAD);
    field(c, Field.SCALE).op(Op.SHL, Op.ADD);
    field(c, Field.DISPLACEMENT).op(Op.ADD).access(Op.STORE);
  },
  'MOVZX r,b': (c) => { field(c, Field.A); loadB8(c).access(Op.STORE); },
  'MOVZX r,n': (c) => { operandHost(c, 1, false); field(c, Field.A).get(H).access(Op.LOAD8_U).access(Op.STORE); },
  'MOVZX r,w': (c) => { field(c, Field.A); field(c, Field.B).access(Op.LOAD16_U).access(Op.STORE); },
  'MOVZX r,v': (c) => { operandHost(c, 2, false); field(c, Field.A).get(H).access(Op.LOAD16_U).access(Op.STORE); },
  'MOVSX r,b': (c) => { field(c, Field.A); field(c, Field.B).access(Op.LOAD8_S).access(Op.STORE); },
  'MOVSX r,n': (c) => { operandHost(c, 1, false); field(c, Field.A).get(H).access(Op.LOAD8_S).access(Op.STORE); },
  'XCHG r,r': (c) => { loadA(c).set(A); field(c, Field.A); loadB(c).access(Op.STORE); field(c, Field.B).get(A).access(Op.STORE); },
  'NOT r': (c) => { field(c, Field.A); loadA(c).i32(-1).op(Op.XOR).access(Op.STORE); },
  'NEG r': (c) => { c.i32(0).set(A); loadA(c).set(B); OPERATIONS.SUB(c); field(c, Field.A).get(R).access(Op.STORE); },
  'CWD ': (c) => { c.i32(8); slot(c, 0).i32(31).op(Op.SHR_S).access(Op.STORE); },
  'PUSH r': (c) => push(c, () => loadA(c)),
  'PUSH i': (c) => push(c, () => field(c, Field.A)),
  'PUSH m': (c) => { operandHost(c, 4, false); c.get(H).access(Op.LOAD).set(A); push(c, () => c.get(A)); },
  'POP r': (c) => {
    slot(c, ESP);
    stackHost(c, false);
    c.get(H).access(Op.LOAD).set(A);
    c.i32(0); slot(c, ESP).i32(4).op(Op.ADD).access(Op.STORE, ESP * 4);
    field(c, Field.A).get(A).access(Op.STORE);
  },
  'LEAVE ': (c) => {
    slot(c, EBP);
    stackHost(c, false);
    c.i32(0); slot(c, EBP).i32(4).op(Op.ADD).access(Op.STORE, ESP * 4);
    c.i32(0).get(H).access(Op.LOAD).access(Op.STORE, EBP * 4);
  },
  'IMUL r,r': (c) => { loadA(c).set(A); loadB(c).set(B); multiply(c); },
  'IMUL r,m': (c) => { operandHost(c, 4, false); loadA(c).set(A); c.get(H).access(Op.LOAD).set(B); multiply(c); },
};

/** Stores what is pushed once the stack has room; the value must not be in T or H. */
function push(c: Code, value: () => void): void {
  slot(c, ESP).i32(4).op(Op.SUB);
  stackHost(c, true);
  c.get(H);
  value();
  c.access(Op.STORE);
  c.i32(0); slot(c, ESP).i32(4).op(Op.SUB).access(Op.STORE, ESP * 4);
}

/** R = A * B; CF and OF where it does not fit. The product's halves by 64-bit integers. */
function multiply(c: Code): void {
  c.get(A).get(B).op(Op.MUL).set(R);
  setResult(c);
  storeCarries(c, () => {
    // The upper half against the sign of the lower one.
    c.get(A).op(Op.I64_EXTEND_S).get(B).op(Op.I64_EXTEND_S, Op.I64_MUL);
    c.get(R).op(Op.I64_EXTEND_S, Op.I64_NE).i32(31).op(Op.SHL);
  });
  field(c, Field.A).get(R).access(Op.STORE);
}

for (const [name, emit] of Object.entries(forms)) handlers[name] = (c) => { emit(c); next(c); };

handlers['NOP '] = next;
handlers['IMUL r,r,i'] = (c) => { loadB(c).set(A); field(c, Field.DISPLACEMENT).set(B); multiply(c); next(c); };
handlers['IMUL r,m,i'] = (c) => { operandHost(c, 4, false); c.get(H).access(Op.LOAD).set(A); field(c, Field.B).set(B); multiply(c); next(c); };
handlers['BSWAP r'] = (c) => {
  loadA(c).set(A);
  field(c, Field.A);
  c.get(A).i32(8).op(Op.ROTL).i32(0x00ff_00ff).op(Op.AND).get(A).i32(8).op(Op.ROTR).i32(0xff00_ff00 | 0).op(Op.AND, Op.OR).access(Op.STORE);
  next(c);
};
for (const [name, opcode] of [['ROL', Op.ROTL], ['ROR', Op.ROTR]] as const) {
  for (const form of ['r,i', 'r,b']) {
    handlers[`${name} ${form}`] = (c) => {
      if (form === 'r,i') field(c, Field.B); else loadB8(c);
      c.i32(31).op(Op.AND).tee(B).op(Op.EQZ).if();
      next(c);
      c.end();
      loadA(c).get(B).op(opcode).set(R);
      field(c, Field.A).get(R).access(Op.STORE);
      // Bit 31 of T: CF; bit 31 of A: OF.
      if (name === 'ROL') { c.get(R).i32(31).op(Op.SHL).set(T); c.get(R).get(T).op(Op.XOR).set(A); }
      else { c.get(R).set(T); c.get(R).get(R).i32(1).op(Op.SHL, Op.XOR).set(A); }
      storeCarries(c, () => {
        k(c).i32(0x3fff_ffff).op(Op.AND).get(T).i32(0x8000_0000 | 0).op(Op.AND, Op.OR);
        c.get(T).get(A).op(Op.XOR).i32(1).op(Op.SHR_U).i32(0x4000_0000).op(Op.AND, Op.OR);
      });
      next(c);
    };
  }
}

const SHIFTS: readonly (readonly [string, number, Emit, Emit])[] = [
  // name, opcode, carry, overflow; A the operand, B the count from 1, R the result
  ['SHL', Op.SHL, (c) => c.get(A).i32(32).get(B).op(Op.SUB, Op.SHR_U).i32(1).op(Op.AND), (c) => c.get(R).i32(31).op(Op.SHR_U)],
  ['SHR', Op.SHR_U, (c) => c.get(A).get(B).i32(1).op(Op.SUB, Op.SHR_U).i32(1).op(Op.AND), (c) => c.get(R).i32(1).op(Op.SHL).get(R).op(Op.XOR).i32(31).op(Op.SHR_U)],
  ['SAR', Op.SHR_S, (c) => c.get(A).get(B).i32(1).op(Op.SUB, Op.SHR_S).i32(1).op(Op.AND), nothing],
];
for (const [name, opcode, carry, overflow] of SHIFTS) for (const form of ['r,i', 'r,b']) {
  handlers[`${name} ${form}`] = (c) => {
    if (form === 'r,i') field(c, Field.B); else loadB8(c);
    c.i32(31).op(Op.AND).tee(B).op(Op.EQZ).if();
    next(c);
    c.end();
    loadA(c).set(A);
    c.get(A).get(B).op(opcode).set(R);
    setResult(c);
    storeCarries(c, () => {
      carry(c);
      c.tee(T).i32(31).op(Op.SHL);
      if (name === 'SAR') c.get(T); else if (name === 'SHL') { c.get(T); overflow(c); c.op(Op.XOR).get(T).op(Op.XOR); } else { c.get(T); overflow(c); c.op(Op.XOR); }
      c.i32(1).op(Op.AND).i32(30).op(Op.SHL, Op.OR);
    });
    field(c, Field.A).get(R).access(Op.STORE);
    next(c);
  };
}

for (const [name, isTrue] of Object.entries(CONDITIONS)) {
  handlers[`J${name} j`] = (c) => {
    slot(c, EIP);
    field(c, Field.B).op(Op.ADD).set(T);
    c.get(T).set(A);
    isTrue(c);
    c.if().get(A);
    field(c, Field.A).op(Op.ADD).set(A).end();
    c.get(A).set(T);
    dispatch(c);
  };
  handlers[`SET${name} b`] = (c) => { field(c, Field.A); isTrue(c); c.access(Op.STORE8); next(c); };
  handlers[`SET${name} n`] = (c) => { operandHost(c, 1, true); c.get(H); isTrue(c); c.access(Op.STORE8); next(c); };
  handlers[`CMOV${name} r,r`] = (c) => { isTrue(c); c.if(); field(c, Field.A); loadB(c).access(Op.STORE).end(); next(c); };
}

function target(c: Code): void {
  slot(c, EIP);
  field(c, Field.B).op(Op.ADD);
  field(c, Field.A).op(Op.ADD);
}
handlers['JMP j'] = (c) => { target(c); c.set(T); dispatch(c); };
handlers['JMP r'] = (c) => { loadA(c).set(T); dispatch(c); };
handlers['CALL j'] = (c) => {
  target(c);
  c.set(A);
  push(c, () => { slot(c, EIP); field(c, Field.B).op(Op.ADD); });
  c.get(A).set(T);
  dispatch(c);
};
handlers['CALL r'] = (c) => {
  loadA(c).set(A);
  push(c, () => { slot(c, EIP); field(c, Field.B).op(Op.ADD); });
  c.get(A).set(T);
  dispatch(c);
};
handlers['JMP m'] = (c) => { operandHost(c, 4, false); c.get(H).access(Op.LOAD).set(T); dispatch(c); };
handlers['CALL m'] = (c) => {
  operandHost(c, 4, false);
  c.get(H).access(Op.LOAD).set(A);
  push(c, () => { slot(c, EIP); field(c, Field.B).op(Op.ADD); });
  c.get(A).set(T);
  dispatch(c);
};
handlers['RET '] = (c) => {
  slot(c, ESP);
  stackHost(c, false);
  c.get(H).access(Op.LOAD).set(A);
  c.i32(0); slot(c, ESP).i32(4).op(Op.ADD).access(Op.STORE, ESP * 4);
  c.get(A).set(T);
  dispatch(c);
};

/** Of what no handler does. */
export const OUT = '(out)';
handlers[OUT] = (c) => c.get(RECORD);
/** Field A: instructions of the block; B: how many may still be executed before TypeScript looks at it. */
export const HEADER = '(header)';
handlers[HEADER] = (c) => {
  slot(c, LEFT_SLOT);
  field(c, Field.A).op(Op.SUB).tee(A).i32(0).op(Op.LT_S);
  field(c, Field.B);
  field(c, Field.A).op(Op.SUB).tee(B).i32(0).op(Op.LT_S, Op.OR).if();
  out(c);
  c.end();
  c.get(RECORD).get(B).access(Op.STORE, Field.B);
  c.i32(0).get(A).access(Op.STORE, LEFT_SLOT * 4);
  next(c);
};
/** Field B: bytes of a block that goes on behind it. */
export const ONWARD = '(onward)';
handlers[ONWARD] = (c) => { slot(c, EIP); field(c, Field.B).op(Op.ADD).set(T); dispatch(c); };

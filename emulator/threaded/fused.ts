/**
 * A comparison and the conditional jump behind it, which end a third of all blocks, as one handler of the first one's record.
 * The condition is computed from the operands, and not from the flags, which are set all the same.
 */
import { Op } from '../translator/code.ts';
import { COMPARING, TWO_OPERANDS, WIDTHS, compute, isForm, named, type Width } from './alu.ts';
import { branch } from './control.ts';
import { fusedName } from './handler-names.ts';
import { A, B, R, type Emit, type HandlerCode } from './handler-code.ts';

/** Pushes whether a condition is true after a comparison of A and B, whose result, with its sign, is R. */
type Condition = (c: HandlerCode, width: Width) => void;

const result =
  (opcode: number): Condition =>
  (c) =>
    c.get(R).i32(0).op(opcode);

/** Above the operands' size nothing is known of A and B. */
function operands(opcode: number): Condition {
  return (c, { bits }) => {
    for (const local of [A, B]) {
      c.get(local);
      if (bits < 32) c.i32(32 - bits).op(Op.SHL);
    }
    c.op(opcode);
  };
}

const ofResult: Readonly<Record<string, Condition>> = {
  E: result(Op.EQ),
  NE: result(Op.NE),
  S: result(Op.LT_S),
  NS: result(Op.GE_S),
};
//                 by the first operation
const CONDITIONS: Readonly<Record<string, Readonly<Record<string, Condition>>>> = {
  CMP: {
    ...ofResult,
    B: operands(Op.LT_U),
    AE: operands(Op.GE_U),
    BE: operands(Op.LE_U),
    A: operands(Op.GT_U),
    L: operands(Op.LT_S),
    GE: operands(Op.GE_S),
    LE: operands(Op.LE_S),
    G: operands(Op.GT_S),
  },
  TEST: { ...ofResult, LE: result(Op.LE_S), G: result(Op.GT_S) },
};

export const fused: Readonly<Record<string, Emit>> = all();

function all(): Record<string, Emit> {
  const found: Record<string, Emit> = {};
  for (const [name, conditions] of Object.entries(CONDITIONS)) {
    for (const width of WIDTHS) {
      // Programs compile few of them.
      if (width.bits === 16) continue;
      for (const [form, load] of Object.entries(TWO_OPERANDS)) {
        if (!isForm(name, form)) continue;
        for (const [condition, isTrue] of Object.entries(conditions)) {
          found[fusedName(`${name} ${named(form, width)}`, `J${condition} j`)] = (c) => {
            load(c, width, false);
            compute(c, width, COMPARING[name]);
            isTrue(c, width);
            c.advance();
            branch(c);
          };
        }
      }
    }
  }
  return found;
}

/** The floating-point helpers that regions call, by name, in the order in which modules import them. */
import { Code } from '../code.ts';
import type { FunctionBody } from '../wasm-module.ts';
import { addHelper } from './add.ts';
import { compareHelper, orderHelper } from './compare.ts';
import { DOUBLE, SINGLE, loadHelper, loadIntegerHelper, storeHelper, storeIntegerHelper } from './conversions.ts';
import { divideHelper } from './divide.ts';
import { multiplyHelper } from './multiply.ts';
import { NARROW_LOCALS, PARAMETERS, WIDE_LOCALS } from './operands.ts';
import { squareRootHelper } from './square-root.ts';

/** All have three parameters, of which some ignore the last or the last two, and give 0 when they decline. */
export const X87_PARAMETERS = PARAMETERS;

//  name          body
const bodies = {
  x87Add: (code: Code) => {
    addHelper(code, false);
  },
  x87Subtract: (code: Code) => {
    addHelper(code, true);
  },
  x87Multiply: multiplyHelper,
  x87Divide: divideHelper,
  x87SquareRoot: squareRootHelper,
  x87Compare: compareHelper,
  x87Order: orderHelper,
  x87LoadSingle: (code: Code) => {
    loadHelper(code, SINGLE);
  },
  x87LoadDouble: (code: Code) => {
    loadHelper(code, DOUBLE);
  },
  x87LoadInt32: (code: Code) => {
    loadIntegerHelper(code, false);
  },
  x87LoadInt64: (code: Code) => {
    loadIntegerHelper(code, true);
  },
  x87StoreSingle: (code: Code) => {
    storeHelper(code, SINGLE);
  },
  x87StoreDouble: (code: Code) => {
    storeHelper(code, DOUBLE);
  },
  x87StoreInt16: (code: Code) => {
    storeIntegerHelper(code, 16);
  },
  x87StoreInt32: (code: Code) => {
    storeIntegerHelper(code, 32);
  },
  x87StoreInt64: (code: Code) => {
    storeIntegerHelper(code, 64);
  },
} as const satisfies Readonly<Record<string, (code: Code) => void>>;

export type X87Helper = keyof typeof bodies;
export const X87_HELPERS = Object.keys(bodies) as readonly X87Helper[];

/** @param type the index of the type of three parameters and one result */
export function x87Functions(type: number): FunctionBody[] {
  return X87_HELPERS.map((name) => {
    const code = new Code();
    bodies[name](code);
    const locals = [
      { count: NARROW_LOCALS, wide: false },
      { count: WIDE_LOCALS, wide: true },
    ];
    return { name, type, locals, code };
  });
}

/**
 * A handler in WebAssembly for each form that is common, by `MNEMONIC forms` as in cpu/fast/index.ts: it does what execute/ does
 * and goes on with the next record by a tail call. Where anything else is due (a page that is not in the fast tables, a
 * device, a fault) it gives its record back.
 *
 * Invariant: same results and flags as execute/; test/unit/threaded compares them.
 */
import { alu } from './alu.ts';
import { bits } from './bits.ts';
import { HEADER, ONWARD, OUT, conditions, header, onward, transfers } from './control.ts';
import { HANDLER_LOCALS, HandlerCode, TYPE_HANDLER, TYPE_WALK, type Emit } from './handler-code.ts';
import { moves } from './moves.ts';
import { shifts } from './shifts.ts';
import { TLB_WALK_LOCALS, tlbWalkHelper } from '../translator/tlb-fill.ts';
import { encodeModule, type FunctionBody } from '../translator/wasm-module.ts';
import { Field } from './records.ts';

const going: Readonly<Record<string, Emit>> = { ...alu, ...shifts, ...bits, ...moves, ...conditions, [HEADER]: header };
const jumping: Readonly<Record<string, Emit>> = { ...transfers, [ONWARD]: onward };

export const handlerNames: readonly string[] = [...Object.keys(going), ...Object.keys(jumping), OUT];

function bodyOf(name: string): HandlerCode {
  const c = new HandlerCode();
  if (name === OUT) c.get(0);
  else if (name in going) {
    going[name](c);
    c.next();
  } else {
    jumping[name](c);
    c.jump();
  }
  return c;
}

/** Exports `h0`, `h1` and so on, in the order of `handlerNames`, and `enter`, which runs from a record on. */
export function encodeHandlers(): Uint8Array<ArrayBuffer> {
  const walk = new HandlerCode();
  tlbWalkHelper(walk);
  const functions: FunctionBody[] = [
    // WALK_FUNCTION
    { name: 'walk', type: TYPE_WALK, locals: [{ count: TLB_WALK_LOCALS, wide: false }], code: walk },
  ];
  for (const [number, name] of handlerNames.entries()) {
    functions.push({ name: `h${number}`, type: TYPE_HANDLER, locals: HANDLER_LOCALS, code: bodyOf(name) });
  }
  const enter = new HandlerCode().get(0).field(Field.HANDLER).callIndirect(TYPE_HANDLER);
  functions.push({ name: 'enter', type: TYPE_HANDLER, locals: [], code: enter });
  const types = [
    { parameters: 1, results: 1 },
    { parameters: 3, results: 1 },
  ];
  return encodeModule({ types, imports: [], functions });
}

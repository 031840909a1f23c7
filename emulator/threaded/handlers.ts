/**
 * A handler in WebAssembly for each form that is common, by `MNEMONIC forms` as in cpu/form-name.ts: it does what execute/ does
 * and goes on with the next record by a tail call. Where anything else is due (a page that is not in the fast tables, a
 * device, a fault) it gives its record back.
 *
 * Invariant: same results and flags as execute/; test/unit/threaded compares them.
 */
import { alu } from './alu.ts';
import { bits } from './bits.ts';
import { fused } from './fused.ts';
import { conditions, header, onward, transfers } from './control.ts';
import { HEADER, ONWARD, OUT } from './handler-names.ts';
import {
  HANDLER_LOCALS,
  HandlerCode,
  TYPE_HANDLER,
  TYPE_THREE,
  TYPE_TWO,
  WALK_FUNCTION,
  type Emit,
} from './handler-code.ts';
import { moves } from './moves.ts';

import { shifts } from './shifts.ts';
import { system, systemTransfers } from './system.ts';
import { x87 } from './x87.ts';
import { SEGMENT_LOAD_LOCALS, segmentLoadHelper } from '../translator/segment-load.ts';
import { TLB_RELOAD_LOCALS, tlbInvalidateHelper, tlbReloadHelper } from '../translator/tlb-forget.ts';
import { TLB_WALK_LOCALS, tlbWalkHelper } from '../translator/tlb-fill.ts';
import { x87Functions } from '../translator/x87/helpers.ts';
import { encodeModule, type FunctionBody } from '../translator/wasm-module.ts';
import { Field } from './records.ts';

const going: Readonly<Record<string, Emit>> = {
  ...alu,
  ...shifts,
  ...bits,
  ...moves,
  ...system,
  ...x87,
  ...conditions,
  [HEADER]: header,
};
const jumping: Readonly<Record<string, Emit>> = { ...transfers, ...systemTransfers, ...fused, [ONWARD]: onward };

export const handlerNames: readonly string[] = [...Object.keys(going), ...Object.keys(jumping), OUT];

function bodyOf(name: string): HandlerCode {
  const c = new HandlerCode();
  if (name === OUT) c.get(0);
  else if (name in going) {
    going[name](c);
    c.next();
  } else jumping[name](c);
  return c;
}

/** Puts the handlers into the table, in the order of `handlerNames`, and exports `enter`, which runs from a record on. */
export function encodeHandlers(): Uint8Array<ArrayBuffer> {
  const code = (write: (code: HandlerCode) => void): HandlerCode => {
    const made = new HandlerCode();
    write(made);
    return made;
  };
  const words = (count: number) => [{ count, wide: false }];
  const functions: FunctionBody[] = [
    // In the order of WALK_FUNCTION and so on.
    { name: 'walk', type: TYPE_THREE, locals: words(TLB_WALK_LOCALS), code: code(tlbWalkHelper) },
    { name: 'segment', type: TYPE_TWO, locals: words(SEGMENT_LOAD_LOCALS), code: code(segmentLoadHelper) },
    { name: 'invalidate', type: TYPE_TWO, locals: [], code: code(tlbInvalidateHelper) },
    {
      name: 'reload',
      type: TYPE_THREE,
      locals: words(TLB_RELOAD_LOCALS),
      code: code((reload) => {
        tlbReloadHelper(reload, WALK_FUNCTION);
      }),
    },
    ...x87Functions(TYPE_THREE),
  ];
  const enter = new HandlerCode().get(0).field(Field.HANDLER).callIndirect(TYPE_HANDLER);
  functions.push({ name: 'enter', type: TYPE_HANDLER, locals: [], code: enter });
  for (const name of handlerNames) {
    functions.push({ name, type: TYPE_HANDLER, locals: HANDLER_LOCALS, code: bodyOf(name) });
  }
  const types = [
    { parameters: 1, results: 1 },
    { parameters: 3, results: 1 },
    { parameters: 2, results: 1 },
  ];
  return encodeModule({ types, imports: [], functions, tabled: handlerNames.length });
}

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
const numbers = new Map(handlerNames.map((name, number) => [name, number]));

/** Index in the table. */
export function handlerNumber(name: string): number | undefined {
  return numbers.get(name);
}

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

/** By pages of memory: most machines of a process have as many. */
const modules = new Map<number, WebAssembly.Module>();

function moduleFor(memoryPages: number): WebAssembly.Module {
  let module = modules.get(memoryPages);
  if (module === undefined) {
    const enter = new HandlerCode().get(0).field(Field.HANDLER).callIndirect(TYPE_HANDLER);
    const walk = new HandlerCode();
    tlbWalkHelper(walk);
    const functions: FunctionBody[] = [
      // WALK_FUNCTION
      { name: 'walk', type: TYPE_WALK, locals: [{ count: TLB_WALK_LOCALS, wide: false }], code: walk },
    ];
    for (const [number, name] of handlerNames.entries()) {
      const code = bodyOf(name);
      functions.push({ name: `h${number}`, type: TYPE_HANDLER, locals: HANDLER_LOCALS, code });
    }
    functions.push({ name: 'enter', type: TYPE_HANDLER, locals: [], code: enter });
    const types = [
      { parameters: 1, results: 1 },
      { parameters: 3, results: 1 },
    ];
    module = new WebAssembly.Module(encodeModule({ types, imports: [], memoryPages, functions }));
    modules.set(memoryPages, module);
  }
  return module;
}

/** @returns runs from a record on; the record to go on with, or 0 */
export function compileHandlers(memory: WebAssembly.Memory): (record: number) => number {
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: handlerNames.length });
  const module = moduleFor(memory.buffer.byteLength / 0x1_0000);
  const { exports } = new WebAssembly.Instance(module, { env: { memory, table } });
  handlerNames.forEach((_, number) => table.set(number, exports[`h${number}`] as () => number));
  return exports.enter as (record: number) => number;
}

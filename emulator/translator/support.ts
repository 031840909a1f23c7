/**
 * What all translated code shares: the function table, the way in from JavaScript, and the flags helper.
 * With tail calls (WebAssembly 3.0, "return_call_indirect") registers travel from region to region as parameters.
 * Without them each region gives its successor's index back to the trampoline in `enter`, registers through memory.
 */
import { Code, Op } from './code.ts';
import { carriesHelper } from './lazy-flags.ts';
import { LEFT_SLOT, PARAMETERS } from './locals.ts';
import { TYPE_HELPER, TYPE_REGION, TYPE_SEGMENT_LOAD, TYPE_X87 } from './region-code.ts';
import { SEGMENT_LOAD_LOCALS, SEGMENT_LOAD_PARAMETERS, segmentLoadHelper } from './segment-load.ts';
import { X87_HELPERS, X87_PARAMETERS, x87Functions } from './x87/helpers.ts';
import { encodeModule, type FunctionBody, type FunctionType } from './wasm-module.ts';

const TYPE_ENTER = 2;
const TABLE_INITIAL = 0x400;

/** The helpers of regions; emitter.ts has their indices. */
const IMPORTS = [
  { name: 'carries', type: TYPE_HELPER },
  { name: 'loadSegment', type: TYPE_SEGMENT_LOAD },
  ...X87_HELPERS.map((name) => ({ name, type: TYPE_X87 })),
];

export interface TranslatedFunction {
  readonly name: string;
  readonly code: Code;
  /** 32-bit locals beside the parameters. */
  readonly locals: number;
}

/** () → () whose body is a tail call to itself. */
// prettier-ignore
const TAIL_CALL_PROBE = Uint8Array.of(
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 6, 1, 4, 0, 0x12, 0, 0x0b,
);

export function hasTailCalls(): boolean {
  return WebAssembly.validate(TAIL_CALL_PROBE);
}

/**
 * One function table and all that was ever compiled for it. V8 keeps every instance that imports a table for as long as
 * the table is there, and tells each of them of every change: so a full one is given up as a whole.
 */
export class Support {
  readonly tailCalls: boolean;
  readonly #memory: WebAssembly.Memory;
  readonly #table = new WebAssembly.Table({ element: 'anyfunc', initial: TABLE_INITIAL });
  readonly #types: readonly FunctionType[];
  /** What regions import, by name. */
  #helpers: Readonly<Record<string, unknown>> = {};
  /** Runs from function `index` of the table on, for `left` instructions at most. */
  readonly enter: (index: number, left: number) => void;
  /** Indices below this are, or were, in use. 0 is no function's. */
  #tableEnd = 1;
  readonly #free: number[] = [];
  /** Bytes of the modules made so far, and how many there are. */
  bytes = 0;
  modules = 0;

  constructor(memory: WebAssembly.Memory, tailCalls: boolean) {
    this.tailCalls = tailCalls;
    this.#memory = memory;
    this.#types = [
      tailCalls ? { parameters: PARAMETERS, results: 0 } : { parameters: 0, results: 1 },
      { parameters: 4, results: 1 },
      { parameters: 2, results: 0 },
      { parameters: SEGMENT_LOAD_PARAMETERS, results: 1 },
      { parameters: X87_PARAMETERS, results: 1 },
    ];
    const helper = new Code();
    carriesHelper(helper);
    const segments = new Code();
    segmentLoadHelper(segments);
    const exports = this.#instantiate(
      [],
      [
        { name: 'carries', type: TYPE_HELPER, locals: [], code: helper },
        {
          name: 'loadSegment',
          type: TYPE_SEGMENT_LOAD,
          locals: [{ count: SEGMENT_LOAD_LOCALS, wide: false }],
          code: segments,
        },
        ...x87Functions(TYPE_X87),
        { name: 'enter', type: TYPE_ENTER, locals: [], code: tailCalls ? enterOnce() : trampoline() },
      ],
    );
    this.#helpers = exports;
    this.enter = exports.enter as (index: number, left: number) => void;
  }

  /** Compiles functions of type region as one module. @returns their indices in the table */
  compile(functions: readonly TranslatedFunction[]): readonly number[] {
    const bodies = functions.map(({ name, code, locals }): FunctionBody => ({
      name,
      type: TYPE_REGION,
      locals: [
        // What is not a parameter is a local of the same number.
        ...(this.tailCalls ? [] : [{ count: PARAMETERS, wide: false }]),
        { count: 1, wide: true },
        { count: locals, wide: false },
      ],
      code,
    }));
    const exports = this.#instantiate(IMPORTS, bodies);
    return functions.map(({ name }) => {
      const index = this.#free.pop() ?? this.#tableEnd++;
      if (index >= this.#table.length) this.#table.grow(this.#table.length);
      this.#table.set(index, exports[name]);
      return index;
    });
  }

  release(index: number): void {
    this.#table.set(index, null);
    this.#free.push(index);
  }

  #instantiate(
    imports: readonly { readonly name: string; readonly type: number }[],
    functions: readonly FunctionBody[],
  ): Readonly<Record<string, unknown>> {
    const memoryPages = this.#memory.buffer.byteLength / 0x1_0000;
    const bytes = encodeModule({ types: this.#types, imports, memoryPages, functions });
    this.bytes += bytes.length;
    this.modules++;
    const module = new WebAssembly.Module(bytes);
    const env = { memory: this.#memory, table: this.#table, ...this.#helpers };
    return new WebAssembly.Instance(module, { env }).exports;
  }
}

function enterOnce(): Code {
  const code = new Code();
  for (let register = 0; register < PARAMETERS - 1; register++) code.i32(0).access(Op.LOAD, register * 4);
  return code.get(1).get(0).callIndirect(TYPE_REGION);
}

function trampoline(): Code {
  const code = new Code();
  code
    .i32(0)
    .get(1)
    .access(Op.STORE, LEFT_SLOT * 4);
  code.loop();
  code.get(0).callIndirect(TYPE_REGION).tee(0).brIf(0);
  return code.end();
}

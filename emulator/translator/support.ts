/**
 * What all translated code shares: the function table, the way in from JavaScript, and the flags helper.
 * With tail calls (WebAssembly 3.0, "return_call_indirect") registers travel from region to region as parameters.
 * Without them each region gives its successor's index back to the trampoline in `enter`, registers through memory.
 */
import { EIP } from '../cpu/registers.ts';
import { Code, Op } from './code.ts';
import { TLB_FILL_HELPER, TLB_WALK_HELPER } from './emitter.ts';
import { carriesHelper } from './lazy-flags.ts';
import { LEFT_SLOT, MISS_ACCESS, MISS_ADDRESS, MISS_CELL, PARAMETERS } from './locals.ts';
import { TYPE_HELPER, TYPE_REGION, TYPE_SEGMENT_LOAD, TYPE_X87 } from './region-code.ts';
import { SEGMENT_LOAD_LOCALS, SEGMENT_LOAD_PARAMETERS, segmentLoadHelper } from './segment-load.ts';
import { TLB_FILL_LOCALS, TLB_WALK_LOCALS, tlbFillHelper, tlbWalkHelper } from './tlb-fill.ts';
import { TLB_RELOAD_LOCALS, tlbInvalidateHelper, tlbReloadHelper } from './tlb-forget.ts';
import { X87_HELPERS, X87_PARAMETERS, x87Functions } from './x87/helpers.ts';
import { encodeModule, type FunctionBody, type FunctionType } from './wasm-module.ts';

const TYPE_ENTER = 2;
const TABLE_INITIAL = 0x400;

/** The helpers of regions; emitter.ts has their indices. */
const IMPORTS = [
  { name: 'carries', type: TYPE_HELPER },
  { name: 'loadSegment', type: TYPE_SEGMENT_LOAD },
  { name: 'tlbWalk', type: TYPE_X87 },
  { name: 'tlbFill', type: TYPE_HELPER },
  { name: 'tlbInvalidate', type: TYPE_SEGMENT_LOAD },
  { name: 'tlbReload', type: TYPE_X87 },
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
    const walk = new Code();
    tlbWalkHelper(walk);
    const fill = new Code();
    tlbFillHelper(fill, TLB_WALK_HELPER);
    const invalidate = new Code();
    tlbInvalidateHelper(invalidate);
    const reload = new Code();
    tlbReloadHelper(reload, TLB_WALK_HELPER);
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
        { name: 'tlbWalk', type: TYPE_X87, locals: [{ count: TLB_WALK_LOCALS, wide: false }], code: walk },
        { name: 'tlbFill', type: TYPE_HELPER, locals: [{ count: TLB_FILL_LOCALS, wide: false }], code: fill },
        { name: 'tlbInvalidate', type: TYPE_SEGMENT_LOAD, locals: [], code: invalidate },
        { name: 'tlbReload', type: TYPE_X87, locals: [{ count: TLB_RELOAD_LOCALS, wide: false }], code: reload },
        ...x87Functions(TYPE_X87),
        { name: 'enter', type: TYPE_ENTER, locals: [], code: enter(tailCalls) },
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

/**
 * enter(index, left): runs regions until one is left for another reason than a page that tlbFill finds. Without tail calls
 * each of them also gives its successor back.
 */
function enter(tailCalls: boolean): Code {
  const INDEX = 0;
  const LEFT = 1;
  const code = new Code();
  const slot = (index: number): Code => code.i32(0).access(Op.LOAD, index * 4);
  code
    .i32(0)
    .get(LEFT)
    .access(Op.STORE, LEFT_SLOT * 4);
  code.loop();
  if (tailCalls) {
    for (let register = 0; register < PARAMETERS - 1; register++) slot(register);
    slot(LEFT_SLOT).get(INDEX).callIndirect(TYPE_REGION);
  } else code.get(INDEX).callIndirect(TYPE_REGION).tee(INDEX).brIf(0);
  slot(MISS_ACCESS).op(Op.EQZ).if().op(Op.RETURN).end();
  slot(MISS_ADDRESS);
  slot(MISS_ACCESS);
  slot(EIP);
  slot(MISS_CELL).call(TLB_FILL_HELPER).set(INDEX);
  code
    .i32(0)
    .i32(0)
    .access(Op.STORE, MISS_ACCESS * 4);
  code.get(INDEX).brIf(0);
  return code.end();
}

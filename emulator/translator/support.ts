/** The function table of translated code, what all of it shares, and the compilation of more. */
import type { Code } from './code.ts';
import { PARAMETERS } from './locals.ts';
import { TYPE_HELPER, TYPE_REGION, TYPE_SEGMENT_LOAD, TYPE_X87 } from './region-code.ts';
import { functionTypes } from './support-functions.ts';
import { supportWithTailCalls, supportWithTrampoline } from './support-module.ts';
import { X87_HELPERS } from './x87/helpers.ts';
import { encodeModule, type FunctionBody, type FunctionType } from './wasm-module.ts';

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

/** The support as it was compiled first: with a trampoline, and with tail calls. */
const modules: WebAssembly.Module[] = [];

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
    this.#types = functionTypes(tailCalls);
    const module = (modules[tailCalls ? 1 : 0] ??= new WebAssembly.Module(
      tailCalls ? supportWithTailCalls : supportWithTrampoline,
    ));
    const { exports } = new WebAssembly.Instance(module, { env: { memory, table: this.#table } });
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
    const bytes = encodeModule({ types: this.#types, imports: IMPORTS, functions: bodies });
    this.bytes += bytes.length;
    this.modules++;
    const env = { memory: this.#memory, table: this.#table, ...this.#helpers };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
    return functions.map(({ name }) => {
      const index = this.#free.pop() ?? this.#tableEnd++;
      if (index >= this.#table.length) this.#table.grow(this.#table.length);
      this.#table.set(index, exports[name] as () => void);
      return index;
    });
  }

  release(index: number): void {
    this.#table.set(index, null);
    this.#free.push(index);
  }
}

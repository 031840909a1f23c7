/**
 * Modules from function bodies. WebAssembly Core Specification, "Binary Format": "Modules".
 *
 * Invariant: imported functions come first in the index space, in the order given.
 */
import { Op, pushUnsigned, type Code } from './code.ts';

const VALUE_I32 = 0x7f;
const VALUE_I64 = 0x7e;
const FUNCTION_REFERENCE = 0x70;
const KIND_FUNCTION = 0;
const KIND_TABLE = 1;
const KIND_MEMORY = 2;

export interface FunctionType {
  readonly parameters: number;
  readonly results: number;
}

export interface FunctionBody {
  readonly name: string;
  readonly type: number;
  /** Locals beside the parameters, by groups in order. */
  readonly locals: readonly { readonly count: number; readonly wide: boolean }[];
  readonly code: Code;
}

export interface ModuleParts {
  readonly types: readonly FunctionType[];
  /** Functions of module `env`, by name and type. */
  readonly imports: readonly { readonly name: string; readonly type: number }[];
  /** Exported by name, but for those that the module puts into the table itself. */
  readonly functions: readonly FunctionBody[];
  /** How many of the last functions stand in the table from 0 on. */
  readonly tabled?: number;
}

/** Bytes behind each other; those of a section or body are written first and then put behind their length. */
class Writer {
  #bytes = new Uint8Array(0x400);
  length = 0;

  put(...bytes: readonly number[]): this {
    return this.putAll(bytes);
  }

  putAll(bytes: ArrayLike<number>): this {
    const end = this.length + bytes.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(end * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.length);
    this.length = end;
    return this;
  }

  unsigned(...values: readonly number[]): this {
    for (const value of values) {
      const bytes: number[] = [];
      pushUnsigned(bytes, value);
      this.putAll(bytes);
    }
    return this;
  }

  text(value: string): this {
    this.unsigned(value.length);
    return this.putAll(Array.from(value, (character) => character.charCodeAt(0)));
  }

  sized(write: (inner: Writer) => void): this {
    const inner = new Writer();
    write(inner);
    return this.unsigned(inner.length).putAll(inner.bytes);
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }
}

function writeVector<T>(writer: Writer, items: readonly T[], write: (item: T, index: number) => void): void {
  writer.unsigned(items.length);
  items.forEach(write);
}

/** The memory is `env.memory`, of any size; the table is `env.table`. */
export function encodeModule({ types, imports, functions, tabled = 0 }: ModuleParts): Uint8Array<ArrayBuffer> {
  const module = new Writer().put(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const section = (id: number, write: (inner: Writer) => void): Writer => module.put(id).sized(write);
  const values = (w: Writer, count: number): Writer => w.unsigned(count).putAll(new Uint8Array(count).fill(VALUE_I32));
  section(1, (w) => {
    writeVector(w, types, ({ parameters, results }) => values(values(w.put(0x60), parameters), results));
  });
  section(2, (w) => {
    w.unsigned(2 + imports.length);
    w.text('env').text('memory').put(KIND_MEMORY, 0, 0);
    w.text('env').text('table').put(KIND_TABLE, FUNCTION_REFERENCE, 0, 0);
    for (const { name, type } of imports) w.text('env').text(name).put(KIND_FUNCTION).unsigned(type);
  });
  section(3, (w) => {
    writeVector(w, functions, ({ type }) => w.unsigned(type));
  });
  section(7, (w) => {
    writeVector(w, functions.slice(0, functions.length - tabled), ({ name }, index) =>
      w
        .text(name)
        .put(KIND_FUNCTION)
        .unsigned(imports.length + index),
    );
  });
  if (tabled > 0) {
    const first = imports.length + functions.length - tabled;
    section(9, (w) => {
      // One active segment, of table 0, at 0.
      w.put(1, 0, Op.I32_CONST, 0, Op.END);
      writeVector(w, functions.slice(-tabled), (_, index) => w.unsigned(first + index));
    });
  }
  section(10, (w) => {
    writeVector(w, functions, ({ locals, code }) =>
      w.sized((body) => {
        writeVector(body, locals, ({ count, wide }) => body.unsigned(count).put(wide ? VALUE_I64 : VALUE_I32));
        body.putAll(code.bytes).put(Op.END);
      }),
    );
  });
  return module.bytes;
}

/**
 * Modules from function bodies. WebAssembly Core Specification, "Binary Format": "Modules".
 *
 * Invariant: imported functions come first in the index space, in the order given.
 */
import { Op, pushUnsigned, type Code } from './code.ts';

const VALUE_I32 = 0x7f;
const VALUE_I64 = 0x7e;
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
  readonly memoryPages: number;
  /** All are exported by name. */
  readonly functions: readonly FunctionBody[];
}

function vector(items: readonly (readonly number[])[]): number[] {
  const bytes: number[] = [];
  pushUnsigned(bytes, items.length);
  for (const item of items) for (const byte of item) bytes.push(byte);
  return bytes;
}

function withSize(bytes: readonly number[]): number[] {
  const sized: number[] = [];
  pushUnsigned(sized, bytes.length);
  for (const byte of bytes) sized.push(byte);
  return sized;
}

function unsigned(...values: readonly number[]): number[] {
  const bytes: number[] = [];
  for (const value of values) pushUnsigned(bytes, value);
  return bytes;
}

function text(value: string): number[] {
  return withSize(Array.from(value, (character) => character.charCodeAt(0)));
}

function bodyOf({ locals, code }: FunctionBody): number[] {
  const declared = vector(locals.map(({ count, wide }) => [...unsigned(count), wide ? VALUE_I64 : VALUE_I32]));
  return withSize([...declared, ...code.bytes, Op.END]);
}

/** The memory is `env.memory`, with as many pages at most as it has; the table is `env.table`. */
export function encodeModule({ types, imports, memoryPages, functions }: ModuleParts): Uint8Array<ArrayBuffer> {
  const environment = text('env');
  const section = (id: number, content: readonly number[]): number[] => [id, ...withSize(content)];
  const typeSection = types.map(({ parameters, results }) => [
    0x60,
    ...vector(Array.from({ length: parameters }, () => [VALUE_I32])),
    ...vector(Array.from({ length: results }, () => [VALUE_I32])),
  ]);
  const importSection = [
    [...environment, ...text('memory'), KIND_MEMORY, 1, ...unsigned(memoryPages, memoryPages)],
    [...environment, ...text('table'), KIND_TABLE, 0x70, 0, 0],
    ...imports.map(({ name, type }) => [...environment, ...text(name), KIND_FUNCTION, ...unsigned(type)]),
  ];
  const exportSection = functions.map(({ name }, index) => [
    ...text(name),
    KIND_FUNCTION,
    ...unsigned(imports.length + index),
  ]);
  const pieces = [
    [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, vector(typeSection)),
    section(2, vector(importSection)),
    section(3, vector(functions.map(({ type }) => unsigned(type)))),
    section(7, vector(exportSection)),
    section(10, vector(functions.map(bodyOf))),
  ];
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

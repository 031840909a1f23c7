/** The handlers of a machine: compiled once in a process, with a table of their own for each memory. */
import { handlerNames, handlersModule } from './handlers-module.ts';

const numbers = new Map(handlerNames.map((name, number) => [name, number]));
let module: WebAssembly.Module | undefined;

/** Index in the table. */
export function handlerNumber(name: string): number | undefined {
  return numbers.get(name);
}

/** @returns runs from a record on; the record to go on with, or 0 */
export function instantiateHandlers(memory: WebAssembly.Memory): (record: number) => number {
  module ??= new WebAssembly.Module(handlersModule);
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: handlerNames.length });
  const { exports } = new WebAssembly.Instance(module, { env: { memory, table } });
  return exports.enter as (record: number) => number;
}

/** Frames for the inspection tests: the stops gdb recorded, with writable memory, and the statics of an ELF at rest. */
import {
  frameScope,
  evaluateExpression,
  renderValue,
  valueOfVariable,
} from '../../../debug-adapter/inspection/index.ts';
import type { InspectionContext, NameScope, Value } from '../../../debug-adapter/inspection/index.ts';
import type { DebugInfo } from '../../../debug-adapter/debug-info/index.ts';
import { callerOf, debugInfo, frameOf, recordedStops } from '../debug-info/kit.ts';

export interface Stage {
  readonly info: DebugInfo;
  readonly context: InspectionContext;
  readonly scope: NameScope;
  readonly written: ReadonlyMap<number, number>;
}

/** A recorded stop; `caller` counts physical frames up from the innermost. Writes go to a copy. */
export function stage(name: string, stopName: string, caller = 0): Stage {
  const info = debugInfo(name);
  const stop = recordedStops(name).find((candidate) => candidate.name === stopName);
  if (stop === undefined) throw new Error(`no stop ${stopName} in ${name}`);
  let frame = frameOf(stop, info.elf);
  for (let index = 0; index < caller; index++) frame = callerOf(info, frame)!;
  const written = new Map<number, number>();
  const registers = new Map<number, number>();
  const context: InspectionContext = {
    pc: frame.pc,
    register: (number) => registers.get(number) ?? frame.register(number),
    readMemory(address, sizeBytes) {
      const bytes = frame.readMemory(address, sizeBytes)?.slice();
      bytes?.forEach((_, index) => {
        const changed = written.get(address + index);
        if (changed !== undefined) bytes[index] = changed;
      });
      return bytes;
    },
    writeMemory(address, bytes) {
      if (frame.readMemory(address, bytes.length) === undefined) return false;
      bytes.forEach((byte, index) => written.set(address + index, byte));
      return true;
    },
    setRegister(number, value) {
      registers.set(number, value);
      return true;
    },
    symbolAt(address) {
      const symbol = info.elf.symbolAt(address);
      if (symbol === undefined) return undefined;
      return address === symbol.address ? symbol.demangled : `${symbol.demangled}+${address - symbol.address}`;
    },
    concreteTypeOfVtable: (address) => info.vtableTypeAt(address),
    namedRegister: (register) => (register === 'cr3' ? 0x1000 : undefined),
  };
  return {
    info,
    context,
    scope: frameScope(info, frame.pc, { isRegister: (register) => register === 'cr3' }),
    written,
  };
}

export function variable({ info, context }: Stage, name: string): Value {
  const inline = info.inlineFramesAt(context.pc)[0]!;
  const found =
    inline.variablesAt(context.pc).find((candidate) => candidate.name === name) ?? info.staticsNamed(name)[0];
  if (found === undefined) throw new Error(`no variable ${name}`);
  return valueOfVariable(found, context);
}

export function text(at: Stage, name: string): string {
  return renderValue(variable(at, name)).text;
}

/** An expression that has to have a value. */
export function valueOf(at: Stage, expression: string): Value {
  const value = evaluateExpression(expression, at.scope, at.context);
  if (!value.ok) throw new Error(`${expression}: ${value.failure.cause}`);
  return value.value;
}

/** The text of an expression's value, or `! id` where it fails. */
export function evaluate(at: Stage, expression: string, allowAssignment = false): string {
  const value = evaluateExpression(expression, at.scope, at.context, { allowAssignment });
  return value.ok ? renderValue(value.value).text : `! ${value.failure.id}`;
}

/**
 * Registers in expressions: `$eax`, its parts (`$al`), and those that only the context knows (`$cr3`).
 * gdb manual, "Registers", for the names; SDM Vol. 1, "General-Purpose Registers", for the parts.
 */
import { builtinType, i386Registers, registerNumber } from '../debug-info/index.ts';
import type { NameScope, Value } from './api.ts';
import { EvaluationError } from './evaluation-error.ts';
import { numberNode, typeOfNumeric, type Get, type Node } from './nodes.ts';

//                               name   register  bits from  bits
const partRegisters: ReadonlyMap<string, readonly [number, number, number]> = new Map<
  string,
  readonly [number, number, number]
>([
  ...['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di', 'ip'].map((name, number) => [name, [number, 0, 16]] as const),
  ...['al', 'cl', 'dl', 'bl'].map((name, number) => [name, [number, 0, 8]] as const),
  ...['ah', 'ch', 'dh', 'bh'].map((name, number) => [name, [number, 8, 8]] as const),
]);
//                             gdb's names for them
const registerAliases: Readonly<Record<string, string>> = { pc: 'eip', sp: 'esp', fp: 'ebp' };

/** @throws EvaluationError for a name that is no register */
export function registerNode(name: string, scope: NameScope): Node {
  const full = registerAliases[name] ?? name;
  const type = builtinType(scope.language === 'c' ? 'unsigned int' : 'u32', scope.language)!;
  const number = registerNumber(full);
  if (number !== undefined) {
    const read = readRegister(full, number);
    const value: Get<Value> = (context) => ({
      type,
      place: { kind: 'location', location: { pieces: [{ kind: 'register', register: number }] }, offset: 0 },
      context,
    });
    return { ...numberNode(type, read), value };
  }
  const part = partRegisters.get(full);
  if (part !== undefined) {
    const [whole, from, bits] = part;
    const read = readRegister(i386Registers[whole]!, whole);
    const small = typeOfNumeric({ kind: 'integer', bits, signed: false }, scope.language);
    const mask = 2 ** bits - 1;
    return {
      ...numberNode(small, (context) => (read(context) >>> from) & mask),
      assign: (context, value) => {
        const merged = (read(context) & ~(mask << from)) | ((value & mask) << from);
        if (context.setRegister?.(whole, merged >>> 0) !== true)
          throw readOnly(`$${name} cannot be changed in this frame`);
      },
    };
  }
  if (scope.isRegister?.(full) !== true) {
    throw new EvaluationError(
      'register-unknown',
      `There is no register $${name}.`,
      `Registers are $${i386Registers.join(', $')}, their parts such as $al, and $cr3 and the like.`,
    );
  }
  const node = numberNode(type, (context) => {
    const value = context.namedRegister?.(full);
    if (value === undefined)
      throw new EvaluationError(
        'register-lost',
        `$${name} is not known in this frame.`,
        'Look at it in the innermost frame.',
      );
    return value >>> 0;
  });
  return {
    ...node,
    assign: (context, value) => {
      if (context.setNamedRegister?.(full, value >>> 0) !== true)
        throw readOnly(`$${name} cannot be changed in this frame`);
    },
  };
}

export function readRegister(name: string, number: number): Get<number> {
  return (context) => {
    const value = context.register(number);
    if (value === undefined)
      throw new EvaluationError(
        'register-lost',
        `$${name} was not saved by the functions this frame called.`,
        'Look at it in the innermost frame.',
      );
    return value >>> 0;
  };
}

export function readOnly(cause: string): EvaluationError {
  return new EvaluationError('not-writable', `${cause}.`, 'Change the memory or the register it came from.');
}

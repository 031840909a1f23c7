/**
 * Registers in expressions: `$eax`, its parts (`$al`), and those that only the context knows (`$cr3`).
 * gdb manual, "Registers", for the names; SDM Vol. 1, "General-Purpose Registers", for the parts.
 */
import { builtinType, i386Registers, registerNumber } from '../debug-info/index.ts';
import type { BaseType, Encoding } from '../debug-info/index.ts';
import type { NameScope, Value } from './api.ts';
import { EvaluationError } from './evaluation-error.ts';
import { numberNode, typeOfNumeric, valueNode, type Get, type Node } from './nodes.ts';

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

//                    names of their types in C and Rust, bytes, encoding
const wideRegisters = new Map<string, readonly [string, string, number, Encoding]>(
  Array.from({ length: 8 }, (_, n) => n).flatMap((n) => [
    [`st${n}`, ['long double', 'f80', 10, 'float']],
    [`mm${n}`, ['unsigned long long', 'u64', 8, 'unsigned']],
    [`xmm${n}`, ['unsigned __int128', 'u128', 16, 'unsigned']],
  ]),
);

/** The register that a name means or is a part of: `eax` of `$al`, `eip` of `$pc`. */
export function registerBehind(name: string): { readonly whole: string; readonly isPart: boolean } {
  const full = registerAliases[name] ?? name;
  const part = partRegisters.get(full);
  return part === undefined ? { whole: full, isPart: false } : { whole: i386Registers[part[0]]!, isPart: true };
}

/** The type of a register that is wider than a number; undefined for another name. */
export function wideRegisterType(name: string, language: 'c' | 'rust'): BaseType | undefined {
  const row = wideRegisters.get(name);
  if (row === undefined) return undefined;
  const [c, rust, sizeBytes, encoding] = row;
  return { kind: 'base', id: 0, name: language === 'c' ? c : rust, sizeBytes, language, encoding };
}

function wideNode(name: string, language: 'c' | 'rust'): Node | undefined {
  const type = wideRegisterType(name, language);
  if (type === undefined) return undefined;
  return {
    ...valueNode(type, (context) => {
      const bytes = context.wideRegister?.(name);
      if (bytes !== undefined) return { type, place: { kind: 'bytes', bytes }, context };
      throw new EvaluationError(
        'register-lost',
        `$${name} is not known here, or the processor has no such register.`,
        name.startsWith('xmm')
          ? 'Set "simd" in launch.json for SSE, and look at it in a frame of the thread that runs.'
          : 'Look at it in a frame of the thread that runs.',
      );
    }),
    assignBytes: (context, bytes) => {
      if (context.setWideRegister?.(name, bytes) !== true) throw readOnly(`$${name} cannot be changed in this frame`);
    },
  };
}

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
  const wide = wideNode(full, scope.language);
  if (wide !== undefined) return wide;
  if (scope.factNamed?.(full) === 'of-address') {
    throw new EvaluationError(
      'register-unknown',
      `$${full} takes an address.`,
      `Write it in parentheses: $${full}(0x00800000), $${full}(&x).`,
    );
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

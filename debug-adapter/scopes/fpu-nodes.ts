/**
 * FPU and SIMD registers as variables: the stack as numbers, MMX and XMM registers in hexadecimal.
 * SDM Vol. 1, "x87 FPU Data Registers", "Floating-Point Format".
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { builtinType } from '../debug-info/index.ts';
import { textToBytes, wideRegisterType } from '../inspection/index.ts';
import { failure, success, type Result } from '../result.ts';
import { FPU_STACK, FPU_WORDS, MMX_REGISTERS, XMM_REGISTERS, type FpuRegisterName } from '../target/registers.ts';
import type { VariableStore } from './variable-store.ts';

export interface FpuAccess {
  readFpu(name: FpuRegisterName): Uint8Array | undefined;
  writeFpu(name: FpuRegisterName, bytes: Uint8Array): boolean;
}

//  group  registers
const GROUPS = [
  ['FPU', [...FPU_STACK, ...FPU_WORDS]],
  ['MMX', MMX_REGISTERS],
  ['XMM', XMM_REGISTERS],
] as const satisfies readonly (readonly [string, readonly FpuRegisterName[]])[];

/** The groups whose registers can be read in this frame. */
export function fpuGroups(store: VariableStore, access: FpuAccess): Dap.Variable[] {
  return GROUPS.filter(([, names]) => access.readFpu(names[0]) !== undefined).map(([name, names]) => ({
    name,
    value: '',
    variablesReference: store.add({
      children: () => names.map((register) => show(access, register)),
      set: (child, text) => set(access, names, child, text),
    }),
  }));
}

function set(access: FpuAccess, names: readonly FpuRegisterName[], child: string, text: string): Result<Dap.Variable> {
  const name = names.find((register) => register === child);
  if (name === undefined)
    return failure('no-such-register', {
      cause: `There is no register "${child}".`,
      remedy: 'Pick one from the list.',
    });
  const bytes = textToBytes(text, wideRegisterType(name, 'rust') ?? builtinType('u32', 'rust')!);
  if (!bytes.ok) return bytes;
  if (!access.writeFpu(name, bytes.value))
    return failure('register-write', {
      cause: `${name} cannot be set to ${text} here.`,
      remedy: 'Only the innermost frame of the running environment has registers that can be written.',
    });
  return success(show(access, name));
}

function show(access: FpuAccess, name: FpuRegisterName): Dap.Variable {
  const bytes = access.readFpu(name) ?? new Uint8Array(0);
  const hex = `0x${[...bytes]
    .reverse()
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')}`;
  const evaluateName = wideRegisterType(name, 'rust') === undefined ? undefined : `$${name}`;
  const shown = { name, ...(evaluateName === undefined ? {} : { evaluateName }), variablesReference: 0 };
  if (!name.startsWith('st')) return { ...shown, value: hex };
  const value = isEmpty(access, Number(name[2])) ? 'empty' : extendedText(bytes);
  return { ...shown, value: `${value}  ${hex}` };
}

/** The tag word counts physical registers, ST(i) from TOP on. */
function isEmpty(access: FpuAccess, i: number): boolean {
  const word = (name: FpuRegisterName): number => {
    const [low = 0, high = 0] = access.readFpu(name) ?? [];
    return low | (high << 8);
  };
  const physical = (((word('fstat') >> 11) & 7) + i) & 7;
  return ((word('ftag') >> (physical * 2)) & 3) === 3;
}

const BIAS = 0x3fff;
const EXPONENT_MAX = 0x7fff;

/** Ten bytes as a decimal number, rounded to double; beyond a double's range as `mantissa*2^exponent`. */
export function extendedText(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const significand = view.getBigUint64(0, true);
  const signExponent = view.getUint16(8, true);
  const sign = (signExponent & 0x8000) !== 0 ? '-' : '';
  const exponent = signExponent & EXPONENT_MAX;
  const integerBit = significand >= 1n << 63n;
  if (significand === 0n && exponent === 0) return `${sign}0`;
  if (exponent !== 0 && !integerBit) return 'unsupported';
  if (exponent === EXPONENT_MAX) {
    if (significand === 1n << 63n) return `${sign}inf`;
    return (significand & (1n << 62n)) === 0n ? `${sign}nan (signaling)` : `${sign}nan`;
  }
  const scale = Math.max(exponent, 1) - BIAS;
  const mantissa = Number(significand) / 2 ** 63;
  if (scale > 1000 || scale < -1000) return `${sign}${mantissa}*2^${scale}`;
  return `${sign}${mantissa * 2 ** scale}`;
}

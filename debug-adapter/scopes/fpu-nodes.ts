/**
 * FPU and SIMD registers as variables: the stack as numbers, MMX and XMM registers in hexadecimal. Not written from here.
 * SDM Vol. 1, "x87 FPU Data Registers", "Floating-Point Format".
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { FPU_STACK, FPU_WORDS, MMX_REGISTERS, XMM_REGISTERS, type FpuRegisterName } from '../target/registers.ts';
import type { VariableStore } from './variable-store.ts';

export interface FpuAccess {
  readFpu(name: FpuRegisterName): Uint8Array | undefined;
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
    variablesReference: store.add({ children: () => names.map((register) => show(access, register)) }),
  }));
}

function show(access: FpuAccess, name: FpuRegisterName): Dap.Variable {
  const bytes = access.readFpu(name) ?? new Uint8Array(0);
  const hex = `0x${[...bytes]
    .reverse()
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')}`;
  if (!name.startsWith('st')) return { name, value: hex, variablesReference: 0 };
  const value = isEmpty(access, Number(name[2])) ? 'empty' : extendedText(bytes);
  return { name, value: `${value}  ${hex}`, variablesReference: 0 };
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

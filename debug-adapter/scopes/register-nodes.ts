/** Registers as variables: general with EFLAGS by name, segment, control; the FPU's are in fpu-nodes.ts. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import type { RegisterOwner } from '../breakpoints/register-breakpoints.ts';
import { failure, success, type Result } from '../result.ts';
import {
  CONTROL_REGISTERS,
  GENERAL_REGISTERS,
  REGISTER_FIELDS,
  SEGMENT_REGISTERS,
  describeFields,
  type FpuRegisterName,
  type RegisterName,
} from '../target/registers.ts';
import { fpuGroups } from './fpu-nodes.ts';
import type { VariablesNode, VariableStore } from './variable-store.ts';

/** Reads and writes registers of one frame. */
export interface RegisterAccess {
  /** undefined where the frame does not know it any more */
  read(name: RegisterName): number | undefined;
  /** undefined where the frame does not know it, or the processor has no such unit */
  readFpu(name: FpuRegisterName): Uint8Array | undefined;
  /** false where the register cannot be written here */
  write(name: RegisterName, value: number): boolean;
  /** @param bytes as many as the register has */
  writeFpu(name: FpuRegisterName, bytes: Uint8Array): boolean;
  owner(name: RegisterName): RegisterOwner;
}

//  group        registers
const GROUPS = [
  ['General', GENERAL_REGISTERS],
  ['Segment', SEGMENT_REGISTERS],
  ['Control', CONTROL_REGISTERS],
] as const;

export function registersNode(store: VariableStore, access: RegisterAccess): VariablesNode {
  return {
    children: () => [
      ...GROUPS.map(([name, registers]) => ({
        name,
        value: name === 'General' ? summary(access) : '',
        variablesReference: store.add(groupNode(store, access, registers)),
      })),
      ...fpuGroups(store, access),
    ],
  };
}

function groupNode(store: VariableStore, access: RegisterAccess, names: readonly RegisterName[]): VariablesNode {
  return {
    children: () => names.map((name) => showRegister(store, access, name)),
    register: (child) => {
      const name = names.find((n) => n === child);
      return name && { name, owner: access.owner(name) };
    },
    set: (name, text) => {
      const known = names.find((n) => n === name);
      if (!known)
        return failure('no-such-register', {
          cause: `There is no register "${name}".`,
          remedy: 'Pick one from the list.',
        });
      const value = parseRegisterValue(text);
      if (value === undefined) {
        return failure('register-value', {
          cause: `"${text}" is not a number of 32 bits.`,
          remedy: 'Write it as 123, -1 or 0x7b.',
        });
      }
      if (!access.write(known, value)) {
        return failure('register-write', {
          cause: `${known} cannot be set to ${text} here.`,
          remedy: 'Only the innermost frame of the running environment has registers that can be written.',
        });
      }
      return success(showRegister(store, access, known));
    },
  };
}

function showRegister(store: VariableStore, access: RegisterAccess, name: RegisterName): Dap.Variable {
  const value = access.read(name);
  if (value === undefined) return { name, value: '<not saved in this frame>', variablesReference: 0 };
  const fields = describeFields(name, value);
  return {
    name,
    value:
      hex(value) +
      (fields ? `  ${fields}` : name === 'eip' || !GENERAL_REGISTERS.includes(name as never) ? '' : `  ${value | 0}`),
    type: 'u32',
    evaluateName: `$${name}`,
    variablesReference: REGISTER_FIELDS[name] ? store.add(fieldsNode(access, name)) : 0,
  };
}

function fieldsNode(access: RegisterAccess, name: RegisterName): VariablesNode {
  const fields = REGISTER_FIELDS[name]!;
  const show = ([bit, width, field]: (typeof fields)[number]): Dap.Variable => {
    const value = ((access.read(name) ?? 0) >>> bit) & (2 ** width - 1);
    return { name: field, value: width > 4 ? hex(value << bit) : String(value), variablesReference: 0 };
  };
  return {
    children: () => fields.map(show),
    set: (child, text): Result<Dap.Variable> => {
      const field = fields.find(([, , f]) => f === child);
      const given = parseRegisterValue(text);
      const value = given !== undefined && field !== undefined && field[1] > 4 ? given / 2 ** field[0] : given;
      if (!field || !Number.isInteger(value) || value === undefined || value >= 2 ** field[1]) {
        return failure('register-value', {
          cause: `"${text}" does not fit ${child}.`,
          remedy: `Write a number of ${field?.[1] ?? 1} bits.`,
        });
      }
      const mask = ((2 ** field[1] - 1) << field[0]) >>> 0;
      const old = access.read(name) ?? 0;
      if (!access.write(name, ((old & ~mask) | (value << field[0])) >>> 0)) {
        return failure('register-write', {
          cause: `${name}.${child} cannot be set here.`,
          remedy: 'Select the innermost frame of the running environment.',
        });
      }
      return success(show(field));
    },
  };
}

function summary(access: RegisterAccess): string {
  const eip = access.read('eip');
  const esp = access.read('esp');
  return [eip === undefined ? '' : `eip ${hex(eip)}`, esp === undefined ? '' : `esp ${hex(esp)}`]
    .filter(Boolean)
    .join('  ');
}

/** Decimal, negative decimal or hexadecimal, in 32 bits. */
export function parseRegisterValue(text: string): number | undefined {
  const trimmed = text.trim().replaceAll('_', '');
  if (!/^(0x[0-9a-f]+|-?\d+)$/i.test(trimmed)) return undefined;
  const value = Number(trimmed);
  return value >= -(2 ** 31) && value < 2 ** 32 ? value >>> 0 : undefined;
}

const hex = (value: number): string => '0x' + (value >>> 0).toString(16).padStart(8, '0');

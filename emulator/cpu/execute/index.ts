/**
 * The handler of every mnemonic in the opcode table, in any operand form. These define the behaviour; `fast/` may only
 * be quicker.
 *
 * Invariant: the type says it: a mnemonic without a handler does not compile.
 */
import type { Handler } from '../instruction.ts';
import type { Mnemonic } from '../opcodes.ts';
import { arithmetic } from './arithmetic.ts';
import { bits } from './bits.ts';
import { control } from './control.ts';
import { data } from './data.ts';
import { decimal } from './decimal.ts';
import { simd } from './simd/index.ts';
import { strings } from './strings.ts';
import { system } from './system.ts';
import { x87 } from './x87/index.ts';

export const execute: { readonly [M in Mnemonic]: Handler } = {
  ...arithmetic,
  ...bits,
  ...control,
  ...data,
  ...decimal,
  ...strings,
  ...system,
  ...x87,
  ...simd,
};

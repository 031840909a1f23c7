/**
 * Flags an instruction leaves undefined, by the letters of the opcode table. Intel SDM Vol. 2, "Flags Affected" of each
 * instruction, and AMD APM Vol. 3, the flag tables, which agree but for one: BT and its kin keep ZF on Intel's
 * processors and leave it undefined on AMD's.
 *
 * A shift by one defines OF and one by zero changes nothing; the table does not look at counts.
 */
import { Eflags } from '../../../emulator/cpu/registers.ts';

// prettier-ignore
export const undefinedFlags: Readonly<Record<string, string>> = {
  AAA: 'oszp', AAS: 'oszp', AAD: 'oac', AAM: 'oac', DAA: 'o', DAS: 'o',
  AND: 'a', OR: 'a', XOR: 'a', TEST: 'a',
  MUL: 'szap', IMUL: 'szap', DIV: 'oszapc', IDIV: 'oszapc',
  BSF: 'osapc', BSR: 'osapc', BT: 'oszap', BTS: 'oszap', BTR: 'oszap', BTC: 'oszap',
  SHL: 'oac', SAL: 'oac', SHR: 'oac', SAR: 'oa', SHLD: 'oszapc', SHRD: 'oszapc',
  ROL: 'o', ROR: 'o', RCL: 'o', RCR: 'o',
};

const BITS: Readonly<Record<string, number>> = {
  o: Eflags.OF,
  s: Eflags.SF,
  z: Eflags.ZF,
  a: Eflags.AF,
  p: Eflags.PF,
  c: Eflags.CF,
};

/** What some instruction leaves undefined. */
export const UNDEFINABLE = Object.values(BITS).reduce((mask, bit) => mask | bit, 0);

export function undefinedMask(mnemonic: string): number {
  const letters = (undefinedFlags[mnemonic] as string | undefined) ?? '';
  return Object.entries(BITS).reduce((mask, [letter, bit]) => (letters.includes(letter) ? mask | bit : mask), 0);
}

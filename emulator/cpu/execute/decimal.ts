/**
 * Decimal adjustment. Intel SDM Vol. 2, DAA, DAS, AAA, AAS, AAM, AAD: the pseudocode of each, flags included.
 */
import type { Core } from '../core.ts';
import { DE, raise } from '../exception.ts';
import { arithmeticFlags, setArithmeticFlags, setCarryFlag, setLogicFlags } from '../flags.ts';
import type { Handler } from '../instruction.ts';
import { Eflags } from '../registers.ts';

export const decimal = {
  DAA: (core) => {
    decimalAdjust(core, 1);
  },
  DAS: (core) => {
    decimalAdjust(core, -1);
  },
  AAA: (core) => {
    asciiAdjust(core, 1);
  },
  AAS: (core) => {
    asciiAdjust(core, -1);
  },
  AAM: (core, i) => {
    if (i.index0 === 0) raise(DE);
    const al = core.u8[0];
    const quotient = Math.floor(al / i.index0);
    core.u16[0] = (quotient << 8) | (al - quotient * i.index0);
    setLogicFlags(core, 1, core.u8[0]);
  },
  AAD: (core, i) => {
    const al = (core.u8[0] + core.u8[1] * i.index0) & 0xff;
    core.u16[0] = al;
    setLogicFlags(core, 1, al);
  },
} as const satisfies Record<string, Handler>;

function decimalAdjust(core: Core, sign: 1 | -1): void {
  const old = core.u8[0];
  const flags = arithmeticFlags(core);
  let al = old;
  const oldCarry = (flags & Eflags.CF) !== 0;
  let carry = false;
  let auxiliary = false;
  if ((al & 15) > 9 || (flags & Eflags.AF) !== 0) {
    al += sign * 6;
    carry = oldCarry || al < 0 || al > 0xff;
    auxiliary = true;
  }
  if (old > 0x99 || oldCarry) {
    al += sign * 0x60;
    carry = true;
  }
  core.u8[0] = al;
  setLogicFlags(core, 1, al);
  setCarryFlag(core, carry);
  if (auxiliary) setArithmeticFlags(core, arithmeticFlags(core) | Eflags.AF);
}

function asciiAdjust(core: Core, sign: 1 | -1): void {
  const adjust = (core.u8[0] & 15) > 9 || (arithmeticFlags(core) & Eflags.AF) !== 0;
  if (adjust) core.u16[0] = core.u16[0] + sign * 0x106;
  core.u8[0] &= 15;
  // OF, SF, ZF and PF are undefined.
  setLogicFlags(core, 1, core.u8[0]);
  if (adjust) setArithmeticFlags(core, arithmeticFlags(core) | Eflags.AF | Eflags.CF);
}

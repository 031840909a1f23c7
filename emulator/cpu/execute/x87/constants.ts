/** The constants that the x87 knows. Intel SDM Vol. 2, FLD1 and its kin; Vol. 1, "Approximation of Pi" and its like. */
import { BIAS, INTEGER_BIT } from '../../float/format.ts';

export interface Constant {
  readonly exponent: number;
  readonly high: number;
  readonly low: number;
  /** Whether the longer value that it is rounded from lies above or below it; undefined: it is exact. */
  readonly longer: 'above' | 'below' | undefined;
}

export const CONSTANTS = {
  FLD1: { exponent: BIAS, high: INTEGER_BIT, low: 0, longer: undefined },
  FLDZ: { exponent: 0, high: 0, low: 0, longer: undefined },
  FLDL2T: { exponent: 0x4000, high: 0xd49a_784b | 0, low: 0xcd1b_8afe | 0, longer: 'above' },
  FLDL2E: { exponent: 0x3fff, high: 0xb8aa_3b29 | 0, low: 0x5c17_f0bc | 0, longer: 'below' },
  FLDPI: { exponent: 0x4000, high: 0xc90f_daa2 | 0, low: 0x2168_c235 | 0, longer: 'below' },
  FLDLG2: { exponent: 0x3ffd, high: 0x9a20_9a84 | 0, low: 0xfbcf_f799 | 0, longer: 'below' },
  FLDLN2: { exponent: 0x3ffe, high: 0xb172_17f7 | 0, low: 0xd1cf_79ac | 0, longer: 'below' },
} as const satisfies Readonly<Record<string, Constant>>;

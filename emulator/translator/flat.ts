/** What the derived slots of registers.ts hold for a segment of 4 GiB from 0, as translated code takes segments to be. */

/** READ_END and WRITE_END. */
export const END_4G = 0xffff_fffd | 0;
export const FETCH_END_4G = 0xffff_f001 | 0;

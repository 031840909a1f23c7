/** Names of handlers that are no `MNEMONIC forms` of cpu/form-name.ts. */

/** In front of a block's instructions. */
export const HEADER = '(header)';
/** Behind a block that does not end with a jump. */
export const ONWARD = '(onward)';
/** Of an instruction that no handler does. */
export const OUT = '(out)';

/** A comparison and the jump behind it as one. */
export function fusedName(first: string, jump: string): string {
  return `${first} ${jump}`;
}

/**
 * Where the blocks are that a jump may go on with, by the low bits of their linear address: address, record, and the
 * addend by which its page was found in the read table.
 */
export const CHAIN_ENTRIES = 0x2000;
export const CHAIN_ENTRY_SHIFT = 4;
export const CHAIN_BYTES = CHAIN_ENTRIES << CHAIN_ENTRY_SHIFT;
export const CHAIN_RECORD = 4;
export const CHAIN_ADDEND = 8;

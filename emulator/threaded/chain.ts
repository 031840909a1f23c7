/** Where the blocks are that handlers may go on with: by the address's low bits; address, header, addend of its page. */
export const CHAIN_ENTRIES = 0x2000;
export const CHAIN_ENTRY_BYTES = 16;

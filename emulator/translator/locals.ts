/**
 * The locals of a region's function, and where its state stands in memory while it does not run.
 *
 * Invariant: general registers are locals 0 to 7, by their numbers. While a region runs, the registers in memory, EIP,
 * RESULT and CARRIES are stale; leaving it brings all of them up to date.
 */

/** Instructions left in the slice, those of the running block taken off already. */
export const LEFT = 8;
/** Of 64 bits. */
export const WIDE = 9;
/** Where to go on when the region is left. */
export const NEXT_EIP = 10;

// The lazy flags; lazy-flags.ts.
export const RESULT_LOCAL = 11;
export const FLAG_A = 12;
export const FLAG_B = 13;
export const FLAG_KIND = 14;

// Within one instruction.
export const ADDRESS = 15;
export const HOST = 16;
export const VALUE0 = 17;
export const VALUE1 = 18;
export const VALUE2 = 19;
/** Where a jump, call or return goes. */
export const TARGET = 20;

/** The x87's TOP at the start of the block, as the byte offset of that register; x87/stack-model.ts. */
export const FPU_TOP_BYTES = 21;

/** The first of four: AL, CL, DL and BL, zero-extended, where the block has just set them. */
export const LOW_BYTES = 22;

/** The first of those that hold the host addresses of groups; base-groups.ts. */
export const FIRST_HOST = 26;

export const PARAMETERS = 9;

/** Index of the slot, beyond the registers, that holds LEFT outside of regions. */
export const LEFT_SLOT = 96;
/** Slots for the way in (support.ts): the access that did not find its page, 0: none, and what else tlb-fill.ts wants. */
export const MISS_ACCESS = 104;
export const MISS_ADDRESS = 105;
export const MISS_CELL = 106;

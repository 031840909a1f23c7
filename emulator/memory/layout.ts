/**
 * Where everything stands in the one WebAssembly.Memory: registers, TLB, page flags, guest RAM.
 * One row per field; offsets are computed, so that interpreter and translator read the same constants.
 *
 * Invariant: every offset but the end is independent of the amount of RAM, and RAM starts 64 bytes past a page
 * boundary. The four tables of addends lie behind each other. The addend `host - linear` of a TLB entry is therefore never 0, and 0 can mean "take the slow path".
 */
export const PAGE_BYTES = 0x1000;
const PAGES_OF_4G = 0x10_0000;

const fields = [
  //  name                 bytes                what it holds
  ['registers', 0x1000 /*                       Int32, indices in cpu/registers.ts */],
  ['tlbList', 0x4000 * 4 /*                     linear page numbers that may have a TLB entry, in order of arrival */],
  ['pageFlags', PAGES_OF_4G /*                  one byte per physical page: PageFlag */],
  ['linearFlags', PAGES_OF_4G /*                one byte per linear page: PageFlag.PROBED, PageFlag.CODE_PROBED */],
  ['tlb', PAGES_OF_4G * 4 /*                    per linear page: physical page and its combined flags; 0: none */],
  ['readSupervisor', PAGES_OF_4G * 4 /*         per linear page: addend to the host offset; 0: slow path */],
  ['readUser', PAGES_OF_4G * 4],
  ['writeSupervisor', PAGES_OF_4G * 4],
  ['writeUser', PAGES_OF_4G * 4],
  ['jumpCache', 0x2_0000 /*                     where translated code for an address is; translator/links.ts */],
  [
    'links',
    0x4_0000 /*                         Int32 each: what a jump to a known address calls; translator/links.ts */,
  ],
  ['chain', 0x2_0000 /*                         threaded/chain.ts */],
  ['records', 0x20_0000 /*                      threaded/records.ts */],
  ['ram', 0 /*                                  guest physical address 0; as long as the machine has memory */],
] as const;

export type FieldName = (typeof fields)[number][0];

function computeOffsets(): Readonly<Record<FieldName, number>> {
  const offsets: Partial<Record<FieldName, number>> = {};
  let end = 0;
  for (const [name, bytes] of fields) {
    offsets[name] = name === 'ram' ? end + 64 : end;
    end += bytes;
  }
  return offsets as Record<FieldName, number>;
}

/** Byte offsets of the fields. */
export const layout = computeOffsets();

export const RECORDS_BYTES = 0x20_0000;

export const TLB_LIST_ENTRIES = 0x4000;

/** The whole memory for a machine with `ramBytes` of RAM. */
export function totalBytes(ramBytes: number): number {
  return layout.ram + ramBytes;
}

/** Bits of a `pageFlags` byte. A page with any bit set is never written through the fast path. */
export const PageFlag = {
  /** Decoded blocks exist for bytes of this page. */
  CODE: 1,
  /** Not RAM: every access goes to the bus. */
  WINDOW: 2,
  /** A data probe watches bytes of this page: neither read nor written through the fast path. */
  PROBED: 4,
  /** Of a linear page alone: a code probe stands in it. The fast tables have nothing to do with it. */
  CODE_PROBED: 8,
} as const;

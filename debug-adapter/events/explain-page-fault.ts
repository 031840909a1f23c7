/**
 * A page fault in words: which access, how far from what is mapped, which level of the walk refused it and why.
 * Intel SDM Vol. 3A, "Page-Fault Exception (#PF)", "Determination of Access Rights".
 */
import { describePageFault, pageFaultAccess } from '../target/vectors.ts';
import type { LinearAddress, PageWalkLevel, Space } from '../target/target.ts';
import { hex, shortHex, type FaultFacts, type FaultSource } from './fault-facts.ts';

const PAGE_BYTES = 4096;
/** A neighbour further away says nothing about the address. */
const NEIGHBOUR_PAGES = 16;
const CR0_WP = 0x10000;

const PRESENT = 1;
const WRITE = 2;
const USER = 4;

//  bit  name    clear                    set
const ERROR_BITS = [
  [0, 'P', 'page not present', 'page present, access refused'],
  [1, 'W/R', 'read', 'write'],
  [2, 'U/S', 'supervisor mode', 'user mode'],
  [3, 'RSVD', undefined, 'a reserved bit is set in an entry'],
  [4, 'I/D', undefined, 'instruction fetch'],
] as const;

/** `user write to 0xeebf5ffc, page not present, 4 bytes below the user stack` */
export function pageFaultHeadline(source: FaultSource, { errorCode = 0, address = 0, eip, space }: FaultFacts): string {
  const where = whereIs(source, space, address, (errorCode & PRESENT) !== 0);
  return describePageFault(errorCode, address, eip) + (where === undefined ? '' : `, ${where}`);
}

export function pageFaultLines(
  { target }: FaultSource,
  { errorCode = 0, address = 0, eip, space }: FaultFacts,
  memoryBytes: number | undefined,
): string[] {
  const access = pageFaultAccess(errorCode, address, eip);
  const what = access === 'fetch' ? 'instruction fetch' : access;
  const size = memoryBytes === undefined || access === 'fetch' ? '' : ` of ${memoryBytes} ${plural(memoryBytes)}`;
  const lines = [`Access: ${what}${size} at ${hex(address)} with ${errorCode & USER ? 'user' : 'kernel'} rights.`];
  const bits = ERROR_BITS.flatMap(([bit, name, clear, set]) => {
    const value = (errorCode >> bit) & 1;
    const meaning = value ? set : clear;
    return meaning === undefined ? [] : [`${name}=${value} ${meaning}`];
  });
  lines.push(`Error code ${shortHex(errorCode)}: ${bits.join(', ')}.`);
  const { levels } = target.walk(space, address);
  const wp = (target.readRegister('cr0') & CR0_WP) !== 0;
  for (const level of levels) {
    const refusal = refusalOf(level, errorCode, wp);
    const flags = level.flags === '' ? 'none' : level.flags;
    lines.push(
      `${level.level} at physical ${hex(level.entryAddress)}: ${hex(level.value)}, flags ${flags}` +
        (refusal === undefined ? '.' : ` – this level fails: ${refusal}.`),
    );
  }
  return lines;
}

function refusalOf({ value, level }: PageWalkLevel, errorCode: number, wp: boolean): string | undefined {
  const what = level === 'PDE' ? 'the page table (4 MiB)' : 'the page';
  if (!(value & PRESENT)) return `P is clear, ${what} is not present`;
  if (errorCode & USER && !(value & USER)) return `U is clear, ${what} is the kernel's alone`;
  if (errorCode & WRITE && !(value & WRITE) && (errorCode & USER || wp)) return `W is clear, ${what} is read-only`;
  return undefined;
}

/** Where an address lies in words: null pointers, guard pages, and the nearest thing that is mapped. */
export function whereIs(
  source: FaultSource,
  space: Space,
  address: LinearAddress,
  present: boolean,
): string | undefined {
  const { target, os } = source;
  if (address < PAGE_BYTES) return address === 0 ? 'null pointer' : `null pointer + ${address}`;
  const region = os.regionAt(space, address);
  if (present) return region === undefined ? undefined : `in ${withArticle(nameAt(source, space, address) ?? region)}`;
  if (region === 'guard') return 'in the guard page';
  const page = address - (address % PAGE_BYTES);
  const mapped = (at: number): boolean => at >= 0 && at <= 0xffffffff && target.walk(space, at).physical !== undefined;
  for (let distance = 1; distance <= NEIGHBOUR_PAGES; distance++) {
    const above = page + distance * PAGE_BYTES;
    if (mapped(above)) return beside(source, space, above, above - address, 'below');
    const below = page - distance * PAGE_BYTES;
    const end = below + PAGE_BYTES;
    if (mapped(below)) return beside(source, space, below, address - end, 'above the end of');
  }
  return region === undefined ? undefined : `in ${withArticle(region)}, where nothing is mapped nearby`;
}

function beside(
  source: FaultSource,
  space: Space,
  neighbour: LinearAddress,
  bytes: number,
  side: 'below' | 'above the end of',
): string | undefined {
  const name = nameAt(source, space, neighbour);
  if (name === undefined) return undefined;
  return `${bytes} ${plural(bytes)} ${side} ${withArticle(name)}`;
}

function nameAt({ os }: FaultSource, space: Space, address: LinearAddress): string | undefined {
  const image = os.imageAt(space, address)?.image;
  if (image) return image.kind === 'kernel' ? "kernel's image" : `program ${image.name}`;
  return os.regionAt(space, address);
}

const plural = (bytes: number): string => (bytes === 1 ? 'byte' : 'bytes');
const withArticle = (name: string): string => (/^[A-Z]/.test(name) ? name : `the ${name}`);

/**
 * `info mem`, `info tlb`, `info pg`, in the words of QEMU's monitor; the last as 6.828's QEMU prints it.
 * All walk the page tables in memory, as QEMU does; none shows the CPU's own TLB.
 */
import { PHYSICAL_SPACE, type Space, type Target } from '../target/target.ts';
import { readWord } from '../call-stack/memory-view.ts';

const LINES_MAX = 2000;
const ENTRIES = 1024;
const PAGE_BYTES = 4096;
const PRESENT = 1;
const LARGE = 0x80;
const CR4_PSE = 0x10;
const CR4_PAE = 0x20;

const hex8 = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
const hex5 = (page: number): string => page.toString(16).padStart(5, '0');
const hex3 = (index: number): string => index.toString(16).padStart(3, '0');

const OFF = ['Paging is off: linear addresses are physical.'];

/** Ranges with equal rights: `start-end size urw`. QEMU, target/i386/monitor.c, "info mem". */
export function infoMem(target: Target, space: Space): string[] {
  if (space === PHYSICAL_SPACE) return OFF;
  const lines: { start: number; end: number; rights: string }[] = [];
  for (const range of target.mappedRanges(space, 0, 2 ** 32, LINES_MAX * 8)) {
    const flags = range.flags.split(' ');
    const rights = `${flags.includes('U') ? 'u' : '-'}r${flags.includes('W') ? 'w' : '-'}`;
    const last = lines.at(-1);
    if (last && last.end === range.start && last.rights === rights) last.end += range.sizeBytes;
    else lines.push({ start: range.start, end: range.start + range.sizeBytes, rights });
  }
  return lines.map(
    ({ start, end, rights }) =>
      `${hex8(start)}-${end === 2 ** 32 ? '100000000' : hex8(end)} ${hex8(end - start)} ${rights}`,
  );
}

//  bit, letter: QEMU's order in "info tlb"
const TLB_FLAGS = [
  [8, 'G'],
  [7, 'P'],
  [6, 'D'],
  [5, 'A'],
  [4, 'C'],
  [3, 'T'],
  [2, 'U'],
  [1, 'W'],
] as const;

function letters(entry: number): string {
  return TLB_FLAGS.map(([bit, letter]) => (entry & (1 << bit) ? letter : '-')).join('');
}

/** Every mapping: `linear: physical flags`. */
export function infoTlb(target: Target, space: Space): string[] {
  if (space === PHYSICAL_SPACE) return OFF;
  const lines: string[] = [];
  for (const { linear, entry, large } of leaves(target, space)) {
    if (lines.length === LINES_MAX) return [...lines, `… more than ${LINES_MAX} mappings; "info mem" is shorter.`];
    const physical = large ? entry & (isPae(target) ? 0xffe00000 : 0xffc00000) : entry & ~0xfff;
    lines.push(`${hex8(linear)}: ${hex8(physical)} ${letters(entry)}`);
  }
  return lines;
}

/** Directory entries, and below each its table's: neighbouring entries with equal flags in one line. */
export function infoPg(target: Target, space: Space): string[] {
  if (space === PHYSICAL_SPACE) return OFF;
  if (isPae(target)) return ['PAE paging: every mapping by itself.', ...infoTlb(target, space)];
  const lines = ['VPN range     Entry            Flags    Physical page'];
  for (let d = 0; d < ENTRIES; d++) {
    const pde = readWord(target, PHYSICAL_SPACE, space + d * 4) ?? 0;
    if (!(pde & PRESENT)) continue;
    const large = isLarge(target, pde);
    lines.push(
      `[${hex5(d << 10)}-${hex5((d << 10) | 0x3ff)}]  PDE[${hex3(d)}]         ${letters(pde)}P${large ? ` ${hex5((pde & 0xffc00000) >>> 12)}` : ''}`,
    );
    if (!large) lines.push(...tableLines(target, pde, d));
    if (lines.length > LINES_MAX) return [...lines.slice(0, LINES_MAX), '… and more'];
  }
  return lines;
}

function tableLines(target: Target, pde: number, d: number): string[] {
  const lines: string[] = [];
  const entries = Array.from(
    { length: ENTRIES },
    (_, t) => readWord(target, PHYSICAL_SPACE, (pde & ~0xfff) + t * 4) ?? 0,
  );
  for (let t = 0; t < ENTRIES;) {
    const entry = entries[t]!;
    if (!(entry & PRESENT)) {
      t++;
      continue;
    }
    let end = t + 1;
    while (end < ENTRIES && entries[end]! === (entry + (end - t) * PAGE_BYTES) >>> 0) end++;
    const pages = `${hex5(entry >>> 12)}${end - t > 1 ? `-${hex5((entry >>> 12) + end - t - 1)}` : ''}`;
    const index = `PTE[${hex3(t)}${end - t > 1 ? `-${hex3(end - 1)}` : ''}]`.padEnd(12);
    lines.push(`  [${hex5((d << 10) | t)}-${hex5((d << 10) | (end - 1))}]  ${index} ${letters(entry)}P ${pages}`);
    t = end;
  }
  return lines;
}

interface Mapping {
  readonly linear: number;
  readonly entry: number;
  readonly large: boolean;
}

/** Low halves of the entries; what lies past 4 GiB is left out. */
function* paeLeaves(target: Target, space: Space): Generator<Mapping> {
  const entries = function* (table: number, count: number): Generator<readonly [index: number, entry: number]> {
    for (let index = 0; index < count; index++) {
      const entry = readWord(target, PHYSICAL_SPACE, table + index * 8) ?? 0;
      const high = readWord(target, PHYSICAL_SPACE, table + index * 8 + 4) ?? 0;
      if (entry & PRESENT && high === 0) yield [index, entry];
    }
  };
  for (const [p, pdpte] of entries(space, 4)) {
    for (const [d, pde] of entries((pdpte & ~0xfff) >>> 0, ENTRIES / 2)) {
      const linear = ((p << 30) | (d << 21)) >>> 0;
      if (pde & LARGE) yield { linear, entry: pde, large: true };
      else {
        for (const [t, entry] of entries((pde & ~0xfff) >>> 0, ENTRIES / 2)) {
          yield { linear: (linear | (t << 12)) >>> 0, entry, large: false };
        }
      }
    }
  }
}

function* leaves(target: Target, space: Space): Generator<Mapping> {
  if (isPae(target)) {
    yield* paeLeaves(target, space);
    return;
  }
  for (let d = 0; d < ENTRIES; d++) {
    const pde = readWord(target, PHYSICAL_SPACE, space + d * 4) ?? 0;
    if (!(pde & PRESENT)) continue;
    if (isLarge(target, pde)) {
      yield { linear: (d << 22) >>> 0, entry: pde, large: true };
      continue;
    }
    for (let t = 0; t < ENTRIES; t++) {
      const entry = readWord(target, PHYSICAL_SPACE, (pde & ~0xfff) + t * 4) ?? 0;
      if (entry & PRESENT) yield { linear: ((d << 22) | (t << 12)) >>> 0, entry, large: false };
    }
  }
}

const isPae = (target: Target): boolean => (target.readRegister('cr4') & CR4_PAE) !== 0;

const isLarge = (target: Target, pde: number): boolean =>
  (pde & LARGE) !== 0 && (target.readRegister('cr4') & CR4_PSE) !== 0;

/**
 * Probes: places outside the guest's memory at which `Cpu.run` stops. Code probes stop before the instruction there;
 * data probes (data-probes.ts) after the access.
 *
 * Invariant: a block never runs over the start of a probed instruction. Code is fetched in another mode where a probe is
 * in the same page, linear or physical (`Core.fetchProbed`): there, blocks end before every page offset that any probe
 * has, and a block that starts at such an offset is marked `probed`. Code elsewhere pays nothing.
 */
import { PageFlag, layout } from '../memory/layout.ts';
import type { Core } from './core.ts';
import type { DataProbe } from './data-probes.ts';
import { DataProbes } from './data-probes.ts';
import { CR3 } from './registers.ts';

/** A linear address in one address space (a value of CR3, its page bits) or in any, or a physical address. */
export type CodeProbe =
  { readonly linear: number; readonly space?: number | undefined } | { readonly physical: number };

export class Probes {
  readonly #core: Core;
  readonly #probes = new Map<number, CodeProbe>();
  readonly #idsByOffset = new Map<number, Set<number>>();
  /** How many probes are in a page, by page number. */
  readonly #linearPages = new Map<number, number>();
  readonly #physicalPages = new Map<number, number>();
  readonly data: DataProbes;
  #nextId = 1;
  /** Called when code of a page, linear or physical, may no longer run as it was translated. */
  changed: (probe: CodeProbe) => void = () => undefined;

  constructor(core: Core) {
    this.#core = core;
    this.data = new DataProbes(core);
  }

  /** @returns an id for `remove`, which is also what the stop reports. @throws RangeError for no bytes, or beyond 4 GiB */
  addData(probe: DataProbe): number {
    const id = this.#nextId++;
    this.data.add(id, probe);
    return id;
  }

  /** @returns an id for `remove`, which is also what the stop reports */
  addCode(probe: CodeProbe): number {
    const id = this.#nextId++;
    this.#probes.set(id, probe);
    const offset = offsetOf(probe);
    const ids = this.#idsByOffset.get(offset);
    if (ids === undefined) this.#idsByOffset.set(offset, new Set([id]));
    else ids.add(id);
    this.#count(probe, 1);
    this.#core.blocks.dropProbed(offset);
    this.#refetch(probe);
    return id;
  }

  remove(id: number): void {
    if (this.data.remove(id)) return;
    const probe = this.#probes.get(id);
    if (probe === undefined) return;
    this.#probes.delete(id);
    const offset = offsetOf(probe);
    const ids = this.#idsByOffset.get(offset);
    ids?.delete(id);
    if (ids?.size === 0) this.#idsByOffset.delete(offset);
    if (this.#count(probe, -1) === 0) this.#refetch(probe);
  }

  /** Page flags that code probes add to those of a linear page. */
  flagsOf(linearPage: number): number {
    return this.#linearPages.has(linearPage) ? PageFlag.CODE_PROBED : 0;
  }

  /** Whether a probe is in the page of an address, by either address. Addresses as int32. */
  onPage(linear: number, physical: number): boolean {
    // Asked at every change of page or privilege level.
    if ((this.#core.u8[layout.linearFlags + (linear >>> 12)] & PageFlag.CODE_PROBED) !== 0) return true;
    return this.#physicalPages.size > 0 && this.#physicalPages.has(physical >>> 12);
  }

  /** Whether any probe stands at this offset of its page. */
  hasOffset(pageOffset: number): boolean {
    return this.#idsByOffset.has(pageOffset);
  }

  /** Whether a probe stands at an instruction in any address space. Addresses as int32. */
  standsAt(linear: number, physical: number): boolean {
    for (const id of this.#idsByOffset.get(linear & 0xfff) ?? []) {
      const probe = this.#probes.get(id)!;
      if ('physical' in probe ? (probe.physical | 0) === physical : (probe.linear | 0) === linear) return true;
    }
    return false;
  }

  /** Ids of the probes at an instruction, in the order they were added. Addresses as int32. */
  matching(linear: number, physical: number): readonly number[] {
    const hits: number[] = [];
    // Pages are of 4 KiB at least, so that both addresses have the same offset.
    const ids = this.#idsByOffset.get(linear & 0xfff);
    if (ids === undefined) return hits;
    for (const id of ids) {
      if (this.#matches(this.#probes.get(id)!, linear, physical)) hits.push(id);
    }
    return hits;
  }

  /** @returns how many probes are in the page of this one now */
  #count(probe: CodeProbe, by: number): number {
    const counts = 'physical' in probe ? this.#physicalPages : this.#linearPages;
    const page = pageOf(probe);
    const count = (counts.get(page) ?? 0) + by;
    if (count === 0) counts.delete(page);
    else counts.set(page, count);
    if (counts === this.#linearPages) this.#core.updateLinearFlags(page);
    return count;
  }

  /** The page of a probe is fetched anew, also by the block that runs. */
  #refetch(probe: CodeProbe): void {
    this.#core.fetchLinearPage = -1;
    this.#core.blockEnd = 0;
    this.changed(probe);
  }

  #matches(probe: CodeProbe, linear: number, physical: number): boolean {
    if ('physical' in probe) return (probe.physical | 0) === physical;
    if ((probe.linear | 0) !== linear) return false;
    return probe.space === undefined || (probe.space & ~0xfff) === (this.#core.i32[CR3] & ~0xfff);
  }
}

function offsetOf(probe: CodeProbe): number {
  return ('physical' in probe ? probe.physical : probe.linear) & 0xfff;
}

export function pageOf(probe: CodeProbe): number {
  return ('physical' in probe ? probe.physical : probe.linear) >>> 12;
}

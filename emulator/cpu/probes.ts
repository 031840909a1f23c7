/**
 * Probes: places outside the guest's memory at which `Cpu.run` stops. Code probes stop before the instruction there;
 * data probes (data-probes.ts) after the access.
 *
 * Invariant: a block never runs over the start of a probed instruction: blocks end before every page offset that any
 * probe has, and a block that starts at such an offset is marked `probed`. Code elsewhere pays nothing.
 */
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
  readonly data: DataProbes;
  #nextId = 1;

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
    // Also where blocks end here already: translated code runs over the places where no probe was.
    this.#core.blocks.dropRunningOver(offset);
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

  #matches(probe: CodeProbe, linear: number, physical: number): boolean {
    if ('physical' in probe) return (probe.physical | 0) === physical;
    if ((probe.linear | 0) !== linear) return false;
    return probe.space === undefined || (probe.space & ~0xfff) === (this.#core.i32[CR3] & ~0xfff);
  }
}

function offsetOf(probe: CodeProbe): number {
  return ('physical' in probe ? probe.physical : probe.linear) & 0xfff;
}

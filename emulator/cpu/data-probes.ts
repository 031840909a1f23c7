/**
 * Data probes: bytes outside the guest's knowledge whose accesses stop the run, as the debug registers' data
 * breakpoints do. Intel SDM Vol. 3B, "Data Memory and I/O Breakpoint Exception Conditions": a trap, reported after the
 * instruction that made the access.
 *
 * What counts: reads and writes of data by instructions, stack switches and deliveries, and the CPU's own accesses to
 * descriptor tables and task states. Page walks, instruction fetches and what comes from outside (devices, a debugger)
 * do not. An instruction that faults reports nothing of its own, since it runs again; the delivery's accesses count.
 *
 * Invariant: the fast tables never hold a page with a probe, neither by its linear number nor, through whatever alias,
 * by its physical one; so every access to such a page comes by `accessed`, and pages without one pay nothing.
 */
import { PageFlag } from '../memory/layout.ts';
import type { Core } from './core.ts';
import { Attention } from './core.ts';
import type { DataHit } from './cpu-stop.ts';
import { interceptLinear, interceptPhysical } from './paging.ts';
import { CR3 } from './registers.ts';

export type DataAccess = 'read' | 'write' | 'readWrite';

/** Bytes at a linear address in one address space (a value of CR3, its page bits) or in any, or at a physical address. */
export type DataProbe = { readonly lengthBytes: number; readonly access: DataAccess } & (
  { readonly linear: number; readonly space?: number | undefined } | { readonly physical: number }
);

/** More hits of one instruction are not listed. A task switch of 32 bits makes about thirty accesses. */
const HITS_MAX = 64;

interface Placed {
  readonly id: number;
  readonly probe: DataProbe;
  readonly start: number;
  readonly end: number;
  readonly reads: boolean;
  readonly writes: boolean;
}

export class DataProbes {
  readonly #core: Core;
  readonly #placed = new Map<number, Placed>();
  readonly #byLinearPage = new Map<number, Placed[]>();
  readonly #byPhysicalPage = new Map<number, Placed[]>();
  #hits: DataHit[] = [];
  /** Set while accesses are not to be reported. */
  muted = false;

  constructor(core: Core) {
    this.#core = core;
  }

  add(id: number, probe: DataProbe): void {
    const start = ('physical' in probe ? probe.physical : probe.linear) >>> 0;
    const end = start + probe.lengthBytes;
    if (!(probe.lengthBytes > 0) || end > 2 ** 32)
      throw new RangeError(`a probe of ${String(probe.lengthBytes)} bytes`);
    const reads = probe.access !== 'write';
    const placed: Placed = { id, probe, start, end, reads, writes: probe.access !== 'read' };
    this.#placed.set(id, placed);
    const pages = 'physical' in probe ? this.#byPhysicalPage : this.#byLinearPage;
    for (let page = start >>> 12; page * 0x1000 < end; page++) {
      pages.set(page, [...(pages.get(page) ?? []), placed]);
      if ('physical' in probe) {
        this.#updateFlag(page);
        interceptPhysical(this.#core, page);
      } else {
        this.#core.updateLinearFlags(page);
        interceptLinear(this.#core, page);
      }
    }
    this.#core.updateDataProbed();
  }

  /** @returns whether it was a data probe */
  remove(id: number): boolean {
    const placed = this.#placed.get(id);
    if (placed === undefined) return false;
    this.#placed.delete(id);
    const physical = 'physical' in placed.probe;
    const pages = physical ? this.#byPhysicalPage : this.#byLinearPage;
    for (let page = placed.start >>> 12; page * 0x1000 < placed.end; page++) {
      const left = (pages.get(page) ?? []).filter((other) => other !== placed);
      if (left.length > 0) pages.set(page, left);
      else pages.delete(page);
      if (physical) this.#updateFlag(page);
      else this.#core.updateLinearFlags(page);
    }
    this.#hits = this.#hits.filter((hit) => hit.probe !== id);
    this.#core.updateDataProbed();
    return true;
  }

  /** Page flags that the linear page number adds to those of the physical page; the guest's breakpoints included. */
  flagsOf(linearPage: number): number {
    const placed = this.#byLinearPage.has(linearPage) || this.#core.breakpoints.watchesPage(linearPage);
    return placed ? PageFlag.PROBED : 0;
  }

  /**
   * Bytes of one page are about to be read or written, and nothing stands in the way any more.
   * @param linear, physical int32
   */
  accessed(linear: number, physical: number, size: number, write: boolean): void {
    if (this.#core.breakpoints.onData) this.#core.breakpoints.accessed(linear, size, write);
    if (this.muted) return;
    const byLinear = this.#byLinearPage.get(linear >>> 12);
    const byPhysical = this.#byPhysicalPage.get(physical >>> 12);
    if (byLinear !== undefined) this.#match(byLinear, linear >>> 0, linear, physical, size, write);
    if (byPhysical !== undefined) this.#match(byPhysical, physical >>> 0, linear, physical, size, write);
  }

  /** An instruction has faulted: what it had accessed is accessed again when it runs again. */
  drop(): void {
    if (this.#hits.length > 0) this.#hits.length = 0;
    this.#core.attention &= ~Attention.DATA;
  }

  get any(): boolean {
    return this.#placed.size > 0;
  }

  get pending(): boolean {
    return this.#hits.length > 0;
  }

  /** Takes the hits since the last stop. */
  take(): readonly DataHit[] {
    const hits = this.#hits;
    this.#hits = [];
    this.#core.attention &= ~Attention.DATA;
    return hits;
  }

  #match(
    candidates: readonly Placed[],
    start: number,
    linear: number,
    physical: number,
    size: number,
    write: boolean,
  ): void {
    const core = this.#core;
    for (const { id, probe, start: from, end, reads, writes } of candidates) {
      if (!(write ? writes : reads) || start >= end || start + size <= from) continue;
      if ('space' in probe && probe.space !== undefined && ((probe.space ^ core.i32[CR3]) & ~0xfff) !== 0) continue;
      if (this.#hits.length >= HITS_MAX) return;
      this.#hits.push({
        probe: id,
        eip: core.instructionEip >>> 0,
        linear: linear >>> 0,
        physical: physical >>> 0,
        size,
        write,
        old: this.#bytesAt(physical, size),
      });
      core.attend(Attention.DATA);
    }
  }

  /** What stands there before the access. */
  #bytesAt(physical: number, size: number): number {
    let value = 0;
    for (let index = size - 1; index >= 0; index--) {
      value = value * 256 + this.#core.memory.readPhysical8((physical >>> 0) + index);
    }
    return value;
  }

  #updateFlag(page: number): void {
    const { pageFlags } = this.#core.memory;
    if (this.#byPhysicalPage.has(page)) pageFlags[page] |= PageFlag.PROBED;
    else pageFlags[page] &= ~PageFlag.PROBED;
  }
}

/**
 * Runs hot code as WebAssembly. A block the interpreter has executed often becomes the entry of a region (region.ts);
 * regions are compiled together, at once, and then stand at their entry's block until the block is dropped.
 *
 * Whether, when and what is translated changes nothing but time: a region executes whole instructions exactly as the
 * interpreter does, or leaves before one. See docs/decisions/0014-regions.md.
 *
 * Invariant: a translation is used only where its assumptions hold: flat segments, 32-bit code and stack, the
 * privilege level and mapping it was made for, and the bytes of its page.
 */
import type { Block } from '../cpu/block.ts';
import { Mode, type Core } from '../cpu/core.ts';
import { pageOf } from '../cpu/probes.ts';
import { CARRIES, EIP, MISSED_AT, TLB_CHANGED } from '../cpu/registers.ts';
import { layout } from '../memory/layout.ts';
import { Covered } from './covered.ts';
import { isFlat } from './flat.ts';
import { Links, type Place } from './links.ts';
import { LEFT_SLOT, NEXT_EIP } from './locals.ts';
import { listRegion, type RegionListing } from './listing.ts';
import { RegionCoder, type RegionCode } from './region-code.ts';
import { buildRegion, isTranslatable, type Region } from './region.ts';
import { Support, hasTailCalls, type TranslatedFunction } from './support.ts';

export interface TranslatorOptions {
  /** Instructions of a block that the interpreter executes before it is translated. */
  readonly hotness?: number;
  /** Instructions that it executes of a hot block before that waits for no other; by default as many again. */
  readonly patience?: number;
  /** Hot blocks that are compiled together. */
  readonly batch?: number;
  /** Whether to use tail calls; by default where they are known. */
  readonly tailCalls?: boolean;
}

/** Instructions of a block that the interpreter executes before it is hot; `patience` more, and it waits for no other. */
const HOTNESS = 20_000;
/** As many instructions' time it takes to come out of translated code, and go back. */
const LEAVING = 20;
/** While there are few regions; what is hot first is often all there is, and the engine has not yet compiled the interpreter. */
const HOTNESS_EARLY = 5_000;
const REGIONS_EARLY = 32;
/** Hot blocks that are compiled together: a module costs much, a function little. */
const BATCH = 32;
/** Vain attempts to enter a translation after which its block gets one without groups. */
const STUCK = 200;
/** Instructions between two returns to JavaScript: a millisecond or less. */
const CHUNK = 0x4_0000;
/** Past this many bytes of modules all is dropped, which bounds memory. */
const BYTES_MAX = 0x100_0000;
/** And past this many modules, each of which takes about 20 kB beyond its code, and time at every change of the table. */
const MODULES_MAX = 512;
/** CARRIES without the bits that only POPF, SAHF and their like set. */
const PLAIN_CARRIES_EXCLUDE = 0xff01;

/** Code for one place. A class: the run loop reads these, and objects made by spreading come in two shapes. */
export class Translation implements Place {
  readonly eip: number;
  readonly user: boolean;
  readonly addend: number;
  readonly unguarded: boolean;
  readonly block: Block;
  readonly index: number;
  readonly region: Region;
  /** How often the run loop has entered it. */
  entries = 0;
  /** Another one for the same block, at another linear address or privilege. */
  readonly next: Translation | undefined;

  constructor({ eip, user, addend, unguarded }: Place, block: Block, index: number, region: Region) {
    this.eip = eip;
    this.user = user;
    this.addend = addend;
    this.unguarded = unguarded;
    this.block = block;
    this.index = index;
    this.region = region;
    this.next = unguarded ? undefined : block.translation;
  }
}

function find(block: Block, eip: number, user: boolean): Translation | undefined {
  let { translation } = block;
  while (translation !== undefined && (translation.eip !== eip || translation.user !== user)) {
    translation = translation.next;
  }
  return translation;
}

export class Translator {
  readonly #core: Core;
  readonly #tailCalls: boolean | undefined;
  #supportMade: Support | undefined;
  readonly #links: Links;
  readonly #hotness: number;
  readonly #patience: number | undefined;
  readonly #batch: number;
  #pending: { readonly block: Block; readonly place: Place; readonly missed: boolean }[] = [];
  readonly #covered = new Covered();
  readonly #byPage = new Map<number, Translation[]>();
  /** For statistics and tests. */
  regions = 0;
  entries = 0;
  /** Instructions that regions have executed. */
  executed = 0;

  constructor(core: Core, options: TranslatorOptions = {}) {
    this.#core = core;
    this.#hotness = options.hotness ?? HOTNESS;
    this.#patience = options.patience;
    this.#batch = options.batch ?? BATCH;
    this.#tailCalls = options.tailCalls;
    this.#links = new Links(core);
    core.blocks.keepsAll = this.#hotness === 0;
    core.blocks.dropped = (page) => this.#drop(page);
    core.probes.changed = (probe) =>
      'physical' in probe ? this.#drop(pageOf(probe)) : this.#dropLinear(pageOf(probe));
  }

  /** Bytes of WebAssembly that were compiled. */
  get moduleBytes(): number {
    return this.#supportMade?.bytes ?? 0;
  }

  /** Modules that are in memory for the present function table. */
  get modules(): number {
    return this.#supportMade?.modules ?? 0;
  }

  /** Made when first needed: most machines of a test suite, and every one that is only looked at, never are hot. */
  get #support(): Support {
    if (this.#supportMade === undefined) {
      this.#supportMade = new Support(this.#core.memory.wasm, this.#tailCalls ?? hasTailCalls());
      this.#links.clear();
    }
    return this.#supportMade;
  }

  /**
   * Runs translated code from EIP, where `block` starts, on. EIP, registers, flags and count are exact when it returns.
   * @param leftRegion whether translated code has just ended here
   * @returns false when nothing was executed: the block is then the interpreter's
   */
  run(block: Block, leftRegion: boolean): boolean {
    const core = this.#core;
    const m = core.i32;
    const eip = m[EIP];
    const user = core.cpl === 3;
    let translation = find(block, eip, user);
    if (translation === undefined) {
      this.#heat(block, user, leftRegion);
      translation = find(block, eip, user);
      if (translation === undefined) return false;
    }
    if ((m[CARRIES] & PLAIN_CARRIES_EXCLUDE) !== 0 || core.attention !== 0 || !isFlat(core)) return false;
    if (core.left < translation.region.entry.ops.length) return false;
    const addend = (layout.ram + core.fetchPhysicalPage - core.fetchLinearPage) | 0;
    if (addend !== translation.addend) return false;
    this.#links.remember(translation, translation.index);
    const chunk = core.left < CHUNK ? core.left : CHUNK;
    this.#support.enter(translation.index, chunk);
    if (m[TLB_CHANGED] !== 0) {
      m[TLB_CHANGED] = 0;
      core.fetchLinearPage = -1;
    }
    this.entries++;
    translation.entries++;
    const executed = chunk - m[LEFT_SLOT];
    core.left -= executed;
    this.executed += executed;
    if (executed > 0) return true;
    // Not even its first instruction: a page that is not there, or an access or a group that is never in one piece.
    if (++block.stuck === STUCK) {
      this.#request(block, user, true);
      // Where all else is translated, nothing would ask for it.
      this.compile();
    }
    return false;
  }

  /** The interpreter is about to execute a block. */
  #heat(block: Block, user: boolean, leftRegion: boolean): void {
    const hotness = this.regions < REGIONS_EARLY ? Math.min(this.#hotness, HOTNESS_EARLY) : this.#hotness;
    const before = block.heat;
    block.heat += block.ops.length + (leftRegion ? LEAVING : 0) + block.threadHeat;
    block.threadHeat = 0;
    if (block.heat <= hotness) return;
    if (before <= hotness) {
      if (this.#mayTranslate(block)) this.#request(block, user, false);
      // What may not be translated now may be later.
      else block.heat = 0;
    }
    if (block.heat >= hotness + (this.#patience ?? hotness) || this.#pending.length >= this.#batch) this.compile();
  }

  #mayTranslate(block: Block): boolean {
    const core = this.#core;
    return (
      (block.mode & ~Mode.PROBED) === (Mode.CODE32 | Mode.STACK32) &&
      !this.#probed(block, core.i32[EIP]) &&
      block.secondPage === -1 &&
      core.attention === 0 &&
      isFlat(core) &&
      isTranslatable(block)
    );
  }

  /** Whether a probe stands at a block that starts at `eip`, not only at the same offset of some page. */
  #probed(block: Block, eip: number): boolean {
    return block.probed && this.#core.probes.standsAt(eip, block.physical);
  }

  #request(block: Block, user: boolean, unguarded: boolean): void {
    const core = this.#core;
    const addend = (layout.ram + core.fetchPhysicalPage - core.fetchLinearPage) | 0;
    const eip = core.i32[EIP];
    const missed = !unguarded && core.i32[MISSED_AT] === eip;
    this.#pending.push({ block, place: { eip, user, addend, unguarded }, missed });
  }

  /** Translates what is hot; for tests, since hot blocks wait for each other, but not for long. */
  compile(): void {
    if (this.#pending.length === 0) return;
    const { bytes, modules } = this.#support;
    if (this.#links.full || bytes > BYTES_MAX || modules > MODULES_MAX) this.#dropAll();
    const pending = this.#pending;
    this.#pending = [];
    const covered = new Set<Block>();
    const made: { block: Block; place: Place; region: Region }[] = [];
    const functions: TranslatedFunction[] = [];
    for (const { block, place, missed } of pending) {
      // Inside of another region it is no entry, unless it turns hot again.
      if (!place.unguarded && covered.has(block)) {
        block.heat = 0;
        continue;
      }
      const bridge = missed ? this.#covered.bridgeOf(block) : undefined;
      const region = buildRegion(place.eip, block, (eip) => this.#blockAt(block, place, eip), place.unguarded, bridge);
      if (bridge === undefined && !place.unguarded) this.#covered.add(region);
      if (!place.unguarded) for (const node of region.nodes) covered.add(node.block);
      const { code, locals } = this.#code(region, place);
      functions.push({ name: `r${functions.length}`, code, locals: locals - NEXT_EIP });
      made.push({ block, place, region });
    }
    const indices = this.#support.compile(functions);
    made.forEach(({ block, place, region }, at) => {
      const index = indices[at];
      const translation = new Translation(place, block, index, region);
      if (!place.unguarded) {
        block.translation = translation;
        // At another address or privilege it is heated anew.
        block.heat = 0;
      }
      this.regions++;
      this.#links.link(place, index);
      const page = block.physical >>> 12;
      const list = this.#byPage.get(page);
      if (list === undefined) this.#byPage.set(page, [translation]);
      else list.push(translation);
    });
  }

  /** The block at an address of the same page, if it may be part of a region there. */
  #blockAt({ physical, mode }: Block, { user }: Place, eip: number): Block | undefined {
    const block = this.#core.blocks.find((physical & ~0xfff) | (eip & 0xfff), mode);
    if (block === undefined || this.#probed(block, eip) || block.secondPage !== -1 || !isTranslatable(block))
      return undefined;
    // What is a region already is jumped to, not translated once more.
    const { translation } = block;
    return translation?.eip === eip && translation.user === user ? undefined : block;
  }

  /** The regions whose entry is at a linear address, or all of them, most entered first. */
  list(eip?: number): RegionListing[] {
    return [...this.#byPage.values()]
      .flat()
      .filter((translation) => eip === undefined || translation.eip === (eip | 0))
      .sort((a, b) => b.entries - a.entries)
      .map((translation) => {
        const { region, user, entries } = translation;
        return listRegion(region, user, this.#code(region, translation), entries);
      });
  }

  #code(region: Region, place: Place): RegionCode {
    return new RegionCoder(region, place.user, this.#links.linkerFor(place), this.#support.tailCalls).build();
  }

  /** The blocks of a physical page are gone. */
  #drop(page: number): void {
    this.#pending = this.#pending.filter(({ block }) => block.physical >>> 12 !== page);
    this.#covered.drop(page);
    const translations = this.#byPage.get(page);
    if (translations === undefined) return;
    this.#byPage.delete(page);
    for (const translation of translations) {
      this.#links.link(translation, 0);
      this.#support.release(translation.index);
      translation.block.translation = undefined;
      translation.block.heat = 0;
      translation.block.stuck = 0;
    }
  }

  /** Code at a linear page is to be translated anew. */
  #dropLinear(page: number): void {
    this.#pending = this.#pending.filter(({ place }) => place.eip >>> 12 !== page);
    for (const [physical, translations] of [...this.#byPage]) {
      if (translations.some(({ eip }) => eip >>> 12 === page)) this.#drop(physical);
    }
  }

  #dropAll(): void {
    const pending = this.#pending;
    for (const page of [...this.#byPage.keys()]) this.#drop(page);
    this.#pending = pending;
    this.#supportMade = undefined;
  }
}

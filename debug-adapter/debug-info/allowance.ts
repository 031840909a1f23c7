/**
 * Work that one file may cause: so many entries or bytes for its size, and no more. Offsets in DWARF may point anywhere,
 * so lists, strings and programs may overlap, and a small file could otherwise describe more than fits in memory.
 *
 * Invariant: only work that is done once per file is counted, never what a question costs each time; a file that a
 * compiler wrote uses a small part of its allowance, however long a session lasts.
 */
import { CorruptData } from './bytes.ts';

/** Small files may use this much in any case. */
const FREE = 65_536;

export class Allowance {
  readonly #what: string;
  #left: number;

  /** @param what is counted, as in "it has more … than its size allows" */
  constructor(what: string, limit: number) {
    this.#what = what;
    this.#left = FREE + limit;
  }

  /** @throws CorruptData once all is used up */
  take(count: number): void {
    this.#left -= count;
    if (this.#left < 0) throw new CorruptData(`it has more ${this.#what} than its size allows`);
  }
}

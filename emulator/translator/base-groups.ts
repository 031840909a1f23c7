/**
 * Accesses of a block from one base register, checked once. Each access is known by the value its register had when the
 * block knew nothing of it (`origin`) and the constant distance from it, through moves, additions of constants, pushes
 * and pops. A first pass over the block records all of them; those near each other become a group, which its first
 * access checks as a whole, and whose host address then serves them all.
 *
 * Invariant: between the check and the last access nothing leaves WebAssembly, so no table changes.
 */
import { ZERO } from '../cpu/registers.ts';
import type { Code } from './code.ts';

/** A group that is longer would more often reach into a page that is not there. */
const SPAN_MAX = 512;

export interface Tracked {
  readonly origin: number;
  readonly offset: number;
}

/** Absolute addresses are one origin for each page. */
const ABSOLUTE = 0x1_0000;

export class Bases {
  readonly #code: Code;
  readonly #known: ({ readonly version: number; readonly tracked: Tracked } | undefined)[] = [];
  #origins = 0;

  constructor(code: Code) {
    this.#code = code;
  }

  /** A register (or ZERO) plus a constant. */
  at(register: number, offset: number): Tracked {
    if (register === ZERO) return { origin: ABSOLUTE + (offset >>> 12), offset };
    const version = this.#code.versions[register];
    let known = this.#known[register];
    if (known?.version !== version) {
      known = { version, tracked: { origin: this.#origins++, offset: 0 } };
      this.#known[register] = known;
    }
    const { tracked } = known;
    return { origin: tracked.origin, offset: (tracked.offset + offset) | 0 };
  }

  /** The register has just been set to this. */
  is(register: number, tracked: Tracked): void {
    this.#known[register] = { version: this.#code.versions[register], tracked };
  }
}

export interface Access extends Tracked {
  readonly size: number;
  readonly write: boolean;
}

export interface Group {
  readonly number: number;
  /** Offsets from the origin; `end` is after the last byte. */
  readonly start: number;
  readonly end: number;
  readonly write: boolean;
}

export interface GroupPlan {
  /** The group of the block's next access, if it has one. */
  next(access: Access): Group | undefined;
}

/** Has no groups, and remembers the accesses. */
export class GroupRecorder implements GroupPlan {
  readonly accesses: Access[] = [];

  next(access: Access): undefined {
    this.accesses.push(access);
  }
}

export class Groups implements GroupPlan {
  readonly #groupOf: readonly (Group | undefined)[];
  #at = 0;

  constructor(accesses: readonly Access[]) {
    const drafts: { origin: number; start: number; end: number; write: boolean; members: number[] }[] = [];
    accesses.forEach(({ origin, offset, size, write }, index) => {
      const draft = drafts.find(
        (candidate) =>
          candidate.origin === origin &&
          Math.max(candidate.end, offset + size) - Math.min(candidate.start, offset) <= SPAN_MAX,
      );
      if (draft === undefined) {
        drafts.push({ origin, start: offset, end: offset + size, write, members: [index] });
        return;
      }
      draft.start = Math.min(draft.start, offset);
      draft.end = Math.max(draft.end, offset + size);
      draft.write ||= write;
      draft.members.push(index);
    });
    const groupOf: (Group | undefined)[] = accesses.map(() => undefined);
    let number = 0;
    for (const { start, end, write, members } of drafts) {
      if (members.length < 2) continue;
      const group = { number: number++, start, end, write };
      for (const member of members) groupOf[member] = group;
    }
    this.#groupOf = groupOf;
  }

  next(): Group | undefined {
    return this.#groupOf[this.#at++];
  }
}

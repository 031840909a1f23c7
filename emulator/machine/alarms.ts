/**
 * The alarm clock of the board: one slot a device, in units of instructions.
 *
 * Invariant: of several alarms due, the earliest goes first, then the one whose device stands first on the board.
 */
import type { Clock } from '../devices/clock.ts';

interface Slot {
  readonly name: string;
  readonly ring: () => void;
  at: number | undefined;
}

export class Alarms {
  readonly #slots: Slot[] = [];
  readonly #now: () => number;
  readonly #changed: () => void;
  #next = Infinity;

  /** @param changed called when the next alarm moved: whoever runs the CPU looks at `next` again */
  constructor(now: () => number, changed: () => void) {
    this.#now = now;
    this.#changed = changed;
  }

  /** The clock of one device. `ring` is called by `fire`. */
  clockFor(name: string, ring: () => void): Clock {
    const slot: Slot = { name, ring, at: undefined };
    this.#slots.push(slot);
    return {
      now: this.#now,
      setAlarm: (at) => {
        if (slot.at === at) return;
        slot.at = at;
        this.#recompute();
      },
    };
  }

  /** When the next alarm is due; Infinity without one. */
  get next(): number {
    return this.#next;
  }

  /** Rings everything that is due now. A bell may set its own alarm again, but only into the future. */
  fire(): void {
    const now = this.#now();
    while (this.#next <= now) {
      const slot = this.#slots.find((candidate) => candidate.at === this.#next)!;
      slot.at = undefined;
      this.#recompute();
      slot.ring();
    }
  }

  reset(): void {
    for (const slot of this.#slots) slot.at = undefined;
    this.#recompute();
  }

  save(): Record<string, number> {
    return Object.fromEntries(this.#slots.flatMap(({ name, at }) => (at === undefined ? [] : [[name, at] as const])));
  }

  restore(saved: Readonly<Record<string, number>>): void {
    for (const slot of this.#slots) slot.at = saved[slot.name];
    this.#recompute();
  }

  #recompute(): void {
    let next = Infinity;
    for (const { at } of this.#slots) if (at !== undefined && at < next) next = at;
    if (next === this.#next) return;
    this.#next = next;
    this.#changed();
  }
}

/** Seeded random numbers for tests (xorshift32), so that a failure can be repeated. */
export class Random {
  readonly seedText: string;
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
    this.seedText = `seed ${String(seed)}`;
  }

  /** 32 random bits, as an int32. */
  int32(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x;
  }

  byte(): number {
    return (this.int32() >>> 11) & 0xff;
  }

  /** A number from 0 up to, and not including, `end`. */
  below(end: number): number {
    return (this.int32() >>> 4) % end;
  }
}

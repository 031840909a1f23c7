/**
 * What the engines are compared on: workloads of the benchmark kernel (guest/bench), and a run of the real one. A count
 * is chosen so that QEMU's TCG takes about a second.
 */
export interface Case {
  readonly name: string;
  readonly what: string;
  /** Repetitions, as the benchmark kernel's command line has them. 0: the guest's own kernel runs the program of that name. */
  readonly count: number;
}

//  name           count  what
const ROWS = [
  ['sieve', 250, 'primes below 2^18, a byte each'],
  ['collatz', 600, 'branches that depend on data'],
  ['memset', 15_000, "64 KiB by the library's loop of stores"],
  ['memcpy', 13_000, "64 KiB by the library's loop of loads and stores, every other one misaligned"],
  ['list', 2, 'a list of a million nodes all over 16 MiB'],
  ['sha256', 250, 'SHA-256 of 64 KiB'],
  ['crc32', 1_800, 'CRC-32 of 64 KiB by table'],
  ['slab', 1_600, "the guest's slab allocator: 2,000 allocations and releases"],
  ['calls', 1_800, '10,000 calls through pointers to 16 functions'],
  ['rep-strings', 180, 'rep stosd and rep movsd of 4 KiB and of 256 KiB'],
  ['x87', 80, '1,024 points of the Mandelbrot set on the x87'],
  ['system-call', 550, '1,000 times int 0x30 from ring 3, and iret'],
  ['page-fault', 450, '1,024 page faults, each maps a page'],
  ['invlpg', 1_300, '1,000 times: map another frame, invlpg, touch'],
  ['cr3', 700, '100 reloads of CR3, 32 pages touched after each'],
  ['run-once', 1, '2 MiB of straight code, made, and run once or twice'],
  ['rustshim', 0, 'the whole run of a program on the JOS kernel, boot included'],
] as const;

export const CASES: readonly Case[] = ROWS.map(([name, count, what]) => ({ name, count, what }));

/** Enough for the benchmark kernel's buffers (guest/bench/src/machine/memory.rs). */
export const BENCH_MEBIBYTES = 64;
/** The command line's default. */
export const GUEST_MEBIBYTES = 32;

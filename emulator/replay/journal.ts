/**
 * Everything that reached the machine from outside, with the instruction count at which it did.
 *
 * Invariant: the same image and the same journal give the same state at every instruction count. So an entry is
 * written before it takes effect, and nothing changes the machine between two instructions without one.
 */
export type JournalEntry = { readonly at: number } & JournalEvent;

export type JournalEvent =
  /** Bytes for the guest's COM1. */
  | { readonly kind: 'serial-input'; readonly bytes: Uint8Array }
  /** Scancodes (set 1) from the keyboard. */
  | { readonly kind: 'key-input'; readonly scancodes: readonly number[] }
  /** A debugger's write to physical memory. */
  | { readonly kind: 'poke'; readonly physical: number; readonly bytes: Uint8Array }
  /** A debugger's write to a register, by the name `cpu.registers` gives it. */
  | { readonly kind: 'set-register'; readonly register: string; readonly value: number }
  /** The same to one of the FPU or SIMD units, by the name `cpu.readFpuRegister` takes. */
  | { readonly kind: 'set-fpu-register'; readonly register: string; readonly bytes: Uint8Array };

export class Journal {
  readonly #entries: JournalEntry[] = [];

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  append(at: number, event: JournalEvent): void {
    this.#entries.push({ ...event, at });
  }

  /** Forgets all but the first `length` entries: the machine went back in time and may take another way. */
  truncate(length: number): void {
    this.#entries.length = Math.min(this.#entries.length, length);
  }
}

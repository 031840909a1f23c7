/**
 * What a device is to the board: registers behind ports, an alarm, and state that can be saved by name.
 * Devices know neither each other nor the CPU; what they drive (an interrupt line, a console) are pins the board hands them.
 *
 * Invariant: everything that changes while the machine runs stands in `state`, so that `save` cannot forget a field.
 */
import { assert } from '../assert.ts';
import type { AccessSize } from '../cpu/cpu-bus.ts';

export type SavedValue =
  number | string | boolean | null | Uint8Array | readonly SavedValue[] | { readonly [field: string]: SavedValue };

/** State by field name. `version` grows when a field changes its meaning. */
export interface SavedState {
  readonly version: number;
  readonly [field: string]: SavedValue;
}

/** A device's registers for people: names as in the datasheet. Reading it changes nothing. */
export type RegisterRecord = Readonly<Record<string, number | string | boolean>>;

/** Bytes of a queue or a register file, for people. */
export const hexBytes = (bytes: readonly number[]): string =>
  bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** An output pin: the board connects it. */
export type Line = (level: boolean) => void;

export abstract class Device<State extends { version: number } = { version: number }> {
  abstract readonly name: string;
  protected state: State;
  readonly #powerOn: () => State;

  constructor(powerOn: () => State) {
    this.#powerOn = powerOn;
    this.state = powerOn();
  }

  /** @param offset from the first port of the board's row. Wider accesses come as bytes unless the row says `wide`. */
  readPort(_offset: number, size: AccessSize): number {
    return size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff;
  }

  writePort(_offset: number, _size: AccessSize, _value: number): void {
    return;
  }

  /** The time asked for with `Clock.setAlarm` has come; `now()` is at or after it. */
  alarm(): void {
    return;
  }

  abstract inspect(): RegisterRecord;

  reset(): void {
    this.state = this.#powerOn();
  }

  save(): SavedState {
    return copyState(this.state as unknown as SavedState);
  }

  restore(saved: SavedState): void {
    const { version } = this.#powerOn();
    assert(
      saved.version === version,
      `${this.name}: snapshot version ${String(saved.version)}, expected ${String(version)}`,
    );
    this.state = copyState(saved) as unknown as State;
  }
}

/** A deep copy of plain state: numbers, strings, arrays, byte arrays, records. */
export function copyState<T extends SavedValue>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return value.slice() as SavedValue as T;
  if (Array.isArray(value)) return (value as readonly SavedValue[]).map(copyState) as SavedValue as T;
  const copy: Record<string, SavedValue> = {};
  for (const [field, item] of Object.entries(value as Record<string, SavedValue>)) copy[field] = copyState(item);
  return copy as SavedValue as T;
}

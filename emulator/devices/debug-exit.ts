/**
 * isa-debug-exit: a write ends the machine with a verdict. QEMU, hw/misc/debugexit.c.
 * QEMU's process then exits with `(value << 1) | 1`; here the value itself is the verdict, 0 for success.
 */
import type { AccessSize } from '../cpu/cpu-bus.ts';
import { Device, type RegisterRecord } from './device.ts';

export class DebugExit extends Device<{ version: number; written: number | null }> {
  readonly name = 'debug-exit';
  readonly #exit: (code: number) => void;

  constructor(pins: { readonly exit: (code: number) => void }) {
    super(() => ({ version: 1, written: null }));
    this.#exit = pins.exit;
  }

  override readPort(_offset: number, _size: AccessSize): number {
    return 0;
  }

  override writePort(_offset: number, _size: AccessSize, value: number): void {
    this.state.written = value;
    this.#exit(value);
  }

  override inspect(): RegisterRecord {
    return { written: this.state.written ?? 'nothing' };
  }
}

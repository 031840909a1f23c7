/**
 * The coprocessor error latch of the PC/AT: FERR# becomes IRQ 13 until the handler writes port F0h.
 * IBM PC AT Technical Reference, "Math Coprocessor"; SDM Vol. 1, "MS-DOS Compatibility Sub-mode". Only kernels that leave
 * CR0.NE clear meet it.
 */
import type { AccessSize } from '../cpu/cpu-bus.ts';
import { Device, type Line, type RegisterRecord } from './device.ts';

export class CoprocessorError extends Device<{ version: number; latched: boolean }> {
  readonly name = 'coprocessor-error';
  readonly #interrupt: Line;

  constructor(pins: { readonly interrupt: Line }) {
    super(() => ({ version: 1, latched: false }));
    this.#interrupt = pins.interrupt;
  }

  /** FERR# has gone low. */
  latch(): void {
    this.state.latched = true;
    this.#interrupt(true);
  }

  override writePort(offset: number, _size: AccessSize, _value: number): void {
    // Port F1h resets a coprocessor that stood beside the processor; it does nothing here.
    if (offset !== 0) return;
    this.state.latched = false;
    this.#interrupt(false);
  }

  override inspect(): RegisterRecord {
    return { latched: this.state.latched };
  }
}

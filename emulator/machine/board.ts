/**
 * The board: which device answers which port, on which interrupt line, and how their pins are joined.
 *
 * Invariant: devices meet here and nowhere else. All of it but the wiring is in the table of rows below.
 */
import type { AccessSize, CpuBus } from '../cpu/cpu-bus.ts';
import { CoprocessorError } from '../devices/coprocessor-error.ts';
import { Crtc6845 } from '../devices/crtc-6845.ts';
import { DebugExit } from '../devices/debug-exit.ts';
import type { Device, RegisterRecord, SavedState } from '../devices/device.ts';
import { Keyboard8042 } from '../devices/keyboard-8042.ts';
import { LocalApic } from '../devices/local-apic.ts';
import { Pic8259Pair } from '../devices/pic-8259.ts';
import { Pit8254 } from '../devices/pit-8254.ts';
import { RtcMc146818 } from '../devices/rtc-mc146818.ts';
import { PageRegisters, SystemPortA, SystemPortB } from '../devices/system-ports.ts';
import { TextMemory } from '../devices/text-memory.ts';
import { TEXT_MEMORY } from '../devices/text-screen.ts';
import { Uart16550 } from '../devices/uart-16550.ts';
import { Unimplemented } from '../devices/unimplemented.ts';
import { assert } from '../assert.ts';
import type { Alarms } from './alarms.ts';

export interface BoardPins {
  /** RAM from physical address 0. */
  readonly ram: Uint8Array;
  readonly alarms: Alarms;
  /** INTR of the CPU. */
  readonly interrupt: (level: boolean) => void;
  /** EIP of the instruction that accesses a device. */
  readonly eip: () => number;
  readonly serialOutput: (byte: number) => void;
  readonly exit: (code: number) => void;
  /** The guest asked for a reset through the named device. */
  readonly reset: (by: string) => void;
  /** The A20 line. Port 92h and the keyboard controller drive it, and the last to do so wins, as under QEMU. */
  readonly a20: (level: boolean) => void;
}

interface Row {
  readonly device: Device;
  readonly first: number;
  readonly count: number;
  /** The device's offset of `first`. */
  readonly offset?: number;
  /** Takes 16- and 32-bit accesses whole. */
  readonly wide?: boolean;
}

const PORTS_WITH_DEVICES = 0x400;
const TEXT_MEMORY_BYTES = 0x8000;

export class Board implements CpuBus {
  readonly apic: LocalApic;
  readonly pic: Pic8259Pair;
  readonly pit: Pit8254;
  readonly rtc: RtcMc146818;
  readonly uart: Uart16550;
  readonly keyboard: Keyboard8042;
  readonly crtc: Crtc6845;
  readonly unimplemented: Unimplemented;
  /** All devices, in the order of alarms, snapshots and displays. */
  readonly devices: readonly Device[];
  /** For statistics; no part of the state. */
  interruptsAcknowledged = 0;
  readonly #coprocessorError: CoprocessorError;
  readonly #textMemory: TextMemory;
  readonly #rows: (Row | undefined)[] = new Array<Row | undefined>(PORTS_WITH_DEVICES).fill(undefined);

  constructor(pins: BoardPins) {
    const clock = (name: string, device: () => Device) => pins.alarms.clockFor(name, () => device().alarm());
    // The interrupt controllers first: the others' lines lead to them.
    const apic: LocalApic = new LocalApic({ clock: clock('lapic', () => apic), interrupt: pins.interrupt });
    const pic = new Pic8259Pair({ interrupt: (level) => apic.setLint0(level) });
    const irq = (line: number) => (level: boolean) => pic.setLine(line, level);
    const { a20 } = pins;

    const pit: Pit8254 = new Pit8254({ clock: clock('pit', () => pit), interrupt: irq(0) });
    const keyboard: Keyboard8042 = new Keyboard8042({
      clock: clock('keyboard', () => keyboard),
      interrupt: irq(1),
      a20,
      reset: () => pins.reset('keyboard controller'),
    });
    const uart: Uart16550 = new Uart16550({
      clock: clock('uart', () => uart),
      interrupt: irq(4),
      transmit: pins.serialOutput,
    });
    const rtc: RtcMc146818 = new RtcMc146818({ clock: clock('rtc', () => rtc), interrupt: irq(8) }, pins.ram.length);
    const portB: SystemPortB = new SystemPortB({
      clock: clock('port-61h', () => portB),
      gate2: (level) => pit.setGate2(level),
      output2: () => pit.output2(),
    });
    const portA = new SystemPortA({ a20, reset: () => pins.reset('port 92h') });
    const post = new PageRegisters();
    const crtc: Crtc6845 = new Crtc6845({ clock: clock('crtc', () => crtc) });
    const coprocessorError = new CoprocessorError({ interrupt: irq(13) });
    const debugExit = new DebugExit({ exit: pins.exit });
    const unimplemented = new Unimplemented({ eip: pins.eip });

    const rows: readonly Row[] = [
      { device: pic, first: 0x020, count: 2 },
      { device: pic, first: 0x0a0, count: 2, offset: 2 },
      { device: pit, first: 0x040, count: 4 },
      { device: keyboard, first: 0x060, count: 1 },
      { device: keyboard, first: 0x064, count: 1, offset: 4 },
      { device: portB, first: 0x061, count: 1 },
      { device: rtc, first: 0x070, count: 2 },
      { device: post, first: 0x080, count: 16 },
      { device: portA, first: 0x092, count: 1 },
      { device: coprocessorError, first: 0x0f0, count: 2 },
      { device: debugExit, first: 0x0f4, count: 4, wide: true },
      { device: crtc, first: 0x3d4, count: 2 },
      { device: crtc, first: 0x3da, count: 1, offset: 6 },
      { device: uart, first: 0x3f8, count: 8 },
    ];
    for (const row of rows) this.#rows.fill(row, row.first, row.first + row.count);

    this.#textMemory = new TextMemory(pins.ram.subarray(TEXT_MEMORY, TEXT_MEMORY + TEXT_MEMORY_BYTES));
    this.apic = apic;
    [this.pic, this.pit, this.rtc, this.uart, this.keyboard] = [pic, pit, rtc, uart, keyboard];
    [this.crtc, this.unimplemented] = [crtc, unimplemented];
    this.#coprocessorError = coprocessorError;
    this.devices = [
      pic,
      apic,
      pit,
      rtc,
      uart,
      keyboard,
      portB,
      portA,
      post,
      crtc,
      coprocessorError,
      debugExit,
      unimplemented,
    ];
  }

  /** Drives the lines that are high at power-on. Called once the CPU is there. */
  powerOn(): void {
    this.pit.connect();
  }

  floatingPointError(): void {
    this.#coprocessorError.latch();
  }

  // An 8-bit device sees a wide access as one byte cycle after another, as on the ISA bus.
  readPort(port: number, size: AccessSize): number {
    const row = this.#rows[port];
    if (size === 1 || row?.wide) return this.#readRow(row, port, size);
    let value = 0;
    if (this.#anyDevice(port, size)) {
      for (let i = 0; i < size; i++) value += this.#readRow(this.#rows[port + i], port + i, 1) * 2 ** (8 * i);
      return value;
    }
    return this.unimplemented.readPort(port, size);
  }

  writePort(port: number, size: AccessSize, value: number): void {
    const row = this.#rows[port];
    if (size === 1 || row?.wide) this.#writeRow(row, port, size, value);
    else if (this.#anyDevice(port, size)) {
      for (let i = 0; i < size; i++) this.#writeRow(this.#rows[port + i], port + i, 1, (value >>> (8 * i)) & 0xff);
    } else this.unimplemented.writePort(port, size, value);
  }

  readMmio(physical: number, size: AccessSize): number {
    const offset = physical - TEXT_MEMORY;
    if (offset >= 0 && offset < TEXT_MEMORY_BYTES) return this.#textMemory.read(offset, size);
    if (this.apic.claims(physical)) return this.apic.readMemory(physical & 0xfff, size);
    return this.unimplemented.readMemory(physical, size);
  }

  writeMmio(physical: number, size: AccessSize, value: number): void {
    const offset = physical - TEXT_MEMORY;
    if (offset >= 0 && offset < TEXT_MEMORY_BYTES) this.#textMemory.write(offset, size, value);
    else if (this.apic.claims(physical)) this.apic.writeMemory(physical & 0xfff, size, value);
    else this.unimplemented.writeMemory(physical);
  }

  acknowledgeInterrupt(): number {
    this.interruptsAcknowledged++;
    return this.apic.acknowledge(() => this.pic.acknowledge());
  }

  writeApicBase(base: number, enabled: boolean): void {
    this.apic.setBase(base, enabled);
  }

  save(): Record<string, SavedState> {
    return Object.fromEntries(this.devices.map((device) => [device.name, device.save()]));
  }

  restore(saved: Readonly<Record<string, SavedState>>): void {
    for (const device of this.devices) {
      const state = saved[device.name];
      assert(state !== undefined, `the snapshot has no device "${device.name}"`);
      device.restore(state);
    }
  }

  /** Every device's registers, for people. */
  inspect(): readonly { readonly name: string; readonly registers: RegisterRecord }[] {
    return this.devices.map((device) => ({ name: device.name, registers: device.inspect() }));
  }

  #anyDevice(port: number, size: AccessSize): boolean {
    for (let i = 0; i < size; i++) if (this.#rows[port + i]) return true;
    return false;
  }

  #readRow(row: Row | undefined, port: number, size: AccessSize): number {
    if (!row) return this.unimplemented.readPort(port, size);
    return row.device.readPort(port - row.first + (row.offset ?? 0), size);
  }

  #writeRow(row: Row | undefined, port: number, size: AccessSize, value: number): void {
    if (!row) this.unimplemented.writePort(port, size, value);
    else row.device.writePort(port - row.first + (row.offset ?? 0), size, value);
  }
}

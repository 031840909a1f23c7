/**
 * Everything the board has no device for: reads float high, writes go nowhere, and each port or page of address space is
 * remembered with the instruction that touched it first, so that a guest in trouble can be told what it misses.
 */
import type { AccessSize } from '../cpu/cpu-bus.ts';
import { Device, type RegisterRecord } from './device.ts';

export interface UnknownAccess {
  readonly space: 'port' | 'memory';
  /** The port, or the first physical address of the page. */
  readonly address: number;
  /** What a PC has there, if it is well known. */
  readonly wellKnownAs: string | undefined;
  readonly reads: number;
  readonly writes: number;
  /** EIP of the first access. */
  readonly firstEip: number;
}

//  first    last     what a PC has there
const WELL_KNOWN_PORTS: readonly (readonly [number, number, string])[] = [
  [0x0000, 0x000f, 'DMA controller 1'],
  [0x00c0, 0x00df, 'DMA controller 2'],
  [0x00f0, 0x00ff, 'coprocessor'],
  [0x0170, 0x0177, 'secondary ATA channel'],
  [0x01ce, 0x01cf, 'Bochs VBE display'],
  [0x01f0, 0x01f7, 'primary ATA channel'],
  [0x0278, 0x027a, 'parallel port 2'],
  [0x02e8, 0x02ef, 'serial port 4'],
  [0x02f8, 0x02ff, 'serial port 2'],
  [0x0376, 0x0376, 'secondary ATA control'],
  [0x0378, 0x037a, 'parallel port 1'],
  [0x03b0, 0x03bf, 'monochrome display'],
  [0x03c0, 0x03cf, 'VGA sequencer, graphics and attribute controllers'],
  [0x03d0, 0x03df, 'colour display mode registers'],
  [0x03e8, 0x03ef, 'serial port 3'],
  [0x03f0, 0x03f7, 'floppy disk controller'],
  [0x04d0, 0x04d1, 'interrupt edge/level control (ELCR)'],
  [0x0510, 0x0517, 'QEMU firmware configuration'],
  [0x0604, 0x0605, 'ACPI power management'],
  [0x0cf8, 0x0cff, 'PCI configuration'],
];

const WELL_KNOWN_WINDOWS: readonly (readonly [number, number, string])[] = [
  [0xfec00000, 0xfec00fff, 'I/O APIC'],
  [0xfed00000, 0xfed003ff, 'HPET'],
  [0xfee00000, 0xfee00fff, 'local APIC, disabled'],
  [0xfffe0000, 0xffffffff, 'firmware ROM'],
];

interface Entry {
  reads: number;
  writes: number;
  firstEip: number;
}

interface UnimplementedState {
  version: number;
  ports: Record<string, Entry>;
  pages: Record<string, Entry>;
}

export class Unimplemented extends Device<UnimplementedState> {
  readonly name = 'unimplemented';
  readonly #eip: () => number;

  constructor(pins: { readonly eip: () => number }) {
    super(() => ({ version: 1, ports: {}, pages: {} }));
    this.#eip = pins.eip;
  }

  /** @param offset the port itself */
  override readPort(offset: number, size: AccessSize): number {
    this.#entry(this.state.ports, offset).reads++;
    return size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff;
  }

  override writePort(offset: number, _size: AccessSize, _value: number): void {
    this.#entry(this.state.ports, offset).writes++;
  }

  readMemory(physical: number, size: AccessSize): number {
    this.#entry(this.state.pages, physical - (physical % 4096)).reads++;
    return size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff;
  }

  writeMemory(physical: number): void {
    this.#entry(this.state.pages, physical - (physical % 4096)).writes++;
  }

  /** Ports first, each by address. */
  report(): readonly UnknownAccess[] {
    return [
      ...list('port', this.state.ports, WELL_KNOWN_PORTS),
      ...list('memory', this.state.pages, WELL_KNOWN_WINDOWS),
    ];
  }

  override inspect(): RegisterRecord {
    return Object.fromEntries(
      this.report().map(({ space, address, wellKnownAs, reads, writes, firstEip }) => [
        `${space} ${hex(address)}`,
        `${wellKnownAs ?? 'unknown'}: ${reads} reads, ${writes} writes, first at EIP ${hex(firstEip)}`,
      ]),
    );
  }

  #entry(table: Record<string, Entry>, address: number): Entry {
    return (table[address] ??= { reads: 0, writes: 0, firstEip: this.#eip() });
  }
}

const hex = (value: number): string => '0x' + value.toString(16);

function list(
  space: 'port' | 'memory',
  table: Readonly<Record<string, Entry>>,
  names: readonly (readonly [number, number, string])[],
): UnknownAccess[] {
  return Object.entries(table).map(([key, entry]) => {
    const address = Number(key);
    const wellKnownAs = names.find(([first, last]) => address >= first && address <= last)?.[2];
    return { space, address, wellKnownAs, ...entry };
  });
}

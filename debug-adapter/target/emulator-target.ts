/**
 * The embedded PC as a target. The only file of the debugger that knows the emulator.
 */
import { EventStop, type CpuEvent } from '../../emulator/cpu/events.ts';
import { Machine } from '../../emulator/machine/machine.ts';
import type { MachineRecipe } from '../launch/launcher.ts';
import { success, type Result } from '../result.ts';
import { lastEntry, mappedRanges, translatePage, walkPageTables, type PhysicalReader } from './page-tables.ts';
import type { FpuRegisterName, RegisterName } from './registers.ts';
import {
  PHYSICAL_SPACE,
  type DataAccess,
  type DeviceState,
  type EventStops,
  type LinearAddress,
  type MappedRange,
  type PageWalk,
  type PhysicalAddress,
  type ProbeId,
  type ProbeJudge,
  type Space,
  type Target,
  type TargetEvent,
  type TargetStop,
  type TranslatedRegion,
} from './target.ts';

const PAGE_BYTES = 4096;
const PAGE_FAULT = 14;
const CR0_PG = 0x80000000;
const CR4_PSE = 0x10;
const CR4_PAE = 0x20;
const SEGMENTS: ReadonlySet<string> = new Set(['cs', 'ss', 'ds', 'es', 'fs', 'gs', 'ldtr', 'tr']);

type SegmentName = keyof Machine['cpu']['registers']['segments'];
type NumberName = Exclude<keyof Machine['cpu']['registers'], 'segments'>;

export function createEmulatorTarget(recipe: MachineRecipe): Result<Target> {
  const machine = Machine.create(recipe);
  return machine.ok ? success(new EmulatorTarget(machine.value)) : machine;
}

/** The debugger's view of a machine that somebody else made and runs. */
export function targetOf(machine: Machine): Target {
  return new EmulatorTarget(machine);
}

class EmulatorTarget implements Target {
  private readonly machine: Machine;
  private readonly reader: PhysicalReader;
  private serialTaken = 0;

  constructor(machine: Machine) {
    this.machine = machine;
    const { ram } = machine.memory;
    const { registers } = machine.cpu;
    this.reader = {
      word: (address) =>
        address >= 0 && address + 4 <= ram.length
          ? (ram[address]! | (ram[address + 1]! << 8) | (ram[address + 2]! << 16) | (ram[address + 3]! << 24)) >>> 0
          : undefined,
      get largePages() {
        return (registers.cr4 & CR4_PSE) !== 0;
      },
      get pae() {
        return (registers.cr4 & CR4_PAE) !== 0;
      },
    };
  }

  get instructionCount(): number {
    return this.machine.instructionCount;
  }

  get deliveryCount(): number {
    return this.machine.cpu.deliveryCount;
  }

  get halted(): boolean {
    return this.machine.cpu.halted;
  }

  get cpl(): number {
    return this.machine.cpu.registers.cpl;
  }

  get space(): Space {
    const { cr0, cr3 } = this.machine.cpu.registers;
    return (cr0 & CR0_PG) === 0 ? PHYSICAL_SPACE : (cr3 & (this.reader.pae ? ~0x1f : ~0xfff)) >>> 0;
  }

  get stopOnRingChange(): boolean {
    return this.machine.cpu.ringStops;
  }

  set stopOnRingChange(stop: boolean) {
    this.machine.cpu.ringStops = stop;
  }

  readRegister(name: RegisterName): number {
    const { registers } = this.machine.cpu;
    // What conditions ask for at every hit; a property with a name known here is much quicker than one by any name.
    switch (name) {
      case 'eip':
        return registers.eip;
      case 'ebp':
        return registers.ebp;
      case 'esp':
        return registers.esp;
      default:
    }
    if (SEGMENTS.has(name)) return registers.segments[name as SegmentName].selector;
    return registers[name as NumberName] >>> 0;
  }

  writeRegister(name: RegisterName, value: number): boolean {
    // A selector without its descriptor would be a state that no CPU can be in.
    if (SEGMENTS.has(name)) return false;
    this.machine.setRegister(name, value >>> 0);
    return this.readRegister(name) === value >>> 0;
  }

  readFpuRegister(name: FpuRegisterName): Uint8Array | undefined {
    return this.machine.cpu.readFpuRegister(name);
  }

  writeFpuRegister(name: FpuRegisterName, bytes: Uint8Array): boolean {
    if (this.readFpuRegister(name) === undefined) return false;
    this.machine.setFpuRegister(name, bytes);
    return this.readFpuRegister(name)!.every((byte, n) => byte === bytes[n]);
  }

  read(space: Space, address: LinearAddress, length: number): Uint8Array {
    const { ram } = this.machine.memory;
    const first = this.translate(space, address);
    if (first === undefined || length <= 0) return new Uint8Array(0);
    const inFirstPage = PAGE_BYTES - (address % PAGE_BYTES);
    if (length <= inFirstPage) return ram.slice(first, first + length);
    const bytes = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const linear = address + at;
      const physical = linear > 0xffffffff ? undefined : this.translate(space, linear);
      if (physical === undefined) break;
      const run = Math.min(PAGE_BYTES - (linear % PAGE_BYTES), length - at, ram.length - physical);
      bytes.set(ram.subarray(physical, physical + run), at);
      at += run;
      if (run === 0) break;
    }
    return bytes.subarray(0, at);
  }

  readNumber(space: Space, address: LinearAddress, sizeBytes: number): number {
    const { ram } = this.machine.memory;
    const at = this.translate(space, address);
    if (at === undefined) return NaN;
    if ((address & (PAGE_BYTES - 1)) + sizeBytes > PAGE_BYTES || at + sizeBytes > ram.length) {
      const bytes = this.read(space, address, sizeBytes);
      return bytes.length < sizeBytes ? NaN : bytes.reduceRight((value, byte) => value * 256 + byte, 0);
    }
    switch (sizeBytes) {
      case 1:
        return ram[at]!;
      case 2:
        return ram[at]! | (ram[at + 1]! << 8);
      case 4:
        return (ram[at]! | (ram[at + 1]! << 8) | (ram[at + 2]! << 16) | (ram[at + 3]! << 24)) >>> 0;
      default: {
        let value = 0;
        for (let i = sizeBytes - 1; i >= 0; i--) value = value * 256 + ram[at + i]!;
        return value;
      }
    }
  }

  write(space: Space, address: LinearAddress, bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      const linear = address + at;
      const physical = linear > 0xffffffff ? undefined : this.translate(space, linear);
      if (physical === undefined) break;
      const run = Math.min(
        PAGE_BYTES - (linear % PAGE_BYTES),
        bytes.length - at,
        this.machine.memory.ramBytes - physical,
      );
      if (run <= 0) break;
      this.machine.poke(physical, bytes.slice(at, at + run));
      at += run;
    }
    return at;
  }

  /** @returns undefined for what is not mapped, and for what is not RAM: a device's window cannot be read without effect */
  translate(space: Space, address: LinearAddress): PhysicalAddress | undefined {
    const physical = space === PHYSICAL_SPACE ? address : translatePage(this.reader, space, address);
    return physical !== undefined && physical >= 0 && physical < this.machine.memory.ramBytes ? physical : undefined;
  }

  walk(space: Space, address: LinearAddress): PageWalk {
    if (space === PHYSICAL_SPACE) return { levels: [], physical: address };
    return walkPageTables(this.reader, space, address);
  }

  entry(space: Space, address: LinearAddress): number | undefined {
    const value = space === PHYSICAL_SPACE ? undefined : lastEntry(this.reader, space, address);
    return value === undefined ? undefined : value >>> 0;
  }

  mappedRanges(space: Space, start: LinearAddress, end: LinearAddress, rangesMax: number): MappedRange[] {
    return space === PHYSICAL_SPACE ? [] : mappedRanges(this.reader, space, start, end, rangesMax);
  }

  addProbe(address: LinearAddress, space: Space | undefined): ProbeId {
    return this.machine.cpu.probes.addCode(
      space === PHYSICAL_SPACE ? { physical: address } : { linear: address, space },
    );
  }

  addDataProbe(space: Space | undefined, address: LinearAddress, lengthBytes: number, access: DataAccess): ProbeId {
    const where = space === PHYSICAL_SPACE ? { physical: address } : { linear: address, space };
    return this.machine.cpu.probes.addData({ ...where, lengthBytes, access });
  }

  removeProbe(id: ProbeId): void {
    this.machine.cpu.probes.remove(id);
  }

  probesHere(): readonly ProbeId[] {
    const { probes, registers } = this.machine.cpu;
    const linear = (registers.segments.cs.base + registers.eip) >>> 0;
    // Physical probes are matched by the page's frame; -1 is nobody's.
    return probes.matching(linear | 0, this.translate(this.space, linear) ?? -1);
  }

  run(limit: number, passProbes: boolean, judge?: ProbeJudge): TargetStop {
    this.machine.cpu.probeJudge = judge;
    const stop = this.machine.run(limit, passProbes);
    this.machine.cpu.probeJudge = undefined;
    if (stop.reason === 'event') return { reason: 'event', event: this.eventOf(stop.event) };
    if (stop.reason !== 'exception') return stop;
    const { vector, errorCode, before = [] } = stop;
    const cr2 = vector === PAGE_FAULT ? this.readRegister('cr2') : undefined;
    return { reason: 'exception', fault: { vector, errorCode, eip: this.readRegister('eip'), cr2 }, before };
  }

  stopOnEvents({ exceptions, interrupts, rings, cr0, cr3 }: EventStops): void {
    const { cpu } = this.machine;
    cpu.exceptionStops = exceptions;
    cpu.eventStops =
      (interrupts ? EventStop.INTERRUPT : 0) |
      (rings ? EventStop.RING : 0) |
      (cr0 ? EventStop.CR0 : 0) |
      (cr3 ? EventStop.CR3 : 0);
  }

  private eventOf(event: CpuEvent): TargetEvent {
    return event.kind === 'interrupt' ? { ...event, irq: this.lineOf(event.vector) } : event;
  }

  /** The input of the interrupt controllers that a vector stands for, as they are programmed now. */
  private lineOf(vector: number): number | undefined {
    for (const { registers } of this.inspectDevices()) {
      const { masterVectorBase: master, slaveVectorBase: slave } = registers;
      if (typeof master === 'number' && vector >= master && vector < master + 8) return vector - master;
      if (typeof slave === 'number' && vector >= slave && vector < slave + 8) return 8 + vector - slave;
    }
    return undefined;
  }

  writeSerial(bytes: Uint8Array): void {
    this.machine.serial.write(bytes);
  }

  takeSerialOutput(): Uint8Array {
    const { output } = this.machine.serial;
    const bytes = output.bytes(this.serialTaken);
    this.serialTaken = output.length;
    return bytes;
  }

  serialTail(bytesMax: number): Uint8Array {
    const { output } = this.machine.serial;
    return output.bytes(Math.max(0, output.length - bytesMax));
  }

  typeKeys(text: string): void {
    this.machine.keyboard.type(text);
  }

  inspectDevices(): readonly DeviceState[] {
    return this.machine.board.inspect();
  }

  translatedRegions(address?: LinearAddress): readonly TranslatedRegion[] {
    return this.machine.cpu.translator?.list(address) ?? [];
  }
}

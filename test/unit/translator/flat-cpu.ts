/** A processor in flat memory of 64 KiB without paging; beyond it is a window that reads all ones. */
import { Cpu } from '../../../emulator/cpu/cpu.ts';
import { GuestMemory } from '../../../emulator/memory/guest-memory.ts';
import type { Engine } from '../cpu/engines.ts';

const RAM_BYTES = 0x10000;

export interface FlatCpu {
  readonly cpu: Cpu;
  readonly memory: GuestMemory;
}

export function newCpu(engine: Engine): FlatCpu {
  const memory = new GuestMemory(RAM_BYTES, []);
  const bus = {
    readPort: () => 0,
    writePort: () => undefined,
    readMmio: () => 0xffff_ffff,
    writeMmio: () => undefined,
    acknowledgeInterrupt: () => 0,
  };
  const cpu = new Cpu(memory, bus, engine);
  const { registers } = cpu;
  registers.cr0 = 0x11;
  registers.segments.cs = { selector: 8, base: 0, limit: 0xffff_ffff, attributes: 0xc09b };
  setFlat(cpu);
  return { cpu, memory };
}

export function setFlat({ registers }: Cpu): void {
  for (const name of ['es', 'ss', 'ds', 'fs', 'gs'] as const) {
    registers.segments[name] = { selector: 16, base: 0, limit: 0xffff_ffff, attributes: 0xc093 };
  }
}

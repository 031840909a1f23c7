/** The benchmark kernel (guest/bench/image), and machines that run it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Machine, type MachineOptions } from '../../../emulator/machine/machine.ts';
import { REPOSITORY } from '../../kit/repository.ts';
import { BENCH_MEBIBYTES } from './cases.ts';

export function benchKernel(): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(join(REPOSITORY, 'guest/bench/image/bench.elf.gz'))));
}

/** The options of a machine that does `count` repetitions of a workload. */
export function benchOptions(workload: string, count: number): MachineOptions {
  return {
    memoryBytes: BENCH_MEBIBYTES * 2 ** 20,
    kernel: benchKernel(),
    kernelName: 'bench.elf',
    commandLine: `${workload} ${count}`,
  };
}

export function bootBench(workload: string, count: number, translate?: MachineOptions['translate']): Machine {
  const machine = Machine.create({
    ...benchOptions(workload, count),
    ...(translate === undefined ? {} : { translate }),
  });
  if (!machine.ok) throw new Error(machine.failure.cause);
  return machine.value;
}

export function consoleOf(machine: Machine): string {
  return Buffer.from(machine.serial.output.bytes(0)).toString('latin1');
}

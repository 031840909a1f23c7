/** What a workload is, and the guest it runs on. */
import { Machine } from '../../emulator/machine/machine.ts';
import { nodeFiles } from '../../debug-adapter/node-files.ts';
import { REPOSITORY } from '../kit/repository.ts';

export type Unit = 's' | 'ms' | 'us' | 'MIPS' | 'MB' | '%' | 'instructions';

/** One figure of a workload. */
export interface Row {
  readonly name: string;
  readonly what: string;
  readonly unit: Unit;
  /** What the figure has to stay under. */
  readonly limit?: number;
  /** The row of the same task done by gdb on QEMU. */
  readonly beside?: string;
  /** `cpu`: it has its place in the comparison of processors, not in the table of all. */
  readonly section?: 'cpu';
  /** Why this figure cannot be measured here, if it cannot. Its value is then NaN. */
  readonly missing?: string;
}

/** Measured on a fresh machine or session each time; the median of the runs counts. */
export interface Workload {
  readonly rows: readonly Row[];
  readonly runs: number;
  /** Why it cannot be measured here, if it cannot. */
  readonly missing?: string | undefined;
  /** One value for each row. */
  measure(): Promise<readonly number[]>;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

export async function guestFile(name: string): Promise<Uint8Array> {
  const image = await nodeFiles(REPOSITORY).guestImage();
  const bytes = image.ok ? await image.value.load(name) : image;
  if (!bytes.ok) throw new Error(bytes.failure.cause);
  return bytes.value;
}

/** @param translate false: everything is interpreted */
export async function boot(program: string, translate?: false): Promise<Machine> {
  const machine = Machine.create({
    memoryBytes: 32 << 20,
    kernel: await guestFile('kernel'),
    commandLine: program,
    modules: [{ name: program, bytes: await guestFile(program) }],
    ...(translate === undefined ? {} : { translate }),
  });
  if (!machine.ok) throw new Error(machine.failure.cause);
  return machine.value;
}

/**
 * What breakpoints cost that never hit: 20 on instructions and 2 on data, against none, on the same machine in turn.
 * `elsewhere`: on pages where the workload spends no time; `beside`: on its own pages, on instructions it does not reach.
 */
import { Disassembler } from '../../../debug-adapter/disassembly/disassembler.ts';
import { parseElf } from '../../../debug-adapter/debug-info/elf.ts';
import { readElfImage } from '../../../emulator/machine/elf-image.ts';
import type { Machine } from '../../../emulator/machine/machine.ts';
import type { Workload } from '../workload.ts';
import { benchKernel, bootBench } from './bench-kernel.ts';
import { CASES } from './cases.ts';

const NAMES = ['sieve', 'memcpy', 'sha256', 'crc32', 'slab', 'calls', 'system-call', 'page-fault'];
const BREAKPOINTS = 20;
/** Two words at the end of the benchmark kernel's memory, which only `mix` uses. */
const DATA = [0x3f00000, 0x3f00008];
const TURNS = 6;
/** Of the comparison's repetitions. */
const SHARE = 0.5;

const SAMPLES = 2_000;
/** No divisor of a loop's length. */
const SAMPLE_INSTRUCTIONS = 9_973;
/** A page with fewer of the samples is no hot page. */
const HOT_SHARE = 0.01;

export const probesRow = (name: string, where: 'elsewhere' | 'beside'): string => `${name}-probes-${where}`;

export const PROBED = CASES.filter(({ name }) => NAMES.includes(name));

export const PROBES: readonly Workload[] = PROBED.map(({ name, count: whole }) => ({
  rows: [
    {
      name: probesRow(name, 'elsewhere'),
      what: `${name}, ${BREAKPOINTS} breakpoints and ${DATA.length} data breakpoints that never hit, on other pages: time added`,
      unit: '%',
      section: 'cpu',
    },
    {
      name: probesRow(name, 'beside'),
      what: 'the same on the hot pages, on instructions that are not reached',
      unit: '%',
      section: 'cpu',
    },
  ],
  runs: 1,
  measure: async () => {
    const count = Math.ceil(whole * SHARE);
    const places = await placesOf(name, count);
    const variants = [[], places.elsewhere, places.beside];
    const least = variants.map(() => Infinity);
    for (let turn = 0; turn < TURNS * variants.length; turn++) {
      // Each is the first of a round as often as the others: what V8 still has to do falls on all of them.
      const index = (turn + Math.floor(turn / variants.length)) % variants.length;
      least[index] = Math.min(least[index]!, timeWith(name, count, variants[index]!));
    }
    const [none, ...probed] = least;
    return probed.map((time) => (time / none! - 1) * 100);
  },
}));

/** Processor time of a run to its end, in microseconds. No addresses: no data breakpoints either. */
function timeWith(name: string, count: number, addresses: readonly number[]): number {
  const machine = bootBench(name, count);
  const { probes } = machine.cpu;
  addresses.forEach((linear) => probes.addCode({ linear }));
  if (addresses.length > 0) {
    DATA.forEach((linear) => probes.addData({ linear, lengthBytes: 4, access: 'readWrite' }));
  }
  const before = process.cpuUsage();
  const stop = machine.run(Infinity);
  const { user, system } = process.cpuUsage(before);
  if (stop.reason !== 'exit') throw new Error(`${name} stopped with ${stop.reason}.`);
  return user + system;
}

/** Instructions that a workload does not reach, on the pages where it spends its time and on others. */
async function placesOf(
  name: string,
  count: number,
): Promise<{ elsewhere: readonly number[]; beside: readonly number[] }> {
  const unreached = notReached(bootBench(name, count), await instructions());
  const sampled = bootBench(name, 1 << 30);
  const samples = new Map<number, number>();
  for (let sample = 1; sample <= SAMPLES; sample++) {
    sampled.run(sample * SAMPLE_INSTRUCTIONS, false);
    const page = sampled.cpu.instructionEip >>> 12;
    samples.set(page, (samples.get(page) ?? 0) + 1);
  }
  const isHot = (address: number): boolean => (samples.get(address >>> 12) ?? 0) >= SAMPLES * HOT_SHARE;
  return {
    elsewhere: spread(unreached.filter((address) => !isHot(address))),
    beside: spread(unreached.filter(isHot)),
  };
}

/** The addresses at which a run to the end never stops. */
function notReached(machine: Machine, addresses: readonly number[]): number[] {
  const { probes } = machine.cpu;
  const left = new Map(addresses.map((linear) => [probes.addCode({ linear }), linear]));
  for (;;) {
    const stop = machine.run(Infinity);
    if (stop.reason !== 'probe') return [...left.values()];
    for (const id of stop.probes) {
      probes.remove(id);
      left.delete(id);
    }
  }
}

/** Where the benchmark kernel's functions have instructions. */
async function instructions(): Promise<number[]> {
  const kernel = benchKernel();
  const [elf, image] = [parseElf(kernel), readElfImage(kernel, 'bench.elf')];
  if (!elf.ok || !image.ok) throw new Error('The benchmark kernel cannot be read.');
  const disassembler = await Disassembler.load();
  return elf.value.symbols
    .filter(({ kind, sizeBytes }) => kind === 'function' && sizeBytes > 0)
    .flatMap(({ address, sizeBytes }) => {
      const segment = image.value.segments.find((s) => s.physical <= address && address < s.physical + s.bytes.length);
      const bytes = segment?.bytes.subarray(address - segment.physical, address - segment.physical + sizeBytes);
      return bytes === undefined ? [] : disassembler.decode(bytes, address, 32, () => undefined).map((i) => i.address);
    });
}

/** Some of the addresses, evenly. */
function spread(addresses: readonly number[]): number[] {
  if (addresses.length < BREAKPOINTS) throw new Error(`${addresses.length} places for ${BREAKPOINTS} breakpoints.`);
  return Array.from({ length: BREAKPOINTS }, (_, i) => addresses[Math.floor((i * addresses.length) / BREAKPOINTS)]!);
}

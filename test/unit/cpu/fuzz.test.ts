/**
 * Random bytes as code, data, descriptors and page tables, in every mode, on processors with and without SSE and SSE2:
 * whatever they do, the CPU neither throws nor hangs, and running them at once or one by one, interpreted or translated,
 * ends in the same state.
 */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Cpu } from '../../../emulator/cpu/cpu.ts';
import { CPU_FEATURES_ALL, CPU_FEATURES_DEFAULT } from '../../../emulator/cpu/cpuid.ts';
import type { GuestMemory } from '../../../emulator/memory/guest-memory.ts';
import { layout } from '../../../emulator/memory/layout.ts';
import type { Mode } from './random-machine.ts';
import { MODES, newCpu } from './random-machine.ts';
import { INTERPRETER, THREADED, TRANSLATED } from './engines.ts';

const COUNT = 200;
const TRANSLATED_COUNT = 2000;
/** Slices of a run. */
const SLICE = 97;
/** Modes whose code handlers and regions run, as far as it is flat. */
const FLAT: readonly Mode[] = ['protected 32', 'ring 3', 'paged ring 3', 'PAE-paged ring 3'];
/** What stands around guest RAM in the memory it shares with the CPU: a gap before it, and what fills its last page. */
const GUARD = 0x5a;

function stateOf({ cpu, memory }: { cpu: Cpu; memory: GuestMemory }): unknown {
  return { cpu: cpu.save(), ram: createHash('sha1').update(memory.ram).digest('hex') };
}

const featuresOf = (seed: number): number => (seed % 2 === 0 ? CPU_FEATURES_ALL : CPU_FEATURES_DEFAULT);

describe.each(MODES)('%s', (mode) => {
  test('random code at once and one by one', () => {
    let executed = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const options = { features: featuresOf(seed) };
      const whole = newCpu(mode, seed * 7919, options);
      const stop = whole.cpu.run(COUNT);
      executed += whole.cpu.instructionCount;
      const single = newCpu(mode, seed * 7919, options);
      for (let n = 1; n <= COUNT; n++) single.cpu.run(n);
      // A final stop that is not the limit is found by the next call.
      const last = single.cpu.run(COUNT);
      if (stop.reason === 'limit') expect(last.reason, `seed ${String(seed)}`).toBe('limit');
      const [a, b] = [stateOf(whole), stateOf(single)];
      expect(b, `${mode}, seed ${String(seed)}`).toEqual(a);
    }
    expect(executed).toBeGreaterThan(1000);
  });

  test.each([
    ['translated', TRANSLATED],
    ['threaded', THREADED],
  ])('random code %s and interpreted', (_, engine) => {
    let executed = 0;
    for (let seed = 1; seed <= 8; seed++) {
      const features = featuresOf(seed);
      const plain = newCpu(mode, seed * 6101, { features, ...INTERPRETER });
      const stop = plain.cpu.run(TRANSLATED_COUNT);
      const other = newCpu(mode, seed * 6101, { features, ...engine });
      let last = stop;
      for (let count = SLICE; count < TRANSLATED_COUNT + SLICE; count += SLICE) {
        last = other.cpu.run(Math.min(count, TRANSLATED_COUNT));
        if (last.reason !== 'limit') break;
      }
      expect(last, `${mode}, seed ${String(seed * 6101)}`).toEqual(stop);
      expect(stateOf(other), `${mode}, seed ${String(seed * 6101)}`).toEqual(stateOf(plain));
      executed += other.cpu.threaded + (other.cpu.translator?.executed ?? 0);
    }
    if (FLAT.includes(mode)) expect(executed).toBeGreaterThan(500);
    // Handlers take segments of any base.
    else if (engine === TRANSLATED) expect(executed).toBe(0);
  });

  test('nothing is written beside guest RAM, whatever the registers', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { cpu, memory } = newCpu(mode, seed * 104729, { features: featuresOf(seed) });
      const before = memory.u8.subarray(layout.ram - 64, layout.ram);
      const after = memory.u8.subarray(layout.ram + memory.ramBytes);
      before.fill(GUARD);
      after.fill(GUARD);
      for (let count = 20; count <= 2000; count += 20) {
        // A repeated string instruction over no memory at all would take as long as all the rest.
        cpu.registers.ecx &= 0xffff;
        cpu.run(count);
      }
      const clean = before.every((byte) => byte === GUARD) && after.every((byte) => byte === GUARD);
      expect(clean, `${mode}, seed ${String(seed * 104729)}`).toBe(true);
      expect(after.length).toBeGreaterThan(0);
    }
  });
});

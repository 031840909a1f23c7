/**
 * Random bytes as code, data, descriptors and page tables, in every mode: whatever they do, the CPU neither throws nor
 * hangs, and running them at once or one by one ends in the same state.
 */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Cpu } from '../../../emulator/cpu/cpu.ts';
import type { GuestMemory } from '../../../emulator/memory/guest-memory.ts';
import { layout } from '../../../emulator/memory/layout.ts';
import { MODES, newCpu } from './random-machine.ts';

const COUNT = 200;
/** What stands around guest RAM in the memory it shares with the CPU: a gap before it, and what fills its last page. */
const GUARD = 0x5a;

function stateOf({ cpu, memory }: { cpu: Cpu; memory: GuestMemory }): unknown {
  return { cpu: cpu.save(), ram: createHash('sha1').update(memory.ram).digest('hex') };
}

describe.each(MODES)('%s', (mode) => {
  test('random code at once and one by one', () => {
    let executed = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const whole = newCpu(mode, seed * 7919);
      const stop = whole.cpu.run(COUNT);
      executed += whole.cpu.instructionCount;
      const single = newCpu(mode, seed * 7919);
      for (let n = 1; n <= COUNT; n++) single.cpu.run(n);
      // A final stop that is not the limit is found by the next call.
      const last = single.cpu.run(COUNT);
      if (stop.reason === 'limit') expect(last.reason, `seed ${String(seed)}`).toBe('limit');
      const [a, b] = [stateOf(whole), stateOf(single)];
      expect(b, `${mode}, seed ${String(seed)}`).toEqual(a);
    }
    expect(executed).toBeGreaterThan(1000);
  });

  test('nothing is written beside guest RAM, whatever the registers', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { cpu, memory } = newCpu(mode, seed * 104729);
      const before = memory.u8.subarray(layout.ram - 64, layout.ram);
      const after = memory.u8.subarray(layout.ram + memory.ramBytes);
      before.fill(GUARD);
      after.fill(GUARD);
      cpu.run(2000);
      const clean = before.every((byte) => byte === GUARD) && after.every((byte) => byte === GUARD);
      expect(clean, `${mode}, seed ${String(seed * 104729)}`).toBe(true);
      expect(after.length).toBeGreaterThan(0);
    }
  });
});

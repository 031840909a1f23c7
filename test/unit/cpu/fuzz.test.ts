/**
 * Random bytes as code, data, descriptors and page tables, in every mode: whatever they do, the CPU neither throws nor
 * hangs, and running them at once or one by one ends in the same state.
 */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Cpu } from '../../../emulator/cpu/cpu.ts';
import type { GuestMemory } from '../../../emulator/memory/guest-memory.ts';
import { MODES, newCpu } from './random-machine.ts';

const COUNT = 200;

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
});

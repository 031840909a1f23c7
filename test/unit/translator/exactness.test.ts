/** With handlers and regions and without, at every count, however the run is cut: the same state. */
import { describe, expect, test } from 'vitest';
import { Random } from '../cpu/random.ts';
import { INTERPRETER, MIXED, THREADED, TRANSLATED, WITHOUT_TAIL_CALLS, type Engine } from '../cpu/engines.ts';
import { at, machine } from '../cpu/test-machine.ts';
import { cpuState, ramHash, randomMachine } from './random-code.ts';

function compare(seed: number, engine: Engine, counts: number, probes = false): number {
  const random = new Random(seed);
  const plain = randomMachine(seed, INTERPRETER);
  const placed: number[] = [];
  const other = randomMachine(seed, engine);
  for (let checks = 0; checks < counts; checks++) {
    const count = plain.cpu.instructionCount + 1 + random.below(checks % 4 === 0 ? 400 : 40);
    plain.cpu.run(count, false);
    // In another address space, or where nothing is: they come and go without a trace.
    if (probes) {
      const { cpu } = other;
      if (checks % 3 === 0) placed.push(cpu.probes.addCode({ linear: at.code + random.below(0x80), space: 0x7000 }));
      if (checks % 5 === 0)
        placed.push(cpu.probes.addData({ linear: at.data + 0x900, lengthBytes: 4, access: 'write', space: 0x7000 }));
      if (checks % 7 === 0) cpu.probes.remove(placed.shift() ?? 0);
    }
    while (other.cpu.instructionCount < count) {
      const before = other.cpu.instructionCount;
      const left = count - before;
      other.cpu.run(random.below(3) === 0 ? before + 1 + random.below(left) : count, false);
      if (other.cpu.instructionCount === before) break;
    }
    expect(cpuState(other), `seed ${seed}, count ${count}`).toBe(cpuState(plain));
    if (checks % 16 === 0) expect(ramHash(other), `seed ${seed}, count ${count}`).toBe(ramHash(plain));
  }
  expect(ramHash(other), `seed ${seed}`).toBe(ramHash(plain));
  return other.cpu.translator?.entries ?? other.cpu.threaded;
}

describe('random code', () => {
  test.each([1, 2, 3, 4, 5, 6])('part %i', (part) => {
    let entries = 0;
    for (let seed = part * 1000; seed < part * 1000 + 40; seed++) entries += compare(seed, TRANSLATED, 48);
    expect(entries).toBeGreaterThan(1000);
  });

  test.each([1, 2, 3])('threaded, part %i', (part) => {
    let executed = 0;
    for (let seed = part * 1000; seed < part * 1000 + 60; seed++) executed += compare(seed, THREADED, 48);
    expect(executed).toBeGreaterThan(1000);
  });

  test.each([
    ['translated', TRANSLATED],
    ['threaded', THREADED],
    ['mixed', MIXED],
  ])('%s, with probes that never match', (_, engine) => {
    for (let seed = 1; seed <= 25; seed++) compare(seed, engine, 48, true);
  });

  test('without tail calls', () => {
    for (let seed = 1; seed <= 20; seed++) compare(seed, WITHOUT_TAIL_CALLS, 48);
  });
});

test('modules are given up together past a number of them, and code is translated anew', () => {
  const m = machine({ engine: { translate: { hotness: 0, batch: 1 } } });
  const { registers } = m.cpu;
  const translator = m.cpu.translator!;
  let most = 0;
  for (let round = 0; round < 1200; round++) {
    // mov eax, round; cmp eax, eax; jmp +0; add eax, 7; jmp to itself
    const code = [0xb8, round & 0xff, round >> 8, 0, 0, 0x39, 0xc0, 0xeb, 0, 0x83, 0xc0, 7, 0xeb, 0xfe];
    m.memory.load(at.code, Uint8Array.from(code));
    registers.eip = at.code;
    m.step(6);
    expect(registers.eax).toBe(round + 7);
    most = Math.max(most, translator.modules);
  }
  expect(translator.regions).toBeGreaterThan(1200);
  expect(translator.executed).toBeGreaterThan(1200);
  expect(most).toBeGreaterThan(500);
  expect(most).toBeLessThan(600);
});

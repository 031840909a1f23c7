/**
 * Data probes: which accesses they report, when the run stops for them, and that the guest never knows.
 * Intel SDM Vol. 3B, "Data Memory and I/O Breakpoint Exception Conditions".
 */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Cpu } from '../../../emulator/cpu/cpu.ts';
import type { DataAccess } from '../../../emulator/cpu/data-probes.ts';
import type { CpuStop, DataHit } from '../../../emulator/cpu/cpu-stop.ts';
import type { GuestMemory } from '../../../emulator/memory/guest-memory.ts';
import { MODES, RAM_BYTES, newCpu } from './random-machine.ts';
import { Random } from './random.ts';
import type { TestMachine } from './test-machine.ts';
import { CODE3, at, machine } from './test-machine.ts';

const PAGE = { linear: 0x40_0000, physical: 0x60000, flags: 'P W U' } as const;
const ALIAS = { linear: 0x48_0000, physical: 0x60000, flags: 'P W U' } as const;

function hitsOf(stop: CpuStop): readonly DataHit[] {
  if (stop.reason !== 'data-probe') throw new Error(`stopped for ${stop.reason}`);
  return stop.hits;
}

describe('a probe on written bytes', () => {
  test('stops after the instruction, which is counted, and tells what stood there', () => {
    const m = machine({ pages: [PAGE] });
    m.memory.writePhysical32(0x60000, 0x1234);
    const probe = m.cpu.probes.addData({ linear: 0x40_0000, lengthBytes: 4, access: 'write' });
    m.code('nop', 'mov [0x400000], eax', 'nop');
    m.cpu.registers.eax = 0xffff_fff7;
    const [hit] = hitsOf(m.step(3));
    expect(hit).toEqual({
      probe,
      eip: at.code + 1,
      linear: 0x40_0000,
      physical: 0x60000,
      size: 4,
      write: true,
      old: 0x1234,
    });
    expect([m.cpu.registers.eip, m.cpu.instructionCount]).toEqual([at.code + 6, 2]);
    expect(m.memory.readPhysical32(0x60000)).toBe(0xffff_fff7);
    expect(m.step()).toEqual({ reason: 'limit' });
  });

  test('is reported at the limit of a run, too', () => {
    const m = machine({ pages: [PAGE] });
    m.cpu.probes.addData({ linear: 0x40_0000, lengthBytes: 1, access: 'write' });
    m.code('mov [0x400000], eax');
    expect(m.step(1).reason).toBe('data-probe');
    expect(m.cpu.run(1)).toEqual({ reason: 'limit' });
  });

  test('catches pages that were written before at full speed, and lets go when it is removed', () => {
    const m = machine({ pages: [PAGE] });
    m.run('mov [0x400000], eax', 'mov [0x400000], eax');
    const probe = m.cpu.probes.addData({ linear: 0x40_0002, lengthBytes: 2, access: 'write' });
    m.cpu.registers.eip = at.code;
    expect(m.step(2).reason).toBe('data-probe');
    m.cpu.probes.remove(probe);
    m.cpu.registers.eip = at.code;
    expect(m.step(2)).toEqual({ reason: 'limit' });
  });

  test('says nothing of the bytes beside it', () => {
    const m = machine({ pages: [PAGE] });
    m.cpu.probes.addData({ linear: 0x40_0004, lengthBytes: 4, access: 'readWrite' });
    m.code('mov [0x400000], eax', 'mov eax, [0x400000]');
    expect(m.step(2)).toEqual({ reason: 'limit' });
  });

  test('sees an access across pages in both, each with its part', () => {
    const m = machine({ pages: [PAGE, { linear: 0x40_1000, physical: 0x63000, flags: 'P W' }] });
    m.cpu.probes.addData({ linear: 0x40_0fff, lengthBytes: 2, access: 'write' });
    m.code('mov [0x400ffe], eax');
    const hits = hitsOf(m.step());
    expect(hits.map(({ linear, physical, size }) => [linear, physical, size])).toEqual([
      [0x40_0ffe, 0x60ffe, 2],
      [0x40_1000, 0x63000, 2],
    ]);
  });
});

describe('what counts as an access', () => {
  test('reads for read probes, writes for write probes, both for read-modify-write', () => {
    const kinds = (access: DataAccess): string[] => {
      const m = machine({ pages: [PAGE] });
      m.cpu.probes.addData({ linear: 0x40_0000, lengthBytes: 4, access });
      m.code('mov eax, [0x400000]', 'mov [0x400000], eax', 'add [0x400000], eax', 'cmp [0x400000], eax');
      const seen: string[] = [];
      while (m.cpu.instructionCount < 4) {
        const stop = m.cpu.run(4);
        if (stop.reason === 'limit') break;
        seen.push(
          hitsOf(stop)
            .map((hit) => (hit.write ? 'w' : 'r'))
            .join(''),
        );
      }
      return seen;
    };
    expect(kinds('read')).toEqual(['r', 'r', 'r']);
    expect(kinds('write')).toEqual(['w', 'w']);
    expect(kinds('readWrite')).toEqual(['r', 'w', 'rw', 'r']);
  });

  test('a push, and the stack that an interrupt switches to', () => {
    const m = machine({ cpl: 3 });
    const pushed = m.cpu.probes.addData({ linear: at.stack3 - 4, lengthBytes: 4, access: 'write' });
    const switched = m.cpu.probes.addData({ linear: at.stack0 - 16, lengthBytes: 4, access: 'write' });
    m.code('push eax', 'int 0x30');
    expect(hitsOf(m.step(2)).map((hit) => hit.probe)).toEqual([pushed]);
    const [hit] = hitsOf(m.step());
    expect([hit.probe, hit.eip, m.cpu.instructionCount]).toEqual([switched, at.code + 1, 2]);
    expect([m.handler, m.memory.readPhysical32(at.stack0 - 16)]).toEqual([0x30, CODE3]);
  });

  test("the CPU's reads of descriptors and gates, but not its page walks nor its fetches", () => {
    const m = machine();
    const idt = m.cpu.probes.addData({ linear: at.idt + 0x30 * 8, lengthBytes: 8, access: 'read' });
    m.cpu.probes.addData({ physical: at.pageDirectory, lengthBytes: 0x2000, access: 'readWrite' });
    m.cpu.probes.addData({ linear: at.code, lengthBytes: 0x100, access: 'readWrite' });
    m.code('nop', 'int 0x30');
    const hits = hitsOf(m.step(2));
    expect(new Set(hits.map((hit) => hit.probe))).toEqual(new Set([idt]));
  });

  test('an instruction that faults reports nothing of its own, but the delivery does', () => {
    const m = machine({ pages: [PAGE] });
    m.cpu.probes.addData({ linear: 0x40_0ffe, lengthBytes: 2, access: 'readWrite' });
    const stack = m.cpu.probes.addData({ linear: at.stack0 - 4, lengthBytes: 4, access: 'write' });
    m.code('mov [0x400ffe], eax');
    const hits = hitsOf(m.step());
    expect(hits.map((hit) => hit.probe)).toEqual([stack]);
    expect([m.handler, m.cpu.instructionCount]).toEqual([14, 1]);
  });
});

describe('spaces and aliases', () => {
  test('a linear probe holds in its space alone, or in any', () => {
    const m = machine({ pages: [PAGE] });
    m.cpu.probes.addData({ linear: 0x40_0000, space: 0x5000, lengthBytes: 4, access: 'write' });
    const here = m.cpu.probes.addData({ linear: 0x40_0000, space: at.pageDirectory, lengthBytes: 4, access: 'write' });
    const any = m.cpu.probes.addData({ linear: 0x40_0000, lengthBytes: 4, access: 'write' });
    m.code('mov [0x400000], eax');
    expect(hitsOf(m.step()).map((hit) => hit.probe)).toEqual([here, any]);
  });

  test('a physical probe catches a write through any alias, a linear one does not', () => {
    const m = machine({ pages: [PAGE, ALIAS] });
    m.run('mov [0x400000], eax', 'mov eax, [0x400000]');
    m.cpu.probes.addData({ linear: ALIAS.linear, lengthBytes: 4, access: 'write' });
    const physical = m.cpu.probes.addData({ physical: 0x60002, lengthBytes: 1, access: 'write' });
    m.cpu.registers.eip = at.code;
    const hits = hitsOf(m.step(2));
    expect(hits.map((hit) => [hit.probe, hit.linear])).toEqual([[physical, 0x40_0000]]);
  });
});

describe('repeated string instructions', () => {
  const fill = (): TestMachine => {
    const m = machine({ pages: [PAGE] });
    m.cpu.registers.edi = 0x40_0000;
    m.cpu.registers.ecx = 16;
    m.cpu.registers.eax = 0x5a5a_5a5a;
    m.code('rep stosd [edi]', 'nop');
    return m;
  };

  test('stop after the iteration, and count once when the last one is done', () => {
    const m = fill();
    m.cpu.probes.addData({ linear: 0x40_0010, lengthBytes: 8, access: 'write' });
    expect(hitsOf(m.step(2))[0].linear).toBe(0x40_0010);
    expect([m.cpu.registers.ecx, m.cpu.registers.eip, m.cpu.instructionCount]).toEqual([11, at.code, 0]);
    expect(hitsOf(m.step(2))[0].linear).toBe(0x40_0014);
    expect(m.step(2)).toEqual({ reason: 'limit' });
    expect([m.cpu.registers.ecx, m.cpu.registers.eip, m.cpu.instructionCount]).toEqual([0, at.code + 3, 2]);
  });

  test('go on before an interrupt that came while they stood still, and past a code probe at them', () => {
    const m = fill();
    m.cpu.registers.eflags = 0x202;
    m.cpu.probes.addData({ linear: 0x40_0010, lengthBytes: 4, access: 'write' });
    m.cpu.probes.addCode({ linear: at.code });
    expect(m.step().reason).toBe('data-probe');
    m.cpu.interruptLine = true;
    expect(m.cpu.run(1, false)).toEqual({ reason: 'limit' });
    expect(m.cpu.registers.eip).toBe(at.code + 2);
    m.step();
    expect(m.handler).toBe(0x20);
  });

  test('are completed before anything comes from outside, and saved as they stand', () => {
    const m = fill();
    m.cpu.probes.addData({ linear: 0x40_0010, lengthBytes: 4, access: 'write' });
    m.step();
    const saved = m.cpu.save();
    expect(saved.repeatDone).toBe(5);
    m.cpu.finishRepeat();
    expect([m.cpu.registers.ecx, m.cpu.instructionCount]).toEqual([0, 1]);
    const other = fill();
    other.memory.load(0, m.memory.ram);
    other.cpu.restore(saved);
    other.step();
    expect([other.cpu.registers.ecx, other.cpu.instructionCount]).toEqual([0, 1]);
  });
});

// ----------------------------------------------------------------------------------------------- any code at all

const COUNT = 150;

interface Run {
  readonly cpu: Cpu;
  readonly memory: GuestMemory;
}

function stateOf({ cpu, memory }: Run): unknown {
  return { cpu: cpu.save(), ram: createHash('sha1').update(memory.ram).digest('hex') };
}

/** Runs to a count, past every hit. */
function runPast(cpu: Cpu, limit: number): { stop: CpuStop; hits: DataHit[] } {
  const hits: DataHit[] = [];
  for (;;) {
    const stop = cpu.run(limit);
    if (stop.reason !== 'data-probe') return { stop, hits };
    hits.push(...stop.hits);
  }
}

function addProbes(cpu: Cpu, random: Random): { start: number; end: number; id: number }[] {
  return Array.from({ length: 6 }, (_, n) => {
    const start = random.below(RAM_BYTES - 0x2000);
    const lengthBytes = 1 + random.below(n < 3 ? 0x1800 : 16);
    const access = (['read', 'write', 'readWrite'] as const)[random.below(3)];
    const id = cpu.probes.addData(
      n % 2 === 0 ? { physical: start, lengthBytes, access } : { linear: start, lengthBytes, access },
    );
    return { start, end: n % 2 === 0 && access !== 'read' ? start + lengthBytes : start, id };
  });
}

describe.each(MODES)('random code, %s', (mode) => {
  test('ends in the same state with probes as without; at once and one by one with the same hits', () => {
    let hitCount = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const name = `${mode}, seed ${String(seed)}`;
      const plain = newCpu(mode, seed * 6007);
      plain.cpu.run(COUNT);
      const probed = newCpu(mode, seed * 6007);
      addProbes(probed.cpu, new Random(seed));
      const whole = runPast(probed.cpu, COUNT);
      expect(stateOf(probed), name).toEqual(stateOf(plain));
      const single = newCpu(mode, seed * 6007);
      addProbes(single.cpu, new Random(seed));
      const hits: DataHit[] = [];
      for (let n = 1; n <= COUNT; n++) hits.push(...runPast(single.cpu, n).hits);
      expect(hits, name).toEqual(whole.hits);
      hitCount += hits.length;
    }
    expect(hitCount).toBeGreaterThan(20);
  });

  test('hits and what changes in memory from count to count agree', () => {
    let changes = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const name = `${mode}, seed ${String(seed)}`;
      const { cpu, memory } = newCpu(mode, seed * 6007);
      const watched = addProbes(cpu, new Random(seed));
      for (let n = 1; n <= COUNT; n++) {
        const before = memory.ram.slice();
        const deliveries = cpu.deliveryCount;
        const { hits, stop } = runPast(cpu, n);
        if (stop.reason !== 'limit') break;
        // What stood at each written byte before the count is what its first write of the count reports.
        const reported = new Map<number, Set<number>>();
        for (const { probe, physical, size, write, old } of hits) {
          if (!write) continue;
          for (let byte = 0; byte < size && physical + byte < RAM_BYTES; byte++) {
            const probes = reported.get(physical + byte);
            if (probes === undefined) {
              const was = Math.floor(old / 2 ** (8 * byte)) & 0xff;
              expect(was, `${name}, count ${String(n)}`).toBe(before[physical + byte]);
            }
            reported.set(physical + byte, (probes ?? new Set()).add(probe));
          }
        }
        // A fault half-way drops its own hits; page walks set bits that no instruction wrote.
        if (cpu.deliveryCount !== deliveries || hits.length >= 64) continue;
        for (const { start, end, id } of watched) {
          for (let byte = start; byte < end; byte++) {
            if (memory.ram[byte] === before[byte] || (mode === 'paged ring 3' && byte < 0x3000)) continue;
            changes++;
            expect(reported.get(byte)?.has(id), `${name}, count ${String(n)}, byte ${String(byte)}`).toBe(true);
          }
        }
      }
    }
    // Random page tables let next to nothing be written.
    if (mode !== 'paged ring 3') expect(changes).toBeGreaterThan(0);
  });
});

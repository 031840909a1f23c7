/** Invariants of cpu.ts: one state per count, however a run is cut; and a restored snapshot runs on the same way. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TestMachine } from './test-machine.ts';
import { CODE0, at, machine } from './test-machine.ts';

/**
 * Everything that could depend on how a run is cut: loops, self-modifying code, page faults repaired by a handler,
 * traps, repeats, a window that raises interrupts, STI shadows.
 */
function busyMachine(): TestMachine {
  const m: TestMachine = machine({
    eflags: 0x202,
    pages: [
      { linear: 0x40_0000, physical: 0x60000, flags: 'P W' },
      { linear: 0x41_0000, physical: 0xa0000, flags: 'P W' },
    ],
    ports: {
      writeMmio: (_, __, value) => {
        m.cpu.interruptLine = (value & 3) === 3;
      },
      acknowledgeInterrupt: () => {
        m.cpu.interruptLine = false;
        return 0x20;
      },
    },
  });
  m.gate(0x20, CODE0, at.handlers + 0x100, 0x8e);
  m.codeAt(at.handlers + 0x100, 'inc edx', 'iretd');
  m.gate(0x30, CODE0, at.handlers + 0x200, 0xef);
  m.codeAt(at.handlers + 0x200, 'add [0x400000], eax', 'iretd');
  // A missing page is answered by skipping the two-byte instruction.
  m.gate(14, CODE0, at.handlers + 0x300, 0x8e);
  m.codeAt(at.handlers + 0x300, 'add esp, 4', 'add dword ptr [esp], 2', 'iretd');
  m.codeAt(
    at.code,
    'inc eax',
    'mov [0x410000], eax',
    'mov ecx, 0x1234',
    'mov edi, 0x400000',
    'rep stosd [edi]',
    'mov [esi], ebx',
    'mov [ebx], al',
    'int 0x30',
    'cli',
    'sti',
    'nop',
    'jmp ebp',
  );
  const { registers } = m.cpu;
  registers.esi = 0x70_0000;
  registers.ebx = at.code + 0x30;
  registers.ebp = at.code;
  m.map({ linear: 0x40_1000, physical: 0x61000, flags: 'P W' });
  m.map({ linear: 0x40_2000, physical: 0x62000, flags: 'P W' });
  m.map({ linear: 0x40_3000, physical: 0x63000, flags: 'P W' });
  m.map({ linear: 0x40_4000, physical: 0x64000, flags: 'P W' });
  return m;
}

function stateOf(m: TestMachine): unknown {
  return { cpu: m.cpu.save(), ram: Buffer.from(m.memory.ram).toString('base64') };
}

const TOTAL = 3000;

test('running to a count at once, or in pieces, gives the same state', () => {
  const whole = busyMachine();
  whole.step(TOTAL);
  const wanted = stateOf(whole);
  expect(whole.cpu.registers.edx).toBeGreaterThan(10);

  const single = busyMachine();
  while (single.cpu.instructionCount < TOTAL) single.step();
  expect(stateOf(single)).toEqual(wanted);

  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (pieces) => {
      const m = busyMachine();
      for (let n = 0; m.cpu.instructionCount < TOTAL; n++) {
        m.step(Math.min(pieces[n % pieces.length], TOTAL - m.cpu.instructionCount));
      }
      expect(stateOf(m)).toEqual(wanted);
    }),
    { numRuns: 20 },
  );
});

test('code probes that do not match change nothing', () => {
  const plain = busyMachine();
  plain.step(TOTAL);
  const probed = busyMachine();
  for (let offset = 0; offset < 0x40; offset++) probed.cpu.probes.addCode({ linear: at.code + offset, space: 0x5000 });
  probed.step(TOTAL);
  expect(stateOf(probed)).toEqual(stateOf(plain));
});

test('a snapshot restored into another machine runs on like the first', () => {
  const first = busyMachine();
  for (const count of [1, 7, 100, 333, 1000]) {
    first.step(count);
    const cpu = JSON.parse(JSON.stringify(first.cpu.save())) as ReturnType<typeof first.cpu.save>;
    const second = busyMachine();
    second.memory.load(0, first.memory.ram);
    second.cpu.restore(cpu);
    expect(stateOf(second)).toEqual(stateOf(first));
    first.step(500);
    second.step(500);
    expect(stateOf(second)).toEqual(stateOf(first));
  }
});

test('a stale translation is part of a snapshot', () => {
  const first = machine({ pages: [{ linear: 0x40_0000, physical: 0x60000, flags: 'P W' }] });
  first.memory.writePhysical32(0x60000, 1);
  first.run('mov eax, [0x400000]');
  first.map({ linear: 0x40_0000, physical: 0x61000, flags: 'P W' });
  const second = machine();
  second.memory.load(0, first.memory.ram);
  second.cpu.restore(first.cpu.save());
  second.run('mov eax, [0x400000]');
  expect(second.cpu.registers.eax).toBe(1);
});

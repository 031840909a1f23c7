/** Data probes on the whole machine: the guest, its devices and its count of instructions know nothing of them. */
import { expect, test } from 'vitest';
import type { Machine } from '../../emulator/machine/machine.ts';
import { replay } from '../../emulator/replay/replay.ts';
import { bootGuest } from '../kit/guest.ts';

const COUNT = 1_000_000;
const KERNEL_STACK = 0xf000_0000 - 0x8000;
const USER_STACK = 0xeebf_d000;

/** Runs to a count, past every hit. @returns how many stops there were */
function runPast(machine: Machine, limit: number): number {
  for (let stops = 0; ; stops++) {
    if (machine.run(limit).reason !== 'data-probe') return stops;
  }
}

test('the guest runs to the same state with probes on its stacks, its page tables and its code as without', () => {
  const plain = bootGuest('hello');
  plain.run(COUNT);
  const probed = bootGuest('hello');
  const { probes } = probed.cpu;
  probes.addData({ linear: KERNEL_STACK + 0x7f00, lengthBytes: 64, access: 'readWrite' });
  probes.addData({ linear: USER_STACK + 0xf80, lengthBytes: 16, access: 'write' });
  probes.addData({ physical: 0x10_0000, lengthBytes: 0x4_0000, access: 'write' });
  probes.addData({ physical: 0xb_8000, lengthBytes: 0x1000, access: 'readWrite' });
  expect(runPast(probed, COUNT)).toBeGreaterThan(1000);
  expect(probed.instructionCount).toBe(plain.instructionCount);
  expect(probed.stateHash()).toBe(plain.stateHash());
});

test('a poke into a repeat that a probe has stopped is journalled behind it, and replays so', () => {
  const machine = bootGuest('hello');
  // The kernel clears pages with `rep stos`, at KERNBASE + physical.
  const probe = machine.cpu.probes.addData({ physical: 0x10_0000, lengthBytes: 0x100_0000, access: 'write' });
  let stop = machine.run(COUNT);
  while (stop.reason === 'data-probe' && machine.cpu.save().repeatDone === undefined) stop = machine.run(COUNT);
  expect(stop.reason).toBe('data-probe');
  machine.cpu.probes.remove(probe);
  const { edi } = machine.cpu.registers;
  machine.poke((edi % 0x1000_0000) + 8, Uint8Array.of(1, 2, 3, 4));
  expect(machine.cpu.save().repeatDone).toBeUndefined();
  machine.run(COUNT);
  const again = bootGuest('hello');
  replay(again, machine.journal.entries, COUNT);
  expect(again.stateHash()).toBe(machine.stateHash());
});

/** `Cpu.eventStops`: what a debugger can ask to be told. */
import { expect, test } from 'vitest';
import { EventStop } from '../../../emulator/cpu/events.ts';
import { at, machine } from './test-machine.ts';

test('a write of CR3 stops behind the instruction, with the old and the new value', () => {
  const m = machine();
  const old = m.cpu.registers.cr3 >>> 0;
  m.cpu.registers.ecx = old;
  m.cpu.eventStops = EventStop.CR3;
  m.code('mov cr3, ecx', 'nop');
  expect(m.cpu.run(10)).toEqual({
    reason: 'event',
    event: { kind: 'control', register: 'cr3', old, value: old, eip: at.code },
  });
  expect([m.cpu.registers.eip, m.cpu.instructionCount]).toEqual([at.code + 3, 1]);
});

test('an interrupt is told after its delivery, with what it interrupted', () => {
  const m = machine({ cpl: 3, eflags: 0x202 });
  m.cpu.eventStops = EventStop.INTERRUPT;
  m.code('nop');
  m.cpu.interruptLine = true;
  expect(m.cpu.run(10)).toEqual({
    reason: 'event',
    event: { kind: 'interrupt', vector: 0x20, eip: at.code, cpl: 3 },
  });
  expect(m.handler).toBe(0x20);
});

test('a change of the ring by an exception is told, and also the plain ring stop; nothing when nobody asks', () => {
  const m = machine({ cpl: 3 });
  m.cpu.eventStops = EventStop.RING;
  m.cpu.ringStops = true;
  m.code('hlt');
  expect(m.cpu.run(10)).toEqual({ reason: 'event', event: { kind: 'ring', from: 3, to: 0 } });
  expect(m.cpu.run(10)).toEqual({ reason: 'ring' });
  const quiet = machine({ cpl: 3 });
  quiet.code('hlt');
  expect(quiet.step()).toEqual({ reason: 'limit' });
});

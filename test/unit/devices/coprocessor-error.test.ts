import { expect, test } from 'vitest';
import { CoprocessorError } from '../../../emulator/devices/coprocessor-error.ts';

test('an error raises IRQ 13 until port F0h is written', () => {
  const levels: boolean[] = [];
  const device = new CoprocessorError({ interrupt: (level) => levels.push(level) });
  device.latch();
  expect(device.inspect()).toEqual({ latched: true });
  device.writePort(1, 1, 0);
  device.writePort(0, 1, 0);
  expect(levels).toEqual([true, false]);
  expect(device.inspect()).toEqual({ latched: false });
});

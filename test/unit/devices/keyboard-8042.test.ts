import { expect, test } from 'vitest';
import { Keyboard8042 } from '../../../emulator/devices/keyboard-8042.ts';
import { scancodesFor } from '../../../emulator/devices/keyboard-layout.ts';
import { TestClock, Wire } from './test-clock.ts';

function setUp() {
  const clock = new TestClock();
  const irq1 = new Wire(clock);
  const events: string[] = [];
  const keyboard: Keyboard8042 = new Keyboard8042({
    clock: clock.for(() => keyboard),
    interrupt: irq1.drive,
    a20: (level) => {
      events.push(`A20 ${level}`);
    },
    reset: () => events.push('reset'),
  });
  const command = (value: number): void => keyboard.writePort(4, 1, value);
  const data = (...values: number[]): void => values.forEach((value) => keyboard.writePort(0, 1, value));
  const status = (): number => keyboard.readPort(4, 1);
  const read = (): number => keyboard.readPort(0, 1);
  const readAll = (): number[] => {
    const bytes: number[] = [];
    while (status() & 1) {
      bytes.push(read());
      clock.advance(100_000);
    }
    return bytes;
  };
  return { clock, irq1, events, keyboard, command, data, status, read, readAll };
}

test('a key raises IRQ 1, and reading it lets the line fall before the next byte', () => {
  const { clock, irq1, keyboard, status, read } = setUp();
  keyboard.press(scancodesFor('a'));
  expect([irq1.level, status() & 1]).toEqual([true, 1]);
  expect([read(), irq1.level, status() & 1]).toEqual([0x1e, false, 0]);
  clock.advance(100_000);
  expect([irq1.level, read()]).toEqual([true, 0x9e]);
  expect(irq1.rises).toHaveLength(2);
});

test.each([
  ['a', [0x1e, 0x9e]],
  ['A', [0x2a, 0x1e, 0x9e, 0xaa]],
  ['\n', [0x1c, 0x9c]],
  ['1!', [0x02, 0x82, 0x2a, 0x02, 0x82, 0xaa]],
  ['\x03', [0x1d, 0x2e, 0xae, 0x9d]],
  ['~`', [0x2a, 0x29, 0xa9, 0xaa, 0x29, 0xa9]],
  ['|\\/?', [0x2a, 0x2b, 0xab, 0xaa, 0x2b, 0xab, 0x35, 0xb5, 0x2a, 0x35, 0xb5, 0xaa]],
  ['é', []],
])('typing %j is %j', (text, scancodes) => {
  expect(scancodesFor(text)).toEqual(scancodes);
});

test.each([
  ['controller self-test', [0xaa], [0x55]],
  ['keyboard interface test', [0xab], [0x00]],
  ['read command byte', [0x20], [0x45]],
  ['read output port', [0xd0], [0xcf]],
])('%s answers %j with %j', (_, commands, answer) => {
  const { command, readAll } = setUp();
  commands.forEach(command);
  expect(readAll()).toEqual(answer);
});

test.each([
  ['reset', [0xff], [0xfa, 0xaa]],
  ['identify', [0xf2], [0xfa, 0xab, 0x41]],
  ['set LEDs', [0xed, 0x07], [0xfa, 0xfa]],
  ['echo', [0xee], [0xee]],
  ['which scan code set', [0xf0, 0x00], [0xfa, 0xfa, 0x41]],
  ['an unknown command', [0x12], [0xfe]],
])('the keyboard answers %s', (_, bytes, answer) => {
  const { data, readAll } = setUp();
  data(...bytes);
  expect(readAll()).toEqual(answer);
});

test('keys wait while the keyboard interface is disabled, and the interrupt while the command byte says so', () => {
  const { irq1, keyboard, command, data, status, read } = setUp();
  command(0xad);
  keyboard.press([0x1e]);
  expect(status() & 1).toBe(0);
  command(0x60);
  data(0x44); // Enabled again, without interrupt.
  expect([status() & 1, irq1.level, read()]).toEqual([1, false, 0x1e]);
});

test('the output port switches A20, and FEh resets', () => {
  const { events, command, data } = setUp();
  command(0xd1);
  data(0xcd);
  command(0xfe);
  expect(events).toEqual(['A20 false', 'reset']);
});

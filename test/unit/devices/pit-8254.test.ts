import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instructionAtTick, Pit8254, PIT_HZ, ticksAt } from '../../../emulator/devices/pit-8254.ts';
import { INSTRUCTIONS_PER_SECOND } from '../../../emulator/devices/clock.ts';
import { TestClock, Wire } from './test-clock.ts';

const CONTROL = 3;

function setUp() {
  const clock = new TestClock();
  const irq0 = new Wire(clock);
  const pit: Pit8254 = new Pit8254({ clock: clock.for(() => pit), interrupt: irq0.drive });
  const write = (port: number, ...values: number[]): void => values.forEach((value) => pit.writePort(port, 1, value));
  const read = (port: number): number => pit.readPort(port, 1);
  /** Writes a count to a counter as low and high byte. */
  const start = (counter: number, mode: number, count: number): void => {
    write(CONTROL, (counter << 6) | 0x30 | (mode << 1));
    write(counter, count & 0xff, count >>> 8);
  };
  const count = (counter: number): number => read(counter) | (read(counter) << 8);
  const toTick = (tick: number): void => clock.advanceTo(instructionAtTick(tick));
  return { clock, irq0, pit, write, read, start, count, toTick };
}

test('ticks are instructions at 1193182 in 100000000, exactly, for years', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (instruction) => {
      const exact = (BigInt(instruction) * BigInt(PIT_HZ)) / BigInt(INSTRUCTIONS_PER_SECOND);
      expect(BigInt(ticksAt(instruction))).toBe(exact);
    }),
  );
});

test('the first instruction at a tick is the first one', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), (tick) => {
      const instruction = instructionAtTick(tick);
      expect([ticksAt(instruction), tick > 0 ? ticksAt(instruction - 1) : -1]).toEqual([tick, tick - 1]);
    }),
  );
});

describe('mode 0, interrupt on terminal count', () => {
  test('OUT goes low with the mode and high when the count reaches 0', () => {
    const { irq0, start, toTick, count } = setUp();
    start(0, 0, 1000);
    expect([irq0.level, count(0)]).toEqual([false, 1000]);
    toTick(999);
    expect([irq0.level, count(0)]).toEqual([false, 1]);
    toTick(1000);
    expect([irq0.level, count(0)]).toEqual([true, 0]);
    toTick(1001);
    expect([irq0.level, count(0)]).toEqual([true, 0xffff]);
  });

  test('the gate of counter 2 holds the count', () => {
    const { pit, start, toTick, count } = setUp();
    start(2, 0, 100);
    pit.setGate2(true);
    toTick(40);
    pit.setGate2(false);
    toTick(400);
    expect([count(2), pit.output2()]).toEqual([60, false]);
    pit.setGate2(true);
    toTick(459);
    expect(pit.output2()).toBe(false);
    toTick(460);
    expect(pit.output2()).toBe(true);
  });
});

describe('mode 2, rate generator', () => {
  test('a hundred interrupts a second do not drift', () => {
    const { clock, irq0, start } = setUp();
    start(0, 2, 11_932);
    irq0.rises = [];
    clock.advanceTo(INSTRUCTIONS_PER_SECOND * 10);
    expect(irq0.rises.map(ticksAt)).toEqual(irq0.rises.map((_, i) => (i + 1) * 11_932));
    expect(irq0.rises).toHaveLength(999);
  });

  test('the count runs from N to 1 and starts again', () => {
    const { start, toTick, count } = setUp();
    start(0, 2, 10);
    const seen = [0, 1, 9, 10, 11].map((tick) => (toTick(tick), count(0)));
    expect(seen).toEqual([10, 9, 1, 10, 9]);
  });

  test('a new count begins with the next period', () => {
    const { irq0, start, toTick, write } = setUp();
    start(0, 2, 100);
    irq0.rises = [];
    toTick(50);
    write(0, 30, 0);
    toTick(200);
    expect(irq0.rises.map(ticksAt)).toEqual([100, 130, 160, 190]);
  });
});

describe('mode 3, square wave', () => {
  test.each([
    [10, 5],
    [11, 6],
  ])('a count of %i is high for %i ticks', (count, high) => {
    const { pit, start, toTick } = setUp();
    start(2, 3, count);
    pit.setGate2(true);
    const levels = Array.from({ length: 2 * count }, (_, tick) => (toTick(tick), pit.output2()));
    expect(levels).toEqual(levels.map((_, tick) => tick % count < high));
  });

  test('drives IRQ 0 at the beginning of each period', () => {
    const { irq0, start, toTick } = setUp();
    start(0, 3, 100);
    irq0.rises = [];
    toTick(350);
    expect(irq0.rises.map(ticksAt)).toEqual([100, 200, 300]);
  });

  test('a low gate stops it with OUT high', () => {
    const { pit, start, toTick } = setUp();
    start(2, 3, 10);
    pit.setGate2(true);
    toTick(7);
    expect(pit.output2()).toBe(false);
    pit.setGate2(false);
    expect(pit.output2()).toBe(true);
  });
});

describe('reading', () => {
  test('a latched count stands still until it is read', () => {
    const { start, toTick, write, count } = setUp();
    start(0, 2, 5000);
    toTick(1000);
    write(CONTROL, 0x00);
    toTick(2000);
    write(CONTROL, 0x00); // Ignored: the first is not read yet.
    expect([count(0), count(0)]).toEqual([4000, 3000]);
  });

  test('the read-back command latches status and count of several counters', () => {
    const { start, toTick, write, read } = setUp();
    start(0, 2, 5000);
    start(2, 3, 400);
    toTick(1000);
    write(CONTROL, 0xca); // Status and count of counters 0 and 2.
    toTick(3000);
    expect([read(0), read(0) | (read(0) << 8)]).toEqual([0x80 | 0x30 | (2 << 1), 4000]);
    expect(read(2)).toBe(0x80 | 0x30 | (3 << 1));
  });

  test('status shows a null count until the count is loaded', () => {
    const { write, read } = setUp();
    write(CONTROL, 0x34, 0xe2);
    expect(read(0)).toBe(0x80 | 0x40 | 0x34);
  });

  test('a binary-coded count is read as one', () => {
    const { toTick, write, count } = setUp();
    write(CONTROL, 0x35);
    write(0, 0x00, 0x10);
    toTick(1);
    expect(count(0)).toBe(0x0999);
  });
});

test('a restored timer goes on to the tick', () => {
  const { clock, irq0, pit, start } = setUp();
  start(0, 2, 1000);
  clock.advanceTo(123_456);
  const saved = [pit.save(), clock.alarms.save()] as const;
  clock.advanceTo(1_000_000);
  const expected = irq0.rises.filter((at) => at > 123_456);
  pit.restore(saved[0]);
  clock.alarms.restore(saved[1]);
  clock.now = 123_456;
  irq0.rises = [];
  clock.advanceTo(1_000_000);
  expect(irq0.rises).toEqual(expected);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { civilFromSeconds, secondsFromCivil } from '../../../emulator/devices/calendar.ts';
import { INSTRUCTIONS_PER_SECOND as SECOND } from '../../../emulator/devices/clock.ts';
import { RtcMc146818 } from '../../../emulator/devices/rtc-mc146818.ts';
import { TestClock, Wire } from './test-clock.ts';

function setUp(memoryBytes = 32 << 20) {
  const clock = new TestClock();
  const irq8 = new Wire(clock);
  const rtc: RtcMc146818 = new RtcMc146818({ clock: clock.for(() => rtc), interrupt: irq8.drive }, memoryBytes);
  const read = (index: number): number => {
    rtc.writePort(0, 1, index);
    return rtc.readPort(1, 1);
  };
  const write = (index: number, value: number): void => {
    rtc.writePort(0, 1, index);
    rtc.writePort(1, 1, value);
  };
  /** Century, year, month, day, hour, minute, second as hexadecimal text: plain digits when BCD. */
  const time = (): string => [0x32, 9, 8, 7, 4, 2, 0].map((i) => read(i).toString(16).padStart(2, '0')).join(' ');
  return { clock, irq8, rtc, read, write, time };
}

test('the calendar agrees with the host for two thousand years', () => {
  fc.assert(
    fc.property(fc.integer({ min: -3e10, max: 3e10 }), (seconds) => {
      const date = new Date(seconds * 1000);
      const civil = civilFromSeconds(seconds);
      expect(civil).toEqual({
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
        second: date.getUTCSeconds(),
      });
      expect(secondsFromCivil(civil)).toBe(seconds);
    }),
  );
});

test('power-on shows the fixed epoch in BCD, and the clock moves it', () => {
  const { clock, time, read } = setUp();
  expect([time(), read(6)]).toEqual(['20 26 01 01 00 00 00', 5]);
  clock.advance(86_400 * SECOND - 1);
  expect(time()).toBe('20 26 01 01 23 59 59');
  clock.advance(1);
  expect([time(), read(6)]).toEqual(['20 26 01 02 00 00 00', 6]);
});

test('binary and twelve-hour formats follow register B', () => {
  const { clock, read, write } = setUp();
  clock.advance(13 * 3600 * SECOND + 45 * SECOND);
  write(0x0b, 0x06);
  expect([read(4), read(0)]).toEqual([13, 45]);
  write(0x0b, 0x00);
  expect([read(4), read(0)]).toEqual([0x81, 0x45]);
});

test('SET holds the time while it is written', () => {
  const { clock, write, time } = setUp();
  clock.advance(SECOND / 2);
  write(0x0b, 0x82);
  for (const [index, value] of [[9, 0x99], [0x32, 0x19], [8, 0x12], [7, 0x31], [4, 0x23], [2, 0x59], [0, 0x58]] as const)
    write(index, value); // prettier-ignore
  clock.advance(100 * SECOND);
  expect(time()).toBe('19 99 12 31 23 59 58');
  write(0x0b, 0x02);
  clock.advance(2 * SECOND);
  expect(time()).toBe('20 00 01 01 00 00 00');
});

test('UIP is high for the last 244 µs of a second', () => {
  const { clock, read } = setUp();
  clock.advance(SECOND - 24_401);
  expect(read(0x0a) & 0x80).toBe(0);
  clock.advance(1);
  expect(read(0x0a) & 0x80).toBe(0x80);
  clock.advance(24_400);
  expect(read(0x0a) & 0x80).toBe(0);
});

describe('interrupts', () => {
  test('the periodic one comes 1024 times a second, each after register C was read', () => {
    const { clock, irq8, read, write } = setUp();
    write(0x0b, 0x42);
    let served = 0;
    while (clock.now < SECOND) {
      clock.advanceTo(Math.min(clock.alarms.next, SECOND));
      if (irq8.level) {
        served++;
        expect(read(0x0c)).toSatisfy((c: number) => (c & 0xc0) === 0xc0);
        expect(irq8.level).toBe(false);
      }
    }
    expect(served).toBe(1024);
  });

  test('update-ended comes with the new second', () => {
    const { clock, irq8, read, write } = setUp();
    write(0x0b, 0x12);
    clock.advanceTo(SECOND - 1);
    expect(irq8.level).toBe(false);
    clock.advanceTo(SECOND);
    expect([irq8.level, read(0x0c) & 0x90]).toEqual([true, 0x90]);
  });

  test('the alarm matches with any hour', () => {
    const { clock, irq8, write, read } = setUp();
    write(0x05, 0xff);
    write(0x03, 0x01);
    write(0x01, 0x30);
    read(0x0c);
    write(0x0b, 0x22);
    clock.advanceTo(89 * SECOND);
    expect(irq8.rises).toEqual([]);
    clock.advanceTo(95 * SECOND);
    expect(irq8.rises).toEqual([90 * SECOND]);
  });

  test('flags show without interrupts for those who poll', () => {
    const { clock, irq8, read } = setUp();
    clock.advance(SECOND);
    expect([read(0x0c), irq8.level, read(0x0c)]).toEqual([0x50, false, 0]);
  });
});

test('memory sizes stand where firmware leaves them', () => {
  const { read } = setUp(64 << 20);
  const word = (index: number): number => read(index) | (read(index + 1) << 8);
  expect([word(0x15), word(0x17), word(0x34)]).toEqual([640, 63 * 1024, 48 * 16]);
});

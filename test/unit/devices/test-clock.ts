/** A clock a test turns by hand. Alarms ring at their own time, in order, as on the board. */
import type { Clock } from '../../../emulator/devices/clock.ts';
import type { Device } from '../../../emulator/devices/device.ts';
import { Alarms } from '../../../emulator/machine/alarms.ts';

export class TestClock {
  now = 0;
  readonly alarms = new Alarms(
    () => this.now,
    () => undefined,
  );

  for(device: () => Device): Clock {
    return this.alarms.clockFor('device', () => device().alarm());
  }

  advanceTo(time: number): void {
    while (this.alarms.next <= time) {
      this.now = Math.max(this.now, this.alarms.next);
      this.alarms.fire();
    }
    this.now = time;
  }

  advance(by: number): void {
    this.advanceTo(this.now + by);
  }
}

/** A pin that remembers its level and every rising edge. */
export class Wire {
  level = false;
  rises: number[] = [];
  readonly #clock: TestClock | undefined;

  constructor(clock?: TestClock) {
    this.#clock = clock;
  }

  readonly drive = (level: boolean): void => {
    if (level && !this.level) this.rises.push(this.#clock?.now ?? 0);
    this.level = level;
  };
}

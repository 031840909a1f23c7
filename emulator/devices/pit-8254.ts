/**
 * Programmable interval timer: three 16-bit down-counters; counter 0 drives IRQ 0, counter 2 the speaker.
 * Intel 8254 datasheet, "Mode Definitions". Modes 0, 2, 3 and 4; 1 and 5 (started by the gate) hold their count still.
 *
 * Invariant: a count is computed from the instruction it was loaded at, never stored. Snapshots are exact because of it.
 */
import type { AccessSize } from '../cpu/cpu-bus.ts';
import { INSTRUCTIONS_PER_SECOND, type Clock } from './clock.ts';
import { Device, type Line, type RegisterRecord } from './device.ts';

/** CLK of all three counters in Hz: 14.31818 MHz / 12. */
export const PIT_HZ = 1_193_182;

interface CounterState {
  mode: number;
  bcd: boolean;
  /** Read/write format: 1 low byte, 2 high byte, 3 low then high. */
  access: number;
  /** CR as the guest wrote it, 1 to 65536; 0 before the first load. */
  initial: number;
  /** Tick at which the count `initial` began; null when none was loaded since the mode was set. */
  loadedAt: number | null;
  /** Modes 2 and 3: an initial count written while counting starts with the next period, at this tick. */
  next: { initial: number; atTick: number } | null;
  /** Modes 0 and 4: ticks left when the gate went low. */
  heldCount: number | null;
  gate: boolean;
  lowByte: number | null;
  readHigh: boolean;
  /** Bytes latched for reading, first first. */
  latched: number[];
}

interface PitState {
  version: number;
  counters: CounterState[];
}

const powerOn = (): PitState => ({
  version: 1,
  counters: [0, 1, 2].map((index) => ({
    mode: 3,
    bcd: false,
    access: 3,
    initial: 0,
    loadedAt: null,
    next: null,
    heldCount: null,
    gate: index !== 2,
    lowByte: null,
    readHigh: false,
    latched: [],
  })),
});

export interface PitPins {
  readonly clock: Clock;
  /** OUT0. */
  readonly interrupt: Line;
}

export class Pit8254 extends Device<PitState> {
  readonly name = 'pit';
  readonly #pins: PitPins;

  constructor(pins: PitPins) {
    super(powerOn);
    this.#pins = pins;
  }

  /** Drives OUT 0 as it stands at power-on: high, so that programming the counter makes no edge. */
  connect(): void {
    this.#drive();
  }

  /** GATE 2, from port 61h bit 0. */
  setGate2(level: boolean): void {
    const counter = this.#counter(2);
    if (counter.gate === level) return;
    const tick = this.#tick();
    if (isPeriodic(counter.mode)) {
      // "Gate: a low-to-high transition reloads the counter"; low stops it with OUT high.
      if (level && counter.loadedAt !== null) counter.loadedAt = tick;
    } else if (counter.loadedAt !== null) {
      if (!level) counter.heldCount = remaining(counter, tick);
      else if (counter.heldCount !== null) {
        counter.loadedAt = tick - (counter.initial - counter.heldCount);
        counter.heldCount = null;
      }
    }
    counter.gate = level;
  }

  /** OUT 2, read at port 61h bit 5. */
  output2(): boolean {
    const counter = this.#counter(2);
    this.#advance(counter);
    return output(counter, this.#tick());
  }

  override readPort(offset: number, _size: AccessSize): number {
    if (offset === 3) return 0xff; // The control word is write-only.
    const counter = this.#counter(offset);
    const latched = counter.latched.shift();
    if (latched !== undefined) return latched;
    this.#advance(counter);
    const value = readable(counter, this.#tick());
    if (counter.access === 3) {
      counter.readHigh = !counter.readHigh;
      return counter.readHigh ? value & 0xff : value >>> 8;
    }
    return counter.access === 2 ? value >>> 8 : value & 0xff;
  }

  override writePort(offset: number, _size: AccessSize, value: number): void {
    if (offset === 3) this.#control(value);
    else this.#writeCount(this.#counter(offset), value);
    this.#drive();
  }

  override alarm(): void {
    const counter = this.#counter(0);
    this.#advance(counter);
    // Mode 2's OUT is low for the last tick of each period only: the alarm at the period's end makes the whole pulse.
    if (counter.mode === 2) this.#pins.interrupt(false);
    this.#drive();
  }

  override inspect(): RegisterRecord {
    const tick = this.#tick();
    return Object.fromEntries<number | boolean>(
      this.state.counters.flatMap((counter, i): [string, number | boolean][] => [
        [`mode${i}`, counter.mode],
        [`initial${i}`, counter.initial],
        [`count${i}`, readable(counter, tick)],
        [`out${i}`, output(counter, tick)],
        [`gate${i}`, counter.gate],
      ]),
    );
  }

  #counter(index: number): CounterState {
    return this.state.counters[index];
  }

  #tick(): number {
    return ticksAt(this.#pins.clock.now());
  }

  #control(value: number): void {
    const select = value >>> 6;
    if (select === 3) {
      this.#readBack(value);
      return;
    }
    const counter = this.#counter(select);
    const access = (value >>> 4) & 3;
    if (access === 0) {
      this.#latchCount(counter);
      return;
    }
    const mode = (value >>> 1) & 7;
    Object.assign(counter, {
      loadedAt: null,
      next: null,
      heldCount: null,
      lowByte: null,
      readHigh: false,
      latched: [],
    });
    counter.access = access;
    counter.mode = mode > 5 ? mode - 4 : mode; // "x10", "x11": bit 2 is not looked at for modes 2 and 3.
    counter.bcd = (value & 1) !== 0;
  }

  /** "Read-Back Command": bits 5 and 4 low latch count and status; bits 3–1 choose the counters. */
  #readBack(value: number): void {
    for (const [i, counter] of this.state.counters.entries()) {
      if (!(value & (2 << i))) continue;
      const statusLatch = !(value & 0x10) && counter.latched.length === 0;
      const status = this.#status(counter);
      if (!(value & 0x20)) this.#latchCount(counter);
      if (statusLatch) counter.latched.unshift(status);
    }
  }

  #status(counter: CounterState): number {
    this.#advance(counter);
    const out = output(counter, this.#tick()) ? 0x80 : 0;
    const nullCount = counter.loadedAt === null || counter.next !== null ? 0x40 : 0;
    return out | nullCount | (counter.access << 4) | (counter.mode << 1) | (counter.bcd ? 1 : 0);
  }

  /** "Counter Latch Command": a second one before the count is read is ignored. */
  #latchCount(counter: CounterState): void {
    if (counter.latched.length > 0) return;
    this.#advance(counter);
    const value = readable(counter, this.#tick());
    if (counter.access & 1) counter.latched.push(value & 0xff);
    if (counter.access & 2) counter.latched.push(value >>> 8);
  }

  #writeCount(counter: CounterState, value: number): void {
    if (counter.access === 3 && counter.lowByte === null) {
      counter.lowByte = value;
      if (counter.mode === 0) counter.loadedAt = null; // "Writing the first byte disables counting."
      return;
    }
    const written = counter.access === 3 ? counter.lowByte! | (value << 8) : counter.access === 2 ? value << 8 : value;
    counter.lowByte = null;
    this.#load(counter, counter.bcd ? fromBcd(written) || 10_000 : written || 0x10000);
  }

  #load(counter: CounterState, initial: number): void {
    const tick = this.#tick();
    this.#advance(counter);
    if (isPeriodic(counter.mode) && counter.loadedAt !== null && counter.gate) {
      const period = counter.initial;
      const done = Math.floor((tick - counter.loadedAt) / period);
      counter.next = { initial, atTick: counter.loadedAt + (done + 1) * period };
      return;
    }
    counter.initial = initial;
    counter.loadedAt = tick;
    counter.heldCount = counter.gate ? null : initial;
  }

  /** Takes over a count that was waiting for the end of its period. */
  #advance(counter: CounterState): void {
    const { next } = counter;
    if (next && next.atTick <= this.#tick()) {
      counter.initial = next.initial;
      counter.loadedAt = next.atTick;
      counter.next = null;
    }
  }

  /** Sets IRQ 0 to OUT 0 and asks to be woken at OUT 0's next edge. */
  #drive(): void {
    const counter = this.#counter(0);
    const tick = this.#tick();
    this.#pins.interrupt(output(counter, tick));
    const edge = nextEdge(counter, tick);
    this.#pins.clock.setAlarm(edge === undefined ? undefined : instructionAtTick(edge));
  }
}

const isPeriodic = (mode: number): boolean => mode === 2 || mode === 3;

/** Ticks left in a one-shot count; negative after the terminal count. */
function remaining(counter: CounterState, tick: number): number {
  return counter.heldCount ?? counter.initial - (tick - counter.loadedAt!);
}

/** The state of OUT by "Mode Definitions". */
function output(counter: CounterState, tick: number): boolean {
  const { mode, loadedAt, initial } = counter;
  if (mode === 0) return loadedAt !== null && remaining(counter, tick) <= 0;
  if (loadedAt === null || !counter.gate) return true;
  const phase = (tick - loadedAt) % initial;
  if (mode === 2) return phase !== initial - 1;
  // Odd counts: high for (N + 1) / 2, low for (N − 1) / 2.
  if (mode === 3) return phase < Math.ceil(initial / 2);
  if (mode === 4) return remaining(counter, tick) !== 0;
  return true;
}

/** The tick of OUT's next change that the interrupt cares for. */
function nextEdge(counter: CounterState, tick: number): number | undefined {
  const { mode, loadedAt, initial } = counter;
  if (loadedAt === null || !counter.gate) return undefined;
  const periodStart = loadedAt + Math.floor((tick - loadedAt) / initial) * initial;
  switch (mode) {
    case 0:
      return remaining(counter, tick) > 0 ? loadedAt + initial : undefined;
    case 2:
      return periodStart + initial;
    case 3: {
      const fall = periodStart + Math.ceil(initial / 2);
      return tick < fall ? fall : periodStart + initial;
    }
    case 4:
      return tick < loadedAt + initial ? loadedAt + initial : tick === loadedAt + initial ? tick + 1 : undefined;
    default:
      return undefined;
  }
}

/** CE as a read sees it, 16 bits. */
function readable(counter: CounterState, tick: number): number {
  const { mode, loadedAt, initial } = counter;
  if (loadedAt === null) return counter.bcd ? toBcd(initial % 10_000) : initial & 0xffff;
  let count: number;
  if (isPeriodic(mode)) {
    const phase = counter.gate ? (tick - loadedAt) % initial : 0;
    // Mode 3 counts by two, twice a period.
    if (mode === 2) count = initial - phase;
    else {
      const half = Math.ceil(initial / 2);
      const even = initial & ~1;
      count = phase < half ? even - 2 * phase : even - 2 * (phase - half);
    }
  } else count = mode === 0 || mode === 4 ? remaining(counter, tick) : initial;
  return counter.bcd ? toBcd(((count % 10_000) + 10_000) % 10_000) : count & 0xffff;
}

const fromBcd = (value: number): number =>
  (value >>> 12) * 1000 + ((value >>> 8) & 15) * 100 + ((value >>> 4) & 15) * 10 + (value & 15);
const toBcd = (value: number): number => Number.parseInt(String(value), 16);

// 1193182 / 100000000 in lowest terms; split at whole multiples so that nothing exceeds 2^53.
const TICKS = PIT_HZ / 2;
const INSTRUCTIONS = INSTRUCTIONS_PER_SECOND / 2;

/** CLK ticks since power-on at an instruction count. */
export function ticksAt(instruction: number): number {
  const rest = instruction % INSTRUCTIONS;
  return ((instruction - rest) / INSTRUCTIONS) * TICKS + Math.floor((rest * TICKS) / INSTRUCTIONS);
}

/** The first instruction count at which `ticksAt` gives `tick`. */
export function instructionAtTick(tick: number): number {
  const rest = tick % TICKS;
  return ((tick - rest) / TICKS) * INSTRUCTIONS + Math.ceil((rest * INSTRUCTIONS) / TICKS);
}

/**
 * Real-time clock and CMOS RAM. Motorola MC146818A datasheet, "Address Map", "Registers", "Update Cycle".
 * The bytes above 0Dh follow the PC/AT: memory sizes, equipment, century.
 *
 * Invariant: the time is `epochSeconds` plus the clock, so it depends on the instruction count and nothing else.
 * Flags of register C that no interrupt asked for are worked out when they are read.
 */
import type { AccessSize } from '../cpu/cpu-bus.ts';
import { civilFromSeconds, secondsFromCivil, type Civil } from './calendar.ts';
import { INSTRUCTIONS_PER_SECOND, type Clock } from './clock.ts';
import { Device, type Line, type RegisterRecord } from './device.ts';

/** What the clock shows at power-on: 2026-01-01 00:00:00 UTC. */
export const POWER_ON_EPOCH_SECONDS = secondsFromCivil({ year: 2026, month: 1, day: 1, hour: 0, minute: 0, second: 0 });

const REGISTER_A = 0x0a;
const REGISTER_B = 0x0b;
const REGISTER_C = 0x0c;
const REGISTER_D = 0x0d;
const CENTURY = 0x32;

const A_UPDATE_IN_PROGRESS = 0x80;
const B = { set: 0x80, periodic: 0x40, alarm: 0x20, updateEnded: 0x10, binary: 0x04, hours24: 0x02 } as const;
const C = { request: 0x80, periodic: 0x40, alarm: 0x20, updateEnded: 0x10 } as const;
const INTERRUPTS = B.periodic | B.alarm | B.updateEnded;

/** "The UIP bit goes high 244 µs before the update." */
const UPDATE_WARNING_INSTRUCTIONS = (INSTRUCTIONS_PER_SECOND * 244) / 1_000_000;

/** Time registers by address; the alarm's stand between them. */
const TIME_FIELDS: Readonly<Record<number, keyof Civil | 'weekday' | 'century'>> = {
  0x00: 'second',
  0x02: 'minute',
  0x04: 'hour',
  0x06: 'weekday',
  0x07: 'day',
  0x08: 'month',
  0x09: 'year',
  [CENTURY]: 'century',
};
const ALARM_FIELDS: readonly (readonly [address: number, field: 'second' | 'minute' | 'hour'])[] = [
  [0x01, 'second'],
  [0x03, 'minute'],
  [0x05, 'hour'],
];
/** "Don't care" in an alarm byte: both top bits set. */
const ALARM_ANY = 0xc0;

interface RtcState {
  version: number;
  index: number;
  /** All 128 bytes; those of the time are not kept here. */
  ram: Uint8Array;
  /** Seconds since 1970 shown at instruction `setAt`. */
  epochSeconds: number;
  setAt: number;
  /** While B.set holds the update: the time it holds. */
  heldSeconds: number | null;
  /** Register C's flags that have been raised and not read. */
  flags: number;
  /** When register C was read last: flags are raised by what happened since. */
  flagsSince: number;
}

export interface RtcPins {
  readonly clock: Clock;
  readonly interrupt: Line;
}

export class RtcMc146818 extends Device<RtcState> {
  readonly name = 'rtc';
  readonly #pins: RtcPins;

  constructor(pins: RtcPins, memoryBytes: number) {
    super(() => ({
      version: 1,
      index: 0,
      ram: initialRam(memoryBytes),
      epochSeconds: POWER_ON_EPOCH_SECONDS,
      setAt: 0,
      heldSeconds: null,
      flags: 0,
      flagsSince: 0,
    }));
    this.#pins = pins;
  }

  override readPort(offset: number, _size: AccessSize): number {
    return offset === 0 ? 0xff : this.#read(this.state.index);
  }

  override writePort(offset: number, _size: AccessSize, value: number): void {
    if (offset === 0)
      this.state.index = value & 0x7f; // Bit 7 masks NMI, of which this board has no source.
    else this.#write(this.state.index, value);
  }

  override alarm(): void {
    this.#raiseFlags();
    this.#drive();
  }

  override inspect(): RegisterRecord {
    const { year, month, day, hour, minute, second } = civilFromSeconds(this.#seconds());
    const two = (n: number): string => String(n).padStart(2, '0');
    return {
      time: `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`,
      index: this.state.index,
      A: this.state.ram[REGISTER_A],
      B: this.state.ram[REGISTER_B],
      C: this.state.flags,
    };
  }

  #read(index: number): number {
    const { state } = this;
    const field = TIME_FIELDS[index];
    if (field) return this.#encode(field, this.#field(field));
    switch (index) {
      case REGISTER_A:
        return (state.ram[REGISTER_A] & 0x7f) | (this.#updateInProgress() ? A_UPDATE_IN_PROGRESS : 0);
      case REGISTER_C: {
        this.#raiseFlags();
        const value = state.flags | (state.flags & state.ram[REGISTER_B] & INTERRUPTS ? C.request : 0);
        state.flags = 0;
        this.#drive();
        return value;
      }
      case REGISTER_D:
        return 0x80; // VRT: the battery is good.
      default:
        return state.ram[index];
    }
  }

  #write(index: number, value: number): void {
    const { state } = this;
    const field = TIME_FIELDS[index];
    if (field) this.#setField(field, value);
    else if (index === REGISTER_B) {
      this.#raiseFlags();
      this.#hold((value & B.set) !== 0);
      state.ram[REGISTER_B] = value;
      this.#drive();
    } else if (index === REGISTER_A) {
      this.#raiseFlags();
      state.ram[REGISTER_A] = value & 0x7f;
      this.#drive();
    } else if (index !== REGISTER_C && index !== REGISTER_D) state.ram[index] = value;
  }

  #seconds(): number {
    const { heldSeconds, epochSeconds, setAt } = this.state;
    return heldSeconds ?? epochSeconds + Math.floor((this.#pins.clock.now() - setAt) / INSTRUCTIONS_PER_SECOND);
  }

  #field(field: keyof Civil | 'weekday' | 'century'): number {
    const seconds = this.#seconds();
    const civil = civilFromSeconds(seconds);
    if (field === 'weekday') return ((Math.floor(seconds / 86_400) + 4) % 7) + 1; // 1970-01-01 was a Thursday; Sunday is 1.
    if (field === 'century') return Math.floor(civil.year / 100);
    return field === 'year' ? civil.year % 100 : civil[field];
  }

  #setField(field: keyof Civil | 'weekday' | 'century', value: number): void {
    if (field === 'weekday') return; // Follows from the date.
    const now = this.#seconds();
    const civil = civilFromSeconds(now);
    const number = this.#decode(field, value);
    if (field === 'century') civil.year = number * 100 + (civil.year % 100);
    else if (field === 'year') civil.year = civil.year - (civil.year % 100) + number;
    else civil[field] = number;
    const set = secondsFromCivil(civil);
    if (this.state.heldSeconds !== null) this.state.heldSeconds = set;
    else this.state.epochSeconds += set - now;
    this.#drive();
  }

  /** "SET: ... any update cycle in progress is aborted and the program may initialize the time." */
  #hold(held: boolean): void {
    const { state } = this;
    if (held && state.heldSeconds === null) state.heldSeconds = this.#seconds();
    else if (!held && state.heldSeconds !== null) {
      state.epochSeconds = state.heldSeconds;
      state.setAt = this.#pins.clock.now();
      state.heldSeconds = null;
    }
  }

  #encode(field: string, value: number): number {
    const b = this.state.ram[REGISTER_B];
    const afternoon = field === 'hour' && !(b & B.hours24) && value >= 12;
    const shown = field === 'hour' && !(b & B.hours24) ? ((value + 11) % 12) + 1 : value;
    return (b & B.binary ? shown : Math.floor(shown / 10) * 16 + (shown % 10)) | (afternoon ? 0x80 : 0);
  }

  #decode(field: string, value: number): number {
    const b = this.state.ram[REGISTER_B];
    const twelveHours = field === 'hour' && !(b & B.hours24);
    const digits = twelveHours ? value & 0x7f : value;
    const number = b & B.binary ? digits : (digits >>> 4) * 10 + (digits & 15);
    return twelveHours ? (number % 12) + (value & 0x80 ? 12 : 0) : number;
  }

  #updateInProgress(): boolean {
    if (this.state.heldSeconds !== null) return false;
    const phase = (this.#pins.clock.now() - this.state.setAt) % INSTRUCTIONS_PER_SECOND;
    return phase >= INSTRUCTIONS_PER_SECOND - UPDATE_WARNING_INSTRUCTIONS;
  }

  /** Instructions in a period by register A's rate bits, "Periodic Interrupt Rate"; 0 when off. */
  #period(): number {
    const rate = this.state.ram[REGISTER_A] & 0x0f;
    if (rate === 0) return 0;
    return Math.round((INSTRUCTIONS_PER_SECOND * 2 ** ((rate < 3 ? rate + 7 : rate) - 1)) / 32_768);
  }

  #raiseFlags(): void {
    const { state } = this;
    const now = this.#pins.clock.now();
    const since = state.flagsSince;
    state.flagsSince = now;
    const period = this.#period();
    if (period > 0 && Math.floor(now / period) > Math.floor(since / period)) state.flags |= C.periodic;
    if (state.heldSeconds !== null) return;
    const second = (at: number): number => Math.floor((at - state.setAt) / INSTRUCTIONS_PER_SECOND);
    if (second(now) > second(since)) {
      state.flags |= C.updateEnded;
      // Deviation: an alarm that nobody waits for by interrupt is seen only if it matches now.
      if (this.#alarmMatches()) state.flags |= C.alarm;
    }
  }

  #alarmMatches(): boolean {
    return ALARM_FIELDS.every(([address, field]) => {
      const wanted = this.state.ram[address];
      return wanted >= ALARM_ANY || wanted === this.#encode(field, this.#field(field));
    });
  }

  #drive(): void {
    const { state } = this;
    const enabled = state.ram[REGISTER_B] & INTERRUPTS;
    this.#pins.interrupt((state.flags & enabled) !== 0);
    const now = this.#pins.clock.now();
    let next = Infinity;
    const period = this.#period();
    if (enabled & B.periodic && period > 0) next = (Math.floor(now / period) + 1) * period;
    if (enabled & (B.alarm | B.updateEnded) && state.heldSeconds === null) {
      const phase = (now - state.setAt) % INSTRUCTIONS_PER_SECOND;
      next = Math.min(next, now - phase + INSTRUCTIONS_PER_SECOND);
    }
    this.#pins.clock.setAlarm(next === Infinity ? undefined : next);
  }
}

/** The bytes a PC's firmware leaves for the operating system. */
function initialRam(memoryBytes: number): Uint8Array {
  const ram = new Uint8Array(128);
  const word = (address: number, value: number): void => {
    ram[address] = value & 0xff;
    ram[address + 1] = value >>> 8;
  };
  const extendedKib = Math.min(Math.max(memoryBytes / 1024 - 1024, 0), 0xffff);
  ram[REGISTER_A] = 0x26; // 32.768 kHz time base, 1024 Hz.
  ram[REGISTER_B] = B.hours24;
  ram[0x14] = 0x06; // Equipment: VGA, coprocessor, no diskette.
  word(0x15, 640);
  word(0x17, extendedKib);
  word(0x30, extendedKib);
  word(0x34, Math.min(Math.max((memoryBytes - 0x1000000) / 0x10000, 0), 0xffff)); // Above 16 MiB, in 64 KiB.
  return ram;
}

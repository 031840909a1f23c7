/**
 * Local APIC of a single P6-class processor: priorities, timer, LINT0 for the 8259s, interrupts to itself.
 * Intel SDM Vol. 3A, "Advanced Programmable Interrupt Controller (APIC)". At power-on it is as firmware leaves it
 * (virtual wire mode): enabled, LINT0 is ExtINT, LINT1 is NMI.
 *
 * Deviations: there is nobody on the bus to send interrupts to or to receive them from, so ICR reaches only itself; the
 * error and performance entries never fire. The timer's clock is the instruction count.
 *
 * Invariant: the current count is computed from when the initial count was written, never stored.
 */
import type { AccessSize } from '../cpu/cpu-bus.ts';
import type { Clock } from './clock.ts';
import type { Line, RegisterRecord } from './device.ts';
import { Device } from './device.ts';

// Offsets of the registers. SDM Vol. 3A, Table "Local APIC Register Address Map".
const Register = {
  ID: 0x20,
  VERSION: 0x30,
  TPR: 0x80,
  PPR: 0xa0,
  EOI: 0xb0,
  LDR: 0xd0,
  DFR: 0xe0,
  SVR: 0xf0,
  ISR: 0x100,
  TMR: 0x180,
  IRR: 0x200,
  ESR: 0x280,
  ICR_LOW: 0x300,
  ICR_HIGH: 0x310,
  LVT_TIMER: 0x320,
  LVT_PERFORMANCE: 0x340,
  LVT_LINT0: 0x350,
  LVT_LINT1: 0x360,
  LVT_ERROR: 0x370,
  INITIAL_COUNT: 0x380,
  CURRENT_COUNT: 0x390,
  DIVIDE: 0x3e0,
} as const;

/** Version 11h, with five entries in the local vector table. */
const VERSION = 0x0004_0011;
const MASKED = 0x1_0000;
const PERIODIC = 0x2_0000;
const EXTINT = 0x700;
const DELIVERY_MODE = 0x700;
const SOFTWARE_ENABLED = 0x100;
const VECTOR_MIN = 16;

//  register        bits that can be written
const LVT: Readonly<Record<number, number>> = {
  [Register.LVT_TIMER]: 0x3_00ff,
  [Register.LVT_PERFORMANCE]: 0x1_07ff,
  [Register.LVT_LINT0]: 0x1_a7ff,
  [Register.LVT_LINT1]: 0x1_a7ff,
  [Register.LVT_ERROR]: 0x1_00ff,
};

interface State {
  version: number;
  id: number;
  tpr: number;
  ldr: number;
  dfr: number;
  svr: number;
  icrLow: number;
  icrHigh: number;
  lvt: Record<string, number>;
  /** One bit a vector, 32 to a word. */
  isr: number[];
  irr: number[];
  initialCount: number;
  /** Instruction count at which it was written; undefined counts have run out. */
  countStart: number;
  divide: number;
  lint0: boolean;
  /** IA32_APIC_BASE: address and global enable. */
  base: number;
  enabled: boolean;
}

export interface LocalApicPins {
  readonly clock: Clock;
  /** INTR of the CPU. */
  readonly interrupt: Line;
}

const APIC_BASE = 0xfee0_0000;
const WINDOW_BYTES = 0x1000;

export class LocalApic extends Device<State> {
  readonly name = 'lapic';
  readonly #pins: LocalApicPins;

  constructor(pins: LocalApicPins) {
    super(() => ({
      version: 1,
      id: 0,
      tpr: 0,
      ldr: 0,
      dfr: 0xffff_ffff,
      svr: 0xff | SOFTWARE_ENABLED,
      icrLow: 0,
      icrHigh: 0,
      lvt: {
        [Register.LVT_TIMER]: MASKED,
        [Register.LVT_PERFORMANCE]: MASKED,
        [Register.LVT_LINT0]: EXTINT,
        [Register.LVT_LINT1]: 0x400,
        [Register.LVT_ERROR]: MASKED,
      },
      isr: new Array<number>(8).fill(0),
      irr: new Array<number>(8).fill(0),
      initialCount: 0,
      countStart: 0,
      divide: 0,
      lint0: false,
      base: APIC_BASE,
      enabled: true,
    }));
    this.#pins = pins;
  }

  /** Whether a physical address is in the window. */
  claims(physical: number): boolean {
    const { base, enabled } = this.state;
    return enabled && physical >= base && physical < base + WINDOW_BYTES;
  }

  /** IA32_APIC_BASE was written. Deviation: a window moved over RAM is not seen. */
  setBase(base: number, enabled: boolean): void {
    this.state.base = base;
    this.state.enabled = enabled;
    this.#update();
  }

  /** The output of the 8259s. */
  setLint0(level: boolean): void {
    this.state.lint0 = level;
    this.#update();
  }

  /**
   * INTA.
   * @param external answers for LINT0 as ExtINT
   * @returns the vector
   */
  acknowledge(external: () => number): number {
    const vector = this.#deliverable();
    if (vector >= 0) {
      clearBit(this.state.irr, vector);
      setBit(this.state.isr, vector);
      this.#update();
      return vector;
    }
    return this.#externalPending() ? external() : this.state.svr & 0xff;
  }

  override alarm(): void {
    const { state } = this;
    const timer = state.lvt[Register.LVT_TIMER];
    if ((timer & MASKED) === 0) this.#request(timer & 0xff);
    this.#setAlarm();
  }

  /** @param offset in the window; anything but an aligned dword is undefined, and read as part of one */
  readMemory(offset: number, size: AccessSize): number {
    const value = this.#read(offset & ~0xf) >>> ((offset & 3) * 8);
    return size === 4 ? value >>> 0 : value & (size === 2 ? 0xffff : 0xff);
  }

  writeMemory(offset: number, size: AccessSize, value: number): void {
    if (size === 4 && (offset & 0xf) === 0) this.#write(offset, value);
  }

  override inspect(): RegisterRecord {
    const { state } = this;
    return {
      enabled: state.enabled && (state.svr & SOFTWARE_ENABLED) !== 0,
      tpr: state.tpr,
      ppr: this.#ppr(),
      timer: state.lvt[Register.LVT_TIMER],
      lint0: state.lvt[Register.LVT_LINT0],
      initialCount: state.initialCount,
      currentCount: this.#currentCount(),
      inService: highest(state.isr),
      requested: highest(state.irr),
    };
  }

  #read(register: number): number {
    const { state } = this;
    if (register >= Register.ISR && register < Register.TMR) return state.isr[(register - Register.ISR) >> 4];
    if (register >= Register.IRR && register < Register.ESR) return state.irr[(register - Register.IRR) >> 4];
    switch (register) {
      case Register.ID:
        return state.id << 24;
      case Register.VERSION:
        return VERSION;
      case Register.TPR:
        return state.tpr;
      case Register.PPR:
        return this.#ppr();
      case Register.LDR:
        return state.ldr;
      case Register.DFR:
        return state.dfr;
      case Register.SVR:
        return state.svr;
      case Register.ICR_LOW:
        return state.icrLow;
      case Register.ICR_HIGH:
        return state.icrHigh;
      case Register.INITIAL_COUNT:
        return state.initialCount;
      case Register.CURRENT_COUNT:
        return this.#currentCount();
      case Register.DIVIDE:
        return state.divide;
      default:
        return state.lvt[register] ?? 0;
    }
  }

  #write(register: number, value: number): void {
    const { state } = this;
    switch (register) {
      case Register.ID:
        state.id = (value >>> 24) & 0xf;
        break;
      case Register.TPR:
        state.tpr = value & 0xff;
        break;
      case Register.EOI: {
        const vector = highest(state.isr);
        if (vector >= 0) clearBit(state.isr, vector);
        break;
      }
      case Register.LDR:
        state.ldr = (value & 0xff00_0000) >>> 0;
        break;
      case Register.DFR:
        state.dfr = (value | 0x0fff_ffff) >>> 0;
        break;
      case Register.SVR:
        // SDM Vol. 3A, "Spurious Interrupt": on P6, bits 3:0 of the vector are ones.
        state.svr = (value & 0x3ff) | 0xf;
        if ((state.svr & SOFTWARE_ENABLED) === 0) for (const entry of Object.keys(LVT)) state.lvt[entry] |= MASKED;
        break;
      case Register.ICR_LOW:
        state.icrLow = value & 0xc_cfff;
        this.#send();
        break;
      case Register.ICR_HIGH:
        state.icrHigh = (value & 0xff00_0000) >>> 0;
        break;
      case Register.INITIAL_COUNT:
        state.initialCount = value >>> 0;
        state.countStart = this.#pins.clock.now();
        this.#setAlarm();
        break;
      case Register.DIVIDE:
        state.divide = value & 0xb;
        this.#setAlarm();
        break;
      default:
        this.#writeLvt(register, value);
    }
    this.#update();
  }

  #writeLvt(register: number, value: number): void {
    const writable = LVT[register] as number | undefined;
    if (writable === undefined) return;
    // While it is disabled by software, the mask bits cannot be cleared.
    const masked = (this.state.svr & SOFTWARE_ENABLED) === 0 ? MASKED : 0;
    this.state.lvt[register] = (value & writable) | masked;
    if (register === Register.LVT_TIMER) this.#setAlarm();
  }

  /** Fixed interrupts to itself, by shorthand or by its ID. */
  #send(): void {
    const { icrLow, icrHigh, id } = this.state;
    const shorthand = (icrLow >> 18) & 3;
    const toItself = shorthand === 1 || shorthand === 2 || (shorthand === 0 && (icrHigh >>> 24) % 16 === id);
    if (toItself && (icrLow & DELIVERY_MODE) === 0) this.#request(icrLow & 0xff);
  }

  #request(vector: number): void {
    if (vector < VECTOR_MIN || (this.state.svr & SOFTWARE_ENABLED) === 0) return;
    setBit(this.state.irr, vector);
    this.#update();
  }

  /** SDM Vol. 3A, "Task and Processor Priorities". */
  #ppr(): number {
    const inService = Math.max(highest(this.state.isr), 0) & 0xf0;
    const { tpr } = this.state;
    return (tpr & 0xf0) >= inService ? tpr : inService;
  }

  /** The vector that may interrupt now, or -1. */
  #deliverable(): number {
    const vector = highest(this.state.irr);
    return this.state.enabled && vector >= 0 && (vector & 0xf0) > (this.#ppr() & 0xf0) ? vector : -1;
  }

  #externalPending(): boolean {
    const { enabled, lint0, lvt } = this.state;
    const entry = lvt[Register.LVT_LINT0];
    // Disabled by IA32_APIC_BASE, the pin is INTR itself.
    return lint0 && (!enabled || (entry & (MASKED | DELIVERY_MODE)) === EXTINT);
  }

  #update(): void {
    this.#pins.interrupt(this.#deliverable() >= 0 || this.#externalPending());
  }

  /** Instructions to a count. SDM Vol. 3A, Figure "Divide Configuration Register": 2, 4 … 128, 1. */
  #divider(): number {
    const { divide } = this.state;
    const code = (divide & 3) | ((divide & 8) >> 1);
    return code === 7 ? 1 : 2 << code;
  }

  #currentCount(): number {
    const { initialCount, countStart, lvt } = this.state;
    if (initialCount === 0) return 0;
    const counted = Math.floor((this.#pins.clock.now() - countStart) / this.#divider());
    if ((lvt[Register.LVT_TIMER] & PERIODIC) !== 0) return initialCount - (counted % initialCount);
    return Math.max(initialCount - counted, 0);
  }

  #setAlarm(): void {
    const { initialCount, countStart, lvt } = this.state;
    const { clock } = this.#pins;
    const period = initialCount * this.#divider();
    if (initialCount === 0) return clock.setAlarm(undefined);
    const passed = Math.floor((clock.now() - countStart) / period);
    const periodic = (lvt[Register.LVT_TIMER] & PERIODIC) !== 0;
    clock.setAlarm(passed > 0 && !periodic ? undefined : countStart + (passed + 1) * period);
  }
}

function setBit(words: number[], vector: number): void {
  words[vector >> 5] = (words[vector >> 5] | (1 << (vector & 31))) >>> 0;
}

function clearBit(words: number[], vector: number): void {
  words[vector >> 5] = (words[vector >> 5] & ~(1 << (vector & 31))) >>> 0;
}

/** The highest vector whose bit is set, or -1. */
function highest(words: readonly number[]): number {
  for (let word = words.length - 1; word >= 0; word--) {
    if (words[word] !== 0) return word * 32 + 31 - Math.clz32(words[word]);
  }
  return -1;
}

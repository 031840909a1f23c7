/**
 * Interrupt controllers: two 8259As, the slave cascaded into the master's IR2, as on the PC/AT.
 * Intel 8259A datasheet, "Initialization Command Words", "Operation Command Words", "Fully Nested Mode".
 *
 * Invariant: INT is a function of IRR, ISR, IMR and the priority order; it is recomputed after each change and driven
 * to the pin, never remembered.
 *
 * Edge triggered only: there is no ELCR, and LTIM is ignored. As the datasheet says, a request whose line falls before
 * the acknowledge is lost, and the acknowledge finds the spurious IR7.
 */
import type { AccessSize } from '../cpu/cpu-bus.ts';
import { Device, type Line, type RegisterRecord } from './device.ts';

const ICW1 = { select: 0x10, needsIcw4: 0x01, single: 0x02 } as const;
const ICW4 = { autoEoi: 0x02, specialFullyNested: 0x10 } as const;
const OCW3 = {
  select: 0x08,
  poll: 0x04,
  readCommand: 0x02,
  readIsr: 0x01,
  specialMaskCommand: 0x40,
  specialMask: 0x20,
} as const;
const CASCADE_IR = 2;
const SPURIOUS_IR = 7;

interface ChipState {
  irr: number;
  isr: number;
  imr: number;
  /** Input levels, for edge detection. */
  lines: number;
  vectorBase: number;
  /** The ICW expected next at the odd port; 0 when initialised. */
  nextIcw: number;
  icw1: number;
  icw4: number;
  lowestPriority: number;
  specialMask: boolean;
  rotateOnAutoEoi: boolean;
  readIsr: boolean;
  poll: boolean;
}

interface PicState {
  version: number;
  master: ChipState;
  slave: ChipState;
}

const chip = (): ChipState => ({
  irr: 0,
  isr: 0,
  imr: 0xff,
  lines: 0,
  vectorBase: 0,
  nextIcw: 0,
  icw1: 0,
  icw4: 0,
  lowestPriority: 7,
  specialMask: false,
  rotateOnAutoEoi: false,
  readIsr: false,
  poll: false,
});

export interface PicPins {
  /** INT, to the CPU's INTR. */
  readonly interrupt: Line;
}

/** Ports by offset: 0, 1 the master; 2, 3 the slave. */
export class Pic8259Pair extends Device<PicState> {
  readonly name = 'pic';
  readonly #pins: PicPins;

  constructor(pins: PicPins) {
    super(() => ({ version: 1, master: chip(), slave: chip() }));
    this.#pins = pins;
  }

  /** Drives interrupt request `irq` (0–15; 2 is the cascade and has no pin). */
  setLine(irq: number, level: boolean): void {
    setInput(irq < 8 ? this.state.master : this.state.slave, irq & 7, level);
    this.#update();
  }

  /** Both INTA cycles. @returns the vector */
  acknowledge(): number {
    const { master, slave } = this.state;
    const ir = acknowledge(master);
    let vector = master.vectorBase + ir;
    if (ir === CASCADE_IR) {
      vector = slave.vectorBase + acknowledge(slave);
      // The slave's INT falls with INTA; one still pending makes a new edge.
      setInput(master, CASCADE_IR, false);
    }
    this.#update();
    return vector;
  }

  override readPort(offset: number, _size: AccessSize): number {
    const target = offset < 2 ? this.state.master : this.state.slave;
    if (target.poll) {
      // "Poll Command": the read acts as INTA and gives the request's number with bit 7.
      target.poll = false;
      const pending = highestRequest(target) !== undefined;
      const value = pending ? 0x80 | acknowledge(target) : 0;
      this.#update();
      return value;
    }
    if (offset & 1) return target.imr;
    return target.readIsr ? target.isr : target.irr;
  }

  override writePort(offset: number, _size: AccessSize, value: number): void {
    const target = offset < 2 ? this.state.master : this.state.slave;
    if (offset & 1) writeOdd(target, value);
    else writeEven(target, value);
    this.#update();
  }

  override inspect(): RegisterRecord {
    const { master, slave } = this.state;
    return {
      masterIRR: master.irr,
      masterISR: master.isr,
      masterIMR: master.imr,
      masterVectorBase: master.vectorBase,
      slaveIRR: slave.irr,
      slaveISR: slave.isr,
      slaveIMR: slave.imr,
      slaveVectorBase: slave.vectorBase,
      INT: highestRequest(master) !== undefined,
    };
  }

  #update(): void {
    const { master, slave } = this.state;
    setInput(master, CASCADE_IR, highestRequest(slave) !== undefined);
    this.#pins.interrupt(highestRequest(master) !== undefined);
  }
}

function setInput(chip: ChipState, ir: number, level: boolean): void {
  const bit = 1 << ir;
  if (level && !(chip.lines & bit)) {
    chip.irr |= bit;
    chip.lines |= bit;
  } else if (!level && chip.lines & bit) {
    chip.irr &= ~bit;
    chip.lines &= ~bit;
  }
}

/** The request that INT announces: the highest in priority order that nothing in service blocks. */
function highestRequest(chip: ChipState): number | undefined {
  if (chip.nextIcw !== 0) return undefined;
  const requests = chip.irr & ~chip.imr;
  if (requests === 0) return undefined;
  // "Special Mask Mode": a level in service blocks nothing while it is masked.
  const blocking = chip.specialMask ? chip.isr & ~chip.imr : chip.isr;
  for (let i = 1; i <= 8; i++) {
    const ir = (chip.lowestPriority + i) & 7;
    const bit = 1 << ir;
    // "Special Fully Nested Mode": the slave may interrupt its own service in the master.
    const nested = ir === CASCADE_IR && chip.icw4 & ICW4.specialFullyNested;
    if (blocking & bit && !(nested && requests & bit)) return undefined;
    if (requests & bit) return ir;
  }
  return undefined;
}

function acknowledge(chip: ChipState): number {
  const ir = highestRequest(chip);
  if (ir === undefined) return SPURIOUS_IR; // "...the 8259A will issue an interrupt level 7", with no ISR bit.
  chip.irr &= ~(1 << ir);
  if (chip.icw4 & ICW4.autoEoi) {
    if (chip.rotateOnAutoEoi) chip.lowestPriority = ir;
  } else chip.isr |= 1 << ir;
  return ir;
}

function writeEven(chip: ChipState, value: number): void {
  if (value & ICW1.select) {
    Object.assign(chip, { irr: 0, isr: 0, imr: 0, lowestPriority: 7, specialMask: false, readIsr: false, poll: false });
    chip.icw1 = value;
    chip.icw4 = 0;
    chip.nextIcw = 2;
  } else if (value & OCW3.select) {
    if (value & OCW3.poll) chip.poll = true;
    else if (value & OCW3.readCommand) chip.readIsr = (value & OCW3.readIsr) !== 0;
    if (value & OCW3.specialMaskCommand) chip.specialMask = (value & OCW3.specialMask) !== 0;
  } else operate(chip, value >>> 5, value & 7);
}

/** OCW2, "Rotate and End of Interrupt modes": bits 7–5 are R, SL, EOI. */
function operate(chip: ChipState, command: number, level: number): void {
  const [rotate, specific, eoi] = [command & 4, command & 2, command & 1];
  if (!eoi) {
    if (rotate && specific) chip.lowestPriority = level;
    else if (!specific) chip.rotateOnAutoEoi = rotate !== 0;
    return;
  }
  const ir = specific ? level : highestInService(chip);
  if (ir === undefined) return;
  chip.isr &= ~(1 << ir);
  if (rotate) chip.lowestPriority = ir;
}

/** "In Special Mask Mode, a non-specific EOI does not clear an ISR bit that is masked." */
function highestInService(chip: ChipState): number | undefined {
  const inService = chip.specialMask ? chip.isr & ~chip.imr : chip.isr;
  for (let i = 1; i <= 8; i++) {
    const ir = (chip.lowestPriority + i) & 7;
    if (inService & (1 << ir)) return ir;
  }
  return undefined;
}

function writeOdd(chip: ChipState, value: number): void {
  const afterVector = chip.icw1 & ICW1.needsIcw4 ? 4 : 0;
  switch (chip.nextIcw) {
    case 2:
      chip.vectorBase = value & 0xf8;
      chip.nextIcw = chip.icw1 & ICW1.single ? afterVector : 3;
      break;
    case 3: // Which input the slave is on: wired, not programmed.
      chip.nextIcw = afterVector;
      break;
    case 4:
      chip.icw4 = value;
      chip.nextIcw = 0;
      break;
    default:
      chip.imr = value;
  }
}

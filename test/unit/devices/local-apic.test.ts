/** Intel SDM Vol. 3A, "Advanced Programmable Interrupt Controller (APIC)": what one processor alone can see of it. */
import { expect, test } from 'vitest';
import { LocalApic } from '../../../emulator/devices/local-apic.ts';
import { Wire, TestClock } from './test-clock.ts';

const TPR = 0x80, PPR = 0xa0, EOI = 0xb0, SVR = 0xf0, ISR = 0x100, IRR = 0x200, ICR = 0x300; // prettier-ignore
const LVT_TIMER = 0x320, LVT_LINT0 = 0x350, INITIAL = 0x380, CURRENT = 0x390, DIVIDE = 0x3e0; // prettier-ignore
const MASKED = 0x1_0000;
const PERIODIC = 0x2_0000;
/** Divide by 1. */
const BY_1 = 0xb;

function setUp() {
  const clock = new TestClock();
  const intr = new Wire(clock);
  const apic: LocalApic = new LocalApic({ clock: clock.for(() => apic), interrupt: intr.drive });
  const write = (offset: number, value: number): void => {
    apic.writeMemory(offset, 4, value);
  };
  return { apic, clock, intr, write, read: (offset: number): number => apic.readMemory(offset, 4) };
}

const none = (): number => {
  throw new Error('the 8259s were asked');
};

test('as firmware leaves it, LINT0 is ExtINT: the 8259s interrupt and give the vector', () => {
  const { apic, intr } = setUp();
  apic.setLint0(true);
  expect(intr.level).toBe(true);
  expect(apic.acknowledge(() => 0x21)).toBe(0x21);
});

test('a masked LINT0 keeps the 8259s out, and IA32_APIC_BASE without enable lets them through again', () => {
  const { apic, intr, write } = setUp();
  apic.setLint0(true);
  write(LVT_LINT0, MASKED | 0x700);
  expect(intr.level).toBe(false);
  apic.setBase(0xfee0_0000, false);
  expect([intr.level, apic.claims(0xfee0_0000)]).toEqual([true, false]);
});

test('a one-shot timer interrupts once when its count has run out', () => {
  const { apic, clock, intr, write, read } = setUp();
  write(DIVIDE, BY_1);
  write(LVT_TIMER, 0x40);
  write(INITIAL, 1000);
  clock.advance(400);
  expect(read(CURRENT)).toBe(600);
  clock.advance(10_000);
  expect([intr.rises, read(CURRENT)]).toEqual([[1000], 0]);
  expect(apic.acknowledge(none)).toBe(0x40);
  expect([intr.level, read(ISR + 0x20)]).toEqual([false, 1]);
});

test('a periodic timer goes on, at the rate the divider says', () => {
  const { apic, clock, intr, write } = setUp();
  write(DIVIDE, 0); // by 2
  write(LVT_TIMER, PERIODIC | 0x40);
  write(INITIAL, 100);
  for (let n = 0; n < 3; n++) {
    clock.advance(200);
    apic.acknowledge(none);
    write(EOI, 0);
  }
  expect(intr.rises).toEqual([200, 400, 600]);
});

test('a masked timer counts and does not interrupt', () => {
  const { clock, intr, write, read } = setUp();
  write(DIVIDE, BY_1);
  write(INITIAL, 100);
  clock.advance(40);
  expect([read(CURRENT), intr.level]).toEqual([60, false]);
});

test('interrupts to itself come in the order of their priority classes, and EOI ends the highest', () => {
  const { apic, intr, write, read } = setUp();
  write(ICR, 0x4_0041);
  expect(apic.acknowledge(none)).toBe(0x41);
  write(ICR, 0x4_0045); // the same class waits
  expect([intr.level, read(IRR + 0x20)]).toEqual([false, 0x20]);
  write(ICR, 0x4_0061); // a higher one does not
  expect(apic.acknowledge(none)).toBe(0x61);
  expect(read(PPR)).toBe(0x60);
  write(EOI, 0);
  expect(read(PPR)).toBe(0x40);
  write(EOI, 0);
  expect(apic.acknowledge(none)).toBe(0x45);
});

test('TPR holds back its class and those below', () => {
  const { intr, write } = setUp();
  write(TPR, 0x50);
  write(ICR, 0x4_0055);
  expect(intr.level).toBe(false);
  write(TPR, 0x40);
  expect(intr.level).toBe(true);
});

test('disabled by SVR it masks its entries, takes nothing, and answers a late INTA with the spurious vector', () => {
  const { apic, intr, write, read } = setUp();
  apic.setLint0(true);
  write(SVR, 0xef);
  expect([intr.level, read(LVT_LINT0) & MASKED]).toEqual([false, MASKED]);
  write(ICR, 0x4_0041);
  expect(apic.acknowledge(none)).toBe(0xef);
  write(LVT_LINT0, 0x700);
  expect(read(LVT_LINT0)).toBe(MASKED | 0x700);
});

test('version, and what a saved and restored one goes on with', () => {
  const { apic, clock, intr, write, read } = setUp();
  expect(read(0x30)).toBe(0x0004_0011);
  write(DIVIDE, BY_1);
  write(LVT_TIMER, 0x40);
  write(INITIAL, 1000);
  clock.advance(10);
  const saved = apic.save();
  write(INITIAL, 0);
  apic.restore(saved);
  clock.advance(10);
  expect([read(CURRENT), intr.level]).toEqual([980, false]);
});

import { describe, expect, test } from 'vitest';
import { Pic8259Pair } from '../../../emulator/devices/pic-8259.ts';
import { Wire } from './test-clock.ts';

const [MASTER, MASTER_MASK, SLAVE, SLAVE_MASK] = [0, 1, 2, 3];
const NON_SPECIFIC_EOI = 0x20;
const READ_IRR = 0x0a;
const READ_ISR = 0x0b;

/** Both chips initialised as on a PC: vectors 20h and 28h, slave on IR2, nothing masked. */
function setUp({ icw4 = 0x01, slaveIcw4 = 0x01 } = {}) {
  const interrupt = new Wire();
  const pic = new Pic8259Pair({ interrupt: interrupt.drive });
  const write = (port: number, ...values: number[]): void => values.forEach((value) => pic.writePort(port, 1, value));
  const read = (port: number): number => pic.readPort(port, 1);
  write(MASTER, 0x11);
  write(MASTER_MASK, 0x20, 0x04, icw4, 0x00);
  write(SLAVE, 0x11);
  write(SLAVE_MASK, 0x28, 0x02, slaveIcw4, 0x00);
  const raise = (...lines: number[]): void => lines.forEach((line) => pic.setLine(line, true));
  const inService = (port: number): number => {
    write(port, READ_ISR);
    return read(port);
  };
  return { interrupt, pic, write, read, raise, inService };
}

test('a rising edge raises INT; the acknowledge gives the vector and moves the request into service', () => {
  const { interrupt, pic, raise, read, write, inService } = setUp();
  raise(1);
  write(MASTER, READ_IRR);
  expect([interrupt.level, read(MASTER)]).toEqual([true, 0x02]);
  expect(pic.acknowledge()).toBe(0x21);
  expect([interrupt.level, read(MASTER), inService(MASTER)]).toEqual([false, 0x00, 0x02]);
});

test('a level that stays high is one request only', () => {
  const { interrupt, pic, raise, write } = setUp();
  raise(4);
  pic.acknowledge();
  write(MASTER, NON_SPECIFIC_EOI);
  raise(4);
  expect(interrupt.level).toBe(false);
  pic.setLine(4, false);
  raise(4);
  expect(interrupt.level).toBe(true);
});

test('a masked request waits until it is unmasked', () => {
  const { interrupt, pic, raise, write } = setUp();
  write(MASTER_MASK, 0xff);
  raise(3);
  expect(interrupt.level).toBe(false);
  write(MASTER_MASK, 0xf7);
  expect([interrupt.level, pic.acknowledge()]).toEqual([true, 0x23]);
});

describe('fully nested mode', () => {
  test('a higher request interrupts a service; a lower one waits for the end of interrupt', () => {
    const { interrupt, pic, raise, write } = setUp();
    raise(4);
    expect(pic.acknowledge()).toBe(0x24);
    raise(6);
    expect(interrupt.level).toBe(false);
    raise(1);
    expect(pic.acknowledge()).toBe(0x21);
    write(MASTER, NON_SPECIFIC_EOI); // Ends 1, the highest in service.
    expect(interrupt.level).toBe(false);
    write(MASTER, NON_SPECIFIC_EOI); // Ends 4.
    expect(pic.acknowledge()).toBe(0x26);
  });

  test('a specific end of interrupt ends the level it names', () => {
    const { pic, raise, write, inService } = setUp();
    raise(4);
    pic.acknowledge();
    raise(1);
    pic.acknowledge();
    write(MASTER, 0x60 | 4);
    expect(inService(MASTER)).toBe(0x02);
  });
});

describe('cascade', () => {
  test('the slave takes IR2 of the master and gives its own vector', () => {
    const { interrupt, pic, raise, inService, write } = setUp();
    raise(12);
    expect([interrupt.level, pic.acknowledge()]).toEqual([true, 0x2c]);
    expect([inService(MASTER), inService(SLAVE)]).toEqual([0x04, 0x10]);
    write(SLAVE, NON_SPECIFIC_EOI);
    write(MASTER, NON_SPECIFIC_EOI);
    expect([inService(MASTER), inService(SLAVE)]).toEqual([0, 0]);
  });

  test('a second request of the slave comes after both ends of interrupt', () => {
    const { interrupt, pic, raise, write } = setUp();
    raise(8, 12);
    expect(pic.acknowledge()).toBe(0x28);
    write(SLAVE, NON_SPECIFIC_EOI);
    expect(interrupt.level).toBe(false);
    write(MASTER, NON_SPECIFIC_EOI);
    expect([interrupt.level, pic.acknowledge()]).toEqual([true, 0x2c]);
  });

  test('two requests of an auto-EOI slave are both served', () => {
    const { pic, raise, write } = setUp({ slaveIcw4: 0x03 });
    raise(8, 12);
    expect(pic.acknowledge()).toBe(0x28);
    write(MASTER, NON_SPECIFIC_EOI);
    expect(pic.acknowledge()).toBe(0x2c);
  });
});

test('a line that falls before the acknowledge gives a spurious IR7 with no service', () => {
  const { pic, raise, inService } = setUp();
  raise(5);
  pic.setLine(5, false);
  expect([pic.acknowledge(), inService(MASTER)]).toEqual([0x27, 0]);
});

test('a spurious request of the slave is vector 2Fh, with IR2 of the master in service', () => {
  const { pic, raise, inService } = setUp();
  raise(9);
  pic.setLine(9, false);
  raise(9);
  pic.writePort(SLAVE_MASK, 1, 0x00);
  const { state } = pic as unknown as { state: { slave: { irr: number } } };
  state.slave.irr = 0; // The request vanishes between the two acknowledge cycles.
  expect([pic.acknowledge(), inService(SLAVE), inService(MASTER)]).toEqual([0x2f, 0, 0x04]);
});

test('auto-EOI leaves nothing in service', () => {
  const { interrupt, pic, raise, inService } = setUp({ icw4: 0x03 });
  raise(4, 6);
  expect(pic.acknowledge()).toBe(0x24);
  expect([inService(MASTER), interrupt.level, pic.acknowledge()]).toEqual([0, true, 0x26]);
});

test('rotation on end of interrupt makes the level served the lowest', () => {
  const { pic, raise, write } = setUp();
  raise(3);
  pic.acknowledge();
  write(MASTER, 0xa0);
  raise(1, 4);
  expect(pic.acknowledge()).toBe(0x24);
});

test('set priority makes the named level the lowest', () => {
  const { pic, raise, write } = setUp();
  write(MASTER, 0xc0 | 5);
  raise(0, 6);
  expect(pic.acknowledge()).toBe(0x26);
});

test('special mask mode lets lower levels through while the level in service is masked', () => {
  const { interrupt, pic, raise, write, inService } = setUp();
  raise(1);
  pic.acknowledge();
  raise(6);
  expect(interrupt.level).toBe(false);
  write(MASTER_MASK, 0x02);
  write(MASTER, 0x68);
  expect([interrupt.level, pic.acknowledge()]).toEqual([true, 0x26]);
  write(MASTER, NON_SPECIFIC_EOI);
  expect(inService(MASTER)).toBe(0x02);
});

test('the poll command acknowledges by a read', () => {
  const { interrupt, raise, read, write, inService } = setUp();
  raise(6);
  write(MASTER, 0x0c);
  expect([read(MASTER), interrupt.level, inService(MASTER)]).toEqual([0x86, false, 0x40]);
  write(MASTER, 0x0c);
  expect(read(MASTER)).toBe(0);
});

test('ICW1 clears mask, requests and services, and asks for a new edge', () => {
  const { interrupt, raise, write, read } = setUp();
  write(MASTER_MASK, 0xff);
  raise(1);
  write(MASTER, 0x11);
  write(MASTER_MASK, 0x40, 0x04, 0x01);
  expect([read(MASTER_MASK), interrupt.level]).toEqual([0x00, false]);
});

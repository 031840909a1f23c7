import { describe, expect, test } from 'vitest';
import { CHARACTER_INSTRUCTIONS, FCR, IER, LCR, LSR, MCR, Uart16550 } from '../../../emulator/devices/uart-16550.ts';
import { TestClock, Wire } from './test-clock.ts';

const [DATA, IER_PORT, IIR, FCR_PORT, LCR_PORT, MCR_PORT, LSR_PORT, MSR_PORT] = [0, 1, 2, 2, 3, 4, 5, 6];

function setUp() {
  const clock = new TestClock();
  const interrupt = new Wire(clock);
  const sent: number[] = [];
  const uart: Uart16550 = new Uart16550({
    clock: clock.for(() => uart),
    interrupt: interrupt.drive,
    transmit: (byte) => sent.push(byte),
  });
  const write = (port: number, value: number): void => uart.writePort(port, 1, value);
  const read = (port: number): number => uart.readPort(port, 1);
  return { clock, interrupt, sent, uart, write, read };
}

describe('receiver', () => {
  test('a byte is received one character time after it came onto the line', () => {
    const { clock, uart, read } = setUp();
    uart.receive([0x41]);
    clock.advance(CHARACTER_INSTRUCTIONS - 1);
    expect(read(LSR_PORT) & LSR.dataReady).toBe(0);
    clock.advance(1);
    expect(read(LSR_PORT) & LSR.dataReady).toBe(LSR.dataReady);
    expect(read(DATA)).toBe(0x41);
    expect(read(LSR_PORT) & LSR.dataReady).toBe(0);
  });

  test('without FIFOs the line waits until the byte is read; nothing is lost', () => {
    const { clock, uart, read } = setUp();
    uart.receive([1, 2, 3]);
    const received = [1, 2, 3].map(() => {
      clock.advance(100 * CHARACTER_INSTRUCTIONS);
      return read(DATA);
    });
    expect(received).toEqual([1, 2, 3]);
  });

  test.each([
    [0x00, 1],
    [0x40, 4],
    [0x80, 8],
    [0xc0, 14],
  ])('FCR %#x raises the interrupt at %i bytes', (trigger, level) => {
    const { clock, interrupt, uart, read, write } = setUp();
    write(IER_PORT, IER.receivedData);
    write(FCR_PORT, FCR.enable | trigger);
    uart.receive(new Array<number>(20).fill(7));
    clock.advance((level - 1) * CHARACTER_INSTRUCTIONS);
    expect(interrupt.level).toBe(false);
    clock.advance(CHARACTER_INSTRUCTIONS);
    expect([interrupt.level, read(IIR)]).toEqual([true, 0xc4]);
  });

  test('bytes below the trigger level time out after four character times', () => {
    const { clock, interrupt, uart, read, write } = setUp();
    write(IER_PORT, IER.receivedData);
    write(FCR_PORT, FCR.enable | 0xc0);
    uart.receive([1, 2]);
    clock.advance(2 * CHARACTER_INSTRUCTIONS);
    clock.advance(4 * CHARACTER_INSTRUCTIONS - 1);
    expect(interrupt.level).toBe(false);
    clock.advance(1);
    expect([interrupt.level, read(IIR)]).toEqual([true, 0xcc]);
    read(DATA);
    expect(interrupt.level).toBe(false);
  });

  test('the FIFO holds 16 bytes, and clearing it empties it', () => {
    const { clock, uart, read, write } = setUp();
    write(FCR_PORT, FCR.enable);
    uart.receive(new Array<number>(40).fill(7));
    clock.advance(100 * CHARACTER_INSTRUCTIONS);
    expect(uart.inspect()).toMatchObject({ receiverFifo: new Array(16).fill('07').join(' '), waitingOnLine: 24 });
    write(FCR_PORT, FCR.enable | FCR.clearReceiver);
    expect(read(LSR_PORT) & LSR.dataReady).toBe(0);
  });
});

describe('transmitter', () => {
  test('is empty at once, and says so by interrupt when asked to', () => {
    const { interrupt, sent, read, write } = setUp();
    write(IER_PORT, IER.transmitterEmpty);
    expect([interrupt.level, read(IIR), read(IIR), interrupt.level]).toEqual([true, 0x02, 0x01, false]);
    write(DATA, 0x58);
    expect([sent, interrupt.level]).toEqual([[0x58], true]);
    expect(read(LSR_PORT)).toBe(LSR.transmitterEmpty | LSR.transmitterIdle);
  });
});

test('the identification register gives the highest source first', () => {
  const { clock, interrupt, uart, read, write } = setUp();
  write(IER_PORT, 0x0f);
  write(MCR_PORT, MCR.loopback); // The modem inputs fall: their deltas.
  uart.receive([1]);
  clock.advance(CHARACTER_INSTRUCTIONS);
  write(DATA, 0x55); // Looped back onto a full receiver: overrun.
  expect(read(IIR)).toBe(0x06);
  read(LSR_PORT);
  expect(read(IIR)).toBe(0x04);
  read(DATA);
  expect(read(IIR)).toBe(0x02);
  expect(read(IIR)).toBe(0x00);
  read(MSR_PORT);
  expect([read(IIR), interrupt.level]).toEqual([0x01, false]);
});

test('loopback joins the modem outputs to the inputs and sends nothing', () => {
  const { sent, read, write } = setUp();
  write(MCR_PORT, MCR.loopback | MCR.rts | MCR.out2);
  expect(read(MSR_PORT) & 0xf0).toBe(0x90);
  write(DATA, 0xae);
  expect([sent, read(DATA)]).toEqual([[], 0xae]);
});

test('the divisor latch shares its ports with data and interrupt enable', () => {
  const { sent, read, write } = setUp();
  write(LCR_PORT, LCR.divisorLatch | 3);
  write(DATA, 0x0c);
  write(IER_PORT, 0x01);
  expect([read(DATA), read(IER_PORT)]).toEqual([0x0c, 0x01]);
  write(LCR_PORT, 3);
  expect([read(IER_PORT), sent]).toEqual([0, []]);
});

test('a UART restored half way through an input goes on with the rest', () => {
  const { clock, uart, read } = setUp();
  uart.receive([1, 2]);
  clock.advance(CHARACTER_INSTRUCTIONS);
  const saved = uart.save();
  uart.receive([3]);
  uart.restore(saved);
  expect(read(DATA)).toBe(1);
  clock.advance(2 * CHARACTER_INSTRUCTIONS);
  expect([read(DATA), uart.save()['line']]).toEqual([2, []]);
});

import { expect, test } from 'vitest';
import { Alarms } from '../../../emulator/machine/alarms.ts';
import { Board } from '../../../emulator/machine/board.ts';
import { readTextScreen } from '../../../emulator/devices/text-screen.ts';

function setUp() {
  const events: unknown[] = [];
  const ram = new Uint8Array(1 << 20);
  const alarms = new Alarms(
    () => 0,
    () => undefined,
  );
  const board = new Board({
    ram,
    alarms,
    interrupt: (level) => events.push(`INTR ${level}`),
    eip: () => 0x1234,
    serialOutput: (byte) => events.push(byte),
    exit: (code) => events.push(`exit ${code}`),
    reset: (by) => events.push(`reset by ${by}`),
    a20: () => undefined,
  });
  return { board, events, ram };
}

test('an 8-bit device sees a 16-bit access as two byte cycles', () => {
  const { board } = setUp();
  board.writePort(0x3d4, 2, 0x120e); // Index 0Eh, then data 12h.
  board.writePort(0x3d4, 2, 0x340f);
  expect([board.crtc.cursorAddress, board.readPort(0x3d4, 2)]).toEqual([0x1234, 0x340f]);
});

test('a 32-bit exit code arrives whole', () => {
  const { board, events } = setUp();
  board.writePort(0xf4, 4, 0x12345678);
  expect(events).toContain('exit 305419896');
});

test('COM1 raises IRQ 4 through the master', () => {
  const { board, events } = setUp();
  for (const [port, value] of [[0x20, 0x11], [0x21, 0x20], [0x21, 0x04], [0x21, 0x01], [0x21, 0xef]] as const)
    board.writePort(port, 1, value); // prettier-ignore
  board.writePort(0x3f9, 1, 0x02);
  board.writePort(0x3f8, 1, 0x41);
  expect(events.slice(-2)).toEqual([0x41, 'INTR true']);
  expect(board.acknowledgeInterrupt()).toBe(0x24);
});

test('port 61h opens the gate of counter 2 and shows its output', () => {
  const { board } = setUp();
  board.writePort(0x43, 1, 0xb0);
  board.writePort(0x61, 1, 0x01);
  expect([board.readPort(0x61, 1) & 0x21, board.pit.inspect()['gate2']]).toEqual([0x01, true]);
});

test('both ways to reset name themselves', () => {
  const { board, events } = setUp();
  board.writePort(0x64, 1, 0xfe);
  board.writePort(0x92, 1, 0x03);
  expect(events.filter((event) => String(event).startsWith('reset'))).toEqual([
    'reset by keyboard controller',
    'reset by port 92h',
  ]);
});

test('unknown ports and windows float high and are reported with the first instruction that used them', () => {
  const { board } = setUp();
  expect([board.readPort(0x1f7, 1), board.readPort(0xcfc, 4), board.readPort(0x2000, 2)]).toEqual([
    0xff, 0xffffffff, 0xffff,
  ]);
  board.writePort(0x1f7, 1, 0xec);
  board.writeMmio(0xfec000b0, 4, 0);
  expect(board.unimplemented.report()).toEqual([
    { space: 'port', address: 0x1f7, wellKnownAs: 'primary ATA channel', reads: 1, writes: 1, firstEip: 0x1234 },
    { space: 'port', address: 0xcfc, wellKnownAs: 'PCI configuration', reads: 1, writes: 0, firstEip: 0x1234 },
    { space: 'port', address: 0x2000, wellKnownAs: undefined, reads: 1, writes: 0, firstEip: 0x1234 },
    { space: 'memory', address: 0xfec00000, wellKnownAs: 'I/O APIC', reads: 0, writes: 1, firstEip: 0x1234 },
  ]);
});

test('display memory keeps what is written, and the screen shows it from the start address', () => {
  const { board, ram } = setUp();
  board.writeMmio(0xb8000, 4, 0x07690748);
  board.writeMmio(0xb8000 + 160, 2, 0x0721);
  expect(board.readMmio(0xb8002, 1)).toBe(0x69);
  expect(readTextScreen(ram, 0).slice(0, 3)).toEqual(['Hi', '!', '']);
  board.writePort(0x3d4, 2, (80 << 8) | 0x0d);
  expect(readTextScreen(ram, board.crtc.startAddress)[0]).toBe('!');
});

test('looking at the registers changes nothing', () => {
  const { board } = setUp();
  board.writePort(0x3f9, 1, 0x0f);
  board.uart.receive([1]);
  const before = JSON.stringify(board.save());
  board.inspect();
  expect(JSON.stringify(board.save())).toBe(before);
});

test('the board is restored by name', () => {
  const { board } = setUp();
  board.writePort(0x43, 1, 0x34);
  board.writePort(0x3ff, 1, 0x5a);
  const saved = board.save();
  const { board: other } = setUp();
  other.restore(saved);
  expect(other.save()).toEqual(saved);
  expect(() => other.restore({})).toThrow(/no device "pic"/);
});

/**
 * The board beside QEMU's: one list of port accesses, run on both as a kernel; every byte read has to be the same.
 * What firmware leaves behind differs, so each list sets up what it looks at.
 */
import { describe, expect, test } from 'vitest';
import { runUnderQemu } from '../../../cli/grade/qemu.ts';
import { qemuMissing } from '../../kit/qemu.ts';
import { boot, CODE, compare, COUNTER, exit, HLT, increment, initPic, IRET, jumpIfNot, kernelWithInterrupts, outb, STI, CLI, inb } from './code.ts'; // prettier-ignore
import { kernelFile } from './elf-file.ts';

type Access = readonly ['out', port: number, value: number] | readonly ['in', port: number, mask?: number];

const RESULTS = 0x180000;
const dword = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

/** Keeps what it reads in memory and sends it all at the end, so that sending disturbs nothing. */
function kernelOf(accesses: readonly Access[]): Uint8Array {
  let count = 0;
  const code = accesses.flatMap((access) => {
    if (access[0] === 'out') return [0x66, 0xba, access[1] & 0xff, access[1] >>> 8, 0xb0, access[2], 0xee];
    const [, port, mask = 0xff] = access;
    return [...inb(port), 0x24, mask, 0xa2, ...dword(RESULTS + count++)]; // in; and al, mask; mov [results], al
  });
  const send = Array.from({ length: count }, (_, i) => [
    ...[0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x20, 0x74, 0xfb], // wait for the transmitter
    ...[0xa0, ...dword(RESULTS + i), 0x66, 0xba, 0xf8, 0x03, 0xee], // send [results + i]
  ]);
  return kernelFile([...code, ...outb(0x3fb, 0x03), ...outb(0x3fc, 0x03), ...send.flat(), ...exit(0)]);
}

const IMAGE = { modules: [], commandLine: '', memoryBytes: 32 << 20, script: { input: [] } };

function here(kernel: Uint8Array): string {
  const machine = boot(kernel, { memoryBytes: IMAGE.memoryBytes });
  const stop = machine.run(1e8);
  expect(stop).toEqual({ reason: 'exit', code: 0 });
  return Buffer.from(machine.serial.output.bytes()).toString('hex');
}

async function inQemu(kernel: Uint8Array): Promise<string> {
  const { transcript, verdict } = await runUnderQemu({ ...IMAGE, kernel });
  expect(verdict).toBe(0);
  return Buffer.from(transcript, 'latin1').toString('hex');
}

const PIC_INIT: Access[] = [
  ['out', 0x20, 0x11], ['out', 0x21, 0x20], ['out', 0x21, 0x04], ['out', 0x21, 0x01],
  ['out', 0xa0, 0x11], ['out', 0xa1, 0x28], ['out', 0xa1, 0x02], ['out', 0xa1, 0x01],
]; // prettier-ignore

const LISTS: Readonly<Record<string, readonly Access[]>> = {
  'interrupt controllers: masks and in-service registers': [
    ...PIC_INIT,
    ['in', 0x21], ['in', 0xa1],
    ['out', 0x21, 0xfb], ['out', 0xa1, 0x5a], ['in', 0x21], ['in', 0xa1],
    ['out', 0x20, 0x0b], ['in', 0x20], ['out', 0xa0, 0x0b], ['in', 0xa0],
    ['out', 0x21, 0xff], ['out', 0xa1, 0xff],
  ],
  'timer: status of each mode, and a count that was loaded': [
    ...PIC_INIT, ['out', 0x21, 0xff], ['out', 0xa1, 0xff],
    ['out', 0x43, 0x34], ['out', 0x43, 0xe2], ['in', 0x40, 0x3f],
    ['out', 0x40, 0x00], ['out', 0x40, 0x80], ['out', 0x43, 0xe2], ['in', 0x40, 0x3f],
    ['out', 0x43, 0xb6], ['out', 0x42, 0xff], ['out', 0x42, 0xff], ['out', 0x43, 0xe8], ['in', 0x42, 0x3f],
    ['out', 0x43, 0x80], ['out', 0x43, 0xb0], ['out', 0x43, 0xe8], ['in', 0x42, 0x3f],
    ['out', 0x43, 0x1a], ['out', 0x43, 0xe2], ['in', 0x40, 0x3f],
  ],
  'serial port: scratch, divisor, FIFO, loopback and interrupt identification': [
    ['out', 0x3f9, 0], ['out', 0x3fa, 0], ['out', 0x3fc, 0x0b], ['in', 0x3fe, 0x0f],
    ['out', 0x3ff, 0xa5], ['in', 0x3ff],
    ['out', 0x3fb, 0x83], ['out', 0x3f8, 0x0c], ['out', 0x3f9, 0x00], ['in', 0x3f8], ['in', 0x3f9], ['in', 0x3fb],
    ['out', 0x3fb, 0x03], ['in', 0x3f9], ['in', 0x3fa], ['in', 0x3fd],
    ['out', 0x3fa, 0xc7], ['in', 0x3fa],
    ['out', 0x3fa, 0x00], ['in', 0x3fa],
    ['out', 0x3f9, 0xff], ['in', 0x3f9], ['in', 0x3fa], ['in', 0x3fa], ['out', 0x3f9, 0x00],
    ['out', 0x3fc, 0x1f], ['in', 0x3fc], ['in', 0x3fe, 0xf0], ['out', 0x3fc, 0x12], ['in', 0x3fe, 0xf0],
    ['out', 0x3fc, 0x1b], ['in', 0x3fe, 0xf0],
  ],
  'keyboard controller: self-tests, command byte, echo': [
    ['out', 0x64, 0xad], ['out', 0x64, 0xaa], ['in', 0x60], ['out', 0x64, 0xab], ['in', 0x60],
    ['out', 0x64, 0x60], ['out', 0x60, 0x40], ['out', 0x64, 0x20], ['in', 0x60], ['in', 0x64, 0x01],
    ['out', 0x60, 0xee], ['in', 0x60], ['in', 0x64, 0x01],
  ],
  'CMOS: status registers and memory sizes': [
    ['out', 0x70, 0x0b], ['in', 0x71], ['out', 0x70, 0x0d], ['in', 0x71],
    ...[0x15, 0x16, 0x17, 0x18, 0x30, 0x31, 0x34, 0x35].flatMap((index): Access[] => [['out', 0x70, index], ['in', 0x71]]),
  ],
  'system ports: A20 and the timer gate': [['in', 0x92, 0x03], ['out', 0x61, 0x01], ['in', 0x61, 0x03], ['out', 0x61, 0x00], ['in', 0x61, 0x03]],
  'display: cursor registers by byte and by word': [
    ['out', 0x3d4, 0x0e], ['out', 0x3d5, 0x12], ['out', 0x3d4, 0x0f], ['out', 0x3d5, 0x34],
    ['in', 0x3d5], ['in', 0x3d4], ['out', 0x3d4, 0x0e], ['in', 0x3d5],
  ],
  'empty ports float high': [['in', 0x2f9], ['in', 0x201], ['in', 0x3e9]],
}; // prettier-ignore

describe.skipIf(qemuMissing)(`beside QEMU${qemuMissing ? ' (qemu-system-i386 is not installed)' : ''}`, () => {
  test.each(Object.keys(LISTS))('%s', async (name) => {
    const kernel = kernelOf(LISTS[name]!);
    expect(here(kernel)).toBe(await inQemu(kernel));
  });

  test('five timer interrupts wake a halted CPU five times', async () => {
    const main = [
      ...initPic(0), ...outb(0x43, 0x34), ...outb(0x40, 0x9c), ...outb(0x40, 0x2e),
      ...STI, ...HLT, ...compare(COUNTER, 5), ...jumpIfNot(-8), ...CLI, ...exit(0),
    ]; // prettier-ignore
    const handler = [...increment(COUNTER), ...outb(0x3f8, 0x2e), ...outb(0x20, 0x20), ...IRET];
    const kernel = kernelWithInterrupts(main, { 0x20: handler });
    expect([here(kernel), await inQemu(kernel)]).toEqual(['2e2e2e2e2e', '2e2e2e2e2e']);
  });

  test('machine state at the first instruction: flat segments, magic, interrupts off', async () => {
    // Sends EAX's bytes, then those of EFLAGS.IF and CS.
    const sendAl = [0x66, 0xba, 0xf8, 0x03, 0xee];
    const shift = [0xc1, 0xe8, 0x08];
    const code = [
      ...sendAl, ...shift, ...sendAl, ...shift, ...sendAl, ...shift, ...sendAl,
      ...[0xbc, ...dword(0x180000), 0x9c, 0x58, 0xc1, 0xe8, 0x08, 0x24, 0x02], ...sendAl,
      ...[0x8c, 0xc8], ...sendAl, ...exit(0),
    ]; // prettier-ignore
    const kernel = kernelFile(code);
    expect([CODE, here(kernel)]).toEqual([0x10000c, await inQemu(kernel)]);
    expect(here(kernel)).toBe('02b0ad2b0008');
  });
});

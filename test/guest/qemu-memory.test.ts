/**
 * QEMU runs the same kernel and program: same console, and at the end the same memory, byte for byte, but for what the
 * table of differences explains.
 */
import { describe, expect, test } from 'vitest';
import { parseElf } from '../../debug-adapter/debug-info/index.ts';
import { bootGuest, guestElf } from '../kit/guest.ts';
import { qemuMemoryAt, qemuMissing } from '../kit/qemu.ts';

const MEMORY = 32 << 20;
const KERNBASE = 0xf0000000;
/** Below the extended memory lie the firmware's own data; the topmost 512 KiB of QEMU's RAM hold SeaBIOS's leftovers. */
const COMPARED = { start: 0x100000, end: MEMORY - 0x80000 };

interface Range {
  readonly start: number;
  readonly end: number;
}

/** The places that may differ, and why. Offsets in `Env` are those of guest/abi/src/env.rs. */
function differences(kernel: Uint8Array, memory: Uint8Array): (Range & { why: string })[] {
  const elf = parseElf(kernel);
  if (!elf.ok) throw new Error(elf.failure.cause);
  const address = (name: string): number => {
    const found = elf.value.symbols.find(
      (symbol) => symbol.name === name || (name.length > 9 && symbol.name.endsWith(name)),
    );
    if (!found) throw new Error(`the kernel has no symbol ${name}`);
    return found.address - KERNBASE;
  };
  const word = (at: number): number => new DataView(memory.buffer, memory.byteOffset).getUint32(at, true);
  const size = (at: number, bytes: number): Range => ({ start: at, end: at + bytes });
  const environments = word(address('6kernel3env4ENVS')) - KERNBASE;
  const moduleTable = Math.ceil(address('end') / 4096) * 4096;
  return [
    {
      start: address('bootstack'),
      end: address('bootstacktop'),
      why: 'ours stands at the exit port, QEMU has no such device and goes on into the monitor',
    },
    { ...size(address('8segments3GDT'), 64), why: 'IRET and LLDT set accessed bits, in QEMU some of them do not' },
    { ...size(address('3cga8POSITION'), 4), why: 'the firmware leaves a cursor position; there is none here' },
    // guest/kernel/src/console/mod.rs, Input: a buffer of 512 bytes and two words, and behind them the cell's `borrowed`.
    { ...size(address('7console5INPUT') + 520, 1), why: 'QEMU is stopped anywhere in the loop that polls for input' },
    { ...size(moduleTable, 4096), why: "the boot loader's name is another" },
    { ...size(environments + 0x54, 4), why: 'how often the environment ran: timer interrupts come by another clock' },
    { ...size(environments + 0x3a, 1), why: 'RF in its EFLAGS, as above' },
  ];
}

describe.skipIf(qemuMissing)(`under QEMU${qemuMissing ? ' (qemu-system-i386 is not installed)' : ''}`, () => {
  test.each(['hello', 'rustshim', 'faultread'])('%s leaves the same memory', async (program) => {
    const kernel = guestElf('kernel');
    const machine = bootGuest(program);
    machine.run(500_000_000);
    const ours = machine.memory.ram;
    const { console: text, memory } = await qemuMemoryAt({ kernel, program, module: guestElf(program) }, 'K> ', MEMORY);

    // SDM Vol. 3B, "Resume Flag": a fault pushes EFLAGS with RF set. QEMU does not.
    const withoutResumeFlag = machine.serial.output.text().replace(/(flag 0x000)1/, '$10');
    expect(text.startsWith(withoutResumeFlag)).toBe(true);

    const explained = differences(kernel, ours);
    const unexplained: string[] = [];
    for (let at = COMPARED.start; at < COMPARED.end; at++) {
      if (ours[at] === memory[at]) continue;
      if (!explained.some(({ start, end }) => at >= start && at < end)) {
        unexplained.push(`${at.toString(16)}: ${ours[at]} here, ${memory[at]} in QEMU`);
      }
    }
    expect(unexplained).toEqual([]);
  });
});

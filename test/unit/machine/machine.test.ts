import { describe, expect, test } from 'vitest';
import { CHARACTER_INSTRUCTIONS } from '../../../emulator/devices/uart-16550.ts';
import { instructionAtTick } from '../../../emulator/devices/pit-8254.ts';
import type { Machine } from '../../../emulator/machine/machine.ts';
import { replay } from '../../../emulator/replay/replay.ts';
import {
  boot, bootCode, CLI, CODE, compare, COUNTER, exit, HLT, inb, increment, initPic, IRET, jump, jumpIfNot, kernelWithInterrupts, lidt, MAIN, NOP, outb, STI,
} from './code.ts'; // prettier-ignore

describe('a multiboot kernel starts', () => {
  test('in flat protected mode with EAX and EBX as the protocol says', () => {
    const { cpu, memory } = bootCode(NOP);
    expect([cpu.registers.eax >>> 0, cpu.registers.ebx, cpu.registers.eip, cpu.registers.eflags & 0x20200]).toEqual([
      0x2badb002,
      0x9500,
      CODE,
      0,
    ]);
    expect(cpu.registers.cr0 & 0x80000001).toBe(1);
    expect(memory.readPhysical32(0x9500 + 20)).toBe(0);
  });

  test('and writes to its segments reach all memory', () => {
    const machine = bootCode([0xc7, 0x05, 0x00, 0xf0, 0x3f, 0x00, 0x78, 0x56, 0x34, 0x12], exit(0)); // mov [3ff000h], 12345678h
    machine.run(10);
    expect(machine.memory.readPhysical32(0x3ff000)).toBe(0x12345678);
  });
});

describe('a run ends', () => {
  test('at the limit, to the instruction', () => {
    const machine = bootCode(NOP, jump(-1));
    expect([machine.run(1), machine.instructionCount]).toEqual([{ reason: 'limit' }, 1]);
    expect([machine.run(12_345), machine.instructionCount]).toEqual([{ reason: 'limit' }, 12_345]);
    expect([machine.run(5), machine.instructionCount]).toEqual([{ reason: 'limit' }, 12_345]);
    expect([machine.run(12_346.7), machine.instructionCount]).toEqual([{ reason: 'limit' }, 12_346]);
    expect([machine.run(NaN), machine.instructionCount]).toEqual([{ reason: 'limit' }, 12_346]);
  });

  test('with the guest’s verdict, and again with the same one', () => {
    const machine = bootCode(exit(42), exit(7));
    expect([machine.run(1000), machine.instructionCount]).toEqual([{ reason: 'exit', code: 42 }, 2]);
    expect(machine.run(1000)).toEqual({ reason: 'exit', code: 42 });
  });

  test('dead when it halts with interrupts disabled', () => {
    expect(bootCode(CLI, HLT).run(1000)).toEqual({ reason: 'dead' });
  });

  test('idle when only input can wake it', () => {
    expect(bootCode(STI, HLT).run(1000)).toEqual({ reason: 'idle' });
  });

  test('with a triple fault, its chain, and the state before the reset', () => {
    const machine = bootCode(lidt(0x1ff000), [0x0f, 0x0b]); // lidt of zeros; ud2
    const stop = machine.run(1000);
    expect(stop.reason).toBe('triple-fault');
    expect(stop.reason === 'triple-fault' && stop.chain.map(({ vector }) => vector)).toEqual([6, 13, 13, 8, 13]);
    expect(machine.cpu.registers.eip).toBe(CODE + 7);
    expect(machine.run(2000)).toEqual(stop);
  });

  test('with a reset through the keyboard controller', () => {
    expect(bootCode(outb(0x64, 0xfe)).run(1000)).toEqual({ reason: 'reset', by: 'keyboard controller' });
  });

  test('at a probe, once, and goes on', () => {
    const machine = bootCode(NOP, NOP, jump(-2));
    const probe = machine.cpu.probes.addCode({ linear: CODE + 1 });
    expect([machine.run(10), machine.instructionCount]).toEqual([{ reason: 'probe', probes: [probe] }, 1]);
    expect([machine.run(10), machine.instructionCount]).toEqual([{ reason: 'probe', probes: [probe] }, 4]);
  });
});

test('output reaches the listener byte by byte', () => {
  const machine = bootCode(outb(0x3f8, 0x48), outb(0x3f8, 0x69), exit(0));
  const seen: number[] = [];
  machine.serial.onOutput = (byte) => seen.push(byte);
  machine.run(1000);
  expect([seen, machine.serial.output.text()]).toEqual([[0x48, 0x69], 'Hi']);
});

/** Counts timer interrupts of 100 Hz while halted, writes a dot for each, and exits after five. */
const ticking = (): Machine =>
  boot(
    kernelWithInterrupts(
      [
        ...initPic(0),
        ...outb(0x43, 0x34), ...outb(0x40, 0x9c), ...outb(0x40, 0x2e),
        ...STI, ...HLT, ...compare(COUNTER, 5), ...jumpIfNot(-8), ...CLI, ...exit(0),
      ], // prettier-ignore
      { 0x20: [...increment(COUNTER), ...outb(0x3f8, 0x2e), ...outb(0x20, 0x20), ...IRET] },
    ),
  );

describe('a halted CPU', () => {
  test('jumps to the next alarm: five ticks of a 100 Hz timer take 50 ms of its time', () => {
    const machine = ticking();
    expect(machine.run(1e9)).toEqual({ reason: 'exit', code: 0 });
    expect(machine.serial.output.text()).toBe('.....');
    const executed = machine.instructionCount - machine.idleInstructions;
    expect(executed).toBeLessThan(200);
    expect(Math.abs(machine.instructionCount - instructionAtTick(5 * 11_932))).toBeLessThan(200);
  });

  test('does not jump past the limit', () => {
    const machine = ticking();
    expect([machine.run(500_000), machine.instructionCount]).toEqual([{ reason: 'limit' }, 500_000]);
    expect(machine.run(1e9).reason).toBe('exit');
  });

  test('is woken by a byte on COM1', () => {
    const machine = boot(
      kernelWithInterrupts([...initPic(4), ...outb(0x3f9, 0x01), ...STI, ...HLT, ...jump(-1)], {
        0x24: [...inb(0x3f8), ...exit(3)],
      }),
    );
    expect(machine.run(1e6)).toEqual({ reason: 'idle' });
    machine.serial.write([0x41]);
    const before = machine.instructionCount;
    expect(machine.run(1e6)).toEqual({ reason: 'exit', code: 3 });
    expect(machine.instructionCount - before).toBeGreaterThan(CHARACTER_INSTRUCTIONS);
    expect(machine.instructionCount - before).toBeLessThan(CHARACTER_INSTRUCTIONS + 10);
  });

  test('is woken by a key', () => {
    const machine = boot(
      kernelWithInterrupts([...initPic(1), ...STI, ...HLT, ...jump(-1)], {
        0x21: [...inb(0x60), 0x0f, 0xb6, 0xc0, 0xe7, 0xf4],
      }),
    );
    machine.run(1e6);
    machine.keyboard.type('a');
    expect(machine.run(1e6)).toEqual({ reason: 'exit', code: 0x1e });
  });
});

/** Echoes COM1 with the timer running, until it reads a "q". */
const echoing = (): Machine =>
  boot(
    kernelWithInterrupts(
      [
        ...initPic(0),
        ...outb(0x43, 0x34), ...outb(0x40, 0xe8), ...outb(0x40, 0x03),
        ...STI,
        ...inb(0x3fd), 0xa8, 0x01, 0x74, 0xf7, // test al, 1; jz -7
        ...inb(0x3f8), 0xee, // out dx, al
        0x3c, 0x71, 0x75, 0xed, // cmp al, 'q'; jnz -19
        ...exit(0),
      ], // prettier-ignore
      { 0x20: [0x50, ...increment(COUNTER), ...outb(0x20, 0x20), 0x58, ...IRET] },
    ),
  );

describe('determinism', () => {
  test('the state at a count does not depend on how the run was cut', () => {
    const [whole, cut] = [ticking(), ticking()];
    whole.run(3_210_987);
    for (let at = 0; at < 3_210_987; at += 99_991) cut.run(at);
    cut.run(3_210_987);
    expect(cut.stateHash()).toBe(whole.stateHash());
  });

  test('a machine restored half way goes on as the first did', () => {
    const machine = ticking();
    machine.run(2_500_000);
    const snapshot = machine.save();
    machine.run(1e9);
    const end = [machine.stateHash(), machine.serial.output.text()];
    machine.restore(snapshot);
    expect(machine.serial.output.text()).toBe('..');
    machine.run(1e9);
    expect([machine.stateHash(), machine.serial.output.text()]).toEqual(end);

    const other = ticking();
    other.restore(snapshot);
    other.run(1e9);
    expect([other.stateHash(), other.serial.output.text()]).toEqual(end);
  });

  test('a journal with input and a debugger’s writes replays to the same state at every count', () => {
    const first = echoing();
    const inputs: [number, (machine: Machine) => void][] = [
      [50_000, (machine) => machine.serial.write(Buffer.from('hel'))],
      [60_000, (machine) => machine.serial.write(Buffer.from('lo'))],
      [70_123, (machine) => machine.poke(COUNTER, Uint8Array.from([0xff, 0xff]))],
      [90_001, (machine) => machine.setRegister('esi', 0x12345678)],
      [90_001, (machine) => machine.setFpuRegister('mm3', Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))],
      [90_001, (machine) => machine.keyboard.type('x')],
      [300_000, (machine) => machine.serial.write(Buffer.from('q'))],
    ];
    const hashes = new Map<number, string>();
    for (const [at, input] of inputs) {
      first.run(at);
      input(first);
      first.run(at + 7);
      hashes.set(first.instructionCount, first.stateHash());
    }
    expect(first.run(1e9)).toEqual({ reason: 'exit', code: 0 });
    expect(first.serial.output.text()).toBe('helloq');
    hashes.set(first.instructionCount, first.stateHash());

    for (const [at, hash] of hashes) {
      const again = echoing();
      replay(again, first.journal.entries, at);
      expect([at, again.stateHash()]).toEqual([at, hash]);
    }
  });

  test('looking at everything changes nothing', () => {
    const machine = echoing();
    machine.serial.write([1, 2, 3]);
    machine.run(100_000);
    const before = machine.stateHash();
    machine.board.inspect();
    machine.textScreen();
    machine.save();
    expect(machine.stateHash()).toBe(before);
    expect(machine.cpu.registers.eip).toBeGreaterThanOrEqual(MAIN);
  });
});

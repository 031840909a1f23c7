/**
 * The PC: CPU, memory, board, clock and journal, and the loop that runs them together.
 *
 * Invariants: synchronous and closed, so that the same image and the same journal give the same state at every
 * instruction count, however the run is cut into slices. Alarms due at a count have rung when `run` returns at it.
 * Everything that changes is reachable from `save`.
 */
import { Cpu } from '../cpu/cpu.ts';
import { featuresWith } from '../cpu/cpuid.ts';
import { Eflags } from '../cpu/registers.ts';
import type { Clock } from '../devices/clock.ts';
import type { SavedValue } from '../devices/device.ts';
import { scancodesFor } from '../devices/keyboard-layout.ts';
import { readTextScreen } from '../devices/text-screen.ts';
import { GuestMemory } from '../memory/guest-memory.ts';
import type { TranslatorOptions } from '../translator/translator.ts';
import { Journal, type JournalEvent } from '../replay/journal.ts';
import { success, type Result } from '../result.ts';
import { Alarms } from './alarms.ts';
import { Board } from './board.ts';
import { ByteLog } from './byte-log.ts';
import { enterKernel } from './boot-state.ts';
import { writeRegister } from './register-write.ts';
import { loadMultiboot, type BootFile } from './multiboot-loader.ts';
import type { FinalStop, MachineStop } from './machine-stop.ts';
import { restoreRam, saveRam, SNAPSHOT_VERSION, StateHash, type Snapshot } from './snapshot.ts';

export interface MachineOptions {
  /** A multiple of 4096, 2 MiB to 1 GiB. */
  readonly memoryBytes: number;
  readonly kernel: Uint8Array;
  /** First word of the kernel's command line; `kernel` by default. */
  readonly kernelName?: string;
  readonly commandLine?: string;
  readonly modules?: readonly BootFile[];
  /** SIMD units beyond MMX, with FXSAVE; none by default. docs/decisions/0013. */
  readonly simd?: 'sse' | 'sse2';
  /** Whether hot code is translated, and how; `false`: everything is interpreted. It shows in nothing but time. */
  readonly translate?: TranslatorOptions | false;
}

export interface SerialPort {
  /** Everything the guest has sent. */
  readonly output: ByteLog;
  /** Called with each byte as the guest sends it. */
  onOutput?: (byte: number) => void;
  /** Bytes for the guest; journalled. They are received at line speed. */
  write(bytes: Iterable<number>): void;
}

export class Machine {
  readonly memory: GuestMemory;
  readonly cpu: Cpu;
  readonly board: Board;
  readonly journal = new Journal();
  /** COM1 from outside: what the guest has sent, and bytes for it to receive. */
  readonly serial: SerialPort;
  readonly keyboard: { type(text: string): void; press(scancodes: readonly number[]): void };
  /** Instructions that a halted CPU waited for instead of running. */
  idleInstructions = 0;
  readonly #alarms: Alarms;
  #ended: FinalStop | undefined;
  /** Where the CPU stops next while it runs, else 0: an alarm set before that cuts its run short. */
  #runningTo = 0;

  /** A machine with the kernel and its modules in memory, about to run the kernel's first instruction. */
  static create(options: MachineOptions): Result<Machine> {
    const loaded = loadMultiboot(options);
    if (!loaded.ok) return loaded;
    const machine = new Machine(options);
    for (const { physical, bytes } of loaded.value.pieces) machine.memory.load(physical, bytes);
    enterKernel(machine.cpu, loaded.value);
    return success(machine);
  }

  private constructor({ memoryBytes, simd, translate }: MachineOptions) {
    this.memory = new GuestMemory(memoryBytes);
    this.#alarms = new Alarms(
      () => this.cpu.instructionCount,
      () => {
        if (this.#alarms.next < this.#runningTo) this.cpu.requestStop();
      },
    );
    const output = new ByteLog();
    this.board = new Board({
      ram: this.memory.ram,
      alarms: this.#alarms,
      interrupt: (level) => {
        this.cpu.interruptLine = level;
      },
      eip: () => this.cpu.instructionEip,
      serialOutput: (byte) => {
        output.append(byte);
        this.serial.onOutput?.(byte);
      },
      exit: (code) => this.#end({ reason: 'exit', code }),
      reset: (by) => this.#end({ reason: 'reset', by }),
      a20: (level) => {
        this.cpu.a20 = level;
      },
    });
    this.cpu = new Cpu(this.memory, this.board, { features: featuresWith(simd), translate });
    this.board.powerOn();
    this.serial = { output, write: (bytes) => this.#input({ kind: 'serial-input', bytes: Uint8Array.from(bytes) }) };
    const press = (scancodes: readonly number[]): void => this.#input({ kind: 'key-input', scancodes: [...scancodes] });
    this.keyboard = { press, type: (text) => press(scancodesFor(text)) };
  }

  get instructionCount(): number {
    return this.cpu.instructionCount;
  }

  /** Time as the devices see it, for whoever wants to look at it. Setting alarms is the devices' own. */
  get clock(): Pick<Clock, 'now'> {
    return { now: () => this.cpu.instructionCount };
  }

  /**
   * Runs until `instructionCount === limit`, or until something else happens.
   * @param limit a count, rounded down; Infinity for none
   * @param passFirst whether a probe at the first instruction is passed over, as after a stop there; false to go on with
   * a run that was only cut into slices, so that where it was cut makes no difference
   */
  run(limit: number, passFirst = true): MachineStop {
    if (!Number.isInteger(limit)) limit = Number.isNaN(limit) ? 0 : Math.floor(limit);
    const start = this.cpu.instructionCount;
    for (;;) {
      this.#alarms.fire();
      if (this.#ended) return this.#ended;
      if (this.cpu.instructionCount >= limit) return { reason: 'limit' };
      this.#runningTo = Math.min(limit, this.#alarms.next);
      const stop = this.cpu.run(this.#runningTo, passFirst && this.cpu.instructionCount === start);
      this.#runningTo = 0;
      switch (stop.reason) {
        case 'limit':
        case 'requested':
          break;
        case 'halted': {
          if (this.#ended) break;
          const waiting = this.#wait(limit);
          if (waiting) return waiting;
          break;
        }
        case 'triple-fault':
          this.#ended = stop;
          break;
        case 'probe':
        case 'data-probe':
        case 'ring':
        case 'exception':
        case 'event':
          this.#alarms.fire();
          return this.#ended ?? stop;
      }
    }
  }

  /** Takes effect before the next instruction. */
  poke(physical: number, bytes: Uint8Array): void {
    this.#input({ kind: 'poke', physical, bytes: Uint8Array.from(bytes) });
  }

  setRegister(register: string, value: number): void {
    this.#input({ kind: 'set-register', register, value });
  }

  /** @param bytes as many as the register has, lowest first */
  setFpuRegister(register: string, bytes: Uint8Array): void {
    this.#input({ kind: 'set-fpu-register', register, bytes: Uint8Array.from(bytes) });
  }

  /** Journals an event and lets it take effect, at the present instruction count. */
  apply(event: JournalEvent): void {
    this.#input(event);
  }

  save(): Snapshot {
    return {
      version: SNAPSHOT_VERSION,
      instructionCount: this.cpu.instructionCount,
      cpu: this.cpu.save(),
      ram: saveRam(this.memory.ram),
      devices: this.board.save(),
      alarms: this.#alarms.save(),
      ended: this.#ended ?? null,
      serialOutput: this.serial.output.bytes(),
      journalLength: this.journal.entries.length,
    };
  }

  stateHash(): string {
    const hash = new StateHash();
    hash.value(this.cpu.instructionCount);
    hash.value(this.cpu.save() as unknown as SavedValue);
    hash.value(this.board.save());
    hash.value(this.#alarms.save());
    hash.value(this.#ended?.reason ?? null);
    hash.value(this.serial.output.length);
    hash.ram(this.memory.ram);
    return hash.digest();
  }

  /** The journal keeps only what had taken effect at the snapshot. */
  restore(snapshot: Snapshot): void {
    this.#alarms.reset();
    restoreRam(this.memory.ram, snapshot.ram, (page) => this.memory.changed(page * 4096, 4096));
    this.cpu.restore(snapshot.cpu);
    this.board.restore(snapshot.devices);
    this.#alarms.restore(snapshot.alarms);
    this.#ended = snapshot.ended ?? undefined;
    this.serial.output.replace(snapshot.serialOutput);
    this.journal.truncate(snapshot.journalLength);
  }

  /** The text on the display, line by line. */
  textScreen(): string[] {
    return readTextScreen(this.memory.ram, this.board.crtc.startAddress);
  }

  #input(event: JournalEvent): void {
    this.#betweenCounts();
    this.journal.append(this.cpu.instructionCount, event);
    switch (event.kind) {
      case 'serial-input':
        this.board.uart.receive(event.bytes);
        break;
      case 'key-input':
        this.board.keyboard.press(event.scancodes);
        break;
      case 'poke':
        this.memory.load(event.physical, event.bytes);
        break;
      case 'set-register':
        writeRegister(this.cpu, event.register, event.value);
        break;
      case 'set-fpu-register':
        this.cpu.writeFpuRegister(event.register, event.bytes);
        break;
    }
  }

  /** Input takes effect between two counts: a repeat that a data probe stopped in is completed first. */
  #betweenCounts(): void {
    const count = this.cpu.instructionCount;
    this.cpu.finishRepeat();
    if (this.cpu.instructionCount !== count) this.#alarms.fire();
  }

  #end(stop: FinalStop): void {
    this.#ended ??= stop;
    this.cpu.requestStop();
  }

  /** A halted CPU jumps to the next alarm. @returns a stop when there is none, or when the limit comes first */
  #wait(limit: number): MachineStop | undefined {
    const { cpu } = this;
    if (!(cpu.registers.eflags & Eflags.IF)) return { reason: 'dead' };
    const next = this.#alarms.next;
    if (next === Infinity) return { reason: 'idle' };
    const until = Math.max(Math.min(next, limit), cpu.instructionCount);
    this.idleInstructions += until - cpu.instructionCount;
    cpu.instructionCount = until;
    return undefined;
  }
}

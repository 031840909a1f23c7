/**
 * The state every instruction works on, and the counters of the run loop. Functions in the files around it give it
 * behaviour; `Cpu` (cpu.ts) is its public face.
 *
 * Invariant: while a block runs, EIP holds the address of its first instruction and `position` the index of the
 * current one; `instructionEip` and `instructionCount` are computed from them, so nothing is stored per instruction
 * but the position.
 */
import { layout } from '../memory/layout.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';
import type { Block } from './block.ts';
import { BlockCache } from './block.ts';
import { Breakpoints } from './breakpoints.ts';
import type { CpuBus } from './cpu-bus.ts';
import { CPU_FEATURES_DEFAULT } from './cpuid.ts';
import type { FaultRecord } from './cpu-stop.ts';
import { EventStop, type CpuEvent } from './events.ts';
import { APIC_BASE_RESET } from './msr.ts';
import { Probes } from './probes.ts';
import {
  A20_MASKED,
  ATTRIBUTES,
  Attribute,
  CPL,
  CR0,
  CS,
  Cr0,
  EFLAGS,
  EIP,
  EVENT_STOPS,
  Eflags,
  SS,
} from './registers.ts';

/** Reasons to leave the fast path at a block boundary; bits of `attention`. */
export const Attention = {
  /** INTR is high and IF is set. */
  INTERRUPT: 1,
  /** TF is set. */
  TRACE: 2,
  HALT: 4,
  STOP: 8,
  /** A debug exception is due before the next instruction. */
  DEBUG_TRAP: 16,
  /** The last instruction forbids interrupts after it (STI, MOV SS, POP SS). */
  SHADOW: 32,
  /** The last instruction also forbids debug traps after it (MOV SS, POP SS). */
  TRAP_SHADOW: 64,
  /** A data probe was hit. */
  DATA: 128,
  /** The guest has set an instruction breakpoint. */
  BREAKPOINTS: 256,
  /** RF is set: the next instruction passes instruction breakpoints, and clears it. */
  RESUME: 512,
  /** An interrupt was acknowledged, and the machine stopped at an exception that its delivery raises. */
  ACKNOWLEDGED: 1024,
} as const;

/** Those that `updateAttention` computes. */
const FROM_STATE = Attention.INTERRUPT | Attention.TRACE | Attention.BREAKPOINTS | Attention.RESUME;

/** Bits of `mode`: what decoding depends on. A block has one more: whether it ends before every place of a probe. */
export const Mode = { CODE32: 1, STACK32: 2, PROBED: 4 } as const;

const READ_SUPERVISOR = layout.readSupervisor / 4;
const READ_USER = layout.readUser / 4;
const WRITE_SUPERVISOR = layout.writeSupervisor / 4;
const WRITE_USER = layout.writeUser / 4;

export class Core {
  readonly memory: GuestMemory;
  readonly bus: CpuBus;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly view: DataView;
  readonly blocks: BlockCache;
  readonly probes: Probes;
  readonly breakpoints: Breakpoints;

  /** Current privilege level: 0 in real mode, 3 in virtual-8086 mode. `setCpl` alone writes it. */
  cpl = 0;
  /** Index of the read (write) table of the current privilege level in `i32`. */
  readTable = READ_SUPERVISOR;
  writeTable = WRITE_SUPERVISOR;
  /** Whether unaligned accesses raise #AC: CR0.AM, EFLAGS.AC and CPL 3. */
  alignmentCheck = false;
  /** Bits of `Mode`. */
  mode = 0;

  /** A debugger wants to know of changes of the privilege level; not part of the state. */
  ringStops = false;
  /** One has happened since the last stop. */
  ringChanged = false;

  /** Bits of `EventStop`, and the events since that have not been told. */
  get eventStops(): number {
    return this.i32[EVENT_STOPS];
  }

  set eventStops(stops: number) {
    this.i32[EVENT_STOPS] = stops;
  }

  events: CpuEvent[] = [];
  /** What was being delivered when the exception arose that `run` reports. */
  faultsBefore: readonly FaultRecord[] = [];

  /** There are data probes, or data breakpoints of the guest: slow accesses look for them. */
  dataProbed = false;
  /**
   * Iterations done of the repeated string instruction at EIP, when a data probe stopped it between two; else 0. It
   * then goes on before anything else happens, and counts once when it is done, as without the probe.
   */
  repeatDone = 0;
  /** The vector of `Attention.ACKNOWLEDGED`. */
  acknowledged = 0;

  attention = 0;
  interruptLine = false;
  halted = false;
  /** 1 while an event that is not a software interrupt is delivered: bit EXT of error codes. */
  external = 0;
  /** DR6 bits of the debug exception that Attention.DEBUG_TRAP announces. */
  debugTrap = 0;

  /** Index of the current instruction in the running block. */
  position = 0;
  /** Index at which the running block ends; set to 0 to end it after the current instruction. */
  blockEnd = 0;
  block: Block | undefined;
  /** Instructions left in the slice that ends at `sliceEnd`, as of the start of the running block. */
  left = 0;
  sliceEnd = 0;

  /** Linear page whose code is being run, and where it is; -1 after anything that may change the translation. */
  fetchLinearPage = -1;
  fetchPhysicalPage = 0;
  /** `Mode.PROBED` where a probe is in the page that `fetchLinearPage` names, or 0. */
  fetchProbed = 0;
  /** Error code and linear address, unsigned, of the page fault that a page walk has found last. */
  pageFaultCode = 0;
  pageFaultAddress = 0;
  /** IA32_APIC_BASE, low half. */
  apicBase: number = APIC_BASE_RESET;
  /** Bits of a physical address that reach the bus: all, or all but bit 20. */
  get a20Mask(): number {
    return this.#a20Mask;
  }

  set a20Mask(mask: number) {
    this.#a20Mask = mask;
    this.i32[A20_MASKED] = mask === -1 ? 0 : 1;
  }

  #a20Mask = -1;

  /** Low and high half of what the guest's writes to the TSC added to the instruction count. */
  tscOffsetLow = 0;
  tscOffsetHigh = 0;

  /** Bits of `Feature` (cpuid.ts). */
  readonly features: number;

  constructor(memory: GuestMemory, bus: CpuBus, features: number = CPU_FEATURES_DEFAULT) {
    this.features = features;
    this.memory = memory;
    this.bus = bus;
    this.u8 = memory.u8;
    this.u16 = memory.u16;
    this.i32 = memory.i32;
    this.view = memory.view;
    this.blocks = new BlockCache(this);
    this.breakpoints = new Breakpoints(this);
    this.probes = new Probes(this);
    memory.codeWritten = (physical, bytes) => {
      this.blocks.written(physical, bytes);
    };
  }

  /** Instructions completed before the current one. */
  get instructionCount(): number {
    return this.sliceEnd - this.left + this.position;
  }

  /** EIP of the current instruction. */
  get instructionEip(): number {
    const offset = this.block === undefined ? 0 : this.block.starts[this.position];
    return (this.i32[EIP] + offset) | 0;
  }

  get protectedMode(): boolean {
    return (this.i32[CR0] & Cr0.PE) !== 0;
  }

  get virtual8086(): boolean {
    return (this.i32[EFLAGS] & Eflags.VM) !== 0;
  }

  /** Real or virtual-8086 mode: segments are paragraphs. */
  get paragraphSegments(): boolean {
    return (this.i32[CR0] & Cr0.PE) === 0 || (this.i32[EFLAGS] & Eflags.VM) !== 0;
  }

  get iopl(): number {
    return (this.i32[EFLAGS] >> 12) & 3;
  }

  setCpl(cpl: number): void {
    if (this.ringStops && cpl !== this.cpl) {
      this.ringChanged = true;
      this.attend(Attention.STOP);
    }
    if (this.eventStops !== 0 && cpl !== this.cpl) this.note(EventStop.RING, { kind: 'ring', from: this.cpl, to: cpl });
    this.cpl = cpl;
    this.i32[CPL] = cpl;
    this.readTable = cpl === 3 ? READ_USER : READ_SUPERVISOR;
    this.writeTable = cpl === 3 ? WRITE_USER : WRITE_SUPERVISOR;
    this.fetchLinearPage = -1;
    this.updateAlignmentCheck();
  }

  updateAlignmentCheck(): void {
    this.alignmentCheck = this.cpl === 3 && (this.i32[CR0] & Cr0.AM) !== 0 && (this.i32[EFLAGS] & Eflags.AC) !== 0;
  }

  updateMode(): void {
    const m = this.i32;
    this.mode =
      ((m[ATTRIBUTES + CS] & Attribute.BIG) !== 0 ? Mode.CODE32 : 0) |
      ((m[ATTRIBUTES + SS] & Attribute.BIG) !== 0 ? Mode.STACK32 : 0);
  }

  updateDataProbed(): void {
    this.dataProbed = this.breakpoints.onData || this.probes.data.any;
  }

  /** Call after every change of the probes and breakpoints in a linear page. */
  updateLinearFlags(page: number): void {
    this.u8[layout.linearFlags + page] = this.probes.data.flagsOf(page) | this.probes.flagsOf(page);
  }

  /** Call after every change of IF, TF, RF, the interrupt line or the breakpoints. */
  updateAttention(): void {
    const eflags = this.i32[EFLAGS];
    const interrupt = this.interruptLine && (eflags & Eflags.IF) !== 0 ? Attention.INTERRUPT : 0;
    const trace = (eflags & Eflags.TF) !== 0 ? Attention.TRACE : 0;
    const breakpoints = this.breakpoints.onExecution ? Attention.BREAKPOINTS : 0;
    const resume = (eflags & Eflags.RF) !== 0 ? Attention.RESUME : 0;
    this.attention = (this.attention & ~FROM_STATE) | interrupt | trace | breakpoints | resume;
    if (this.attention !== 0) this.blockEnd = 0;
  }

  /** Vectors at which `run` stops before delivery, as bits. */
  exceptionStops = 0;
  /**
   * An instruction that was stopped at runs again from its start and meets the same exceptions: its own first, then those
   * that their delivery raises. So many of them are behind the last stop, and so many have been met this time.
   */
  exceptionsPassed = 0;
  exceptionsMet = 0;

  /** Whether an exception, the next that is met, is to be reported instead of delivered now. */
  stopsAt(vector: number): boolean {
    return this.exceptionsMet >= this.exceptionsPassed && vector < 32 && ((this.exceptionStops >>> vector) & 1) !== 0;
  }

  /** The exception just met is reported: the instruction will run again. */
  passException(): void {
    this.exceptionsPassed = this.exceptionsMet + 1;
    this.exceptionsMet = 0;
  }

  /** The instruction, or the delivery of an event, has come to its end. */
  forgetExceptions(): void {
    this.exceptionsPassed = 0;
    this.exceptionsMet = 0;
  }

  /** Delivery of an event drops what the interrupted instruction left behind: shadows and a scheduled trap. */
  cancelTraps(): void {
    this.debugTrap = 0;
    this.attention &= ~(Attention.DEBUG_TRAP | Attention.SHADOW | Attention.TRAP_SHADOW);
  }

  /** Something has happened that a debugger may have asked for. */
  note(stop: number, event: CpuEvent): void {
    if ((this.eventStops & stop) === 0) return;
    this.events.push(event);
    this.attend(Attention.STOP);
  }

  /** Asks the run loop to look at `bits` after the current instruction. */
  attend(bits: number): void {
    this.attention |= bits;
    this.blockEnd = 0;
  }
}

/**
 * The processor: runs blocks, delivers interrupts and exceptions, and says why it stopped.
 * Intel SDM Vol. 3A, "Interrupt and Exception Handling", "Priority Among Simultaneous Exceptions and Interrupts".
 *
 * What counts: a completed instruction, at most 4096 iterations of a repeated string instruction, a faulting
 * instruction together with the delivery of its exception, a hardware interrupt, and a debug trap count one each.
 * A data probe may stop between two iterations of a repeat, before it counts.
 *
 * Invariant: between two counts lies exactly one state, whatever limits `run` was called with: running to n at once and
 * one by one is the same.
 */
import type { GuestMemory } from '../memory/guest-memory.ts';
import type { Block } from './block.ts';
import { Attention, Core } from './core.ts';
import type { CpuBus } from './cpu-bus.ts';
import { CPU_STATE_VERSION, restoreFault, saveFault, type CpuState } from './cpu-state.ts';
import type { CpuStop, ExceptionStop, FaultRecord } from './cpu-stop.ts';
import { Decoder } from './decoder.ts';
import { deliver, quickPageFault, type Origin } from './delivery.ts';
import { EventStop } from './events.ts';
import { CpuException, DB, PF, RETRY } from './exception.ts';
import { fetchBlock } from './fetch.ts';
import { readFpuRegister, writeFpuRegister } from './fpu-registers.ts';
import { readFxsave, writeFxsave } from './fpu-state.ts';
import { APIC_BASE_RESET } from './msr.ts';
import { touch } from './page-touch.ts';
import { dropFastTables, flushTlb, restoreTlb, saveTlb } from './paging.ts';
import type { Probes } from './probes.ts';
import type { NumberRegister, Registers, SegmentName, SegmentState } from './register-file.ts';
import { createRegisters, numberRegisters, segmentNames } from './register-file.ts';
import { BASE, CR2, CS, Cr4, PDPTE, EFLAGS, EIP, Eflags, LDTR, SELECTOR } from './registers.ts';
import { resetCore } from './reset.ts';
import { runBlock } from './run-block.ts';
import { Thread, type ThreadOptions } from '../threaded/thread.ts';
import { hasTailCalls } from '../translator/support.ts';
import { Translator, type TranslatorOptions } from '../translator/translator.ts';

/** Instructions between two looks at the limit; keeps the counters of the inner loop small integers. */
const SLICE = 0x1000_0000;
const DR6_BS = 0x4000;

export interface CpuOptions {
  /** What CPUID reports, bits of `Feature` in cpuid.ts. */
  readonly features?: number | undefined;
  /** Whether hot code is run as WebAssembly, and how; it shows in nothing but time. */
  readonly translate?: TranslatorOptions | false | undefined;
  /** Whether what is interpreted is done by handlers in WebAssembly where there are some; the same. */
  readonly threaded?: ThreadOptions | false | undefined;
}

/** Says within a run what a code probe is worth, so that most hits need not leave it. */
export interface ProbeJudge {
  /** Whether the run stops at these probes, in the state before their instruction. */
  stopsAt(probes: readonly number[]): boolean;
  /** A delivery has come before the instruction whose probes were passed; the state is that before it. */
  diverted(): void;
}

export class Cpu {
  readonly registers: Registers;
  readonly probes: Probes;
  readonly #core: Core;
  readonly #decoder = new Decoder();
  /** Absent: the interpreter executes everything. */
  readonly translator: Translator | undefined;
  /** Interrupts and exceptions delivered since power-on, INT n not counted. For debuggers; not part of the state. */
  deliveryCount = 0;
  #shutdown: readonly FaultRecord[] | undefined;
  /** Whether the next instruction's probes have been passed: it does not stop at them. */
  #passed = false;
  /** Asked at each code probe that is reached, before the instruction there; without one, each is a stop. */
  probeJudge: ProbeJudge | undefined;
  /** The instruction count at which the judge last let a probe be passed. */
  #judgedAt = -1;
  /** Whether what ran last was translated. */
  #leftRegion = false;
  readonly #threaded: ThreadOptions | false;
  #threadMade: Thread | undefined;

  constructor(memory: GuestMemory, bus: CpuBus, { features, translate = {}, threaded = {} }: CpuOptions = {}) {
    this.#core = new Core(memory, bus, features);
    this.translator = translate === false ? undefined : new Translator(this.#core, translate);
    this.#threaded = hasTailCalls() && threaded;
    if (this.#threaded !== false) {
      const { blocks } = this.#core;
      blocks.unthreaded = Thread.unthreaded(this.#threaded);
      if (blocks.unthreaded === 0) blocks.keepsAll = true;
    }
    this.registers = createRegisters(this.#core);
    this.probes = this.#core.probes;
    this.reset();
  }

  /** Instructions completed; during a port or window access, those before the accessing instruction. */
  get instructionCount(): number {
    return this.#core.instructionCount;
  }

  set instructionCount(count: number) {
    this.#core.left = 0;
    this.#core.position = 0;
    this.#core.sliceEnd = count;
  }

  /** EIP of the current instruction; exact during a port or window access too, where `registers.eip` is its block's. */
  get instructionEip(): number {
    return this.#core.instructionEip >>> 0;
  }

  /** INTR. */
  get interruptLine(): boolean {
    return this.#core.interruptLine;
  }

  set interruptLine(level: boolean) {
    this.#core.interruptLine = level;
    this.#core.updateAttention();
  }

  /** The A20 line: low, bit 20 of every physical address is 0. */
  get a20(): boolean {
    return this.#core.a20Mask === -1;
  }

  set a20(level: boolean) {
    const mask = level ? -1 : ~0x10_0000;
    if (mask === this.#core.a20Mask) return;
    this.#core.a20Mask = mask;
    dropFastTables(this.#core);
    // The instruction after this one is fetched anew.
    this.#core.blockEnd = 0;
  }

  get halted(): boolean {
    return this.#core.halted;
  }

  set halted(halted: boolean) {
    this.#core.halted = halted;
    if (halted) this.#core.attend(Attention.HALT);
    else this.#core.attention &= ~Attention.HALT;
  }

  /** Vectors, as bits, at which `run` returns 'exception' before delivery. Calling `run` again delivers it. */
  get exceptionStops(): number {
    return this.#core.exceptionStops;
  }

  set exceptionStops(vectors: number) {
    this.#core.exceptionStops = vectors;
  }

  /** `run` returns 'ring' after each change of the privilege level. */
  get ringStops(): boolean {
    return this.#core.ringStops;
  }

  set ringStops(stop: boolean) {
    this.#core.ringStops = stop;
    if (!stop) this.#core.ringChanged = false;
  }

  /** Bits of `EventStop`: `run` returns 'event' after each of those. */
  get eventStops(): number {
    return this.#core.eventStops;
  }

  set eventStops(stops: number) {
    this.#core.eventStops = stops;
    this.#core.events.length = 0;
  }

  /** Decoded blocks so far; for statistics. */
  get blocksDecoded(): number {
    return this.#core.blocks.decoded;
  }

  /** Instructions that handlers have executed; for statistics. */
  get threaded(): number {
    return this.#threadMade?.executed ?? 0;
  }

  /** From a port or window access: stop after this instruction. */
  requestStop(): void {
    this.#core.attend(Attention.STOP);
  }

  flushTlb(): void {
    flushTlb(this.#core, false);
  }

  /** Power-up state; memory and instruction count stay. */
  reset(): void {
    const count = this.instructionCount;
    resetCore(this.#core, this.registers);
    this.#shutdown = undefined;
    this.instructionCount = count;
  }

  /**
   * Runs until `instructionCount` is `limit`, or another reason to stop.
   * @param passFirst whether a probe at the first instruction is passed over, as after a stop there; false to go on with
   * a run that was only cut into slices
   */
  run(limit: number, passFirst = true): CpuStop {
    const core = this.#core;
    this.#passed = passFirst;
    if (core.events.length > 0 || core.ringChanged) core.attend(Attention.STOP);
    for (;;) {
      if (this.#shutdown !== undefined) return { reason: 'triple-fault', chain: this.#shutdown };
      const count = core.instructionCount;
      if (count >= limit) return this.#limitStop();
      // `| 0` keeps it a small integer for the engine, also where the difference was computed as a double.
      core.left = Math.min(limit - count, SLICE) | 0;
      core.sliceEnd = count + core.left;
      const stop = this.#runGuarded();
      if (stop !== undefined) {
        core.attention &= ~Attention.STOP;
        return stop;
      }
    }
  }

  /** The limit is reached; what else is due at this very count is still said first. */
  #limitStop(): CpuStop {
    const core = this.#core;
    if ((core.attention & Attention.DATA) !== 0) return this.#dataStop();
    if ((core.attention & Attention.STOP) !== 0) {
      core.attention &= ~Attention.STOP;
      return this.#requestedStop();
    }
    return { reason: 'limit' };
  }

  #dataStop(): CpuStop {
    const core = this.#core;
    // A repeat that stopped between two iterations has not completed.
    if (core.repeatDone !== 0) core.left++;
    return { reason: 'data-probe', hits: core.probes.data.take() };
  }

  #requestedStop(): CpuStop {
    // Both may have happened at once: the next run tells the other.
    const event = this.#core.events.shift();
    if (event !== undefined) return { reason: 'event', event };
    const ring = this.#core.ringChanged;
    this.#core.ringChanged = false;
    return { reason: ring ? 'ring' : 'requested' };
  }

  /**
   * Completes a repeated string instruction that a data probe stopped in, so that what comes from outside comes between
   * two counts. Hits of its other iterations are not reported.
   */
  finishRepeat(): void {
    const core = this.#core;
    if (core.repeatDone === 0) return;
    core.probes.data.muted = true;
    this.run(core.instructionCount + 1);
    core.probes.data.muted = false;
  }

  /** The one place where a guest's fault is caught. */
  #runGuarded(): CpuStop | undefined {
    try {
      return this.#runBlocks();
    } catch (fault) {
      if (!(fault instanceof CpuException)) throw fault;
      return this.#handleFault(fault);
    }
  }

  // What is rare stands in methods of its own: the engine compiles what runs always once, and need not do so again when it
  // first sees the rest.
  #runBlocks(): CpuStop | undefined {
    const core = this.#core;
    this.#leftRegion = false;
    while (core.left > 0) {
      const stop = core.attention !== 0 || core.exceptionsPassed !== 0 ? this.#runAttended() : this.#runNext(false);
      if (stop !== undefined) return stop;
    }
    return undefined;
  }

  #runAttended(): CpuStop | undefined {
    const core = this.#core;
    // RF after the IRET from a fault: without instruction breakpoints it means nothing.
    if (core.attention === Attention.RESUME && core.exceptionsPassed === 0 && core.repeatDone === 0)
      return this.#runNext(false);
    const attended = this.#attend();
    if (attended === 'again') return undefined;
    return attended === 'single' ? this.#runNext(true) : attended;
  }

  /** Runs the block at EIP, or from it what is translated, or its first instruction alone. */
  #runNext(isSingle: boolean): CpuStop | undefined {
    const core = this.#core;
    const m = core.i32;
    const block = fetchBlock(core, this.#decoder);
    // A block whose probe was passed is no translator's.
    let isTranslators = !isSingle;
    if (block.probed) {
      if (this.#passed) isTranslators = false;
      else if (core.repeatDone === 0) {
        const hits = core.probes.matching((m[BASE + CS] + m[EIP]) | 0, block.physical);
        if (hits.length > 0) return this.#judge(hits);
      }
    }
    this.#passed = false;
    if (core.attention !== 0) this.#beginSingle();
    if (isTranslators) {
      const first = block.ops[0];
      if (first.touch !== 0 && (this.#leftRegion || block.translation !== undefined) && !touch(core, first)) {
        return this.#pageFault(block, 0);
      }
      this.#leftRegion = this.translator?.run(block, this.#leftRegion) === true;
      if (this.#leftRegion) return undefined;
    }

    let rest = block;
    let from = 0;
    if (!isSingle && (block.thread >= 0 || ++block.thread === 0) && block.translation === undefined) {
      const thread = this.#thread;
      if (thread?.takes(block) === true) {
        const left = thread.run(block);
        if (left === undefined) return undefined;
        rest = left;
        from = thread.index;
        const i = left.ops[from];
        if (i.touch !== 0 && !touch(core, i)) return this.#pageFault(left, from);
      }
    }
    const { length } = rest;
    const lengthMax = isSingle ? 1 : core.left;
    const index = runBlock(core, rest, length < lengthMax ? length : lengthMax, from);
    if (index !== length || !rest.setsEip) m[EIP] += rest.starts[index];
    core.position = 0;
    core.left -= index;
    if (isSingle) core.forgetExceptions();
    return undefined;
  }

  /** Made when first needed: most machines of a test suite run no block twice. */
  get #thread(): Thread | undefined {
    if (this.#threadMade === undefined && this.#threaded !== false) {
      const thread = new Thread(this.#core, this.#threaded);
      this.#threadMade = thread;
      const { probes, blocks } = this.#core;
      const { changed } = probes;
      probes.changed = (probe) => {
        changed(probe);
        thread.unchain();
      };
      blocks.forgotten = (dropped) => thread.forget(dropped);
    }
    return this.#threadMade;
  }

  /** @returns a stop, or undefined: the probes are passed. The judge may have written: everything is looked at again. */
  #judge(probes: readonly number[]): CpuStop | undefined {
    if (this.probeJudge?.stopsAt(probes) !== false) return { reason: 'probe', probes };
    this.#judgedAt = this.#core.instructionCount;
    this.#passed = true;
    return undefined;
  }

  /**
   * Something is to be done before the next instruction.
   * @returns a stop; 'again' after a delivery; 'single' when exactly one instruction may run before looking again
   */
  #attend(): CpuStop | 'again' | 'single' {
    const core = this.#core;
    const attention = core.attention;
    if ((attention & Attention.DATA) !== 0) return this.#dataStop();
    if (core.repeatDone !== 0) return 'single';
    if ((attention & Attention.STOP) !== 0) return this.#requestedStop();
    const shadow = (attention & Attention.SHADOW) !== 0;
    const trapShadow = (attention & Attention.TRAP_SHADOW) !== 0;
    if ((attention & Attention.DEBUG_TRAP) !== 0 && !trapShadow) {
      const stop = this.#debugTrap();
      return stop ?? 'again';
    }
    if ((attention & Attention.ACKNOWLEDGED) !== 0) return this.#interrupt(core.acknowledged) ?? 'again';
    if ((attention & Attention.INTERRUPT) !== 0 && !shadow) {
      return this.#interrupt(core.bus.acknowledgeInterrupt()) ?? 'again';
    }
    if ((attention & Attention.HALT) !== 0) return { reason: 'halted' };
    const checked = (attention & (Attention.BREAKPOINTS | Attention.RESUME)) === Attention.BREAKPOINTS;
    if (checked && !trapShadow) {
      const hit = core.breakpoints.atInstruction((core.i32[BASE + CS] + core.i32[EIP]) | 0);
      if (hit !== 0) return this.#instructionBreakpoint(hit) ?? 'again';
    }
    return 'single';
  }

  /** One instruction runs now, whatever it does: shadows and RF are for it alone, and TF traps after it. */
  #beginSingle(): void {
    const core = this.#core;
    if (core.repeatDone !== 0) return;
    const m = core.i32;
    core.attention &= ~(Attention.SHADOW | Attention.TRAP_SHADOW | Attention.RESUME);
    // The instruction could show RF nowhere: PUSHF stores 0, and a fault sets it in what it pushes.
    m[EFLAGS] &= ~Eflags.RF;
    if ((m[EFLAGS] & Eflags.TF) !== 0) {
      core.debugTrap |= DR6_BS;
      core.attention |= Attention.DEBUG_TRAP;
    }
  }

  /** SDM Vol. 3B, "Instruction-Breakpoint Exception Condition": a fault, but the one that pushes RF as it is. */
  #instructionBreakpoint(bits: number): CpuStop | undefined {
    const core = this.#core;
    core.block = undefined;
    const fault = new CpuException(DB, undefined, undefined, bits);
    if (core.stopsAt(DB)) return this.#exceptionStop(fault);
    this.#passed = false;
    return this.#deliver(fault, 'trap');
  }

  #debugTrap(): CpuStop | undefined {
    const core = this.#core;
    if (core.stopsAt(DB)) {
      core.passException();
      return { reason: 'exception', vector: DB, errorCode: undefined };
    }
    this.#passed = false;
    core.halted = false;
    core.attention &= ~Attention.HALT;
    const due = core.debugTrap;
    const stop = this.#deliver(new CpuException(DB, undefined, undefined, due), 'trap');
    if (stop?.reason === 'exception') {
      core.debugTrap = due;
      core.attend(Attention.DEBUG_TRAP);
    }
    return stop;
  }

  #interrupt(vector: number): CpuStop | undefined {
    const core = this.#core;
    core.halted = false;
    core.attention &= ~(Attention.HALT | Attention.ACKNOWLEDGED);
    this.#passed = false;
    const eip = core.i32[EIP] >>> 0;
    const cpl = core.cpl;
    const stop = this.#deliver(new CpuException(vector), 'interrupt');
    if (stop === undefined) core.note(EventStop.INTERRUPT, { kind: 'interrupt', vector, eip, cpl });
    else if (stop.reason === 'exception') {
      core.acknowledged = vector;
      core.attend(Attention.ACKNOWLEDGED);
    }
    return stop;
  }

  /** Of an instruction that does not run, before which its block has. */
  #pageFault(block: Block, position: number): CpuStop | undefined {
    const core = this.#core;
    core.i32[EIP] += block.starts[position];
    core.left -= position;
    core.position = 0;
    core.block = undefined;
    if (!core.stopsAt(PF) && this.#judgedAt !== core.instructionCount && quickPageFault(core)) {
      this.#delivered();
      return undefined;
    }
    return this.#handleFault(new CpuException(PF, core.pageFaultCode, core.pageFaultAddress));
  }

  #handleFault(fault: CpuException): CpuStop | undefined {
    const core = this.#core;
    const m = core.i32;
    m[EIP] = core.instructionEip;
    core.left -= core.position;
    core.position = 0;
    core.block = undefined;
    core.repeatDone = 0;
    core.probes.data.drop();
    if (fault.vector === RETRY) return undefined;
    if (core.stopsAt(fault.vector)) return this.#exceptionStop(fault);
    return this.#deliver(fault, 'fault');
  }

  #exceptionStop(fault: CpuException): ExceptionStop {
    const core = this.#core;
    core.passException();
    // The instruction runs again when `run` is called; a trap scheduled for its end must not be there twice.
    core.cancelTraps();
    if (fault.vector === PF && fault.cr2 !== undefined) core.i32[CR2] = fault.cr2;
    return { reason: 'exception', vector: fault.vector, errorCode: fault.errorCode };
  }

  #deliver(event: CpuException, origin: Origin): CpuStop | undefined {
    const core = this.#core;
    if (this.#judgedAt === core.instructionCount) {
      this.#judgedAt = -1;
      this.probeJudge?.diverted();
    }
    const outcome = deliver(core, event, origin);
    if (outcome instanceof CpuException) return { ...this.#exceptionStop(outcome), before: core.faultsBefore };
    this.#delivered();
    if (outcome === undefined) return undefined;
    this.#shutdown = outcome;
    return { reason: 'triple-fault', chain: outcome };
  }

  #delivered(): void {
    const core = this.#core;
    core.forgetExceptions();
    this.deliveryCount++;
    core.left--;
  }

  /** A register of the FPU or SIMD units by name, lowest byte first; fpu-registers.ts. */
  readFpuRegister(name: string): Uint8Array | undefined {
    return readFpuRegister(this.#core, name);
  }

  /** @returns false when the processor has no such register */
  writeFpuRegister(name: string, bytes: Uint8Array): boolean {
    return writeFpuRegister(this.#core, name, bytes);
  }

  /** The FPU and SIMD registers as the words of an FXSAVE image; fpu-state.ts. */
  get fxsave(): Int32Array {
    return readFxsave(this.#core);
  }

  set fxsave(image: Int32Array) {
    writeFxsave(this.#core, image);
  }

  /** Everything but guest memory. */
  save(): CpuState {
    const core = this.#core;
    const registers = Object.fromEntries(numberRegisters.map((name) => [name, this.registers[name]]));
    const segments = Object.fromEntries(segmentNames.map((name) => [name, this.registers.segments[name]]));
    return {
      version: CPU_STATE_VERSION,
      instructionCount: this.instructionCount,
      registers: registers as Record<NumberRegister, number>,
      segments: segments as Record<SegmentName, SegmentState>,
      fxsave: [...readFxsave(core)],
      tscOffset: [core.tscOffsetLow, core.tscOffsetHigh],
      halted: core.halted,
      interruptLine: core.interruptLine,
      interruptShadow: (core.attention & Attention.SHADOW) !== 0,
      trapShadow: (core.attention & Attention.TRAP_SHADOW) !== 0,
      debugTrap: core.debugTrap,
      ...(core.repeatDone === 0 ? {} : { repeatDone: core.repeatDone }),
      ...((core.attention & Attention.ACKNOWLEDGED) === 0 ? {} : { acknowledged: core.acknowledged }),
      ...((this.registers.cr4 & Cr4.PAE) === 0 ? {} : { pdptes: [...core.i32.subarray(PDPTE, PDPTE + 8)] }),
      ...(core.apicBase === APIC_BASE_RESET ? {} : { apicBase: core.apicBase >>> 0 }),
      ...(this.a20 ? {} : { a20Masked: true as const }),
      shutdown: this.#shutdown?.map(saveFault) ?? null,
      tlb: saveTlb(core),
    };
  }

  /** Call after guest memory was restored. */
  restore(state: CpuState): void {
    this.#judgedAt = -1;
    const core = this.#core;
    this.reset();
    core.blocks.dropAll();
    for (const name of numberRegisters) this.registers[name] = state.registers[name];
    for (const name of segmentNames) this.registers.segments[name] = state.segments[name];
    writeFxsave(core, Int32Array.from(state.fxsave));
    core.setCpl(state.registers.cpl);
    core.i32[SELECTOR + LDTR] = state.segments.ldtr.selector;
    this.instructionCount = state.instructionCount;
    [core.tscOffsetLow, core.tscOffsetHigh] = state.tscOffset;
    core.attention = 0;
    this.halted = state.halted;
    core.debugTrap = state.debugTrap;
    core.repeatDone = state.repeatDone ?? 0;
    if (state.debugTrap !== 0) core.attention |= Attention.DEBUG_TRAP;
    core.acknowledged = state.acknowledged ?? 0;
    if (state.acknowledged !== undefined) core.attention |= Attention.ACKNOWLEDGED;
    if (state.interruptShadow) core.attention |= Attention.SHADOW;
    if (state.trapShadow) core.attention |= Attention.TRAP_SHADOW;
    this.#shutdown = state.shutdown?.map(restoreFault);
    if (state.pdptes !== undefined) core.i32.set(state.pdptes, PDPTE);
    core.apicBase = (state.apicBase ?? APIC_BASE_RESET) | 0;
    this.a20 = state.a20Masked !== true;
    restoreTlb(core, state.tlb);
    this.interruptLine = state.interruptLine;
    core.events.length = 0;
  }
}

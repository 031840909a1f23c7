/**
 * What a debugger needs of a machine, in a debugger's words. `emulator-target.ts` is the one implementation that knows
 * the emulator; everything above this file would work on another machine that can answer these questions.
 *
 * Invariant: reading changes nothing in the machine (no accessed bits, no TLB fill, no device side effect).
 */
import type { FpuRegisterName, RegisterName } from './registers.ts';

/** A linear address: what an instruction uses after segmentation, before paging. 32 bits, unsigned. */
export type LinearAddress = number;
/** A physical address. 32 bits, unsigned. */
export type PhysicalAddress = number;

/** An address space: the physical address of its page directory (CR3 without flags), or `PHYSICAL_SPACE`. */
export type Space = number;

/** Addresses are physical: paging is off, or the user asked for physical memory. */
export const PHYSICAL_SPACE: Space = -1;

/** Why a run ended. */
export type TargetStop =
  /** The instruction limit was reached. */
  | { readonly reason: 'limit' }
  /** A code probe matches the next instruction. */
  | { readonly reason: 'probe'; readonly probes: readonly ProbeId[] }
  /** The last instruction, or an iteration of it, or a delivery, has accessed bytes with a data probe. */
  | { readonly reason: 'data-probe'; readonly hits: readonly DataHit[] }
  /** The privilege level changed and `stopOnRingChange` was on. The next instruction runs at the new level. */
  | { readonly reason: 'ring' }
  /** An exception that `stopOnEvents` asked for, before it is delivered: EIP is its instruction's, CR2 is set. */
  | TargetExceptionStop
  /** Another event that it asked for. The next instruction has not begun. */
  | { readonly reason: 'event'; readonly event: TargetEvent }
  /** The guest wrote the debug-exit port. */
  | { readonly reason: 'exit'; readonly code: number }
  /** Shutdown: the exceptions, first to last. */
  | { readonly reason: 'triple-fault'; readonly chain: readonly TargetFault[] }
  /** The guest asked the board for a reset; held before it. */
  | { readonly reason: 'reset'; readonly by: string }
  /** Halted; only keyboard or serial input can wake it. */
  | { readonly reason: 'idle' }
  /** Halted with interrupts off; nothing can wake it. */
  | { readonly reason: 'dead' };

export interface TargetFault {
  readonly vector: number;
  readonly errorCode: number | undefined;
  readonly eip: LinearAddress;
  readonly cr2: LinearAddress | undefined;
}

export interface TargetExceptionStop {
  readonly reason: 'exception';
  readonly fault: TargetFault;
  /** Exceptions whose delivery led to this one, first to last. */
  readonly before: readonly TargetFault[];
}

export type TargetEvent =
  /** A hardware interrupt has been delivered: `eip` and `cpl` are of the code that it interrupted. */
  | {
      readonly kind: 'interrupt';
      readonly vector: number;
      readonly irq: number | undefined;
      readonly eip: LinearAddress;
      readonly cpl: number;
    }
  | { readonly kind: 'ring'; readonly from: number; readonly to: number }
  /** The instruction at `eip` has written a control register. */
  | {
      readonly kind: 'control';
      readonly register: 'cr0' | 'cr3';
      readonly old: number;
      readonly value: number;
      readonly eip: LinearAddress;
    };

/** What a run stops for besides probes. */
export interface EventStops {
  /** Vectors, as bits. */
  readonly exceptions: number;
  readonly interrupts: boolean;
  readonly rings: boolean;
  readonly cr0: boolean;
  readonly cr3: boolean;
}

export type ProbeId = number;

export type DataAccess = 'read' | 'write' | 'readWrite';

/** One access to probed bytes, or its part in one page. */
export interface DataHit {
  readonly probe: ProbeId;
  /** The instruction that made it; the interrupted one for a delivery. */
  readonly eip: LinearAddress;
  readonly linear: LinearAddress;
  readonly physical: PhysicalAddress;
  readonly size: number;
  readonly write: boolean;
  /** The `size` bytes before the access, little endian. */
  readonly old: number;
}

/** One level of a page walk: the entry's physical address and its value. */
export interface PageWalkLevel {
  readonly level: 'PDPTE' | 'PDE' | 'PTE';
  readonly entryAddress: PhysicalAddress;
  readonly value: number;
  readonly flags: string;
}

export interface PageWalk {
  readonly levels: readonly PageWalkLevel[];
  /** Where the address leads, or undefined when a level is not present. */
  readonly physical: PhysicalAddress | undefined;
}

/** A run of pages that follow each other both linearly and physically, with the same flags. */
export interface MappedRange {
  readonly start: LinearAddress;
  readonly sizeBytes: number;
  readonly physical: PhysicalAddress;
  /** Effective flags of both levels, such as `P W U A D`. */
  readonly flags: string;
  readonly pageBytes: 4096 | 2097152 | 4194304;
}

/** Says within a run what code probes are worth: leaving it at each hit would cost more than the verdict. */
export interface ProbeJudge {
  /** Whether the run stops, in the state before the probes' instruction. */
  stopsAt(probes: readonly ProbeId[]): boolean;
  /** An interrupt or a fault has come before an instruction whose probes were passed: it is still to run. */
  diverted(): void;
}

export interface Target {
  /** Instructions retired since power-on. */
  readonly instructionCount: number;
  /** How often the CPU has delivered an interrupt or exception (INT n not counted). Tells a diverted step. */
  readonly deliveryCount: number;
  /** HLT has been executed and no interrupt has come yet. */
  readonly halted: boolean;
  /** The current privilege level, 0 to 3. */
  readonly cpl: number;
  /** The space that the CPU translates through now. */
  readonly space: Space;

  readRegister(name: RegisterName): number;
  /** @returns false when the value does not fit the register (a selector beyond its table, say). */
  writeRegister(name: RegisterName, value: number): boolean;

  /** The bytes of an FPU or SIMD register, lowest first; undefined where the processor has no such unit. */
  readFpuRegister(name: FpuRegisterName): Uint8Array | undefined;
  /** @param bytes as many as it has; journalled. @returns false where the processor has no such unit, or not those bits */
  writeFpuRegister(name: FpuRegisterName, bytes: Uint8Array): boolean;

  /** Reads up to `length` bytes; shorter where the space ends or a page is not mapped. */
  read(space: Space, address: LinearAddress, length: number): Uint8Array;
  /** A little-endian number of 1, 2 or 4 bytes, unsigned; NaN where a byte is not mapped. Costs no allocation. */
  readNumber(space: Space, address: LinearAddress, sizeBytes: number): number;
  /** Writes as many bytes as are mapped, ignoring page protection; journalled. @returns how many were written */
  write(space: Space, address: LinearAddress, bytes: Uint8Array): number;
  translate(space: Space, address: LinearAddress): PhysicalAddress | undefined;
  walk(space: Space, address: LinearAddress): PageWalk;
  /** The last entry of that walk alone, which conditions ask for at every hit; undefined where there is none. */
  entry(space: Space, address: LinearAddress): number | undefined;
  /** All mapped ranges of a space between two addresses, in order; bounded by `rangesMax`. */
  mappedRanges(space: Space, start: LinearAddress, end: LinearAddress, rangesMax: number): MappedRange[];

  /** A probe on the instruction at a linear address in one space or in any, or (`PHYSICAL_SPACE`) at a physical one. */
  addProbe(address: LinearAddress, space: Space | undefined): ProbeId;
  /** A probe on accesses to bytes: in one space, in any, or (`PHYSICAL_SPACE`) in physical memory through any alias. */
  addDataProbe(space: Space | undefined, address: LinearAddress, lengthBytes: number, access: DataAccess): ProbeId;
  removeProbe(id: ProbeId): void;
  /** The probes that match the next instruction. */
  probesHere(): readonly ProbeId[];
  stopOnRingChange: boolean;
  /** Replaces what was asked for before. */
  stopOnEvents(wanted: EventStops): void;

  /**
   * Runs until `instructionCount` reaches `limit` or something else happens. Synchronous.
   * @param passProbes the first instruction's probes do not trigger: a run that goes on from a stop passes it
   * @param judge asked at each code probe; left out, each is a stop
   */
  run(limit: number, passProbes: boolean, judge?: ProbeJudge): TargetStop;

  /** Bytes for the guest's COM1; journalled. */
  writeSerial(bytes: Uint8Array): void;
  /** Takes what the guest has sent on COM1 since the last call. */
  takeSerialOutput(): Uint8Array;
  /** The last bytes the guest has sent, taken or not. */
  serialTail(bytesMax: number): Uint8Array;
  /** Text typed on the keyboard; journalled. */
  typeKeys(text: string): void;
  /** The state of a device as named numbers, for display. */
  inspectDevices(): readonly DeviceState[];
  /** Code that runs translated now, at one entry or all of it, most entered first; empty where nothing does. */
  translatedRegions(address?: LinearAddress): readonly TranslatedRegion[];
}

/** A piece of the guest's code as the machine has translated it. */
export interface TranslatedRegion {
  readonly eip: LinearAddress;
  readonly user: boolean;
  readonly blocks: readonly {
    readonly eip: LinearAddress;
    readonly isLoop: boolean;
    readonly instructions: readonly { readonly address: LinearAddress; readonly bytes: number }[];
  }[];
  readonly wasm: readonly string[];
  readonly counts: {
    readonly entries: number;
    readonly instructions: number;
    readonly waysOut: number;
    readonly wasmBytes: number;
  };
}

export interface DeviceState {
  readonly name: string;
  readonly registers: Readonly<Record<string, number | string | boolean>>;
}

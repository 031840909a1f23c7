/**
 * What the debugger knows of the operating system in the guest: environments, whose memory is whose, how a trap looks.
 * One implementation per kernel; `bare.ts` serves a kernel that nobody has described.
 *
 * Invariant: only this folder and heap/ know the names of a guest's symbols and structures.
 */
import type { Image } from '../launch/images.ts';
import type { LinearAddress, Space } from '../target/target.ts';

export type EnvironmentStatus = 'free' | 'dying' | 'runnable' | 'running' | 'not runnable';

/** Register values by DWARF number: a context that can be unwound. */
export type RegisterFile = ReadonlyMap<number, number>;

export interface Environment {
  readonly envId: number;
  readonly parentId: number;
  readonly program: string;
  readonly status: EnvironmentStatus;
  readonly runs: number;
  readonly space: Space;
  /** The user half as it was saved at the last trap. */
  readonly saved: RegisterFile;
}

/** An image and the difference between where code runs and where it is linked: linked = running + bias. */
export interface PlacedImage {
  readonly image: Image;
  readonly bias: number;
}

/** How the environment that the CPU serves now came into the kernel. */
export interface TrapContext {
  /** `sys_page_alloc(envid=0, va=0xd0000000, perm=7)`, `page fault at 0x…`, `timer interrupt`. */
  readonly label: string;
  /** The interrupted context. */
  readonly registers: RegisterFile;
}

/** A place where the kernel or a user library gives up on something: the debugger stops there with a reason. */
export interface FatalPoint {
  readonly id: 'kernel-panic' | 'user-panic' | 'unhandled-fault';
  readonly label: string;
  /** Function names, tried in every image of the kind; the first that exists is used. */
  readonly functions: readonly string[];
  readonly in: 'kernel' | 'program';
}

/** What only the operating system can tell of. */
export type OsEventId =
  'syscall-entered' | 'syscall-returned' | 'env-created' | 'env-destroyed' | 'env-scheduled' | 'program-start';

/** A place in the kernel where an event shows. */
export interface OsEventPoint {
  readonly functions: readonly string[];
  /** `body`: past the prologue, where the arguments can be read. `around`: asked before and after the function. */
  readonly at: 'body' | 'around';
}

/** Something that has just happened. */
export interface OsEvent {
  readonly text: string;
  /** What conditions can ask for, by name. Words (a program's, a system call's name) stay words. */
  readonly values: Readonly<Record<string, number | string>>;
}

/** The operating system's own events: where to look for them, and what they are. */
export interface OsEvents {
  /** Where in the kernel; those that are not listed show when the CPU goes to user mode. */
  readonly points: Readonly<Partial<Record<OsEventId, OsEventPoint>>>;
  /** System calls by name. */
  readonly callNames: readonly string[];
  /** Why an environment is destroyed. */
  readonly endings: readonly string[];
  /** Every name a system call's argument has. */
  readonly argumentNames: readonly string[];
  /** Named results: `E_INVAL`. */
  readonly results: Readonly<Record<string, number>>;
  /** To be called at the entry of `syscall-entered` where `syscall-returned` is of interest: the number is lost later. */
  noteCall(): void;
  /** At the entry of an `around` point. */
  before(id: OsEventId): void;
  /** At the event's place. @returns undefined when it was something else */
  now(id: OsEventId): OsEvent | undefined;
}

/** A fault that the kernel has taken from user code, while it deals with it. */
export interface TrapFault {
  readonly vector: number;
  readonly errorCode: number;
  readonly registers: RegisterFile;
}

/** A system call while the kernel serves it. */
export interface SystemCall {
  readonly number: number;
  /** undefined for a number that no call has. */
  readonly name: string | undefined;
  readonly args: readonly (readonly [name: string, value: number])[];
  /** `sys_page_alloc(envid=0, va=0xd0000000, perm=7)` */
  readonly text: string;
}

export interface GuestOs {
  readonly name: string;
  readonly kernel: Image;
  environments(): readonly Environment[];
  /** The environment the CPU works for now, in user or kernel mode. */
  current(): Environment | undefined;
  /** The same as a look at the guest's memory, which costs no copy: for one question, at a breakpoint's hit. */
  currentNow(): Environment | undefined;
  /**
   * How an environment that does not run came to stop: `in sys_ipc_recv`, `at a timer interrupt`.
   * undefined where it has not run yet or runs now.
   */
  leftBy(environment: Environment): string | undefined;
  /** The image whose code or data stands at an address of a space. */
  imageAt(space: Space, address: LinearAddress): PlacedImage | undefined;
  /** The trap that the current environment is in; undefined in user mode and while no environment is served. */
  trap(): TrapContext | undefined;
  /** The system call that the kernel serves for the current environment; undefined when it is in none. */
  systemCall(): SystemCall | undefined;
  /** What a kernel address range is for, where known (`UPAGES`, `kernel stack`). */
  regionAt(space: Space, address: LinearAddress): string | undefined;
  /** undefined where nobody has described the kernel. */
  readonly events: OsEvents | undefined;
  /** The fault of the current environment that the kernel deals with now; undefined for other traps. */
  fault(): TrapFault | undefined;
  readonly fatalPoints: readonly FatalPoint[];
  /** The text of a fatal stop: panic message and place, or the fault in words. */
  describeFatal(id: FatalPoint['id']): string | undefined;
}

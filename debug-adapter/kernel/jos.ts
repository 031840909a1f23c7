/**
 * JOS as Ringside's guest writes it: environments, the trap they are in, whose code stands where.
 * guest/README.md, "What a debugger reads".
 *
 * All of physical memory is mapped at KERNBASE, so the kernel's data is read physically and needs no address space.
 * Invariant: nothing is cached that the guest can change, but an environment id's program, which it cannot.
 */
import { EIP, ESP } from '../debug-info/registers.ts';
import { resolved, type Type } from '../debug-info/index.ts';
import { coversLinear, type Image, type ImageSet } from '../launch/images.ts';
import { DWARF_REGISTERS, GENERAL_REGISTERS } from '../target/registers.ts';
import { PHYSICAL_SPACE, type LinearAddress, type Space, type Target } from '../target/target.ts';
import { IRQ_NAMES, describePageFault, vectorName } from '../target/vectors.ts';
import { placeKernel } from './bare.ts';
import type {
  Environment,
  EnvironmentStatus,
  FatalPoint,
  GuestOs,
  PlacedImage,
  RegisterFile,
  SystemCall,
  TrapContext,
  TrapFault,
} from './guest-os.ts';
import { JosEvents, describeSystemCall, systemCallOf } from './jos-events.ts';
import {
  IRQ_OFFSET,
  KERNBASE,
  KSTACKTOP,
  REGIONS,
  RESUMING_FUNCTIONS,
  STATUS_NAMES,
  TRAPFRAME_BYTES,
  T_PGFLT,
  T_SYSCALL,
  USER_CS,
  UTOP,
} from './jos-tables.ts';
import { fieldPlace, numberOffset, recordOf, RecordView, type RecordMemory } from './typed-memory.ts';

const ENVIRONMENTS_MAX = 1024;
const CONSOLE_TAIL_BYTES = 4096;

const FATAL_POINTS: readonly FatalPoint[] = [
  { id: 'unhandled-fault', label: 'Unhandled fault', in: 'kernel', functions: ['unhandled_user_fault'] },
  { id: 'kernel-panic', label: 'Kernel panic', in: 'kernel', functions: ['kernel_panicked', 'kernel_panic'] },
  { id: 'user-panic', label: 'User panic', in: 'program', functions: ['user_panicked', 'user_panic'] },
];

/** Where the parts of `ENVS` are. */
interface EnvironmentTable {
  readonly dataAddress: number;
  readonly lengthAddress: number;
  /** How many slots were ever used; undefined in a kernel that does not count them. */
  readonly usedAddress: number | undefined;
}

/** What was found of JOS's structures in the kernel's debug information. */
interface JosSymbols {
  readonly table: EnvironmentTable;
  readonly environmentType: Type;
  readonly currentAddress: number;
  readonly trapframeType: Type | undefined;
}

/** @returns undefined when the kernel has no `ENVS` and `CURENV` as JOS has them */
export function josGuest(images: ImageSet, target: Target): GuestOs | undefined {
  const symbols = findSymbols(images.kernel);
  return symbols && new Jos(images, target, symbols);
}

function findSymbols({ debug }: Image): JosSymbols | undefined {
  const envs = debug.staticsNamed('ENVS')[0];
  const current = debug.staticsNamed('CURENV')[0];
  const envsAt = envs?.simpleLocation(0);
  const currentAt = current?.simpleLocation(0);
  if (envsAt?.kind !== 'address' || currentAt?.kind !== 'address') return undefined;
  const data = fieldPlace(envs!.type, 'slots.data_ptr');
  const pointer = resolved(data?.type);
  const address = (path: string): number | undefined => {
    const offset = numberOffset(envs!.type, path);
    return offset === undefined ? undefined : envsAt.address + offset;
  };
  const lengthAddress = address('slots.length');
  const environmentType = pointer?.kind === 'pointer' ? pointer.target : undefined;
  if (!environmentType || environmentType.sizeBytes === 0 || lengthAddress === undefined) return undefined;
  return {
    table: { dataAddress: envsAt.address + data!.offset, lengthAddress, usedAddress: address('used') },
    environmentType,
    currentAddress: currentAt.address,
    trapframeType: fieldPlace(environmentType, 'tf')?.type,
  };
}

class Jos implements GuestOs {
  readonly name = 'JOS';
  readonly kernel: Image;
  readonly fatalPoints = FATAL_POINTS;
  readonly events: JosEvents;
  private readonly images: ImageSet;
  private readonly target: Target;
  private readonly symbols: JosSymbols;
  private readonly programs = new Map<number, string>();
  private readonly kernelMemory: RecordMemory = {
    number: (address, sizeBytes) => this.target.readNumber(PHYSICAL_SPACE, address - KERNBASE, sizeBytes),
    bytes: (address, sizeBytes) => this.readKernel(address, sizeBytes),
  };

  constructor(images: ImageSet, target: Target, symbols: JosSymbols) {
    this.kernel = images.kernel;
    this.images = images;
    this.target = target;
    this.symbols = symbols;
    this.events = new JosEvents({
      target,
      images,
      current: () => this.current(),
      environments: () => this.environments(),
      record: (envId) => this.slot(envId),
      trapFrame: () => this.trapFrame(),
    });
  }

  environments(): readonly Environment[] {
    const table = this.table();
    if (!table) return [];
    const { environmentType } = this.symbols;
    const size = environmentType.sizeBytes;
    const bytes = this.readKernel(table.address, table.used * size);
    const environments: Environment[] = [];
    for (let at = 0; at + size <= bytes.length; at += size) {
      environments.push(this.environment(recordOf(environmentType, bytes.subarray(at, at + size))));
    }
    return environments;
  }

  current(): Environment | undefined {
    const id = this.currentId();
    if (id === 0) return undefined;
    const record = this.slot(id);
    const environment = record && this.environment(record);
    return environment?.envId === id ? environment : undefined;
  }

  currentNow(): Environment | undefined {
    const id = this.currentId();
    const address = id === 0 ? undefined : this.slotAddress(id);
    if (address === undefined) return undefined;
    const environment = this.environment(new RecordView(this.symbols.environmentType, this.kernelMemory, address));
    return environment.envId === id ? environment : undefined;
  }

  leftBy({ envId, runs }: Environment): string | undefined {
    const record = this.slot(envId);
    const bytes = record?.field('tf');
    if (runs === 0 || !record || !bytes || envId === this.currentId()) return undefined;
    const frame = recordOf(this.symbols.trapframeType, bytes);
    if (frame.number('cs') !== USER_CS) return undefined;
    const vector = frame.number('trapno') ?? 0;
    // The call's number has made room for its result.
    if (vector === T_SYSCALL) return record.number('ipc.recving') ? 'in sys_ipc_recv' : 'behind a system call';
    // CR2 is no longer its own.
    return vector === T_PGFLT ? 'at a page fault' : `at a ${this.describeTrap(frame)}`;
  }

  imageAt(space: Space, address: LinearAddress): PlacedImage | undefined {
    const { kernel } = this.images;
    if (space === PHYSICAL_SPACE) return placeKernel(kernel, space, address);
    if (address >= UTOP) return coversLinear(kernel, address) ? { image: kernel, bias: 0 } : undefined;
    const program = this.programOf(space);
    if (program === undefined) return placeKernel(kernel, space, address);
    const image = this.images.programs.get(program);
    return image && coversLinear(image, address) ? { image, bias: 0 } : undefined;
  }

  trap(): TrapContext | undefined {
    if (this.target.cpl === 3) return undefined;
    const environment = this.current();
    if (!environment) return undefined;
    if (this.resuming()) return { label: 'back to user code', registers: environment.saved };
    const frame = this.trapFrame();
    if (!frame) return undefined;
    const saved = registersOf(frame);
    if (this.target.readRegister('esp') > KSTACKTOP - TRAPFRAME_BYTES) {
      // The entry code has not saved the general registers yet: they are still in the CPU.
      const registers = new Map(DWARF_REGISTERS.map((name, number) => [number, this.target.readRegister(name)]));
      for (const number of [EIP, ESP, DWARF_REGISTERS.indexOf('eflags')]) registers.set(number, saved.get(number)!);
      return { label: 'entering the kernel', registers };
    }
    return { label: this.describeTrap(frame), registers: saved };
  }

  fault(): TrapFault | undefined {
    const record = this.target.cpl === 3 ? undefined : this.slot(this.currentId());
    const vector = record?.number('tf.trapno') ?? T_SYSCALL;
    const registers = this.current()?.saved;
    if (!registers || vector >= IRQ_OFFSET) return undefined;
    return { vector, errorCode: record?.number('tf.err') ?? 0, registers };
  }

  systemCall(): SystemCall | undefined {
    const { target } = this;
    const isEntering = target.readRegister('esp') > KSTACKTOP - TRAPFRAME_BYTES;
    if (target.cpl === 3 || isEntering || !this.current() || this.resuming()) return undefined;
    const frame = this.trapFrame();
    return frame?.number('trapno') === T_SYSCALL ? systemCallOf(frame) : undefined;
  }

  /** The frame at the top of the kernel stack: of the last trap from user mode. */
  private trapFrame(): RecordView | undefined {
    const bytes = this.target.read(this.target.space, KSTACKTOP - TRAPFRAME_BYTES, TRAPFRAME_BYTES);
    if (bytes.length < TRAPFRAME_BYTES) return undefined;
    const frame = recordOf(this.symbols.trapframeType, bytes);
    return frame.number('cs') === USER_CS ? frame : undefined;
  }

  regionAt(_space: Space, address: LinearAddress): string | undefined {
    return REGIONS.findLast(([start]) => address >= start)?.[1];
  }

  describeFatal(id: FatalPoint['id']): string | undefined {
    if (id !== 'unhandled-fault') return this.lastConsoleLine(/panic/);
    const frame = this.trapFrame();
    if (frame?.number('trapno') !== T_SYSCALL) return undefined;
    return `a system call with memory that is not its own (${this.lastConsoleLine(/user_mem_check/) ?? 'user_mem_assert'})`;
  }

  private describeTrap(frame: RecordView): string {
    const vector = frame.number('trapno') ?? 0;
    if (vector === T_SYSCALL) return describeSystemCall(frame);
    if (vector === T_PGFLT) {
      return describePageFault(frame.number('err') ?? 0, this.target.readRegister('cr2'), frame.number('eip') ?? 0);
    }
    const irq = vector - IRQ_OFFSET;
    if (irq >= 0 && irq < 16) return `${IRQ_NAMES[irq] ?? `IRQ ${irq}`} interrupt`;
    return vectorName(vector);
  }

  /** Whether the kernel is on its last steps out, with the next environment already current. */
  private resuming(): boolean {
    const eip = this.target.readRegister('eip');
    const scope = this.images.kernel.debug.functionAt(eip);
    const name = scope?.name ?? this.images.kernel.elf.symbolAt(eip)?.demangled;
    return name !== undefined && RESUMING_FUNCTIONS.has(name);
  }

  private table(): { address: number; used: number } | undefined {
    const { dataAddress, lengthAddress, usedAddress } = this.symbols.table;
    const address = this.kernelWord(dataAddress);
    const length = this.kernelWord(lengthAddress);
    const used = usedAddress === undefined ? length : this.kernelWord(usedAddress);
    if (address < KERNBASE || length === 0) return undefined;
    return { address, used: Math.min(used, length, ENVIRONMENTS_MAX) };
  }

  private slotAddress(envId: number): LinearAddress | undefined {
    const table = this.table();
    const index = envId % ENVIRONMENTS_MAX;
    return table && index < table.used ? table.address + index * this.symbols.environmentType.sizeBytes : undefined;
  }

  private slot(envId: number): RecordView | undefined {
    const address = this.slotAddress(envId);
    if (address === undefined) return undefined;
    const { environmentType } = this.symbols;
    const size = environmentType.sizeBytes;
    const bytes = this.readKernel(address, size);
    return bytes.length === size ? recordOf(environmentType, bytes) : undefined;
  }

  private environment(record: RecordView): Environment {
    return new JosEnvironment(record, this.symbols.trapframeType, this.programs);
  }

  private currentId(): number {
    return this.kernelWord(this.symbols.currentAddress);
  }

  /** The program in a space; the current environment's is asked for at every breakpoint hit. */
  private programOf(space: Space): string | undefined {
    const id = this.currentId();
    if (id !== 0 && space === this.target.space) {
      const known = this.programs.get(id);
      if (known !== undefined) return known;
      const environment = this.current();
      if (environment?.space === space) return environment.program;
    }
    return this.environments().find((e) => e.status !== 'free' && e.space === space)?.program;
  }

  /** 0 where there is no RAM. */
  private kernelWord(address: LinearAddress): number {
    return this.target.readNumber(PHYSICAL_SPACE, address - KERNBASE, 4) || 0;
  }

  private readKernel(address: LinearAddress, length: number): Uint8Array {
    return this.target.read(PHYSICAL_SPACE, address - KERNBASE, length);
  }

  private lastConsoleLine(pattern: RegExp): string | undefined {
    const text = new TextDecoder('latin1').decode(this.target.serialTail(CONSOLE_TAIL_BYTES));
    return text.split(/\r?\n/).findLast((line) => pattern.test(line));
  }
}

/** The guest's record; most of it is read only by those who ask, since environments are looked up all the time. */
class JosEnvironment implements Environment {
  readonly envId: number;
  private readonly record: RecordView;
  private readonly trapframeType: Type | undefined;
  private readonly programs: Map<number, string>;
  private registers: RegisterFile | undefined;

  /** @param programs the names that were read, by environment id: conditions ask for one at every hit */
  constructor(record: RecordView, trapframeType: Type | undefined, programs: Map<number, string>) {
    this.record = record;
    this.trapframeType = trapframeType;
    this.programs = programs;
    this.envId = record.number('id') ?? 0;
  }

  get parentId(): number {
    return this.record.number('parent_id') ?? 0;
  }

  get program(): string {
    const known = this.programs.get(this.envId);
    if (known !== undefined) return known;
    const name = nameOf(this.record);
    if (name !== '' && this.envId !== 0) this.programs.set(this.envId, name);
    return name;
  }

  get status(): EnvironmentStatus {
    return STATUS_NAMES[this.record.number('status') ?? 0] ?? 'free';
  }

  get runs(): number {
    return this.record.number('runs') ?? 0;
  }

  get space(): Space {
    return (this.record.number('pgdir') ?? 0) & ~0xfff;
  }

  get saved(): RegisterFile {
    return (this.registers ??= registersOf(recordOf(this.trapframeType, this.record.field('tf') ?? new Uint8Array(0))));
  }
}

function registersOf(tf: RecordView): RegisterFile {
  const registers = new Map<number, number>();
  GENERAL_REGISTERS.forEach((name, number) => {
    const value = tf.number(name) ?? tf.number(`regs.${name}`);
    if (value !== undefined) registers.set(number, value);
  });
  return registers;
}

const decoder = new TextDecoder();

function nameOf(record: RecordView): string {
  const bytes = record.field('name.bytes');
  const length = record.number('name.len') ?? 0;
  if (!bytes) return '';
  const end = Math.min(length, bytes.length);
  let text = '';
  for (let i = 0; i < end; i++) {
    const byte = bytes[i]!;
    // A name is nearly always plain, and conditions ask for it at every hit.
    if (byte >= 0x80) return decoder.decode(bytes.subarray(0, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

/**
 * The call stack of one environment: from the innermost frame out, through inlined calls, across the trap into user
 * code, to where nothing calls any more.
 *
 * A frame is unwound by its image's debug information; without any, by the frame pointer. When a kernel stack ends or
 * leads nowhere, the walk goes on from the trap's saved context and says so.
 * Invariant: the canonical frame address only grows within one context, so the walk ends on any memory contents.
 */
import { demangle, type CallerFrame, type FrameContext, type InlineFrame } from '../debug-info/index.ts';
import { EBP, EIP, ESP } from '../debug-info/registers.ts';
import type { GuestOs, RegisterFile } from '../kernel/guest-os.ts';
import type { Space, Target } from '../target/target.ts';
import type { CodeFrame, Frame } from './frame.ts';
import { readWhole, readWord } from './memory-view.ts';

const FRAMES_MAX = 512;
/** A trap frame is found within a kernel stack of at most this size. */
const STACK_BYTES_MAX = 0x1_0000;

/** One physical frame while the walk stands on it. */
interface Cursor {
  readonly space: Space;
  readonly register: (number: number) => number | undefined;
  /** True where the pc is the instruction itself, false where it is a return address. */
  readonly exact: boolean;
  /** Whose code runs where no image says it. */
  readonly ring: CodeFrame['ring'];
}

export interface StackSource {
  readonly target: Target;
  readonly os: GuestOs;
}

export interface StackStart {
  readonly space: Space;
  /** By DWARF number; read whenever a frame is looked at. */
  readonly register: (number: number) => number | undefined;
  readonly ring: CodeFrame['ring'];
  /** The context below the kernel's stack, if the walk begins in the kernel on behalf of an environment. */
  readonly trap: { label: string; registers: RegisterFile } | undefined;
}

export function* walkStack({ target, os }: StackSource, { trap, ...start }: StackStart): Generator<Frame> {
  let cursor: Cursor = { ...start, exact: true };
  let pendingTrap = trap;
  let lowestCfa = 0;
  for (let count = 0; count < FRAMES_MAX; count++) {
    const address = cursor.register(EIP);
    if (address === undefined) return;
    const place = os.imageAt(cursor.space, address);
    const frames = framesAt(target, cursor, address, place);
    yield* frames;

    const next = place
      ? (unwindImage(frames[0]!) ?? (place.image.debug.hasDwarf ? undefined : byFramePointer(target, cursor)))
      : outsideImages({ target, os }, cursor);
    // A trap may change stacks, and wherever it came from, that is where it came from; calls only ever push.
    const leadsOn = next !== undefined && (next.signalFrame || (next.pc !== 0 && next.cfa > lowestCfa));
    const inKernel = leadsOn && goesOnInKernel(os, cursor, next);
    if (pendingTrap && !inKernel) {
      const { label, registers } = pendingTrap;
      const isClean = leadsOn && next.pc === registers.get(EIP);
      yield { kind: 'label', name: isClean ? label : `${label} (the kernel stack ends here)` };
      // A fault in the IRET to user code was pushed over the context that the environment holds.
      const back = isClean && next.signalFrame ? next : undefined;
      const register = (n: number): number | undefined => (back ? back.register(n) : registers.get(n));
      cursor = { space: cursor.space, register, exact: true, ring: 'user' };
      pendingTrap = undefined;
      lowestCfa = 0;
      continue;
    }
    if (!leadsOn) return;
    if (!next.signalFrame && !os.imageAt(cursor.space, next.pc)) return;
    // User code is entered from the kernel, but not called by it.
    if (inKernel && frames[0]!.ring === 'user') return;
    lowestCfa = next.cfa;
    if (next.signalFrame && inKernel) yield { kind: 'label', name: 'trap in the kernel' };
    cursor = { ...cursor, register: (n) => next.register(n), exact: next.signalFrame };
  }
}

/** The inlined levels and the function at one physical frame, innermost first; never empty. */
function framesAt(target: Target, cursor: Cursor, address: number, place: ReturnType<GuestOs['imageAt']>): CodeFrame[] {
  const bias = place?.bias ?? 0;
  // DWARF 5 §6.4.4, "Call Frame Calling Address": a return address may already belong to the next line or function.
  const lookup = (cursor.exact ? address : address - 1) + bias;
  const context: FrameContext = {
    pc: lookup >>> 0,
    register: (n) => (n === EIP ? (address + bias) >>> 0 : cursor.register(n)),
    readMemory: (at, size) => readWhole(target, cursor.space, at, size, bias),
  };
  const common = {
    kind: 'code',
    space: cursor.space,
    image: place?.image,
    bias,
    address,
    context,
    cfa: undefined,
    ring: place ? (place.image.kind === 'program' ? 'user' : 'kernel') : cursor.ring,
  } as const;
  const levels = place?.image.debug.inlineFramesAt(context.pc) ?? [];
  if (levels.length === 0) {
    const symbol = place?.image.elf.symbolAt(context.pc);
    const line = place?.image.debug.lineOf(context.pc);
    return [
      {
        ...common,
        level: undefined,
        inlineDepth: 0,
        name: symbol ? symbol.demangled : `0x${address.toString(16).padStart(8, '0')}`,
        position: line && { file: line.file, line: line.line, column: line.column },
      },
    ];
  }
  return levels.map((level, inlineDepth) => ({
    ...common,
    level,
    inlineDepth,
    name: frameName(level),
    position: level.file === undefined ? undefined : { file: level.file, line: level.line, column: level.column },
  }));
}

/** A trait's method has no name of its own in DWARF (`{impl#0}::map`), but its symbol says it all. */
function frameName(level: InlineFrame): string {
  if (level.inlined || !level.qualifiedName.includes('{impl#')) return level.qualifiedName;
  const { linkageName } = level.function;
  return linkageName === undefined ? level.qualifiedName : demangle(linkageName);
}

function unwindImage(frame: CodeFrame): CallerFrame | undefined {
  const result = frame.image!.debug.unwind(frame.context);
  return result.ok ? result.value : undefined;
}

/** psABI, "The Stack Frame": the caller's EBP at EBP, the return address above it. */
function byFramePointer(target: Target, cursor: Cursor): CallerFrame | undefined {
  const ebp = cursor.register(EBP);
  if (ebp === undefined) return undefined;
  const savedEbp = readWord(target, cursor.space, ebp);
  const pc = readWord(target, cursor.space, ebp + 4);
  if (savedEbp === undefined || pc === undefined) return undefined;
  const known = new Map([
    [EIP, pc],
    [ESP, (ebp + 8) >>> 0],
    [EBP, savedEbp],
  ]);
  return {
    pc,
    cfa: (ebp + 8) >>> 0,
    how: 'frame-pointer',
    signalFrame: false,
    register: (n) => known.get(n),
    savedAt: (n) => (n === EBP ? ebp : n === EIP ? ebp + 4 : undefined),
  };
}

/**
 * The caller of code that no image covers: after a jump through a wild pointer nothing has happened but the CALL, which
 * pushed its return address. Otherwise the frame pointer may lead on.
 */
function outsideImages({ target, os }: StackSource, cursor: Cursor): CallerFrame | undefined {
  const esp = cursor.register(ESP);
  const pc = cursor.exact && esp !== undefined ? readWord(target, cursor.space, esp) : undefined;
  if (esp === undefined || pc === undefined || !os.imageAt(cursor.space, pc)) return byFramePointer(target, cursor);
  const cfa = (esp + 4) >>> 0;
  return {
    pc,
    cfa,
    how: 'return-address',
    signalFrame: false,
    register: (n) => (n === EIP ? pc : n === ESP ? cfa : cursor.register(n)),
    savedAt: (n) => (n === EIP ? esp : undefined),
  };
}

/** A trap's context is the kernel's, too, where it had jumped out of its image: it was on the same stack. */
function goesOnInKernel(os: GuestOs, cursor: Cursor, next: CallerFrame): boolean {
  const place = os.imageAt(cursor.space, next.pc);
  if (place) return place.image.kind === 'kernel';
  if (!next.signalFrame) return false;
  const [before, after] = [cursor.register(ESP), next.register(ESP)];
  return before !== undefined && after !== undefined && (after - before) >>> 0 < STACK_BYTES_MAX;
}

/**
 * Threads are environments; one more stands for the kernel while it serves none (boot, scheduler).
 * Frames are walked on demand and keep their ids until the machine runs again.
 */
import type { Environment, GuestOs } from '../kernel/guest-os.ts';
import { DWARF_REGISTERS } from '../target/registers.ts';
import type { Target } from '../target/target.ts';
import type { Frame } from './frame.ts';
import { walkStack, type StackStart } from './stack.ts';

/** The thread that is the kernel itself. Environment ids begin at 0x1000. */
export const KERNEL_THREAD = 1;

const ORIGIN_REGISTERS = ['eip', 'esp', 'ebp'] as const;

export interface ThreadRow {
  readonly threadId: number;
  readonly name: string;
}

export class Threads {
  private readonly target: Target;
  private readonly os: GuestOs;
  private readonly stacks = new Map<number, LazyStack>();
  private readonly frames = new Map<number, { frame: Frame; threadId: number; index: number }>();
  private readonly ids = new Map<Frame, number>();
  /** What `environment` and `currentId` have found at this stop: every scope and variable asks. */
  private readonly known = new Map<number, Environment | undefined>();
  private knownCurrent: number | undefined;
  private nextFrameId = 1;
  private walkedFrom = '';

  constructor(target: Target, os: GuestOs) {
    this.target = target;
    this.os = os;
  }

  /** The machine has run: every frame is gone. Ids are not used again, so that a late request is told so. */
  invalidate(): void {
    this.stacks.clear();
    this.frames.clear();
    this.ids.clear();
    this.changed();
  }

  /** Memory or registers were changed by the user; the frames may stay. */
  changed(): void {
    this.known.clear();
    this.knownCurrent = undefined;
  }

  /** Whether the registers that a walk begins with are others than when it began. */
  moved(): boolean {
    return this.walkedFrom !== this.origin();
  }

  /** Never empty, as DAP asks. */
  list(): ThreadRow[] {
    const rows = this.os
      .environments()
      .filter((environment) => environment.status !== 'free')
      .map((environment) => ({
        threadId: environment.envId,
        name: threadName(environment, this.os.leftBy(environment)),
      }));
    return this.os.current() && rows.length > 0 ? rows : [{ threadId: KERNEL_THREAD, name: 'kernel' }, ...rows];
  }

  /** The thread that the CPU works for now. */
  currentId(): number {
    return (this.knownCurrent ??= this.os.current()?.envId ?? KERNEL_THREAD);
  }

  environment(threadId: number): Environment | undefined {
    if (!this.known.has(threadId)) {
      const environments = this.os.environments();
      this.known.set(
        threadId,
        environments.find(({ envId, status }) => envId === threadId && status !== 'free'),
      );
    }
    return this.known.get(threadId);
  }

  /** @returns frames `from` to `from + count`, and how many there are if the end was reached */
  stack(
    threadId: number,
    from: number,
    count: number,
  ): { frames: { id: number; frame: Frame }[]; total: number | undefined } | undefined {
    const stack = this.stackOf(threadId);
    if (!stack) return undefined;
    stack.fill(from + count);
    const frames = stack.frames
      .slice(from, from + count)
      .map((frame, i) => ({ id: this.idOf(threadId, from + i, frame), frame }));
    return { frames, total: stack.ended ? stack.frames.length : undefined };
  }

  frame(frameId: number): { frame: Frame; threadId: number; index: number } | undefined {
    return this.frames.get(frameId);
  }

  private idOf(threadId: number, index: number, frame: Frame): number {
    const known = this.ids.get(frame);
    if (known !== undefined) return known;
    const id = this.nextFrameId++;
    this.ids.set(frame, id);
    this.frames.set(id, { frame, threadId, index });
    return id;
  }

  private stackOf(threadId: number): LazyStack | undefined {
    const known = this.stacks.get(threadId);
    if (known) return known;
    const start = this.startOf(threadId);
    if (!start) return undefined;
    const stack = new LazyStack(walkStack({ target: this.target, os: this.os }, start));
    this.stacks.set(threadId, stack);
    this.walkedFrom = this.origin();
    return stack;
  }

  private origin(): string {
    return ORIGIN_REGISTERS.map((name) => this.target.readRegister(name)).join();
  }

  /** By DWARF number, as it is now: a register that the user sets shows at once. */
  private readonly cpuRegister = (number: number): number | undefined => {
    const name = DWARF_REGISTERS[number];
    return name === undefined ? undefined : this.target.readRegister(name);
  };

  private startOf(threadId: number): StackStart | undefined {
    if (threadId === this.currentId()) {
      return {
        space: this.target.space,
        register: this.cpuRegister,
        ring: this.target.cpl === 3 ? 'user' : 'kernel',
        trap: this.os.trap(),
      };
    }
    const environment = this.environment(threadId);
    if (!environment) return undefined;
    return {
      space: environment.space,
      register: (n) => environment.saved.get(n),
      ring: 'user',
      trap: undefined,
    };
  }
}

class LazyStack {
  readonly frames: Frame[] = [];
  ended = false;
  private readonly walk: Iterator<Frame>;

  constructor(walk: Iterator<Frame>) {
    this.walk = walk;
  }

  fill(count: number): void {
    while (!this.ended && this.frames.length < count) {
      const next = this.walk.next();
      if (next.done) this.ended = true;
      else this.frames.push(next.value);
    }
  }
}

function threadName({ envId, program, status }: Environment, leftBy: string | undefined): string {
  const name = `${program || 'environment'} [${envId.toString(16).padStart(8, '0')}] ${status}`;
  return leftBy === undefined ? name : `${name}, ${leftBy}`;
}

/** The scopes of a frame: Locals, Arguments, Statics, Registers, Machine. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { ownerOf, type RegisterOwner } from '../breakpoints/register-breakpoints.ts';
import type { CodeFrame, Frame } from '../call-stack/frame.ts';
import type { Threads } from '../call-stack/threads.ts';
import type { DebugInfo, Variable } from '../debug-info/index.ts';
import { valueOfVariable, type InspectionContext, type Value } from '../inspection/index.ts';
import type { GuestOs } from '../kernel/guest-os.ts';
import { formatMemoryReference } from '../protocol/memory-reference.ts';
import { DWARF_REGISTERS, type RegisterName } from '../target/registers.ts';
import type { Target } from '../target/target.ts';
import { frameContext } from './inspection-context.ts';
import { machineNode } from './machine-nodes.ts';
import { registersNode, type RegisterAccess } from './register-nodes.ts';
import { valuesNode, type Refer, type ValueDisplay } from './value-node.ts';
import type { VariableStore } from './variable-store.ts';

export interface ScopeSource {
  readonly target: Target;
  readonly os: GuestOs;
  readonly threads: Threads;
  readonly variables: VariableStore;
}

export interface FrameHandle {
  readonly frame: Frame;
  readonly threadId: number;
  readonly index: number;
}

/** Everything an expression or a scope needs of one code frame. */
export interface FrameView {
  readonly frame: CodeFrame;
  /** What names mean: its image's, or where none covers it, the kernel's. */
  readonly names: DebugInfo;
  /** The kernel's, beside a program's: it is mapped in every space. */
  readonly beside: DebugInfo | undefined;
  readonly context: InspectionContext;
  readonly display: ValueDisplay;
}

export function viewOf(source: ScopeSource, handle: FrameHandle, frame: CodeFrame): FrameView {
  const { threadId } = handle;
  const { kernel } = source.os;
  return {
    frame,
    names: (frame.image ?? kernel).debug,
    beside: frame.image && frame.image !== kernel ? kernel.debug : undefined,
    context: frameContext(source, frame, isInnermost(source, handle, frame), () => {
      return source.threads.environment(threadId);
    }),
    display: { store: source.variables, refer: referFor(source, frame, threadId) },
  };
}

function isInnermost({ threads }: ScopeSource, { threadId, index }: FrameHandle, frame: CodeFrame): boolean {
  return index <= frame.inlineDepth && threadId === threads.currentId();
}

export function scopesOf(source: ScopeSource, handle: FrameHandle): Dap.Scope[] {
  if (handle.frame.kind === 'label') return [];
  const { frame, context, display } = viewOf(source, handle, handle.frame);
  const { level, image } = frame;
  const scopes: Dap.Scope[] = [];
  if (level) {
    const visible = level.variablesAt(frame.context.pc);
    const locals = visible.filter((v) => v.kind !== 'parameter');
    const parameters = visible.filter((v) => v.kind === 'parameter');
    const args = parameters.length > 0 ? parameters : level.parameters;
    // Clients open the first scope by themselves: at a function's entry that shall be its arguments, not an empty one.
    if (locals.length > 0 || args.length === 0)
      scopes.push(
        scope(
          source,
          'Locals',
          'locals',
          valuesNode(display, () => values(locals, context)),
        ),
      );
    if (args.length > 0)
      scopes.push(
        scope(
          source,
          'Arguments',
          'arguments',
          valuesNode(display, () => values(args, context)),
        ),
      );
  }
  if (image) {
    const statics = image.debug.statics(frame.context.pc);
    if (statics.length > 0) {
      const node = valuesNode(display, () => values(statics, context));
      scopes.push({ ...scope(source, 'Statics', undefined, node), expensive: true, namedVariables: statics.length });
    }
  }
  scopes.push(
    scope(
      source,
      'Registers',
      'registers',
      registersNode(source.variables, registerAccess(source, handle, frame, context)),
    ),
  );
  scopes.push({
    ...scope(source, 'Machine', undefined, machineNode(source.variables, source.target)),
    expensive: true,
  });
  return scopes;
}

function scope(
  source: ScopeSource,
  name: string,
  hint: string | undefined,
  node: Parameters<VariableStore['add']>[0],
): Dap.Scope {
  return {
    name,
    variablesReference: source.variables.add(node),
    expensive: false,
    ...(hint === undefined ? {} : { presentationHint: hint }),
  };
}

/** Shadowed names keep their order: the innermost first, as the program sees them. */
function values(variables: readonly Variable[], context: InspectionContext): { name: string; value: Value }[] {
  return variables.map((variable) => ({ name: variable.name, value: valueOfVariable(variable, context) }));
}

/** General registers as the frame sees them; the rest are the CPU's. */
function registerAccess(
  source: ScopeSource,
  handle: FrameHandle,
  frame: CodeFrame,
  context: InspectionContext,
): RegisterAccess {
  const { threadId } = handle;
  const current = threadId === source.threads.currentId();
  return {
    read: (name) => {
      const number = DWARF_REGISTERS.indexOf(name);
      if (number >= 0) return context.register(number);
      return current ? source.target.readRegister(name) : undefined;
    },
    readFpu: (name) => (current ? source.target.readFpuRegister(name) : undefined),
    write: (name, value) => {
      const number = DWARF_REGISTERS.indexOf(name);
      return number >= 0
        ? (context.setRegister?.(number, value) ?? false)
        : (context.setNamedRegister?.(name, value) ?? false);
    },
    writeFpu: (name, bytes) => context.setWideRegister?.(name, bytes) ?? false,
    owner: (name) => registerOwner(source, frame, threadId, name),
  };
}

/** Whose register it is that a frame shows: its environment's in user code, the kernel's, or the machine's. */
export function registerOwner(
  { threads }: Pick<ScopeSource, 'threads'>,
  frame: CodeFrame,
  threadId: number,
  name: RegisterName,
): RegisterOwner {
  return ownerOf(name, frame.ring === 'user' ? { envId: threads.environment(threadId)?.envId } : undefined);
}

/** References into an environment carry its id, so that they mean the same whatever runs. */
export function referFor(source: ScopeSource, frame: CodeFrame, threadId: number): Refer {
  const environment = source.threads.environment(threadId);
  const ofEnvironment = environment?.space === frame.space ? environment : undefined;
  return (address) => {
    // The kernel's half is the same in every space.
    const ownHalf = source.os.imageAt(frame.space, address)?.image.kind !== 'kernel';
    return formatMemoryReference(
      ofEnvironment && ownHalf ? { kind: 'env', envId: ofEnvironment.envId, address } : { kind: 'kernel', address },
    );
  };
}

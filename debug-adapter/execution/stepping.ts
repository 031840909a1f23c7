/**
 * Step in, over and out, by line and by instruction, as plans.
 *
 * A step belongs to one flow of control: an interrupt or a fault that diverts it is run to its end, a system call is
 * entered or stepped over like a call, and a kernel path that never returns (`env_run`) ends the step where its
 * environment comes back to user code.
 * Line steps that begin where there is source end where there is source: the toolchain's library, whose files are not on
 * the user's machine, is gone through (step in) or finished (over, out), as gdb and lldb do with code without lines.
 */
import type { AddressRange, InlineFrame } from '../debug-info/index.ts';
import type { Environment } from '../kernel/guest-os.ts';
import type { LinearAddress } from '../target/target.ts';
import { advance, type Place } from './advance.ts';
import type { Plan, PlanYield } from './execution.ts';
import { classifyInstruction } from './instruction.ts';
import { positionNow, type Position } from './position.ts';
import { runUntil, type StepDebuggee } from './run-until.ts';
import type { StopReport } from './stop-report.ts';

/** Parts of a step: undefined means "arrived, go on"; a report ends the whole step. */
type Part = Generator<PlanYield, StopReport | undefined>;

const STEPPED: StopReport = { kind: 'stopped', reason: 'step' };
/** Instructions of a line step between two looks at the clock. A line may loop for ever: the user can always pause. */
const INSTRUCTIONS_PER_CHUNK = 200;
const INSTRUCTION_LENGTH_MAX = 15;

/** One instruction, or one call or system call when `over`. */
export function* stepInstructionPlan(debuggee: StepDebuggee, over: boolean): Plan {
  return (yield* stepOne(debuggee, over)).report ?? arrived(debuggee);
}

/**
 * To the next line. `over`: calls, inlined calls and system calls count as part of their line.
 * @param into the one call instruction of the line that is gone into; the step is over all others
 */
export function* stepLinePlan(debuggee: StepDebuggee, over: boolean, into?: LinearAddress): Plan {
  const { target, breakpoints } = debuggee;
  const origin = positionNow(debuggee);
  if (!origin.line) return yield* stepInstructionPlan(debuggee, over);
  const sourceOnly = debuggee.hasSource(origin.line.file);
  // Rows of the line table in which the step cannot end, as addresses that run.
  let skipped: AddressRange | undefined = runningRange(origin);
  /** The stack pointer at the call that was chosen, once it has been made. */
  let enteredFrom = 0;
  for (let count = 1; ; count++) {
    if (count % INSTRUCTIONS_PER_CHUNK === 0) yield 'chunk';
    // Inside what the call has entered, which may be a library without source, the step goes into everything.
    const esp = target.readRegister('esp');
    const enters = !over || target.readRegister('eip') === into || esp < enteredFrom;
    const step = yield* stepOne(debuggee, !enters);
    if (step.report) return step.report;
    const stopped = breakpoints.judge(target.probesHere());
    if (stopped) return stopped;
    if (into !== undefined && step.entered && esp > enteredFrom) enteredFrom = esp;
    const plain = step.entered === undefined && !step.returned;
    if (plain && skipped && isInside(target.readRegister('eip'), skipped)) continue;
    const now = positionNow(debuggee);
    skipped = undefined;
    if (step.entered === 'function') {
      const report = yield* settleInFunction(debuggee, now, sourceOnly);
      if (report) return report;
      continue;
    }
    // A gate's handler with source: the step has arrived in the kernel. Without: run on until it comes back.
    if (!now.line) continue;
    if (sourceOnly && !debuggee.hasSource(now.line.file)) {
      skipped = runningRange(now);
      continue;
    }
    if (step.returned) return STEPPED;
    if (now.functionId !== origin.functionId || now.image !== origin.image) return STEPPED;
    const sameLine = now.line.line === origin.line.line && now.line.file === origin.line.file;
    const sameLevel = now.level?.id === origin.level?.id;
    if ((!enters && insideInlinedCallOf(origin.level, now.levels)) || (sameLine && (sameLevel || !enters))) {
      skipped = runningRange(now);
      continue;
    }
    // In the middle of a line: its statement began elsewhere.
    if (now.line.line === 0 || !now.line.isStatement || now.line.address !== now.linked) continue;
    return STEPPED;
  }
}

/** Where a step out goes: the return address of the frame to leave, and its caller's stack pointer there. */
export interface Caller {
  readonly address: LinearAddress;
  readonly esp: number;
}

/**
 * Out of the innermost frame; out of an inlined call when it is one.
 * @param caller undefined where nothing but the way back to user code leads out
 */
export function* stepOutPlan(
  debuggee: StepDebuggee,
  caller: Caller | undefined,
  inlinedRanges: InlineFrame['ranges'] | undefined,
): Plan {
  const { target, os } = debuggee;
  const origin = positionNow(debuggee);
  const sourceOnly = origin.line !== undefined && debuggee.hasSource(origin.line.file);
  if (!inlinedRanges) {
    const reached = yield* runUntil(debuggee, {
      address: caller?.address,
      space: target.space,
      esp: caller?.esp ?? 0,
      match: 'at-least',
      inKernel: target.cpl < 3,
      environment: os.current(),
    });
    if (typeof reached === 'object') return reached.report;
  }
  // Out of the inlined ranges, and out of what is inlined around them from elsewhere.
  for (let count = 1; ; count++) {
    const { line, linked } = positionNow(debuggee);
    const inside = inlinedRanges?.some((range) => linked !== undefined && isInside(linked, range)) ?? false;
    if (!inside && (!sourceOnly || !line || debuggee.hasSource(line.file))) return arrived(debuggee);
    if (count % INSTRUCTIONS_PER_CHUNK === 0) yield 'chunk';
    const step = yield* stepOne(debuggee, true);
    if (step.report) return step.report;
    const stopped = debuggee.breakpoints.judge(target.probesHere());
    if (stopped) return stopped;
  }
}

/** First lets an environment run again, from where its user half stands, then does `then`. */
export function* whenScheduled(debuggee: StepDebuggee, environment: Environment, from: Place, then: () => Plan): Plan {
  const reached = yield* runUntil(debuggee, {
    address: from.eip,
    space: from.space,
    esp: from.esp,
    match: 'at-least',
    inKernel: false,
    environment,
  });
  return typeof reached === 'object' ? reached.report : yield* then();
}

/** A step's end, which may be the place of a breakpoint. */
function arrived({ target, breakpoints }: StepDebuggee): StopReport {
  return breakpoints.judge(target.probesHere()) ?? STEPPED;
}

interface StepOutcome {
  readonly report?: StopReport;
  /** What the instruction entered and the step did not come back from. */
  readonly entered?: 'function' | 'gate';
  /** The instruction left its frame or its ring: the place reached may be in the middle of a line. */
  readonly returned?: boolean;
}

const NOTHING_SPECIAL: StepOutcome = {};

/** Executes one instruction of this flow of control, whatever interrupts or faults come between. */
function* stepOne(debuggee: StepDebuggee, over: boolean): Generator<PlanYield, StepOutcome> {
  const { target, os } = debuggee;
  for (;;) {
    const eip = target.readRegister('eip');
    const esp = target.readRegister('esp');
    const space = target.space;
    const cpl = target.cpl;
    const deliveries = target.deliveryCount;
    const bytes = target.read(space, eip, INSTRUCTION_LENGTH_MAX);
    const instruction = classifyInstruction(bytes);
    const ran = yield* advance(debuggee, { instructions: 1 });
    if (ran.kind === 'stop') return { report: ran.report };

    const flow = { space, esp, match: 'exact', inKernel: cpl < 3, environment: os.current() } as const;
    const { halted } = target;
    if (halted || (target.deliveryCount !== deliveries && instruction.kind !== 'interrupt')) {
      // Interrupted, faulted, or halted until an interrupt: come back to this flow, then look again.
      const reached = yield* runUntil(debuggee, { ...flow, address: halted ? target.readRegister('eip') : eip });
      if (typeof reached === 'object') return reached;
      if (reached === 'user') return { returned: true };
      if (halted) return NOTHING_SPECIAL;
      continue;
    }
    if (instruction.kind === 'call') {
      if (!over) return { entered: 'function' };
      const espInside = target.readRegister('esp');
      const address = readReturnAddress(target.read(target.space, espInside, 4));
      const reached = yield* runUntil(debuggee, { ...flow, address, esp: espInside + 1, match: 'at-least' });
      if (typeof reached === 'object') return reached;
      return reached === 'user' ? { returned: true } : NOTHING_SPECIAL;
    }
    if (instruction.kind === 'interrupt' && target.cpl < cpl) {
      if (!over) return { entered: 'gate', returned: true };
      const reached = yield* runUntil(debuggee, { ...flow, address: eip + instruction.length });
      return typeof reached === 'object' ? reached : NOTHING_SPECIAL;
    }
    const wentOut = target.cpl > cpl || (instruction.kind === 'other' && isReturn(bytes));
    return wentOut ? { returned: true } : NOTHING_SPECIAL;
  }
}

/** RET, RETF, IRET with or without prefix. SDM Vol. 2, "RET", "IRET". */
function isReturn(bytes: Uint8Array): boolean {
  const opcode = bytes[0] === 0x66 || bytes[0] === 0xf3 ? bytes[1] : bytes[0];
  return opcode === 0xc3 || opcode === 0xc2 || opcode === 0xcb || opcode === 0xca || opcode === 0xcf;
}

function readReturnAddress(bytes: Uint8Array): LinearAddress | undefined {
  return bytes.length < 4 ? undefined : (bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0;
}

/**
 * A step into a function: past its prologue where it has source. Where its source is not here, undefined: the step goes
 * on inside, to what that calls; so it does through the compiler's shims, which have no lines. An image without any
 * lines is run to its return.
 */
function* settleInFunction(debuggee: StepDebuggee, entered: Position, sourceOnly: boolean): Part {
  const { target, os } = debuggee;
  const esp = target.readRegister('esp');
  const flow = { space: target.space, match: 'at-least', inKernel: target.cpl < 3, environment: os.current() } as const;
  if (!entered.place?.image.debug.hasDwarf) {
    const address = readReturnAddress(target.read(target.space, esp, 4));
    const reached = yield* runUntil(debuggee, { ...flow, address, esp: esp + 1 });
    if (typeof reached === 'object') return reached.report;
    return reached === 'user' ? STEPPED : undefined;
  }
  if (!entered.line || (sourceOnly && !debuggee.hasSource(entered.line.file))) return undefined;
  const scope = entered.place.image.debug.functionAt(entered.linked);
  if (!scope || scope.breakpointAddress === entered.linked) return STEPPED;
  // The prologue only moves the stack pointer down.
  const reached = yield* runUntil(debuggee, { ...flow, address: scope.breakpointAddress - entered.place.bias, esp: 0 });
  return typeof reached === 'object' ? reached.report : STEPPED;
}

const isInside = (address: number, { start, end }: AddressRange): boolean => address >= start && address < end;

function runningRange({ line, place }: Position): AddressRange | undefined {
  return line && place && { start: line.range.start - place.bias, end: line.range.end - place.bias };
}

/** Whether the innermost level now lies inside the level where the step began. */
function insideInlinedCallOf(origin: InlineFrame | undefined, now: readonly InlineFrame[]): boolean {
  if (!origin || now[0]?.id === origin.id) return false;
  return now.slice(1).some((level) => level.id === origin.id);
}

/**
 * Step in, over and out, by line and by instruction, as plans.
 *
 * A step belongs to one flow of control: an interrupt or a fault that diverts it is run to its end, a system call is
 * entered or stepped over like a call, and a kernel path that never returns (`env_run`) ends the step where its
 * environment comes back to user code.
 * Invariant: every probe a plan adds is removed when the plan ends, however it ends.
 */
import type { InlineFrame } from '../debug-info/index.ts';
import type { GuestOs } from '../kernel/guest-os.ts';
import type { LinearAddress, Space } from '../target/target.ts';
import { advance, type Debuggee } from './advance.ts';
import type { Plan, PlanYield } from './execution.ts';
import { classifyInstruction } from './instruction.ts';
import type { StopReport } from './stop-report.ts';

export interface StepDebuggee extends Debuggee {
  readonly os: GuestOs;
}

/** Parts of a step: undefined means "arrived, go on"; a report ends the whole step. */
type Part = Generator<PlanYield, StopReport | undefined>;

const STEPPED: StopReport = { kind: 'stopped', reason: 'step' };
/** A step that finds no new line in this many instructions is a loop inside one line: it keeps yielding, never gives up. */
const INSTRUCTION_LENGTH_MAX = 15;

/** One instruction, or one call or system call when `over`. */
export function* stepInstructionPlan(debuggee: StepDebuggee, over: boolean): Plan {
  return (yield* stepOne(debuggee, over)).report ?? STEPPED;
}

/** To the next line. `over`: calls, inlined calls and system calls count as part of their line. */
export function* stepLinePlan(debuggee: StepDebuggee, over: boolean): Plan {
  const { target } = debuggee;
  const origin = positionNow(debuggee);
  if (!origin.line) return yield* stepInstructionPlan(debuggee, over);
  for (;;) {
    const step = yield* stepOne(debuggee, over);
    if (step.report) return step.report;
    const stopped = debuggee.breakpoints.judge(target.probesHere());
    if (stopped) return stopped;
    const now = positionNow(debuggee);
    if (step.entered === 'function' && !over) {
      const report = yield* settleInFunction(debuggee, now);
      if (report) return report;
      continue;
    }
    // A gate's handler with source: the step has arrived in the kernel. Without: run on until it comes back.
    if (now.linked === undefined) continue;
    if (step.returned && now.line) return STEPPED;
    if (!now.line) continue;
    if (now.functionId === origin.functionId && now.image === origin.image) {
      if (over && insideInlinedCallOf(origin.level, now.levels)) continue;
      const sameLine = now.line.line === origin.line.line && now.line.file === origin.line.file;
      const sameLevel = now.levels[0]?.id === origin.level?.id;
      if (sameLine && sameLevel) continue;
      if (sameLine && !sameLevel && over) continue;
      // In the middle of a line: its statement began elsewhere.
      if (now.line.line === 0 || !now.line.isStatement || now.line.address !== now.linked) continue;
      return STEPPED;
    }
    return STEPPED;
  }
}

/** Out of the innermost frame; out of an inlined call when it is one. */
export function* stepOutPlan(
  debuggee: StepDebuggee,
  caller: { readonly address: LinearAddress; readonly cfaMin: number } | undefined,
  inlinedRanges: InlineFrame['ranges'] | undefined,
): Plan {
  if (inlinedRanges) {
    for (;;) {
      const step = yield* stepOne(debuggee, true);
      if (step.report) return step.report;
      const { linked } = positionNow(debuggee);
      if (linked === undefined || !inlinedRanges.some((r) => linked >= r.start && linked < r.end)) return STEPPED;
    }
  }
  const report = yield* runUntil(debuggee, caller?.address, debuggee.target.space, caller?.cfaMin ?? 0);
  return report ?? STEPPED;
}

/** To an address of a space: the plan behind "run to cursor" and steps of an environment that does not run now. */
export function* runToPlan(debuggee: StepDebuggee, address: LinearAddress, space: Space): Plan {
  const report = yield* runUntil(debuggee, address, space, 0);
  return report ?? STEPPED;
}

/** First lets the environment run again, then does `then`. */
export function* whenScheduled(debuggee: StepDebuggee, address: LinearAddress, space: Space, then: () => Plan): Plan {
  const report = yield* runUntil(debuggee, address, space, 0);
  return report ?? (yield* then());
}

interface StepOutcome {
  readonly report?: StopReport;
  /** What the instruction entered and the step did not come back from. */
  readonly entered?: 'function' | 'gate';
  /** The instruction left its frame or its ring: the place reached may be in the middle of a line. */
  readonly returned?: boolean;
}

/** Executes one instruction of this flow of control, whatever interrupts or faults come between. */
function* stepOne(debuggee: StepDebuggee, over: boolean): Generator<PlanYield, StepOutcome> {
  const { target } = debuggee;
  for (;;) {
    const eip = target.readRegister('eip');
    const esp = target.readRegister('esp');
    const space = target.space;
    const cpl = target.cpl;
    const deliveries = target.deliveryCount;
    const instruction = classifyInstruction(target.read(space, eip, INSTRUCTION_LENGTH_MAX));
    const ran = yield* advance(debuggee, [], 1);
    if (ran.kind === 'stop') return { report: ran.report };

    if (target.halted || (target.deliveryCount !== deliveries && !isSoftwareInterrupt(instruction.kind))) {
      // Interrupted, faulted, or halted until an interrupt: come back to this flow, then look again.
      const back = target.halted ? target.readRegister('eip') : instruction.kind === 'halt' ? eip + 1 : eip;
      const report = yield* runUntil(debuggee, back, space, esp, 'exact');
      if (report) return { report };
      if (instruction.kind === 'halt' && target.readRegister('eip') !== eip) return {};
      continue;
    }
    if (instruction.kind === 'call') {
      if (!over) return { entered: 'function' };
      const espInside = target.readRegister('esp');
      const returnAddress = readReturnAddress(target.read(target.space, espInside, 4));
      const crossed = { ring: false };
      const report = yield* runUntil(debuggee, returnAddress, space, espInside + 1, 'at-least', crossed);
      return report ? { report } : crossed.ring ? { returned: true } : {};
    }
    if (instruction.kind === 'interrupt' && target.cpl < cpl) {
      if (!over) return { entered: 'gate', returned: true };
      const report = yield* runUntil(debuggee, eip + instruction.length, space, esp, 'exact');
      return report ? { report } : {};
    }
    const wentOut = target.cpl > cpl || (instruction.kind === 'other' && isReturn(target.read(space, eip, 2)));
    return wentOut ? { returned: true } : {};
  }
}

function isSoftwareInterrupt(kind: string): boolean {
  return kind === 'interrupt';
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
 * Runs until `address` of `space` is next with the stack pointer at or above `esp` (recursion is passed by), or, from
 * the kernel, until its environment is back in user code.
 */
function* runUntil(
  debuggee: StepDebuggee,
  address: LinearAddress | undefined,
  space: Space,
  esp: number,
  match: 'exact' | 'at-least' = 'at-least',
  crossed = { ring: false },
): Part {
  const { target, os } = debuggee;
  const environment = os.current();
  const watchRing = target.cpl < 3 && match === 'at-least';
  const probe = address === undefined ? undefined : target.addProbe(address >>> 0, space);
  target.stopOnRingChange = watchRing;
  try {
    for (;;) {
      const result = yield* advance(debuggee, probe === undefined ? [] : [probe]);
      if (result.kind === 'stop') return result.report;
      if (result.kind === 'ring') {
        if (target.cpl !== 3) continue;
        if (environment && os.current()?.envId !== environment.envId) continue;
        crossed.ring = true;
        return undefined;
      }
      const now = target.readRegister('esp');
      if (match === 'exact' ? now === esp : now >= esp) return undefined;
    }
  } finally {
    target.stopOnRingChange = false;
    if (probe !== undefined) target.removeProbe(probe);
  }
}

/** A step into a function: past its prologue where it has lines, straight out again where it has none. */
function* settleInFunction(debuggee: StepDebuggee, entered: Position): Part {
  const { target, os } = debuggee;
  const esp = target.readRegister('esp');
  if (!entered.line || entered.linked === undefined) {
    const returnAddress = readReturnAddress(target.read(target.space, esp, 4));
    return yield* runUntil(debuggee, returnAddress, target.space, esp + 1);
  }
  const place = os.imageAt(target.space, target.readRegister('eip'));
  const scope = place?.image.debug.functionAt(entered.linked);
  if (!place || !scope || scope.breakpointAddress === entered.linked) return STEPPED;
  // The prologue only moves the stack pointer down.
  const report = yield* runUntil(debuggee, scope.breakpointAddress - place.bias, target.space, 0);
  return report ?? STEPPED;
}

interface Position {
  readonly image: string | undefined;
  readonly linked: LinearAddress | undefined;
  readonly line: ReturnType<import('../debug-info/index.ts').DebugInfo['lineOf']>;
  readonly functionId: number | undefined;
  readonly levels: readonly InlineFrame[];
  readonly level: InlineFrame | undefined;
}

function positionNow({ target, os }: StepDebuggee): Position {
  const eip = target.readRegister('eip');
  const place = os.imageAt(target.space, eip);
  if (!place) {
    return {
      image: undefined,
      linked: undefined,
      line: undefined,
      functionId: undefined,
      levels: [],
      level: undefined,
    };
  }
  const linked = (eip + place.bias) >>> 0;
  const levels = place.image.debug.inlineFramesAt(linked);
  return {
    image: place.image.name,
    linked,
    line: place.image.debug.lineOf(linked),
    functionId: levels.at(-1)?.function.id,
    levels,
    level: levels[0],
  };
}

/** Whether the innermost level now lies inside the level where the step began. */
function insideInlinedCallOf(origin: InlineFrame | undefined, now: readonly InlineFrame[]): boolean {
  if (!origin || now[0]?.id === origin.id) return false;
  return now.slice(1).some((level) => level.id === origin.id);
}

/**
 * What a session knows between requests: the client, the launched machine, and what the last stop showed.
 *
 * Invariant: frames and variable references live from one stop to the next run; using one later is answered as such.
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { BreakpointTable } from '../breakpoints/breakpoint-table.ts';
import { DataBreakpoints } from '../breakpoints/data-breakpoints.ts';
import { KERNEL_THREAD, Threads } from '../call-stack/threads.ts';
import { EventBreakpoints } from '../events/event-breakpoints.ts';
import { continuePlan } from '../execution/advance.ts';
import type { LiveDebuggee } from '../execution/debuggee.ts';
import { Execution, type Plan } from '../execution/execution.ts';
import type { LeftMachine } from '../execution/machine-park.ts';
import type { StopReport, StoppedReport } from '../execution/stop-report.ts';
import { detectGuestOs } from '../kernel/detect.ts';
import type { Launch } from '../launch/launcher.ts';
import { failure, success, type Result } from '../result.ts';
import type { Target } from '../target/target.ts';
import { conditionCompiler } from '../scopes/condition-compiler.ts';
import { VariableStore } from '../scopes/variable-store.ts';
import { styled, type Style } from './ansi.ts';
import { BreakpointRequests } from './breakpoint-binding.ts';
import { ClientPositions } from './client-positions.ts';
import { DataBreakpointRequests } from './data-breakpoint-binding.ts';
import { ModuleEvents, modulesOf } from './modules.ts';
import { PendingRequests } from './pending-requests.ts';
import { SerialConsole } from './serial-console.ts';
import type { SessionHost } from './session.ts';
import { ThreadEvents } from './thread-events.ts';

export type EmitEvent = (event: string, body?: unknown) => void;

/** A launched machine and all that hangs on it. */
export interface Debugged extends LiveDebuggee {
  readonly threads: Threads;
  readonly variables: VariableStore;
}

export class SessionState {
  readonly host: SessionHost;
  readonly emit: EmitEvent;
  readonly pending = new PendingRequests();
  readonly requested = new BreakpointRequests();
  readonly requestedData = new DataBreakpointRequests(() => this.requested.newId());
  client: Dap.InitializeRequestArguments = { adapterID: 'ringside' };
  positions = new ClientPositions({});
  debugged: Debugged | undefined;
  lastStop: StopReport | undefined;
  /** configurationDone has come: a launched machine may run. */
  private configured = false;
  /** The machine of this launch or restart has begun to run, or stands at its entry. */
  private begun = false;
  /** Where it stands when it is configured; undefined where it runs. */
  private firstStop: StoppedReport | undefined;
  /** It was not launched by this session. */
  private attached = false;
  /** `terminated` has been sent, or the client has disconnected: nothing runs any more. */
  private over = false;
  private serial: SerialConsole | undefined;
  private readonly problemsSaid = new Set<string>();
  private readonly threadEvents: ThreadEvents;
  private readonly moduleEvents: ModuleEvents;

  constructor(host: SessionHost, emit: EmitEvent) {
    this.host = host;
    this.emit = emit;
    this.threadEvents = new ThreadEvents(emit, () => host.scheduler.now());
    this.moduleEvents = new ModuleEvents(emit);
  }

  /** Makes the machine of a launch, at its first instruction; again for a restart. */
  power(launch: Launch): Result<Debugged> {
    if (this.over) return sessionOver();
    const target = this.host.createTarget(launch.recipe);
    if (!target.ok) return target;
    const { stopOnEntry, noDebug } = launch.arguments;
    this.firstStop = stopOnEntry && !noDebug ? { kind: 'stopped', reason: 'entry' } : undefined;
    return success(this.connect(launch, target.value));
  }

  /** Takes over a machine that another session has left behind. */
  attach({ launch, target, stop }: LeftMachine): Result<Debugged> {
    if (this.over) return sessionOver();
    this.attached = true;
    this.firstStop = stop;
    return success(this.connect(launch, target));
  }

  /** Puts a debugger around a machine, with all breakpoints that were asked for. */
  private connect(launch: Launch, target: Target): Debugged {
    const stood = this.debugged !== undefined && this.begun && !this.debugged.execution.running;
    this.debugged?.execution.drop();
    this.threadEvents.update(undefined);
    const os = detectGuestOs(launch.images, target);
    const serial = new SerialConsole(
      target,
      launch.arguments.console ?? 'debugConsole',
      this.client.supportsANSIStyling ?? false,
      this.emit,
    );
    this.serial = serial;
    const compiler = conditionCompiler(target, os);
    const breakpoints = new BreakpointTable({
      target,
      os,
      compiler,
      onLog: (text) => this.output('console', `${text}\n`),
      onProblem: (text) => this.sayProblem(text),
    });
    const threads = new Threads(target, os);
    const execution = new Execution(
      target,
      this.host.scheduler,
      (report) => this.stopped(report),
      () => {
        serial.flush();
        this.threadEvents.whileRunning(threads);
      },
    );
    this.debugged = {
      launch,
      target,
      os,
      breakpoints,
      data: new DataBreakpoints({
        target,
        os,
        hasSource: (file) => launch.sources.toClient(file) !== undefined,
        onProblem: (text) => this.sayProblem(text),
      }),
      events: new EventBreakpoints({
        target,
        os,
        images: launch.images,
        breakpoints,
        onProblem: (text) => this.sayProblem(text),
      }),
      execution,
      budgetEnd: launch.arguments.budget,
      hasSource: (file) => launch.sources.toClient(file) !== undefined,
      threads,
      variables: new VariableStore(),
    };
    this.begun = false;
    this.lastStop = undefined;
    this.requestedData.bind(this.debugged);
    for (const breakpoint of this.requested.bindAll(this.debugged)) {
      this.emit('breakpoint', { reason: 'changed', breakpoint: this.positions.show(breakpoint) });
    }
    // The response to a restart does not say that what stood runs again.
    if (stood) this.emit('continued', { threadId: KERNEL_THREAD, allThreadsContinued: true });
    return this.debugged;
  }

  /** configurationDone. */
  configure(): void {
    this.configured = true;
    this.begin();
  }

  /** Lets a launched machine run, or stop at its entry, once it is there and configured. */
  begin(): void {
    const { debugged } = this;
    if (!debugged || !this.configured || this.begun || this.over) return;
    this.begun = true;
    if (this.firstStop) this.stopped(this.firstStop);
    else this.run(debugged);
  }

  /** The launched machine, stopped or running. */
  launched(): Result<Debugged> {
    return this.debugged
      ? success(this.debugged)
      : failure('not-launched', { cause: 'Nothing has been launched.', remedy: 'Send a launch request first.' });
  }

  /** The launched machine, if it stands still. */
  stoppedDebuggee(): Result<Debugged> {
    const debugged = this.launched();
    if (!debugged.ok || !debugged.value.execution.running) return debugged;
    return failure('running', { cause: 'The machine is running.', remedy: 'Pause it first.' });
  }

  /** The machine, stopped and able to go on. */
  runnable(): Result<Debugged> {
    if (this.over) return sessionOver();
    const debugged = this.stoppedDebuggee();
    if (!debugged.ok) return debugged;
    if (!this.begun) {
      return failure('not-configured', {
        cause: 'The machine waits for the end of the configuration.',
        remedy: 'Send a configurationDone request first.',
      });
    }
    if (this.lastStop?.kind === 'stopped' && this.lastStop.final) {
      return failure('machine-ended', {
        cause: `The machine cannot go on: ${this.lastStop.description ?? 'it has ended'}.`,
        remedy: 'Inspect it as it is, or restart.',
      });
    }
    return debugged;
  }

  /**
   * Begins a run: all that the last stop showed is gone. Does nothing where the machine has gone in the meantime.
   * @param alone the thread that alone may run
   */
  run(debugged: Debugged, plan: Plan = continuePlan(debugged), alone?: number): void {
    if (this.over || this.debugged !== debugged) return;
    debugged.events.keepTo(alone === KERNEL_THREAD ? 'kernel' : alone);
    debugged.threads.invalidate();
    debugged.variables.invalidate();
    this.lastStop = undefined;
    this.problemsSaid.clear();
    debugged.execution.start(plan);
  }

  /**
   * The user has changed a register, a variable or memory. Clients that can are told to look again; where the program
   * counter or the stack moved, the frames themselves are others.
   */
  changed(): void {
    const debugged = this.debugged;
    debugged?.threads.changed();
    if (!debugged || !this.client.supportsInvalidatedEvent) return;
    const moved = debugged.threads.moved();
    if (moved) debugged.threads.invalidate();
    this.emit('invalidated', { areas: [moved ? 'stacks' : 'variables'] });
  }

  typeSerial(text: string): void {
    this.serial?.type(text);
    this.debugged?.execution.inputArrived();
  }

  output(category: 'console' | 'important' | 'stderr', output: string, style?: Style): void {
    const look = style ?? (category === 'important' ? 'warning' : undefined);
    const shown = look && this.client.supportsANSIStyling ? styled(output, look) : output;
    this.emit('output', { category, output: shown });
  }

  /** A condition that fails may fail at thousands of hits: it is said once in a run. */
  private sayProblem(text: string): void {
    if (this.problemsSaid.has(text)) return;
    this.problemsSaid.add(text);
    this.output('important', `${text}\n`);
  }

  /**
   * The client disconnects. What it launched ends with it and what it attached to lives on, unless it says otherwise.
   * @returns the machine that is left behind, to be found by its number
   */
  disconnect({ terminateDebuggee, suspendDebuggee }: Dap.DisconnectArguments): LeftMachine | undefined {
    const { debugged } = this;
    const lives = debugged !== undefined && this.begun && !this.over && !(terminateDebuggee ?? !this.attached);
    if (!lives) {
      this.end();
      return undefined;
    }
    const { launch, target, execution, breakpoints, data, events } = debugged;
    const ended = this.lastStop?.kind === 'stopped' && this.lastStop.final ? this.lastStop : undefined;
    const stop = ended ?? (suspendDebuggee ? LEFT_STANDING : undefined);
    execution.drop();
    events.set([]);
    events.keepTo(undefined);
    breakpoints.clearAll();
    data.clear();
    this.serial?.flush();
    this.end();
    return { launch, target, stop };
  }

  /** The client is gone. */
  end(): void {
    this.over = true;
    this.debugged?.execution.drop();
    this.debugged = undefined;
  }

  /** Ends the machine and tells the client, once. */
  terminate(exitCode?: number): void {
    this.debugged?.execution.drop();
    this.serial?.flush();
    if (this.over) return;
    this.over = true;
    if (exitCode !== undefined) this.emit('exited', { exitCode });
    this.emit('terminated', {});
  }

  private stopped(report: StopReport): void {
    const debugged = this.debugged;
    if (!debugged) return;
    if (report.kind === 'exited') {
      const verdict = `The guest ended with verdict ${report.exitCode}${VERDICTS[report.exitCode] ?? ''}.\n`;
      this.output('console', verdict, report.exitCode === 0 ? 'success' : 'failure');
      this.terminate(report.exitCode);
      return;
    }
    this.lastStop = report;
    // A plan may have looked at frames on its way.
    debugged.threads.invalidate();
    this.threadEvents.update(debugged.threads);
    this.moduleEvents.update(modulesOf(debugged.launch.images, debugged.os));
    if (debugged.budgetEnd !== undefined && debugged.target.instructionCount >= debugged.budgetEnd) {
      debugged.budgetEnd = undefined;
    }
    const body: Dap.StoppedEvent['body'] = {
      reason: report.reason,
      threadId: debugged.threads.currentId(),
      allThreadsStopped: true,
      ...(report.description === undefined ? {} : { description: report.description }),
      ...(report.text === undefined ? {} : { text: report.text }),
      ...(report.hitBreakpointIds?.length ? { hitBreakpointIds: [...report.hitBreakpointIds] } : {}),
    };
    this.emit('stopped', body);
  }
}

const LEFT_STANDING: StoppedReport = { kind: 'stopped', reason: 'pause', description: 'Held since the last session' };

const sessionOver = (): Result<never> =>
  failure('session-over', { cause: 'This session is over.', remedy: 'Start another one.' });

/** What the kernel writes to the debug-exit port, see guest/README.md. */
const VERDICTS: Readonly<Record<number, string>> = {
  0: ' (the program ended by itself)',
  1: ' (the program was destroyed)',
  2: ' (kernel panic)',
};

/**
 * Runs a machine to its end beside a terminal: short slices, between them the guest's output goes out and what was typed
 * goes in. Only here does a wall clock matter: a guest that waits is not run faster than time while a person watches.
 */
import { INSTRUCTIONS_PER_SECOND } from '../emulator/devices/clock.ts';
import type { Machine } from '../emulator/machine/machine.ts';
import type { MachineStop } from '../emulator/machine/machine-stop.ts';
import { expectLongRun } from './engine-memory.ts';
import type { Terminal } from './terminal.ts';

/** About 10 ms. */
const SLICE_MS = 10;
const SLICE_INSTRUCTIONS_MIN = 100_000;
/** Past so many instructions a run is no short one. */
const SHORT_RUN_INSTRUCTIONS = 30_000_000;

export interface RunOptions {
  /** Instruction count at which the run is given up. */
  readonly budget: number;
  /** Text to print at a probe's stop; the run goes on after it. */
  readonly onProbe?: (probes: readonly number[]) => string;
  /** The privilege level has changed, and the machine was asked to tell. */
  readonly onRing?: () => void;
}

export type RunEnd = { readonly kind: 'stopped'; readonly stop: MachineStop } | { readonly kind: 'quit' };

// Node's `performance` is eight modules that nothing else needs.
const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

export async function runBeside(machine: Machine, terminal: Terminal, options: RunOptions): Promise<RunEnd> {
  let sliceInstructions = 1_000_000;
  let cut = false;
  let shown = 0;
  const flush = async (): Promise<void> => {
    const bytes = machine.serial.output.bytes(shown);
    shown += bytes.length;
    await terminal.write(bytes);
  };
  for (;;) {
    if (terminal.quit) return { kind: 'quit' };
    const typed = terminal.take();
    if (typed.length > 0) machine.serial.write(typed);

    const idleBefore = machine.idleInstructions;
    const countBefore = machine.instructionCount;
    const started = nowMs();
    const stop = machine.run(Math.min(countBefore + sliceInstructions, options.budget), !cut);
    cut = stop.reason === 'limit';
    const elapsedMs = nowMs() - started;
    await flush();
    if (countBefore < SHORT_RUN_INSTRUCTIONS && machine.instructionCount >= SHORT_RUN_INSTRUCTIONS) expectLongRun();

    switch (stop.reason) {
      case 'limit': {
        if (machine.instructionCount >= options.budget) return { kind: 'stopped', stop };
        const executed = machine.instructionCount - countBefore - (machine.idleInstructions - idleBefore);
        if (executed > SLICE_INSTRUCTIONS_MIN && elapsedMs > 0) {
          const fitting = (executed / elapsedMs) * SLICE_MS;
          sliceInstructions = Math.max(SLICE_INSTRUCTIONS_MIN, Math.round(fitting));
        }
        const guestMs = ((machine.instructionCount - countBefore) / INSTRUCTIONS_PER_SECOND) * 1000;
        const mostlyIdle = machine.idleInstructions - idleBefore > sliceInstructions / 2;
        if (mostlyIdle && !terminal.ended) await terminal.wait(guestMs - elapsedMs);
        else await new Promise(setImmediate);
        break;
      }
      case 'probe':
        if (options.onProbe) await terminal.write(Buffer.from(options.onProbe(stop.probes)));
        break;
      case 'idle':
        if (terminal.ended) return { kind: 'stopped', stop };
        await terminal.wait();
        break;
      case 'ring':
        options.onRing?.();
        break;
      case 'exception':
        break;
      default:
        return { kind: 'stopped', stop };
    }
  }
}

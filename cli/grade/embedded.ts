/** Runs a guest on the embedded PC within a budget of instructions: the same verdict on every machine. */
import { Machine } from '../../emulator/machine/machine.ts';
import { success, type Result } from '../../emulator/result.ts';
import { conclude } from '../report.ts';
import { Dialogue } from './dialogue.ts';
import type { GuestRun, Outcome } from './outcome.ts';

const SLICE_INSTRUCTIONS = 100_000;

export function runEmbedded(run: GuestRun, budget: number): Result<Outcome> {
  const started = performance.now();
  const created = Machine.create({ ...run, kernelName: 'kernel.elf' });
  if (!created.ok) return created;
  const machine = created.value;
  const dialogue = new Dialogue(run.script);
  let stop = machine.run(0);
  // Fixed slices: what is typed arrives at the same instruction on every machine.
  do {
    stop = machine.run(Math.min(machine.instructionCount + SLICE_INSTRUCTIONS, budget));
    const typed = dialogue.hear(machine.serial.output.text());
    if (typed !== '') machine.serial.write(Buffer.from(typed));
    else if (stop.reason === 'idle') break;
  } while (
    !dialogue.finished &&
    (stop.reason === 'limit' || stop.reason === 'idle') &&
    machine.instructionCount < budget
  );
  return success({
    transcript: machine.serial.output.text(),
    seconds: (performance.now() - started) / 1000,
    ended: dialogue.finished || stop.reason === 'exit',
    end: conclude(stop, machine.instructionCount).message ?? stop.reason,
    verdict: stop.reason === 'exit' ? stop.code : undefined,
    instructions: machine.instructionCount,
  });
}

/** Runs a guest on the embedded PC within a budget of instructions: the same verdict on every machine. */
import { Machine } from '../../emulator/machine/machine.ts';
import { success, type Result } from '../../emulator/result.ts';
import { conclude } from '../report.ts';
import type { GuestRun, Outcome } from './outcome.ts';

export function runEmbedded(run: GuestRun, budget: number): Result<Outcome> {
  const started = performance.now();
  const created = Machine.create({ ...run, kernelName: 'kernel.elf' });
  if (!created.ok) return created;
  const machine = created.value;
  if (run.input !== '') machine.serial.write(Buffer.from(run.input));
  const stop = machine.run(budget);
  return success({
    transcript: machine.serial.output.text(),
    seconds: (performance.now() - started) / 1000,
    end: stop.reason === 'exit' ? 'exit' : (conclude(stop, machine.instructionCount).message ?? stop.reason),
    verdict: stop.reason === 'exit' ? stop.code : undefined,
    instructions: machine.instructionCount,
  });
}

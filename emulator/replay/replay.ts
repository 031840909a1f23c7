/**
 * Runs a machine along a journal: each entry takes effect at its instruction count, as it did the first time.
 * The machine stands where the journal began (fresh, or restored from a snapshot taken at or before `from`).
 */
import { assert } from '../assert.ts';
import type { Machine } from '../machine/machine.ts';
import type { MachineStop } from '../machine/machine-stop.ts';
import type { JournalEntry } from './journal.ts';

/**
 * Runs up to instruction `until`, applying the entries from the machine's own count on.
 * @param first how many entries the machine has seen already
 * @returns the stop at `until`, or an earlier one; probes and exception stops on the way are not looked at
 */
export function replay(machine: Machine, entries: readonly JournalEntry[], until: number, first = 0): MachineStop {
  let stop: MachineStop = { reason: 'limit' };
  for (const entry of entries.slice(first)) {
    if (entry.at > until) break;
    stop = runTo(machine, entry.at);
    assert(
      machine.instructionCount === entry.at,
      `replay reached ${machine.instructionCount} (${stop.reason}), but the journal has an entry at ${entry.at}`,
    );
    machine.apply(entry);
  }
  return machine.instructionCount < until ? runTo(machine, until) : stop;
}

function runTo(machine: Machine, until: number): MachineStop {
  for (;;) {
    const stop = machine.run(until);
    if (stop.reason !== 'probe' && stop.reason !== 'exception') return stop;
  }
}

/**
 * `--break WHERE --show …`: places at which a run prints what it sees and goes on.
 * This file is the seam to the debugger's core: from a machine and a list of places to a printer of stops.
 */
import type { Machine, MachineOptions } from '../emulator/machine/machine.ts';
import { failure, success, type Result } from '../emulator/result.ts';
import type { Showable } from './options.ts';
import { hex, note, thousands } from './report.ts';

export interface BreakRequest {
  /** Function names, `file:line`, or linear addresses as `0x…`. */
  readonly where: readonly string[];
  readonly show: readonly Showable[];
}

/** Text about the stop the machine stands at, for the probes that matched. */
export type PrintStop = (probes: readonly number[]) => string;

/** Sets the places. @param recipe the files the machine was made from, for their debug information */
export function setBreaks(machine: Machine, recipe: MachineOptions, request: BreakRequest): Result<PrintStop> {
  const places = new Map<number, string>();
  for (const where of request.where) {
    if (!/^0x[0-9a-f]{1,8}$/i.test(where)) {
      return failure('unknown-place', {
        cause: `"${where}" is not an address in ${recipe.kernelName ?? 'the kernel'}.`,
        remedy: 'Give a linear address such as 0xf0100000.',
      });
    }
    places.set(machine.cpu.probes.addCode({ linear: Number(where) }), where);
  }
  return success((probes) => {
    const names = probes.map((id) => places.get(id) ?? `probe ${id}`).join(', ');
    const lines = [`stop at ${names} after ${thousands(machine.instructionCount)} instructions`];
    if (request.show.includes('registers')) lines.push(registerLines(machine));
    return note(lines.join('\n'));
  });
}

function registerLines(machine: Machine): string {
  const { registers } = machine.cpu;
  const show = (names: readonly (keyof typeof registers)[]): string =>
    names.map((name) => `${name} ${hex(Number(registers[name]), 8)}`).join('  ');
  return [show(['eax', 'ebx', 'ecx', 'edx']), show(['esi', 'edi', 'ebp', 'esp']), show(['eip', 'eflags', 'cr3'])]
    .map((line) => `  ${line}`)
    .join('\n');
}

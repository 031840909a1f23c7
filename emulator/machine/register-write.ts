/**
 * A debugger's write to a register, as the journal keeps it: a name and a number. A segment's name writes its selector
 * alone (`cs`), one part of its hidden state the part (`cs.base`).
 */
import { assert } from '../assert.ts';
import type { Cpu } from '../cpu/cpu.ts';
import { numberRegisters, segmentNames, type SegmentState } from '../cpu/register-file.ts';

/** Whether `setRegister` knows the name. */
export function isRegister(name: string): boolean {
  const [segment, part] = name.split('.');
  if (part === undefined && numberRegisters.some((known) => known === name)) return true;
  return segmentNames.some((known) => known === segment) && (part === undefined || SEGMENT_PARTS.includes(part));
}

const SEGMENT_PARTS: readonly string[] = ['selector', 'base', 'limit', 'attributes'] satisfies (keyof SegmentState)[];

export function writeRegister(cpu: Cpu, name: string, value: number): void {
  assert(isRegister(name), `no register is called "${name}"`);
  const { registers } = cpu;
  const [head, part = 'selector'] = name.split('.');
  const number = numberRegisters.find((known) => known === name);
  const segment = segmentNames.find((known) => known === head);
  if (number) registers[number] = value;
  else if (segment) registers.segments[segment] = { ...registers.segments[segment], [part]: value };
}

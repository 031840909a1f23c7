/**
 * Delivery of an event with everything that may go wrong on the way: serial faults, double fault, triple fault.
 * Intel SDM Vol. 3A, "Interrupt 8—Double Fault Exception (#DF)", Table "Conditions for Generating a Double Fault".
 */
import type { Core } from './core.ts';
import type { FaultRecord } from './cpu-stop.ts';
import { CpuException, DB, DE, DF, GP, NP, PF, SS_FAULT, TS, withExt } from './exception.ts';
import { readEflags } from './flags.ts';
import { interrupt } from './interrupts.ts';
import { quickInterrupt } from './quick-transfers.ts';
import { CR2, CS, DR, EIP, Eflags, SELECTOR } from './registers.ts';

const CONTRIBUTORY: readonly number[] = [DE, TS, NP, SS_FAULT, GP];

/** What is delivered first: a fault, with EIP at its instruction, a trap behind it, or an interrupt from outside. */
export type Origin = 'fault' | 'trap' | 'interrupt';

/**
 * A fault has RF set in the EFLAGS that are pushed. An interrupt is benign, whatever its vector.
 * @returns undefined when a handler was entered; the chain of faults of a shutdown; or an exception that arose on the
 *   way and that a debugger asked to stop at
 */
export function deliver(
  core: Core,
  first: CpuException,
  origin: Origin,
): undefined | CpuException | readonly FaultRecord[] {
  const m = core.i32;
  const chain: FaultRecord[] = [];
  let event = first;
  let kind = origin;
  for (;;) {
    chain.push(recordOf(core, event));
    core.exceptionsMet++;
    if (event.vector === PF && event.cr2 !== undefined) m[CR2] = event.cr2;
    if (event.vector === DB) m[DR + 6] |= event.debugStatus;
    try {
      const resume = kind === 'fault' && event.vector !== DF ? Eflags.RF : 0;
      interrupt(core, event.vector, event.errorCode, 'event', m[EIP], readEflags(core) | resume);
      return undefined;
    } catch (nested) {
      if (!(nested instanceof CpuException)) throw nested;
      const second = withExt(nested);
      const isException = kind !== 'interrupt';
      if (isException && event.vector === DF) {
        chain.push(recordOf(core, second));
        return chain;
      }
      if (isException && escalates(event.vector, second.vector)) {
        chain.push(recordOf(core, second));
        event = new CpuException(DF, 0);
      } else {
        event = second;
      }
      kind = 'fault';
      if (core.stopsAt(event.vector)) {
        core.faultsBefore = chain;
        return event;
      }
    }
  }
}

/** Delivers the page fault that a walk has found, if that is simple. @returns false where nothing has been delivered */
export function quickPageFault(core: Core): boolean {
  const m = core.i32;
  if (!core.protectedMode) return false;
  m[CR2] = core.pageFaultAddress;
  core.cancelTraps();
  const eflags = readEflags(core) | Eflags.RF;
  if (!quickInterrupt(core, PF, core.pageFaultCode, false, m[EIP], eflags)) return false;
  core.block = undefined;
  return true;
}

function escalates(first: number, second: number): boolean {
  if (first === PF) return second === PF || CONTRIBUTORY.includes(second);
  return CONTRIBUTORY.includes(first) && CONTRIBUTORY.includes(second);
}

function recordOf(core: Core, event: CpuException): FaultRecord {
  return {
    vector: event.vector,
    errorCode: event.errorCode,
    eip: core.i32[EIP] >>> 0,
    cs: core.i32[SELECTOR + CS] & 0xffff,
    cr2: event.cr2,
  };
}

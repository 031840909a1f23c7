/**
 * Delivery of an event with everything that may go wrong on the way: serial faults, double fault, triple fault.
 * Intel SDM Vol. 3A, "Interrupt 8—Double Fault Exception (#DF)", Table "Conditions for Generating a Double Fault".
 */
import type { Core } from './core.ts';
import type { FaultRecord } from './cpu-stop.ts';
import { CpuException, DB, DE, DF, GP, NP, PF, SS_FAULT, TS } from './exception.ts';
import { readEflags } from './flags.ts';
import { interrupt } from './interrupts.ts';
import { quickInterrupt } from './quick-transfers.ts';
import { CR2, CS, DR, EIP, Eflags, SELECTOR } from './registers.ts';

const CONTRIBUTORY: readonly number[] = [DE, TS, NP, SS_FAULT, GP];
/** Vectors whose error code has bit EXT. */
const WITH_EXT: readonly number[] = [TS, NP, SS_FAULT, GP];

/**
 * @param isFault whether EIP is the faulting instruction's: then RF is set in the EFLAGS that are pushed
 * @returns undefined when a handler was entered; the chain of faults of a shutdown; or an exception that arose on the
 *   way and that a debugger asked to stop at
 */
export function deliver(
  core: Core,
  first: CpuException,
  isFault: boolean,
): undefined | CpuException | readonly FaultRecord[] {
  const m = core.i32;
  const chain: FaultRecord[] = [];
  let event = first;
  let fault = isFault;
  for (;;) {
    chain.push(recordOf(core, event));
    core.exceptionsMet++;
    if (event.vector === PF && event.cr2 !== undefined) m[CR2] = event.cr2;
    if (event.vector === DB) m[DR + 6] |= event.debugStatus;
    try {
      const resume = fault && event.vector !== DF ? Eflags.RF : 0;
      interrupt(core, event.vector, event.errorCode, 'event', m[EIP], readEflags(core) | resume);
      return undefined;
    } catch (nested) {
      if (!(nested instanceof CpuException)) throw nested;
      const second = withExt(nested);
      if (event.vector === DF) {
        chain.push(recordOf(core, second));
        return chain;
      }
      if (escalates(event.vector, second.vector)) {
        chain.push(recordOf(core, second));
        event = new CpuException(DF, 0);
      } else {
        event = second;
      }
      fault = true;
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

/** SDM Vol. 3A, "Error Code": EXT is set when the exception arose while an event from outside the program was served. */
function withExt(fault: CpuException): CpuException {
  if (fault.errorCode === undefined || !WITH_EXT.includes(fault.vector)) return fault;
  return new CpuException(fault.vector, fault.errorCode | 1, fault.cr2);
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

/** Power-up state. Intel SDM Vol. 3A, "Processor State After Reset". */
import type { Core } from './core.ts';
import { resetFpu } from './fpu-state.ts';
import { APIC_BASE_RESET } from './msr.ts';
import { flushTlb } from './paging.ts';
import type { Registers } from './register-file.ts';
import { CS, EDX, ES, GS, IDTR_LIMIT, LDTR, SLOTS_END, TR } from './registers.ts';
import { setHidden } from './segments.ts';

/** EDX: family, model and stepping. */
const RESET_SIGNATURE = 0x619;

/** Everything but memory and the count of instructions. */
export function resetCore(core: Core, registers: Registers): void {
  const m = core.i32;
  flushTlb(core, false);
  m.fill(0, 0, SLOTS_END);
  resetFpu(core);
  core.attention = 0;
  core.events.length = 0;
  core.cancelTraps();
  core.halted = false;
  core.forgetExceptions();
  core.block = undefined;
  core.repeatDone = 0;
  core.probes.data.drop();
  core.tscOffsetLow = 0;
  core.tscOffsetHigh = 0;
  core.apicBase = APIC_BASE_RESET;
  registers.cr0 = 0x6000_0010;
  registers.cr4 = 0;
  registers.eflags = 2;
  core.setCpl(0);
  for (let segment = ES; segment <= GS; segment++) setHidden(core, segment, 0, 0, 0xffff, 0x93);
  setHidden(core, CS, 0xf000, 0xffff_0000 | 0, 0xffff, 0x9b);
  setHidden(core, LDTR, 0, 0, 0xffff, 0x82);
  setHidden(core, TR, 0, 0, 0xffff, 0x8b);
  registers.eip = 0xfff0;
  m[EDX] = RESET_SIGNATURE;
  m[IDTR_LIMIT] = 0x3ff;
  registers.gdtrLimit = 0xffff;
  registers.dr6 = 0;
  registers.dr7 = 0;
}

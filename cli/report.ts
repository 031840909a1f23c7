/** How the command line speaks on stderr: failures with cause and remedy, and how a run ended. */
import { vectorName } from '../debug-adapter/target/vectors.ts';
import pc from 'picocolors';
import type { MachineStop } from '../emulator/machine/machine-stop.ts';
import type { Failure } from '../emulator/result.ts';
import { STATUS, verdictStatus } from './exit-status.ts';

export function formatFailure({ cause, remedy }: Failure): string {
  return `${pc.red('ringside:')} ${cause}\n${pc.dim('          ' + remedy)}\n`;
}

export function note(text: string): string {
  return `${pc.cyan('ringside:')} ${text}\n`;
}

export const hex = (value: number, digits = 1): string => '0x' + (value >>> 0).toString(16).padStart(digits, '0');
/** An integer in groups of three digits. The first `toLocaleString` of a process would cost a tenth of a short run. */
export const thousands = (value: number): string => String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** The last stop of a run: its exit status, and a sentence if there is anything to explain. */
export function conclude(stop: MachineStop, instructionCount: number): { status: number; message?: string } {
  const at = `after ${thousands(instructionCount)} instructions`;
  switch (stop.reason) {
    case 'exit':
      return { status: verdictStatus(stop.code) };
    case 'limit':
      return {
        status: STATUS.budget,
        message: `the instruction budget is used up: the guest has run ${thousands(instructionCount)} instructions and not ended. Give more with --budget N.`,
      };
    case 'triple-fault': {
      const chain = stop.chain.map(({ vector, errorCode, cs, eip, cr2 }) => {
        const code = errorCode === undefined ? '' : ` error code ${hex(errorCode)}`;
        const address = cr2 === undefined ? '' : ` at address ${hex(cr2, 8)}`;
        return `\n            ${vectorName(vector)}${code}${address}, cs:eip ${hex(cs)}:${hex(eip, 8)}`;
      });
      return {
        status: STATUS.tripleFault,
        message: `triple fault ${at}; the exceptions, first to last:${chain.join('')}`,
      };
    }
    case 'idle':
      return {
        status: STATUS.waitsForInput,
        message: `the guest waits for input ${at}, and there is no more. Give it some on stdin.`,
      };
    case 'dead':
      return {
        status: STATUS.dead,
        message: `the guest halted with interrupts disabled ${at}; nothing can wake it.`,
      };
    case 'reset':
      return { status: STATUS.reset, message: `the guest asked for a reset through the ${stop.by} ${at}.` };
    case 'probe':
    case 'data-probe':
    case 'event':
    case 'ring':
    case 'exception':
      return { status: STATUS.ok, message: `stopped ${at}.` };
  }
}

/** `--stats`: what a run took. Counts are exact and the same on every machine; only the speed is of this one. */
import type { Machine } from '../emulator/machine/machine.ts';
import { hex, thousands } from './report.ts';

export class Statistics {
  readonly #machine: Machine;
  readonly #started = performance.now();
  #bootInstructions: number | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
    machine.cpu.ringStops = true;
  }

  /** To be called at each change of the privilege level: the first to ring 3 ends the boot. */
  onRing(): void {
    const { cpu } = this.#machine;
    if (cpu.registers.cpl !== 3) return;
    this.#bootInstructions = cpu.instructionCount;
    cpu.ringStops = false;
  }

  format(): string {
    const { cpu, board, idleInstructions } = this.#machine;
    const seconds = (performance.now() - this.#started) / 1000;
    const executed = cpu.instructionCount - idleInstructions;
    const interrupts = board.interruptsAcknowledged;
    const boot = this.#bootInstructions;
    const rows: readonly (readonly [string, string])[] = [
      ['instructions', thousands(executed)],
      ['halted', `${thousands(idleInstructions)} (time passed as instructions)`],
      ['boot', boot === undefined ? 'no user code ran' : `${thousands(boot)} to the first in ring 3`],
      ['interrupts', thousands(interrupts)],
      ['exceptions', thousands(cpu.deliveryCount - interrupts)],
      ['time', `${seconds.toFixed(3)} s, ${(executed / seconds / 1e6).toFixed(1)} million instructions a second`],
      ...board.unimplemented.report().map(({ space, address, wellKnownAs, reads, writes, firstEip }) => {
        const what = `${space} ${hex(address)} (${wellKnownAs ?? 'unknown'})`;
        return ['no device', `${what}: ${reads} reads, ${writes} writes, first at ${hex(firstEip, 8)}`] as const;
      }),
    ];
    return rows.map(([name, value]) => `${name.padStart(14)}  ${value}\n`).join('');
  }
}

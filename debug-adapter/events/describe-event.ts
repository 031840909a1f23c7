/** The CPU's own events as text and as values for conditions. */
import type { Environment, GuestOs } from '../kernel/guest-os.ts';
import type { LinearAddress, Space, Target, TargetEvent } from '../target/target.ts';
import { IRQ_NAMES } from '../target/vectors.ts';
import type { EventValues } from './event-condition.ts';
import { hex } from './fault-facts.ts';

export interface EventSource {
  readonly target: Target;
  readonly os: GuestOs;
}

export interface DescribedEvent {
  readonly text: string;
  readonly values: EventValues;
}

export function describeEvent(source: EventSource, event: TargetEvent): DescribedEvent {
  const common = commonValues(source);
  switch (event.kind) {
    case 'interrupt': {
      const { vector, irq, eip } = event;
      const name = irq === undefined ? `interrupt ${vector}` : `${IRQ_NAMES[irq] ?? 'hardware'} interrupt (IRQ ${irq})`;
      return {
        text: `${name} in ${placeName(source, eip)}`,
        values: { ...common, vector, eip, ...(irq === undefined ? {} : { irq }) },
      };
    }
    case 'ring': {
      const { from, to } = event;
      const way = to < from ? 'into the kernel' : 'out of the kernel';
      return {
        text: `ring ${from} → ${to}, ${way}: ${placeName(source, source.target.readRegister('eip'))}`,
        values: { ...common, from, to },
      };
    }
    case 'control': {
      const { register, old, value, eip } = event;
      const what =
        register === 'cr3' ? `${spaceName(source, old)} → ${spaceName(source, value)}` : changedBits(old, value);
      return {
        text: `${register.toUpperCase()} ${hex(old)} → ${hex(value)}: ${what}, in ${placeName(source, eip)}`,
        values: { ...common, old, value, eip },
      };
    }
  }
}

/** What every event's condition may ask for. */
export function commonValues({ target, os }: EventSource): EventValues {
  const environment = os.current();
  const eip = target.readRegister('eip');
  return environment ? { eip, env: environment.envId, program: environment.program } : { eip };
}

/** `rustshim::main`, `kernel::sched::idle`, an address where nothing has a name. */
export function placeName({ target, os }: EventSource, eip: LinearAddress): string {
  const place = os.imageAt(target.space, eip);
  const linked = (eip + (place?.bias ?? 0)) >>> 0;
  const debug = place?.image.debug;
  return (
    debug?.inlineFramesAt(linked).at(-1)?.qualifiedName ?? place?.image.elf.symbolAt(linked)?.demangled ?? hex(eip)
  );
}

export const environmentName = ({ program, envId }: Environment): string =>
  `${program || 'environment'} [${envId.toString(16).padStart(8, '0')}]`;

function spaceName({ os }: EventSource, cr3: number): string {
  const space: Space = (cr3 & ~0xfff) >>> 0;
  if (space === 0) return 'none';
  const environment = os.environments().find((e) => e.space === space && e.status !== 'free');
  return environment ? environmentName(environment) : 'the kernel’s own space';
}

//  bit  name
const CR0_BITS = [
  [0, 'PE'],
  [1, 'MP'],
  [2, 'EM'],
  [3, 'TS'],
  [5, 'NE'],
  [16, 'WP'],
  [18, 'AM'],
  [29, 'NW'],
  [30, 'CD'],
  [31, 'PG'],
] as const;

function changedBits(old: number, value: number): string {
  const changed = CR0_BITS.filter(([bit]) => ((old ^ value) >>> bit) & 1);
  if (changed.length === 0) return 'nothing changed';
  return changed.map(([bit, name]) => `${name} ${(value >>> bit) & 1 ? 'set' : 'cleared'}`).join(', ');
}

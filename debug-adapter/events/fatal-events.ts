/**
 * The ends that are not meant: unhandled faults and panics, where they stand in the images and what they say.
 */
import type { BoundLocation } from '../breakpoints/breakpoint-table.ts';
import { EIP } from '../debug-info/registers.ts';
import type { DecodeInstruction, Story } from '../execution/stop-report.ts';
import type { FatalPoint } from '../kernel/guest-os.ts';
import type { Image, ImageSet } from '../launch/images.ts';
import { commonValues, environmentName, type EventSource } from './describe-event.ts';
import type { EventValues } from './event-condition.ts';
import { faultHeadline, faultStory } from './explain-fault.ts';
import { faultValues, factsOfTrap, hex } from './fault-facts.ts';

/** What happened, before it is decided whether it stops. */
export interface Occurrence {
  readonly text: string;
  readonly values: EventValues;
  readonly story?: (decode: DecodeInstruction) => Story;
}

/** The current environment's fault, at the place where the kernel is about to destroy it. */
export function unhandledFault(source: EventSource, images: ImageSet): Occurrence {
  const { target, os } = source;
  const environment = os.current();
  const trap = os.fault();
  const facts = trap && factsOfTrap(target, trap);
  const what = facts ? faultHeadline(source, facts) : (os.describeFatal('unhandled-fault') ?? 'a fault');
  const eip = facts?.eip ?? environment?.saved.get(EIP) ?? 0;
  const line = environment && images.programs.get(environment.program)?.debug.lineOf(eip);
  const where = line ? ` (${line.file.split('/').at(-1)!}:${line.line})` : '';
  const who = environment ? `${environmentName(environment)}: ` : '';
  return {
    text: `${who}${what}, at ${hex(eip)}${where}. The kernel is about to destroy the environment.`,
    values: {
      ...commonValues(source),
      eip,
      ...(facts ? faultValues(facts) : {}),
    },
    ...(facts ? { story: (decode: DecodeInstruction) => faultStory(source, facts, decode) } : {}),
  };
}

/** The entry of the first of the point's functions that the image has. */
export function fatalPlace(image: Image, point: FatalPoint): BoundLocation[] {
  for (const name of point.functions) {
    const scope = image.debug.functionsNamed(name)[0];
    if (scope) return [{ image, linked: scope.breakpointAddress }];
  }
  return [];
}

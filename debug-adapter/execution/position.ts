/** Where the CPU stands in the terms of the source: image, line, function, inlined levels. */
import type { InlineFrame, LinePosition } from '../debug-info/index.ts';
import type { PlacedImage } from '../kernel/guest-os.ts';
import type { LinearAddress } from '../target/target.ts';
import type { StepDebuggee } from './run-until.ts';

export interface Position {
  readonly place: PlacedImage | undefined;
  readonly image: string | undefined;
  /** As linked; as it runs where no image stands there. */
  readonly linked: LinearAddress;
  readonly line: LinePosition | undefined;
  /** The concrete function, not what is inlined in it. */
  readonly functionId: number | undefined;
  /** Innermost first. */
  readonly levels: readonly InlineFrame[];
  readonly level: InlineFrame | undefined;
}

export function positionNow({ target, os }: StepDebuggee): Position {
  const eip = target.readRegister('eip');
  const place = os.imageAt(target.space, eip);
  const linked = (eip + (place?.bias ?? 0)) >>> 0;
  const levels = place?.image.debug.inlineFramesAt(linked) ?? [];
  return {
    place,
    image: place?.image.name,
    linked,
    line: place?.image.debug.lineOf(linked),
    functionId: levels.at(-1)?.function.id,
    levels,
    level: levels[0],
  };
}
